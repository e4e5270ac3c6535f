/**
 * xxHash, 32 bits, seed 0: the checksum of lz4 frames.
 * Source: https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md, "XXH32 algorithm description"; the letters are those of the specification.
 */
export class XxHash32 {
  #acc1 = (PRIME32_1 + PRIME32_2) | 0;
  #acc2 = PRIME32_2 | 0;
  #acc3 = 0;
  #acc4 = -PRIME32_1 | 0;
  /** Octets that do not fill a stripe of 16 yet. */
  readonly #lane = new Uint8Array(16);
  readonly #laneView = new DataView(this.#lane.buffer);
  #inLane = 0;
  #total = 0;

  update(bytes: Uint8Array): this {
    this.#total += bytes.length;
    let at = 0;
    if (this.#inLane > 0) {
      at = Math.min(16 - this.#inLane, bytes.length);
      this.#lane.set(bytes.subarray(0, at), this.#inLane);
      this.#inLane += at;
      if (this.#inLane < 16) return this;
      this.#stripes(this.#laneView, 0, 16);
      this.#inLane = 0;
    }
    const whole = at + ((bytes.length - at) & ~15);
    this.#stripes(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), at, whole);
    this.#lane.set(bytes.subarray(whole));
    this.#inLane = bytes.length - whole;
    return this;
  }

  /** Unsigned 32-bit. */
  digest(): number {
    let acc =
      this.#total < 16
        ? PRIME32_5 | 0
        : (rotl(this.#acc1, 1) + rotl(this.#acc2, 7) + rotl(this.#acc3, 12) + rotl(this.#acc4, 18)) | 0;
    acc = (acc + this.#total) | 0;
    let at = 0;
    for (; at + 4 <= this.#inLane; at += 4) {
      acc = Math.imul(rotl((acc + Math.imul(this.#laneView.getUint32(at, true), PRIME32_3)) | 0, 17), PRIME32_4);
    }
    for (; at < this.#inLane; at++) {
      acc = Math.imul(rotl((acc + Math.imul(this.#laneView.getUint8(at), PRIME32_5)) | 0, 11), PRIME32_1);
    }
    acc = Math.imul(acc ^ (acc >>> 15), PRIME32_2);
    acc = Math.imul(acc ^ (acc >>> 13), PRIME32_3);
    return (acc ^ (acc >>> 16)) >>> 0;
  }

  #stripes(view: DataView, from: number, to: number): void {
    let acc1 = this.#acc1;
    let acc2 = this.#acc2;
    let acc3 = this.#acc3;
    let acc4 = this.#acc4;
    for (let at = from; at < to; at += 16) {
      acc1 = round(acc1, view.getInt32(at, true));
      acc2 = round(acc2, view.getInt32(at + 4, true));
      acc3 = round(acc3, view.getInt32(at + 8, true));
      acc4 = round(acc4, view.getInt32(at + 12, true));
    }
    this.#acc1 = acc1;
    this.#acc2 = acc2;
    this.#acc3 = acc3;
    this.#acc4 = acc4;
  }
}

const PRIME32_1 = 0x9e3779b1;
const PRIME32_2 = 0x85ebca77;
const PRIME32_3 = 0xc2b2ae3d;
const PRIME32_4 = 0x27d4eb2f;
const PRIME32_5 = 0x165667b1;

function round(acc: number, lane: number): number {
  return Math.imul(rotl((acc + Math.imul(lane, PRIME32_2)) | 0, 13), PRIME32_1);
}

function rotl(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}
