/**
 * What a failed attempt looks like in the packets: a small number, told from its evidence alone. Attempts of one shape have the same suspects (suspects.ts), so that
 * a million of them cost a counter each.
 */
import { MARK, QUOTES } from '../handshake/attempts.ts';
import { type Evidence, RESET_FROM } from '../handshake/evidence.ts';
import { fitsTtl, synToSynAckNanos } from '../handshake/record.ts';
import { VERDICT, type Verdict } from '../handshake/verdict.ts';

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
} as const;
export type Shape = (typeof SHAPE)[keyof typeof SHAPE];
export const SHAPES = Object.keys(SHAPE).length;

/** A client that waits longer than this for the answer has often given up: many programmes wait one second. */
const LATE_ANSWER_NANOS = 900e6;

export function shapeOf(e: Evidence, verdict: Verdict): Shape {
  switch (verdict) {
    case VERDICT.NO_SYN_ACK:
      return has(e, MARK.OTHER_ADDRESS) ? SHAPE.SYN_ANSWERED_ELSEWHERE : SHAPE.SYN_UNANSWERED;
    case VERDICT.REFUSED:
      return isFromStranger(e) ? SHAPE.REFUSED_BY_STRANGER : SHAPE.REFUSED;
    case VERDICT.REJECTED:
      return rejectionOf(e);
    case VERDICT.CHALLENGED:
      return has(e, MARK.CHALLENGED) ? SHAPE.CHALLENGED : SHAPE.ANSWERED_WRONGLY;
    case VERDICT.NO_ACK:
      if (e.icmpQuotes === QUOTES.SYN_ACK) return SHAPE.SYN_ACK_REJECTED;
      return has(e, MARK.SYN_AFTER_SYN_ACK) ? SHAPE.SYN_ACK_NOT_HEARD : SHAPE.SYN_ACK_INTO_SILENCE;
    case VERDICT.ACK_IGNORED:
      return e.againCount > 0 ? SHAPE.THIRD_LEG_WITH_DATA_IGNORED : SHAPE.THIRD_LEG_IGNORED;
    case VERDICT.ACK_REJECTED:
      return e.ackCount > 0 ? SHAPE.THIRD_LEG_RESET : SHAPE.THIRD_LEG_WRONG;
    case VERDICT.CLIENT_RESET:
      return clientResetOf(e);
    case VERDICT.NO_SYN:
      return has(e, MARK.OTHER_ADDRESS) ? SHAPE.NO_SYN_ELSEWHERE : SHAPE.NO_SYN;
    default:
      return SHAPE.NONE;
  }
}

function has(e: Evidence, mark: number): boolean {
  return (e.marks & mark) !== 0;
}

/** The RST has crossed another number of routers than the server's other packets. */
function isFromStranger(e: Evidence): boolean {
  return e.resetFrom === RESET_FROM.SERVER && !fitsTtl(e.resetTtl, e.serverTtl);
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
  if (e.synAckCount === 0) return SHAPE.CLIENT_RESET_WRONG_ANSWER;
  return synToSynAckNanos(e) >= LATE_ANSWER_NANOS ? SHAPE.CLIENT_RESET_LATE : SHAPE.CLIENT_RESET_AT_ONCE;
}
