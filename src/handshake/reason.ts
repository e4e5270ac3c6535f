/** The verdict in one plain sentence, with the numbers that a reader can check. */
import { MARK } from './attempts.ts';
import type { Evidence } from './evidence.ts';
import { icmpMeaning } from './icmp-meaning.ts';
import { isOfTwoSyns, isOnItsWay, isRecordedAgain, VERDICT, type Verdict, wasIgnored } from './verdict.ts';

export function reasonOf(e: Evidence, verdict: Verdict, patienceNanos: number): string {
  switch (verdict) {
    case VERDICT.COMPLETE:
      return complete(e);
    case VERDICT.NO_SYN:
      return `${times(e.synAckCount, 'SYN-ACK')}${span(e.synAckFirst, e.synAckLast)} without a SYN, although the capture had run for ${seconds(e.beganNanos)} before.`;
    case VERDICT.NO_SYN_ACK:
      if ((e.marks & MARK.CROSSED) !== 0) return `Two SYNs crossed, and neither was acknowledged${following(e)}.`;
      return `${times(e.synCount, 'SYN')}${span(e.synFirst, e.synLast)}, and ${withoutAnswer(e)}.`;
    case VERDICT.REFUSED:
      return `A RST answers the SYN after ${seconds(e.resetTime - e.synFirst)}${e.synCount > 1 ? `; the client tries ${e.synCount} times` : ''}.`;
    case VERDICT.REJECTED:
      return `An ICMP error (${icmpMeaning(e.icmpFamily, e.icmpType, e.icmpCode)}) quotes the SYN.`;
    case VERDICT.CHALLENGED:
      return (e.marks & MARK.CHALLENGED) !== 0
        ? 'The server answers the SYN with an ACK of other numbers: it holds an old connection on these ports.'
        : 'The server answers with a SYN-ACK that acknowledges another SYN.';
    case VERDICT.NO_ACK:
      return noAck(e);
    case VERDICT.ACK_IGNORED:
      return ackIgnored(e);
    case VERDICT.ACK_REJECTED:
      return ackRejected(e, patienceNanos);
    case VERDICT.CLIENT_RESET:
      return e.synAckCount === 0
        ? 'The SYN-ACK acknowledges another number than that of the SYN, and the client answers it with a RST.'
        : `The client answers the SYN-ACK with a RST after ${seconds(e.resetTime - e.synAckFirst)}.`;
    default:
      return undecided(e, patienceNanos);
  }
}

function withoutAnswer(e: Evidence): string {
  if ((e.marks & MARK.OTHER_ADDRESS) === 0) return `no answer of any kind${following(e)}`;
  return 'no answer from where it went: a SYN-ACK to it came from another address';
}

function complete(e: Evidence): string {
  const took = (e.marks & MARK.TOOK) !== 0;
  if (isOfTwoSyns(e)) {
    const hasAnswered = took || (e.marks & (MARK.SERVER_ACKED | MARK.SERVER_SPOKE)) !== 0;
    return `Both sides sent a SYN, and a SYN-ACK of the client acknowledges the server's; ${hasAnswered ? "the server acknowledges the client's by itself, and needs no SYN-ACK" : 'nothing shows that the server refused it'}.`;
  }
  if (e.synCount === 0 || e.synAckCount === 0 || e.ackCount === 0) {
    return 'Legs that are not in the capture follow from later segments, which are impossible without them.';
  }
  if (took) return 'All three legs are there, and the server went on with the connection.';
  if ((e.marks & MARK.RESET_OF_CONNECTION) !== 0) return 'All three legs are there; a RST then closed the connection.';
  return 'All three legs are there; nothing shows that the server refused the third.';
}

function noAck(e: Evidence): string {
  const asked =
    (e.marks & MARK.SYN_AFTER_SYN_ACK) !== 0
      ? ' The client goes on sending its SYN, so the SYN-ACK does not reach it.'
      : '';
  const rejected =
    e.icmpQuotes !== 0 ? ` An ICMP error came: ${icmpMeaning(e.icmpFamily, e.icmpType, e.icmpCode)}.` : '';
  return `${times(e.synAckCount, 'SYN-ACK')}${span(e.synAckFirst, e.synAckLast)}, and nothing of the client acknowledges it${following(e)}.${asked}${rejected}`;
}

