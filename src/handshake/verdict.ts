/**
 * The verdict: a pure function of the finished record (docs/record.md, "Verdicts"). The order of the rules is the order in which they exclude each
 * other; each has its sentence in reason.ts.
 */
import { MARK, QUOTES } from './attempts.ts';
import { type Evidence, RESET_FROM, ROUND_TRIP_NANOS } from './evidence.ts';
import { type Grade, type LegName, VERDICTS, type VerdictName } from './handshake.ts';

/** Dense numbers: they index counters. */
export const VERDICT = {
  COMPLETE: 0,
  NO_SYN: 1,
  NO_SYN_ACK: 2,
  REFUSED: 3,
  REJECTED: 4,
  CHALLENGED: 5,
  NO_ACK: 6,
  ACK_IGNORED: 7,
  ACK_REJECTED: 8,
  CLIENT_RESET: 9,
  UNDECIDED: 10,
} as const;
export type Verdict = (typeof VERDICT)[keyof typeof VERDICT];

/** By the number of a verdict: its name, and the leg that it says is missing. */
export const VERDICT_NAMES: readonly VerdictName[] = VERDICTS;
export const MISSING_LEGS: readonly (LegName | null)[] = [
  null,
  'syn',
  'syn-ack',
  'syn-ack',
  'syn-ack',
  'syn-ack',
  'ack',
  'ack',
  'ack',
  'ack',
  null,
];

/**
 * One repeated SYN-ACK can mean that just the ACK before it was lost. If the client's next ACK were ignored too, another SYN-ACK would follow after
 * twice the first pause (RFC 6298 §5.5); half a pause more is for the path.
 */
const PAUSES_UNTIL_REPEAT = 2.5;

export function judge(e: Evidence, patienceNanos: number): Verdict {
  if ((e.marks & MARK.TOOK) !== 0) return VERDICT.COMPLETE;
  if (e.ackCount > 0) return judgeThirdLeg(e, patienceNanos);
  if (e.wrongCount > 0) return judgeWrong(e);
  if (e.synAckCount > 0) return judgeAnswered(e, patienceNanos);
  return judgeUnanswered(e, patienceNanos);
}

/** A valid third leg is in the capture, and nothing proves that the server took it. */
function judgeThirdLeg(e: Evidence, patienceNanos: number): Verdict {
  // The client had reset the connection itself; what it sent later comes from somebody who does not know.
  if ((e.marks & MARK.CLIENT_RESET) !== 0) return VERDICT.CLIENT_RESET;
  if ((e.marks & MARK.RESET_BARE) !== 0) return VERDICT.ACK_REJECTED;
  if (wasIgnored(e, patienceNanos)) {
    // What shows that the server took it may be among the packets that the capture lost.
    if (e.lossy && e.repeatsAfterAck + e.againCount <= 1) return VERDICT.UNDECIDED;
    if (isRecordedAgain(e)) return VERDICT.UNDECIDED;
    return (e.marks & MARK.ACK_AHEAD) !== 0 && (e.marks & MARK.ACK_EXACT) === 0
      ? VERDICT.ACK_REJECTED
      : VERDICT.ACK_IGNORED;
  }
  return VERDICT.COMPLETE;
}

/** In the third leg's place there is a segment of wrong numbers: unless the SYN-ACK that it acknowledges is among the packets that the capture lost. */
function judgeWrong(e: Evidence): Verdict {
  return e.lossyBeforeWrong && (e.marks & MARK.RESET_BARE) === 0 ? VERDICT.UNDECIDED : VERDICT.ACK_REJECTED;
}

/** The server went on as if the third leg had not come. */
export function wasIgnored(e: Evidence, patienceNanos: number): boolean {
  if ((e.marks & MARK.RESET_OF_CONNECTION) !== 0) return e.repeatsAfterAck > 1 && !isResetByServer(e);
  if (e.repeatsAfterAck > 0) return !tookTheSecondOne(e, patienceNanos);
  // The ICMP error says that the client's data got lost on the way: the silence is explained.
  if (e.synAckCount === 0 || (e.marks & (MARK.ICMP_LATER | MARK.SERVER_SPOKE)) !== 0) return false;
  return e.againCount > 0 && e.unansweredNanos >= patienceNanos;
}

