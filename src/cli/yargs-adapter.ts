/** The only file that knows yargs: commands as data go in; what was asked for comes out. It prints nothing, ends nothing, runs nothing. */
import yargs, { type Argv, type Options, type PositionalOptions } from 'yargs';
import type { Command, GivenArguments, OptionSpec, OptionSpecs } from './command.ts';
import { UsageError } from './errors.ts';
import { nearest } from './suggest.ts';

export type Asked =
  | { readonly kind: 'run'; readonly command: Command; readonly given: GivenArguments }
  /** Help, or the version. */
  | { readonly kind: 'print'; readonly text: string };

/** @throws UsageError */
export async function parseCommandLine(
  words: readonly string[],
  commands: readonly Command[],
  about: { readonly version: string; readonly width: number; readonly describe: string },
): Promise<Asked> {
  const parser = createParser(about);
  for (const command of commands) {
    parser.command(
      command.usage,
      command.describe,
      (builder) => buildCommand(builder, command),
      (argv) => {
        throw new Chosen(command, givenArguments(argv, command.options));
      },
    );
  }
  const chosen = commands.find(({ name }) => name === words[0]) ?? null;
  parser.fail((message, error) => {
    // An option without its value comes as an error of yargs' own; every other error is not about words.
    if (error !== undefined && error !== null && error.name !== 'YError') throw error;
    throw usageError(error?.message ?? message, words, chosen);
  });
  let printed = '';
  try {
    await parser.parse(hideDashes(words), {}, (error: Error | null | undefined, _argv: unknown, output: string) => {
      if (error) throw error;
      printed = output;
    });
  } catch (thrown) {
    if (thrown instanceof Chosen) return { kind: 'run', command: thrown.command, given: thrown.given };
    throw thrown;
  }
  if (printed !== '') return { kind: 'print', text: `${printed}\n` };
  throw new UsageError('name a capture file, or a command');
}

/**
 * What a command's handler throws to leave yargs: after a handler that returns, yargs makes up the whole help text, in case of an error of its own
 * (40 of the 170 ms that a tiny capture took, 2026-11).
 */
class Chosen {
  readonly command: Command;
  readonly given: GivenArguments;

  constructor(command: Command, given: GivenArguments) {
    this.command = command;
    this.given = given;
  }
}

function createParser(about: { version: string; width: number; describe: string }): Argv {
  return yargs()
    .scriptName('tripod')
    .usage(about.describe)
    .locale('en')
    .parserConfiguration({
      'camel-case-expansion': false,
      // `--port 80 capture.pcap`: the file is no port.
      'greedy-arrays': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
      'dot-notation': false,
    })
    .demandCommand(1, 'name a capture file, or a command')
    .recommendCommands()
    .strict()
    .showHelpOnFail(false)
    .exitProcess(false)
    .help('help', 'Show this help')
    .version('version', 'Show the version', about.version)
    .alias('help', 'h')
    .alias('version', 'v')
    .wrap(about.width)
    .updateStrings({ 'Commands:': 'Commands:', 'Positionals:': 'Arguments:' });
}

function buildCommand(builder: Argv, command: Command): Argv {
  for (const [name, { describe, choices }] of Object.entries(command.positionals)) {
    const described = choices === undefined ? describe : `${describe}: ${choices.join(', ')}`;
    const options: PositionalOptions = { describe: described, type: 'string' };
    builder.positional(name, options);
  }
  for (const [name, option] of Object.entries(command.options)) builder.option(name, yargsOption(option));
  for (const [line, does] of command.examples) builder.example(line, does);
  return builder;
}

