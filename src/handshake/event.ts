/**
 * What one segment means to one attempt: a segment and the row of the attempt go in, one small number comes out. All the ifs of the state
 * machine are here, in the order of RFC 9293 §3.10.7; what follows from the number is in transitions.ts.
 *
 * An observer sees what no endpoint meets: answers before questions, copies, one direction only. The rules here ask "which segment can this be",
 * never "is this allowed".
 */
import { distance } from '../bytes/sequence.ts';
import { FLAG, type Segment } from '../wire/segment.ts';
import { type Attempts, DATA_REFUSED, FOLLOWED, MARK, ROW_WORDS, T, W } from './attempts.ts';

/** The numbers are dense: they index the transition table. The names are what `tripod show` prints. */
export const EVENT = {
  /** A SYN without ACK of the client, with the attempt's ISN. */
  SYN: 0,
  /** A SYN without ACK that belongs to no known attempt of this flow: another begins. */
  SYN_NEW: 1,
  /** A SYN without ACK of the server while the client's waits: simultaneous open (RFC 9293 §3.5); and the same again. */
  SYN_CROSSING: 2,
  /** A SYN-ACK that acknowledges the client's ISN. */
  SYN_ACK: 3,
  /** The same again, after the third leg was seen. */
  SYN_ACK_LATE: 4,
  /** A SYN-ACK that acknowledges something else. */
  SYN_ACK_STRAY: 5,
  /** A client segment that acknowledges the server's ISN and lies in the window. */
  THIRD_LEG: 6,
  /** A client segment in the third leg's place, with wrong numbers. */
  THIRD_LEG_WRONG: 7,
  /** Data or FIN that the client sends again. */
  CLIENT_AGAIN: 8,
  /** A server segment that it could not have sent without the third leg. (SERVER_TOOK_LAST: a FIN, and the client's was seen before.) */
  SERVER_TOOK: 9,
  /** A server segment that acknowledges the SYN and proves no more. */
  SERVER_ACK: 10,
  /** A server segment without payload that acknowledges other numbers (RFC 5961 challenge ACK, TIME-WAIT). */
  CHALLENGE: 11,
  CLIENT_RST: 12,
  /** A RST of the server before any SYN-ACK: the answer to the SYN. */
  SERVER_RST_ANSWER: 13,
  /** A RST of the server without ACK whose sequence is what the third leg acknowledged: no connection was there. */
  SERVER_RST_BARE: 14,
  /** A RST of the server with ACK, or where its next segment is due: of a connection that was there. */
  SERVER_RST: 15,
  /** An ICMP error that quotes the SYN, the SYN-ACK, or a later segment. */
  ICMP_SYN: 16,
  ICMP_SYN_ACK: 17,
  ICMP_LATER: 18,
  /** A FIN of a connection that is open: of the first side, of the second. */
  FIN: 19,
  FIN_LAST: 20,
  /** A RST of the server whose numbers fit nothing: hosts ignore it. */
  SERVER_RST_STRAY: 21,
  SERVER_TOOK_LAST: 22,
  /** The same, but it can have been recorded before the third leg that it needs: it acknowledges nothing beyond the SYN. */
  SERVER_TOOK_EARLY: 23,
  /** Belongs to another connection on the same ports, or says nothing. */
  OTHER: 24,
} as const;
export type Event = (typeof EVENT)[keyof typeof EVENT];
export const EVENT_NAMES: readonly string[] = Object.keys(EVENT).map((name) => name.toLowerCase().replaceAll('_', '-'));

/** What a client can send before it has heard of the window scale, beyond its SYN: the window of a SYN-ACK is never scaled (RFC 7323 §2.2). */
export const FIRST_WINDOW = 65_535;

/** How far beyond what was seen a number may lie and still belong to the connection: the largest window there is (RFC 7323 §2.3). Segments may have been
 * lost by the capture; and a wrong number among these betrays itself, since the other side answers it. */
const LARGEST_WINDOW = 1 << 30;

/** The same where an older connection on these ports may be speaking: 1 MiB. */
export const UNSEEN_OCTETS = 1 << 20;

