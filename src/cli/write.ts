/**
 * Where results go: standard output or a file. Writing waits until whoever reads has taken the text (the descriptor blocks), so that ten million
 * records never stand in memory because a pipe is slow. Node's own streams can't promise that: they queue what comes between two turns of the event
 * loop, which at the end of a capture is every attempt that is still open.
 */
import { closeSync, openSync, renameSync, type Stats, unlinkSync, writeSync } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '../source/user-error.ts';
import { BrokenPipe } from './errors.ts';
import { type Patience, PatientDescriptor } from './patience.ts';

export interface Output {
  readonly isTTY: boolean;
  /** Columns of the terminal; null for what is none. */
  readonly columns: number | null;
  /** Text is gathered into pieces of some size. @throws BrokenPipe when nobody reads any more; UserError when it can't be written */
  write(text: string): void;
  /** Hands over what is gathered. Throws as `write`. */
  flush(): void;
  /** From now on nothing waits for a reader who is behind; `flush` tries again. null where that can't be had. Absent from outputs that nobody reads slowly. */
  becomePatient?(): Patience | null;
}

/** Octets that are gathered before they are handed over. */
const GATHERED = 1 << 16;

/** UTF-8 octets that a UTF-16 code unit becomes at the most. */
const MOST_OCTETS = 3;

/** An open file descriptor. */
export function descriptorOutput(
  descriptor: number,
  terminal: Pick<Output, 'isTTY' | 'columns'>,
  name = 'standard output',
): Output {
  const gathered = Buffer.allocUnsafe(GATHERED);
  let length = 0;
  let patient: PatientDescriptor | null = null;
  const handOver = (bytes: Uint8Array): void => {
    if (patient === null) writeAll(descriptor, bytes, name);
    else told(name, () => patient?.write(bytes));
  };
  const flush = (): void => {
    const full = gathered.subarray(0, length);
    length = 0;
    handOver(full);
  };
  return {
    isTTY: terminal.isTTY,
    // Asked each time: a terminal's size changes.
    get columns() {
      return terminal.columns;
    },
    write(text) {
      if (length + MOST_OCTETS * text.length > GATHERED) flush();
      if (MOST_OCTETS * text.length > GATHERED) handOver(Buffer.from(text));
      else length += gathered.write(text, length);
    },
    flush,
    becomePatient() {
      patient ??= PatientDescriptor.of(descriptor);
      return patient;
    },
  };
}

/** Milliseconds to the next try on a descriptor that somebody else has set to not block. */
const RETRY = 5;
const NEVER_WOKEN = new Int32Array(new SharedArrayBuffer(4));

function writeAll(descriptor: number, bytes: Uint8Array, name: string): void {
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(descriptor, bytes, at);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw writeError(error as NodeJS.ErrnoException, name);
      Atomics.wait(NEVER_WOKEN, 0, 0, RETRY);
    }
  }
}

const NO_TERMINAL = { isTTY: false, columns: null };

/** A file that grows while others may read it already. @throws UserError when it can't be made */
export function growingOutput(file: string): Output {
  return descriptorOutput(
    told(file, () => openSync(file, 'w')),
    NO_TERMINAL,
    file,
  );
}

export interface FileOutput extends Output {
  /** The file is whole: it appears. */
  keep(): void;
  /** Takes back what was written: the file is as it was. */
  discard(): void;
}

/**
 * A file that appears when it is whole: the text goes to a neighbour, which takes its name at the end. What is no ordinary file (a device, a pipe)
 * is written as it is. @throws UserError when it can't be made
 */
export async function fileOutput(file: string): Promise<FileOutput> {
  const present = await statOf(file);
  if (present?.isDirectory()) throw new UserError(`--out ${file} is a folder: name a file in it`);
  const direct = present !== null && !present.isFile();
  // A link to a pipe (/dev/stdout) has no real path.
  const target = present === null || direct ? file : await realpath(file);
  const written = direct ? target : path.join(path.dirname(target), `.${path.basename(target)}.${process.pid}.part`);
  const descriptor = told(file, () => openSync(written, direct ? 'w' : 'wx', present?.mode ?? 0o666));
  const forget = direct ? (): void => undefined : removeWhenInterrupted(written);
  const output = descriptorOutput(descriptor, NO_TERMINAL, file);
  return {
    ...output,
    keep() {
      output.flush();
      told(file, () => closeSync(descriptor));
      if (!direct) told(file, () => renameSync(written, target));
      forget();
    },
    discard() {
      forget();
      closeSync(descriptor);
      if (!direct) unlinkSync(written);
    },
  };
}

/** What `act` does; what the system says when it fails, as a sentence about `name`. */
function told<T>(name: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw writeError(error as NodeJS.ErrnoException, name);
  }
}

async function statOf(file: string): Promise<Stats | null> {
  try {
    return await stat(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw writeError(error as NodeJS.ErrnoException, file);
  }
}

/**
 * No half-written neighbour stays behind when a second Ctrl-C or a supervisor ends the process (the first Ctrl-C ends the reading, and the file is written:
 * context.ts). Returns what takes the listeners off again.
 */
function removeWhenInterrupted(file: string): () => void {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  let interrupts = 0;
  const remove = (signal: NodeJS.Signals): void => {
    if (signal === 'SIGINT' && interrupts++ === 0) return;
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
  for (const signal of signals) process.on(signal, remove);
  return forget;
}

/** What the system says of a write that failed, as a sentence. */
export function writeError(error: NodeJS.ErrnoException, name: string): Error {
  switch (error.code) {
    case 'EPIPE':
      return new BrokenPipe();
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
