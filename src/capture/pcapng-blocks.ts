/**
 * The blocks of pcapng as far as they are read here: numbers, offsets, options.
 * Read first: https://www.ietf.org/archive/id/draft-ietf-opsawg-pcapng-02.html §3 (block and option structure) and §4 (block types).
 *
 *     type 4 | total length 4 | body … | options … | total length 4          every block; the length counts all of it
 *     code 2 | length 2 | value, padded to 4                                 one option; code 0 ends the list
 *
 * What isn't listed in BLOCK is skipped by its length; so are the last three of the list, but Wireshark gives each of them a packet number.
 */
export const BLOCK = {
  /** Reads the same in both byte orders. */
  SECTION_HEADER: 0x0a0d0d0a,
  INTERFACE_DESCRIPTION: 1,
  /** The obsolete packet block (appendix A). */
  PACKET: 2,
  SIMPLE_PACKET: 3,
  INTERFACE_STATISTICS: 5,
  ENHANCED_PACKET: 6,
  JOURNAL_EXPORT: 9,
  CUSTOM: 0x0000_0bad,
  CUSTOM_NOT_COPIED: 0x4000_0bad,
} as const;

export const BYTE_ORDER_MAGIC = 0x1a2b3c4d;

/** Octets of a block without body: type and the length twice. */
export const MINIMUM_BLOCK = 12;

/** Offsets from the block's first octet (§4), and the least total length that licenses reading them. */
export const SECTION = { MAGIC: 8, MAJOR: 12, MINOR: 14, OPTIONS: 24, MINIMUM: 28 } as const;
export const INTERFACE = { LINK_TYPE: 8, SNAP_LENGTH: 12, OPTIONS: 16, MINIMUM: 20 } as const;
export const ENHANCED = { INTERFACE: 8, HIGH: 12, LOW: 16, CAPTURED: 20, ORIGINAL: 24, DATA: 28, MINIMUM: 32 } as const;
export const SIMPLE = { ORIGINAL: 8, DATA: 12, MINIMUM: 16 } as const;
export const OBSOLETE = {
  INTERFACE: 8,
  DROPS: 10,
  HIGH: 12,
  LOW: 16,
  CAPTURED: 20,
  ORIGINAL: 24,
  DATA: 28,
  MINIMUM: 32,
} as const;
export const STATISTICS = { INTERFACE: 8, HIGH: 12, LOW: 16, OPTIONS: 20, MINIMUM: 24 } as const;

/** Drop count of the obsolete packet block that says "not known". */
export const DROPS_UNKNOWN = 0xffff;

/** Option codes (§3.5 and the section of each block). */
export const OPTION = {
  END: 0,
  SECTION_APPLICATION: 4,
  INTERFACE_NAME: 2,
  INTERFACE_RESOLUTION: 9,
  INTERFACE_OFFSET: 14,
  PACKET_FLAGS: 2,
  STATISTICS_RECEIVED: 4,
  STATISTICS_DROPPED_BY_INTERFACE: 5,
  STATISTICS_DROPPED_BY_SYSTEM: 7,
} as const;

/** if_tsresol when the option is absent: microseconds. */
export const DEFAULT_RESOLUTION = 6;

/**
 * Calls `visit` with each option's code, the position of its value, and its length, in [at, end). For blocks that are rare: it takes a closure.
 * @returns false when the list is malformed: what comes after the fault was not visited.
 */
export function eachOption(
  view: DataView,
  at: number,
  end: number,
  littleEndian: boolean,
  visit: (code: number, valueAt: number, length: number) => void,
): boolean {
  while (at + 4 <= end) {
    const code = view.getUint16(at, littleEndian);
    const length = view.getUint16(at + 2, littleEndian);
    if (code === OPTION.END) return true;
    if (at + 4 + length > end) return false;
    visit(code, at + 4, length);
    at += 4 + padded(length);
  }
  return at >= end;
}

/**
 * The direction that a packet block's options state (epb_flags, §4.3.1): 1 inbound, 2 outbound, 3 inbound but addressed to somebody else (reception
 * type "promiscuous"), 0 unknown; -1 when the list is malformed. Runs per packet: no closure.
 */
export function packetDirection(view: DataView, at: number, end: number, littleEndian: boolean): number {
  while (at + 4 <= end) {
    const code = view.getUint16(at, littleEndian);
    const length = view.getUint16(at + 2, littleEndian);
    if (code === OPTION.END) return 0;
    if (at + 4 + length > end) return -1;
    if (code === OPTION.PACKET_FLAGS && length === 4) {
      const flags = view.getUint32(at + 4, littleEndian);
      const direction = flags & 0b11;
      if (direction === 3) return 0;
      return direction === 1 && ((flags >>> 2) & 0b111) === PROMISCUOUS ? 3 : direction;
    }
    at += 4 + padded(length);
  }
  return at >= end ? 0 : -1;
}

const PROMISCUOUS = 4;

/** Length rounded up to the next multiple of 4. */
export function padded(length: number): number {
  return (length + 3) & ~3;
}

/** An unsigned 64-bit number as a double: exact to 2^53, which no counter of packets reaches. */
export function readUint64(view: DataView, at: number, littleEndian: boolean): number {
  const first = view.getUint32(at, littleEndian);
  const second = view.getUint32(at + 4, littleEndian);
  return littleEndian ? second * TWO_32 + first : first * TWO_32 + second;
}

/** A signed 64-bit number as a double. */
export function readInt64(view: DataView, at: number, littleEndian: boolean): number {
  const high = view.getInt32(littleEndian ? at + 4 : at, littleEndian);
  const low = view.getUint32(littleEndian ? at : at + 4, littleEndian);
  return high * TWO_32 + low;
}

const TWO_32 = 4_294_967_296;

/** Text of an option: UTF-8, at most `MAXIMUM_TEXT` octets of it, control characters made harmless, since it ends up on a terminal. */
export function readText(bytes: Uint8Array, at: number, length: number): string {
  const text = TEXT.decode(bytes.subarray(at, at + Math.min(length, MAXIMUM_TEXT)));
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return text.replace(/\0+$/, '').replace(/[\u0000-\u001f\u007f-\u009f]/g, '\ufffd');
}

const TEXT = new TextDecoder();
const MAXIMUM_TEXT = 200;
