/**
 * pcapng: sections of blocks, each section in a byte order of its own and with interfaces of its own.
 * Read first: https://www.ietf.org/archive/id/draft-ietf-opsawg-pcapng-02.html; offsets and options are in pcapng-blocks.ts.
 *
 * Packet, interface and statistics blocks are held in one piece (they are bounded); everything else - names, secrets, journals, blocks
 * that nobody knows - streams past by its length and is never held. The section length is ignored: writers often leave it wrong.
 */
import { Receive } from '../bytes/receive.ts';
import { type Frame, STATUS, type Status } from './frame.ts';
import { canonicalLinkType } from './link-type.ts';
import {
  BLOCK,
  BYTE_ORDER_MAGIC,
  DEFAULT_RESOLUTION,
  DROPS_UNKNOWN,
  ENHANCED,
  eachOption,
  INTERFACE,
  MINIMUM_BLOCK,
  OBSOLETE,
  OPTION,
  packetDirection,
  padded,
  readInt64,
  readText,
  readUint64,
  SECTION,
  SIMPLE,
  STATISTICS,
} from './pcapng-blocks.ts';
import { InterfaceTable, type SectionInterface } from './pcapng-interfaces.ts';
import {
  CaptureFormatError,
  type CaptureInterface,
  type CaptureReader,
  type LossInterval,
  MAXIMUM_RECORD,
  type Moment,
} from './reader.ts';

export class PcapngReader implements CaptureReader {
  readonly format = 'pcapng';
  readonly warnings: string[] = [];
  application: string | null = null;
  heldFrom: Moment | null = null;
  heldUntil: Moment | null = null;
  truncated = false;

  readonly #input = new Receive();
  readonly #table = new InterfaceTable();
  #ended = false;
  /** False until the first section header. */
  #inSection = false;
  #littleEndian = true;
  /** Octets of the current block that still have to pass, without its trailing length; -1 when no block is being skipped. */
  #skipping = -1;
  /** Total length of the block that is being skipped, and where it began. */
  #skippedLength = 0;
  #skippedAt = 0;
  #number = 0;
  /** Time of the last packet, for those that have none. */
  #hasTime = false;
  #seconds = 0;
  #nanos = 0;
  #digits = 6;

  get interfaces(): readonly CaptureInterface[] {
    return this.#table.interfaces;
  }

  get losses(): readonly LossInterval[] {
    return this.#table.losses;
  }

  append(chunk: Uint8Array): void {
    this.#input.append(chunk);
  }

  end(): void {
    this.#ended = true;
  }

