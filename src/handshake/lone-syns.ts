/**
 * Attempts of which no more is known than one ordinary SYN: what a flood is made of. A full row of such an attempt is six cache lines, most of them empty; here it has a brief row of
 * one (flow/table.ts), until any other packet of its flow comes, or an ICMP error about it: then `unfold` writes the row that the SYN would have made. What is said of an attempt is the same
 * either way; test/handshake/ordinary.test.ts holds the two against each other. Copies of the SYN (copies.ts) change nothing but its direction: a flood that passes several interfaces stays brief.
 *
 *   words     3 to 15 of a brief row: B       signed 32-bit integers
 *   doubles   among them: D                   nanoseconds since the capture's base, as in attempts.ts
 */

import { fingerprint } from '../flow/row-keys.ts';
import { BRIEF_WORDS, briefAt, isPlainIpv4 } from '../flow/table.ts';
import { MAPPED } from '../wire/ipv4.ts';
import { FLAG, KIND, type Segment } from '../wire/segment.ts';
import { offersWord, parseOptions } from '../wire/tcp-options.ts';
import { type Attempts, FORGOTTEN, MARK, ORDINARY, ROW_WORDS, STAMP_SHIFT, STAMPED, T, W } from './attempts.ts';
import { type Bookkeeper, directionBits } from './bookkeeper.ts';
import { isCopyOfSyn, isSynElsewhereThan, momentAnywhere, placeOf, SYN_PLACE } from './copies.ts';
import { Evidence } from './evidence.ts';
import { macOf, SIGN, signsOfFirst } from './traits.ts';
import { STATE } from './transitions.ts';
import { fitsTtl } from './ttl.ts';

const SOURCE = 0;
const DESTINATION = 1;
const PORTS = 2;
const B = {
  ISN: 3,
  // Words 4 to 9 are doubles.
  /** The attempt's id: its lower 32 bits here, the others in MORE. */
  ID: 10,
  /** From the lowest bit on: 12 bits of SIGN (traits.ts), 4 of the verdict that is out + 1, USED to GIVEN_UP, 12 bits of the id. */
  MORE: 11,
  /** Of the free row: flow/table.ts. */
  PRINT: 12,
  STAMP: 13,
  /** Where the SYN went to: a MAC address (traits.ts `macOf`); or, of a row that is PLACED, where it passed (copies.ts `placeOf`), which link layers tell that have no such address. */
  WAY: 14,
  /** From the lowest bit on: 16 bits of the IP identification, 8 of the TTL, 2 of the direction (W.LINK), 2 of STAMP_ORDER, MET, PLACED. */
  LINK: 15,
} as const;
const D = { SYN_FIRST: 2, BEGAN: 3, SYN_FRAME: 4 } as const;

const SIGNS = 0xfff;
const PUBLISHED_SHIFT = 12;
const PUBLISHED = 0xf << PUBLISHED_SHIFT;
const USED = 1 << 16;
/** Whether the ports are known to have carried a connection before was asked; and they have. */
const ASKED = 1 << 17;
const BEFORE = 1 << 18;
const GIVEN_UP = 1 << 19;
const ID_SHIFT = 20;
const ID_UNIT = 2 ** 32;
const TTL_SHIFT = 16;
const DIRECTION_SHIFT = 24;
const ORDER_SHIFT = 26;
/** `noteMet` was called. */
const MET = 1 << 28;
const PLACED = 1 << 29;

/** ECN bits (RFC 3168), PSH and URG tell nothing here. */
const KIND_FLAGS = FLAG.SYN | FLAG.ACK | FLAG.RST | FLAG.FIN;

export class LoneSyns {
  private readonly attempts: Attempts;
  private readonly book: Bookkeeper;
  private readonly isOrdinary: boolean;
  private readonly evidence = new Evidence();
  /** Of each brief slot, counted from 0: what the SYN offered (wire/tcp-options.ts `offersWord`). The row has no room for it. */
  private offers = new Int32Array(1 << 12);
  /** SIGNs of the segment that `canBegin` was asked for last. */
  private signs = 0;

  /** @param isOrdinary what is unfolded, unless it is PLACED, becomes a row of ordinary.ts, and of the looks of its SYN those are kept that such a row has */
  constructor(attempts: Attempts, book: Bookkeeper, isOrdinary: boolean) {
    this.attempts = attempts;
    this.book = book;
    this.isOrdinary = isOrdinary;
    this.evidence.synCount = 1;
  }

