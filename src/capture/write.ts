/**
 * Frames -> bytes, in both containers: pure functions that return the pieces of a file, to be written one after the other.
 *
 *     pcap:    pcapHeader, then pcapRecord for each packet
 *     pcapng:  sectionHeader, interfaceDescription for each interface, then enhancedPacket, …, interfaceStatistics
 *
 * Formats: draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng.
 */
import { BLOCK, BYTE_ORDER_MAGIC, OPTION, padded } from './pcapng-blocks.ts';

/** A packet to write. */
export interface Packet {
  /** Whole seconds since 1970, and nanoseconds in [0, 1e9). */
  readonly seconds: number;
  readonly nanos: number;
  /** The captured octets. */
  readonly bytes: Uint8Array;
  /** Octets on the wire; those captured when absent. */
  readonly originalLength?: number;
}

export interface PcapOptions {
  readonly linkType: number;
  readonly resolution?: 'microseconds' | 'nanoseconds';
  readonly littleEndian?: boolean;
  readonly snapLength?: number;
}

export function pcapHeader(options: PcapOptions): Uint8Array {
  const { linkType, resolution = 'microseconds', littleEndian = true, snapLength = MAXIMUM_SNAPLEN } = options;
  const bytes = new Uint8Array(24);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, resolution === 'nanoseconds' ? 0xa1b23c4d : 0xa1b2c3d4, littleEndian);
  view.setUint16(4, 2, littleEndian);
  view.setUint16(6, 4, littleEndian);
  view.setUint32(16, snapLength, littleEndian);
  view.setUint32(20, linkType, littleEndian);
  return bytes;
}

/** One record. Digits that the resolution does not have are cut off; seconds must fit 32 bits unsigned. */
export function pcapRecord(packet: Packet, options: PcapOptions): Uint8Array {
  const { resolution = 'microseconds', littleEndian = true } = options;
  const bytes = new Uint8Array(16 + packet.bytes.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, packet.seconds, littleEndian);
  view.setUint32(4, resolution === 'nanoseconds' ? packet.nanos : Math.floor(packet.nanos / 1000), littleEndian);
  view.setUint32(8, packet.bytes.length, littleEndian);
  view.setUint32(12, packet.originalLength ?? packet.bytes.length, littleEndian);
  bytes.set(packet.bytes, 16);
  return bytes;
}

export interface SectionOptions {
  readonly littleEndian?: boolean;
  readonly application?: string;
  readonly comment?: string;
}

export function sectionHeader(options: SectionOptions = {}): Uint8Array {
  const { littleEndian = true, application, comment } = options;
  const body = new Uint8Array(16);
  const view = new DataView(body.buffer);
  view.setUint32(0, BYTE_ORDER_MAGIC, littleEndian);
  view.setUint16(4, 1, littleEndian);
  view.setInt32(8, -1);
  view.setInt32(12, -1);
  return block(BLOCK.SECTION_HEADER, littleEndian, body, [
    ...textOption(OPTION_COMMENT, comment, littleEndian),
    ...textOption(OPTION.SECTION_APPLICATION, application, littleEndian),
  ]);
}

export interface InterfaceOptions {
  readonly linkType: number;
  readonly snapLength?: number;
  readonly name?: string;
  /** if_tsresol: the negative power of 10, or with bit 7 set the negative power of 2. Microseconds when absent. */
  readonly resolution?: number;
  /** if_tsoffset: seconds to add to every time; an integer. */
  readonly offsetSeconds?: number;
  readonly littleEndian?: boolean;
}

export function interfaceDescription(options: InterfaceOptions): Uint8Array {
  const { linkType, snapLength = 0, name, resolution, offsetSeconds, littleEndian = true } = options;
  const body = new Uint8Array(8);
  const view = new DataView(body.buffer);
  view.setUint16(0, linkType, littleEndian);
  view.setUint32(4, snapLength, littleEndian);
  const list = textOption(OPTION.INTERFACE_NAME, name, littleEndian);
  if (resolution !== undefined) list.push(option(OPTION.INTERFACE_RESOLUTION, Uint8Array.of(resolution), littleEndian));
  if (offsetSeconds !== undefined) {
    list.push(
      option(OPTION.INTERFACE_OFFSET, uint64(BigInt.asUintN(64, BigInt(offsetSeconds)), littleEndian), littleEndian),
    );
  }
  return block(BLOCK.INTERFACE_DESCRIPTION, littleEndian, body, list);
}

export interface EnhancedPacketOptions {
  /** Number of the interface in its section. */
  readonly interfaceNumber?: number;
  /** As in the description of that interface. */
  readonly resolution?: number;
  readonly offsetSeconds?: number;
  readonly littleEndian?: boolean;
  /** epb_flags direction: 1 inbound, 2 outbound. */
  readonly direction?: number;
  readonly comments?: readonly string[];
}