  next(frame: Frame): Status {
    const input = this.#input;
    for (;;) {
      if (this.#skipping >= 0 && !this.#finishSkip()) return this.#pause();
      if (input.at + 8 > input.end && !input.gather(8)) return this.#pause();
      const type = input.view.getUint32(input.at, this.#littleEndian);
      if (type === BLOCK.SECTION_HEADER && !this.#readByteOrder()) return this.#pause();
      const length = input.view.getUint32(input.at + 4, this.#littleEndian);
      this.#checkLength(type, length);
      if (!isHeld(type)) {
        this.#startSkip(type, length);
        continue;
      }
      if (input.at + length > input.end && !input.gather(length)) return this.#pause();
      const trailing = input.view.getUint32(input.at + length - 4, this.#littleEndian);
      if (trailing !== length) throw this.#trailingMismatch(this.#offset(), length, trailing);
      const isFrame = this.#readBlock(type, length, frame);
      input.at += length;
      if (isFrame) return STATUS.FRAME;
    }
  }

  /** Reads a block that lies whole at `input.at`; true when it was a packet. */
  #readBlock(type: number, length: number, frame: Frame): boolean {
    switch (type) {
      case BLOCK.ENHANCED_PACKET:
        this.#readEnhanced(length, frame);
        return true;
      case BLOCK.SIMPLE_PACKET:
        this.#readSimple(length, frame);
        return true;
      case BLOCK.PACKET:
        this.#readObsolete(length, frame);
        return true;
      case BLOCK.INTERFACE_DESCRIPTION:
        this.#readInterface(length);
        return false;
      case BLOCK.INTERFACE_STATISTICS:
        this.#readStatistics(length);
        return false;
      default:
        this.#readSection(length);
        return false;
    }
  }

  /** §4.3. Checked by the caller: `length` octets are there, and at least ENHANCED.MINIMUM. */
  #readEnhanced(length: number, frame: Frame): void {
    const { view, at } = this.#input;
    const littleEndian = this.#littleEndian;
    const source = this.#interface(view.getUint32(at + ENHANCED.INTERFACE, littleEndian));
    const captured = view.getUint32(at + ENHANCED.CAPTURED, littleEndian);
    if (captured > length - ENHANCED.MINIMUM) throw this.#tooLong(captured, length - ENHANCED.MINIMUM);
    this.#fill(frame, source, ENHANCED.DATA, captured, view.getUint32(at + ENHANCED.ORIGINAL, littleEndian));
    this.#stamp(frame, source, at + ENHANCED.HIGH);
    this.#readDirection(frame, at + ENHANCED.DATA + padded(captured), at + length - 4);
  }

  /** Appendix A: an enhanced packet with a 16-bit interface and the number of packets lost just before this one. */
  #readObsolete(length: number, frame: Frame): void {
    const { view, at } = this.#input;
    const littleEndian = this.#littleEndian;
    const source = this.#interface(view.getUint16(at + OBSOLETE.INTERFACE, littleEndian));
    const captured = view.getUint32(at + OBSOLETE.CAPTURED, littleEndian);
    if (captured > length - OBSOLETE.MINIMUM) throw this.#tooLong(captured, length - OBSOLETE.MINIMUM);
    const isFirst = !this.#hasTime;
    const secondsBefore = this.#seconds;
    const nanosBefore = this.#nanos;
    this.#fill(frame, source, OBSOLETE.DATA, captured, view.getUint32(at + OBSOLETE.ORIGINAL, littleEndian));
    this.#stamp(frame, source, at + OBSOLETE.HIGH);
    this.#readDirection(frame, at + OBSOLETE.DATA + padded(captured), at + length - 4);
    const drops = view.getUint16(at + OBSOLETE.DROPS, littleEndian);
    if (drops === DROPS_UNKNOWN) return;
    const { seconds, nanos } = frame;
    source.lostBefore(
      this.#table,
      drops,
      isFirst ? seconds : secondsBefore,
      isFirst ? nanos : nanosBefore,
      seconds,
      nanos,
    );
  }

  /** §4.4: no interface (it is the first of the section), no time, no captured length. */
  #readSimple(length: number, frame: Frame): void {
    const { view, at } = this.#input;
    const source = this.#interface(0);
    const original = view.getUint32(at + SIMPLE.ORIGINAL, this.#littleEndian);
    let captured = Math.min(original, length - SIMPLE.MINIMUM);
    if (source.snapLength > 0 && source.snapLength < captured) captured = source.snapLength;
    this.#fill(frame, source, SIMPLE.DATA, captured, original);
    frame.seconds = this.#seconds;
    frame.nanos = this.#nanos;
    frame.digits = this.#digits;
    frame.timeless = true;
  }

  #fill(frame: Frame, source: SectionInterface, dataAt: number, captured: number, original: number): void {
    const input = this.#input;
    frame.bytes = input.bytes;
    frame.view = input.view;
    frame.at = input.at + dataAt;
    frame.capturedLength = captured;
    frame.originalLength = Math.max(original, captured);
    frame.linkType = source.linkType;
    frame.interfaceIndex = source.index;
    frame.number = ++this.#number;
    frame.direction = 0;
    frame.timeless = false;
  }

  #stamp(frame: Frame, source: SectionInterface, at: number): void {
    const { view } = this.#input;
    const clock = source.clock;
    clock.set(view.getUint32(at, this.#littleEndian), view.getUint32(at + 4, this.#littleEndian));
    this.#hasTime = true;
    frame.seconds = this.#seconds = clock.seconds;
    frame.nanos = this.#nanos = clock.nanos;
    frame.digits = this.#digits = clock.digits;
    if (!source.hasTime) source.startAt(clock.seconds, clock.nanos);
  }

  #readDirection(frame: Frame, optionsAt: number, end: number): void {
    if (optionsAt >= end) return;
    const direction = packetDirection(this.#input.view, optionsAt, end, this.#littleEndian);
    if (direction < 0) this.#warn('malformed options of a packet block');
    else frame.direction = direction;
  }

  /** §4.2. */
  #readInterface(length: number): void {
    const { view, bytes, at } = this.#input;
    const littleEndian = this.#littleEndian;
    let name: string | null = null;
    let resolution: number = DEFAULT_RESOLUTION;
    let offsetSeconds = 0;
    const wellFormed = eachOption(
      view,
      at + INTERFACE.OPTIONS,
      at + length - 4,
      littleEndian,
      (code, valueAt, size) => {
        if (code === OPTION.INTERFACE_NAME) name = readText(bytes, valueAt, size);
        else if (code === OPTION.INTERFACE_RESOLUTION && size === 1) resolution = view.getUint8(valueAt);
        else if (code === OPTION.INTERFACE_OFFSET && size === 8) offsetSeconds = readInt64(view, valueAt, littleEndian);
      },
    );
    if (!wellFormed) this.#warn('malformed options of an interface description block');
    const linkType = canonicalLinkType(view.getUint16(at + INTERFACE.LINK_TYPE, littleEndian));
    const snapLength = view.getUint32(at + INTERFACE.SNAP_LENGTH, littleEndian);
    if (!this.#table.add(linkType, snapLength, name, resolution, offsetSeconds)) {
      throw this.#error(`at most ${InterfaceTable.LIMIT} interfaces`, 'one more');
    }
  }

  /** §4.6. The counters run from the start of the capture. */
  #readStatistics(length: number): void {
    const { view, at } = this.#input;
    const littleEndian = this.#littleEndian;
    const source = this.#interface(view.getUint32(at + STATISTICS.INTERFACE, littleEndian));
    const high = view.getUint32(at + STATISTICS.HIGH, littleEndian);
    const low = view.getUint32(at + STATISTICS.LOW, littleEndian);
    let received = -1;
    let byInterface = -1;
    let bySystem = -1;
    const wellFormed = eachOption(
      view,
      at + STATISTICS.OPTIONS,
      at + length - 4,
      littleEndian,
      (code, valueAt, size) => {
        if (size !== 8) return;
        if (code === OPTION.STATISTICS_RECEIVED) received = readUint64(view, valueAt, littleEndian);
        else if (code === OPTION.STATISTICS_DROPPED_BY_INTERFACE) byInterface = readUint64(view, valueAt, littleEndian);
        else if (code === OPTION.STATISTICS_DROPPED_BY_SYSTEM) bySystem = readUint64(view, valueAt, littleEndian);
      },
    );
    if (!wellFormed) this.#warn('malformed options of an interface statistics block');
    source.clock.set(high, low);
    source.observe(this.#table, received, byInterface, bySystem);
    // Of others it is not known whether packets before that moment were taken out of the file (editcap, an export of Wireshark).
    if (this.application?.startsWith(OWN_APPLICATION)) {
      const moment = { seconds: source.clock.seconds, nanos: source.clock.nanos };
      if (this.#number === 0) this.heldFrom ??= moment;
      this.heldUntil = moment;
    }
  }

  /** §4.1: a new section; the interfaces of the one before are gone. */
  #readSection(length: number): void {
    const { view, bytes, at } = this.#input;
    const littleEndian = this.#littleEndian;
    const major = view.getUint16(at + SECTION.MAJOR, littleEndian);
    const minor = view.getUint16(at + SECTION.MINOR, littleEndian);
    if (major !== 1) throw this.#error('a section of version 1.0 or 1.2', `version ${major}.${minor}`);
    this.#inSection = true;
    this.#table.startSection();
    const wellFormed = eachOption(view, at + SECTION.OPTIONS, at + length - 4, littleEndian, (code, valueAt, size) => {
      if (code === OPTION.SECTION_APPLICATION) this.application ??= readText(bytes, valueAt, size);
    });
    if (!wellFormed) this.#warn('malformed options of a section header block');
  }

  /** The section header's magic says how to read it; false when it isn't there yet. */
  #readByteOrder(): boolean {
    const input = this.#input;
    if (input.at + MINIMUM_BLOCK > input.end && !input.gather(MINIMUM_BLOCK)) return false;
    const littleEndian = input.view.getUint32(input.at + SECTION.MAGIC, true) === BYTE_ORDER_MAGIC;
    if (!littleEndian && input.view.getUint32(input.at + SECTION.MAGIC) !== BYTE_ORDER_MAGIC) {
      const found = input.view.getUint32(input.at + SECTION.MAGIC);
      throw this.#error('the byte-order magic 0x1a2b3c4d in a section header', hexWord(found));
    }
    this.#littleEndian = littleEndian;
    return true;
  }

