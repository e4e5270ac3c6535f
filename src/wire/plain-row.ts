/**
 * Plain frames as rows of numbers, so that one thread can decode what another one tracks. Plain is what nearly every frame of nearly every capture is: Ethernet
 * with at most two VLAN tags, IPv4 without options and fragments or IPv6 without extension headers, TCP with its 20 octets. A row stands for the Segment that
 * `Decoder.decode` makes of the same frame (test/wire/plain-row.test.ts holds them against each other); any other frame is left to the decoder, which alone has a memory
 * (fragments, networks) and must see such frames in the order of the capture.
 */
import * as ipv4 from './ipv4.ts';
import * as ipv6 from './ipv6.ts';
import { ETHER_TYPE } from './layer.ts';
import { KIND, type Segment } from './segment.ts';
import * as tcp from './tcp.ts';
import { isTagType, readTags, tagsLength, tagsOf } from './vlan.ts';

/** Words of a row, signed 32-bit integers: 64 octets, a cache line. */
export const ROW_WORDS = 16;

/** Where each number stands. The first three and the keys are the owner's: `writePlainRow` leaves them alone. */
export const ROW = {
  /** First octet of the frame in its chunk. */
  AT: 0,
  SECONDS: 1,
  NANOS: 2,
  /** 0: not plain. Else 4 or 6 with the number of tags, and then an octet each of flags, TTL, and words of TCP header with the bit MALFORMED and the owner's
   * NANOSECONDS and DIRECTION. */
  SHAPE: 3,
  /** IPv4 addresses; those of IPv6 are read from the frame. */
  SOURCE: 4,
  DESTINATION: 5,
  /** The source's in the high half. */
  PORTS: 6,
  SEQUENCE: 7,
  ACKNOWLEDGMENT: 8,
  /** The identification of IPv4 in the high half. */
  WINDOW: 9,
  TCP_LENGTH: 10,
  CAPTURED_END: 11,
  /** Keys, by flow/row-keys.ts: hash of the flow, and fingerprint. */
  HASH: 12,
  PRINT: 13,
  /** Of VLAN tags, by `tagsOf` (vlan.ts): 0 when none names a VLAN. */
  TAGS: 14,
  /** A key, too: what a SYN or SYN-ACK offers (tcp-options.ts). */
  OFFERS: 15,
} as const;

/** In SHAPE. */
export const FAMILY_MASK = 0x0f;
/** Octets of VLAN tags, 0, 4 or 8: the two bits beside the family. */
const TAGS_LENGTH_SHIFT = 2;
const TAGS_LENGTH_MASK = 0x0c;
export const FLAGS_SHIFT = 8;
export const TTL_SHIFT = 16;
export const HEADER_WORDS_SHIFT = 24;
const HEADER_WORDS_MASK = 0x0f;
/** The owner's: whether the time has nine digits or six, and the direction that the container states. */
export const NANOSECONDS = 1 << 28;
export const DIRECTION_SHIFT = 29;
export const DIRECTION_MASK = 3;
const MALFORMED = 1 << 31;

const ETHERNET_LENGTH = 14;
const SHORTEST = ETHERNET_LENGTH + ipv4.MIN_LENGTH + tcp.MIN_LENGTH;

/**
 * Writes the row that begins at word `row`, if the frame of `captured` octets at `at` (LINKTYPE_ETHERNET) is plain; answers whether it is.
 */
export function writePlainRow(rows: Int32Array, row: number, view: DataView, at: number, captured: number): boolean {
  if (captured < SHORTEST) return false;
  let ipAt = at + ETHERNET_LENGTH;
  let type = view.getUint16(ipAt - 2);
  let tagsShape = 0;
  let tags = 0;
  if (isTagType(type)) {
    const read = readTags(view, at);
    tags = tagsOf(read);
    tagsShape = tagsLength(read) << TAGS_LENGTH_SHIFT;
    ipAt += tagsLength(read);
    type = view.getUint16(ipAt - 2);
  }
  rows[row + ROW.TAGS] = tags;
  if (type === ETHER_TYPE.IPV4) return writeIpv4(rows, row, view, ipAt, at + captured, tagsShape);
  return type === ETHER_TYPE.IPV6 && writeIpv6(rows, row, view, ipAt, at + captured, tagsShape);
}

function writeIpv4(rows: Int32Array, row: number, view: DataView, at: number, end: number, tagsShape: number): boolean {
  const tcpAt = at + ipv4.MIN_LENGTH;
  if (end - tcpAt < tcp.MIN_LENGTH || !ipv4.isPlainTcp(view, at)) return false;
  const wireEnd = at + view.getUint16(at + ipv4.TOTAL_LENGTH);
  const shape = 4 | tagsShape | (view.getUint8(at + ipv4.TTL) << TTL_SHIFT);
  rows[row + ROW.SOURCE] = view.getInt32(at + ipv4.SOURCE);
  rows[row + ROW.DESTINATION] = view.getInt32(at + ipv4.DESTINATION);
  const identification = view.getUint16(at + ipv4.IDENTIFICATION);
  writeTcp(rows, row, view, tcpAt, wireEnd - tcpAt, shape, identification);
  rows[row + ROW.CAPTURED_END] = Math.min(wireEnd, end);
  return true;
}

