/**
 * Drives a stream of node:zlib one piece at a time: a piece goes in, and everything that comes of it is taken before the next. So a lent chunk is never
 * needed longer than it is lent, output is bounded whatever the input claims, and an error does not throw away what was ready, as a pipeline of streams would.
 */
import type { Transform, TransformOptions } from 'node:stream';
import type { ZlibOptions } from 'node:zlib';

/** Octets: what zlib had of an output chunk when it met damage is lost. */
const OUTPUT_SIZE = 65_536;

/** For the constructors of node:zlib. A few chunks may be ready ahead, so that the pool works while the consumer does. */
export const OUTPUT_OPTIONS: ZlibOptions & Pick<TransformOptions, 'readableHighWaterMark'> = {
  chunkSize: OUTPUT_SIZE,
  readableHighWaterMark: 8 * OUTPUT_SIZE,
};

/** A stream of node:zlib: it counts the octets that it has used. */
type ZlibStream = Transform & { readonly bytesWritten: number };

export class PieceByPiece {
  readonly #stream: ZlibStream;
  failure: Error | null = null;
  /** Octets of the last piece that were used. */
  lastUsed = 0;
  /** True when the compressed data has ended, which zlib tells by leaving octets alone. */
  isDone = false;
  #isRaised = false;
  #wake: (() => void) | null = null;

  constructor(stream: ZlibStream) {
    this.#stream = stream;
    stream.on('error', (error) => {
      this.failure = error;
      this.#raise();
    });
    stream.on('readable', this.#raise);
    stream.on('end', this.#raise);
  }

  /** Everything that comes out of the piece. OWNED. Afterwards `failure`, `lastUsed` and `isDone` are set. */
  async *feed(piece: Uint8Array): AsyncGenerator<Uint8Array, void, void> {
    const stream = this.#stream;
    const before = stream.bytesWritten;
    let isWritten = false;
    stream.write(piece, () => {
      isWritten = true;
      this.#raise();
    });
    for (;;) {
      const output: Uint8Array | null = stream.destroyed ? null : stream.read();
      if (output !== null) yield output;
      else if (isWritten || stream.readableEnded || this.failure !== null) break;
      else await this.#wait();
    }
    this.lastUsed = stream.bytesWritten - before;
    this.isDone = this.lastUsed < piece.length;
  }

  close(): void {
    this.#stream.destroy();
  }

  /** "Something happened to the stream": output is ready, the write is through, or it failed. */
  readonly #raise = (): void => {
    this.#isRaised = true;
    this.#wake?.();
    this.#wake = null;
  };

  /** Resolves at once when something happened since the last wait. */
  async #wait(): Promise<void> {
    if (!this.#isRaised) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    this.#isRaised = false;
  }
}
