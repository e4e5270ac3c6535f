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

/** Why a capture is over while its file is followed. */
type Turn = 'replaced' | 'cut';

/**
 * One capture after the other, for as long as the file is followed; the next one may be asked for when the one before is at its end.
 * @param say a sentence for the user
 * @throws UserError when the file can't be read
 */
export async function* followFile(path: string, say: (sentence: string) => void): AsyncGenerator<ByteSource> {
  for (;;) {
    const tail = new Tail(path, await openFile(path), say);
    yield streamSource(tail, path);
    if (tail.turn === null) return;
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
