/**
 * What only the search for causes asks of an attempt: looks of single packets that no verdict rests on. They lie beside the rows of attempts.ts, since an ordinary
 * handshake has none of them: a row is only used once something was noted (`W.LINK` TRAITED), and memory follows the attempts that went the long way.
 */
import { distance } from '../bytes/sequence.ts';
import { CHECKSUM, outerChecksum, tcpChecksum } from '../wire/checksum.ts';
import { DIRECTION, FLAG, type Segment } from '../wire/segment.ts';

/** Words of a row. */
export const TRAIT = {
  /** Bits: SIGN. */
  SIGNS: 0,
  /** TSval of the first SYN that was looked at, of the first and of the latest SYN-ACK (RFC 7323 §3); the SIGN says whether there is one. */
  SYN_STAMP: 1,
  SYN_ACK_STAMP: 2,
  SYN_ACK_STAMP_LAST: 3,
  /** IP identification of the first SYN; -1 when it has none. */
  SYN_ID: 4,
  /** Hash of the MAC address that the latest SYN went to; 0 when the link layer has none. */
  SYN_MAC: 5,
  /** Most payload octets of a segment that the client had to send again after its third leg. */
  AGAIN_OCTETS: 6,
  /** What the latest SYN-ACK offered (wire/tcp-options.ts `offersWord`). */
  SYN_ACK_OFFERS: 7,
  /** How often the server's first segment, a large one, came again, as far as LARGE_AFTER_MILLIS counts; and when it did first, in milliseconds of the capture's clock. */
  LARGE_AGAIN: 8,
  LARGE_SINCE: 9,
} as const;
const ROW_WORDS = 10;
const FIRST_ROWS = 1 << 10;

/** Bits of TRAIT.SIGNS: what was seen, phrased as that. */
export const SIGN = {
  SYN_STAMPED: 1 << 0,
  SYN_ACK_STAMPED: 1 << 1,
  /** A SYN that the link layer says was for another host; one that it says was for this one. */
  SYN_FOR_ANOTHER: 1 << 2,
  SYN_FOR_THIS: 1 << 3,
  /** TCP checksums of SYNs, where all octets were captured. */
  SYN_CHECKSUM_BAD: 1 << 4,
  SYN_CHECKSUM_GOOD: 1 << 5,
  /** The same of the UDP datagrams around SYNs that came through a tunnel. */
  OUTER_CHECKSUM_BAD: 1 << 24,
  OUTER_CHECKSUM_GOOD: 1 << 25,
  THIRD_CHECKSUM_BAD: 1 << 6,
  THIRD_CHECKSUM_GOOD: 1 << 7,
  /** The third leg echoes a timestamp that no SYN-ACK carried, or its own is older than the SYN's. */
  ECHO_WRONG: 1 << 8,
  STAMP_OLDER: 1 << 9,
  /** The first SYN offered more than the usual. */
  FIRST_FAST_OPEN: 1 << 10,
  FIRST_ECN: 1 << 11,
  FIRST_MULTIPATH: 1 << 12,
  /** The latest SYN offered nothing of it; and a SYN-ACK came when it had been so. */
  LATEST_PLAIN: 1 << 13,
  ANSWERED_PLAIN: 1 << 14,
  /** Checksum of the server's RST, as wire/checksum.ts has it. */
  RESET_UNFILLED: 1 << 15,
  RESET_FILLED: 1 << 16,
  /** The RST has the IP identification of the SYN that it answers. */
  RESET_ECHOES: 1 << 17,
  RESET_CHECKSUM_BAD: 1 << 21,
  /** It has a window other than 0, and an identification other than 0. */
  RESET_HAS_WINDOW: 1 << 22,
  RESET_HAS_ID: 1 << 23,
  /** The client's RST against the SYN-ACK has another number than that which answers its SYN. */
  CLIENT_RESET_OFF: 1 << 19,
  /** The SYN carries a TCP-MD5 or TCP-AO signature. */
  SYN_SIGNED: 1 << 18,
  /** The answer for an older connection echoes a younger timestamp than the SYN has, whose number lies beyond that connection. */
  SYN_OUTDATED: 1 << 20,
  /** The SYN-ACK offers what the only SYN before it did not. */
  OFFERS_UNASKED: 1 << 26,
  /** The first SYN carried data. */
  FIRST_DATA: 1 << 27,
  /** The client's RST against the SYN-ACK acknowledges it: whoever sent it knows of the connection. */
  CLIENT_RESET_KNOWS: 1 << 28,
  /** The first SYN-ACK offers no window. */
  SYN_ACK_NO_WINDOW: 1 << 29,
  /** What the server sent first behind its SYN-ACK has crossed another number of routers. */
  SERVER_FROM_ELSEWHERE: 1 << 30,
} as const;
/**
 * A repetition counts when it comes so long after the first one, in turn: the first may be a copy (copies.ts looks no further than the handshake), and a third comes only when three
 * timers ran out in vain: with Linux (tcp_rto_min 200 ms, doubled each time) after 0.2, 0.6 and 1.4 s.
 */
