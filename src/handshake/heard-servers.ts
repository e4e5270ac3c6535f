/**
 * Of which servers the capture has packets. A tap of one direction, or a capture on the one of two interfaces that answers do not take, has all that clients send and nothing of the
 * server: third legs show that SYN-ACKs were sent, and none is there. Nobody can say of another SYN to such a server that it was not answered.
 */
import { AddressPlaces } from './address-places.ts';
import { type Attempts, W } from './attempts.ts';
import type { Evidence } from './evidence.ts';

const HEARD = 1;
/** A client acknowledged a SYN-ACK that is not in the capture. */
const ANSWERED_UNHEARD = 2;

export class HeardServers {
  private readonly attempts: Attempts;
  private readonly flags: AddressPlaces;
  private hasUnheard = false;

  constructor(attempts: Attempts) {
    this.attempts = attempts;
    this.flags = new AddressPlaces(attempts);
  }

  /** A segment of the server is in the capture. */
  noteServer(slot: number): void {
    this.note(slot, HEARD);
  }

  /** A third leg is. */
  noteThirdLeg(slot: number): void {
    const { attempts } = this;
    const isInferred = attempts.word(slot, W.SYN_ACK_COUNT) === 0 && attempts.word(slot, W.SYN_COUNT) > 0;
    if (!isInferred) return;
    this.hasUnheard = true;
    this.note(slot, ANSWERED_UNHEARD);
  }

  /** The server of the attempt answers others, and the capture has no packet of it. */
  isUnheard({ server0, server1, server2, server3 }: Evidence): boolean {
    return this.hasUnheard && this.flags.valueOf(server0, server1, server2, server3) === ANSWERED_UNHEARD;
  }

  private note(slot: number, flag: number): void {
    const { flags } = this;
    const place = flags.placeOf(slot, true);
    flags.values[place] = (flags.values[place] as number) | flag;
  }
}
