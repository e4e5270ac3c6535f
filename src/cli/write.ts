/**
 * Where results go: standard output or a file, with back-pressure. Text is gathered into pieces of some size; `drain` waits until whoever reads has taken it,
 * so that ten million records never stand in memory because a pipe is slow.
 */
import { once } from 'node:events';
import { createWriteStream, type Stats, unlinkSync } from 'node:fs';
import { realpath, rename, stat, unlink } from 'node:fs/promises';
import path from 'node:path';
import type { Writable } from 'node:stream';
import { UserError } from '../source/user-error.ts';
import { BrokenPipe } from './errors.ts';

export interface Output {
  readonly isTTY: boolean;
  /** Columns of the terminal; null for what is none. */
  readonly columns: number | null;
  write(text: string): void;
  /** Resolves when there is room for more. @throws BrokenPipe when nobody reads any more; UserError when it can't be written */
  drain(): Promise<void>;
  /** Resolves when everything was handed over. Throws as `drain`. */
  finish(): Promise<void>;
}

/** UTF-16 code units that are gathered before they are handed to the stream. */
const GATHERED = 1 << 16;

export function streamOutput(
  stream: Writable & { isTTY?: boolean; columns?: number },
  name = 'standard output',
): Output {
  let gathered = '';
  let failure: Error | null = null;
  stream.on('error', (error: NodeJS.ErrnoException) => {
    failure ??= error.code === 'EPIPE' ? new BrokenPipe() : writeError(error, name);
  });
  const flush = (): void => {
    if (gathered === '' || failure !== null) return;
    const text = gathered;
    gathered = '';
    stream.write(text);
  };
  const drain = async (): Promise<void> => {
    if (failure === null && stream.writableNeedDrain) {
      // The error that ends the wait is kept by the listener above.
      await once(stream, 'drain').catch(() => undefined);
    }
    if (failure !== null) throw failure;
  };
  return {
    isTTY: stream.isTTY === true,
    columns: stream.columns ?? null,
    write(text) {
      gathered += text;
      if (gathered.length >= GATHERED) flush();
    },
    drain,
    async finish() {
      flush();
      if (failure === null) await new Promise<void>((resolve) => stream.write('', () => resolve()));
      // An error is told before the callback of the write, or right after it.
      await new Promise((resolve) => setImmediate(resolve));
      if (failure !== null) throw failure;
    },
  };
}

export interface FileOutput extends Output {
  /** Takes back what was written: the file is as it was. */
  discard(): Promise<void>;
}

/**
 * A file that appears when it is whole: the text goes to a neighbour, which takes its name at the end. What is no ordinary file (a device, a pipe)
 * is written as it is. @throws UserError when it can't be made
 */
export async function fileOutput(file: string): Promise<FileOutput> {
  const present = await statOf(file);
  if (present?.isDirectory()) throw new UserError(`--out ${file} is a folder: name a file in it`);
  const direct = present !== null && !present.isFile();
  const target = present === null ? file : await realpath(file);
  const written = direct ? target : path.join(path.dirname(target), `.${path.basename(target)}.${process.pid}.part`);
  const stream = createWriteStream(written, { flags: direct ? 'w' : 'wx', mode: present?.mode ?? 0o666 });
  try {
    await once(stream, 'open');
  } catch (error) {
    throw writeError(error as NodeJS.ErrnoException, file);
  }
  const forget = direct ? (): void => undefined : removeWhenInterrupted(written);
  const output = streamOutput(stream, file);
  return {
    isTTY: false,
    columns: null,
    write: output.write,
    drain: output.drain,
    async finish() {
      await output.finish();
      await new Promise<void>((resolve) => stream.end(resolve));
      if (!direct) await rename(written, target).catch((error) => Promise.reject(writeError(error, file)));
      forget();
    },
    async discard() {
      stream.destroy();
      if (!direct) await unlink(written).catch(() => undefined);
      forget();
    },
  };
}

async function statOf(file: string): Promise<Stats | null> {
  try {
    return await stat(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw writeError(error as NodeJS.ErrnoException, file);
  }
}

/** No half-written neighbour stays behind when Ctrl-C or a supervisor ends the process. Returns what takes the listeners off again. */
function removeWhenInterrupted(file: string): () => void {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const remove = (signal: NodeJS.Signals): void => {
    forget();
    try {
      unlinkSync(file);
    } finally {
      process.kill(process.pid, signal);
    }
  };
  const forget = (): void => {
    for (const signal of signals) process.off(signal, remove);
  };
  for (const signal of signals) process.once(signal, remove);
  return forget;
}

function writeError(error: NodeJS.ErrnoException, name: string): Error {
  switch (error.code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new UserError(`${name} can't be written: its folder is not there`);
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new UserError(`${name} can't be written: no permission (${error.code})`);
    case 'ENOSPC':
    case 'EDQUOT':
      return new UserError(`${name} can't be written: the disk is full (${error.code})`);
    default:
      return error.code === undefined ? error : new UserError(`${name} can't be written: ${error.message}`);
  }
}
