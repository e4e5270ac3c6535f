/**
 * A set of 64-bit hashes in a typed array: 8 octets an entry, no objects. It stands for a set of keys whose hashes it is given: two keys share
 * one entry with probability 2^-64, which is accepted (a million entries: one chance in 10^13 that any lookup is wrong).
 *
 * An entry's home is told by the upper bits of its low word, so entries lie in the order of these, but for the few that linear probing has moved on. So the set can double where it
 * lies, in one pass over memory: no second array, which would be garbage until the collector comes by, and no cache miss for each entry.
 */

/** Entries; a power of two. */
const INITIAL_CAPACITY = 1 << 15;

/** Entries for which a set that outgrows the first array reserves room: 16 MiB. Address space alone until they come: the system fills a large new buffer with pages when they are written. */
const RESERVED_CAPACITY = 1 << 21;

const WORD_BITS = 32;

export class HashSet {
  /** Entry i: low word at 2i, high word at 2i + 1. The high word is never 0 in a used entry: 0 marks an empty one. Behind `capacity` entries lies room. */
  private words = new Int32Array(2 * INITIAL_CAPACITY);
  private capacity = INITIAL_CAPACITY;
  /** An entry's home is low >>> shift. */
  private shift = shiftOf(INITIAL_CAPACITY);
  private entries = 0;
  /** Entries in a row, while they move. */
  private moving = new Int32Array(64);
  /** Kept so that the reads of `touch` are not left out as useless. */
  protected touched = 0;

  get size(): number {
    return this.entries;
  }

  has(low: number, high: number): boolean {
    const wanted = high === 0 ? 1 : high | 0;
    const words = this.words;
    const mask = this.capacity - 1;
    for (let i = low >>> this.shift; ; i = (i + 1) & mask) {
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
    const { words, shift } = this;
    let sum = 0;
    for (let at = 0; at < stride * count; at += stride) sum ^= words[2 * ((keys[at] as number) >>> shift)] as number;
    this.touched = sum;
  }

  /** Reads the place of one key, as `touch` does for many; answers something. */
  touchOne(low: number): number {
    return this.words[2 * (low >>> this.shift)] as number;
  }

  /** Answers whether it was new. */
  add(low: number, high: number): boolean {
    const wanted = high === 0 ? 1 : high | 0;
    if (!this.place(low, wanted)) return false;
    this.entries += 1;
    // Two thirds full: linear probing stays at about 2 probes for a hit and 5 for a miss, nearly all of them in one cache line.
    if (3 * this.entries > 2 * this.capacity) this.double();
    return true;
  }

  clear(): void {
    this.words.fill(0, 0, 2 * this.capacity);
    this.setCapacity(INITIAL_CAPACITY);
    this.entries = 0;
  }

  private place(low: number, high: number): boolean {
    const words = this.words;
    const mask = this.capacity - 1;
    let i = low >>> this.shift;
    for (; words[2 * i + 1] !== 0; i = (i + 1) & mask) {
      if (words[2 * i + 1] === high && words[2 * i] === (low | 0)) return false;
    }
    words[2 * i] = low;
    words[2 * i + 1] = high;
    return true;
  }

  /** So many keys may be added soon: where the set would double several times for them, it gets its size at once. */
  reserve(keys: number): void {
    let capacity = this.capacity;
    while (2 * (this.entries + keys) > capacity) capacity *= 2;
    if (capacity <= 2 * this.capacity) return;
    const all = this.take(0, this.capacity);
    this.makeRoom(2 * capacity);
    this.setCapacity(capacity);
    for (let at = 0; at < all.length; at += 2) {
      if (all[at + 1] !== 0) this.place(all[at] as number, all[at + 1] as number);
    }
  }

  private setCapacity(capacity: number): void {
    this.capacity = capacity;
    this.shift = shiftOf(capacity);
  }

  /**
   * A run of used entries in the places [a, b] has its homes there, and its new ones in [2a, 2b + 1]: there its entries find room, and no other run comes there. So the runs are
   * moved one by one, the last first. The run that goes on over the end, from the last places to the first, is moved when all others are.
   */
  private double(): void {
    const before = this.capacity;
    this.makeRoom(4 * before);
    const { words } = this;
    let first = 0;
    let last = before;
    if (words[1] !== 0) {
      while (words[2 * first + 1] !== 0) first += 1;
      while (words[2 * last - 1] !== 0) last -= 1;
    }
    const over = [...this.take(0, first), ...this.take(last, before)];
    this.setCapacity(2 * before);
    for (let end = last; end > first; end--) {
      if (words[2 * end - 1] === 0) continue;
      let start = end - 1;
      while (words[2 * start - 1] !== 0 && start > first) start -= 1;
      this.moveRun(start, end);
      end = start;
    }
    for (let at = 0; at < over.length; at += 2) this.place(over[at] as number, over[at + 1] as number);
  }

  /** The words of the entries in the places from `start` to before `end`, which are free then. */
  private take(start: number, end: number): Int32Array {
    const taken = this.words.slice(2 * start, 2 * end);
    this.words.fill(0, 2 * start, 2 * end);
    return taken;
  }

  /** Puts the entries of these places where they belong by now. Copied one by one: there are hundreds of thousands of runs, of two or three entries each. */
  private moveRun(start: number, end: number): void {
    const length = 2 * (end - start);
    if (length > this.moving.length) this.moving = new Int32Array(2 * length);
    const { words, moving } = this;
    for (let at = 0; at < length; at++) {
      moving[at] = words[2 * start + at] as number;
      words[2 * start + at] = 0;
    }
    for (let at = 0; at < length; at += 2) this.place(moving[at] as number, moving[at + 1] as number);
  }

  /** The array has room for so many words. */
  private makeRoom(length: number): void {
    if (length <= this.words.length) return;
    const grown = new Int32Array(Math.max(length, 2 * RESERVED_CAPACITY));
    grown.set(this.words);
    this.words = grown;
  }
}

function shiftOf(capacity: number): number {
  return WORD_BITS - Math.log2(capacity);
}