/** A server resets what is open, and repeats no SYN-ACK then. A client resets what it takes to be open, and two SYN-ACKs that came again show that it was not. */
function isResetByServer(e: Evidence): boolean {
  return e.resetFrom === RESET_FROM.SERVER && e.synAckLast <= e.resetTime;
}

/** Longer than what queues and interfaces of one capture put in disorder. */
const DISORDER_NANOS = 200e6;

/**
 * The SYN comes again when the third leg has long been there. No client does that, but files of two hosts do whose clocks are apart: the repeated SYN-ACKs are then the same ones, in
 * the other file.
 */
export function isRecordedAgain(e: Evidence): boolean {
  return e.ackCount > 0 && e.synCount > 1 && e.synLast - e.ackFirst > DISORDER_NANOS;
}

/** The server's SYN is there, and a SYN-ACK of the client for it: what a SYN-ACK of the server would say, the two say as well (RFC 9293 §3.5). */
export function isOfTwoSyns(e: Evidence): boolean {
  return (e.marks & MARK.CROSSED) !== 0 && e.synAckCount === 0 && e.ackCount > 0;
}

function tookTheSecondOne(e: Evidence, patienceNanos: number): boolean {
  if (e.repeatsAfterAck > 1 || e.ackServedCount === 0 || e.againCount > 0) return false;
  const pause = e.synAckLast - e.synAckFirst;
  return e.sinceSynAckNanos >= Math.max(patienceNanos, PAUSES_UNTIL_REPEAT * pause);
}

/** SYN-ACK, and nothing of the client acknowledges it. */
function judgeAnswered(e: Evidence, patienceNanos: number): Verdict {
  if (e.isTakenElsewhere || (e.isAnsweredElsewhere && e.synCount === 0)) return VERDICT.UNDECIDED;
  // A SYN that went to another address explains the SYN-ACK better than the capture's start does.
  const explained = e.synCount > 0 || (beganEarly(e, patienceNanos) && (e.marks & MARK.OTHER_ADDRESS) === 0);
  // A server that lost repeats its SYN-ACK for a minute: it may be one of a connection that is over, or whose third leg has passed before.
  if (e.synCount === 0 && e.afterForgotten) return VERDICT.UNDECIDED;
  if (!explained) return e.lossyBefore ? VERDICT.UNDECIDED : VERDICT.NO_SYN;
  if ((e.marks & MARK.CLIENT_RESET) !== 0) return VERDICT.CLIENT_RESET;
  if (isOnItsWay(e)) return VERDICT.UNDECIDED;
  const sinceFirst = sinceFirstSynAck(e);
  return canTell(e, e.synAckCount, sinceFirst, e.sinceSynAckNanos, patienceNanos) ? VERDICT.NO_ACK : VERDICT.UNDECIDED;
}

/** The third leg of the attempt's client took longer before, with as many repetitions: what the capture ends too early for is not missing. */
export function isOnItsWay(e: Evidence): boolean {
  return sinceFirstSynAck(e) < e.thirdLegTakesNanos;
}

function sinceFirstSynAck(e: Evidence): number {
  return e.sinceSynAckNanos + (e.synAckLast - e.synAckFirst);
}

/** SYN, and no SYN-ACK that answers it. */
function judgeUnanswered(e: Evidence, patienceNanos: number): Verdict {
  // A third leg under other addresses: the answer to this SYN passed there.
  if (e.isTakenElsewhere) return VERDICT.UNDECIDED;
  if (wasRefused(e, patienceNanos)) return VERDICT.REFUSED;
  if (e.icmpQuotes === QUOTES.SYN) return VERDICT.REJECTED;
  if (wasStrayRefused(e)) return VERDICT.CLIENT_RESET;
  if ((e.marks & (MARK.CHALLENGED | MARK.STRAY_SYN_ACK)) !== 0) return VERDICT.CHALLENGED;
  if (e.isAnsweredElsewhere) return VERDICT.UNDECIDED;
  // The server acknowledged this very SYN: its SYN-ACK was there, and the capture does not have it.
  if ((e.marks & MARK.SERVER_ACKED) !== 0) return VERDICT.UNDECIDED;
  // It has the clients' direction alone: the SYN-ACKs of other attempts are not in it either.
  if (e.isServerUnheard) return VERDICT.UNDECIDED;
  const sinceFirst = e.followedNanos + (e.synLast - e.synFirst);
  return canTell(e, e.synCount, sinceFirst, e.followedNanos, patienceNanos) ? VERDICT.NO_SYN_ACK : VERDICT.UNDECIDED;
}