/** A RST without ACK this long after the third leg comes from elsewhere: without a connection the server would have repeated its SYN-ACK (RFC 6298:
 * after one second) or answered at once. */
const BARE_RESET_NANOS = 3e9;

/** The event that a TCP segment, whose flags are known, is to the attempt in `slot`. */
export function classify(attempts: Attempts, slot: number, segment: Segment, fromClient: boolean, time: number): Event {
  return fromClient ? classifyClient(attempts, slot, segment) : classifyServer(attempts, slot, segment, time);
}

/** As `classify`, for a connection whose third leg was taken: only its end, and another beginning, are of interest. */
export function classifySettled(attempts: Attempts, slot: number, segment: Segment, fromClient: boolean): Event {
  const flags = segment.flags;
  if ((flags & FLAG.RST) !== 0) return fromClient ? EVENT.CLIENT_RST : EVENT.SERVER_RST;
  if ((flags & FLAG.SYN) !== 0) {
    if ((flags & FLAG.ACK) !== 0) return fromClient ? EVENT.OTHER : classifyServer(attempts, slot, segment, 0);
    if (!fromClient && isCrossing(attempts, slot, segment)) return EVENT.OTHER;
    return fromClient && (segment.sequence | 0) === attempts.word(slot, W.CLIENT_ISN) ? EVENT.SYN : EVENT.SYN_NEW;
  }
  if ((flags & FLAG.FIN) === 0) return EVENT.OTHER;
  return attempts.has(slot, fromClient ? MARK.SERVER_FIN : MARK.CLIENT_FIN) ? EVENT.FIN_LAST : EVENT.FIN;
}

/** Whether the event shows that the segment is of this attempt, and not of another one on the same ports. */
export function belongs(event: Event): boolean {
  return OWN[event] === 1;
}

const OWN = new Uint8Array(EVENT_NAMES.length);
for (const event of [
  EVENT.SYN,
  EVENT.SYN_ACK,
  EVENT.SYN_ACK_LATE,
  EVENT.THIRD_LEG,
  EVENT.CLIENT_AGAIN,
  EVENT.SERVER_TOOK,
  EVENT.SERVER_TOOK_LAST,
  EVENT.SERVER_TOOK_EARLY,
  EVENT.CLIENT_RST,
  EVENT.SERVER_RST_BARE,
  EVENT.SERVER_RST_ANSWER,
]) {
  OWN[event] = 1;
}

function classifyClient(attempts: Attempts, slot: number, segment: Segment): Event {
  const flags = segment.flags;
  const fromIsn = distance(segment.sequence, attempts.word(slot, W.CLIENT_ISN));
  if ((flags & FLAG.RST) !== 0) return classifyClientReset(attempts, slot, segment, fromIsn);
  if ((flags & FLAG.SYN) !== 0) {
    if ((flags & FLAG.ACK) === 0) return fromIsn === 0 ? EVENT.SYN : EVENT.SYN_NEW;
    if (isWithItself(attempts, slot)) return classifyOwnSynAck(attempts, slot, segment, fromIsn);
    // In a simultaneous open both sides send a SYN-ACK; the client's acknowledges the server's SYN.
    const acknowledges = segment.acknowledgment === (attempts.word(slot, W.SERVER_ISN) + 1) >>> 0;
    return attempts.has(slot, MARK.CROSSED) && fromIsn === 0 && acknowledges ? EVENT.THIRD_LEG : EVENT.OTHER;
  }
  return (flags & FLAG.ACK) === 0 ? EVENT.OTHER : classifyClientAck(attempts, slot, segment, fromIsn);
}

/**
 * Both ends are one socket, whose SYN came back to itself: a simultaneous open (RFC 9293 §3.5) in which each segment of either side is one of the client, as far as can be told.
 */
function isWithItself(attempts: Attempts, slot: number): boolean {
  if (attempts.port(slot, 0) !== attempts.port(slot, 1)) return false;
  const { words } = attempts;
  const row = slot * ROW_WORDS;
  for (let i = row; i < row + 4; i++) if (words[i] !== words[i + 4]) return false;
  return true;
}