  /** Everything that a total length can be wrong in by itself (§3.1). */
  #checkLength(type: number, length: number): void {
    if (!this.#inSection && type !== BLOCK.SECTION_HEADER) throw this.#error('a section header block', blockName(type));
    if (length % 4 !== 0) throw this.#error(`${blockName(type)} with a length that is a multiple of 4`, String(length));
    const minimum = minimumLength(type);
    if (length < minimum) throw this.#error(`${blockName(type)} of at least ${minimum} bytes`, String(length));
    if (length > MAXIMUM_HELD && isHeld(type)) {
      throw this.#error(`${blockName(type)} of at most ${MAXIMUM_HELD} bytes`, String(length));
    }
  }

  #startSkip(type: number, length: number): void {
    if (isNumbered(type)) this.#number++;
    this.#skippedAt = this.#offset();
    this.#skippedLength = length;
    this.#skipping = length - 4;
  }

  /** Lets the rest of a skipped block pass; false when the input is used up before its end. */
  #finishSkip(): boolean {
    const input = this.#input;
    this.#skipping = input.skip(this.#skipping);
    if (this.#skipping > 0 || !input.gather(4)) return false;
    const trailing = input.view.getUint32(input.at, this.#littleEndian);
    if (trailing !== this.#skippedLength) throw this.#trailingMismatch(this.#skippedAt, this.#skippedLength, trailing);
    input.at += 4;
    this.#skipping = -1;
    return true;
  }

  /** The input is used up, perhaps inside a block. */
  #pause(): Status {
    if (!this.#ended) return STATUS.NEED_MORE;
    if (this.#input.at < this.#input.end || this.#skipping >= 0 || !this.#inSection) this.truncated = true;
    return STATUS.END;
  }

  #interface(number: number): SectionInterface {
    const found = this.#table.section[number];
    if (found !== undefined) return found;
    const count = this.#table.section.length;
    throw this.#error(
      `an interface number below ${count}, the interfaces described so far in this section`,
      String(number),
    );
  }

  #offset(): number {
    return this.#input.base + this.#input.at;
  }

  #warn(sentence: string): void {
    if (!this.warnings.includes(sentence)) this.warnings.push(sentence);
  }

  #tooLong(captured: number, room: number): CaptureFormatError {
    return this.#error(`a captured length of at most ${room}, the room in its block`, String(captured));
  }

  #trailingMismatch(offset: number, length: number, trailing: number): CaptureFormatError {
    const expected = `the block's length ${length} again at its end`;
    return new CaptureFormatError('pcapng', offset, expected, String(trailing), this.application);
  }

  #error(expected: string, found: string): CaptureFormatError {
    return new CaptureFormatError('pcapng', this.#offset(), expected, found, this.application);
  }
}

