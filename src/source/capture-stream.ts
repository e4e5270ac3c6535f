/**
 * One source as a stream of frames: bytes come in asynchronously, a chunk at a time; frames are taken out synchronously, so that the inner loop knows no promises.
 *
 *     while (await stream.fill()) while (stream.next()) use(stream.frame);
 */
import { CaptureOpener } from '../capture/detect.ts';
import { Frame, STATUS } from '../capture/frame.ts';
import { CaptureFormatError, type CaptureReader } from '../capture/reader.ts';
import type { ByteSource } from './byte-source.ts';
import type { PacketStream } from './packet-stream.ts';

export class CaptureStream implements PacketStream {
  readonly source: ByteSource;
  /** BORROWED: valid until the next `next` or `fill`. */
  readonly frame = new Frame();
  /** null until the first bytes told the format. */
  reader: CaptureReader | null = null;
  /** Octets of the capture so far, after decompression. */
  bytes = 0;
  /** Why the source ended before its end: a damaged container, a file that can't be read. What came before it was handed out. */
  failure: Error | null = null;
  /** Octets of a read, where the source is a file; to be set before the first `fill`. */
  chunkSize: number | null = null;
  private chunks: AsyncIterator<Uint8Array> | null = null;
  private readonly opener = new CaptureOpener();
  private ended = false;
  private dead = false;

  constructor(source: ByteSource) {
    this.source = source;
  }

  /** Makes `frame` the next packet of the bytes at hand; false when there is none. */
  next(): boolean {
    if (this.reader === null || this.dead) return false;
    try {
      return this.reader.next(this.frame) === STATUS.FRAME;
    } catch (error) {
      this.fail(error);
      return false;
    }
  }

  /** Gets more bytes; false when there are no more, and all frames were taken out. */
  async fill(): Promise<boolean> {
    if (this.ended || this.dead) return false;
    try {
      const { chunkSize } = this;
      this.chunks ??= this.source.chunks(chunkSize === null ? {} : { chunkSize })[Symbol.asyncIterator]();
      const { done, value } = await this.chunks.next();
      if (done === true) {
        this.ended = true;
        if (this.reader === null) this.opener.end(this.source.truncated ? this.source.compression : null);
        else this.reader.end();
        return true;
      }
      this.bytes += value.length;
      if (this.reader === null) this.reader = this.opener.push(value);
      else this.reader.append(value);
      return true;
    } catch (error) {
      this.fail(error);
      return false;
    }
  }

  /** Lets go of the file. */
  async close(): Promise<void> {
    this.dead = true;
    await this.chunks?.return?.();
  }

  private fail(error: unknown): void {
    this.dead = true;
    if (!(error instanceof CaptureFormatError) && !isUserError(error)) throw error;
    this.failure = error as Error;
  }
}

function isUserError(error: unknown): boolean {
  return error instanceof Error && error.name === 'UserError';
}
