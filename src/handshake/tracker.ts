/**
 * Segments in, attempts out. For each TCP segment: find the attempt that it belongs to, classify it (event.ts), look up what follows
 * (transitions.ts), write that down (bookkeeper.ts). Nothing is allocated on the way, and no bytes are read but options of handshake segments.
 *
 * An attempt leaves when nothing more can be expected (waiting-room.ts): it is handed to the sink as Evidence and its slot is freed.
 */
import { AT_BASE } from '../bytes/time.ts';
import { mix } from '../flow/hash.ts';
import { KnownFlows } from '../flow/known-flows.ts';
import { fitsRow, writeSegmentRow } from '../flow/row-keys.ts';
import { NO_SLOT } from '../flow/table.ts';
import { FAMILY_MASK, FLAGS_SHIFT, ipAtOf, payloadOf, ROW, ROW_WORDS, readPlainRow } from '../wire/plain-row.ts';
import { FLAG, KIND, type Segment } from '../wire/segment.ts';
import {
  Attempts,
  FOLLOWED,
  FORGOTTEN,
  FREE,
  LARGE_SENT,
  MARK,
  OFFERS_CHANGED,
  ORDINARY,
  SAID_OF_NO_USE,
  SAID_UNHEARD,
  SAID_VERDICT,
  STAMP_SHIFT,
  T,
  TWIN,
  W,
} from './attempts.ts';
import { Bookkeeper, CHECKSUM_SAMPLE } from './bookkeeper.ts';
import { isCopy, wouldBeCopy } from './copies.ts';
import { belongs, classify, classifyQuoted, classifySettled, EVENT, type Event, isFollowed } from './event.ts';
import { Evidence, isOfNoUse, LARGE_OCTETS } from './evidence.ts';
import { fillEvidence } from './fill-evidence.ts';
import { FrameLists } from './frame-lists.ts';
import { HeardServers } from './heard-servers.ts';
import { LoneSyns } from './lone-syns.ts';
import { LossWindows } from './loss-windows.ts';
import { NO_CHANGES } from './offer-changes.ts';
import { fillOrdinaryEvidence, OrdinaryPath } from './ordinary.ts';
import { RecentSyns } from './recent-syns.ts';
import { SlowClients } from './slow-clients.ts';
import { SourceStamps } from './source-stamps.ts';
import { ACTION, type Action, STATE, type State, transition } from './transitions.ts';
import { Translations } from './translations.ts';
import { type Visitor, WaitingRoom } from './waiting-room.ts';

export interface TrackerOptions {
  readonly patienceNanos: number;
  /** Most attempts that are open at a time. */
  readonly maxOpen: number;
  /** Of the hashes: any 32-bit number. */
  readonly seed: number;
  /** Attempts whose checksums are looked at, for the vantage: the first so many. Default CHECKSUM_SAMPLE. */
  readonly checksumSample?: number;
  /** False: ordinary handshakes and lone SYNs go the long way too, with the same result (ordinary.ts, lone-syns.ts). Default true. */
  readonly shortcut?: boolean;
  /** Open attempts from which a new one is noted as a lone SYN first. Default: 0 with `TrackerSink.silent`, else LONE_FROM. */
  readonly loneFrom?: number;
}

export interface TrackerSink {
  /** An attempt is finished. The evidence is borrowed until the call returns. */
  finished(evidence: Evidence): void;
  /**
   * A verdict may be told, and may still be amended: the attempt was silent for `patience`, or a packet came that decides (`isDecided`). Answers the verdict that is
   * out now, with SAID_UNHEARD where it says so, or null for none. With this the tracker is exact to the moment, at some cost.
   */
  silent?(evidence: Evidence, isDecided: boolean): number | null;
  /** A lone SYN (lone-syns.ts) has begun an attempt. Answers whether its client is counted by that. The evidence is borrowed until the call returns. */
  begun?(evidence: Evidence): boolean;
  /** Every segment that belongs to an attempt, with its event; only given while an attempt is traced. */
  traced?(id: number, segment: Segment, fromClient: boolean, event: Event, isCopy: boolean): void;
}

/** Attempts of one flow that are kept side by side; a client that tries on from one port with ever new ISNs shall not make the search long. */
const ATTEMPTS_PER_FLOW = 32;

/** With so many open, most are a flood: of ordinary handshakes, which are answered soon, it would take another million a minute. Their row costs less when it is made at once. */
const LONE_FROM = 1 << 16;

/** The flags of segments that may mean something to a settled attempt. */
const ENDS = FLAG.SYN | FLAG.FIN | FLAG.RST;