function writeIpv6(rows: Int32Array, row: number, view: DataView, at: number, end: number, tagsShape: number): boolean {
  const tcpAt = at + ipv6.HEADER_LENGTH;
  if (end - tcpAt < tcp.MIN_LENGTH || !ipv6.isPlainTcp(view, at)) return false;
  const tcpLength = view.getUint16(at + ipv6.PAYLOAD_LENGTH);
  const shape = 6 | tagsShape | (view.getUint8(at + ipv6.HOP_LIMIT) << TTL_SHIFT);
  writeTcp(rows, row, view, tcpAt, tcpLength, shape, 0);
  rows[row + ROW.CAPTURED_END] = Math.min(tcpAt + tcpLength, end);
  return true;
}

function writeTcp(
  rows: Int32Array,
  row: number,
  view: DataView,
  at: number,
  tcpLength: number,
  shape: number,
  identification: number,
): void {
  const word = view.getInt32(at + tcp.OFFSET_FLAGS_WINDOW);
  const headerLength = (word >>> 28) * 4;
  const isMalformed = headerLength < tcp.MIN_LENGTH || headerLength > tcpLength;
  const headerWords = (isMalformed ? tcp.MIN_LENGTH : headerLength) / 4;
  rows[row + ROW.SHAPE] =
    shape |
    (((word >>> 16) & 0xff) << FLAGS_SHIFT) |
    (headerWords << HEADER_WORDS_SHIFT) |
    (isMalformed ? MALFORMED : 0);
  rows[row + ROW.PORTS] = view.getInt32(at + tcp.PORTS);
  rows[row + ROW.SEQUENCE] = view.getInt32(at + tcp.SEQUENCE);
  rows[row + ROW.ACKNOWLEDGMENT] = view.getInt32(at + tcp.ACKNOWLEDGMENT);
  rows[row + ROW.WINDOW] = (word & 0xffff) | (identification << 16);
  rows[row + ROW.TCP_LENGTH] = tcpLength;
}

/** 32-bit words of TCP header. */
export function headerWordsOf(shape: number): number {
  return (shape >>> HEADER_WORDS_SHIFT) & HEADER_WORDS_MASK;
}

/** Octets. */
export function payloadOf(rows: Int32Array, row: number): number {
  return (rows[row + ROW.TCP_LENGTH] as number) - 4 * headerWordsOf(rows[row + ROW.SHAPE] as number);
}

/** Where the IP header begins. */
export function ipAtOf(rows: Int32Array, row: number): number {
  const tagsLength = ((rows[row + ROW.SHAPE] as number) >>> TAGS_LENGTH_SHIFT) & TAGS_LENGTH_MASK;
  return (rows[row + ROW.AT] as number) + ETHERNET_LENGTH + tagsLength;
}

/**
 * Fills the segment of a plain row. `view` covers the chunk that the frame lies in, and must stay as it is for as long as the segment is used.
 * @param network of the row's TAGS
 */
export function readPlainRow(segment: Segment, rows: Int32Array, row: number, view: DataView, network: number): void {
  const at = rows[row + ROW.AT] as number;
  const shape = rows[row + ROW.SHAPE] as number;
  segment.kind = KIND.TCP;
  segment.network = network;
  segment.direction = (shape >>> DIRECTION_SHIFT) & DIRECTION_MASK;
  segment.interfaceIndex = -1;
  segment.ethernetAt = at;
  segment.fragmented = false;
  segment.udpAt = -1;
  const ipAt = ipAtOf(rows, row);
  segment.ipAt = ipAt;
  const window = rows[row + ROW.WINDOW] as number;
  if ((shape & FAMILY_MASK) === 4) {
    segment.family = 4;
    segment.source0 = 0;
    segment.source1 = 0;
    segment.source2 = ipv4.MAPPED;
    segment.source3 = rows[row + ROW.SOURCE] as number;
    segment.destination0 = 0;
    segment.destination1 = 0;
    segment.destination2 = ipv4.MAPPED;
    segment.destination3 = rows[row + ROW.DESTINATION] as number;
    segment.ipId = window >>> 16;
    segment.tcpAt = ipAt + ipv4.MIN_LENGTH;
  } else {
    ipv6.fillAddresses(segment, view, ipAt);
    segment.ipId = -1;
    segment.tcpAt = ipAt + ipv6.HEADER_LENGTH;
  }
  segment.ttl = (shape >>> TTL_SHIFT) & 0xff;
  const ports = rows[row + ROW.PORTS] as number;
  const tcpLength = rows[row + ROW.TCP_LENGTH] as number;
  const headerLength = headerWordsOf(shape) * 4;
  segment.malformed = shape < 0;
  segment.sourcePort = ports >>> 16;
  segment.destinationPort = ports & 0xffff;
  segment.sequence = (rows[row + ROW.SEQUENCE] as number) >>> 0;
  segment.acknowledgment = (rows[row + ROW.ACKNOWLEDGMENT] as number) >>> 0;
  segment.flags = (shape >>> FLAGS_SHIFT) & 0xff;
  segment.window = window & 0xffff;
  segment.payloadLength = tcpLength - headerLength;
  segment.hasSequence = true;
  segment.hasFlags = true;
  segment.view = view;
  segment.capturedEnd = rows[row + ROW.CAPTURED_END] as number;
  segment.tcpLength = tcpLength;
  segment.tcpHeaderLength = headerLength;
  segment.optionsParsed = false;
}