/** Its SYN-ACK has the number of its SYN, and acknowledges that. */
function classifyOwnSynAck(attempts: Attempts, slot: number, segment: Segment, fromIsn: number): Event {
  const acknowledges = distance(segment.acknowledgment, attempts.word(slot, W.CLIENT_ISN)) === 1;
  if (fromIsn !== 0 || !acknowledges) return EVENT.OTHER;
  return attempts.word(slot, W.ACK_COUNT) > 0 ? EVENT.SYN_ACK_LATE : EVENT.SYN_ACK;
}

/** @param fromIsn how far the segment lies behind the client's ISN. */
function classifyClientAck(attempts: Attempts, slot: number, segment: Segment, fromIsn: number): Event {
  if (!attempts.has(slot, MARK.SERVER_ISN_KNOWN)) {
    const most = isAmongOthers(attempts, slot) ? FIRST_WINDOW : LARGEST_WINDOW;
    return fromIsn >= 0 && fromIsn <= 1 + most ? EVENT.THIRD_LEG : EVENT.OTHER;
  }
  const thirdSeen = attempts.word(slot, W.ACK_COUNT) > 0;
  const took = attempts.has(slot, MARK.TOOK);
  // Once the third leg is there, the window may be scaled, and what moved it on may be missing from the capture.
  const isScaled = thirdSeen && !isFollowed(attempts, slot);
  const window = isScaled ? LARGEST_WINDOW : FIRST_WINDOW + attempts.word(slot, W.SYN_DATA);
  const inWindow = fromIsn >= 1 && fromIsn <= 1 + window;
  const acknowledges = acknowledgesServer(attempts, slot, segment.acknowledgment);
  if (inWindow && acknowledges) {
    // The server went on before: only the very first segment can be the third leg that was recorded late.
    const isFirst = fromIsn === 1 + attempts.word(slot, W.SYN_DATA);
    if (took && !thirdSeen && !isFirst) return EVENT.OTHER;
    const again = endDistance(attempts, slot, segment) <= 0 && occupies(segment);
    return again && thirdSeen ? EVENT.CLIENT_AGAIN : EVENT.THIRD_LEG;
  }
  // A keep-alive probe repeats the octet before the window (RFC 9293 §3.8.4): nothing new, once the third leg is there; else it shows that the client has sent it.
  if (fromIsn === 0 && acknowledges) return thirdSeen || took ? EVENT.OTHER : EVENT.THIRD_LEG;
  // Both numbers far off: an older connection on the same ports; one of them, where there is a younger one: that.
  const isOwn = (inWindow || acknowledges) && !isFollowed(attempts, slot);
  return isOwn ? EVENT.THIRD_LEG_WRONG : EVENT.OTHER;
}

/** Another attempt began on the ports later. */
export function isFollowed(attempts: Attempts, slot: number): boolean {
  return (attempts.word(slot, W.LINK) & FOLLOWED) !== 0;
}

/** The ports had a connection, or attempt, before this one or have had one since, and a segment may be of that one. */
function isAmongOthers(attempts: Attempts, slot: number): boolean {
  return attempts.has(slot, MARK.PORT_REUSED | OTHERS_SPEAK) || isFollowed(attempts, slot);
}

/** A challenge and a SYN-ACK of other numbers speak of a connection whose SYN is not in the capture. */
const OTHERS_SPEAK = MARK.CHALLENGED | MARK.STRAY_SYN_ACK;

/** Octets of sequence space that payload and FIN take. */
function occupies(segment: Segment): boolean {
  return segment.payloadLength > 0 || (segment.flags & FLAG.FIN) !== 0;
}

/** How far the segment's end lies beyond what the client was seen to send. */
function endDistance(attempts: Attempts, slot: number, segment: Segment): number {
  const fin = (segment.flags & FLAG.FIN) !== 0 ? 1 : 0;
  return distance(segment.sequence + segment.payloadLength + fin, attempts.word(slot, W.CLIENT_END));
}

