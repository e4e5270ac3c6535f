/**
 * The short way of the ordinary handshake: SYN, SYN-ACK, third leg, the client's request, the server's answer, the end; each once, with exactly the numbers
 * that are due. Nine handshakes of ten are such, and the long way asks dozens of questions about each of their segments.
 *
 * Nothing is decided here that event.ts, transitions.ts and bookkeeper.ts would decide otherwise: a segment is taken only when it can be nothing else, and the row
 * is left as they would leave it, so that they can go on with it at any time. test/handshake/ordinary.test.ts holds both ways against each other.
 *
 * A row that only this file has written is marked W.LINK ORDINARY. It holds no more than tells an ordinary handshake, in the first four of its cache lines; what follows from that,
 * and from each leg having come once, `complete` fills in before anybody else reads the row. Its Evidence is short.
 */
import { fingerprint } from '../flow/row-keys.ts';
import {
  DIRECTION_MASK,
  DIRECTION_SHIFT,
  FAMILY_MASK,
  FLAGS_SHIFT,
  payloadOf,
  ROW,
  TTL_SHIFT,
} from '../wire/plain-row.ts';
import { DIRECTION, FLAG, KIND, type Segment } from '../wire/segment.ts';
import { offersUnasked, offersWord, parseOptions } from '../wire/tcp-options.ts';
import {
  type Attempts,
  BEYOND_ORDINARY,
  CLOSED_AT_ONCE,
  FORGOTTEN,
  LARGE_SENT,
  LEFT_UNHEARD,
  MARK,
  ORDINARY,
  ROW_WORDS,
  STAMP_SHIFT,
  STAMPED,
  SYN_ACK_ID_SHIFT,
  T,
  W,
} from './attempts.ts';
import { type Bookkeeper, closesAtOnce, directionBits, leavesUnheard } from './bookkeeper.ts';
import { FIRST_SHARED, momentAnywhere, SYN_ACK_PLACE, SYN_PLACE } from './copies.ts';
import { FIRST_WINDOW, UNSEEN_OCTETS } from './event.ts';
import { type Evidence, ipIdKind, LARGE_OCTETS, RESET_FROM } from './evidence.ts';
import { FRAMES_LISTED, type FrameLists } from './frame-lists.ts';
import type { HeardServers } from './heard-servers.ts';
import { STATE } from './transitions.ts';
import type { WaitingRoom } from './waiting-room.ts';

const { CLIENT_TTL_KNOWN, SERVER_TTL_KNOWN, SERVER_ISN_KNOWN, ACK_EXACT, TOOK, CLIENT_FIN, SERVER_FIN } = MARK;

/** The marks of an ordinary handshake in each of its states. */
const AFTER_SYN = CLIENT_TTL_KNOWN;
const AFTER_SYN_ACK = AFTER_SYN | SERVER_TTL_KNOWN | SERVER_ISN_KNOWN;
const AFTER_THIRD_LEG = AFTER_SYN_ACK | ACK_EXACT;

/** What kind of segment it is; ECN bits (RFC 3168), PSH and URG tell nothing here. */
const KIND_FLAGS = FLAG.SYN | FLAG.ACK | FLAG.RST | FLAG.FIN;
const SYN_ACK = FLAG.SYN | FLAG.ACK;
const FIN_ACK = FLAG.FIN | FLAG.ACK;

export class OrdinaryPath {
  private readonly attempts: Attempts;
  private readonly book: Bookkeeper;
  private readonly room: WaitingRoom;
  private readonly frames: FrameLists;
  private readonly heard: HeardServers;

  constructor(attempts: Attempts, book: Bookkeeper, room: WaitingRoom, frames: FrameLists, heard: HeardServers) {
    this.attempts = attempts;
    this.book = book;
    this.room = room;
    this.frames = frames;
    this.heard = heard;
  }

  /**
   * Whether a segment of an unknown flow can begin an ordinary handshake. The first attempts go the long way: their checksums are looked at. So do those whose packets tell where they passed:
   * it is asked where else they pass; and those that come in UDP, whose checksum is looked at.
   */
  canBegin(segment: Segment, begun: number): boolean {
    if (segment.kind !== KIND.TCP || (segment.flags & KIND_FLAGS) !== FLAG.SYN) return false;
    if (segment.payloadLength !== 0 || segment.interfaceIndex >= 0 || segment.udpAt >= 0) return false;
    if (begun < this.book.checksumSample) return false;
    parseOptions(segment);
    if (segment.md5 || segment.authentication) return false;
    return !segment.fastOpen && !segment.multipath && !segment.optionsCut;
  }

