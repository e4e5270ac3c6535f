/**
 * Plain frames as rows of numbers, so that one thread can decode what another one tracks. Plain is what nearly every frame of nearly every capture is: Ethernet
 * without a tag, IPv4 without options and fragments or IPv6 without extension headers, TCP with its 20 octets. A row stands for the Segment that
 * `Decoder.decode` makes of the same frame (test/wire/plain-row.test.ts holds them against each other); any other frame is left to the decoder, which alone has a memory
 * (fragments, networks) and must see such frames in the order of the capture.
 */
import * as ipv4 from './ipv4.ts';
import * as ipv6 from './ipv6.ts';
import { ETHER_TYPE } from './layer.ts';
import { DIRECTION, KIND, type Segment } from './segment.ts';
import * as tcp from './tcp.ts';

/** Words of a row, signed 32-bit integers: 48 octets. */
export const ROW_WORDS = 12;

/** Where each number stands. The first three are the owner's: `writePlainRow` leaves them alone. */
export const ROW = {
  /** First octet of the frame in its chunk. */
  AT: 0,
  SECONDS: 1,
  NANOS: 2,
  /** 0: not plain. Else 4 or 6, and then an octet each of flags, TTL, and words of TCP header with the bit MALFORMED. */
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
} as const;

const MALFORMED = 1 << 31;

const ETHERNET_LENGTH = 14;
const SHORTEST = ETHERNET_LENGTH + ipv4.MIN_LENGTH + tcp.MIN_LENGTH;

/**
 * Writes the row that begins at word `row`, if the frame of `captured` octets at `at` (LINKTYPE_ETHERNET) is plain; answers whether it is.
 */
export function writePlainRow(rows: Int32Array, row: number, view: DataView, at: number, captured: number): boolean {
  if (captured < SHORTEST) return false;
  const type = view.getUint16(at + ETHERNET_LENGTH - 2);
  if (type === ETHER_TYPE.IPV4) return writeIpv4(rows, row, view, at + ETHERNET_LENGTH, at + captured);
  return type === ETHER_TYPE.IPV6 && writeIpv6(rows, row, view, at + ETHERNET_LENGTH, at + captured);
}

function writeIpv4(rows: Int32Array, row: number, view: DataView, at: number, end: number): boolean {
  if (!ipv4.isPlainTcp(view, at)) return false;
  const wireEnd = at + view.getUint16(at + ipv4.TOTAL_LENGTH);
  const tcpAt = at + ipv4.MIN_LENGTH;
  rows[row + ROW.SOURCE] = view.getInt32(at + ipv4.SOURCE);
  rows[row + ROW.DESTINATION] = view.getInt32(at + ipv4.DESTINATION);
  const identification = view.getUint16(at + ipv4.IDENTIFICATION);
  writeTcp(rows, row, view, tcpAt, wireEnd - tcpAt, 4 | (view.getUint8(at + ipv4.TTL) << 16), identification);
  rows[row + ROW.CAPTURED_END] = Math.min(wireEnd, end);
  return true;
}

function writeIpv6(rows: Int32Array, row: number, view: DataView, at: number, end: number): boolean {
  const tcpAt = at + ipv6.HEADER_LENGTH;
  if (end - tcpAt < tcp.MIN_LENGTH || !ipv6.isPlainTcp(view, at)) return false;
  const tcpLength = view.getUint16(at + ipv6.PAYLOAD_LENGTH);
  writeTcp(rows, row, view, tcpAt, tcpLength, 6 | (view.getUint8(at + ipv6.HOP_LIMIT) << 16), 0);
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
  rows[row + ROW.SHAPE] = shape | (((word >>> 16) & 0xff) << 8) | (headerWords << 24) | (isMalformed ? MALFORMED : 0);
  rows[row + ROW.PORTS] = view.getInt32(at + tcp.PORTS);
  rows[row + ROW.SEQUENCE] = view.getInt32(at + tcp.SEQUENCE);
  rows[row + ROW.ACKNOWLEDGMENT] = view.getInt32(at + tcp.ACKNOWLEDGMENT);
  rows[row + ROW.WINDOW] = (word & 0xffff) | (identification << 16);
  rows[row + ROW.TCP_LENGTH] = tcpLength;
}

/** Fills the segment of a plain row. `view` covers the chunk that the frame lies in, and must stay as it is for as long as the segment is used. */
export function readPlainRow(segment: Segment, rows: Int32Array, row: number, view: DataView): void {
  const at = rows[row + ROW.AT] as number;
  const shape = rows[row + ROW.SHAPE] as number;
  segment.kind = KIND.TCP;
  segment.network = 0;
  segment.direction = DIRECTION.UNKNOWN;
  segment.interfaceIndex = -1;
  segment.ethernetAt = at;
  segment.fragmented = false;
  const ipAt = at + ETHERNET_LENGTH;
  segment.ipAt = ipAt;
  const window = rows[row + ROW.WINDOW] as number;
  if ((shape & 0xff) === 4) {
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
  segment.ttl = (shape >>> 16) & 0xff;
  const ports = rows[row + ROW.PORTS] as number;
  const tcpLength = rows[row + ROW.TCP_LENGTH] as number;
  const headerLength = ((shape >>> 24) & 0x0f) * 4;
  segment.malformed = shape < 0;
  segment.sourcePort = ports >>> 16;
  segment.destinationPort = ports & 0xffff;
  segment.sequence = (rows[row + ROW.SEQUENCE] as number) >>> 0;
  segment.acknowledgment = (rows[row + ROW.ACKNOWLEDGMENT] as number) >>> 0;
  segment.flags = (shape >>> 8) & 0xff;
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
