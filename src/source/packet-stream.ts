/** One source as a stream of packets: what its readers have in common, whether they read in this thread or in others. */
import type { Frame } from '../capture/frame.ts';
import type { CaptureReader } from '../capture/reader.ts';
import type { ByteSource } from './byte-source.ts';

/** What a container tells of itself; it grows while it is read. */
export type ContainerFacts = Pick<
  CaptureReader,
  'format' | 'interfaces' | 'losses' | 'truncated' | 'warnings' | 'heldFrom' | 'heldUntil'
>;

/** `while (await stream.fill()) while (stream.next()) use(stream.frame);` */
export interface PacketStream {
  readonly source: ByteSource;
  /** BORROWED: valid until the next `next` or `fill`. */
  readonly frame: Frame;
  /** null until the first bytes told the format. */
  readonly reader: ContainerFacts | null;
  /** Octets of the capture so far, after decompression. */
  readonly bytes: number;
  /** Why the source ended before its end: a damaged container, a file that can't be read. What came before it was handed out. */
  readonly failure: Error | null;
  /** Octets of a read, where it can be chosen; to be set before the first `fill`. */
  chunkSize?: number | null;
  /** Makes `frame` the next packet of the bytes at hand; false when there is none. */
  next(): boolean;
  /** Gets more bytes; false when there are no more, and all frames were taken out. */
  fill(): Promise<boolean>;
  /** Lets go of the file. */
  close(): Promise<void>;
}
