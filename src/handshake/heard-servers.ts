/**
 * Of which servers the capture has packets. A tap of one direction, or a capture on the one of two interfaces that answers do not take, has all that clients send and nothing of the
 * server: third legs show that SYN-ACKs were sent, and none is there. Nobody can say of another SYN to such a server that it was not answered.
 *
 * A fixed number of places, by address: one that comes later takes the place, and the server before it is as if nothing were known of it.
 */
import { addressHash } from '../flow/hash.ts';
import { type Attempts, MARK, ROW_WORDS, W } from './attempts.ts';
import type { Evidence } from './evidence.ts';

/** A power of two. */
const PLACES = 4096;

const HEARD = 1;
/** A client acknowledged a SYN-ACK that is not in the capture. */
const ANSWERED_UNHEARD = 2;

export class HeardServers {
  private readonly attempts: Attempts;
  private readonly keys = new Int32Array(PLACES);
  private readonly flags = new Uint8Array(PLACES);
  private hasUnheard = false;

  constructor(attempts: Attempts) {
    this.attempts = attempts;
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
    if (!this.hasUnheard) return false;
    const key = addressHash(server0, server1, server2, server3);
    const place = key & (PLACES - 1);
    return this.keys[place] === key && this.flags[place] === ANSWERED_UNHEARD;
  }

  private note(slot: number, flag: number): void {
    const { attempts } = this;
    const { words } = attempts;
    const at = slot * ROW_WORDS + (attempts.has(slot, MARK.CLIENT_IS_SIDE_1) ? 0 : 4);
    const key = addressHash(
      words[at] as number,
      words[at + 1] as number,
      words[at + 2] as number,
      words[at + 3] as number,
    );
    const place = key & (PLACES - 1);
    const before = this.keys[place] === key ? (this.flags[place] as number) : 0;
    this.keys[place] = key;
    this.flags[place] = before | flag;
  }
}