  /** Fills the new row of a SYN for which `canBegin` holds. */
  begin(slot: number, segment: Segment, id: number): void {
    const { book } = this;
    const { words, doubles } = this.attempts;
    const row = slot * ROW_WORDS;
    words[row + W.STATE] = STATE.SYN_SEEN;
    words[row + W.MARKS] = AFTER_SYN;
    words[row + W.OFFERS] = offersWord(segment);
    words[row + W.CLIENT_ISN] = segment.sequence;
    words[row + W.CLIENT_END] = segment.sequence + 1;
    words[row + W.LINK] = directionBits(segment) | ORDINARY;
    words[row + W.TTLS] = segment.ttl;
    words[row + W.ACK_COUNT] = 0;
    words[row + W.ACK_FRAMES] = 0;
    this.keepSyn(row, segment);
    words[row + W.RECENT_NEXT] = 0;
    words[row + W.RECENT_PRINT + SYN_PLACE] = fingerprint(segment);
    words[row + W.RECENT_PRINT + SYN_ACK_PLACE] = 0;
    words[row + W.RECENT_PRINT + FIRST_SHARED] = 0;
    words[row + W.RECENT_PRINT + FIRST_SHARED + 1] = 0;
    words[row + W.RECENT_MILLIS + SYN_PLACE] = momentAnywhere(book.clock);
    const times = row / 2;
    doubles[times + T.BEGAN] = book.clock;
    doubles[times + T.SYN_FIRST] = book.time;
    doubles[times + T.ID] = id;
    doubles[times + T.SYN_FRAME] = book.frame;
    doubles[times + T.UNANSWERED] = -1;
    this.room.enter(slot, book.clock);
  }

  /**
   * Whether the segment was an ordinary one, and is written down. The attempt is the newest of its flow and not yet settled. The segment comes as a row
   * (wire/plain-row.ts, flow/row-keys.ts) from word `from` on.
   * @param found slot * 2 + side, as the flow table gives it.
   */
  advance(found: number, rows: Int32Array, from: number): boolean {
    const { words } = this.attempts;
    const row = (found >> 1) * ROW_WORDS;
    if (((words[row + W.LINK] as number) & ORDINARY) === 0) return false;
    const isServer = (found & 1) === 1;
    switch (words[row + W.STATE]) {
      case STATE.SYN_SEEN:
        return isServer && this.takeSynAck(found >> 1, row, rows, from);
      case STATE.SYN_ACK_SEEN:
        return !isServer && this.takeThirdLeg(found >> 1, row, rows, from);
      case STATE.THIRD_SEEN:
        if (!isServer) return this.takeRequest(found >> 1, row, rows, from);
        return this.takeAnswer(found >> 1, row, rows, from);
      default:
        return false;
    }
  }

  private takeSynAck(slot: number, row: number, rows: Int32Array, from: number): boolean {
    const { book } = this;
    const { words, doubles } = this.attempts;
    if ((flagsOf(rows, from) & KIND_FLAGS) !== SYN_ACK || words[row + W.MARKS] !== AFTER_SYN) return false;
    if (rows[from + ROW.ACKNOWLEDGMENT] !== (((words[row + W.CLIENT_ISN] as number) + 1) | 0)) return false;
    const offers = rows[from + ROW.OFFERS] as number;
    if (offersUnasked(words[row + W.OFFERS] as number, offers)) return false;
    if (((rows[from + ROW.WINDOW] as number) & 0xffff) === 0) return false;
    const sequence = rows[from + ROW.SEQUENCE] as number;
    words[row + W.OFFERS_BACK] = offers;
    words[row + W.STATE] = STATE.SYN_ACK_SEEN;
    words[row + W.MARKS] = AFTER_SYN_ACK;
    words[row + W.SERVER_ISN] = sequence;
    words[row + W.SERVER_END] = sequence + 1;
    words[row + W.TTLS] = (words[row + W.TTLS] as number) | (ttlOf(rows, from) << 8);
    words[row + W.LINK] =
      (words[row + W.LINK] as number) |
      (directionOf(rows, from) << 2) |
      (ipIdKind(ipIdOf(rows, from)) << SYN_ACK_ID_SHIFT);
    words[row + W.RECENT_PRINT + SYN_ACK_PLACE] = rows[from + ROW.PRINT] as number;
    words[row + W.RECENT_MILLIS + SYN_ACK_PLACE] = momentAnywhere(book.clock);
    const times = row / 2;
    doubles[times + T.SYN_ACK_FIRST] = book.time;
    doubles[times + T.SYN_ACK_CLOCK] = book.clock;
    doubles[times + T.SYN_ACK_FRAME] = book.frame;
    this.heard.noteServer(slot);
    this.room.touch(slot, book.clock);
    return true;
  }