/** How shb_userappl begins in files that `tripod live --write` wrote. */
export const OWN_APPLICATION = 'tripod ';

/** Octets: the largest packet with its header and options. */
const MAXIMUM_HELD = MAXIMUM_RECORD + 131_072;

/** Blocks that are read in one piece; the others stream past. */
function isHeld(type: number): boolean {
  return (
    type === BLOCK.ENHANCED_PACKET ||
    type === BLOCK.SECTION_HEADER ||
    (type <= BLOCK.INTERFACE_STATISTICS && type >= BLOCK.INTERFACE_DESCRIPTION && type !== NAME_RESOLUTION)
  );
}

const NAME_RESOLUTION = 4;

/** Skipped blocks that Wireshark lists among the packets: without counting them, every later packet would have another number there. */
function isNumbered(type: number): boolean {
  return type === BLOCK.CUSTOM || type === BLOCK.CUSTOM_NOT_COPIED || type === BLOCK.JOURNAL_EXPORT;
}

function minimumLength(type: number): number {
  switch (type) {
    case BLOCK.ENHANCED_PACKET:
      return ENHANCED.MINIMUM;
    case BLOCK.SIMPLE_PACKET:
      return SIMPLE.MINIMUM;
    case BLOCK.PACKET:
      return OBSOLETE.MINIMUM;
    case BLOCK.INTERFACE_DESCRIPTION:
      return INTERFACE.MINIMUM;
    case BLOCK.INTERFACE_STATISTICS:
      return STATISTICS.MINIMUM;
    case BLOCK.SECTION_HEADER:
      return SECTION.MINIMUM;
    default:
      return MINIMUM_BLOCK;
  }
}

function blockName(type: number): string {
  switch (type) {
    case BLOCK.ENHANCED_PACKET:
      return 'an enhanced packet block';
    case BLOCK.SIMPLE_PACKET:
      return 'a simple packet block';
    case BLOCK.PACKET:
      return 'a packet block';
    case BLOCK.INTERFACE_DESCRIPTION:
      return 'an interface description block';
    case BLOCK.INTERFACE_STATISTICS:
      return 'an interface statistics block';
    case BLOCK.SECTION_HEADER:
      return 'a section header block';
    default:
      return `a block of type ${hexWord(type)}`;
  }
}

function hexWord(word: number): string {
  return `0x${word.toString(16).padStart(8, '0')}`;
}
