/**
 * What an attempt looks like in the packets: a small number, told from its evidence alone. Attempts of one shape have the same suspects (suspects.ts), so that
 * a million of them cost a counter each.
 */
import { MARK, QUOTES } from '../handshake/attempts.ts';
import { type Evidence, fitsReset, isResetByStranger, LARGE_OCTETS, RESET_FROM } from '../handshake/evidence.ts';
import { SIGN } from '../handshake/traits.ts';
import { VERDICT, type Verdict } from '../handshake/verdict.ts';

/** What each shape is, as documentation has it, is in suspects.ts. The numbers are dense: they index counters. */
export const SHAPE = {
  NONE: 0,
  SYN_UNANSWERED: 1,
  SYN_ANSWERED_ELSEWHERE: 2,
  REFUSED: 3,
  REFUSED_BY_STRANGER: 4,
  REJECTED_PROHIBITED: 5,
  REJECTED_PORT: 6,
  REJECTED_UNREACHABLE: 7,
  REJECTED_OTHERWISE: 8,
  CHALLENGED: 9,
  ANSWERED_WRONGLY: 10,
  SYN_ACK_NOT_HEARD: 11,
  SYN_ACK_REJECTED: 12,
  SYN_ACK_INTO_SILENCE: 13,
  THIRD_LEG_IGNORED: 14,
  THIRD_LEG_WITH_DATA_IGNORED: 15,
  THIRD_LEG_WRONG: 16,
  THIRD_LEG_RESET: 17,
  CLIENT_RESET_AT_ONCE: 18,
  CLIENT_RESET_LATE: 19,
  CLIENT_RESET_WRONG_ANSWER: 20,
  NO_SYN: 21,
  NO_SYN_ELSEWHERE: 22,
  SYN_FOR_ANOTHER_HOST: 23,
  SYN_WITH_BAD_CHECKSUM: 24,
  SYN_WITH_OFFERS_UNANSWERED: 25,
  SYN_SIGNED_UNANSWERED: 26,
  REFUSED_UNFILLED: 27,
  REFUSED_WITH_ECHO: 28,
  SYN_ACK_HEARD_OR_CLIENT_GONE: 29,
  THIRD_LEG_DEFERRED: 30,
  THIRD_LEG_WITH_BAD_STAMP: 31,
  THIRD_LEG_WITH_BAD_CHECKSUM: 32,
  THIRD_LEG_AND_SILENCE: 33,
  LARGE_DATA_AND_SILENCE: 34,
  CLIENT_RESET_AND_TRIES_ON: 35,
  CLIENT_RESET_BY_ANOTHER_STACK: 36,
  CLOSED_AT_ONCE: 37,
  LEFT_UNHEARD: 38,
  LARGE_DATA_LOST: 39,
  ANSWERED_WITHOUT_OFFERS: 40,
  CLOSED_BY_STRANGER: 41,
  SYN_OUTDATED_UNANSWERED: 42,
  CHALLENGED_FOR_STAMP: 43,
  REFUSED_TOO_SOON: 44,
  REFUSED_BY_ANOTHER_STACK: 45,
  REFUSED_WITH_WINDOW: 46,
  REFUSED_WITH_BAD_CHECKSUM: 47,
  CLOSED_TOO_SOON: 48,
  SYN_IN_BAD_DATAGRAM: 49,
  SYN_ACK_HEARD_BY_LIVE_CLIENT: 50,
  CLIENT_RESET_ON_PURPOSE: 51,
  LARGE_ANSWER_LOST: 52,
  THIRD_LEG_OF_ANOTHER_ANSWER: 53,
  RESET_IN_SERVERS_NAME: 54,
  RESET_IN_CLIENTS_NAME: 55,
  TWO_SERVERS: 56,
} as const;
export type Shape = (typeof SHAPE)[keyof typeof SHAPE];

/** A client whose answer takes longer has often given up: some programmes wait 300 ms or 500 ms, and no path but one over a satellite takes as long. */
const LATE_ANSWER_NANOS = 600e6;