/** The number acknowledges the ISN of a SYN-ACK that was seen, or more that the server can have sent. */
function acknowledgesServer(attempts: Attempts, slot: number, acknowledgment: number): boolean {
  const ahead = distance(acknowledgment, attempts.word(slot, W.SERVER_ISN) + 1);
  if (ahead >= 0 && ahead <= LARGEST_WINDOW) return true;
  if (!attempts.has(slot, MARK.SEVERAL_SYN_ACKS)) return false;
  return (
    distance(acknowledgment, attempts.word(slot, W.OTHER_ISN_1)) === 1 ||
    distance(acknowledgment, attempts.word(slot, W.OTHER_ISN_2)) === 1
  );
}

/** A RST of the client fits when its number lies where the client's next one is; after a challenge it carries the challenge's number, and is no answer to the SYN-ACK that may have come since. */
function classifyClientReset(attempts: Attempts, slot: number, segment: Segment, fromIsn: number): Event {
  if (fromIsn >= 0 && fromIsn <= 1 + FIRST_WINDOW) return EVENT.CLIENT_RST;
  if (isFollowed(attempts, slot)) return EVENT.OTHER;
  const isAnswered = attempts.word(slot, W.SYN_ACK_COUNT) > 0;
  if (!isAnswered && attempts.has(slot, MARK.CHALLENGED | MARK.STRAY_SYN_ACK)) return EVENT.CLIENT_RST;
  // RFC 9293 §3.10.7.3: a RST that answers a segment without ACK has sequence 0.
  return segment.sequence === 0 ? EVENT.CLIENT_RST : EVENT.OTHER;
}

function classifyServer(attempts: Attempts, slot: number, segment: Segment, time: number): Event {
  const flags = segment.flags;
  if ((flags & FLAG.RST) !== 0) return classifyServerReset(attempts, slot, segment, time);
  const acknowledged = distance(segment.acknowledgment, attempts.word(slot, W.CLIENT_ISN) + 1);
  const synData = attempts.word(slot, W.SYN_DATA);
  if ((flags & FLAG.SYN) !== 0) {
    if ((flags & FLAG.ACK) === 0) return classifyServerSyn(attempts, slot, segment);
    if (acknowledged < 0 || acknowledged > synData) {
      return isFollowed(attempts, slot) ? EVENT.OTHER : EVENT.SYN_ACK_STRAY;
    }
    return attempts.word(slot, W.ACK_COUNT) > 0 ? EVENT.SYN_ACK_LATE : EVENT.SYN_ACK;
  }
  if ((flags & FLAG.ACK) === 0) return EVENT.OTHER;
  const pure = !occupies(segment);
  const otherwise = pure && !isFollowed(attempts, slot) ? EVENT.CHALLENGE : EVENT.OTHER;
  const proves = acknowledged > synData || (acknowledged >= 0 && !pure);
  if (proves && bearsOutWrong(attempts, slot, segment)) return took(attempts, slot, flags);
  if (!isFromServerWindow(attempts, slot, segment) || acknowledged < 0) return otherwise;
  const thirdSeen = attempts.word(slot, W.ACK_COUNT) + attempts.word(slot, W.WRONG_COUNT) > 0;
  if (acknowledged > synData) return classifyBeyond(attempts, slot, segment, thirdSeen, pure);
  if (pure) {
    const isProof = thirdSeen && hasOnlyItsSyn(attempts, slot, segment);
    return isProof ? took(attempts, slot, flags) : EVENT.SERVER_ACK;
  }
  // With Fast Open the server may send data before the third leg (RFC 7413 §4.2.2): no proof, unless it has refused it.
  const isRefused = (attempts.word(slot, W.LINK) & DATA_REFUSED) !== 0;
  if (attempts.has(slot, MARK.FAST_OPEN) && !isRefused && !thirdSeen) return EVENT.SERVER_ACK;
  if (thirdSeen) return took(attempts, slot, flags);
  const fromIsn = distance(segment.sequence, attempts.word(slot, W.SERVER_ISN));
  const isFar = attempts.has(slot, MARK.TOOK) && fromIsn > FIRST_WINDOW;
  return isFar ? EVENT.OTHER : EVENT.SERVER_TOOK_EARLY;
}

