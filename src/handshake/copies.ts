/**
 * Copies of a frame: a mirror port, a bridge, a capture on `any` record one packet several times. A copy is counted, and never taken for a
 * retransmission.
 *
 * A segment is a copy of one before it when all of it is equal and it came at once: no timer repeats a SYN or SYN-ACK in less than 200 ms. Without an IP
 * identification (Linux: 0 in SYN-ACK and RST; IPv6 has none) equality says less, so the time must say more.
 *
 * Where the capture tells through which interface a packet passed, and in which direction (SLL2), equality says more: a repeated segment comes by the way of the first,
 * so an equal one at another place is the same, on its way through this host. A queue that is shaped can hold it for seconds.
 */
import { distance } from '../bytes/sequence.ts';
import { mix } from '../flow/hash.ts';
import { fingerprint, isSameSyn } from '../flow/row-keys.ts';
import { FLAG, KIND, type Segment } from '../wire/segment.ts';
import { type Attempts, MARK, ROW_WORDS, W } from './attempts.ts';

const COPY_MILLIS = 200;
const COPY_MILLIS_WITHOUT_IDENTIFICATION = 50;
const COPY_ELSEWHERE_MILLIS = 3000;
/** No SYN or SYN-ACK is repeated before one second is over (RFC 6298 §2.1, §5.7). */
const COPY_ELSEWHERE_MILLIS_WITHOUT_IDENTIFICATION = 900;

/** A moment in W.RECENT_MILLIS: its upper bits are milliseconds, which come round after 18 hours, its lower ones the place where the packet passed, or 0. */
const PLACE_BITS = 6;
const PLACE_MASK = (1 << PLACE_BITS) - 1;

/**
 * Places for fingerprints in a row (W.RECENT_PRINT): the latest SYN and the latest SYN-ACK have one each, since their copies can come long after other segments
 * (a capturing programme empties the ring of one interface after that of another); the others, and those before them, take turns.
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
  const moment = momentOf(segment, clock);
  if (isAmongLast(attempts, slot, segment, print, moment)) return true;
  const row = slot * ROW_WORDS;
  const place = placeFor(attempts, slot, segment);
  if (place < FIRST_SHARED) keepBefore(attempts, slot, place);
  attempts.words[row + W.RECENT_PRINT + place] = print;
  attempts.words[row + W.RECENT_MILLIS + place] = moment;
  return false;
}

/** As `isCopy`, but nothing is remembered: where several attempts of one flow are asked in turn. */
export function wouldBeCopy(attempts: Attempts, slot: number, segment: Segment, clock: number): boolean {
  return isAmongLast(attempts, slot, segment, fingerprint(segment), momentOf(segment, clock));
}

/** Whether the attempt's latest SYN is this very packet, met at another place of the host with other addresses. @param port that its source had then */
export function isSynElsewhere(
  attempts: Attempts,
  slot: number,
  segment: Segment,
  port: number,
  clock: number,
): boolean {
  const row = slot * ROW_WORDS;
  const before = attempts.words[row + W.RECENT_MILLIS + SYN_PLACE] as number;
  const print = attempts.words[row + W.RECENT_PRINT + SYN_PLACE] as number;
  return isSynElsewhereThan(print, before, segment, port, clock);
}

/** The same of a SYN with this fingerprint, which passed at this moment. */
export function isSynElsewhereThan(
  print: number,
  before: number,
  segment: Segment,
  port: number,
  clock: number,
): boolean {
  const moment = momentOf(segment, clock);
  if (!isElsewhere(moment, before) || !isInTime(segment, moment, before)) return false;
  return isSameSyn(print, fingerprint(segment, port));
}

/** Whether a SYN is a copy of the one with this fingerprint, which passed at this moment. */
export function isCopyOfSyn(print: number, before: number, segment: Segment, clock: number): boolean {
  return isInTime(segment, momentOf(segment, clock), before) && isSameSyn(print, fingerprint(segment));
}

/** When and where it passed, for W.RECENT_MILLIS. @param clock the capture's clock, nanoseconds. */
function momentOf(segment: Segment, clock: number): number {
  return momentAnywhere(clock) | placeOf(segment);
}

