/**
 * Copies of a frame: a mirror port, a bridge, a capture on `any` record one packet several times. A copy is counted, and never taken for a
 * retransmission.
 *
 * A segment is a copy of one before it when all of it is equal and it came at once: no timer repeats a SYN or SYN-ACK in less than 200 ms. Without an IP
 * identification (Linux: 0 in SYN-ACK and RST; IPv6 has none) equality says less, so the time must say more.
 */
import { distance } from '../bytes/sequence.ts';
import { mix } from '../flow/hash.ts';
import { FLAG, KIND, type Segment } from '../wire/segment.ts';
import { parseOptions } from '../wire/tcp-options.ts';
import { type Attempts, ROW_WORDS, W } from './attempts.ts';

const COPY_MILLIS = 200;
const COPY_MILLIS_WITHOUT_IDENTIFICATION = 50;

/**
 * Places for fingerprints in a row (W.RECENT_PRINT): the latest SYN and the latest SYN-ACK have one each, since their copies can come long after other segments
 * (a capturing programme empties the ring of one interface after that of another); the others take turns.
 */
const PLACES = 4;
export const SYN_PLACE = 0;
export const SYN_ACK_PLACE = 1;
export const FIRST_SHARED = 2;

/**
 * True when the segment is a copy of one of the attempt's last few; else it is remembered as one of them.
 * @param clock the capture's clock, nanoseconds.
 */
export function isCopy(attempts: Attempts, slot: number, segment: Segment, clock: number): boolean {
  const print = fingerprint(segment);
  const millis = (clock / 1e6) | 0;
  if (isAmongLast(attempts, slot, segment, print, millis)) return true;
  const row = slot * ROW_WORDS;
  const place = placeFor(attempts, slot, segment);
  attempts.words[row + W.RECENT_PRINT + place] = print;
  attempts.words[row + W.RECENT_MILLIS + place] = millis;
  return false;
}

/** As `isCopy`, but nothing is remembered: where several attempts of one flow are asked in turn. */
export function wouldBeCopy(attempts: Attempts, slot: number, segment: Segment, clock: number): boolean {
  return isAmongLast(attempts, slot, segment, fingerprint(segment), (clock / 1e6) | 0);
}

function isAmongLast(attempts: Attempts, slot: number, segment: Segment, print: number, millis: number): boolean {
  const words = attempts.words;
  const row = slot * ROW_WORDS;
  const limit = segment.ipId > 0 ? COPY_MILLIS : COPY_MILLIS_WITHOUT_IDENTIFICATION;
  for (let i = 0; i < PLACES; i++) {
    if (words[row + W.RECENT_PRINT + i] !== print) continue;
    if (distance(millis, words[row + W.RECENT_MILLIS + i] as number) > limit) continue;
    if (!answersAnotherSyn(attempts, slot, segment)) return true;
  }
  return false;
}

/** A server answers a repeated SYN at once, whatever its timer has just sent: equal SYN-ACKs with a SYN between them are two transmissions. */
function answersAnotherSyn(attempts: Attempts, slot: number, segment: Segment): boolean {
  if (segment.kind !== KIND.TCP || (segment.flags & (FLAG.SYN | FLAG.ACK)) !== (FLAG.SYN | FLAG.ACK)) return false;
  return attempts.word(slot, W.SYN_COUNT) > attempts.word(slot, W.SYNS_ANSWERED);
}

function placeFor(attempts: Attempts, slot: number, segment: Segment): number {
  if (segment.kind === KIND.TCP && (segment.flags & FLAG.SYN) !== 0) {
    return (segment.flags & FLAG.ACK) === 0 ? SYN_PLACE : SYN_ACK_PLACE;
  }
  const next = attempts.word(slot, W.RECENT_NEXT);
  attempts.setWord(slot, W.RECENT_NEXT, 1 - next);
  return FIRST_SHARED + next;
}

/**
 * Everything that a copy has in common with its original and a retransmission has not: not the TTL (a router lies between), not the checksum (the card
 * fills it in later), not the link layer. Never 0, which marks an unused place.
 */
export function fingerprint(segment: Segment): number {
  if (segment.kind === KIND.TCP) parseOptions(segment);
  const numbers = Math.imul(segment.sequence, 0x9e3779b1) ^ Math.imul(segment.acknowledgment, 0x85ebca77);
  const shape = Math.imul((segment.ipId << 16) ^ (segment.payloadLength << 4) ^ segment.flags, 0xc2b2ae3d);
  const headers = segment.ipAt < 0 ? 0 : segment.tcpAt - segment.ipAt;
  const ends = Math.imul(segment.sourcePort ^ (headers << 16) ^ (segment.kind << 26), 0x27d4eb2f);
  // What is not of this kind is left from a segment before.
  const own = segment.kind === KIND.TCP ? Math.imul(segment.timestampValue, 0x165667b1) : segment.icmpType;
  const h = mix(numbers ^ shape ^ ends ^ own);
  return h === 0 ? 1 : h;
}
