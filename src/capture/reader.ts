/**
 * What both container readers offer, and the two ways in which a container ends badly.
 *
 * A reader is a push parser: bytes in by `append`, frames out by `next`. It does no I/O, and holds at most one record.
 *
 *     reader.append(chunk);
 *     while (reader.next(frame) === STATUS.FRAME) use(frame);   // until NEED_MORE or, after `end`, END
 *
 * A container cut short (its writer was killed) is no error: END comes, and `truncated` is true. A damaged one throws
 * CaptureFormatError; every frame before the damage was handed out, and the reader is dead after that.
 */
import type { Frame, Status } from './frame.ts';

export type CaptureFormat = 'pcap' | 'pcapng';

/** What a container may be wrapped in (src/source unwraps it). */
export type CompressionFormat = 'gzip' | 'zstd' | 'lz4';

export interface CaptureReader {
  readonly format: CaptureFormat;
  /** In the order of their appearance; grows while a pcapng is read. `Frame.interfaceIndex` points here. */
  readonly interfaces: readonly CaptureInterface[];
  /** Packets that the capture itself lost, by the time in which that happened; grows while a pcapng is read. */
  readonly losses: readonly LossInterval[];
  /** True when the end came inside a record. */
  readonly truncated: boolean;
  /** Sentences about what is odd in the container and did no harm; each once. */
  readonly warnings: readonly string[];
  /** The program that wrote the file (pcapng shb_userappl), or null. */
  readonly application: string | null;
  /**
   * The moments from which, and up to which, the capture is known to have held every packet that it was asked for, although none came: files that this programme
   * writes say it. null: not known.
   */
  readonly heldFrom: Moment | null;
  readonly heldUntil: Moment | null;
  /** Gives the next bytes. BORROWED: the chunk must stay as it is until `next` answers NEED_MORE.
   * @throws Error when the chunk before it is not used up: a mistake of the caller. */
  append(chunk: Uint8Array): void;
  /** Says that no more bytes will come. */
  end(): void;
  /** Fills `frame` with the next packet. @throws CaptureFormatError */
  next(frame: Frame): Status;
}

/** A capture interface as the container describes it. Counters are live: they follow the statistics read so far. */
export interface CaptureInterface {
  /** LINKTYPE_ number. */
  readonly linkType: number;
  /** Octets at which packets were cut; 0 = no limit. */
  readonly snapLength: number;
  /** Decimal digits of a second that its clock has. */
  readonly digits: number;
  readonly name: string | null;
  /** Packets received by the interface; null when the container does not tell. */
  readonly received: number | null;
  /** Packets lost in the kernel or in the capturing program (pcapng isb_osdrop, and the drop count of the obsolete packet block). */
  readonly lostByKernel: number | null;
  /** Packets lost by the interface (pcapng isb_ifdrop; dumpcap puts libpcap's ps_drop here). */
  readonly lostByInterface: number | null;
}

/** Whole seconds since 1970, and nanoseconds in [0, 1e9). */
export interface Moment {
  readonly seconds: number;
  readonly nanos: number;
}

/** "Between these two times the capture lost packets." OWNED. */
export interface LossInterval {
  readonly interfaceIndex: number;
  readonly fromSeconds: number;
  readonly fromNanos: number;
  readonly toSeconds: number;
  readonly toNanos: number;
  /** Packets lost; never 0. */
  readonly packets: number;
}

/** The bytes are no capture, or a damaged one. The message is one sentence with all of the fields. */
export class CaptureFormatError extends Error {
  override readonly name = 'CaptureFormatError';
  /** null: the bytes are no capture of a known format at all. */
  readonly format: CaptureFormat | CompressionFormat | null;
  /** Octets to the record or field that is wrong: from the start of the decompressed stream, or for a compression format of the compressed one. */
  readonly offset: number;
  readonly expected: string;
  readonly found: string;
  /** What the constructor was given: for sending it to another thread. */
  readonly fields: ConstructorParameters<typeof CaptureFormatError>;

  constructor(
    format: CaptureFormat | CompressionFormat | null,
    offset: number,
    expected: string,
    found: string,
    application: string | null = null,
  ) {
    const writer = application === null ? '' : ` (written by ${application})`;
    super(
      format === null
        ? `not a capture: expected ${expected}, found ${found}`
        : `${format} damaged at byte ${offset}: expected ${expected}, found ${found}${writer}`,
    );
    this.fields = [format, offset, expected, found, application];
    this.format = format;
    this.offset = offset;
    this.expected = expected;
    this.found = found;
  }
}

/** Octets. libpcap's MAXIMUM_SNAPLEN: no packet is larger unless the file itself announces larger ones. */
export const MAXIMUM_SNAPLEN = 262_144;

/** Octets. The largest packet (pcap) or block that has to be held in one piece (pcapng); what is larger is damage. */
export const MAXIMUM_RECORD = 16 * 1024 * 1024;
