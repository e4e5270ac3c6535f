/** A row of attempts.ts, written out as Evidence. */
import {
  ANSWERED_ELSEWHERE,
  type Attempts,
  CLOSED_AT_ONCE,
  FILL,
  FOLLOWED,
  FORGOTTEN,
  LEFT_UNHEARD,
  MARK,
  ROW_WORDS,
  SAID_OF_NO_USE,
  SAID_UNHEARD,
  SAID_VERDICT,
  SEVERAL_POINTS,
  STAMP_SHIFT,
  SYN_ACK_ID_SHIFT,
  T,
  TAKEN_ELSEWHERE,
  TRAITED,
  W,
} from './attempts.ts';
import type { Evidence } from './evidence.ts';
import { TRAIT, type Traits } from './traits.ts';

/** @param clock the capture's clock, in nanoseconds. */
export function fillEvidence(e: Evidence, attempts: Attempts, traits: Traits, slot: number, clock: number): void {
  const row = slot * ROW_WORDS;
  fillEnds(e, attempts, slot);
  fillCounts(e, attempts.words, row);
  fillIcmp(e, attempts.words, row);
  fillTimes(e, attempts.doubles, row / 2, clock);
  fillTraits(e, traits, slot, (attempts.word(slot, W.LINK) & TRAITED) !== 0);
}

function fillTraits(e: Evidence, traits: Traits, slot: number, isTraited: boolean): void {
  e.signs = isTraited ? traits.word(slot, TRAIT.SIGNS) : 0;
  e.synStamp = isTraited ? traits.word(slot, TRAIT.SYN_STAMP) : 0;
  e.synMac = isTraited ? traits.word(slot, TRAIT.SYN_MAC) : 0;
  e.againOctets = isTraited ? traits.word(slot, TRAIT.AGAIN_OCTETS) : 0;
  e.isAnswerLost = isTraited && traits.isAnswerLost(slot);
}

function fillEnds(e: Evidence, attempts: Attempts, slot: number): void {
  const r = attempts.words;
  const side = attempts.has(slot, MARK.CLIENT_IS_SIDE_1) ? 1 : 0;
  const client = slot * ROW_WORDS + 4 * side;
  const server = slot * ROW_WORDS + 4 * (1 - side);
  e.client0 = r[client] as number;
  e.client1 = r[client + 1] as number;
  e.client2 = r[client + 2] as number;
  e.client3 = r[client + 3] as number;
  e.clientPort = attempts.port(slot, side);
  e.server0 = r[server] as number;
  e.server1 = r[server + 1] as number;
  e.server2 = r[server + 2] as number;
  e.server3 = r[server + 3] as number;
  e.serverPort = attempts.port(slot, 1 - side);
  e.network = attempts.network(slot);
}

function fillCounts(e: Evidence, words: Int32Array, row: number): void {
  e.marks = words[row + W.MARKS] as number;
  e.offers = words[row + W.OFFERS] as number;
  e.clientIsn = (words[row + W.CLIENT_ISN] as number) >>> 0;
  e.serverIsn = (words[row + W.SERVER_ISN] as number) >>> 0;
  e.synCount = words[row + W.SYN_COUNT] as number;
  e.synAckCount = words[row + W.SYN_ACK_COUNT] as number;
  e.ackCount = words[row + W.ACK_COUNT] as number;
  e.ackServedCount = words[row + W.ACK_SERVED] as number;
  e.strayCount = words[row + W.STRAY_COUNT] as number;
  e.strayChain = words[row + W.STRAY_FRAMES] as number;
  e.wrongCount = words[row + W.WRONG_COUNT] as number;
  e.againCount = words[row + W.AGAIN_COUNT] as number;
  e.repeatsAfterAck = words[row + W.REPEATS_AFTER_ACK] as number;
  const ttls = words[row + W.TTLS] as number;
  e.clientTtl = ttls & 0xff;
  e.serverTtl = (ttls >> 8) & 0xff;
  e.resetTtl = (ttls >> 16) & 0xff;
  e.resetFrom = ttls >>> 24;
  fillLink(e, words[row + W.LINK] as number);
  e.synChain = words[row + W.SYN_FRAMES] as number;
  e.synAckChain = words[row + W.SYN_ACK_FRAMES] as number;
  e.ackChain = words[row + W.ACK_FRAMES] as number;
  const published = words[row + W.PUBLISHED] as number;
  e.published = (published & SAID_VERDICT) - 1;
  e.isSaidOfNoUse = (published & SAID_OF_NO_USE) !== 0;
  e.isSaidUnheard = (published & SAID_UNHEARD) !== 0;
  e.revision = words[row + W.REVISION] as number;
}

