/**
 * The flows whose handshake is no longer open: those that completed, were judged and forgotten, and those of which only later segments were
 * captured. A segment of a known flow needs no more attention; a segment of an unknown one that is no SYN or SYN-ACK makes a `midstream` connection.
 *
 * Two generations of hashes: a flow seen again moves to the younger; the older is dropped when the younger has lived long enough or is full. So
 * a flow is remembered for at least one generation after its last segment, and the memory is bounded whatever passes by.
 */
import { HashSet } from './hash-set.ts';

/** Two generations of 2^20 entries at half load: at most 32 MiB. */
export const GENERATION_ENTRIES = 1 << 20;

/** Longer than the keep-alive interval of most applications; Linux' own default (2 hours) would keep too much. */
const GENERATION_NANOS = 300e9;

export class KnownFlows {
  private younger = new HashSet();
  private older = new HashSet();
  private bornAt = 0;

  /** True when the flow was known. Either way it is known afterwards. */
  meet(low: number, high: number, clockNanos: number): boolean {
    if (this.younger.size >= GENERATION_ENTRIES || clockNanos - this.bornAt > GENERATION_NANOS) this.age(clockNanos);
    return !this.younger.add(low, high) || (this.older.size > 0 && this.older.has(low, high));
  }

  /** True when the flow is known; changes nothing. */
  has(low: number, high: number): boolean {
    return this.younger.has(low, high) || (this.older.size > 0 && this.older.has(low, high));
  }

  /** `meet` is about to be called for this flow, and for others (HashSet.touch): answers something. */
  touch(low: number): number {
    return this.younger.touchOne(low) ^ this.older.touchOne(low);
  }

  private age(clockNanos: number): void {
    const dropped = this.older;
    this.older = this.younger;
    this.younger = dropped;
    this.younger.clear();
    this.bornAt = clockNanos;
  }
}
