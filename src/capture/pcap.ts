/**
 * Classic pcap: a file header, then records of a header and a packet.
 * Read first: https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-04.html §4 and §5; for the variants, libpcap's sf-pcap.c.
 *
 *     magic 4 | major 2 | minor 2 | zone 4 | accuracy 4 | snapLength 4 | linkType 4      zone and accuracy are ignored, as libpcap does
 *     seconds 4 | fraction 4 | capturedLength 4 | originalLength 4 | packet …            one record
 *
 * `next` is the hot path of the programme: it reads four numbers in place and allocates nothing.
 */
import { Receive } from '../bytes/receive.ts';
import { type Frame, STATUS, type Status } from './frame.ts';
import { canonicalLinkType } from './link-type.ts';
import {
  CaptureFormatError,
  type CaptureInterface,
  type CaptureReader,
  type LossInterval,
  MAXIMUM_RECORD,
  MAXIMUM_SNAPLEN,
} from './reader.ts';

/** What a magic number says. Octets for the sizes. */
interface Variant {
  readonly digits: 6 | 9;
  readonly fileHeader: number;
  readonly recordHeader: number;
}

const MICROSECONDS: Variant = { digits: 6, fileHeader: 24, recordHeader: 16 };
const NANOSECONDS: Variant = { digits: 9, fileHeader: 24, recordHeader: 16 };
/** Kuznetzov's patched libpcap adds interface index, protocol and packet type to each record (sf-pcap.h, pcap_sf_patched_pkthdr). */
const MODIFIED: Variant = { digits: 6, fileHeader: 24, recordHeader: 24 };
/** Ixia's lcap has the size of all records after the file header (Wireshark, wiretap/libpcap.c). */
const IXIA_HARDWARE: Variant = { digits: 9, fileHeader: 28, recordHeader: 16 };
const IXIA_SOFTWARE: Variant = { digits: 6, fileHeader: 28, recordHeader: 16 };

/** The variant of a magic number that was read in the file's own byte order, or undefined. */
export function pcapVariant(magic: number): Variant | undefined {
  switch (magic) {
    case 0xa1b2c3d4:
      return MICROSECONDS;
    case 0xa1b23c4d:
      return NANOSECONDS;
    case 0xa1b2cd34:
      return MODIFIED;
    case 0x1c0001ac:
      return IXIA_HARDWARE;
    case 0x1c0001ab:
      return IXIA_SOFTWARE;
    default:
      return undefined;
  }
}

/** File header. */
const VERSION_MAJOR = 4;
const VERSION_MINOR = 6;
const SNAP_LENGTH = 16;
const LINK_TYPE = 20;

/** Record header. */
const SECONDS = 0;
const FRACTION = 4;
const CAPTURED_LENGTH = 8;
const ORIGINAL_LENGTH = 12;

/** Where the captured length stands: the two lengths changed places at version 2.3, and not every writer of 2.3 knew (sf-pcap.c). */
const LENGTHS = { IN_ORDER: 0, SWAPPED: 1, MAYBE_SWAPPED: 2 } as const;

export class PcapReader implements CaptureReader {
  readonly format = 'pcap';
  readonly interfaces: CaptureInterface[] = [];
  readonly losses: readonly LossInterval[] = [];
  readonly warnings: string[] = [];
  readonly application = null;
  readonly heldFrom = null;
  readonly heldUntil = null;
  truncated = false;

  readonly #input = new Receive();
  #ended = false;
  /** False until the file header was read. */
  #opened = false;
  #littleEndian = true;
  #headerLength = 16;
  #lengths: number = LENGTHS.IN_ORDER;
  #linkType = 0;
  #digits = 6;
  /** Nanoseconds in one unit of the record's fraction, and units in a second. */
  #nanosPerUnit = 1000;
  #unitsPerSecond = 1_000_000;
  #maximumLength = MAXIMUM_SNAPLEN;
  #number = 0;

  append(chunk: Uint8Array): void {
    this.#input.append(chunk);
  }

  end(): void {
    this.#ended = true;
  }

