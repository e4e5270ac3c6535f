/**
 * Output to somebody who may stop reading while packets come (`| less`, Ctrl-S, a stalled programme behind the pipe): a write that waits would hold up the signals, too, and Ctrl-C could not end
 * the process. So what is not taken soon waits here, up to a bound.
 *
 * A descriptor of one's own, opened by way of /proc, does not block; the flag on the inherited one would be that of the shell and of everybody who shares it.
 */
import { constants, fstatSync, openSync, writeSync } from 'node:fs';
import { isatty } from 'node:tty';

/** How much waits for whoever reads. */
export interface Patience {
  /** Octets that are not taken yet. */
  readonly waiting: number;
  /** Lets go of them. */
  abandon(): void;
}

/** Octets that may wait; beyond, whoever writes waits as well. */
const MOST_WAITING = 64 * 1024 * 1024;
/** Milliseconds that a reader who was not behind before is given: one that reads all the time has taken a pipe's 64 KiB by then. */
const GIVEN_MILLIS = 5;
/** Milliseconds between two tries. */
const RETRY_MILLIS = 0.25;
const NEVER_WOKEN = new Int32Array(new SharedArrayBuffer(4));
/** Octets that are kept in one piece. */
const PIECE = 1 << 16;

/** Octets [from, to) wait. */
interface Piece {
  readonly bytes: Uint8Array;
  from: number;
  to: number;
}

export class PatientDescriptor implements Patience {
  waiting = 0;
  readonly #descriptor: number;
  /** At least one; the first is handed over next. */
  #pieces: Piece[] = [emptyPiece()];
  #isBehind = false;

  /** null where a write does not wait for a reader (a file), or has to (a socket, another user's terminal). */
  static of(descriptor: number): PatientDescriptor | null {
    try {
      if (!fstatSync(descriptor).isFIFO() && !isatty(descriptor)) return null;
      const flags = constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY;
      return new PatientDescriptor(openSync(`/proc/self/fd/${descriptor}`, flags));
    } catch {
      return null;
    }
  }

  private constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  /** @param bytes BORROWED. Throws what the system says when nobody reads any more */
  write(bytes: Uint8Array): void {
    this.#append(bytes);
    this.#handOver();
    while (this.waiting > MOST_WAITING) {
      Atomics.wait(NEVER_WOKEN, 0, 0, GIVEN_MILLIS);
      this.#handOver();
    }
  }

  abandon(): void {
    this.#pieces = [emptyPiece()];
    this.waiting = 0;
  }

  #append(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      let last = this.#pieces.at(-1) as Piece;
      if (last.to === PIECE) {
        last = emptyPiece();
        this.#pieces.push(last);
      }
      const more = bytes.subarray(at, at + PIECE - last.to);
      last.bytes.set(more, last.to);
      last.to += more.length;
      at += more.length;
    }
    this.waiting += bytes.length;
  }

  #handOver(): void {
    let given = this.#isBehind ? GIVEN_MILLIS : 0;
    while (this.waiting > 0) {
      if (this.#tryWrite(this.#pieces[0] as Piece)) {
        this.#isBehind = false;
        given = 0;
      } else if (given < GIVEN_MILLIS) {
        Atomics.wait(NEVER_WOKEN, 0, 0, RETRY_MILLIS);
        given += RETRY_MILLIS;
      } else {
        this.#isBehind = true;
        return;
      }
    }
  }

  /** false when the reader is behind. */
  #tryWrite(first: Piece): boolean {
    try {
      const taken = writeSync(this.#descriptor, first.bytes, first.from, first.to - first.from);
      first.from += taken;
      this.waiting -= taken;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return false;
      this.abandon();
      throw error;
    }
    if (first.from < first.to) return true;
    // The last one is used again.
    if (this.#pieces.length > 1) this.#pieces.shift();
    else [first.from, first.to] = [0, 0];
    return true;
  }
}

function emptyPiece(): Piece {
  return { bytes: new Uint8Array(PIECE), from: 0, to: 0 };
}
