/** `tripod completion bash|zsh`: prints the script. */
import type { Command } from '../command.ts';
import { EXIT } from '../errors.ts';
import { SHELLS } from '../options.ts';

/** @param commands what is completed besides this command itself. */
export function completionCommand(commands: readonly Command[]): Command {
  const command: Command = {
    name: 'completion',
    usage: 'completion <shell>',
    describe: 'Print a completion script for bash or zsh',
    positionals: { shell: { describe: 'Which shell', choices: SHELLS } },
    options: {},
    examples: [
      [
        'tripod completion bash > ~/.local/share/bash-completion/completions/tripod',
        'for bash, from the next shell on',
      ],
      ['source <(tripod completion zsh)', 'for this zsh alone'],
    ],
    async run(given, context) {
      const [{ completionScript }, { parseChoice }] = await Promise.all([
        import('../completion.ts'),
        import('../values.ts'),
      ]);
      const shell = parseChoice(given.value('shell') ?? '', 'completion', SHELLS);
      context.stdout.write(completionScript(shell, [...commands, command]));
      context.stdout.flush();
      return EXIT.DONE;
    },
  };
  return command;
}