export function enhancedPacket(packet: Packet, options: EnhancedPacketOptions = {}): Uint8Array {
  const { interfaceNumber = 0, littleEndian = true, direction, comments = [] } = options;
  const captured = packet.bytes.length;
  const body = new Uint8Array(20 + padded(captured));
  const view = new DataView(body.buffer);
  const ticks = ticksOf(packet, options.resolution ?? 6, options.offsetSeconds ?? 0);
  view.setUint32(0, interfaceNumber, littleEndian);
  view.setUint32(4, Number(ticks >> 32n), littleEndian);
  view.setUint32(8, Number(ticks & 0xffff_ffffn), littleEndian);
  view.setUint32(12, captured, littleEndian);
  view.setUint32(16, packet.originalLength ?? captured, littleEndian);
  body.set(packet.bytes, 20);
  const list = comments.flatMap((comment) => textOption(OPTION_COMMENT, comment, littleEndian));
  if (direction !== undefined) list.push(option(OPTION.PACKET_FLAGS, uint32(direction, littleEndian), littleEndian));
  return block(BLOCK.ENHANCED_PACKET, littleEndian, body, list);
}

export interface StatisticsOptions extends Omit<EnhancedPacketOptions, 'direction'> {
  readonly seconds: number;
  readonly nanos: number;
  readonly received?: number;
  readonly droppedByInterface?: number;
  readonly droppedBySystem?: number;
}

export function interfaceStatistics(options: StatisticsOptions): Uint8Array {
  const { interfaceNumber = 0, littleEndian = true, comments = [] } = options;
  const body = new Uint8Array(12);
  const view = new DataView(body.buffer);
  const ticks = ticksOf(options, options.resolution ?? 6, options.offsetSeconds ?? 0);
  view.setUint32(0, interfaceNumber, littleEndian);
  view.setUint32(4, Number(ticks >> 32n), littleEndian);
  view.setUint32(8, Number(ticks & 0xffff_ffffn), littleEndian);
  const list = comments.flatMap((comment) => textOption(OPTION_COMMENT, comment, littleEndian));
  for (const [code, count] of [
    [OPTION.STATISTICS_RECEIVED, options.received],
    [OPTION.STATISTICS_DROPPED_BY_INTERFACE, options.droppedByInterface],
    [OPTION.STATISTICS_DROPPED_BY_SYSTEM, options.droppedBySystem],
  ] as const) {
    if (count !== undefined) list.push(option(code, uint64(BigInt(count), littleEndian), littleEndian));
  }
  return block(BLOCK.INTERFACE_STATISTICS, littleEndian, body, list);
}

/** Any block: type, the length twice, a body whose length is a multiple of 4, and its options (with their end when there are any). */
export function block(
  type: number,
  littleEndian: boolean,
  body: Uint8Array,
  options: readonly Uint8Array[] = [],
): Uint8Array {
  const optionsLength = options.reduce((sum, piece) => sum + piece.length, options.length > 0 ? 4 : 0);
  const length = 12 + body.length + optionsLength;
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, type, littleEndian);
  view.setUint32(4, length, littleEndian);
  bytes.set(body, 8);
  let at = 8 + body.length;
  for (const piece of options) {
    bytes.set(piece, at);
    at += piece.length;
  }
  view.setUint32(length - 4, length, littleEndian);
  return bytes;
}

/** One option, padded. */
export function option(code: number, value: Uint8Array, littleEndian: boolean): Uint8Array {
  const bytes = new Uint8Array(4 + padded(value.length));
  const view = new DataView(bytes.buffer);
  view.setUint16(0, code, littleEndian);
  view.setUint16(2, value.length, littleEndian);
  bytes.set(value, 4);
  return bytes;
}

/** opt_comment, allowed in every block. */
const OPTION_COMMENT = 1;

/** Octets. libpcap's MAXIMUM_SNAPLEN, which tcpdump writes too. */
const MAXIMUM_SNAPLEN = 262_144;

function textOption(code: number, text: string | undefined, littleEndian: boolean): Uint8Array[] {
  return text === undefined ? [] : [option(code, new TextEncoder().encode(text), littleEndian)];
}

/** The time in ticks since the interface's offset; what is finer than a tick is cut off. */
function ticksOf(time: { seconds: number; nanos: number }, resolution: number, offsetSeconds: number): bigint {
  const perSecond = (resolution & 0x80) === 0 ? 10n ** BigInt(resolution) : 1n << BigInt(resolution & 0x7f);
  const seconds = BigInt(time.seconds - offsetSeconds);
  // Thousandths of a nanosecond, so that a fraction of one survives where the resolution has room for it.
  const picos = BigInt(Math.round(time.nanos * 1000));
  return BigInt.asUintN(64, seconds * perSecond + (picos * perSecond) / 1_000_000_000_000n);
}

function uint32(value: number, littleEndian: boolean): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, littleEndian);
  return bytes;
}

function uint64(value: bigint, littleEndian: boolean): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value, littleEndian);
  return bytes;
}