/** Choices and numbers are checked by resolve.ts, with a sentence and a suggestion; here they only appear in the help. */
function yargsOption(option: OptionSpec): Options {
  const choices = option.choices === undefined ? '' : `: ${option.choices.join(', ')}`;
  return {
    group: option.group,
    describe: `${option.describe}${choices}`,
    ...(option.kind === 'flag' ? { type: 'boolean' } : { type: 'string', requiresArg: true }),
    ...(option.kind === 'list' ? { array: true } : {}),
    ...(option.default === undefined ? {} : { defaultDescription: option.default }),
    ...(option.aliases === undefined ? {} : { alias: [...option.aliases] }),
  };
}

function givenArguments(argv: Readonly<Record<string, unknown>>, options: OptionSpecs): GivenArguments {
  // yargs makes a list of what was given twice: for a single value the last one counts, as in most tools.
  const last = (name: string): unknown => {
    const value = argv[name];
    return Array.isArray(value) ? value.at(-1) : value;
  };
  return {
    flag(name) {
      const value = last(name);
      return typeof value === 'boolean' ? value : null;
    },
    value(name) {
      const value = last(name);
      return value === undefined || value === null ? null : showDash(String(value));
    },
    list(name) {
      const value = argv[name];
      if (value === undefined || value === null) return [];
      const texts = (Array.isArray(value) ? value : [value]).map(String).map(showDash);
      return options[name]?.kind === 'list' ? texts.flatMap(partsOf) : texts;
    },
  };
}

/** What commas separate; a text without anything (an unset variable of a shell) stays, so that it is refused. */
function partsOf(text: string): string[] {
  const parts = text.split(',').filter((part) => part !== '');
  return parts.length === 0 ? [text] : parts;
}

/** yargs' sentences in our form, with a suggestion for what looks like a slip. */
function usageError(message: string, words: readonly string[], command: Command | null): UsageError {
  const meant = /^Did you mean (?<name>.*)\?$/.exec(message)?.groups?.['name'];
  if (meant !== undefined) return new UsageError(`unknown command ${words[0] ?? ''}: did you mean ${meant}?`);
  if (message.startsWith('Not enough non-option arguments') && command !== null) {
    return new UsageError(`an argument is missing: tripod ${command.usage}`);
  }
  const bare = /^Not enough arguments following: (?<name>.*)$/.exec(message)?.groups?.['name'];
  if (bare !== undefined) {
    const choices = command?.options[bare]?.choices?.join(', ');
    return new UsageError(
      `${bare.length === 1 ? '-' : '--'}${bare} needs a value after it${choices === undefined ? '' : `: ${choices}`}`,
    );
  }
  const unknown = /^Unknown (?:argument|command)s?: (?<names>.*)$/.exec(message)?.groups?.['names'];
  if (unknown === undefined) return new UsageError(lowerFirst(message));
  const name = showDash(unknown.split(', ')[0] ?? '');
  const written = words.find((word) => word.replace(/^--?(?:no-)?/, '').split('=')[0] === name)?.split('=')[0] ?? name;
  if (!written.startsWith('-'))
    return new UsageError(`unknown ${command === null ? 'command' : 'argument'} ${written}`);
  const candidates = Object.entries(command?.options ?? {}).flatMap(([key, { aliases }]) => [key, ...(aliases ?? [])]);
  const near = nearest(name, [...candidates, 'help', 'version']);
  return new UsageError(`unknown option ${written}${near === null ? '' : `: did you mean --${near}?`}`);
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

/**
 * A single dash, and every word after `--`, is a word to us, whatever it begins with, and may be the beginning of an option to yargs: it travels behind
 * a character that no argument can have.
 */
const HIDDEN = '\u0000';

function hideDashes(words: readonly string[]): string[] {
  const end = words.indexOf('--');
  const hide = (word: string): string => (word.startsWith('-') ? HIDDEN + word : word);
  if (end < 0) return words.map((word) => (word === '-' ? hide(word) : word));
  return [...hideDashes(words.slice(0, end)), ...words.slice(end + 1).map(hide)];
}

function showDash(word: string): string {
  return word.startsWith(HIDDEN) ? word.slice(HIDDEN.length) : word;
}