  private takeThirdLeg(slot: number, row: number, rows: Int32Array, from: number): boolean {
    const { book } = this;
    const { words, doubles } = this.attempts;
    if ((flagsOf(rows, from) & KIND_FLAGS) !== FLAG.ACK || words[row + W.MARKS] !== AFTER_SYN_ACK) return false;
    if (rows[from + ROW.SEQUENCE] !== words[row + W.CLIENT_END]) return false;
    if (rows[from + ROW.ACKNOWLEDGMENT] !== words[row + W.SERVER_END]) return false;
    if (ttlOf(rows, from) !== clientTtl(words, row)) return false;
    words[row + W.STATE] = STATE.THIRD_SEEN;
    words[row + W.MARKS] = AFTER_THIRD_LEG;
    const times = row / 2;
    doubles[times + T.ACK_FIRST] = book.time;
    doubles[times + T.ACK_FRAME] = book.frame;
    this.addClientSegment(slot, row, rows, from);
    return true;
  }

  /** Data that the client sends next: each such segment would serve as third leg. */
  private takeRequest(slot: number, row: number, rows: Int32Array, from: number): boolean {
    const { words } = this.attempts;
    const flags = flagsOf(rows, from) & KIND_FLAGS;
    const sequence = rows[from + ROW.SEQUENCE] as number;
    if ((words[row + W.MARKS] as number) !== AFTER_THIRD_LEG || sequence !== words[row + W.CLIENT_END]) return false;
    if ((flags & FLAG.RST) !== 0 && (flags & FLAG.SYN) === 0) {
      if (((sequence - (words[row + W.CLIENT_ISN] as number)) | 0) > FIRST_WINDOW) return false;
      this.remember(row, rows, from);
      this.noteReset(row, ttlOf(rows, from));
      words[row + W.STATE] = STATE.THIRD_ENDED;
      this.room.end(slot, this.book.clock);
      return true;
    }
    if (flags !== FLAG.ACK && flags !== FIN_ACK) return false;
    if (flags !== FIN_ACK && payloadOf(rows, from) === 0) return false;
    if (rows[from + ROW.ACKNOWLEDGMENT] !== words[row + W.SERVER_END]) return false;
    if (ttlOf(rows, from) !== clientTtl(words, row)) return false;
    const count = (words[row + W.ACK_COUNT] as number) + 1;
    if (count <= FRAMES_LISTED) {
      words[row + W.ACK_FRAMES] = this.frames.push(
        words[row + W.ACK_FRAMES] as number,
        this.book.frame,
        this.book.time,
      );
    }
    this.addClientSegment(slot, row, rows, from);
    return true;
  }

  private noteReset(row: number, ttl: number): void {
    const { words, doubles } = this.attempts;
    words[row + W.MARKS] = (words[row + W.MARKS] as number) | MARK.RESET_OF_CONNECTION;
    words[row + W.TTLS] = (words[row + W.TTLS] as number) | (ttl << 16) | (RESET_FROM.CLIENT << 24);
    doubles[row / 2 + T.RESET] = this.book.time;
    doubles[row / 2 + T.RESET_FRAME] = this.book.frame;
  }

  private addClientSegment(slot: number, row: number, rows: Int32Array, from: number): void {
    const { book } = this;
    const { words, doubles } = this.attempts;
    const fin = flagsOf(rows, from) & FLAG.FIN;
    const octets = payloadOf(rows, from) + fin;
    words[row + W.ACK_COUNT] = (words[row + W.ACK_COUNT] as number) + 1;
    words[row + W.CLIENT_END] = (rows[from + ROW.SEQUENCE] as number) + octets;
    if (fin !== 0) {
      words[row + W.MARKS] = (words[row + W.MARKS] as number) | CLIENT_FIN;
      this.noteEnd(row, rows, from, true);
    }
    this.remember(row, rows, from);
    const times = row / 2;
    doubles[times + T.ACK_LAST] = book.time;
    this.room.touch(slot, book.clock);
    if (octets > 0 && (doubles[times + T.UNANSWERED] as number) < 0) {
      doubles[times + T.UNANSWERED] = book.clock;
    }
  }

