/**
 * The window through which a push parser reads a stream of chunks without copying it.
 *
 *     chunk 1              chunk 2                         chunk 3
 *     [rec][rec][rec][re   c][rec][rec][rec][rec][rec][r   ec]…
 *     ^ window = chunk  ^^^^^ window = side buffer (this one record is assembled), then chunk 2 again
 *
 * Records inside a chunk are read where they lie. Only the record that straddles two chunks is put together in a side buffer,
 * which grows by doubling up to a bound that the caller checks before it asks (`gather`). Every byte is copied at most once plus
 * the doublings, so feeding a stream byte by byte is linear.
 *
 * BORROWED: `bytes` and `view` may be the caller's chunk (until `gather` or `skip` answers false) or the side buffer (until the next
 * `gather`).
 */
export class Receive {
  /** The window. The unread bytes are [at, end); the same offsets count in `view`. Readers advance `at` themselves. */
  bytes: Uint8Array = EMPTY;
  view: DataView = EMPTY_VIEW;
  at = 0;
  end = 0;

  /** Position in the stream of the window's byte 0: `base + at` is the stream offset of the next unread byte. */
  base = 0;

  #chunk: Uint8Array = EMPTY;
  #chunkView: DataView = EMPTY_VIEW;
  /** First byte of the chunk that is not in the side buffer; the chunk's length when it is used up. */
  #chunkAt = 0;
  #chunkBase = 0;
  #received = 0;

  #side: Uint8Array = EMPTY;
  #sideView: DataView = EMPTY_VIEW;
  /** True while the window is the side buffer. */
  #inSide = false;

  /** Bytes appended so far. */
  get received(): number {
    return this.#received;
  }

  /** Gives the next chunk. It may be overwritten by its owner once `gather` or `skip` has answered false.
   * @throws Error when the chunk before it is not used up: a mistake of the caller. */
  append(chunk: Uint8Array): void {
    if (this.#inSide ? this.#chunkAt < this.#chunk.length : this.at < this.end) {
      throw new Error('append: the chunk before this one is not used up');
    }
    // A plain Uint8Array over the same memory: a Buffer has another shape, and would make every later access polymorphic.
    this.#chunk = new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    this.#chunkView = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    this.#chunkAt = 0;
    this.#chunkBase = this.#received;
    this.#received += chunk.byteLength;
    if (!this.#inSide) this.#enterChunk();
  }

  /**
   * True when `length` bytes lie in one piece at `at` (whose index changes when they were moved). False when the chunk is used up before that: what it
   * held is kept, and the same call can be made again after `append`. Callers on the hot path test `at + length <= end` first.
   */
  gather(length: number): boolean {
    if (this.#inSide) {
      if (this.at < this.end) return this.at + length <= this.end || this.#fill(length);
      this.#inSide = false;
      this.#enterChunk();
    }
    if (this.at + length <= this.end) return true;
    if (this.at < this.end) this.#enterSide(length);
    return false;
  }

  /** Passes over up to `length` bytes without keeping them; returns how many are still to pass. When that is not 0, the chunk is used up. */
  skip(length: number): number {
    let left = length - this.#pass(length);
    if (left > 0 && this.#inSide) {
      this.#inSide = false;
      this.#enterChunk();
      left -= this.#pass(left);
    }
    return left;
  }

  #pass(length: number): number {
    const passed = Math.min(length, this.end - this.at);
    this.at += passed;
    return passed;
  }

  #enterChunk(): void {
    this.bytes = this.#chunk;
    this.view = this.#chunkView;
    this.base = this.#chunkBase;
    this.at = this.#chunkAt;
    this.end = this.#chunk.length;
    this.#chunkAt = this.#chunk.length;
  }

  /** Moves the window's last bytes, the beginning of a record, to the side buffer. */
  #enterSide(length: number): void {
    const kept = this.end - this.at;
    this.#reserve(length, 0);
    this.#side.set(this.bytes.subarray(this.at, this.end));
    this.base += this.at;
    this.bytes = this.#side;
    this.view = this.#sideView;
    this.at = 0;
    this.end = kept;
    this.#inSide = true;
  }

  /** Appends bytes of the chunk to the record in the side buffer until it has `length` of them. */
  #fill(length: number): boolean {
    const missing = length - (this.end - this.at);
    const taken = Math.min(missing, this.#chunk.length - this.#chunkAt);
    if (this.end + taken > this.#side.length) this.#reserve(this.at + length, this.end);
    this.#side.set(this.#chunk.subarray(this.#chunkAt, this.#chunkAt + taken), this.end);
    this.bytes = this.#side;
    this.view = this.#sideView;
    this.#chunkAt += taken;
    this.end += taken;
    return taken === missing;
  }

  /** Makes the side buffer hold `length` bytes, and keeps the first `used` of them. Doubling, so that growth stays linear. */
  #reserve(length: number, used: number): void {
    if (length <= this.#side.length) return;
    let capacity = Math.max(MINIMUM_SIDE, this.#side.length);
    while (capacity < length) capacity *= 2;
    const side = new Uint8Array(capacity);
    side.set(this.#side.subarray(0, used));
    this.#side = side;
    this.#sideView = new DataView(side.buffer);
  }
}

const EMPTY = new Uint8Array(0);
const EMPTY_VIEW = new DataView(EMPTY.buffer);

/** Octets: holds a full Ethernet frame with its record header, so that most captures never grow the side buffer. */
const MINIMUM_SIDE = 2048;
