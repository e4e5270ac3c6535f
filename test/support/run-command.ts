/** The command line in this process, with a world of its own. */
import { existsSync } from 'node:fs';
import { runCommandLine } from '../../src/cli/run.ts';
import type { Output } from '../../src/cli/write.ts';

export interface CommandOutcome {
  readonly code: number;
  readonly out: string;
  readonly errors: string;
}

/** @param stdin pieces of what comes through standard input */
export async function runCommand(
  words: readonly string[],
  stdin: AsyncIterable<Uint8Array> = nothing(),
): Promise<CommandOutcome> {
  const out = gathered();
  const errors = gathered();
  const context = {
    stdout: out,
    stderr: errors,
    stdin,
    env: { NO_COLOR: '1' },
    now: () => 0,
    wallClock: () => 0,
    exists: existsSync,
    onInterrupt: () => () => {},
    onSignal: () => () => {},
  };
  const code = await runCommandLine(words, context);
  return { code, out: out.text(), errors: errors.text() };
}

function gathered(): Output & { text(): string } {
  let all = '';
  return {
    isTTY: false,
    columns: null,
    write: (text) => {
      all += text;
    },
    flush: () => undefined,
    text: () => all,
  };
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
