/**
 * Clients whose third leg came when the SYN and its SYN-ACK had been repeated: the path takes longer than a timer, or something was lost before. Where the capture ends as soon after the
 * SYN-ACKs of another attempt of such a client, its third leg may be on its way like those before it.
 */
import { AddressPlaces } from './address-places.ts';
import { type Attempts, T, W } from './attempts.ts';
import type { Evidence } from './evidence.ts';

export class SlowClients {
  private readonly attempts: Attempts;
  private readonly patienceNanos: number;
  private readonly longest: AddressPlaces;
  private hasSlow = false;

  /** @param patienceNanos who takes longer is not waited for */
  constructor(attempts: Attempts, patienceNanos: number) {
    this.attempts = attempts;
    this.patienceNanos = patienceNanos;
    this.longest = new AddressPlaces(attempts);
  }

  /** A third leg came. */
  noteThirdLeg(slot: number): void {
    const { attempts, longest } = this;
    const isRepeated = attempts.word(slot, W.SYN_COUNT) > 1 && attempts.word(slot, W.SYN_ACK_COUNT) > 1;
    if (!isRepeated || attempts.word(slot, W.ACK_COUNT) !== 1) return;
    const nanos = attempts.time(slot, T.ACK_FIRST) - attempts.time(slot, T.SYN_ACK_FIRST);
    if (nanos > this.patienceNanos) return;
    const place = longest.placeOf(slot, false);
    longest.values[place] = Math.max(longest.values[place] as number, nanos);
    this.hasSlow = true;
  }

  /** The longest time from SYN-ACK to third leg that the attempt's client was seen to take, repeated SYNs between: nanoseconds, 0 when there was none. */
  longestOf({ client0, client1, client2, client3 }: Evidence): number {
    return this.hasSlow ? this.longest.valueOf(client0, client1, client2, client3) : 0;
  }
}
