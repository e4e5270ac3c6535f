/**
 * A number for each of the addresses that came last: a fixed number of places, by a hash of the address. One that comes later takes the place, and of the address before it nothing is
 * known any more; so what rests on these numbers may be left unsaid, and never said wrongly.
 */
import { mix } from '../flow/hash.ts';
import { type Attempts, MARK, ROW_WORDS } from './attempts.ts';

/** A power of two. */
const PLACES = 4096;

export class AddressPlaces {
  /** Of each place. */
  readonly values = new Float64Array(PLACES);
  private readonly keys = new Int32Array(PLACES);
  private readonly attempts: Attempts;

  constructor(attempts: Attempts) {
    this.attempts = attempts;
  }

  /** The value of an address, by its four words (wire/segment.ts); 0 when nothing is known of it. */
  valueOf(word0: number, word1: number, word2: number, word3: number): number {
    const key = keyOf(word0, word1, word2, word3);
    const place = key & (PLACES - 1);
    return this.keys[place] === key ? (this.values[place] as number) : 0;
  }

  /** The place of the attempt's client or server, whose value is 0 when it is new there. */
  placeOf(slot: number, isServer: boolean): number {
    const { words } = this.attempts;
    const isSecond = this.attempts.has(slot, MARK.CLIENT_IS_SIDE_1) !== isServer;
    const at = slot * ROW_WORDS + (isSecond ? 4 : 0);
    const key = keyOf(words[at] as number, words[at + 1] as number, words[at + 2] as number, words[at + 3] as number);
    const place = key & (PLACES - 1);
    if (this.keys[place] !== key) {
      this.keys[place] = key;
      this.values[place] = 0;
    }
    return place;
  }
}

function keyOf(word0: number, word1: number, word2: number, word3: number): number {
  return mix((word0 ^ Math.imul(word1, 0x9e3779b1)) + word2) ^ mix(word3);
}