/** A server that has sent a SYN of its own, and no SYN-ACK, acknowledges nothing but the client's SYN-ACK: its answer to a SYN would be one, too (RFC 9293 §3.10.7.3). */
function hasOnlyItsSyn(attempts: Attempts, slot: number, segment: Segment): boolean {
  if (!attempts.has(slot, MARK.CROSSED) || attempts.word(slot, W.SYN_ACK_COUNT) > 0) return false;
  return distance(segment.sequence, attempts.word(slot, W.SERVER_ISN)) === 1;
}

/** What seemed to have wrong numbers acknowledged a SYN-ACK that was not recorded: the server goes on from just there. */
export function bearsOutWrong(attempts: Attempts, slot: number, segment: Segment): boolean {
  const isWrong = attempts.word(slot, W.WRONG_COUNT) > 0 && attempts.word(slot, W.ACK_COUNT) === 0;
  return isWrong && (segment.sequence | 0) === attempts.word(slot, W.CLIENT_ACKED);
}

function took(attempts: Attempts, slot: number, flags: number): Event {
  const isLast = (flags & FLAG.FIN) !== 0 && attempts.has(slot, MARK.CLIENT_FIN);
  return isLast ? EVENT.SERVER_TOOK_LAST : EVENT.SERVER_TOOK;
}

/** The server acknowledges more than the SYN: proof, if the client can have sent that much. */
function classifyBeyond(attempts: Attempts, slot: number, segment: Segment, thirdSeen: boolean, pure: boolean): Event {
  const beyondSeen = distance(segment.acknowledgment, attempts.word(slot, W.CLIENT_END));
  if (thirdSeen) return beyondSeen <= UNSEEN_OCTETS ? took(attempts, slot, segment.flags) : EVENT.OTHER;
  if (beyondSeen <= UNSEEN_OCTETS && attempts.has(slot, MARK.SERVER_ISN_KNOWN)) return EVENT.SERVER_TOOK;
  // Nothing of this connection was seen but its SYN. Data that acknowledges more is of it, unless an older one on these ports may be speaking.
  if (isFollowed(attempts, slot)) return EVENT.OTHER;
  if (pure) return EVENT.CHALLENGE;
  const most = attempts.has(slot, OTHERS_SPEAK) ? FIRST_WINDOW : LARGEST_WINDOW;
  return beyondSeen <= most && !attempts.has(slot, MARK.PORT_REUSED) ? EVENT.SERVER_TOOK : EVENT.OTHER;
}

/** The segment's sequence lies at or behind the server's ISN, by no more than a connection can have got on. Unknown ISN: anything does. */
function isFromServerWindow(attempts: Attempts, slot: number, segment: Segment): boolean {
  if (!attempts.has(slot, MARK.SERVER_ISN_KNOWN)) return true;
  const fromIsn = distance(segment.sequence, attempts.word(slot, W.SERVER_ISN));
  // Further on it is of a younger attempt, whose client's numbers may lie close to this one's.
  if (fromIsn > UNSEEN_OCTETS && isFollowed(attempts, slot)) return false;
  if (fromIsn >= 0) return true;
  if (!attempts.has(slot, MARK.SEVERAL_SYN_ACKS)) return false;
  return (
    distance(segment.sequence, attempts.word(slot, W.OTHER_ISN_1)) >= 0 ||
    distance(segment.sequence, attempts.word(slot, W.OTHER_ISN_2)) >= 0
  );
}

function classifyServerSyn(attempts: Attempts, slot: number, segment: Segment): Event {
  const waiting = attempts.word(slot, W.SYN_ACK_COUNT) === 0 && attempts.word(slot, W.ACK_COUNT) === 0;
  const answered = attempts.has(slot, MARK.REFUSED | MARK.CHALLENGED) || attempts.word(slot, W.ICMP) !== 0;
  if (isCrossing(attempts, slot, segment)) return EVENT.SYN_CROSSING;
  if (attempts.has(slot, MARK.CROSSED)) return EVENT.SYN_NEW;
  return waiting && !answered && attempts.word(slot, W.SYN_COUNT) > 0 ? EVENT.SYN_CROSSING : EVENT.SYN_NEW;
}