  /** Data, FIN, or an acknowledgement of the client's data: impossible without the third leg. */
  private takeAnswer(slot: number, row: number, rows: Int32Array, from: number): boolean {
    const { book } = this;
    const { words } = this.attempts;
    const flags = flagsOf(rows, from) & KIND_FLAGS;
    const marks = words[row + W.MARKS] as number;
    if ((marks & ~CLIENT_FIN) !== AFTER_THIRD_LEG || (flags !== FLAG.ACK && flags !== FIN_ACK)) return false;
    const sequence = rows[from + ROW.SEQUENCE] as number;
    if (sequence !== words[row + W.SERVER_END]) return false;
    if (ttlOf(rows, from) !== serverTtl(words, row)) return false;
    const acknowledgment = rows[from + ROW.ACKNOWLEDGMENT] as number;
    const acknowledged = (acknowledgment - (words[row + W.CLIENT_ISN] as number) - 1) | 0;
    const beyond = (acknowledgment - (words[row + W.CLIENT_END] as number)) | 0;
    const fin = flags & FLAG.FIN;
    const octets = payloadOf(rows, from) + fin;
    if (acknowledged < 0 || beyond > UNSEEN_OCTETS || (acknowledged === 0 && octets === 0)) return false;
    this.remember(row, rows, from);
    if (fin !== 0 && (marks & CLIENT_FIN) === 0) this.noteEnd(row, rows, from, false);
    words[row + W.MARKS] = marks | TOOK | (fin !== 0 ? SERVER_FIN : 0);
    words[row + W.SERVER_END] = sequence + octets;
    if (octets >= LARGE_OCTETS + fin) words[row + W.LINK] = (words[row + W.LINK] as number) | LARGE_SENT;
    const isLast = fin !== 0 && (marks & CLIENT_FIN) !== 0;
    words[row + W.STATE] = isLast ? STATE.CLOSED : STATE.OPEN;
    if (isLast) this.room.close(slot, book.clock);
    else this.room.settle(slot, book.clock);
    return true;
  }

  /** A FIN of a connection that is open, and no copy; answers as `advance`. */
  takeFin(found: number, rows: Int32Array, from: number): boolean {
    const { words } = this.attempts;
    const slot = found >> 1;
    const row = slot * ROW_WORDS;
    if (((words[row + W.LINK] as number) & ORDINARY) === 0 || words[row + W.STATE] !== STATE.OPEN) return false;
    if ((flagsOf(rows, from) & (FLAG.SYN | FLAG.RST)) !== 0) return false;
    const [own, other] = (found & 1) === 0 ? [CLIENT_FIN, SERVER_FIN] : [SERVER_FIN, CLIENT_FIN];
    const marks = words[row + W.MARKS] as number;
    // A second FIN of one side may be a copy.
    if ((marks & own) !== 0) return false;
    this.remember(row, rows, from);
    words[row + W.MARKS] = marks | own;
    if ((marks & other) === 0) this.noteEnd(row, rows, from, own === CLIENT_FIN);
    else {
      words[row + W.STATE] = STATE.CLOSED;
      this.room.close(slot, this.book.clock);
    }
    return true;
  }

  /** What causes are told by of the SYN of an attempt that turns out otherwise: it lies where the SYN-ACK's numbers would. */
  private keepSyn(row: number, segment: Segment): void {
    const { words } = this.attempts;
    words[row + W.SERVER_ISN] = segment.timestampValue;
    words[row + W.SERVER_END] = segment.ipId;
    if (segment.hasTimestamps) words[row + W.LINK] = (words[row + W.LINK] as number) | STAMPED;
  }

  /** Fills in what the row does not have: it is no longer ORDINARY. */
  complete(slot: number): void {
    const { words, doubles } = this.attempts;
    const row = slot * ROW_WORDS;
    if (words[row + W.STATE] === STATE.SYN_SEEN) this.noteKeptSyn(slot, row);
    else this.book.openTraits(slot).noteKeptSynAck(slot, words[row + W.OFFERS_BACK] as number);
    const times = row / 2;
    words[row + W.LINK] = (words[row + W.LINK] as number) & ~ORDINARY;
    words[row + W.CLIENT_ACKED] = 0;
    words[row + W.PUBLISHED] = 0;
    words[row + W.REVISION] = 0;
    for (let at = row + BEYOND_ORDINARY; at < row + ROW_WORDS; at++) words[at] = 0;
    words[row + W.SYN_COUNT] = 1;
    doubles[times + T.SYN_LAST] = doubles[times + T.SYN_FIRST] as number;
    const state = words[row + W.STATE] as number;
    this.completeSynAck(row, state !== STATE.SYN_SEEN);
    this.completeThirdLeg(row, state !== STATE.SYN_SEEN && state !== STATE.SYN_ACK_SEEN);
    if ((words[row + W.TTLS] as number) >>> 24 !== RESET_FROM.NONE) return;
    doubles[times + T.RESET] = 0;
    doubles[times + T.RESET_FRAME] = 0;
  }