/** Where it passed, in the lower bits of a moment; 0 when it does not tell. */
export function placeOf(segment: Segment): number {
  if (segment.interfaceIndex < 0) return 0;
  return 1 + ((mix(segment.interfaceIndex * 8 + segment.direction) >>> 1) % PLACE_MASK);
}

/** The same of a packet that does not tell where it passed. */
export function momentAnywhere(clock: number): number {
  return (clock / 1e6) << PLACE_BITS;
}

function isAmongLast(attempts: Attempts, slot: number, segment: Segment, print: number, moment: number): boolean {
  const words = attempts.words;
  const row = slot * ROW_WORDS;
  for (let i = 0; i < PLACES; i++) {
    const known = words[row + W.RECENT_PRINT + i] as number;
    if (known !== print && !(i === SYN_PLACE && isSyn(segment) && isSameSyn(known, print))) continue;
    const before = words[row + W.RECENT_MILLIS + i] as number;
    if (!isInTime(segment, moment, before)) continue;
    if (!answersAnotherSyn(attempts, slot, segment)) return true;
  }
  return false;
}

function isSyn(segment: Segment): boolean {
  return segment.kind === KIND.TCP && (segment.flags & (FLAG.SYN | FLAG.ACK)) === FLAG.SYN;
}

/** Both places are known, and not the same. */
function isElsewhere(moment: number, before: number): boolean {
  const place = moment & PLACE_MASK;
  const placeBefore = before & PLACE_MASK;
  return place !== 0 && placeBefore !== 0 && place !== placeBefore;
}

/** @param before the moment of what it may be a copy of */
function isInTime(segment: Segment, moment: number, before: number): boolean {
  return distance(moment, before) >> PLACE_BITS <= limitMillis(segment, moment, before);
}

function limitMillis(segment: Segment, moment: number, before: number): number {
  const isNear = !isElsewhere(moment, before);
  if (segment.ipId > 0) return isNear ? COPY_MILLIS : COPY_ELSEWHERE_MILLIS;
  return isNear ? COPY_MILLIS_WITHOUT_IDENTIFICATION : COPY_ELSEWHERE_MILLIS_WITHOUT_IDENTIFICATION;
}

/** A server answers a repeated SYN at once, whatever its timer has just sent: equal SYN-ACKs with a SYN between them are two transmissions. */
function answersAnotherSyn(attempts: Attempts, slot: number, segment: Segment): boolean {
  if (segment.kind !== KIND.TCP || (segment.flags & (FLAG.SYN | FLAG.ACK)) !== (FLAG.SYN | FLAG.ACK)) return false;
  // Of SYNs that crossed, the client's SYN-ACK answers the server's: none of its own stands between two of them.
  if (attempts.has(slot, MARK.CROSSED)) return false;
  return attempts.word(slot, W.SYN_COUNT) > attempts.word(slot, W.SYNS_ANSWERED);
}

/** The SYN, or SYN-ACK, before the one at hand goes where others take turns: a client repeats its SYN sooner than a queue may let the copy of the first go. */
function keepBefore(attempts: Attempts, slot: number, place: number): void {
  const { words } = attempts;
  const row = slot * ROW_WORDS;
  const print = words[row + W.RECENT_PRINT + place] as number;
  if (print === 0) return;
  const other = takeTurn(attempts, slot);
  words[row + W.RECENT_PRINT + other] = print;
  words[row + W.RECENT_MILLIS + other] = words[row + W.RECENT_MILLIS + place] as number;
}

function placeFor(attempts: Attempts, slot: number, segment: Segment): number {
  if (segment.kind === KIND.TCP && (segment.flags & FLAG.SYN) !== 0) {
    return (segment.flags & FLAG.ACK) === 0 ? SYN_PLACE : SYN_ACK_PLACE;
  }
  return takeTurn(attempts, slot);
}

/** One of the places that segments of all other kinds share. */
function takeTurn(attempts: Attempts, slot: number): number {
  const next = attempts.word(slot, W.RECENT_NEXT);
  attempts.setWord(slot, W.RECENT_NEXT, 1 - next);
  return FIRST_SHARED + next;
}
