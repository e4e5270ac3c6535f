/**
 * What can be computed of a segment before anybody knows the attempt that it belongs to: the hash of its flow, its fingerprint. The thread
 * that decodes a plain row (wire/plain-row.ts) writes them into it; of any other segment the tracker makes such a row itself.
 */
import {
  DIRECTION_SHIFT,
  FAMILY_MASK,
  FLAGS_SHIFT,
  HEADER_WORDS_SHIFT,
  headerWordsOf,
  ipAtOf,
  payloadOf,
  ROW,
  readPlainRow,
  TTL_SHIFT,
} from '../wire/plain-row.ts';
import { FLAG, KIND, type Segment } from '../wire/segment.ts';
import { offersWord, parseOptions } from '../wire/tcp-options.ts';
import { hashIpv4, hashIpv6, hashSegment, mix } from './hash.ts';

const IPV4_LENGTH = 20;
const IPV6_LENGTH = 40;
/** As in wire/segment.ts, of IPv6. */
const NO_IDENTIFICATION = -1;
/** 32-bit words of a TCP header without options, and with timestamps alone, as all but the SYNs of most connections have them (RFC 7323, appendix A): NOP, NOP, kind 8, length 10. */
const BARE_WORDS = 5;
const STAMPED_WORDS = 8;
const STAMPED_LENGTH = 32;
const STAMP_OPTION = 0x0101_080a;
const OPTIONS = 20;
const STAMP_VALUE = 24;

const SYN = FLAG.SYN << FLAGS_SHIFT;

/** Fills in the keys of a plain row. @param scratch a segment that may be written. @param seed of the flows' hashes */
export function writeKeys(rows: Int32Array, row: number, view: DataView, scratch: Segment, seed: number): void {
  const shape = rows[row + ROW.SHAPE] as number;
  if ((shape & SYN) === 0) {
    const isIpv4 = (shape & FAMILY_MASK) === 4;
    const ipAt = ipAtOf(rows, row);
    const at = ipAt + (isIpv4 ? IPV4_LENGTH : IPV6_LENGTH);
    const words = headerWordsOf(shape);
    const isStamped =
      words === STAMPED_WORDS &&
      at + STAMPED_LENGTH <= (rows[row + ROW.CAPTURED_END] as number) &&
      view.getInt32(at + OPTIONS) === STAMP_OPTION;
    if (words === BARE_WORDS || isStamped) {
      const ports = rows[row + ROW.PORTS] as number;
      rows[row + ROW.HASH] = isIpv4
        ? hashIpv4(rows[row + ROW.SOURCE] as number, rows[row + ROW.DESTINATION] as number, ports, seed)
        : hashIpv6(view, ipAt, ports, seed);
      rows[row + ROW.PRINT] = printOfRow(rows, row, at - ipAt, isStamped ? view.getInt32(at + STAMP_VALUE) : 0);
      return;
    }
  }
  readPlainRow(scratch, rows, row, view, 0);
  rows[row + ROW.HASH] = hashSegment(scratch, seed);
  rows[row + ROW.PRINT] = fingerprint(scratch);
  if ((shape & SYN) !== 0) rows[row + ROW.OFFERS] = offersWord(scratch);
}

/** Whether a row can say all of the segment that ordinary.ts asks for: not where it passed, nor the identification of an IPv6 fragment. */
export function fitsRow(segment: Segment): boolean {
  return segment.interfaceIndex < 0 && (segment.family === 4 || segment.ipId < 0);
}

/** Makes a row of a TCP segment that has none, and that `fitsRow`: flags and what else SHAPE holds, numbers, payload, identification, print. */
export function writeSegmentRow(rows: Int32Array, row: number, segment: Segment): void {
  rows[row + ROW.SHAPE] =
    segment.family |
    (segment.flags << FLAGS_SHIFT) |
    (segment.ttl << TTL_SHIFT) |
    (BARE_WORDS << HEADER_WORDS_SHIFT) |
    (segment.direction << DIRECTION_SHIFT);
  rows[row + ROW.SEQUENCE] = segment.sequence;
  rows[row + ROW.ACKNOWLEDGMENT] = segment.acknowledgment;
  rows[row + ROW.WINDOW] = segment.window | (Math.max(0, segment.ipId) << 16);
  rows[row + ROW.TCP_LENGTH] = segment.payloadLength + 4 * BARE_WORDS;
  rows[row + ROW.PRINT] = fingerprint(segment);
  if ((segment.flags & FLAG.SYN) !== 0) rows[row + ROW.OFFERS] = offersWord(segment);
}