  private noteKeptSyn(slot: number, row: number): void {
    const { words } = this.attempts;
    const isStamped = ((words[row + W.LINK] as number) & STAMPED) !== 0;
    this.book
      .openTraits(slot)
      .noteKeptSyn(slot, words[row + W.SERVER_END] as number, isStamped, words[row + W.SERVER_ISN] as number);
  }

  private completeSynAck(row: number, isThere: boolean): void {
    const { words, doubles } = this.attempts;
    const times = row / 2;
    if (isThere) {
      words[row + W.SYN_ACK_COUNT] = 1;
      words[row + W.SYNS_ANSWERED] = 1;
      doubles[times + T.SYN_ACK_LAST] = doubles[times + T.SYN_ACK_FIRST] as number;
      return;
    }
    words[row + W.SERVER_ISN] = 0;
    words[row + W.SERVER_END] = 0;
    doubles[times + T.SYN_ACK_FRAME] = 0;
    doubles[times + T.SYN_ACK_FIRST] = 0;
    doubles[times + T.SYN_ACK_CLOCK] = 0;
  }

  private completeThirdLeg(row: number, isThere: boolean): void {
    const { words, doubles } = this.attempts;
    const times = row / 2;
    if (isThere) {
      words[row + W.ACK_SERVED] = 1;
      // The client acknowledged the SYN-ACK, and as long as the handshake was ordinary nothing beyond.
      words[row + W.CLIENT_ACKED] = (words[row + W.SERVER_ISN] as number) + 1;
      doubles[times + T.ACK_SERVED] = doubles[times + T.ACK_FIRST] as number;
      return;
    }
    doubles[times + T.ACK_FRAME] = 0;
    doubles[times + T.ACK_FIRST] = 0;
    doubles[times + T.ACK_LAST] = 0;
  }

  /** The first FIN: as `Bookkeeper.noteEnd`. */
  private noteEnd(row: number, rows: Int32Array, from: number, fromClient: boolean): void {
    const { words, doubles } = this.attempts;
    const serverIsn = words[row + W.SERVER_ISN] as number;
    const hasSpoken = words[row + W.SERVER_END] !== ((serverIsn + 1) | 0);
    if (hasSpoken) return;
    const since = this.book.time - (doubles[row / 2 + T.ACK_FIRST] as number);
    const sequence = rows[from + ROW.SEQUENCE] as number;
    const acknowledgment = rows[from + ROW.ACKNOWLEDGMENT] as number;
    const beyond = (acknowledgment - (words[row + W.CLIENT_END] as number)) | 0;
    const bits = fromClient
      ? leavesUnheard(acknowledgment, serverIsn)
      : closesAtOnce(sequence, payloadOf(rows, from), serverIsn, since, beyond);
    words[row + W.LINK] = (words[row + W.LINK] as number) | bits;
  }

  /** For the search for copies: copies.ts. */
  private remember(row: number, rows: Int32Array, from: number): void {
    const { words } = this.attempts;
    const place = words[row + W.RECENT_NEXT] as number;
    words[row + W.RECENT_NEXT] = 1 - place;
    words[row + W.RECENT_PRINT + FIRST_SHARED + place] = rows[from + ROW.PRINT] as number;
    words[row + W.RECENT_MILLIS + FIRST_SHARED + place] = momentAnywhere(this.book.clock);
  }
}

function flagsOf(rows: Int32Array, from: number): number {
  return ((rows[from + ROW.SHAPE] as number) >>> FLAGS_SHIFT) & 0xff;
}

function ttlOf(rows: Int32Array, from: number): number {
  return ((rows[from + ROW.SHAPE] as number) >>> TTL_SHIFT) & 0xff;
}

/** Of the attempt's first segment of that side. */
function clientTtl(words: Int32Array, row: number): number {
  return (words[row + W.TTLS] as number) & 0xff;
}

function serverTtl(words: Int32Array, row: number): number {
  return ((words[row + W.TTLS] as number) >>> 8) & 0xff;
}