const LARGE_AFTER_MILLIS: readonly number[] = [0, 100, 1000];

const OFFERS = SIGN.FIRST_FAST_OPEN | SIGN.FIRST_ECN | SIGN.FIRST_MULTIPATH;

export class Traits {
  private words = new Int32Array(FIRST_ROWS * ROW_WORDS);

  /** Makes room for the slot's row, and makes it new. */
  open(slot: number): void {
    const end = (slot + 1) * ROW_WORDS;
    if (end > this.words.length) {
      const grown = new Int32Array(Math.max(end, 2 * this.words.length));
      grown.set(this.words);
      this.words = grown;
    }
    this.words.fill(0, end - ROW_WORDS, end);
  }

  word(slot: number, column: number): number {
    return this.words[slot * ROW_WORDS + column] as number;
  }

  private setWord(slot: number, column: number, value: number): void {
    this.words[slot * ROW_WORDS + column] = value;
  }

  private sign(slot: number, signs: number): void {
    this.setWord(slot, TRAIT.SIGNS, this.word(slot, TRAIT.SIGNS) | signs);
  }

  private has(slot: number, signs: number): boolean {
    return (this.word(slot, TRAIT.SIGNS) & signs) !== 0;
  }

  /** @param segment with its options parsed */
  noteSyn(slot: number, segment: Segment, isFirst: boolean): void {
    const offers = offersOf(segment);
    if (isFirst) {
      this.sign(slot, offers);
      this.setWord(slot, TRAIT.SYN_ID, segment.ipId);
    } else {
      const signs = this.word(slot, TRAIT.SIGNS) & ~SIGN.LATEST_PLAIN;
      this.setWord(slot, TRAIT.SIGNS, offers === 0 && !segment.optionsCut ? signs | SIGN.LATEST_PLAIN : signs);
    }
    if (segment.hasTimestamps && !this.has(slot, SIGN.SYN_STAMPED)) {
      this.sign(slot, SIGN.SYN_STAMPED);
      this.setWord(slot, TRAIT.SYN_STAMP, segment.timestampValue | 0);
    }
    this.sign(slot, looksOf(segment));
    this.setWord(slot, TRAIT.SYN_MAC, macOf(segment));
  }

  /** What `signsOfFirst`, `macOf` and the segment's other fields said of an attempt's first SYN. */
  noteFirstSyn(slot: number, signs: number, ipId: number, stamp: number, mac: number): void {
    this.sign(slot, signs);
    this.setWord(slot, TRAIT.SYN_ID, ipId);
    this.setWord(slot, TRAIT.SYN_STAMP, stamp);
    this.setWord(slot, TRAIT.SYN_MAC, mac);
  }

  /** A SYN that offered nothing beyond the usual, of which no more is known than this. */
  noteKeptSyn(slot: number, ipId: number, isStamped: boolean, stamp: number): void {
    this.setWord(slot, TRAIT.SYN_ID, ipId);
    if (!isStamped) return;
    this.sign(slot, SIGN.SYN_STAMPED);
    this.setWord(slot, TRAIT.SYN_STAMP, stamp);
  }

  /** A SYN-ACK of which no more is known than what it offers. */
  noteKeptSynAck(slot: number, offers: number): void {
    this.setWord(slot, TRAIT.SYN_ACK_OFFERS, offers);
  }