export class Tracker {
  readonly attempts: Attempts;
  /** Resolves the chains of an Evidence. */
  readonly frames = new FrameLists();
  /** Connections of which only later segments were seen; copies of handshake segments; attempts given up for want of slots; ICMP errors that
   * quote a SYN or SYN-ACK of an attempt; attempts begun so far. */
  midstream = 0;
  duplicates = 0;
  givenUp = 0;
  icmpJoined = 0;
  begun = 0;
  readonly patienceNanos: number;
  private readonly known = new KnownFlows();
  private readonly bookkeeper: Bookkeeper;
  private readonly room: WaitingRoom;
  private readonly recentSyns = new RecentSyns();
  private readonly stamps = new SourceStamps();
  private readonly translations: Translations;
  private readonly heard: HeardServers;
  private readonly slow: SlowClients;
  private readonly sink: TrackerSink;
  private readonly seed: number;
  private readonly evidence = new Evidence();
  private readonly ordinaryEvidence = new Evidence();
  /** null when somebody wants to hear of each step: then every segment goes the long way. */
  private readonly ordinary: OrdinaryPath | null;
  /** null when somebody wants to hear of each step. */
  private readonly lone: LoneSyns | null;
  private readonly loneFrom: number;
  private clock = AT_BASE;
  /** The row of a segment that came without one. */
  private readonly ownRow = new Int32Array(ROW_WORDS);
  private readonly losses = new LossWindows();
  /** Some segment came through a VLAN or tunnel. */
  private severalNetworks = false;
  private readonly visitor: Visitor;
  /** Kept so that the reads of `touchRows` are not left out as useless. */
  protected touched = 0;

  constructor(options: TrackerOptions, sink: TrackerSink) {
    this.patienceNanos = options.patienceNanos;
    this.seed = options.seed | 0;
    this.attempts = new Attempts(this.seed, options.maxOpen);
    this.heard = new HeardServers(this.attempts);
    this.slow = new SlowClients(this.attempts, options.patienceNanos);
    this.bookkeeper = new Bookkeeper(this.attempts, this.frames, options.checksumSample ?? CHECKSUM_SAMPLE);
    this.translations = new Translations(this.attempts, this.recentSyns);
    this.room = new WaitingRoom(this.attempts, options.patienceNanos);
    this.room.isEager = sink.silent !== undefined;
    this.sink = sink;
    const isWatched = sink.traced !== undefined || !(options.shortcut ?? true);
    const isOrdinary = !isWatched && !this.room.isEager;
    this.ordinary = isOrdinary
      ? new OrdinaryPath(this.attempts, this.bookkeeper, this.room, this.frames, this.heard)
      : null;
    this.lone = isWatched ? null : new LoneSyns(this.attempts, this.bookkeeper, isOrdinary);
    this.loneFrom = options.loneFrom ?? (this.room.isEager ? 0 : LONE_FROM);
    this.visitor = {
      silent: (slot) => this.publish(slot, false),
      finish: (slot) => this.finish(slot),
      announced: (slots, count) => this.touchRows(slots, count, true),
    };
  }

  /** The capture lost packets in this stretch of its timestamps (nanoseconds since the base). Verdicts that rest on it are weakened. */
  noteLoss(from: number, until: number, packets: number): void {
    this.losses.add(from, until, packets);
  }

  /**
   * @param segment with its flags, unless it is an ICMP error.
   * @param time nanoseconds since the capture's base.
   * @param clock the capture's clock (clock.ts).
   * @param frame packet number with the file's index (frame-lists.ts).
   */
  observe(segment: Segment, time: number, clock: number, frame: number): void {
    this.goOn(time, clock, frame);
    if (segment.network !== 0 && !this.severalNetworks) this.meetNetworks();
    const hash = this.attempts.hash(segment);
    const first = this.attempts.find(segment, hash);
    if (first < NO_SLOT && this.takesCopy(first, segment)) return;
    const found = this.unfolded(first);
    if (segment.kind === KIND.ICMP_ERROR) {
      this.observeError(segment, found !== NO_SLOT ? found : this.findInAnyNetwork(segment, hash));
    } else if (found === NO_SLOT) {
      this.observeUnknown(segment, hash);
    } else if (!this.isSettled(found) || (segment.flags & ENDS) !== 0) {
      if (this.isOrdinary(found >> 1) && fitsRow(segment)) {
        writeSegmentRow(this.ownRow, 0, segment);
        if (this.takeOrdinary(found, this.ownRow, 0)) return;
      }
      this.observeKnown(segment, found, hash);
    } else if (segment.payloadLength >= LARGE_OCTETS) {
      this.noteLarge(found, segment.sequence | 0);
    }
  }

  /** As `observe`, for the segment of a plain row (wire/plain-row.ts). @param view of the chunk that the row speaks of. @param network of its tags. @param segment is filled, if need be */
  observeRow(
    rows: Int32Array,
    row: number,
    view: DataView,
    network: number,
    segment: Segment,
    time: number,
    clock: number,
    frame: number,
  ): void {
    this.goOn(time, clock, frame);
    if (network !== 0 && !this.severalNetworks) this.meetNetworks();
    const hash = rows[row + ROW.HASH] as number;
    const found = this.unfolded(this.findRow(rows, row, view, network, hash));
    if (found !== NO_SLOT) {
      // By far the most segments of attempts end here: data of a connection whose handshake is settled.
      if (this.isSettled(found) && ((rows[row + ROW.SHAPE] as number) & (ENDS << FLAGS_SHIFT)) === 0) {
        if (payloadOf(rows, row) >= LARGE_OCTETS) this.noteLarge(found, rows[row + ROW.SEQUENCE] as number);
        return;
      }
      if (this.isOrdinary(found >> 1) && this.takeOrdinary(found, rows, row)) return;
    }
    readPlainRow(segment, rows, row, view, network);
    if (found === NO_SLOT) this.observeUnknown(segment, hash);
    else this.observeKnown(segment, found, hash);
  }