/** As in wire/segment.ts. */
function ipIdOf(rows: Int32Array, from: number): number {
  return ((rows[from + ROW.SHAPE] as number) & FAMILY_MASK) === 4 ? (rows[from + ROW.WINDOW] as number) >>> 16 : -1;
}

/** As `directionBits` of bookkeeper.ts. */
function directionOf(rows: Int32Array, from: number): number {
  const direction = ((rows[from + ROW.SHAPE] as number) >>> DIRECTION_SHIFT) & DIRECTION_MASK;
  return direction === DIRECTION.OTHER_HOST ? DIRECTION.UNKNOWN : direction;
}

/**
 * As `fillEvidence`, for a row that is ORDINARY and has its third leg. The evidence is one that only this function fills: what is not written here keeps what it was
 * born with.
 */
export function fillOrdinaryEvidence(e: Evidence, attempts: Attempts, slot: number, clock: number): void {
  const { words, doubles } = attempts;
  const row = slot * ROW_WORDS;
  e.client0 = words[row] as number;
  e.client1 = words[row + 1] as number;
  e.client2 = words[row + 2] as number;
  e.client3 = words[row + 3] as number;
  e.server0 = words[row + 4] as number;
  e.server1 = words[row + 5] as number;
  e.server2 = words[row + 6] as number;
  e.server3 = words[row + 7] as number;
  e.network = attempts.network(slot);
  e.clientPort = attempts.port(slot, 0);
  e.serverPort = attempts.port(slot, 1);
  e.marks = words[row + W.MARKS] as number;
  e.clientIsn = (words[row + W.CLIENT_ISN] as number) >>> 0;
  e.serverIsn = (words[row + W.SERVER_ISN] as number) >>> 0;
  e.synCount = 1;
  e.synAckCount = 1;
  e.ackCount = words[row + W.ACK_COUNT] as number;
  e.ackServedCount = 1;
  const ttls = words[row + W.TTLS] as number;
  e.clientTtl = ttls & 0xff;
  e.serverTtl = (ttls >> 8) & 0xff;
  e.resetTtl = (ttls >> 16) & 0xff;
  e.resetFrom = ttls >>> 24;
  e.offers = words[row + W.OFFERS] as number;
  const link = words[row + W.LINK] as number;
  e.synAckId = (link >> SYN_ACK_ID_SHIFT) & 3;
  e.stampOrder = (link >> STAMP_SHIFT) & 3;
  e.synDirection = link & 3;
  e.synAckDirection = (link >> 2) & 3;
  e.afterForgotten = (link & FORGOTTEN) !== 0;
  e.closedAtOnce = (link & CLOSED_AT_ONCE) !== 0;
  e.isOfSeveralPoints = false;
  e.leftUnheard = (link & LEFT_UNHEARD) !== 0;
  e.ackChain = words[row + W.ACK_FRAMES] as number;
  fillOrdinaryTimes(e, doubles, row / 2, clock);
}

function fillOrdinaryTimes(e: Evidence, doubles: Float64Array, times: number, clock: number): void {
  e.id = doubles[times + T.ID] as number;
  e.synFirst = doubles[times + T.SYN_FIRST] as number;
  e.synLast = e.synFirst;
  e.synAckFirst = doubles[times + T.SYN_ACK_FIRST] as number;
  e.synAckLast = e.synAckFirst;
  e.ackFirst = doubles[times + T.ACK_FIRST] as number;
  e.ackLast = doubles[times + T.ACK_LAST] as number;
  e.ackServed = e.ackFirst;
  e.synFrame = doubles[times + T.SYN_FRAME] as number;
  e.synAckFrame = doubles[times + T.SYN_ACK_FRAME] as number;
  e.ackFrame = doubles[times + T.ACK_FRAME] as number;
  const isReset = e.resetFrom !== RESET_FROM.NONE;
  e.resetTime = isReset ? (doubles[times + T.RESET] as number) : 0;
  e.resetFrame = isReset ? (doubles[times + T.RESET_FRAME] as number) : 0;
  const unanswered = doubles[times + T.UNANSWERED] as number;
  e.followedNanos = clock - (doubles[times + T.ACTIVE] as number);
  e.unansweredNanos = unanswered < 0 ? 0 : clock - unanswered;
  e.beganNanos = doubles[times + T.BEGAN] as number;
  e.sinceSynAckNanos = clock - (doubles[times + T.SYN_ACK_CLOCK] as number);
}
