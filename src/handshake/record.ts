/** Evidence and verdict, made into the owned record: the line between borrowed numbers and data that may be kept. */
import { formatAddress } from '../bytes/address.ts';
import { formatEpoch } from '../bytes/time.ts';
import type { Network } from '../wire/network.ts';
import { MARK, QUOTES } from './attempts.ts';
import { type Evidence, fitsReset, isOfNoUse, RESET_FROM } from './evidence.ts';
import { type FrameLists, fileOf, type ListedFrame, numberOf } from './frame-lists.ts';
import type { Handshake, IcmpError, Leg, OptionChange, Reset } from './handshake.ts';
import { icmpMeaning } from './icmp-meaning.ts';
import { notesOf } from './notes.ts';
import { differencesBetween, type OfferChange } from './offer-changes.ts';
import { reasonOf } from './reason.ts';
import {
  gradeAck,
  gradeSyn,
  gradeSynAck,
  MISSING_LEGS,
  VERDICT,
  VERDICT_NAMES,
  type Verdict,
  wasStrayRefused,
} from './verdict.ts';

/** What a record needs beside the evidence. */
export interface RecordContext {
  readonly patienceNanos: number;
  /** Whole epoch seconds that times count from, and the digits of a second that the capture has. */
  readonly baseSeconds: number;
  readonly digits: number;
  readonly networks: readonly Network[];
  /** Resolves the evidence's chains. */
  readonly frames: FrameLists;
  readonly severalFiles: boolean;
}

/**
 * Nobody was told so: of another verdict, of a handshake that completed before its connection turned out to be of no use, of a client that turned out to be there.
 * @param isUnheard it is, and its answers get lost
 */
export function isNews(e: Evidence, verdict: Verdict, isUnheard: boolean): boolean {
  if (e.published !== verdict || (isUnheard && !e.isSaidUnheard)) return true;
  return verdict === VERDICT.COMPLETE && isOfNoUse(e) && !e.isSaidOfNoUse;
}

/** @param isUnheard as for `isNews` */
export function makeHandshake(e: Evidence, verdict: Verdict, isUnheard: boolean, context: RecordContext): Handshake {
  const network = context.networks[e.network];
  const vlans = network?.vlan ?? [];
  const tunnel = network?.tunnel ?? null;
  return {
    id: e.id,
    revision: e.published >= 0 && isNews(e, verdict, isUnheard) ? e.revision + 1 : e.revision,
    client: { address: addressText(e.client0, e.client1, e.client2, e.client3), port: e.clientPort },
    server: { address: addressText(e.server0, e.server1, e.server2, e.server3), port: e.serverPort },
    isn: { client: e.clientIsn, server: (e.marks & MARK.SERVER_ISN_KNOWN) !== 0 ? e.serverIsn : null },
    verdict: VERDICT_NAMES[verdict] as Handshake['verdict'],
    missingLeg: MISSING_LEGS[verdict] ?? null,
    reason: reasonOf(e, verdict, context.patienceNanos),
    legs: {
      syn: makeLeg(gradeSyn(e, verdict), e.synCount, e.synFirst, e.synLast, e.synFrame, e.synChain, context),
      synAck: makeSynAckLeg(e, context),
      ack: makeThirdLeg(e, verdict, context),
    },
    latency: latencyOf(e),
    reset: makeReset(e, context),
    icmp: makeIcmp(e),
    tunnel: tunnel === null ? null : { kind: tunnel.kind, outer: tunnel.outer, id: tunnel.id },
    vlan: vlans.at(-1) ?? null,
    ...(vlans.length > 1 ? { vlans } : {}),
    ...(e.offerChanges.length > 0 ? { optionChanges: e.offerChanges.map((one) => makeChange(one, context)) } : {}),
    notes: notesOf(e, context.patienceNanos),
    diagnoses: [],
  };
}

function makeLeg(
  grade: Leg['grade'],
  count: number,
  first: number,
  last: number,
  frame: number,
  chain: number,
  context: RecordContext,
): Leg {
  if (count === 0) return { grade, count: 0, first: null, last: null, frames: [] };
  if (count === 1 && first === last) return onceSeen(grade, first, frame, context);
  const listed = [{ frame, time: first }, ...context.frames.read(chain)].slice(0, count);
  return withFrames(grade, count, first, last, listed, context);
}

/** As `withFrames`, for the one packet that most legs are: one text serves for all its times. */
function onceSeen(grade: Leg['grade'], nanos: number, frame: number, context: RecordContext): Leg {
  const time = formatEpoch(nanos, context.baseSeconds, context.digits);
  const leg = { grade, count: 1, first: time, last: time, frames: [numberOf(frame)], times: [time] };
  return context.severalFiles ? { ...leg, files: [fileOf(frame)] } : leg;
}