  /** `observeRow` is about to be called for `count` rows, from word `at` on: see FlowTable.expect. */
  expect(rows: Int32Array, at: number, count: number): void {
    this.attempts.expect(rows, at + ROW.HASH, ROW_WORDS, count);
  }

  /** Time goes on to `clock` without a segment. */
  elapse(clock: number): void {
    this.clock = clock;
    this.room.sweep(clock, this.visitor);
  }

  /** Every attempt that is not finished, as it stands. The evidence is borrowed until the call returns. */
  eachOpen(visit: (evidence: Evidence) => void): void {
    this.room.each((slot) => visit(this.fill(slot)));
  }

  /** The capture is at its end: everything that is open is finished, and nothing is observed any more. */
  flush(clock: number): void {
    this.clock = clock;
    this.room.drain(clock, {
      ...this.visitor,
      finish: (slot) => this.judgeLast(slot),
      announced: (slots, count) => this.touchRows(slots, count, false),
    });
  }

  // --- how far a segment must go -------------------------------------------------------------------------------

  /** The packet at hand: see `observe`. */
  private goOn(time: number, clock: number, frame: number): void {
    const { bookkeeper } = this;
    this.clock = clock;
    bookkeeper.time = time;
    bookkeeper.clock = clock;
    bookkeeper.frame = frame;
    this.room.sweep(clock, this.visitor);
  }

  private findRow(rows: Int32Array, row: number, view: DataView, network: number, hash: number): number {
    const ports = rows[row + ROW.PORTS] as number;
    if (((rows[row + ROW.SHAPE] as number) & FAMILY_MASK) !== 4) {
      return this.attempts.findIpv6(view, ipAtOf(rows, row), ports, network, hash);
    }
    const source = rows[row + ROW.SOURCE] as number;
    return this.attempts.findIpv4(source, rows[row + ROW.DESTINATION] as number, ports, network, hash);
  }

  private findInAnyNetwork(segment: Segment, hash: number): number {
    return this.unfolded(this.attempts.findInAnyNetwork(segment, hash));
  }

  /** What was found, as a row: there is more to say of a lone SYN. */
  private unfolded(found: number): number {
    return found < NO_SLOT ? this.unfold(found >> 1) * 2 + (found & 1) : found;
  }

  /** Gives a lone SYN its row: answers the slot. */
  private unfold(briefSlot: number): number {
    const { attempts, recentSyns, room } = this;
    const lone = this.lone as LoneSyns;
    // Of an ordinary row it is asked later, unless there are several networks (`beginOrdinary`).
    if (!lone.becomesOrdinary(briefSlot)) this.askBefore(briefSlot);
    const isReused = lone.isKnownBefore(briefSlot);
    const slot = lone.unfold(briefSlot);
    if (isReused && this.isOrdinary(slot)) {
      this.ordinary?.complete(slot);
      this.noteForgotten(slot);
    }
    room.unfold(briefSlot, slot, attempts.time(slot, T.BEGAN));
    const isn = attempts.word(slot, W.CLIENT_ISN) >>> 0;
    recentSyns.rename(briefSlot, slot, attempts.word(slot, 3), attempts.port(slot, 0), isn);
    this.translations.rename(briefSlot, slot, attempts.word(slot, 7), attempts.port(slot, 1), isn);
    return slot;
  }

  /** Whether the segment is a copy of the lone SYN that was found, and is counted as such. */
  private takesCopy(found: number, segment: Segment): boolean {
    const isCopy = (found & 1) === 0 && this.lone?.takesCopy(found >> 1, segment, this.clock) === true;
    if (isCopy) this.duplicates += 1;
    return isCopy;
  }

  /** Whether a SYN of an unknown flow is that of other attempts, under other addresses: they have rows then (translations.ts). */
  private unfoldTwins(syn: Segment): boolean {
    if (syn.interfaceIndex < 0) return false;
    const isOfClient = this.unfoldTwin(this.translations.candidate(syn, false), syn);
    return this.unfoldTwin(this.translations.candidate(syn, true), syn) || isOfClient;
  }

  private unfoldTwin(candidate: number, syn: Segment): boolean {
    if (candidate >= NO_SLOT) return this.translations.isTwin(candidate, syn, this.clock);
    const isTwin = this.lone?.isTwin(candidate, syn, this.clock) === true;
    if (isTwin) this.unfold(candidate);
    return isTwin;
  }

  /** Whether the ports of a lone SYN carried a connection before. */
  private askBefore(briefSlot: number): void {
    const lone = this.lone as LoneSyns;
    if (lone.isAsked(briefSlot)) return;
    lone.noteBefore(briefSlot, this.known.has(this.attempts.hashOf(briefSlot), this.secondHashOf(briefSlot)));
  }

  private isSettled(found: number): boolean {
    return this.stateOf(found >> 1) >= STATE.OPEN;
  }

  /** Only ordinary.ts has written the attempt's row. */
  private isOrdinary(slot: number): boolean {
    return (this.attempts.word(slot, W.LINK) & ORDINARY) !== 0;
  }

