/** Exact numbers of bytes out of a stream of chunks: for the framed compression formats, whose blocks are bounded. */
export class ByteQueue {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #chunk: Uint8Array = new Uint8Array(0);
  #at = 0;
  #consumed = 0;

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** Octets taken so far: the offset of the next one. */
  get consumed(): number {
    return this.#consumed;
  }

  /** The next `length` bytes, or null when the stream ends before them (then what was left is gone).
   * BORROWED: valid until the next call. */
  async take(length: number): Promise<Uint8Array | null> {
    if (this.#chunk.length - this.#at >= length) {
      this.#at += length;
      this.#consumed += length;
      return this.#chunk.subarray(this.#at - length, this.#at);
    }
    const assembled = new Uint8Array(length);
    let filled = 0;
    while (filled < length) {
      if (this.#at === this.#chunk.length && !(await this.#pull())) return null;
      const piece = this.#chunk.subarray(this.#at, this.#at + length - filled);
      assembled.set(piece, filled);
      filled += piece.length;
      this.#at += piece.length;
      this.#consumed += piece.length;
    }
    return assembled;
  }

  /** What is left of the current chunk, or the next one: never empty; null at the end. `consume` says how much of it was used.
   * BORROWED: valid until the next call of another method. */
  async peek(): Promise<Uint8Array | null> {
    if (await this.isAtEnd()) return null;
    return this.#chunk.subarray(this.#at);
  }

  /** Takes bytes that `peek` has shown. */
  consume(length: number): void {
    this.#at += length;
    this.#consumed += length;
  }

  /** Passes over `length` bytes; false when the stream ends before. */
  async skip(length: number): Promise<boolean> {
    let left = length;
    while (left > 0) {
      if (this.#at === this.#chunk.length && !(await this.#pull())) return false;
      const passed = Math.min(left, this.#chunk.length - this.#at);
      this.#at += passed;
      this.#consumed += passed;
      left -= passed;
    }
    return true;
  }

  /** True when there is nothing left. */
  async isAtEnd(): Promise<boolean> {
    return this.#at === this.#chunk.length && !(await this.#pull());
  }

  /** Closes the stream: to be called when the reader stops early. */
  async close(): Promise<void> {
    await this.#chunks.return?.();
  }

  async #pull(): Promise<boolean> {
    for (;;) {
      const next = await this.#chunks.next();
      if (next.done === true) return false;
      if (next.value.length === 0) continue;
      this.#chunk = next.value;
      this.#at = 0;
      return true;
    }
  }
}