/** A client that did not get the SYN-ACK repeats its SYN within one second (RFC 6298 §2.1), an old one within three (RFC 1122 §4.2.3.1); half a second is for the path. */
const REPEAT_DUE_NANOS = 3.5e9;

/** A full queue has the server repeat its SYN-ACK after one second, two, four (RFC 6298 §5.5), an old or another system after three, six, twelve (RFC 1122 §4.2.3.1); by this factor later than the first it did so on purpose. */
const DEFERRED_BY = 3.5;

export function shapeOf(e: Evidence, verdict: Verdict, patienceNanos: number): Shape {
  switch (verdict) {
    case VERDICT.COMPLETE:
      return completeOf(e, patienceNanos);
    case VERDICT.NO_SYN_ACK:
      return has(e, MARK.OTHER_ADDRESS) ? SHAPE.SYN_ANSWERED_ELSEWHERE : unansweredOf(e);
    case VERDICT.REFUSED:
      return refusalOf(e);
    case VERDICT.REJECTED:
      return rejectionOf(e);
    case VERDICT.CHALLENGED:
      if (!has(e, MARK.CHALLENGED)) return SHAPE.ANSWERED_WRONGLY;
      return signed(e, SIGN.SYN_OUTDATED) ? SHAPE.CHALLENGED_FOR_STAMP : SHAPE.CHALLENGED;
    case VERDICT.NO_ACK:
      return unacknowledgedOf(e);
    case VERDICT.ACK_IGNORED:
      return ignoredOf(e);
    case VERDICT.ACK_REJECTED:
      return rejectedOf(e);
    case VERDICT.CLIENT_RESET:
      return clientResetOf(e);
    case VERDICT.NO_SYN:
      return has(e, MARK.OTHER_ADDRESS) ? SHAPE.NO_SYN_ELSEWHERE : SHAPE.NO_SYN;
    default:
      return SHAPE.NONE;
  }
}

/** The handshake is complete: whether the connection is of use. Most are ordinary, and have nothing of all this. */
function completeOf(e: Evidence, patienceNanos: number): Shape {
  if (isResetByTheOther(e)) return SHAPE.TWO_SERVERS;
  if (e.closedAtOnce) return isFromStranger(e) ? SHAPE.CLOSED_BY_STRANGER : SHAPE.CLOSED_AT_ONCE;
  if (isResetByStranger(e)) {
    return e.resetFrom === RESET_FROM.SERVER ? SHAPE.RESET_IN_SERVERS_NAME : SHAPE.RESET_IN_CLIENTS_NAME;
  }
  if (e.isAnswerLost) return SHAPE.LARGE_ANSWER_LOST;
  if (e.againCount > 0 && isLargeDataLost(e, patienceNanos)) return SHAPE.LARGE_DATA_LOST;
  if (e.leftUnheard && hasLeft(e, patienceNanos)) return SHAPE.LEFT_UNHEARD;
  return signed(e, SIGN.ANSWERED_PLAIN) ? SHAPE.ANSWERED_WITHOUT_OFFERS : SHAPE.NONE;
}

/**
 * Different SYN-ACKs answered the only SYN, the client acknowledged one of them, and a RST of the server followed: of whoever sent the other. (A server that has given up answers
 * a repeated SYN with another number.)
 */
function isResetByTheOther(e: Evidence): boolean {
  if (e.synCount !== 1 || !has(e, MARK.SEVERAL_SYN_ACKS) || e.resetFrom !== RESET_FROM.SERVER || e.ackCount === 0)
    return false;
  return has(e, MARK.RESET_BARE | MARK.RESET_OF_CONNECTION);
}

/** The server speaks, and what it does not take is the client's large segment, again and again. */
function isLargeDataLost(e: Evidence, patienceNanos: number): boolean {
  if (has(e, MARK.TOOK) || e.againOctets < LARGE_OCTETS || e.unansweredNanos < patienceNanos) return false;
  return e.againCount > 1 && has(e, MARK.SERVER_SPOKE | MARK.ICMP_LATER);
}

