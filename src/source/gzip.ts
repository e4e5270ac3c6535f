/**
 * gzip, streaming, by node:zlib; members that follow each other are one stream (RFC 1952 §2.2).
 *
 * The input is given piece by piece, and the output taken before the next piece: a chunk of the input is never needed longer than it is lent, and
 * an error never throws away output that was already there, as it would in a pipeline of streams.
 */
import type { TransformOptions } from 'node:stream';
import { createGunzip, type Gunzip, type ZlibOptions } from 'node:zlib';
import { CaptureFormatError } from '../capture/reader.ts';
import type { Decompression } from './decompress.ts';

/** Octets: the piece of output, and what zlib may have ready while the consumer works. */
const OUTPUT_SIZE = 262_144;
const OUTPUT_AHEAD = 4 * OUTPUT_SIZE;
/** Octets: the piece of input. Damage is reported to this accuracy. */
const INPUT_SIZE = 65_536;

/** OWNED chunks. @throws CaptureFormatError with the compressed offset */
export async function* gzipChunks(
  chunks: AsyncIterable<Uint8Array>,
  state: Decompression,
): AsyncGenerator<Uint8Array, void, void> {
  const options: ZlibOptions & TransformOptions = { chunkSize: OUTPUT_SIZE, readableHighWaterMark: OUTPUT_AHEAD };
  const gunzip = createGunzip(options);
  let failure: (Error & { code?: string }) | null = null;
  const changed = new Signal();
  gunzip.on('error', (error) => {
    failure = error;
  });
  gunzip.on('readable', changed.raise);
  gunzip.on('close', changed.raise);
  let given = 0;
  try {
    for await (const chunk of chunks) {
      for (let at = 0; at < chunk.length; at += INPUT_SIZE) {
        const piece = chunk.subarray(at, at + INPUT_SIZE);
        yield* output(gunzip, changed, (done) => gunzip.write(piece, done));
        if (failure !== null) throw damaged(given, failure);
        given += piece.length;
      }
    }
    yield* output(gunzip, changed, (done) => gunzip.end(done));
    if (failure !== null) {
      if ((failure as { code?: string }).code !== 'Z_BUF_ERROR') throw damaged(given, failure);
      state.truncated = true;
    } else if (gunzip.bytesWritten < given) {
      state.warnings.push(`bytes after the gzip stream, from byte ${gunzip.bytesWritten} on, were left out`);
    }
  } finally {
    gunzip.destroy();
  }
}

/** Gives zlib something to do, and yields what comes out until it is done, or has failed. */
async function* output(
  gunzip: Gunzip,
  changed: Signal,
  start: (done: () => void) => void,
): AsyncGenerator<Uint8Array, void, void> {
  let isDone = false;
  start(() => {
    isDone = true;
    changed.raise();
  });
  for (;;) {
    const piece: Uint8Array | null = gunzip.destroyed ? null : gunzip.read();
    if (piece !== null) yield piece;
    else if (isDone || gunzip.destroyed || gunzip.errored !== null) return;
    else await changed.wait();
  }
}

/** "Something happened to the stream": output is ready, the write is through, or it failed. */
class Signal {
  #isRaised = false;
  #wake: (() => void) | null = null;

  readonly raise = (): void => {
    this.#isRaised = true;
    this.#wake?.();
    this.#wake = null;
  };

  /** Resolves at once when it was raised since the last wait. */
  async wait(): Promise<void> {
    if (!this.#isRaised) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    this.#isRaised = false;
  }
}

function damaged(offset: number, error: Error): CaptureFormatError {
  return new CaptureFormatError('gzip', offset, 'gzip data (RFC 1952)', error.message);
}
