/**
 * Numbers that look random and are the same on every machine: mulberry32, 32-bit integer arithmetic alone (no Math.log or the like, whose last
 * digit may differ from engine to engine).
 */
export class Random {
  private state: number;

  constructor(seed: number) {
    this.state = seed | 0;
  }

  /** Unsigned 32-bit. */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), this.state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  }

  /** An integer in [0, limit); limit at most 2^21, so that the product is exact. */
  below(limit: number): number {
    return Math.floor((this.next() * limit) / 0x1_0000_0000);
  }

  /** An integer in [from, to), of any width below 2^32. */
  between(from: number, to: number): number {
    return to - from < 0x20_0000 ? from + this.below(to - from) : from + (this.next() % (to - from));
  }
}