/** A RST whose numbers do not fit answers the SYN all the same, when there is no older connection that it could belong to, nor, after so long, one whose SYN the capture lost. */
function wasRefused(e: Evidence, patienceNanos: number): boolean {
  if ((e.marks & MARK.REFUSED) !== 0) return true;
  const older = MARK.PORT_REUSED | MARK.CLIENT_RESET | MARK.CHALLENGED | MARK.STRAY_SYN_ACK;
  const isSoon = e.resetTime - e.synLast <= patienceNanos;
  return (e.marks & MARK.RESET_WRONG_NUMBERS) !== 0 && (e.marks & older) === 0 && isSoon;
}

/** The attempt's first packet came so soon that the one before it can have passed before the capture began. */
export function beganEarly(e: Evidence, patienceNanos: number): boolean {
  return e.beganNanos < patienceNanos;
}

/**
 * The capture could have held the next leg: the one before it was repeated in vain, or enough capture follows it. Where packets are lost by the hundred a second, the answers
 * to each repetition may be among them.
 * @param sinceFirstNanos from the first transmission of the leg before it to the end of what was seen
 */
function canTell(
  e: Evidence,
  transmissions: number,
  sinceFirstNanos: number,
  followedNanos: number,
  patienceNanos: number,
): boolean {
  const isOverdue = sinceFirstNanos >= Math.min(ROUND_TRIP_NANOS, patienceNanos);
  if (transmissions > 1 && isOverdue && !e.lossyMany) return true;
  return followedNanos >= patienceNanos && !e.lossy;
}

// --- grades of the legs -----------------------------------------------------------------------------------------

export function gradeSyn(e: Evidence, verdict: Verdict): Grade {
  if (e.synCount > 0) return e.synAckCount > 0 || synAckInferred(e) ? 'accepted' : 'seen';
  return verdict === VERDICT.NO_SYN ? 'not-seen' : 'inferred';
}

export function gradeSynAck(e: Evidence): Grade {
  // The client refused a SYN-ACK of other numbers: it is the one that there was.
  if (wasStrayRefused(e)) return 'ignored';
  if (e.synAckCount === 0) return synAckInferred(e) ? 'inferred' : 'not-seen';
  if (e.ackCount > 0 || (e.marks & MARK.TOOK) !== 0) return 'accepted';
  return (e.marks & MARK.SYN_AFTER_SYN_ACK) !== 0 && !isOnItsWay(e) ? 'ignored' : 'seen';
}

export function wasStrayRefused(e: Evidence): boolean {
  if (e.synAckCount > 0 || e.strayCount === 0 || (e.marks & MARK.CLIENT_RESET) === 0) return false;
  return e.ackCount === 0 && (e.marks & MARK.TOOK) === 0;
}

/** A third leg, or a segment that needs one, is impossible without a SYN-ACK; so is a server segment that acknowledges the SYN. */
function synAckInferred(e: Evidence): boolean {
  return e.ackCount > 0 || (e.marks & (MARK.TOOK | MARK.SERVER_ACKED)) !== 0;
}

export function gradeAck(e: Evidence, verdict: Verdict): Grade {
  if ((e.marks & MARK.TOOK) !== 0) return e.ackCount > 0 ? 'accepted' : 'inferred';
  if (e.ackCount === 0 && e.wrongCount === 0) return 'not-seen';
  return verdict === VERDICT.COMPLETE || verdict === VERDICT.UNDECIDED ? 'seen' : 'ignored';
}
