/** A command is data and a function. What parses the command line (yargs-adapter.ts), writes its help, and completes it in a shell all read the same data. */
import type { Context } from './context.ts';

export interface OptionSpec {
  /** A list may be given several times, and its values may be separated by commas. */
  readonly kind: 'flag' | 'value' | 'list';
  readonly group: string;
  /** With the unit, and an example where the form is not obvious. */
  readonly describe: string;
  readonly default?: string;
  /** The words that it takes. */
  readonly choices?: readonly string[];
  /** A list whose value may be left out: what stands for it then. */
  readonly implied?: string;
  readonly aliases?: readonly string[];
  /** The value is a path (for completion). */
  readonly path?: true;
}

interface PositionalSpec {
  readonly describe: string;
  readonly choices?: readonly string[];
  readonly path?: true;
}

export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

/** What was given, under the names of the options and positionals; nothing is parsed yet. */
export interface GivenArguments {
  flag(name: string): boolean | null;
  value(name: string): string | null;
  list(name: string): readonly string[];
}

export interface Command {
  readonly name: string;
  /** With its positionals, as yargs writes them: "show <file> <id>". */
  readonly usage: string;
  readonly describe: string;
  readonly positionals: Readonly<Record<string, PositionalSpec>>;
  readonly options: OptionSpecs;
  readonly examples: readonly (readonly [command: string, does: string])[];
  /** The exit code: see errors.ts. */
  run(given: GivenArguments, context: Context): Promise<number>;
}