  /** Whether the segment, as a row, goes on with an ordinary handshake, and is written down. @param found an attempt that `isOrdinary` */
  private takeOrdinary(found: number, rows: Int32Array, row: number): boolean {
    if (this.ordinary === null) return false;
    return this.isSettled(found) ? this.ordinary.takeFin(found, rows, row) : this.ordinary.advance(found, rows, row);
  }

  /** The long way. @param found as `Attempts.find` gave it for the segment */
  private observeKnown(segment: Segment, found: number, hash: number): void {
    if (this.isSettled(found)) this.observeSettled(segment, found, hash);
    else this.observeOpen(segment, found >> 1, hash);
  }

  // --- which attempt ------------------------------------------------------------------------------------------

  private observeUnknown(segment: Segment, hash: number): void {
    const flags = segment.flags;
    if (this.attempts.size >= this.loneFrom && !this.severalNetworks && this.lone?.canBegin(segment, this.begun)) {
      if (this.unfoldTwins(segment)) this.begin(segment, hash, NO_SLOT);
      else this.beginLone(this.lone, segment, hash);
      return;
    }
    if (this.ordinary?.canBegin(segment, this.begun)) {
      this.beginOrdinary(this.ordinary, segment, hash);
      return;
    }
    if ((flags & FLAG.SYN) !== 0 && (flags & FLAG.RST) === 0) {
      const isSynAck = (flags & FLAG.ACK) !== 0;
      if (!isSynAck || !this.answersOtherNetwork(segment, hash)) this.begin(segment, hash, NO_SLOT);
      return;
    }
    if (this.severalNetworks && this.answersOtherNetwork(segment, hash)) return;
    if (!this.known.meet(hash, this.secondHash(segment), this.clock)) this.midstream += 1;
  }

  /** An answer can come through another VLAN or tunnel than the SYN (a mirror port tags one direction only). The numbers must fit. */
  private answersOtherNetwork(segment: Segment, hash: number): boolean {
    const found = this.findInAnyNetwork(segment, hash);
    if (found === NO_SLOT) return false;
    const slot = found >> 1;
    this.leaveOrdinary(slot);
    const fromClient = this.isClientSide(slot, found & 1);
    if (this.stateOf(slot) >= STATE.OPEN) return this.attempts.has(slot, MARK.OTHER_NETWORK);
    const event = classify(this.attempts, slot, segment, fromClient, this.bookkeeper.time);
    if (!belongs(event) || event === EVENT.SYN) return false;
    this.attempts.mark(slot, MARK.OTHER_NETWORK);
    this.observeOpen(segment, slot, hash);
    return true;
  }

  private observeSettled(segment: Segment, found: number, hash: number): void {
    const slot = found >> 1;
    this.leaveOrdinary(slot);
    const fromClient = this.isClientSide(slot, found & 1);
    const event = classifySettled(this.attempts, slot, segment, fromClient);
    if (event !== EVENT.OTHER) this.accept(slot, event, segment, fromClient, hash);
  }

  /** A large segment of a settled attempt: of interest is only the server's first one, when it comes again. @param sequence signed */
  private noteLarge(found: number, sequence: number): void {
    const { attempts } = this;
    const slot = found >> 1;
    if (sequence !== ((attempts.word(slot, W.SERVER_ISN) + 1) | 0) || this.isClientSide(slot, found & 1)) return;
    const link = attempts.word(slot, W.LINK);
    if ((link & LARGE_SENT) === 0) {
      attempts.setWord(slot, W.LINK, link | LARGE_SENT);
      return;
    }
    this.leaveOrdinary(slot);
    this.bookkeeper.noteLargeAgain(slot);
  }

  /** The newest attempt of the flow comes first; an older one gets the segment only when the numbers say that it is its own. */
  private observeOpen(segment: Segment, newest: number, hash: number): void {
    let slot = NO_SLOT;
    let event: Event = EVENT.OTHER;
    let newestEvent: Event = EVENT.OTHER;
    for (let candidate = newest; candidate !== NO_SLOT; candidate = this.attempts.older(candidate)) {
      this.leaveOrdinary(candidate);
      const fromClient = this.isClientSide(candidate, this.attempts.sideOf(candidate, segment));
      const seenAs = classify(this.attempts, candidate, segment, fromClient, this.bookkeeper.time);
      if (candidate === newest) newestEvent = seenAs;
      if (this.isOlderCopy(candidate, newest, segment) || this.takes(candidate, seenAs, newest, newestEvent, segment)) {
        slot = candidate;
        event = seenAs;
        break;
      }
    }
    if (slot === NO_SLOT) {
      slot = newest;
      event = newestEvent;
    }
    const isNew = this.accept(slot, event, segment, this.isClientSide(slot, this.attempts.sideOf(slot, segment)), hash);
    if (isNew && slot !== newest && this.isChallengeToo(slot, newest, newestEvent)) {
      this.accept(newest, EVENT.CHALLENGE, segment, false, hash);
    }
  }

  /** A server that still acknowledges what an older connection sent holds it, and says so in answer to the newest SYN. */
  private isChallengeToo(older: number, newest: number, newestEvent: Event): boolean {
    return newestEvent === EVENT.CHALLENGE && !this.isLiveBeside(older, newest);
  }

