/** The outside world as an object: what a command knows of the process it runs in. Tests pass their own. */
import { existsSync } from 'node:fs';
import type { ByteStream } from '../source/stdin.ts';
import { type Output, streamOutput } from './write.ts';

export interface Context {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly stdin: ByteStream & { readonly isTTY?: boolean };
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Milliseconds of a clock that only goes forward: for progress, never for results. */
  now(): number;
  exists(path: string): boolean;
}

export function processContext(): Context {
  return {
    stdout: streamOutput(process.stdout),
    stderr: streamOutput(process.stderr),
    stdin: process.stdin,
    env: process.env,
    now: () => performance.now(),
    exists: existsSync,
  };
}