/**
 * Everything that a copy has in common with its original and a retransmission has not: not the TTL (a router lies between), not the checksum (the card
 * fills it in later), not the link layer. Of SYNs and SYN-ACKs not the ECN bits either, and of a SYN the timestamp apart (`isSameSyn`): a box that lies between takes them away. (A SYN-ACK keeps its
 * timestamp: a server may send two at once, one for its timer and one for a repeated SYN.) Never 0, which marks an unused place.
 * @param port in place of the source's
 */
export function fingerprint(segment: Segment, port: number = segment.sourcePort): number {
  if (segment.kind === KIND.TCP) parseOptions(segment);
  const headers = segment.ipAt < 0 ? 0 : segment.tcpAt - segment.ipAt;
  const numbers = Math.imul(segment.sequence, 0x9e3779b1) ^ Math.imul(segment.acknowledgment, 0x85ebca77);
  const ends = port ^ (headers << 16) ^ (segment.kind << 26);
  const isSyn = segment.kind === KIND.TCP && (segment.flags & FLAG.SYN) !== 0;
  const flags = isSyn ? segment.flags & ~(FLAG.ECE | FLAG.CWR) : segment.flags;
  const shape = (segment.ipId << 16) ^ (segment.payloadLength << 4) ^ flags;
  if (isSyn && (flags & FLAG.ACK) === 0) return printOfSyn(printOf(numbers, shape, ends, 0), segment);
  // What is not of this kind is left from a segment before.
  const own = segment.kind === KIND.TCP ? Math.imul(segment.timestampValue, 0x165667b1) : segment.icmpType;
  return printOf(numbers, shape, ends, own);
}

/** Bits of a SYN's fingerprint that tell of all but its timestamp. */
const SYN_BITS = 24;
const SYN_MASK = (1 << SYN_BITS) - 1;

/** Above those bits 0 where the SYN has no timestamp, else its value modulo 255, plus 1: a SYN that is repeated a few milliseconds later (macOS after 34 ms, without IP identification) has another. */
function printOfSyn(print: number, segment: Segment): number {
  const stamp = segment.hasTimestamps ? 1 + ((segment.timestampValue >>> 0) % 255) : 0;
  return (print & SYN_MASK || 1) | (stamp << SYN_BITS);
}

/** Whether the fingerprints of two SYNs are those of one, from which a box may have taken the timestamp. */
export function isSameSyn(one: number, other: number): boolean {
  if (((one ^ other) & SYN_MASK) !== 0) return false;
  const [stamp, otherStamp] = [one >>> SYN_BITS, other >>> SYN_BITS];
  return stamp === otherStamp || stamp === 0 || otherStamp === 0;
}

/** @param headers octets from IP to TCP. @param stamp value of the timestamps option, or 0 */
function printOfRow(rows: Int32Array, row: number, headers: number, stamp: number): number {
  const sequence = rows[row + ROW.SEQUENCE] as number;
  const acknowledgment = rows[row + ROW.ACKNOWLEDGMENT] as number;
  const flags = ((rows[row + ROW.SHAPE] as number) >>> FLAGS_SHIFT) & 0xff;
  const identification = headers === IPV4_LENGTH ? (rows[row + ROW.WINDOW] as number) >>> 16 : NO_IDENTIFICATION;
  const port = (rows[row + ROW.PORTS] as number) >>> 16;
  const numbers = Math.imul(sequence, 0x9e3779b1) ^ Math.imul(acknowledgment, 0x85ebca77);
  const shape = (identification << 16) ^ (payloadOf(rows, row) << 4) ^ flags;
  return printOf(numbers, shape, port ^ (headers << 16) ^ (KIND.TCP << 26), Math.imul(stamp, 0x165667b1));
}

function printOf(numbers: number, shape: number, ends: number, own: number): number {
  const h = mix(numbers ^ Math.imul(shape, 0xc2b2ae3d) ^ Math.imul(ends, 0x27d4eb2f) ^ own);
  return h === 0 ? 1 : h;
}