  /** Whether an attempt of the flow claims a segment. `newestEvent` is what the segment is to the newest of them. */
  private takes(candidate: number, event: Event, newest: number, newestEvent: Event, segment: Segment): boolean {
    // A RST that fits the newest, and acknowledges nothing, is no answer to an older one's SYN.
    const isForNewest = newestEvent === EVENT.SERVER_RST && (segment.flags & FLAG.ACK) === 0;
    if (candidate !== newest && isForNewest && event === EVENT.SERVER_RST_ANSWER) return false;
    if (candidate === newest || newestEvent !== EVENT.CHALLENGE) return belongs(event);
    // An older connection that still speaks is the very thing that a new SYN is challenged by; unless its own client sent its SYN again since, or its handshake
    // still goes on.
    if (this.isLiveBeside(candidate, newest)) return belongs(event) || event === EVENT.SERVER_ACK;
    return belongs(event) && this.stateOf(candidate) < STATE.OPEN;
  }

  /** The client of an older attempt sent its SYN again when the newest had begun. */
  private isLiveBeside(older: number, newest: number): boolean {
    return this.attempts.time(older, T.SYN_LAST) > this.attempts.time(newest, T.SYN_FIRST);
  }

  private observeError(segment: Segment, found: number): void {
    if (found === NO_SLOT) return;
    for (let slot = found >> 1; slot !== NO_SLOT; slot = this.attempts.older(slot)) {
      this.leaveOrdinary(slot);
      const fromClient = this.isClientSide(slot, this.attempts.sideOf(slot, segment));
      const event = classifyQuoted(this.attempts, slot, segment, fromClient);
      const mayBeOlder = event === EVENT.ICMP_LATER && this.attempts.older(slot) !== NO_SLOT;
      if (this.stateOf(slot) >= STATE.OPEN || mayBeOlder) continue;
      const isNew = this.accept(slot, event, segment, fromClient, 0);
      if (isNew && event !== EVENT.ICMP_LATER) this.icmpJoined += 1;
      return;
    }
  }

  private stateOf(slot: number): State {
    return this.attempts.word(slot, W.STATE) as State;
  }

  /** What an older attempt took once is no news to a newer one when it comes as a copy. */
  private isOlderCopy(candidate: number, newest: number, segment: Segment): boolean {
    return candidate !== newest && wouldBeCopy(this.attempts, candidate, segment, this.clock);
  }

  private isClientSide(slot: number, side: number): boolean {
    return (side === 1) === this.attempts.has(slot, MARK.CLIENT_IS_SIDE_1);
  }

  /** Beside the table's hash, for the set of known flows. The network is left out: an answer may come through another one. */
  private secondHash(segment: Segment): number {
    return this.mixEnds(segment.sourcePort ^ segment.destinationPort, segment.source3 ^ segment.destination3);
  }

  private secondHashOf(slot: number): number {
    const { attempts, lone } = this;
    if (slot < NO_SLOT && lone !== null) {
      return this.mixEnds(
        lone.clientPort(slot) ^ lone.serverPort(slot),
        lone.clientAddress(slot) ^ lone.serverAddress(slot),
      );
    }
    return this.mixEnds(
      attempts.port(slot, 0) ^ attempts.port(slot, 1),
      attempts.word(slot, 3) ^ attempts.word(slot, 7),
    );
  }

  private mixEnds(ports: number, addresses: number): number {
    return mix(Math.imul(ports, 0x9e3779b1) ^ addresses) ^ this.seed;
  }

  // --- what follows -------------------------------------------------------------------------------------------

  /** The segment is the event to the attempt, unless it is a copy: answers whether it was new. */
  private accept(slot: number, event: Event, segment: Segment, fromClient: boolean, hash: number): boolean {
    const isNew = !isCopy(this.attempts, slot, segment, this.clock);
    if (!isNew) {
      this.duplicates += 1;
      this.bookkeeper.noteCopy(slot, segment, fromClient);
    }
    const step = transition(this.stateOf(slot), event);
    const action = (step >> 8) as Action;
    if (isNew && action === ACTION.BEGIN_ANOTHER) {
      this.begin(segment, hash, slot);
      return true;
    }
    // What an attempt has no use for that others followed is a younger one's, which has left.
    const isOwn = event !== EVENT.OTHER || !isFollowed(this.attempts, slot);
    if (isOwn) this.sink.traced?.(this.attempts.time(slot, T.ID), segment, fromClient, event, !isNew);
    if (isNew && action !== ACTION.NOTHING) this.advance(slot, action, (step & 0xff) as State, segment, fromClient);
    return isNew;
  }

  private advance(slot: number, action: Action, next: State, segment: Segment, fromClient: boolean): void {
    const before = this.stateOf(slot);
    this.bookkeeper.perform(action, slot, segment, fromClient);
    this.attempts.setWord(slot, W.STATE, next);
    if (!fromClient && segment.kind === KIND.TCP) this.heard.noteServer(slot);
    else if (action === ACTION.ADD_THIRD_LEG) {
      this.heard.noteThirdLeg(slot);
      this.slow.noteThirdLeg(slot);
    }
    if ((this.attempts.word(slot, W.LINK) & TWIN) !== 0) {
      this.translations.note(slot, !fromClient || action === ACTION.NOTE_ICMP);
    }
    if (next === STATE.THIRD_ENDED && before !== next) this.room.end(slot, this.clock);
    else if (next === before && next < STATE.THIRD_SEEN) this.room.repeat(slot, this.clock);
    else if (next < STATE.OPEN) this.room.touch(slot, this.clock);
    else if (next === STATE.CLOSED && before < STATE.CLOSED) this.room.close(slot, this.clock);
    else if (before < STATE.OPEN) this.room.settle(slot, this.clock);
    if (this.room.isEager && DECIDES.has(action)) this.publish(slot, true);
  }

