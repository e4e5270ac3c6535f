/**
 * A file that another process still writes, as `tail -F` reads it: to its end, and on when it grows. When it is replaced, or cut and written anew, the new
 * content is a capture of its own. Waiting is by asking, since not every file system tells of changes.
 */
import { type FileHandle, open, stat } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { type ByteSource, streamSource } from './byte-source.ts';
import { asUserError, codeOf } from './system-error.ts';

/** Milliseconds between two looks: verdicts are at most so late. */
const POLL_MILLIS = 50;
const CHUNK_SIZE = 1024 * 1024;

/** Octets of the beginning by which content is told from other content: the header of a pcap, and that of its first packet with its time. */
const BEGINNING = 64;

/** Why a capture is over while its file is followed. */
type Turn = 'replaced' | 'cut';

/**
 * One capture after the other, for as long as the file is followed; the next one may be asked for when the one before is at its end.
 * @param say a sentence for the user
 * @param cut the file was cut: what was written to it since the last look is lost
 * @throws UserError when the file can't be read
 */
export async function* followFile(
  path: string,
  say: (sentence: string) => void,
  cut: () => void,
): AsyncGenerator<ByteSource> {
  for (;;) {
    const tail = new Tail(path, await openFile(path), say);
    yield streamSource(tail, path);
    if (tail.turn === null) return;
    if (tail.turn === 'cut') cut();
    say(
      tail.turn === 'cut' ? `${path} was cut: reading on from its new beginning` : `${path} is a new file: reading it`,
    );
  }
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r');
  } catch (error) {
    throw asUserError(error, path);
  }
}

class Tail implements AsyncIterable<Uint8Array> {
  /** null: whoever read it has stopped. */
  turn: Turn | null = null;
  private readonly path: string;
  private readonly file: FileHandle;
  private readonly say: (sentence: string) => void;
  private beginning: Uint8Array = new Uint8Array(0);
  private hasSaidGone = false;

  constructor(path: string, file: FileHandle, say: (sentence: string) => void) {
    this.path = path;
    this.file = file;
    this.say = say;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, void> {
    const buffer = new Uint8Array(CHUNK_SIZE);
    let position = 0;
    try {
      for (;;) {
        const { bytesRead } = await this.file.read(buffer, 0, buffer.length, position);
        if (bytesRead > 0 && !(await this.beginsAsBefore(position))) {
          this.turn = 'cut';
          return;
        }
        position += bytesRead;
        if (bytesRead > 0) {
          yield buffer.subarray(0, bytesRead);
          continue;
        }
        // Asked before the last look at the old file, so that nothing of it is left.
        const turn = await this.look(position);
        if (turn !== null && (await this.file.stat()).size <= position) {
          this.turn = turn;
          return;
        }
        await wait(POLL_MILLIS);
      }
    } finally {
      await this.file.close();
    }
  }

  /** Not so when it was cut since, and has grown beyond this position again. */
  private async beginsAsBefore(position: number): Promise<boolean> {
    const { buffer, bytesRead } = await this.file.read(new Uint8Array(BEGINNING), 0, BEGINNING, 0);
    const before = this.beginning;
    this.beginning = buffer.slice(0, bytesRead);
    const known = Math.min(before.length, position);
    return Buffer.compare(before.subarray(0, known), buffer.subarray(0, Math.min(known, bytesRead))) === 0;
  }

  private async look(position: number): Promise<Turn | null> {
    const mine = await this.file.stat();
    if (mine.size < position) return 'cut';
    try {
      const there = await stat(this.path);
      return there.ino === mine.ino && there.dev === mine.dev ? null : 'replaced';
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
      if (!this.hasSaidGone) this.say(`${this.path} was removed: waiting for a new one (Ctrl-C ends it)`);
      this.hasSaidGone = true;
      return null;
    }
  }
}
