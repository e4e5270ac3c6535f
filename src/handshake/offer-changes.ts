/**
 * What a SYN or SYN-ACK offers (wire/tcp-options.ts) is not always what it offered a few hops before: boxes on the way lower the MSS, which is ordinary, or take window scaling, SACK, timestamps
 * or Multipath TCP away, which is not. It shows where one capture has the same packet at two points (two files, two interfaces, `any`): the copies differ.
 *
 * Few attempts have such copies: what is noted of them lies beside the rows, by their slot, and goes with them.
 */
import { OFFER, scaleOf } from '../wire/tcp-options.ts';
import type { OptionDifference } from './handshake.ts';

/** The bits of Evidence `offers`, for whoever reads it. */
export { OFFER };

/** One packet at two points. */
export interface OfferChange {
  readonly isSynAck: boolean;
  /** Packets with the file's index (frame-lists.ts): as it was recorded first, and again. */
  readonly frame: number;
  readonly copyFrame: number;
  /** `offersWord` of either, known ones. */
  readonly before: number;
  readonly after: number;
}

/** Places that a packet passes, and that one attempt is told of: as many as a chain of boxes would have. */
const CHANGES_KEPT = 8;

export const NO_CHANGES: readonly OfferChange[] = [];

export class OfferChanges {
  private readonly bySlot = new Map<number, OfferChange[]>();

  /** A further change of the same kind is no news. */
  note(slot: number, change: OfferChange): void {
    const before = this.bySlot.get(slot);
    if (before === undefined) this.bySlot.set(slot, [change]);
    else if (before.length < CHANGES_KEPT && !before.some((one) => isAlike(one, change))) before.push(change);
  }

  /** Oldest first. */
  of(slot: number): readonly OfferChange[] {
    return this.bySlot.get(slot) ?? NO_CHANGES;
  }

  leave(slot: number): void {
    this.bySlot.delete(slot);
  }
}

function isAlike(a: OfferChange, b: OfferChange): boolean {
  return a.isSynAck === b.isSynAck && a.before === b.before && a.after === b.after;
}

const FLAGS = [
  ['sack-permitted', OFFER.SACK_PERMITTED],
  ['timestamps', OFFER.TIMESTAMPS],
  ['fast-open', OFFER.FAST_OPEN],
  ['multipath', OFFER.MULTIPATH],
  ['signature', OFFER.SIGNATURE],
  ['ecn', OFFER.ECN],
] as const;

/** @param before and after two known words of offers */
export function differencesBetween(before: number, after: number): OptionDifference[] {
  const differences: OptionDifference[] = [];
  const note = (option: OptionDifference['option'], first: OptionDifference['first'], again: typeof first): void => {
    if (first !== again) differences.push({ option, first, again });
  };
  note('mss', before & OFFER.MSS || null, after & OFFER.MSS || null);
  note('window-scale', orNull(scaleOf(before)), orNull(scaleOf(after)));
  for (const [option, bit] of FLAGS) note(option, (before & bit) !== 0 || null, (after & bit) !== 0 || null);
  return differences;
}

function orNull(scale: number): number | null {
  return scale < 0 ? null : scale;
}

/** Something beside the MSS differs, which routers set to what the link behind them can carry. */
export function isMoreThanMss({ before, after }: OfferChange): boolean {
  return (before & ~OFFER.MSS) !== (after & ~OFFER.MSS);
}
