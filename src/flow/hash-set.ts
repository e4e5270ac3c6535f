/**
 * A set of 64-bit hashes in a typed array: 8 octets an entry, no objects. It stands for a set of keys whose hashes it is given: two keys share
 * one entry with probability 2^-64, which is accepted (a million entries: one chance in 10^13 that any lookup is wrong).
 */

/** Address space alone until entries come: the system fills a large new buffer with pages when they are written. */
const INITIAL_CAPACITY = 1 << 15;

/** Growing places every entry anew, each a cache miss: so it is done seldom. */
const GROWTH = 4;

export class HashSet {
  /** Entry i: low word at 2i, high word at 2i + 1. The high word is never 0 in a used entry: 0 marks an empty one. */
  private words = new Int32Array(2 * INITIAL_CAPACITY);
  private mask = INITIAL_CAPACITY - 1;
  private entries = 0;
  /** Kept so that the reads of `touch` are not left out as useless. */
  protected touched = 0;

  get size(): number {
    return this.entries;
  }

  has(low: number, high: number): boolean {
    const wanted = high === 0 ? 1 : high | 0;
    const words = this.words;
    for (let i = low & this.mask; ; i = (i + 1) & this.mask) {
      const found = words[2 * i + 1];
      if (found === 0) return false;
      if (found === wanted && words[2 * i] === (low | 0)) return true;
    }
  }

  /**
   * Reads the places of many keys, so that all of them are on their way to the cache when `has` or `add` asks for the first: the processor waits for several loads at a
   * time where none depends on another.
   * @param keys low words, `stride` words apart.
   */
  touch(keys: Int32Array, stride: number, count: number): void {
    const { words, mask } = this;
    let sum = 0;
    for (let at = 0; at < stride * count; at += stride) sum ^= words[2 * ((keys[at] as number) & mask)] as number;
    this.touched = sum;
  }

  /** Reads the place of one key, as `touch` does for many; answers something. */
  touchOne(low: number): number {
    return this.words[2 * (low & this.mask)] as number;
  }

  /** Answers whether it was new. */
  add(low: number, high: number): boolean {
    const wanted = high === 0 ? 1 : high | 0;
    const words = this.words;
    let i = low & this.mask;
    for (; words[2 * i + 1] !== 0; i = (i + 1) & this.mask) {
      if (words[2 * i + 1] === wanted && words[2 * i] === (low | 0)) return false;
    }
    words[2 * i] = low;
    words[2 * i + 1] = wanted;
    this.entries += 1;
    // Half full: linear probing stays at about 1.5 probes for a hit and 2.5 for a miss.
    if (2 * this.entries > this.mask + 1) this.grow();
    return true;
  }

  clear(): void {
    this.words.fill(0);
    this.entries = 0;
  }

  copy(): HashSet {
    const copy = new HashSet();
    copy.words = this.words.slice();
    copy.mask = this.mask;
    copy.entries = this.entries;
    return copy;
  }

  private grow(): void {
    const old = this.words;
    this.words = new Int32Array(GROWTH * old.length);
    this.mask = this.words.length / 2 - 1;
    this.entries = 0;
    for (let at = 0; at < old.length; at += 2) {
      const high = old[at + 1] as number;
      if (high !== 0) this.add(old[at] as number, high);
    }
  }
}
