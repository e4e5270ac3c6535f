/**
 * Clients whose third leg came when the SYN and its SYN-ACK had been repeated: the path takes longer than a timer, or something was lost before. Where the capture ends as soon after the
 * SYN-ACKs of another attempt of such a client, its third leg may be on its way like those before it.
 *
 * A fixed number of places, by address: one that comes later takes the place, and of the client before it nothing is known any more.
 */
import { addressHash } from '../flow/hash.ts';
import { type Attempts, MARK, ROW_WORDS, T, W } from './attempts.ts';
import type { Evidence } from './evidence.ts';

/** A power of two. */
const PLACES = 4096;

export class SlowClients {
  private readonly attempts: Attempts;
  private readonly patienceNanos: number;
  private readonly keys = new Int32Array(PLACES);
  private readonly longestNanos = new Float64Array(PLACES);
  private hasSlow = false;

  /** @param patienceNanos who takes longer is not waited for */
  constructor(attempts: Attempts, patienceNanos: number) {
    this.attempts = attempts;
    this.patienceNanos = patienceNanos;
  }

  /** A third leg came. */
  noteThirdLeg(slot: number): void {
    const { attempts } = this;
    const isRepeated = attempts.word(slot, W.SYN_COUNT) > 1 && attempts.word(slot, W.SYN_ACK_COUNT) > 1;
    if (!isRepeated || attempts.word(slot, W.ACK_COUNT) !== 1) return;
    const nanos = attempts.time(slot, T.ACK_FIRST) - attempts.time(slot, T.SYN_ACK_FIRST);
    if (nanos > this.patienceNanos) return;
    const { words } = attempts;
    const at = slot * ROW_WORDS + (attempts.has(slot, MARK.CLIENT_IS_SIDE_1) ? 4 : 0);
    const key = addressHash(
      words[at] as number,
      words[at + 1] as number,
      words[at + 2] as number,
      words[at + 3] as number,
    );
    const place = key & (PLACES - 1);
    const before = this.keys[place] === key ? (this.longestNanos[place] as number) : 0;
    this.keys[place] = key;
    this.longestNanos[place] = Math.max(before, nanos);
    this.hasSlow = true;
  }

  /** The longest time from SYN-ACK to third leg that the attempt's client was seen to take, repeated SYNs between: nanoseconds, 0 when there was none. */
  longestOf({ client0, client1, client2, client3 }: Evidence): number {
    if (!this.hasSlow) return 0;
    const key = addressHash(client0, client1, client2, client3);
    const place = key & (PLACES - 1);
    return this.keys[place] === key ? (this.longestNanos[place] as number) : 0;
  }
}