  /** A new attempt with its first segment: a SYN or a SYN-ACK. `newest` is the flow's attempt so far. */
  private begin(segment: Segment, hash: number, newest: number): void {
    let before = newest;
    if (this.attempts.isFull) {
      this.evict();
      before = this.newestOfFlow(segment, hash);
    }
    const slot = this.attempts.add(segment, hash, before);
    this.attempts.reset(slot);
    this.begun += 1;
    this.attempts.setTime(slot, T.ID, this.begun);
    this.attempts.setTime(slot, T.BEGAN, this.clock);
    this.attempts.setTime(slot, T.UNANSWERED, -1);
    if (before !== NO_SLOT) {
      this.attempts.mark(slot, MARK.PORT_REUSED);
      this.leaveOrdinary(before);
      this.attempts.setWord(before, W.LINK, this.attempts.word(before, W.LINK) | FOLLOWED);
    } else if (this.known.has(hash, this.secondHash(segment))) {
      this.noteForgotten(slot);
    }
    if ((segment.flags & FLAG.ACK) === 0) this.beginWithSyn(slot, segment);
    else this.beginWithSynAck(slot, segment);
    isCopy(this.attempts, slot, segment, this.clock);
    this.room.enter(slot, this.clock);
    if (before !== NO_SLOT) this.boundChain(slot);
  }

  /**
   * As `begin`, for a flow that has no attempt. Whether its ports are known is asked at the end, together with what is then remembered of them; unless there are several networks, in
   * another of which the same ports may become known until then.
   */
  private beginOrdinary(ordinary: OrdinaryPath, segment: Segment, hash: number): void {
    if (this.attempts.isFull) this.evict();
    const slot = this.attempts.add(segment, hash, NO_SLOT);
    this.begun += 1;
    ordinary.begin(slot, segment, this.begun);
    if (this.severalNetworks && this.known.has(hash, this.secondHash(segment))) {
      ordinary.complete(slot);
      this.noteForgotten(slot);
    }
    this.recentSyns.remember(slot, segment.source3, segment.sourcePort, segment.sequence);
    this.noteStampOrder(slot, segment);
  }

  /** As `beginOrdinary`, for a SYN that gets no row before there is more to say. */
  private beginLone(lone: LoneSyns, segment: Segment, hash: number): void {
    if (this.attempts.isFull) this.evict();
    const slot = this.attempts.addBrief(segment, hash);
    this.begun += 1;
    lone.begin(slot, segment, this.begun, this.stamps.note(segment, this.clock));
    this.room.enterBrief(slot, this.clock);
    if (segment.interfaceIndex >= 0) this.translations.beginLone(slot, segment);
    this.recentSyns.remember(slot, segment.source3, segment.sourcePort, segment.sequence);
    if (this.sink.begun?.(lone.fill(slot, this.clock)) === true) lone.noteMet(slot);
  }

  /** The row goes the long way from now on: it gets what `beginOrdinary` left for later. */
  private leaveOrdinary(slot: number): void {
    if (!this.isOrdinary(slot)) return;
    this.ordinary?.complete(slot);
    if (!this.severalNetworks && this.known.has(this.attempts.hashOf(slot), this.secondHashOf(slot)))
      this.noteForgotten(slot);
  }

  /** The first segment that came through a VLAN or tunnel. */
  private meetNetworks(): void {
    this.room.each((slot) => {
      if (slot < NO_SLOT) this.askBefore(slot);
      else this.leaveOrdinary(slot);
    });
    this.severalNetworks = true;
  }

  private noteForgotten(slot: number): void {
    this.attempts.mark(slot, MARK.PORT_REUSED);
    this.attempts.setWord(slot, W.LINK, this.attempts.word(slot, W.LINK) | FORGOTTEN);
  }

  private beginWithSyn(slot: number, segment: Segment): void {
    this.attempts.setWord(slot, W.STATE, STATE.SYN_SEEN);
    this.unfoldTwins(segment);
    const twin = this.translations.begin(slot, segment, this.clock);
    this.recentSyns.remember(slot, segment.source3, segment.sourcePort, segment.sequence);
    this.sink.traced?.(this.begun, segment, true, EVENT.SYN, false);
    this.bookkeeper.perform(ACTION.ADD_SYN, slot, segment, true);
    if (twin !== NO_SLOT) this.bookkeeper.noteTwin(slot, twin);
    this.noteStampOrder(slot, segment);
  }

  /** @param syn the attempt's first, with its options parsed */
  private noteStampOrder(slot: number, syn: Segment): void {
    const order = this.stamps.note(syn, this.clock);
    this.attempts.setWord(slot, W.LINK, this.attempts.word(slot, W.LINK) | (order << STAMP_SHIFT));
  }