  /** @param segment with its options parsed; @param offers its word of them */
  noteSynAck(slot: number, segment: Segment, offers: number, isUnasked: boolean): void {
    this.setWord(slot, TRAIT.SYN_ACK_OFFERS, offers);
    if (segment.window === 0 && hasWindow(segment)) this.sign(slot, SIGN.SYN_ACK_NO_WINDOW);
    if (isUnasked) this.sign(slot, SIGN.OFFERS_UNASKED);
    const isPlain = this.has(slot, SIGN.LATEST_PLAIN) && this.has(slot, OFFERS);
    if (isPlain) this.sign(slot, SIGN.ANSWERED_PLAIN);
    if (!segment.hasTimestamps) return;
    const stamp = segment.timestampValue | 0;
    if (!this.has(slot, SIGN.SYN_ACK_STAMPED)) this.setWord(slot, TRAIT.SYN_ACK_STAMP, stamp);
    this.setWord(slot, TRAIT.SYN_ACK_STAMP_LAST, stamp);
    this.sign(slot, SIGN.SYN_ACK_STAMPED);
  }

  /** @param segment with its options parsed; the client's third leg, or one that would serve */
  noteThirdLeg(slot: number, segment: Segment): void {
    this.noteChecksum(slot, segment, SIGN.THIRD_CHECKSUM_GOOD, SIGN.THIRD_CHECKSUM_BAD);
    if (!segment.hasTimestamps || !this.has(slot, SIGN.SYN_ACK_STAMPED)) return;
    // The echo is that of some SYN-ACK: RFC 7323 §3.2, §4.3.
    const first = ((segment.timestampEcho | 0) - this.word(slot, TRAIT.SYN_ACK_STAMP)) | 0;
    const last = (this.word(slot, TRAIT.SYN_ACK_STAMP_LAST) - (segment.timestampEcho | 0)) | 0;
    if (first < 0 || last < 0) this.sign(slot, SIGN.ECHO_WRONG);
    const older = ((segment.timestampValue | 0) - this.word(slot, TRAIT.SYN_STAMP)) | 0;
    if (this.has(slot, SIGN.SYN_STAMPED) && older < 0) this.sign(slot, SIGN.STAMP_OLDER);
  }

  /** An answer for an older connection; @param segment with its options parsed. It echoes the latest timestamp that the connection had (RFC 7323 §4.3), and acknowledges all of it. */
  noteChallenge(slot: number, segment: Segment, clientIsn: number): void {
    if (!segment.hasTimestamps || !this.has(slot, SIGN.SYN_STAMPED)) return;
    const younger = distance(segment.timestampEcho, this.word(slot, TRAIT.SYN_STAMP));
    if (younger > 0 && distance(clientIsn, segment.acknowledgment) > 0) this.sign(slot, SIGN.SYN_OUTDATED);
  }

  /** A segment of the server behind its SYN-ACK, which has crossed another number of routers. */
  noteElsewhere(slot: number): void {
    this.sign(slot, SIGN.SERVER_FROM_ELSEWHERE);
  }

  /** The client sends data or FIN again. */
  noteAgain(slot: number, segment: Segment): void {
    if (segment.payloadLength > this.word(slot, TRAIT.AGAIN_OCTETS)) {
      this.setWord(slot, TRAIT.AGAIN_OCTETS, segment.payloadLength);
    }
  }

  /** The server sends its first segment, a large one, again. @param millis of the capture's clock */
  noteLargeAgain(slot: number, millis: number): void {
    const count = this.word(slot, TRAIT.LARGE_AGAIN);
    if (count === 0) this.setWord(slot, TRAIT.LARGE_SINCE, millis);
    const since = (millis - this.word(slot, TRAIT.LARGE_SINCE)) | 0;
    if (count < LARGE_AFTER_MILLIS.length && since >= (LARGE_AFTER_MILLIS[count] as number)) {
      this.setWord(slot, TRAIT.LARGE_AGAIN, count + 1);
    }
  }

  /** It came so often, and for so long, that no chance took it. */
  isAnswerLost(slot: number): boolean {
    return this.word(slot, TRAIT.LARGE_AGAIN) === LARGE_AFTER_MILLIS.length;
  }

