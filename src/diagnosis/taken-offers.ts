/**
 * SYNs that offer more than the usual (Fast Open, ECN, Multipath TCP) and are answered as they are, of one endpoint. They speak against a box that drops such SYNs: where one SYN in fifty is lost on
 * the way, some are answered only when they come again, and systems leave the offer out of the second.
 */
import type { Evidence } from '../handshake/evidence.ts';
import { OFFER } from '../handshake/offer-changes.ts';
import { SIGN } from '../handshake/traits.ts';

/** A bit each, of a word of offers (Evidence `offers`) and of SIGN. A box may let the request for a Fast Open cookie through, and not the data. */
const EXTRAS = [
  { offer: OFFER.FAST_OPEN, sign: SIGN.FIRST_FAST_OPEN },
  { offer: OFFER.DATA, sign: SIGN.FIRST_DATA },
  { offer: OFFER.ECN, sign: SIGN.FIRST_ECN },
  { offer: OFFER.MULTIPATH, sign: SIGN.FIRST_MULTIPATH },
] as const;
const EXTRA_SIGNS = EXTRAS.reduce((all, { sign }) => all | sign, 0);
const EXTRA_OFFERS = EXTRAS.reduce((all, { offer }) => all | offer, 0);

/** Clients of which it is kept; a power of two. */
const CLIENTS = 8;

export class TakenOffers {
  /** Attempts that were answered, by the set of EXTRAS that their only SYN offered. Made with the first. */
  private attempts: Float64Array | null = null;
  /** Of some clients, by their low address word: the EXTRAS of theirs that were answered. */
  private clients = new Int32Array(0);
  private taken = new Int32Array(0);
  /** The EXTRAS of SYNs that were answered only when they came without. */
  private lost = 0;
  /** Of these, nanoseconds since the base: when the first of them was answered, and when the last of them was sent first. */
  private answered = Number.POSITIVE_INFINITY;
  private latest = Number.NEGATIVE_INFINITY;
  /** Attempts without any of the EXTRAS that were answered only when their SYN came again. */
  private plainRepeated = 0;

  copy(): TakenOffers {
    const copy = new TakenOffers();
    copy.attempts = this.attempts?.slice() ?? null;
    copy.clients = this.clients.slice();
    copy.taken = this.taken.slice();
    copy.lost = this.lost;
    copy.answered = this.answered;
    copy.latest = this.latest;
    copy.plainRepeated = this.plainRepeated;
    return copy;
  }

  /** An attempt, whatever became of it. */
  add({ synCount, synAckCount, offers, client3, signs }: Evidence): void {
    if (synCount > 1 && synAckCount > 0 && (signs & EXTRA_SIGNS) === 0) this.plainRepeated += 1;
    if ((offers & EXTRA_OFFERS) === 0 || synCount !== 1 || synAckCount === 0) return;
    const set = setOf((extra) => (offers & extra.offer) !== 0);
    if (this.attempts === null) {
      this.attempts = new Float64Array(1 << EXTRAS.length);
      this.clients = new Int32Array(CLIENTS);
      this.taken = new Int32Array(CLIENTS);
    }
    this.attempts[set] = (this.attempts[set] as number) + 1;
    const place = client3 & (CLIENTS - 1);
    const before = this.clients[place] === client3 ? (this.taken[place] as number) : 0;
    this.clients[place] = client3;
    this.taken[place] = before | set;
  }

  /** An attempt that was answered only when its SYN came without what the first one offered. */
  addLost({ signs, synFirst, synAckFirst }: Evidence): void {
    this.lost |= setOf((extra) => (signs & extra.sign) !== 0);
    this.answered = Math.min(this.answered, synAckFirst);
    this.latest = Math.max(this.latest, synFirst);
  }

  /** It has nothing to do with what they offered: others without any of it were lost as well, or all of them before the server answered the first, as when it starts anew. */
  get mayBeAnOutage(): boolean {
    return this.plainRepeated > 0 || this.latest <= this.answered;
  }

  /** Attempts whose only SYN offered all that those of `addLost` did, and was answered. */
  get likeThoseLost(): number {
    let sum = 0;
    for (const [set, attempts] of (this.attempts ?? []).entries()) if ((this.lost & ~set) === 0) sum += attempts;
    return sum;
  }

  /** All that the first SYN of the attempt offered got through in other attempts of the same client. */
  coverThoseOf({ signs, client3 }: Evidence): boolean {
    const place = client3 & (CLIENTS - 1);
    if (this.attempts === null || this.clients[place] !== client3) return false;
    return (setOf((extra) => (signs & extra.sign) !== 0) & ~(this.taken[place] as number)) === 0;
  }
}

function setOf(holds: (extra: (typeof EXTRAS)[number]) => boolean): number {
  return EXTRAS.reduce((set, extra, i) => (holds(extra) ? set | (1 << i) : set), 0);
}
