/** Completion scripts for bash and zsh, made from the commands' own data. They are static: a press of Tab starts no programme. Pure. */
import type { Command, OptionSpec } from './command.ts';
import type { SHELLS } from './options.ts';

export function completionScript(shell: (typeof SHELLS)[number], commands: readonly Command[]): string {
  return shell === 'bash' ? bashScript(commands) : zshScript(commands);
}

function optionWords(command: Command): string[] {
  return [...Object.entries(command.options).flatMap(([name, option]) => flagsOf(name, option)), '--help'];
}

function flagsOf(name: string, option: OptionSpec): string[] {
  return option.kind === 'flag' ? [`--${name}`, `--no-${name}`] : [`--${name}`];
}

function bashScript(commands: readonly Command[]): string {
  const names = commands.map(({ name }) => name).join('|');
  const cases = commands.map((command) => {
    const values = Object.entries(command.options).flatMap(([name, option]) => bashValues(name, option));
    const words = [...positionalWords(command), ...optionWords(command)].join(' ');
    return `    ${command.name})
      case "$previous" in
${values.join('\n')}
      esac
      COMPREPLY=($(compgen -W "${words}" -- "$current"))
      ;;`;
  });
  return `# tripod completion for bash. To install it:
#   tripod completion bash > ~/.local/share/bash-completion/completions/tripod
_tripod() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" command="" word
  COMPREPLY=()
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in ${names}) command="$word"; break ;; esac
  done
  # A capture without a command is analyzed.
  if [[ -z "$command" && $COMP_CWORD -gt 1 ]]; then command=${commands[0]?.name ?? ''}; fi
  case "$command" in
    "")
      COMPREPLY=($(compgen -W "${commands.map(({ name }) => name).join(' ')} --help --version" -- "$current"))
      ;;
${cases.join('\n')}
  esac
}
complete -o bashdefault -o default -F _tripod tripod
`;
}

function positionalWords(command: Command): string[] {
  return Object.values(command.positionals).flatMap(({ choices }) => choices ?? []);
}

function bashValues(name: string, option: OptionSpec): string[] {
  if (option.kind === 'flag') return [];
  if (option.choices !== undefined) {
    return [`        --${name}) COMPREPLY=($(compgen -W "${option.choices.join(' ')}" -- "$current")); return ;;`];
  }
  // Nothing offered: the shell's own completion of paths steps in where the value is one.
  return [
    option.path === true
      ? `        --${name}) return ;;`
      : `        --${name}) compopt +o default +o bashdefault; return ;;`,
  ];
}

function zshScript(commands: readonly Command[]): string {
  const functions = commands.map((command) => {
    const specs = [
      ...Object.entries(command.options).flatMap(([name, option]) => zshOption(name, option)),
      quoted('--help[show help]'),
      ...zshPositionals(command),
    ];
    return `_tripod_${command.name}() {\n  _arguments -s \\\n    ${specs.join(' \\\n    ')}\n}`;
  });
  const described = commands.map(({ name, describe }) => quoted(`${name}:${describe.replaceAll(':', ' -')}`));
  return `#compdef tripod
# tripod completion for zsh. To install it, in a folder of your fpath:
#   tripod completion zsh > "\${fpath[1]}/_tripod"
${functions.join('\n\n')}

_tripod() {
  local -a commands
  commands=(
    ${described.join('\n    ')}
  )
  if (( CURRENT == 2 )); then
    _describe -t commands command commands
    _files
    return
  fi
  local command=$words[2]
  if (( $+functions[_tripod_$command] )); then
    shift words
    (( CURRENT-- ))
    _tripod_$command
  else
    # A capture without a command is analyzed.
    _tripod_${commands[0]?.name ?? ''}
  fi
}

if [[ $funcstack[1] == _tripod ]]; then _tripod "$@"; else compdef _tripod tripod; fi
`;
}

function zshOption(name: string, option: OptionSpec): string[] {
  const text = option.describe.replaceAll(/[[\]:]/g, ' ');
  if (option.kind === 'flag') return [quoted(`--${name}[${text}]`), quoted(`--no-${name}[not - ${text}]`)];
  const values = option.choices !== undefined ? `(${option.choices.join(' ')})` : option.path === true ? '_files' : ' ';
  const again = option.kind === 'list' ? '*' : '';
  return [quoted(`${again}--${name}=[${text}]:${name}:${values}`)];
}

function zshPositionals(command: Command): string[] {
  return Object.entries(command.positionals).map(([name, spec], index) => {
    const values = spec.choices !== undefined ? `(${spec.choices.join(' ')})` : spec.path === true ? '_files' : ' ';
    return quoted(`${command.usage.includes(`<${name}..>`) ? '*' : index + 1}:${name}:${values}`);
  });
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