function withFrames(
  grade: Leg['grade'],
  count: number,
  first: number,
  last: number,
  listed: readonly ListedFrame[],
  context: RecordContext,
): Leg {
  return {
    grade,
    count,
    first: formatEpoch(first, context.baseSeconds, context.digits),
    last: formatEpoch(last, context.baseSeconds, context.digits),
    frames: listed.map(({ frame }) => numberOf(frame)),
    times: listed.map(({ time }) => formatEpoch(time, context.baseSeconds, context.digits)),
    ...(context.severalFiles ? { files: listed.map(({ frame }) => fileOf(frame)) } : {}),
  };
}

/** A SYN-ACK of other numbers counts for the leg only where the client refused it and no better one came. */
function makeSynAckLeg(e: Evidence, context: RecordContext): Leg {
  const grade = gradeSynAck(e);
  if (!wasStrayRefused(e)) {
    return makeLeg(grade, e.synAckCount, e.synAckFirst, e.synAckLast, e.synAckFrame, e.synAckChain, context);
  }
  const listed = context.frames.read(e.strayChain);
  const first = listed[0]?.time ?? 0;
  return withFrames(grade, e.strayCount, first, listed.at(-1)?.time ?? first, listed, context);
}

/** The ack leg counts up to the segment that served; when none did, all of them. A segment with wrong numbers is shown where nothing better came. */
function makeThirdLeg(e: Evidence, verdict: Verdict, context: RecordContext): Leg {
  const grade = gradeAck(e, verdict);
  if (e.ackCount === 0) {
    const isShown = grade === 'ignored' || grade === 'seen';
    if (e.wrongCount === 0 || !isShown) return makeLeg(grade, 0, 0, 0, 0, 0, context);
    const listed = [{ frame: e.wrongFrame, time: e.wrongFirst }];
    return withFrames(grade, e.wrongCount, e.wrongFirst, e.wrongFirst, listed, context);
  }
  const served = grade !== 'ignored' && e.ackServedCount > 0;
  const count = served ? e.ackServedCount : e.ackCount;
  return makeLeg(grade, count, e.ackFirst, served ? e.ackServed : e.ackLast, e.ackFrame, e.ackChain, context);
}

/** Nanoseconds from SYN to SYN-ACK, from SYN-ACK to the third leg that served; NaN when not both were seen, or they were recorded in the wrong order. */
export function synToSynAckNanos(e: Evidence): number {
  if (e.synCount === 0 || e.synAckCount === 0 || e.synAckFirst < e.synFirst) return Number.NaN;
  return e.synAckFirst - e.synFirst;
}

export function synAckToAckNanos(e: Evidence): number {
  if (e.synAckCount === 0 || e.ackCount === 0) return Number.NaN;
  const served = (e.marks & MARK.TOOK) !== 0 && e.ackServedCount > 0 ? e.ackServed : e.ackFirst;
  return served < e.synAckFirst ? Number.NaN : served - e.synAckFirst;
}

function latencyOf(e: Evidence): Handshake['latency'] {
  return { synToSynAck: inSeconds(synToSynAckNanos(e)), synAckToAck: inSeconds(synAckToAckNanos(e)) };
}

function inSeconds(nanos: number): number | null {
  return Number.isNaN(nanos) ? null : nanos / 1e9;
}

function makeChange({ isSynAck, frame, copyFrame, before, after }: OfferChange, context: RecordContext): OptionChange {
  return {
    leg: isSynAck ? 'syn-ack' : 'syn',
    frames: [numberOf(frame), numberOf(copyFrame)],
    ...(context.severalFiles ? { files: [fileOf(frame), fileOf(copyFrame)] as const } : {}),
    options: differencesBetween(before, after),
  };
}

function makeReset(e: Evidence, context: RecordContext): Reset | null {
  if (e.resetFrom === RESET_FROM.NONE) return null;
  const fromServer = e.resetFrom === RESET_FROM.SERVER;
  return {
    from: fromServer ? 'server' : 'client',
    time: formatEpoch(e.resetTime, context.baseSeconds, context.digits),
    frame: numberOf(e.resetFrame),
    ttl: e.resetTtl,
    suspect: fitsReset(e) ? null : 'middlebox',
  };
}

function makeIcmp(e: Evidence): IcmpError | null {
  if (e.icmpQuotes === 0) return null;
  return {
    from: addressText(e.icmpFrom0, e.icmpFrom1, e.icmpFrom2, e.icmpFrom3),
    type: e.icmpType,
    code: e.icmpCode,
    meaning: icmpMeaning(e.icmpFamily, e.icmpType, e.icmpCode),
    frame: numberOf(e.icmpFrame),
    quotes: e.icmpQuotes === QUOTES.SYN ? 'syn' : e.icmpQuotes === QUOTES.SYN_ACK ? 'syn-ack' : 'later',
  };
}

/** IPv4 addresses are held IPv4-mapped (wire/segment.ts). */
export function addressText(w0: number, w1: number, w2: number, w3: number): string {
  return formatAddress(w0, w1, w2, w3, w0 === 0 && w1 === 0 && w2 === 0xffff ? 4 : 6);
}