  /** Whether a segment of an unknown flow can begin an attempt here. The first attempts have their checksums looked at. */
  canBegin(segment: Segment, begun: number): boolean {
    if (segment.kind !== KIND.TCP || (segment.flags & KIND_FLAGS) !== FLAG.SYN || segment.payloadLength !== 0)
      return false;
    if (begun < this.book.checksumSample) return false;
    const isPlaced = segment.interfaceIndex >= 0;
    if (isPlaced && segment.ethernetAt >= 0) return false;
    if (segment.family !== 4 || !isPlainIpv4(segment)) return false;
    parseOptions(segment);
    if (segment.fastOpen || segment.multipath || segment.optionsCut || segment.md5 || segment.authentication)
      return false;
    const isOrdinary = this.isOrdinary && !isPlaced;
    this.signs = isOrdinary ? (segment.hasTimestamps ? SIGN.SYN_STAMPED : 0) : signsOfFirst(segment);
    return (this.signs & ~SIGNS) === 0;
  }

  /** Fills the new row of a SYN for which `canBegin` has just held. @param stampOrder see source-stamps.ts */
  begin(slot: number, segment: Segment, id: number, stampOrder: number): void {
    const { book } = this;
    const { brief, briefDoubles } = this.attempts;
    const row = briefAt(slot);
    brief[row + B.ISN] = segment.sequence;
    brief[row + B.ID] = id;
    brief[row + B.MORE] = this.signs | USED | (Math.floor(id / ID_UNIT) << ID_SHIFT);
    brief[row + B.PRINT] = fingerprint(segment);
    brief[row + B.STAMP] = segment.timestampValue;
    const place = placeOf(segment);
    brief[row + B.WAY] = place !== 0 ? place : this.isOrdinary ? 0 : macOf(segment);
    brief[row + B.LINK] =
      (place !== 0 ? PLACED : 0) |
      segment.ipId |
      (segment.ttl << TTL_SHIFT) |
      (directionBits(segment) << DIRECTION_SHIFT) |
      (stampOrder << ORDER_SHIFT);
    const number = row / BRIEF_WORDS;
    if (number >= this.offers.length) this.growOffers();
    this.offers[number] = offersWord(segment);
    const times = row / 2;
    briefDoubles[times + D.SYN_FIRST] = book.time;
    briefDoubles[times + D.BEGAN] = book.clock;
    briefDoubles[times + D.SYN_FRAME] = book.frame;
  }

  /**
   * Whether the segment, which the client of the attempt sent, is a copy of its SYN that says no more than that it passed: then it is noted. @param clock the capture's, nanoseconds
   */
  takesCopy(slot: number, segment: Segment, clock: number): boolean {
    if (segment.kind !== KIND.TCP || (segment.flags & (FLAG.SYN | FLAG.ACK)) !== FLAG.SYN) return false;
    const { brief } = this.attempts;
    const row = briefAt(slot);
    if (!isCopyOfSyn(brief[row + B.PRINT] as number, this.moment(row), segment, clock)) return false;
    if (!fitsTtl(segment.ttl, ((brief[row + B.LINK] as number) >> TTL_SHIFT) & 0xff)) return false;
    const offers = offersWord(segment);
    if (offers !== 0 && offers !== this.offers[row / BRIEF_WORDS]) return false;
    brief[row + B.LINK] = (brief[row + B.LINK] as number) | (directionBits(segment) << DIRECTION_SHIFT);
    return true;
  }

  /** Whether the SYN, of another flow, is that of the attempt, met at another place of the host with one end changed (translations.ts). @param clock the capture's, nanoseconds */
  isTwin(slot: number, syn: Segment, clock: number): boolean {
    const { brief } = this.attempts;
    const row = briefAt(slot);
    if (!this.isUsed(slot) || brief[row + B.ISN] !== (syn.sequence | 0)) return false;
    const clientPort = this.clientPort(slot);
    const isSameClient = clientPort === syn.sourcePort && brief[row + SOURCE] === syn.source3;
    const isSameServer = this.serverPort(slot) === syn.destinationPort && brief[row + DESTINATION] === syn.destination3;
    if (isSameClient === isSameServer) return false;
    return isSynElsewhereThan(brief[row + B.PRINT] as number, this.moment(row), syn, clientPort, clock);
  }

  isn(slot: number): number {
    return this.attempts.brief[briefAt(slot) + B.ISN] as number;
  }

  clientAddress(slot: number): number {
    return this.attempts.brief[briefAt(slot) + SOURCE] as number;
  }

  serverAddress(slot: number): number {
    return this.attempts.brief[briefAt(slot) + DESTINATION] as number;
  }

  clientPort(slot: number): number {
    return (this.attempts.brief[briefAt(slot) + PORTS] as number) >>> 16;
  }

  serverPort(slot: number): number {
    return (this.attempts.brief[briefAt(slot) + PORTS] as number) & 0xffff;
  }

  /** Of a row that is free, the last attempt is left. */
  isUsed(slot: number): boolean {
    return (this.more(slot) & USED) !== 0;
  }