  /** A RST of the server where its SYN-ACK was due. */
  noteRefusal(slot: number, segment: Segment): void {
    const checksum = tcpChecksum(segment);
    if (checksum === CHECKSUM.UNFILLED) this.sign(slot, SIGN.RESET_UNFILLED);
    else if (checksum === CHECKSUM.GOOD) this.sign(slot, SIGN.RESET_FILLED);
    else if (checksum === CHECKSUM.BAD) this.sign(slot, SIGN.RESET_CHECKSUM_BAD);
    if (segment.window > 0) this.sign(slot, SIGN.RESET_HAS_WINDOW);
    if (segment.ipId > 0) this.sign(slot, SIGN.RESET_HAS_ID);
    if (segment.ipId > 0 && segment.ipId === this.word(slot, TRAIT.SYN_ID)) this.sign(slot, SIGN.RESET_ECHOES);
  }

  /** The client's RST where its third leg was due. RFC 9293 §3.10.7.1: its number is what the segment acknowledged that it answers. */
  noteClientReset(slot: number, segment: Segment, clientIsn: number): void {
    if (((segment.sequence - clientIsn) | 0) !== 1) this.sign(slot, SIGN.CLIENT_RESET_OFF);
    // RFC 9293 §3.10.7.1: a host without such a connection answers an ACK with a RST that has none.
    if ((segment.flags & FLAG.ACK) !== 0) this.sign(slot, SIGN.CLIENT_RESET_KNOWS);
  }

  private noteChecksum(slot: number, segment: Segment, good: number, bad: number): void {
    const checksum = tcpChecksum(segment);
    if (checksum === CHECKSUM.GOOD) this.sign(slot, good);
    else if (checksum === CHECKSUM.BAD) this.sign(slot, bad);
  }
}

/** Octets of a TCP header up to the end of its window (RFC 9293 §3.1): the snapshot length may cut it off. */
const WINDOW_END = 16;

function hasWindow({ capturedEnd, tcpAt }: Segment): boolean {
  return capturedEnd - tcpAt >= WINDOW_END;
}

/** SIGNs of an attempt's first SYN. @param segment with its options parsed */
export function signsOfFirst(segment: Segment): number {
  return offersOf(segment) | looksOf(segment) | (segment.hasTimestamps ? SIGN.SYN_STAMPED : 0);
}

/** SIGNs that any SYN of an attempt gives it: signatures, where it went, checksums. */
function looksOf(segment: Segment): number {
  let signs = segment.md5 || segment.authentication ? SIGN.SYN_SIGNED : 0;
  if (segment.direction === DIRECTION.OTHER_HOST) signs |= SIGN.SYN_FOR_ANOTHER;
  else if (segment.direction === DIRECTION.INCOMING) signs |= SIGN.SYN_FOR_THIS;
  const checksum = tcpChecksum(segment);
  if (checksum === CHECKSUM.GOOD) signs |= SIGN.SYN_CHECKSUM_GOOD;
  else if (checksum === CHECKSUM.BAD) signs |= SIGN.SYN_CHECKSUM_BAD;
  const outer = outerChecksum(segment);
  if (outer === CHECKSUM.GOOD) signs |= SIGN.OUTER_CHECKSUM_GOOD;
  else if (outer === CHECKSUM.BAD) signs |= SIGN.OUTER_CHECKSUM_BAD;
  return signs;
}

/** What a SYN offers beyond the options that every system has had for decades. ECN: RFC 3168 §6.1.1. */
function offersOf(segment: Segment): number {
  const ecn = FLAG.ECE | FLAG.CWR;
  return (
    (segment.fastOpen || segment.payloadLength > 0 ? SIGN.FIRST_FAST_OPEN : 0) |
    (segment.payloadLength > 0 ? SIGN.FIRST_DATA : 0) |
    ((segment.flags & ecn) === ecn ? SIGN.FIRST_ECN : 0) |
    (segment.multipath ? SIGN.FIRST_MULTIPATH : 0)
  );
}

/** The destination address of the Ethernet header, as one word; 0 when there is none. */
export function macOf({ view, ethernetAt }: Segment): number {
  if (ethernetAt < 0) return 0;
  const mac = Math.imul(view.getUint16(ethernetAt), 0x9e3779b1) ^ view.getInt32(ethernetAt + 2);
  return mac === 0 ? 1 : mac;
}