  next(frame: Frame): Status {
    const input = this.#input;
    const headerLength = this.#headerLength;
    if (!this.#opened) return this.#open() ? this.next(frame) : this.#pause();
    if (input.at + headerLength > input.end && !input.gather(headerLength)) return this.#pause();

    const littleEndian = this.#littleEndian;
    let captured = input.view.getUint32(input.at + CAPTURED_LENGTH, littleEndian);
    let original = input.view.getUint32(input.at + ORIGINAL_LENGTH, littleEndian);
    if (this.#lengths !== LENGTHS.IN_ORDER && (this.#lengths === LENGTHS.SWAPPED || captured > original)) {
      const swapped = captured;
      captured = original;
      original = swapped;
    }
    if (captured > this.#maximumLength) {
      throw tooLong(input.base + input.at, this.#number + 1, this.#maximumLength, captured);
    }
    const length = headerLength + captured;
    if (input.at + length > input.end && !input.gather(length)) return this.#pause();

    const at = input.at;
    const view = input.view;
    let seconds = view.getUint32(at + SECONDS, littleEndian);
    let fraction = view.getUint32(at + FRACTION, littleEndian);
    if (fraction >= this.#unitsPerSecond) {
      // Some writers let the fraction run past a second; the time is still meant.
      seconds += Math.floor(fraction / this.#unitsPerSecond);
      fraction %= this.#unitsPerSecond;
    }
    frame.bytes = input.bytes;
    frame.view = view;
    frame.at = at + headerLength;
    frame.capturedLength = captured;
    frame.originalLength = Math.max(original, captured);
    frame.linkType = this.#linkType;
    frame.seconds = seconds;
    frame.nanos = fraction * this.#nanosPerUnit;
    frame.digits = this.#digits;
    frame.interfaceIndex = 0;
    frame.number = ++this.#number;
    frame.direction = 0;
    frame.timeless = false;
    input.at = at + length;
    return STATUS.FRAME;
  }

  /** The input is used up, perhaps inside a record. */
  #pause(): Status {
    if (!this.#ended) return STATUS.NEED_MORE;
    if (this.#input.at < this.#input.end || !this.#opened) this.truncated = true;
    return STATUS.END;
  }

  /** Reads the file header; false when it is not all there. */
  #open(): boolean {
    const input = this.#input;
    if (!input.gather(4)) return false;
    const littleEndian = pcapVariant(input.view.getUint32(input.at, true)) !== undefined;
    const variant = pcapVariant(input.view.getUint32(input.at, littleEndian));
    if (variant === undefined) {
      throw new CaptureFormatError('pcap', 0, 'a magic number of pcap', hexWord(input.view.getUint32(input.at)));
    }
    if (!input.gather(variant.fileHeader)) return false;
    const { view, at } = input;
    this.#littleEndian = littleEndian;
    this.#headerLength = variant.recordHeader;
    this.#digits = variant.digits;
    this.#unitsPerSecond = variant.digits === 9 ? 1_000_000_000 : 1_000_000;
    this.#nanosPerUnit = variant.digits === 9 ? 1 : 1000;
    this.#lengths = this.#lengthOrder(
      view.getUint16(at + VERSION_MAJOR, littleEndian),
      view.getUint16(at + VERSION_MINOR, littleEndian),
    );
    const snapLength = view.getUint32(at + SNAP_LENGTH, littleEndian);
    this.#maximumLength = Math.min(Math.max(snapLength, MAXIMUM_SNAPLEN), MAXIMUM_RECORD);
    this.#linkType = canonicalLinkType(view.getUint32(at + LINK_TYPE, littleEndian) & LINK_TYPE_BITS);
    this.interfaces.push({
      linkType: this.#linkType,
      snapLength,
      digits: variant.digits,
      name: null,
      received: null,
      lostByKernel: null,
      lostByInterface: null,
    });
    input.at = at + variant.fileHeader;
    this.#opened = true;
    return true;
  }

  /** sf-pcap.c: 2.0 to 2.2 and DG/UX's 543.0 have the original length first; 2.3 may have. */
  #lengthOrder(major: number, minor: number): number {
    if (major === 543 && minor === 0) return LENGTHS.SWAPPED;
    if (major !== 2) {
      throw new CaptureFormatError('pcap', VERSION_MAJOR, 'version 2.0 to 2.4, or 543.0', `version ${major}.${minor}`);
    }
    if (minor > 4) this.warnings.push(`pcap version 2.${minor} is newer than 2.4 and was read as 2.4`);
    if (minor < 3) return LENGTHS.SWAPPED;
    return minor === 3 ? LENGTHS.MAYBE_SWAPPED : LENGTHS.IN_ORDER;
  }
}

/** The record of packet `number` at `offset` claims more than a packet can have: what follows can't be found. */
export function tooLong(offset: number, number: number, maximum: number, captured: number): CaptureFormatError {
  const expected = `packet ${number} with a captured length of at most ${maximum}`;
  return new CaptureFormatError('pcap', offset, expected, String(captured));
}

/** The file header's last word has the length of the frame check sequence in its upper 6 bits, which nobody here needs (draft-ietf-opsawg-pcap §4). */
const LINK_TYPE_BITS = 0x03ff_ffff;

function hexWord(word: number): string {
  return `0x${word.toString(16).padStart(8, '0')}`;
}