  /** What is unfolded becomes a row of ordinary.ts. */
  becomesOrdinary(slot: number): boolean {
    return this.isOrdinary && ((this.attempts.brief[briefAt(slot) + B.LINK] as number) & PLACED) === 0;
  }

  /** Whether `noteBefore` was called. */
  isAsked(slot: number): boolean {
    return (this.more(slot) & ASKED) !== 0;
  }

  /** Whether the ports carried a connection before of which nothing but that is known any more. */
  noteBefore(slot: number, isKnown: boolean): void {
    this.setMore(slot, ASKED | (isKnown ? BEFORE : 0));
  }

  /** `noteBefore` said so. */
  isKnownBefore(slot: number): boolean {
    return (this.more(slot) & BEFORE) !== 0;
  }

  /** The client is counted. */
  noteMet(slot: number): void {
    const at = briefAt(slot) + B.LINK;
    this.attempts.brief[at] = (this.attempts.brief[at] as number) | MET;
  }

  giveUp(slot: number): void {
    this.setMore(slot, GIVEN_UP);
  }

  /** The verdict is out. */
  publish(slot: number, verdict: number): void {
    this.setMore(slot, (verdict + 1) << PUBLISHED_SHIFT);
  }

  /** The row is about to be free. */
  leave(slot: number): void {
    const at = briefAt(slot) + B.MORE;
    this.attempts.brief[at] = (this.attempts.brief[at] as number) & ~USED;
  }

  /** The attempt as Evidence, BORROWED until the next call. What is not written here keeps what it was born with. @param clock the capture's, nanoseconds */
  fill(slot: number, clock: number): Evidence {
    const { brief, briefDoubles } = this.attempts;
    const e = this.evidence;
    const row = briefAt(slot);
    const more = brief[row + B.MORE] as number;
    const link = brief[row + B.LINK] as number;
    const ports = brief[row + PORTS] as number;
    e.id = this.idOf(row);
    e.published = ((more & PUBLISHED) >> PUBLISHED_SHIFT) - 1;
    e.client2 = MAPPED;
    e.client3 = brief[row + SOURCE] as number;
    e.clientPort = ports >>> 16;
    e.server2 = MAPPED;
    e.server3 = brief[row + DESTINATION] as number;
    e.serverPort = ports & 0xffff;
    e.clientIsn = (brief[row + B.ISN] as number) >>> 0;
    e.marks = marksOf(more);
    e.clientTtl = (link >> TTL_SHIFT) & 0xff;
    e.synDirection = (link >> DIRECTION_SHIFT) & 3;
    e.stampOrder = (link >> ORDER_SHIFT) & 3;
    e.isClientMet = (link & MET) !== 0;
    e.afterForgotten = (more & BEFORE) !== 0;
    e.signs = more & SIGNS;
    e.synStamp = brief[row + B.STAMP] as number;
    e.synMac = macOfRow(brief, row);
    e.offers = this.offers[row / BRIEF_WORDS] as number;
    const times = row / 2;
    e.synFirst = briefDoubles[times + D.SYN_FIRST] as number;
    e.synLast = e.synFirst;
    e.synFrame = briefDoubles[times + D.SYN_FRAME] as number;
    e.beganNanos = briefDoubles[times + D.BEGAN] as number;
    e.followedNanos = clock - e.beganNanos;
    return e;
  }

  /** Gives the attempt a row: answers its slot. It goes on to wait where it did. @param briefSlot for which `isAsked`, unless it `becomesOrdinary`: is free then */
  unfold(briefSlot: number): number {
    const { attempts } = this;
    const slot = attempts.unfold(briefSlot);
    if (this.becomesOrdinary(briefSlot)) this.writeOrdinary(briefSlot, slot);
    else this.writeRow(briefSlot, slot);
    this.leave(briefSlot);
    attempts.releaseBrief(briefSlot);
    return slot;
  }

  /** As `OrdinaryPath.begin`. */
  private writeOrdinary(briefSlot: number, slot: number): void {
    const { words, doubles, brief } = this.attempts;
    const from = briefAt(briefSlot);
    const row = slot * ROW_WORDS;
    const link = brief[from + B.LINK] as number;
    const isStamped = ((brief[from + B.MORE] as number) & SIGN.SYN_STAMPED) !== 0;
    words[row + W.LINK] = linkOf(link) | ORDINARY | (isStamped ? STAMPED : 0);
    words[row + W.ACK_COUNT] = 0;
    words[row + W.ACK_FRAMES] = 0;
    words[row + W.SERVER_ISN] = brief[from + B.STAMP] as number;
    words[row + W.SERVER_END] = link & 0xffff;
    words[row + W.RECENT_NEXT] = 0;
    for (let place = SYN_PLACE + 1; place < W.RECENT_MILLIS - W.RECENT_PRINT; place++) {
      words[row + W.RECENT_PRINT + place] = 0;
    }
    words[row + W.MARKS] = MARK.CLIENT_TTL_KNOWN;
    this.writeSyn(from, row);
    doubles[row / 2 + T.UNANSWERED] = -1;
  }