function fillLink(e: Evidence, link: number): void {
  e.afterForgotten = (link & FORGOTTEN) !== 0;
  e.isFollowed = (link & FOLLOWED) !== 0;
  e.closedAtOnce = (link & CLOSED_AT_ONCE) !== 0;
  e.leftUnheard = (link & LEFT_UNHEARD) !== 0;
  e.isOfSeveralPoints = (link & SEVERAL_POINTS) !== 0;
  e.synAckId = (link >> SYN_ACK_ID_SHIFT) & 3;
  e.stampOrder = (link >> STAMP_SHIFT) & 3;
  e.isAnsweredElsewhere = (link & ANSWERED_ELSEWHERE) !== 0;
  e.isTakenElsewhere = (link & TAKEN_ELSEWHERE) !== 0;
  e.synDirection = link & 3;
  e.synAckDirection = (link >> 2) & 3;
  e.synFilled = ((link >> 4) & 3) === FILL.FILLED;
  e.synUnfilled = ((link >> 4) & 3) === FILL.UNFILLED;
  e.synAckFilled = ((link >> 6) & 3) === FILL.FILLED;
  e.synAckUnfilled = ((link >> 6) & 3) === FILL.UNFILLED;
}

function fillIcmp(e: Evidence, words: Int32Array, row: number): void {
  const icmp = words[row + W.ICMP] as number;
  e.icmpType = icmp & 0xff;
  e.icmpCode = (icmp >> 8) & 0xff;
  e.icmpQuotes = (icmp >> 16) & 0xff;
  e.icmpFamily = icmp >>> 24;
  e.icmpFrom0 = words[row + W.ICMP_FROM_0] as number;
  e.icmpFrom1 = words[row + W.ICMP_FROM_1] as number;
  e.icmpFrom2 = words[row + W.ICMP_FROM_2] as number;
  e.icmpFrom3 = words[row + W.ICMP_FROM_3] as number;
}

function fillTimes(e: Evidence, times: Float64Array, row: number, clock: number): void {
  e.id = times[row + T.ID] as number;
  e.synFirst = times[row + T.SYN_FIRST] as number;
  e.synLast = times[row + T.SYN_LAST] as number;
  e.synAckFirst = times[row + T.SYN_ACK_FIRST] as number;
  e.synAckLast = times[row + T.SYN_ACK_LAST] as number;
  e.ackFirst = times[row + T.ACK_FIRST] as number;
  e.ackLast = times[row + T.ACK_LAST] as number;
  e.ackServed = times[row + T.ACK_SERVED] as number;
  e.wrongFirst = times[row + T.WRONG_FIRST] as number;
  e.wrongFrame = times[row + T.WRONG_FRAME] as number;
  e.synFrame = times[row + T.SYN_FRAME] as number;
  e.synAckFrame = times[row + T.SYN_ACK_FRAME] as number;
  e.ackFrame = times[row + T.ACK_FRAME] as number;
  e.resetTime = times[row + T.RESET] as number;
  e.resetFrame = times[row + T.RESET_FRAME] as number;
  e.icmpFrame = times[row + T.ICMP_FRAME] as number;
  const unanswered = times[row + T.UNANSWERED] as number;
  e.followedNanos = clock - (times[row + T.ACTIVE] as number);
  e.unansweredNanos = unanswered < 0 ? 0 : clock - unanswered;
  e.beganNanos = times[row + T.BEGAN] as number;
  const hasAsked = e.synAckCount > 0 || (e.marks & MARK.CROSSED) !== 0;
  e.sinceSynAckNanos = hasAsked ? clock - (times[row + T.SYN_ACK_CLOCK] as number) : 0;
}
