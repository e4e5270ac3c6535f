/** The output that a command writes to: standard output, or --out FILE. */
import { realpath } from 'node:fs/promises';
import type { ByteSource } from '../source/byte-source.ts';
import { UserError } from '../source/user-error.ts';
import type { Context } from './context.ts';
import { fileOutput, type Output } from './write.ts';

/**
 * Calls `use` with the output, and closes it. When `use` throws, a file is as it was before.
 * @throws UserError when FILE can't be written, or is one of the captures
 */
export async function withDestination<T>(
  out: string | null,
  sources: readonly ByteSource[],
  context: Context,
  use: (output: Output) => Promise<T>,
): Promise<T> {
  if (out === null) {
    const result = await use(context.stdout);
    context.stdout.flush();
    return result;
  }
  await refuseCaptures(out, sources);
  const output = await fileOutput(out);
  let result: T;
  try {
    result = await use(output);
    output.flush();
  } catch (error) {
    output.discard();
    throw error;
  }
  output.keep();
  return result;
}

async function refuseCaptures(out: string, sources: readonly ByteSource[]): Promise<void> {
  const target = await resolved(out);
  for (const { name } of sources) {
    if (target !== null && (await resolved(name)) === target) {
      throw new UserError(`--out ${out} is one of the captures that are read: name another file`);
    }
  }
}

async function resolved(file: string): Promise<string | null> {
  return realpath(file).catch(() => null);
}