  /** As the long way begins an attempt: `Tracker.begin`, and `addSyn` of bookkeeper.ts. */
  private writeRow(briefSlot: number, slot: number): void {
    const { attempts, book } = this;
    const { words, doubles, brief } = attempts;
    const from = briefAt(briefSlot);
    const row = slot * ROW_WORDS;
    const more = brief[from + B.MORE] as number;
    const link = brief[from + B.LINK] as number;
    attempts.reset(slot);
    words[row + W.LINK] = linkOf(link) | ((more & BEFORE) !== 0 ? FORGOTTEN : 0);
    words[row + W.MARKS] = marksOf(more);
    words[row + W.PUBLISHED] = (more & PUBLISHED) >> PUBLISHED_SHIFT;
    words[row + W.SYN_COUNT] = 1;
    this.writeSyn(from, row);
    const times = row / 2;
    doubles[times + T.SYN_LAST] = doubles[times + T.SYN_FIRST] as number;
    doubles[times + T.UNANSWERED] = -1;
    const traits = book.openTraits(slot);
    traits.noteFirstSyn(slot, more & SIGNS, link & 0xffff, brief[from + B.STAMP] as number, macOfRow(brief, from));
  }

  /** What both kinds of row have of the SYN. @param from the brief row's first word @param row the other's */
  private writeSyn(from: number, row: number): void {
    const { words, doubles, brief, briefDoubles } = this.attempts;
    const isn = brief[from + B.ISN] as number;
    words[row + W.STATE] = STATE.SYN_SEEN;
    words[row + W.CLIENT_ISN] = isn;
    words[row + W.CLIENT_END] = isn + 1;
    words[row + W.OFFERS] = this.offers[from / BRIEF_WORDS] as number;
    words[row + W.TTLS] = ((brief[from + B.LINK] as number) >> TTL_SHIFT) & 0xff;
    const began = briefDoubles[from / 2 + D.BEGAN] as number;
    words[row + W.RECENT_PRINT + SYN_PLACE] = brief[from + B.PRINT] as number;
    words[row + W.RECENT_MILLIS + SYN_PLACE] = this.moment(from);
    const times = row / 2;
    doubles[times + T.ID] = this.idOf(from);
    doubles[times + T.BEGAN] = began;
    doubles[times + T.SYN_FIRST] = briefDoubles[from / 2 + D.SYN_FIRST] as number;
    doubles[times + T.SYN_FRAME] = briefDoubles[from / 2 + D.SYN_FRAME] as number;
  }

  /** When and where the SYN passed, for W.RECENT_MILLIS. */
  private moment(row: number): number {
    const { brief, briefDoubles } = this.attempts;
    const isPlaced = ((brief[row + B.LINK] as number) & PLACED) !== 0;
    return momentAnywhere(briefDoubles[row / 2 + D.BEGAN] as number) | (isPlaced ? (brief[row + B.WAY] as number) : 0);
  }

  private growOffers(): void {
    const grown = new Int32Array(2 * this.offers.length);
    grown.set(this.offers);
    this.offers = grown;
  }

  private idOf(row: number): number {
    const { brief } = this.attempts;
    return ((brief[row + B.ID] as number) >>> 0) + ((brief[row + B.MORE] as number) >>> ID_SHIFT) * ID_UNIT;
  }

  private more(slot: number): number {
    return this.attempts.brief[briefAt(slot) + B.MORE] as number;
  }

  private setMore(slot: number, bits: number): void {
    const at = briefAt(slot) + B.MORE;
    this.attempts.brief[at] = (this.attempts.brief[at] as number) | bits;
  }
}

/** W.LINK of a row, of B.LINK. */
function linkOf(link: number): number {
  return ((link >> DIRECTION_SHIFT) & 3) | (((link >> ORDER_SHIFT) & 3) << STAMP_SHIFT);
}

/** As `macOf`. @param row a brief one's first word */
function macOfRow(brief: Int32Array, row: number): number {
  return ((brief[row + B.LINK] as number) & PLACED) !== 0 ? 0 : (brief[row + B.WAY] as number);
}

/** W.MARKS of a row, of B.MORE. */
function marksOf(more: number): number {
  const before = (more & BEFORE) !== 0 ? MARK.PORT_REUSED : 0;
  return MARK.CLIENT_TTL_KNOWN | before | ((more & GIVEN_UP) !== 0 ? MARK.GIVEN_UP : 0);
}