  private beginWithSynAck(slot: number, segment: Segment): void {
    this.attempts.setWord(slot, W.STATE, STATE.SYN_ACK_ALONE);
    this.attempts.mark(slot, MARK.CLIENT_IS_SIDE_1);
    this.attempts.setWord(slot, W.CLIENT_ISN, (segment.acknowledgment - 1) | 0);
    this.attempts.setWord(slot, W.CLIENT_END, segment.acknowledgment | 0);
    if (!this.translations.beginWithSynAck(slot, segment)) this.noteOtherAddress(slot, segment);
    this.sink.traced?.(this.begun, segment, false, EVENT.SYN_ACK, false);
    this.bookkeeper.perform(ACTION.ADD_SYN_ACK, slot, segment, false);
    this.heard.noteServer(slot);
  }

  /** A SYN-ACK without a SYN of its own may answer a SYN to another address: NAT that is undone on one way only. Both attempts are told. */
  private noteOtherAddress(slot: number, synAck: Segment): void {
    const { attempts } = this;
    const isn = (synAck.acknowledgment - 1) | 0;
    const recalled = this.recentSyns.recall(synAck.destination3, synAck.destinationPort, isn);
    const asked = recalled < NO_SLOT ? this.unfoldAsked(recalled, slot, synAck) : recalled;
    if (asked === NO_SLOT || asked === slot || attempts.word(asked, W.CLIENT_ISN) !== isn) return;
    this.leaveOrdinary(asked);
    const side = attempts.has(asked, MARK.CLIENT_IS_SIDE_1) ? 1 : 0;
    const isSame =
      attempts.word(asked, W.SYN_COUNT) > 0 &&
      attempts.port(asked, side) === synAck.destinationPort &&
      attempts.word(asked, 4 * side + 3) === synAck.destination3 &&
      attempts.word(asked, 4 * (1 - side) + 3) !== synAck.source3;
    if (!isSame) return;
    if (this.translations.joinAnswer(slot, asked, synAck)) return;
    attempts.mark(asked, MARK.OTHER_ADDRESS);
    attempts.mark(slot, MARK.OTHER_ADDRESS);
  }

  /** The row of a lone SYN that a SYN-ACK (attempt `slot`) from another address answers; NO_SLOT when it does not, or the attempt is over: then only the SYN-ACK's is told. */
  private unfoldAsked(briefSlot: number, slot: number, synAck: Segment): number {
    const lone = this.lone as LoneSyns;
    const isSame =
      lone.isn(briefSlot) === ((synAck.acknowledgment - 1) | 0) &&
      lone.clientPort(briefSlot) === synAck.destinationPort &&
      lone.clientAddress(briefSlot) === synAck.destination3 &&
      lone.serverAddress(briefSlot) !== synAck.source3;
    if (!isSame) return NO_SLOT;
    if (lone.isUsed(briefSlot)) return this.unfold(briefSlot);
    this.attempts.mark(slot, MARK.OTHER_ADDRESS);
    return NO_SLOT;
  }

  private newestOfFlow(segment: Segment, hash: number): number {
    const found = this.unfolded(this.attempts.find(segment, hash));
    return found === NO_SLOT ? NO_SLOT : found >> 1;
  }

  private boundChain(newest: number): void {
    let oldest = newest;
    let length = 1;
    for (let older = this.attempts.older(newest); older !== NO_SLOT; older = this.attempts.older(older)) {
      oldest = older;
      length += 1;
    }
    if (length <= ATTEMPTS_PER_FLOW) return;
    if (this.clock - this.attempts.time(oldest, T.ACTIVE) < this.patienceNanos) this.giveUp(oldest);
    this.finish(oldest);
  }

  // --- the end of an attempt ----------------------------------------------------------------------------------

  private evict(): void {
    const slot = this.room.firstToGo(this.clock, this.visitor);
    if (slot < NO_SLOT || this.stateOf(slot) < STATE.OPEN) this.giveUp(slot);
    this.finish(slot);
  }

  private giveUp(slot: number): void {
    if (slot < NO_SLOT) this.lone?.giveUp(slot);
    else this.attempts.mark(slot, MARK.GIVEN_UP);
    this.givenUp += 1;
  }

  private fill(slot: number): Evidence {
    const evidence = slot < NO_SLOT ? this.fillLone(slot) : this.fillRow(slot);
    evidence.isServerUnheard = evidence.synAckCount === 0 && this.heard.isUnheard(evidence);
    evidence.thirdLegTakesNanos =
      evidence.synAckCount > 1 && evidence.ackCount === 0 ? this.slow.longestOf(evidence) : 0;
    const isAnswered = evidence.synAckCount > 0;
    const first = isAnswered ? evidence.synAckFirst : evidence.synFirst;
    const last = isAnswered ? evidence.synAckLast : evidence.synLast;
    evidence.lossy = this.losses.touch(last, last + this.patienceNanos);
    evidence.lossyMany = this.losses.touchMany(first, last + this.patienceNanos);
    evidence.lossyBefore = isAnswered && this.losses.touch(first - this.patienceNanos, first);
    evidence.lossyBeforeWrong = evidence.wrongCount > 0 && this.losses.touch(first, evidence.wrongFirst);
    return evidence;
  }