/** The server took the client's FIN and has not closed since: its application has not read it. */
function hasLeft(e: Evidence, patienceNanos: number): boolean {
  return has(e, MARK.TOOK) && !has(e, MARK.SERVER_FIN | MARK.RESET_OF_CONNECTION) && e.followedNanos >= patienceNanos;
}

function unansweredOf(e: Evidence): Shape {
  if (signed(e, SIGN.SYN_FOR_ANOTHER) && !signed(e, SIGN.SYN_FOR_THIS)) return SHAPE.SYN_FOR_ANOTHER_HOST;
  if (signed(e, SIGN.OUTER_CHECKSUM_BAD) && !signed(e, SIGN.OUTER_CHECKSUM_GOOD)) return SHAPE.SYN_IN_BAD_DATAGRAM;
  if (signed(e, SIGN.SYN_CHECKSUM_BAD) && !signed(e, SIGN.SYN_CHECKSUM_GOOD)) return SHAPE.SYN_WITH_BAD_CHECKSUM;
  if (signed(e, SIGN.SYN_SIGNED)) return SHAPE.SYN_SIGNED_UNANSWERED;
  const offers = SIGN.FIRST_FAST_OPEN | SIGN.FIRST_ECN | SIGN.FIRST_MULTIPATH;
  return signed(e, offers) && !signed(e, SIGN.LATEST_PLAIN) ? SHAPE.SYN_WITH_OFFERS_UNANSWERED : SHAPE.SYN_UNANSWERED;
}

function refusalOf(e: Evidence): Shape {
  if (isFromStranger(e)) return SHAPE.REFUSED_BY_STRANGER;
  if (signed(e, SIGN.RESET_ECHOES)) return SHAPE.REFUSED_WITH_ECHO;
  // Where checksums are left to the card, or made wrong when addresses were hidden, those of SYNs are no better.
  const isForged = signed(e, SIGN.RESET_CHECKSUM_BAD) && signed(e, SIGN.SYN_CHECKSUM_GOOD);
  if (isForged && !signed(e, SIGN.SYN_CHECKSUM_BAD)) return SHAPE.REFUSED_WITH_BAD_CHECKSUM;
  if (signed(e, SIGN.RESET_HAS_WINDOW)) return SHAPE.REFUSED_WITH_WINDOW;
  return signed(e, SIGN.RESET_UNFILLED) && isIpv4(e) ? SHAPE.REFUSED_UNFILLED : SHAPE.REFUSED;
}

/** The RST has crossed another number of routers than the server's other packets. */
function isFromStranger(e: Evidence): boolean {
  return e.resetFrom === RESET_FROM.SERVER && !fitsReset(e);
}

function isIpv4(e: Evidence): boolean {
  return e.server0 === 0 && e.server1 === 0 && e.server2 === 0xffff;
}

function unacknowledgedOf(e: Evidence): Shape {
  if (e.icmpQuotes === QUOTES.SYN_ACK) return SHAPE.SYN_ACK_REJECTED;
  if (has(e, MARK.SYN_AFTER_SYN_ACK)) return SHAPE.SYN_ACK_NOT_HEARD;
  // It began anew on these ports, perhaps before its SYN was due again.
  if (e.isFollowed) return SHAPE.SYN_ACK_INTO_SILENCE;
  const sinceFirst = e.sinceSynAckNanos + (e.synAckLast - e.synAckFirst);
  return sinceFirst >= REPEAT_DUE_NANOS ? SHAPE.SYN_ACK_HEARD_OR_CLIENT_GONE : SHAPE.SYN_ACK_INTO_SILENCE;
}

function rejectedOf(e: Evidence): Shape {
  if (isResetByTheOther(e)) return SHAPE.TWO_SERVERS;
  if (e.ackCount > 0 && !acknowledgesUnsent(e)) return SHAPE.THIRD_LEG_RESET;
  // The server knows of no SYN-ACK with such a number, as it says itself; or each SYN was answered in the capture.
  const isSettled = has(e, MARK.RESET_BARE) || e.synAckCount >= e.synCount;
  return isSettled ? SHAPE.THIRD_LEG_WRONG : SHAPE.THIRD_LEG_OF_ANOTHER_ANSWER;
}

