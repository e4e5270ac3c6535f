/** Server endpoints by address and port: open addressing over typed arrays, since every finished attempt asks once. */
import { hashEnd } from '../flow/hash.ts';

const INITIAL_CAPACITY = 1 << 8;
const WORDS = 6;

export class EndpointTable {
  /** Address 0-3, port, number + 1; a 0 in the last word marks an empty entry. */
  private entries = new Int32Array(INITIAL_CAPACITY * WORDS);
  private mask = INITIAL_CAPACITY - 1;
  private used = 0;
  private readonly seed: number;

  constructor(seed: number) {
    this.seed = seed;
  }

  /** Endpoints known; their numbers are 0 to size - 1, in the order in which they came. */
  get size(): number {
    return this.used;
  }

  /** The number of the endpoint, or -1. */
  find(w0: number, w1: number, w2: number, w3: number, port: number): number {
    const entries = this.entries;
    for (let i = hashEnd(w0, w1, w2, w3, port, this.seed) & this.mask; ; i = (i + 1) & this.mask) {
      const at = i * WORDS;
      const number = entries[at + 5] as number;
      if (number === 0) return -1;
      if (
        entries[at + 4] === port &&
        entries[at + 3] === w3 &&
        entries[at + 2] === w2 &&
        entries[at + 1] === w1 &&
        entries[at] === w0
      ) {
        return number - 1;
      }
    }
  }

  /** Adds an endpoint that `find` did not find; answers its number. */
  add(w0: number, w1: number, w2: number, w3: number, port: number): number {
    if (2 * this.used >= this.mask) this.grow();
    this.used += 1;
    this.place(w0, w1, w2, w3, port, this.used);
    return this.used - 1;
  }

  copy(): EndpointTable {
    const copy = new EndpointTable(this.seed);
    copy.entries = this.entries.slice();
    copy.mask = this.mask;
    copy.used = this.used;
    return copy;
  }

  private place(w0: number, w1: number, w2: number, w3: number, port: number, number: number): void {
    let i = hashEnd(w0, w1, w2, w3, port, this.seed) & this.mask;
    while (this.entries[i * WORDS + 5] !== 0) i = (i + 1) & this.mask;
    this.entries.set([w0, w1, w2, w3, port, number], i * WORDS);
  }

  private grow(): void {
    const old = this.entries;
    this.entries = new Int32Array(2 * old.length);
    this.mask = this.entries.length / WORDS - 1;
    for (let at = 0; at < old.length; at += WORDS) {
      const [w0, w1, w2, w3, port, number] = old.subarray(at, at + WORDS) as unknown as [
        number,
        number,
        number,
        number,
        number,
        number,
      ];
      if (number !== 0) this.place(w0, w1, w2, w3, port, number);
    }
  }
}