/** The SYN of the server that crossed the client's; it may be recorded behind the server's SYN-ACK. */
function isCrossing(attempts: Attempts, slot: number, segment: Segment): boolean {
  return attempts.has(slot, MARK.SERVER_ISN_KNOWN) && (segment.sequence | 0) === attempts.word(slot, W.SERVER_ISN);
}

function classifyServerReset(attempts: Attempts, slot: number, segment: Segment, time: number): Event {
  const hasAck = (segment.flags & FLAG.ACK) !== 0;
  const third = attempts.word(slot, W.ACK_COUNT) + attempts.word(slot, W.WRONG_COUNT) > 0;
  if (third) {
    const answers = (segment.sequence | 0) === attempts.word(slot, W.CLIENT_ACKED);
    const since = time - attempts.time(slot, thirdLegTime(attempts, slot));
    // A server that has repeated its SYN-ACK again and again has no connection, however late it says so.
    const isHalfOpen = attempts.word(slot, W.REPEATS_AFTER_ACK) > 1;
    if (!hasAck && answers && (since <= BARE_RESET_NANOS || isHalfOpen)) return EVENT.SERVER_RST_BARE;
    const isDue = answers || (segment.sequence | 0) === attempts.word(slot, W.SERVER_END);
    return hasAck || isDue || !attempts.has(slot, MARK.SERVER_ISN_KNOWN) ? EVENT.SERVER_RST : EVENT.SERVER_RST_STRAY;
  }
  if (attempts.word(slot, W.SYN_ACK_COUNT) > 0) return EVENT.SERVER_RST;
  // RFC 9293 §3.10.7.3: a RST refuses a SYN by acknowledging it. Firewalls also send one without ACK, mostly with sequence 0.
  if (!hasAck) {
    if (segment.sequence !== 0 && isFollowed(attempts, slot)) return EVENT.OTHER;
    const foreign = attempts.has(slot, MARK.PORT_REUSED | MARK.STRAY_SYN_ACK) && segment.sequence !== 0;
    return foreign ? EVENT.SERVER_RST_STRAY : EVENT.SERVER_RST_ANSWER;
  }
  const acknowledged = distance(segment.acknowledgment, attempts.word(slot, W.CLIENT_ISN) + 1);
  if (acknowledged >= 0 && acknowledged <= attempts.word(slot, W.SYN_DATA)) return EVENT.SERVER_RST_ANSWER;
  return isFollowed(attempts, slot) ? EVENT.OTHER : EVENT.SERVER_RST_STRAY;
}

/** When the third leg came that a bare RST can answer: a server that repeats its SYN-ACK asks for it anew. */
function thirdLegTime(attempts: Attempts, slot: number): number {
  if (attempts.word(slot, W.ACK_COUNT) === 0) return T.WRONG_FIRST;
  const isAskedAgain = attempts.word(slot, W.SYN_ACK_COUNT) > 1;
  return isAskedAgain && attempts.time(slot, T.SYN_ACK_LAST) > attempts.time(slot, T.ACK_FIRST)
    ? T.ACK_LAST
    : T.ACK_FIRST;
}

/** The event that an ICMP error is, which quotes a segment of the client or of the server. */
export function classifyQuoted(attempts: Attempts, slot: number, segment: Segment, fromClient: boolean): Event {
  if (fromClient) {
    if (!segment.hasSequence) return attempts.word(slot, W.SYN_ACK_COUNT) === 0 ? EVENT.ICMP_SYN : EVENT.ICMP_LATER;
    return (segment.sequence | 0) === attempts.word(slot, W.CLIENT_ISN) ? EVENT.ICMP_SYN : EVENT.ICMP_LATER;
  }
  const isSynAck = !segment.hasSequence || (segment.sequence | 0) === attempts.word(slot, W.SERVER_ISN);
  return isSynAck && attempts.word(slot, W.ACK_COUNT) === 0 ? EVENT.ICMP_SYN_ACK : EVENT.ICMP_LATER;
}