/** No third leg acknowledges just what the server sent, and some acknowledge more. */
function acknowledgesUnsent(e: Evidence): boolean {
  return has(e, MARK.ACK_AHEAD) && !has(e, MARK.ACK_EXACT);
}

function ignoredOf(e: Evidence): Shape {
  if (signed(e, SIGN.ECHO_WRONG | SIGN.STAMP_OLDER)) return SHAPE.THIRD_LEG_WITH_BAD_STAMP;
  if (signed(e, SIGN.THIRD_CHECKSUM_BAD) && !signed(e, SIGN.THIRD_CHECKSUM_GOOD)) {
    return SHAPE.THIRD_LEG_WITH_BAD_CHECKSUM;
  }
  if (e.repeatsAfterAck === 0) {
    return e.againOctets >= LARGE_OCTETS ? SHAPE.LARGE_DATA_AND_SILENCE : SHAPE.THIRD_LEG_AND_SILENCE;
  }
  if (e.againCount > 0) return SHAPE.THIRD_LEG_WITH_DATA_IGNORED;
  return isDeferred(e) ? SHAPE.THIRD_LEG_DEFERRED : SHAPE.THIRD_LEG_IGNORED;
}

/** All of the repeated SYN-ACKs came later than a server repeats them that has no third leg. */
function isDeferred(e: Evidence): boolean {
  // Without the SYN, the first SYN-ACKs may be missing too. More ACKs than SYN-ACKs: some of those got lost before the capture. The pauses are not the server's then.
  if (e.synCount !== 1 || e.ackCount > e.synAckCount || e.lossy || e.lossyMany) return false;
  const usual = 2 ** (e.synAckCount - 1) - 1;
  return e.synAckLast - e.synAckFirst >= DEFERRED_BY * usual * 1e9;
}

function has(e: Evidence, mark: number): boolean {
  return (e.marks & mark) !== 0;
}

function signed(e: Evidence, signs: number): boolean {
  return (e.signs & signs) !== 0;
}

/** RFC 792, RFC 1812 §5.2.7.1; RFC 4443 §3.1. */
function rejectionOf(e: Evidence): Shape {
  if (e.icmpFamily === 6) {
    if (e.icmpType !== 1) return SHAPE.REJECTED_OTHERWISE;
    if (e.icmpCode === 1 || e.icmpCode === 5 || e.icmpCode === 6) return SHAPE.REJECTED_PROHIBITED;
    return e.icmpCode === 4 ? SHAPE.REJECTED_PORT : SHAPE.REJECTED_UNREACHABLE;
  }
  if (e.icmpType !== 3) return SHAPE.REJECTED_OTHERWISE;
  if (e.icmpCode === 9 || e.icmpCode === 10 || e.icmpCode === 13) return SHAPE.REJECTED_PROHIBITED;
  if (e.icmpCode === 3 || e.icmpCode === 2) return SHAPE.REJECTED_PORT;
  return e.icmpCode === 4 ? SHAPE.REJECTED_OTHERWISE : SHAPE.REJECTED_UNREACHABLE;
}

function clientResetOf(e: Evidence): Shape {
  if (e.synAckCount === 0 || signed(e, SIGN.CLIENT_RESET_OFF)) return SHAPE.CLIENT_RESET_WRONG_ANSWER;
  if (e.synCount > 1 && e.synLast > e.resetTime) return SHAPE.CLIENT_RESET_AND_TRIES_ON;
  if (e.resetTime - e.synFirst >= LATE_ANSWER_NANOS) return SHAPE.CLIENT_RESET_LATE;
  if (signed(e, SIGN.CLIENT_RESET_KNOWS) && fitsReset(e)) return SHAPE.CLIENT_RESET_ON_PURPOSE;
  return fitsReset(e) ? SHAPE.CLIENT_RESET_AT_ONCE : SHAPE.CLIENT_RESET_BY_ANOTHER_STACK;
}