  private fillLone(slot: number): Evidence {
    this.askBefore(slot);
    return (this.lone as LoneSyns).fill(slot, this.clock);
  }

  private fillRow(slot: number): Evidence {
    const isOrdinary = this.isOrdinary(slot);
    const evidence = isOrdinary ? this.ordinaryEvidence : this.evidence;
    if (isOrdinary) fillOrdinaryEvidence(evidence, this.attempts, slot, this.clock);
    else fillEvidence(evidence, this.attempts, this.bookkeeper.traits, slot, this.clock);
    const isChanged = (this.attempts.word(slot, W.LINK) & OFFERS_CHANGED) !== 0;
    evidence.offerChanges = isChanged ? this.bookkeeper.changes.of(slot) : NO_CHANGES;
    return evidence;
  }

  private publish(slot: number, isDecided: boolean): void {
    if (this.sink.silent === undefined) return;
    const evidence = this.fill(slot);
    const said = this.sink.silent(evidence, isDecided);
    if (said === null) return;
    const isLikelier = (said & SAID_UNHEARD) !== 0 && !evidence.isSaidUnheard;
    if (evidence.published === (said & SAID_VERDICT) && !isLikelier) return;
    if (slot < NO_SLOT) {
      this.lone?.publish(slot, said & SAID_VERDICT);
      return;
    }
    if (evidence.published >= 0) this.attempts.count(slot, W.REVISION);
    this.attempts.setWord(slot, W.PUBLISHED, (said + 1) | (isOfNoUse(evidence) ? SAID_OF_NO_USE : 0));
  }

  /**
   * Reads what `finish` will: the cache lines of the rows; and then, since the hash lies in the first of them, their flows' places in the index and among the known ones. In each
   * of the two loops no read waits for another.
   */
  private touchRows(slots: Int32Array, count: number, isWithIndex: boolean): void {
    const { attempts, known } = this;
    let sum = 0;
    for (let i = 0; i < count; i++) sum ^= attempts.touchWhole(slots[i] as number);
    for (let i = 0; i < count; i++) {
      const hash = attempts.hashOf(slots[i] as number);
      sum ^= known.touch(hash);
      if (isWithIndex) sum ^= attempts.touchIndex(hash);
    }
    this.touched = sum;
  }

  /** As `finish` at the end of the capture, after which nobody looks for the flow, the slot or the chains: whoever waits for the report does not wait for their upkeep. */
  private judgeLast(slot: number): void {
    const { attempts } = this;
    if (slot < NO_SLOT) {
      this.sink.finished(this.fill(slot));
      return;
    }
    if (this.stateOf(slot) < STATE.THIRD_SEEN) this.leaveOrdinary(slot);
    const isOrdinary = this.isOrdinary(slot) && !this.severalNetworks;
    if (isOrdinary && this.known.has(attempts.hashOf(slot), this.secondHashOf(slot))) this.noteForgotten(slot);
    this.sink.finished(this.fill(slot));
  }

  private finishLone(lone: LoneSyns, slot: number): void {
    const isKnown = this.known.meet(this.attempts.hashOf(slot), this.secondHashOf(slot), this.clock);
    if (!lone.isAsked(slot)) lone.noteBefore(slot, isKnown);
    this.sink.finished(this.fill(slot));
    this.room.leave(slot);
    lone.leave(slot);
    this.attempts.remove(slot);
  }

  private finish(slot: number): void {
    const { attempts, lone } = this;
    if (slot < NO_SLOT && lone !== null) {
      this.finishLone(lone, slot);
      return;
    }
    if (this.stateOf(slot) < STATE.THIRD_SEEN) this.leaveOrdinary(slot);
    const isKnown = this.known.meet(attempts.hashOf(slot), this.secondHashOf(slot), this.clock);
    const isOrdinary = this.isOrdinary(slot);
    if (isKnown && isOrdinary && !this.severalNetworks) this.noteForgotten(slot);
    this.sink.finished(this.fill(slot));
    if (isOrdinary) this.frames.release(attempts.word(slot, W.ACK_FRAMES));
    else for (const chain of CHAINS) this.frames.release(attempts.word(slot, chain));
    this.room.leave(slot);
    if ((attempts.word(slot, W.LINK) & TWIN) !== 0) this.translations.leave(slot);
    if ((attempts.word(slot, W.LINK) & OFFERS_CHANGED) !== 0) this.bookkeeper.changes.leave(slot);
    attempts.setWord(slot, W.STATE, FREE);
    attempts.remove(slot);
  }
}

/** After these nothing needs to be waited for: the verdict rests on a packet, and not on the want of one. */
const DECIDES: ReadonlySet<Action> = new Set([
  ACTION.NOTE_TOOK,
  ACTION.NOTE_REFUSAL,
  ACTION.NOTE_STRAY_RESET,
  ACTION.NOTE_ICMP,
  ACTION.NOTE_CLIENT_RESET,
  ACTION.NOTE_BARE_RESET,
  ACTION.NOTE_RESET,
]);

const CHAINS = [W.SYN_FRAMES, W.SYN_ACK_FRAMES, W.ACK_FRAMES, W.STRAY_FRAMES] as const;