function ackIgnored(e: Evidence): string {
  if (e.repeatsAfterAck > 0) {
    const what = e.synAckCount === 0 ? 'SYN' : 'SYN-ACK';
    return `The third leg is there, but the server repeats its ${what} ${e.repeatsAfterAck === 1 ? 'once' : `${e.repeatsAfterAck} times`} after it and never shows that it took it.`;
  }
  return `The third leg is there, the client repeats its data ${e.againCount === 1 ? 'once' : `${e.againCount} times`}, and the server has been silent for ${seconds(e.unansweredNanos)}.`;
}

function ackRejected(e: Evidence, patienceNanos: number): string {
  if (e.ackCount === 0) return "The client's segment in the third leg's place has wrong numbers.";
  if ((e.marks & MARK.RESET_BARE) !== 0) {
    return `The server answers the third leg after ${seconds(e.resetTime - e.ackFirst)} with a RST of no connection.`;
  }
  return wasIgnored(e, patienceNanos)
    ? 'The third leg acknowledges what the server never sent, and the server goes on as if it had not come.'
    : 'The third leg acknowledges what the server never sent.';
}

function undecided(e: Evidence, patienceNanos: number): string {
  if (e.isTakenElsewhere || (e.isAnsweredElsewhere && (e.synCount === 0 || e.synAckCount === 0))) {
    const lacking = e.synCount === 0 ? 'SYN' : e.synAckCount === 0 ? 'answer' : 'third leg';
    return `The same handshake passed under other addresses as well (address translation on this host), and its ${lacking} under those alone.`;
  }
  if (e.synAckCount === 0 && (e.marks & MARK.SERVER_ACKED) !== 0) {
    return 'The server acknowledges the SYN, but its SYN-ACK is not in the capture.';
  }
  if (e.synAckCount === 0 && e.isServerUnheard) {
    return 'The capture has no packet of this server, and others complete their handshakes with it: what it answers does not pass here.';
  }
  if (isRecordedAgain(e)) {
    return `The SYN comes again ${seconds(e.synLast - e.ackFirst)} after the third leg, as in files of two hosts whose clocks are apart: the repeated SYN-ACK may be the same one. Analyze the files one by one.`;
  }
  if (e.synCount === 0 && e.afterForgotten) {
    return 'A SYN-ACK without a SYN, on ports that carried another connection before: it may belong to that one.';
  }
  if (e.synCount === 0 && e.lossyBefore) return 'Packets were lost by the capture where the SYN would be.';
  if (e.wrongCount > 0) {
    return "The client's segment in the third leg's place has wrong numbers; but the capture lost packets, and the SYN-ACK that it acknowledges can be one of them.";
  }
  if (e.lossy || e.lossyMany) return 'Packets were lost by the capture where the next leg would be.';
  if ((e.marks & MARK.GIVEN_UP) !== 0)
    return 'Too many attempts were open, in all or on these ports: this one was given up.';
  if (isOnItsWay(e)) {
    return `The capture ends ${seconds(e.sinceSynAckNanos)} after the latest SYN-ACK, and third legs of this client have come ${seconds(e.thirdLegTakesNanos)} after the first: too soon to tell.`;
  }
  const last = e.synAckCount > 0 ? 'SYN-ACK' : 'SYN';
  const followed = e.synAckCount > 0 ? e.sinceSynAckNanos : e.followedNanos;
  return `The capture ends ${seconds(followed)} after the ${last}: too soon to tell (less than ${seconds(patienceNanos)}).`;
}

/** How long the capture went on after the attempt's last packet, where that is worth a word. */
function following(e: Evidence): string {
  return e.followedNanos >= 100e6 ? ` in the ${seconds(e.followedNanos)} that follow` : '';
}

function times(count: number, what: string): string {
  return count === 1 ? `One ${what}` : `${count} ${what}s`;
}

function span(first: number, last: number): string {
  return last > first ? ` over ${seconds(last - first)}` : '';
}

/** A duration with three significant digits and its unit; never an exponent. */
export function seconds(nanos: number): string {
  const size = Math.abs(nanos);
  if (size >= 999.5e9) return `${Math.round(nanos / 1e9)} s`;
  if (size >= 999.5e6) return `${round3(nanos / 1e9)} s`;
  if (size >= 999.5e3) return `${round3(nanos / 1e6)} ms`;
  return `${round3(nanos / 1e3)} µs`;
}

function round3(value: number): string {
  return String(Number(value.toPrecision(3)));
}
