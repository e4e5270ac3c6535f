/** The outside world as an object: what a command knows of the process it runs in. Tests pass their own. */
import { existsSync } from 'node:fs';
import { isatty } from 'node:tty';
import type { ByteStream } from '../source/stdin.ts';
import { descriptorOutput, type Output } from './write.ts';

export interface Context {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly stdin: ByteStream & { readonly isTTY?: boolean };
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Milliseconds of a clock that only goes forward: for progress, never for results. */
  now(): number;
  /** Milliseconds since 1970: what packets of this host are stamped with. */
  wallClock(): number;
  exists(path: string): boolean;
  /** Calls back at the first Ctrl-C (SIGINT) from now on; the second one ends the process. Returns what takes the listener off again. */
  onInterrupt(listener: () => void): () => void;
  /** Calls back at each of these signals. Returns what takes the listener off again. */
  onSignal(signal: 'SIGTERM' | 'SIGHUP' | 'SIGUSR1', listener: () => void): () => void;
}

export function processContext(): Context {
  return {
    stdout: standardOutput(1, () => process.stdout.columns),
    stderr: standardOutput(2, () => process.stderr.columns),
    // Made when it is asked for: opening it costs, and most runs read files.
    get stdin() {
      return process.stdin;
    },
    env: process.env,
    now: () => performance.now(),
    wallClock: () => Date.now(),
    exists: existsSync,
    onInterrupt(listener) {
      process.once('SIGINT', listener);
      return () => process.off('SIGINT', listener);
    },
    onSignal(signal, listener) {
      process.on(signal, listener);
      return () => process.off(signal, listener);
    },
  };
}

/** `process.stdout` is left alone unless it is a terminal: making that stream sets a pipe to not block. */
function standardOutput(descriptor: 1 | 2, columns: () => number | undefined): Output {
  const isTTY = isatty(descriptor);
  const name = descriptor === 1 ? 'standard output' : 'standard error';
  const terminal = {
    isTTY,
    get columns() {
      return isTTY ? (columns() ?? null) : null;
    },
  };
  return descriptorOutput(descriptor, terminal, name);
}
