/** One run of the programme: words in, exit code out. */
import { CaptureFormatError } from '../capture/reader.ts';
import { UserError } from '../source/user-error.ts';
import { VERSION } from '../version.ts';
import { writeOut } from './arguments.ts';
import { COMMANDS } from './commands/index.ts';
import type { Context } from './context.ts';
import { BrokenPipe, EXIT, UsageError } from './errors.ts';
import { tell } from './tell.ts';
import { parseCommandLine } from './yargs-adapter.ts';

const DESCRIBE = `tripod says which leg of the TCP handshake is missing, and how it knows.

Usage: tripod FILE...
       tripod COMMAND ...`;

/** Columns of the help. */
const HELP_WIDTH = 100;

export async function runCommandLine(given: readonly string[], context: Context): Promise<number> {
  const words = writeOut(given, COMMANDS, context.exists);
  try {
    const about = {
      version: VERSION,
      width: Math.min(HELP_WIDTH, context.stdout.columns ?? 80),
      describe: DESCRIBE,
    };
    const asked = await parseCommandLine(words, COMMANDS, about);
    if (asked.kind === 'run') return await asked.command.run(asked.given, context);
    context.stdout.write(asked.text);
    context.stdout.flush();
    return EXIT.DONE;
  } catch (error) {
    if (error instanceof BrokenPipe) return EXIT.DONE;
    if (error instanceof UserError || error instanceof CaptureFormatError) {
      tell(context, error.message, ...(error instanceof UsageError ? [seeHelp(words[0])] : []));
      return EXIT.COULD_NOT;
    }
    tell(context, `this is a bug of tripod ${VERSION}, please report it:`, ...stackOf(error).split('\n'));
    return EXIT.BUG;
  }
}

function seeHelp(word: string | undefined): string {
  const command = COMMANDS.find(({ name }) => name === word);
  return `See: tripod ${command === undefined ? '' : `${command.name} `}--help`;
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
