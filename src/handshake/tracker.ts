/**
 * Segments in, attempts out. For each TCP segment: find the attempt that it belongs to, classify it (event.ts), look up what follows
 * (transitions.ts), write that down (attempts.ts). Nothing is allocated on the way, and no bytes are read but options of handshake segments.
 *
 * An attempt leaves when nothing more can be expected: it is handed to the sink as Evidence and its slot is freed. Until then it waits in one
 * of four lists, each in the order of time:
 *
 *   FRESH     no SYN-ACK yet, last packet less than `patience` ago
 *   GOING     SYN-ACK or third leg seen, last packet less than `patience` ago
 *   WAITING   silent for `patience`: a verdict could be given, later packets may amend it; forgotten after `FORGET_NANOS`
 *   SETTLED   the server took the third leg, `patience` ago at the most: what follows at once (RST, FIN) still belongs to the record
 *
 * When all slots are in use the first of SETTLED, WAITING, FRESH, GOING is given up, in this order: a flood of SYNs displaces its own, and not the
 * handshakes that go on.
 */
import { distance } from '../bytes/sequence.ts';
import { mix } from '../flow/hash.ts';
import { KnownFlows } from '../flow/known-flows.ts';
import { FlowTable, NO_SLOT, RECORD_WORDS, TAG } from '../flow/table.ts';
import { FLAG, KIND, type Segment } from '../wire/segment.ts';
import { CHECKSUM, tcpChecksum } from '../wire/checksum.ts';
import { parseOptions } from '../wire/tcp-options.ts';
import { Attempts, FILL, MARK, QUOTES, T, TIMES_PER_ROW, W, WORDS_PER_ROW } from './attempts.ts';
import { belongs, classify, classifyQuoted, classifySettled, EVENT, type Event } from './event.ts';
import { type Evidence, RESET_FROM } from './evidence.ts';
import { fillEvidence } from './fill-evidence.ts';
import { FRAMES_LISTED, FrameLists } from './frame-lists.ts';
import { RecentSyns } from './recent-syns.ts';
import { ACTION, type Action, STATE, type State, transition } from './transitions.ts';

export interface TrackerOptions {
  readonly patienceNanos: number;
  readonly maxOpen: number;
  /** Seed of the flow table's hash. */
  readonly seed: number;
}

export interface TrackerSink {
  /** An attempt is finished. The evidence is borrowed until the call returns. */
  finished(evidence: Evidence): void;
  /** With `publish`: an attempt was silent for `patience`, and may still be amended. */
  settledForNow?(evidence: Evidence): void;
  /** Every segment that belongs to an attempt, with its event; only set while an attempt is traced. */
  traced?(id: number, segment: Segment, fromClient: boolean, event: Event, isCopy: boolean): void;
}

const LIST = { FRESH: 0, GOING: 1, WAITING: 2, SETTLED: 3 } as const;
const EVICTION_ORDER = [LIST.SETTLED, LIST.WAITING, LIST.FRESH, LIST.GOING] as const;

/** A client repeats its SYN for 127 s (Linux: tcp_syn_retries 6), with at most 64 s between two; a server its SYN-ACK for 63 s. */
const FORGET_NANOS = 120e9;

/** Lists are looked at this often on the capture's clock. */
const SWEEP_NANOS = 20e6;

/**
 * A segment is a copy of one before it (mirror port, bridge, capture on `any`) when all of it is equal and it came at once: no stack repeats a
 * SYN or SYN-ACK in less than 200 ms. Without an IP identification (Linux: 0 in SYN-ACK and RST; IPv6) equality says less, so the time must say more.
 */
const COPY_MILLIS = 200;
const COPY_MILLIS_WITHOUT_IDENTIFICATION = 50;
const RECENT = 4;

/** Checksums cost time, and a sample tells the vantage as well: they are looked at in this many attempts. */
const CHECKSUM_SAMPLE = 4096;

/** Attempts of one flow that are kept side by side; a client that tries on from one port with ever new ISNs shall not make the search long. */
const ATTEMPTS_PER_FLOW = 8;

/** Scheduling of the capturing host may record answers this much later than they came. */
const SLACK_NANOS = 10e6;

export class Tracker {
  readonly table: FlowTable;
  readonly attempts = new Attempts();
  /** Resolves the chains of an Evidence. */
  readonly frames = new FrameLists();
  /** Connections of which only later segments were seen; copies of handshake segments; attempts given up for want of slots. */
  midstream = 0;
  duplicates = 0;
  givenUp = 0;
  icmpJoined = 0;
  /** Attempts begun so far. */
  begun = 0;
  /** Set to let attempts be handed out as soon as they are silent for `patience`, and amended later. */
  publish = false;
  readonly patienceNanos: number;
  private readonly known = new KnownFlows();
  private readonly sink: TrackerSink;
  private readonly seed: number;
  private readonly evidence: Evidence;
  private readonly recentSyns = new RecentSyns();
  private nextSweep = 0;
  private clock = 0;
  private lossFrom = Number.POSITIVE_INFINITY;
  private lossUntil = Number.NEGATIVE_INFINITY;

  constructor(options: TrackerOptions, sink: TrackerSink, evidence: Evidence) {
    this.patienceNanos = options.patienceNanos;
    this.seed = options.seed | 0;
    this.table = new FlowTable(this.seed, Object.keys(LIST).length, options.maxOpen);
    this.attempts.reserve(this.table.capacity);
    this.sink = sink;
    this.evidence = evidence;
  }

  /** The capture lost packets in this stretch of its timestamps (nanoseconds since the base). Verdicts that rest on it are weakened. */
  noteLoss(from: number, until: number): void {
    this.lossFrom = Math.min(this.lossFrom, from);
    this.lossUntil = Math.max(this.lossUntil, until);
  }

  /** True when a packet that is due within `patience` of `time` may be among those that the capture lost. */
  lostNear(time: number): boolean {
    return time + this.patienceNanos >= this.lossFrom && time <= this.lossUntil;
  }

  /**
   * @param time nanoseconds since the capture's base.
   * @param clock the capture's clock (clock.ts).
   * @param frame packet number with the file's index (frame-lists.ts).
   */
  observe(segment: Segment, time: number, clock: number, frame: number): void {
    this.clock = clock;
    if (clock >= this.nextSweep) this.sweep();
    const hash = this.table.hash(segment);
    const found = this.table.find(segment, hash);
    if (segment.kind === KIND.ICMP_ERROR) {
      this.observeError(segment, found !== NO_SLOT ? found : this.table.findInAnyNetwork(segment, hash), time, frame);
      return;
    }
    if (found === NO_SLOT) {
      this.observeUnknown(segment, hash, time, frame);
      return;
    }
    const slot = found >> 1;
    const state = this.table.records[slot * RECORD_WORDS + TAG] as State;
    if (state >= STATE.OPEN) {
      // By far the most segments end here: data of a connection whose handshake is settled.
      if ((segment.flags & (FLAG.SYN | FLAG.FIN | FLAG.RST)) === 0) return;
      this.observeSettled(segment, slot, found & 1, hash, time, frame);
      return;
    }
    this.observeOpen(segment, slot, hash, time, frame);
  }

  /** The capture is at its end: everything that is open is finished. */
  flush(clock: number): void {
    this.clock = clock;
    for (const list of EVICTION_ORDER) {
      for (let slot = this.table.first(list); slot !== NO_SLOT; slot = this.table.first(list)) this.finish(slot);
    }
  }

  // --- which attempt ------------------------------------------------------------------------------------------

  private observeUnknown(segment: Segment, hash: number, time: number, frame: number): void {
    const flags = segment.flags;
    if ((flags & FLAG.SYN) !== 0 && (flags & FLAG.RST) === 0 && segment.hasFlags) {
      if ((flags & FLAG.ACK) !== 0 && this.answersOtherNetwork(segment, hash, time, frame)) return;
      this.begin(segment, hash, NO_SLOT, time, frame);
      return;
    }
    if (segment.network !== 0 && this.answersOtherNetwork(segment, hash, time, frame)) return;
    if (!this.known.meet(hash, this.secondHash(segment), this.clock)) this.midstream += 1;
  }

  /** An answer can come through another VLAN or tunnel than the SYN (a mirror port tags one direction only). The numbers must fit. */
  private answersOtherNetwork(segment: Segment, hash: number, time: number, frame: number): boolean {
    const found = this.table.findInAnyNetwork(segment, hash);
    if (found === NO_SLOT) return false;
    const slot = found >> 1;
    const state = this.table.records[slot * RECORD_WORDS + TAG] as State;
    if (state >= STATE.OPEN) return this.isClientSide(slot, found & 1) === false;
    const event = classify(this.attempts, slot, segment, this.isClientSide(slot, found & 1), time);
    if (!belongs(event) || event === EVENT.SYN) return false;
    this.attempts.mark(slot, MARK.OTHER_NETWORK);
    this.observeOpen(segment, slot, hash, time, frame);
    return true;
  }

  private observeSettled(
    segment: Segment,
    slot: number,
    side: number,
    hash: number,
    time: number,
    frame: number,
  ): void {
    const fromClient = this.isClientSide(slot, side);
    const event = classifySettled(this.attempts, slot, segment, fromClient);
    if (event === EVENT.OTHER) return;
    if (this.isCopy(slot, segment)) {
      this.noteCopy(slot, segment, fromClient, event);
      return;
    }
    this.apply(slot, event, segment, fromClient, hash, time, frame);
  }

  /** The newest attempt of the flow comes first; an older one gets the segment only when the numbers say that it is its own. */
  private observeOpen(segment: Segment, newest: number, hash: number, time: number, frame: number): void {
    let slot = newest;
    let event: Event = EVENT.OTHER;
    for (let candidate = newest; candidate !== NO_SLOT; candidate = this.table.older(candidate)) {
      const side = this.table.sideOf(candidate, segment);
      const seenAs = classify(this.attempts, candidate, segment, this.isClientSide(candidate, side), time);
      if (candidate === newest) event = seenAs;
      // An older connection that still speaks is the very thing that the new SYN is challenged by.
      if (candidate === newest && seenAs === EVENT.CHALLENGE && this.isUnanswered(newest)) break;
      if (belongs(seenAs)) {
        slot = candidate;
        event = seenAs;
        break;
      }
    }
    const fromClient = this.isClientSide(slot, this.table.sideOf(slot, segment));
    if (this.isCopy(slot, segment)) {
      this.noteCopy(slot, segment, fromClient, event);
      return;
    }
    this.apply(slot, event, segment, fromClient, hash, time, frame);
  }

  private isUnanswered(slot: number): boolean {
    return (this.table.records[slot * RECORD_WORDS + TAG] as State) <= STATE.CHALLENGED;
  }

  private noteCopy(slot: number, segment: Segment, fromClient: boolean, event: Event): void {
    this.duplicates += 1;
    this.sink.traced?.(this.attempts.time(slot, T.ID), segment, fromClient, event, true);
  }

  private observeError(segment: Segment, found: number, time: number, frame: number): void {
    if (found === NO_SLOT) return;
    for (let slot = found >> 1; slot !== NO_SLOT; slot = this.table.older(slot)) {
      const fromClient = this.isClientSide(slot, this.table.sideOf(slot, segment));
      const event = classifyQuoted(this.attempts, slot, segment, fromClient);
      const state = this.table.records[slot * RECORD_WORDS + TAG] as State;
      if (state >= STATE.OPEN || (event === EVENT.ICMP_LATER && this.table.older(slot) !== NO_SLOT)) continue;
      if (this.isCopy(slot, segment)) {
        this.noteCopy(slot, segment, fromClient, event);
        return;
      }
      if (event !== EVENT.ICMP_LATER) this.icmpJoined += 1;
      this.apply(slot, event, segment, fromClient, 0, time, frame);
      return;
    }
  }

  private isClientSide(slot: number, side: number): boolean {
    return (side === 1) === this.attempts.has(slot, MARK.CLIENT_IS_SIDE_1);
  }

  private secondHash(segment: Segment): number {
    return (
      mix(Math.imul(segment.sourcePort ^ segment.destinationPort, 0x9e3779b1) ^ segment.source3 ^ segment.destination3) ^
      this.seed
    );
  }

  // --- copies -------------------------------------------------------------------------------------------------

  /** True when the segment is a copy of one of the last few; else it is remembered as one of them. */
  private isCopy(slot: number, segment: Segment): boolean {
    const print = this.fingerprint(segment);
    const millis = (this.clock / 1e6) | 0;
    const words = this.attempts.words;
    const row = slot * WORDS_PER_ROW;
    const limit = segment.ipId > 0 ? COPY_MILLIS : COPY_MILLIS_WITHOUT_IDENTIFICATION;
    for (let i = 0; i < RECENT; i++) {
      if (words[row + W.RECENT_PRINT + i] !== print) continue;
      if (distance(millis, words[row + W.RECENT_MILLIS + i] as number) <= limit) return true;
    }
    const next = words[row + W.RECENT_NEXT] as number;
    words[row + W.RECENT_PRINT + next] = print;
    words[row + W.RECENT_MILLIS + next] = millis;
    words[row + W.RECENT_NEXT] = (next + 1) % RECENT;
    return false;
  }

  /** Everything that a copy has in common with its original and a retransmission has not: not the TTL (a router lies between), not the checksum
   * (the card fills it in later), not the link layer. Never 0, which marks an unused place. */
  private fingerprint(segment: Segment): number {
    if (segment.kind === KIND.TCP) parseOptions(segment);
    let h = mix(segment.sequence ^ this.seed);
    h = mix((h + segment.acknowledgment) | 0);
    h = mix(h ^ (segment.flags | (segment.payloadLength << 8)));
    h = mix((h + segment.timestampValue) | 0);
    h = mix(h ^ segment.sourcePort ^ (segment.ipId << 16) ^ (segment.kind << 8) ^ segment.icmpType);
    return h === 0 ? 1 : h;
  }

  // --- what follows -------------------------------------------------------------------------------------------

  private apply(
    slot: number,
    event: Event,
    segment: Segment,
    fromClient: boolean,
    hash: number,
    time: number,
    frame: number,
  ): void {
    const state = this.table.records[slot * RECORD_WORDS + TAG] as State;
    const step = transition(state, event);
    const action = (step >> 8) as Action;
    const next = (step & 0xff) as State;
    if (action === ACTION.BEGIN_ANOTHER) {
      this.begin(segment, hash, slot, time, frame);
      return;
    }
    this.sink.traced?.(this.attempts.time(slot, T.ID), segment, fromClient, event, false);
    this.perform(action, slot, segment, fromClient, time, frame);
    this.follow(slot, segment, fromClient);
    this.table.records[slot * RECORD_WORDS + TAG] = next;
    if (action !== ACTION.NOTHING) this.touch(slot, state, next);
  }

  /** The attempt is alive: back to the end of the list that its state belongs to. */
  private touch(slot: number, before: State, state: State): void {
    if (state >= STATE.OPEN) {
      if (before >= STATE.OPEN) return;
      this.attempts.setTime(slot, T.ACTIVE, this.clock);
      // Reset without a sign that the server took the third leg: its SYN-ACK may still come again.
      this.table.enqueue(slot, this.attempts.has(slot, MARK.TOOK) ? LIST.SETTLED : LIST.WAITING);
      return;
    }
    this.attempts.setTime(slot, T.ACTIVE, this.clock);
    const unanswered = state <= STATE.CROSSED;
    this.table.enqueue(slot, unanswered ? LIST.FRESH : LIST.GOING);
  }

  /** A new attempt with its first segment: a SYN or a SYN-ACK. `newest` is the flow's attempt so far. */
  private begin(segment: Segment, hash: number, newest: number, time: number, frame: number): void {
    let before = newest === NO_SLOT ? NO_SLOT : this.newestOfFlow(segment, hash);
    if (this.table.isFull) {
      this.evict();
      before = this.newestOfFlow(segment, hash);
    }
    const slot = this.table.add(segment, hash, before);
    this.attempts.reserve(this.table.capacity);
    this.attempts.reset(slot);
    this.begun += 1;
    const row = slot * TIMES_PER_ROW;
    this.attempts.times[row + T.ID] = this.begun;
    this.attempts.times[row + T.BEGAN] = this.clock;
    this.attempts.times[row + T.UNANSWERED] = -1;
    const isSyn = (segment.flags & FLAG.ACK) === 0;
    if (before !== NO_SLOT || this.known.has(hash, this.secondHash(segment)))
      this.attempts.mark(slot, MARK.PORT_REUSED);
    if (!isSyn) {
      this.attempts.mark(slot, MARK.CLIENT_IS_SIDE_1);
      this.attempts.setWord(slot, W.CLIENT_ISN, (segment.acknowledgment - 1) | 0);
      this.attempts.setWord(slot, W.CLIENT_END, segment.acknowledgment | 0);
    }
    if (isSyn) this.recentSyns.remember(slot, segment.source3, segment.sourcePort, segment.sequence);
    else this.noteOtherAddress(slot, segment);
    this.isCopy(slot, segment);
    this.sink.traced?.(this.begun, segment, isSyn, isSyn ? EVENT.SYN : EVENT.SYN_ACK, false);
    this.perform(isSyn ? ACTION.ADD_SYN : ACTION.ADD_SYN_ACK, slot, segment, isSyn, time, frame);
    const state = isSyn ? STATE.SYN_SEEN : STATE.SYN_ACK_ALONE;
    this.table.records[slot * RECORD_WORDS + TAG] = state;
    this.touch(slot, state, state);
    this.boundChain(slot);
  }

  /** A SYN-ACK without a SYN of its own may answer a SYN to another address: NAT that is undone on one way only. Both attempts are told. */
  private noteOtherAddress(slot: number, synAck: Segment): void {
    const isn = (synAck.acknowledgment - 1) | 0;
    const asked = this.recentSyns.recall(synAck.destination3, synAck.destinationPort, isn);
    if (asked === NO_SLOT || asked === slot) return;
    const side = this.attempts.has(asked, MARK.CLIENT_IS_SIDE_1) ? 1 : 0;
    const isSame =
      this.attempts.word(asked, W.CLIENT_ISN) === isn &&
      this.attempts.word(asked, W.SYN_COUNT) > 0 &&
      this.table.port(asked, side) === synAck.destinationPort &&
      this.table.records[asked * RECORD_WORDS + 4 * side + 3] === synAck.destination3;
    if (!isSame) return;
    this.attempts.mark(asked, MARK.OTHER_ADDRESS);
    this.attempts.mark(slot, MARK.OTHER_ADDRESS);
  }

  private newestOfFlow(segment: Segment, hash: number): number {
    const found = this.table.find(segment, hash);
    return found === NO_SLOT ? NO_SLOT : found >> 1;
  }

  private boundChain(newest: number): void {
    let oldest = newest;
    let length = 1;
    for (let older = this.table.older(newest); older !== NO_SLOT; older = this.table.older(older)) {
      oldest = older;
      length += 1;
    }
    if (length > ATTEMPTS_PER_FLOW) this.finish(oldest);
  }

  // --- actions ------------------------------------------------------------------------------------------------

  private perform(
    action: Action,
    slot: number,
    segment: Segment,
    fromClient: boolean,
    time: number,
    frame: number,
  ): void {
    const a = this.attempts;
    switch (action) {
      case ACTION.ADD_SYN:
        this.addSyn(slot, segment, time, frame);
        break;
      case ACTION.ADD_SYN_ACK:
        this.addSynAck(slot, segment, time, frame);
        break;
      case ACTION.ADD_THIRD_LEG:
        this.addThirdLeg(slot, segment, time, frame);
        break;
      case ACTION.ADD_WRONG:
        this.addWrong(slot, segment, time, frame);
        break;
      case ACTION.ADD_AGAIN:
        a.count(slot, W.AGAIN_COUNT);
        this.addThirdLeg(slot, segment, time, frame);
        break;
      case ACTION.NOTE_CROSSING:
        this.noteCrossing(slot, segment);
        break;
      case ACTION.NOTE_TOOK:
        this.noteTook(slot);
        break;
      case ACTION.NOTE_SERVER_ACK:
        a.mark(slot, a.word(slot, W.ACK_COUNT) > 0 ? MARK.SERVER_SPOKE : MARK.SERVER_ACKED);
        break;
      case ACTION.NOTE_CHALLENGE:
        a.mark(slot, MARK.CHALLENGED);
        break;
      case ACTION.NOTE_STRAY_SYN_ACK:
        a.mark(slot, MARK.STRAY_SYN_ACK);
        a.count(slot, W.STRAY_COUNT);
        a.setWord(slot, W.STRAY_ACKED, segment.acknowledgment | 0);
        this.listFrame(slot, W.STRAY_FRAMES, W.STRAY_COUNT, time, frame);
        this.noteServerTtl(slot, segment);
        break;
      case ACTION.NOTE_STRAY_RESET:
        a.mark(slot, MARK.RESET_WRONG_NUMBERS);
        this.noteReset(slot, segment, fromClient, time, frame);
        break;
      case ACTION.NOTE_REFUSAL:
        a.mark(slot, MARK.REFUSED);
        this.noteReset(slot, segment, fromClient, time, frame);
        break;
      case ACTION.NOTE_CLIENT_RESET:
        a.mark(slot, MARK.CLIENT_RESET);
        this.noteReset(slot, segment, fromClient, time, frame);
        break;
      case ACTION.NOTE_GIVING_UP:
        // The RST may answer a SYN-ACK of other numbers: RFC 9293 §3.10.7.3 gives it the number that was acknowledged.
        if (a.has(slot, MARK.STRAY_SYN_ACK) && (segment.sequence | 0) === a.word(slot, W.STRAY_ACKED)) {
          a.mark(slot, MARK.CLIENT_RESET);
        } else {
          a.mark(slot, MARK.RESET_BEFORE_ANSWER);
        }
        if (a.word(slot, W.TTLS) >>> 24 === RESET_FROM.NONE) this.noteReset(slot, segment, fromClient, time, frame);
        break;
      case ACTION.NOTE_BARE_RESET:
        a.mark(slot, MARK.RESET_BARE);
        this.noteReset(slot, segment, fromClient, time, frame);
        break;
      case ACTION.NOTE_RESET:
        a.mark(slot, MARK.RESET_OF_CONNECTION);
        this.noteReset(slot, segment, fromClient, time, frame);
        break;
      case ACTION.NOTE_ICMP:
        this.noteIcmp(slot, segment, fromClient, frame);
        break;
      case ACTION.NOTE_FIN:
        a.mark(slot, fromClient ? MARK.CLIENT_FIN : MARK.SERVER_FIN);
        break;
      default:
        break;
    }
  }

  private addSyn(slot: number, segment: Segment, time: number, frame: number): void {
    const a = this.attempts;
    parseOptions(segment);
    if (a.word(slot, W.SYN_COUNT) === 0) {
      a.setTime(slot, T.SYN_FIRST, time);
      a.setWord(slot, W.CLIENT_ISN, segment.sequence | 0);
      if (a.word(slot, W.SYN_ACK_COUNT) > 0) a.mark(slot, MARK.REORDERED);
      this.noteClientTtl(slot, segment);
      this.noteLink(slot, segment, 0);
    } else if (a.word(slot, W.SYN_ACK_COUNT) > 0) {
      a.mark(slot, MARK.SYN_AFTER_SYN_ACK);
    }
    a.setTime(slot, T.SYN_LAST, time);
    a.count(slot, W.SYN_COUNT);
    this.listFrame(slot, W.SYN_FRAMES, W.SYN_COUNT, time, frame);
    if (segment.payloadLength > a.word(slot, W.SYN_DATA)) a.setWord(slot, W.SYN_DATA, segment.payloadLength);
    if (segment.fastOpen || segment.payloadLength > 0) a.mark(slot, MARK.FAST_OPEN);
    if (segment.multipath) a.mark(slot, MARK.MULTIPATH);
    if (segment.optionsCut) a.mark(slot, MARK.OPTIONS_CUT);
    const end = (segment.sequence + 1 + segment.payloadLength) | 0;
    if (a.word(slot, W.SYN_COUNT) === 1 || distance(end, a.word(slot, W.CLIENT_END)) > 0) {
      a.setWord(slot, W.CLIENT_END, end);
    }
  }

  private addSynAck(slot: number, segment: Segment, time: number, frame: number): void {
    const a = this.attempts;
    const isn = segment.sequence | 0;
    if (a.word(slot, W.SYN_ACK_COUNT) === 0) {
      a.setTime(slot, T.SYN_ACK_FIRST, time);
      // What the client did with a SYN-ACK of other numbers says nothing of this one.
      a.unmark(slot, MARK.CLIENT_RESET);
    }
    if (!a.has(slot, MARK.SERVER_ISN_KNOWN)) this.noteServerIsn(slot, isn);
    else if (isn !== a.word(slot, W.SERVER_ISN)) this.noteOtherIsn(slot, isn);
    // A repeated SYN-ACK: the third leg that serves is the next one. (A first one that was recorded after its ACK changes nothing.)
    if (a.word(slot, W.SYN_ACK_COUNT) > 0) {
      if (a.word(slot, W.ACK_COUNT) > 0) this.noteRepeat(slot, time);
      a.setWord(slot, W.ACK_SERVED, 0);
    }
    a.setTime(slot, T.SYN_ACK_LAST, time);
    a.setTime(slot, T.SYN_ACK_CLOCK, this.clock);
    a.count(slot, W.SYN_ACK_COUNT);
    this.listFrame(slot, W.SYN_ACK_FRAMES, W.SYN_ACK_COUNT, time, frame);
    this.noteLink(slot, segment, 2);
    this.noteServerTtl(slot, segment);
  }

  /**
   * A SYN-ACK after the third leg shows that the server does not have it, unless it was under way when the third leg went the other way: then it comes within one
   * round trip, for which the time from SYN to SYN-ACK is an upper bound.
   */
  private noteRepeat(slot: number, time: number): void {
    const a = this.attempts;
    const hasRoundTrip = a.word(slot, W.SYN_COUNT) > 0;
    const roundTrip = hasRoundTrip ? Math.max(0, a.time(slot, T.SYN_ACK_FIRST) - a.time(slot, T.SYN_FIRST)) : 0;
    if (time - a.time(slot, T.ACK_FIRST) > roundTrip + SLACK_NANOS) a.count(slot, W.REPEATS_AFTER_ACK);
  }

  private addThirdLeg(slot: number, segment: Segment, time: number, frame: number): void {
    const a = this.attempts;
    this.chooseServerIsn(slot, segment);
    if (a.word(slot, W.ACK_COUNT) === 0) a.setTime(slot, T.ACK_FIRST, time);
    a.count(slot, W.ACK_COUNT);
    if (a.word(slot, W.ACK_SERVED) === 0) {
      a.setWord(slot, W.ACK_SERVED, a.word(slot, W.ACK_COUNT));
      a.setTime(slot, T.ACK_SERVED, time);
    }
    a.setTime(slot, T.ACK_LAST, time);
    this.listFrame(slot, W.ACK_FRAMES, W.ACK_COUNT, time, frame);
    a.setWord(slot, W.CLIENT_ACKED, segment.acknowledgment | 0);
    this.noteClientTtl(slot, segment);
    const asks = segment.payloadLength > 0 || (segment.flags & FLAG.FIN) !== 0;
    if (asks && a.time(slot, T.UNANSWERED) < 0) a.setTime(slot, T.UNANSWERED, this.clock);
  }

  /** The final ACK picks the SYN-ACK that counted; without a SYN-ACK in the capture it tells the ISN. */
  private chooseServerIsn(slot: number, segment: Segment): void {
    const a = this.attempts;
    const wanted = (segment.acknowledgment - 1) | 0;
    if (!a.has(slot, MARK.SERVER_ISN_KNOWN)) {
      this.noteServerIsn(slot, wanted);
      return;
    }
    const ahead = distance(segment.acknowledgment, a.word(slot, W.SERVER_END));
    if (a.has(slot, MARK.SEVERAL_SYN_ACKS)) this.swapServerIsn(slot, wanted);
    if (wanted === a.word(slot, W.SERVER_ISN)) a.mark(slot, MARK.ACK_EXACT);
    else if (ahead > 0 && !a.has(slot, MARK.ACK_EXACT)) a.mark(slot, MARK.ACK_AHEAD | MARK.CAPTURE_LOSS);
  }

  private swapServerIsn(slot: number, wanted: number): void {
    const a = this.attempts;
    for (const column of [W.OTHER_ISN_1, W.OTHER_ISN_2]) {
      if (a.word(slot, column) !== wanted) continue;
      a.setWord(slot, column, a.word(slot, W.SERVER_ISN));
      a.setWord(slot, W.SERVER_ISN, wanted);
      a.setWord(slot, W.SERVER_END, (wanted + 1) | 0);
    }
  }

  private noteServerIsn(slot: number, isn: number): void {
    this.attempts.setWord(slot, W.SERVER_ISN, isn);
    this.attempts.setWord(slot, W.SERVER_END, (isn + 1) | 0);
    this.attempts.mark(slot, MARK.SERVER_ISN_KNOWN);
  }

  private noteOtherIsn(slot: number, isn: number): void {
    const a = this.attempts;
    const first = !a.has(slot, MARK.SEVERAL_SYN_ACKS);
    if (!first && isn === a.word(slot, W.OTHER_ISN_1)) return;
    a.setWord(slot, first ? W.OTHER_ISN_1 : W.OTHER_ISN_2, isn);
    if (first) a.setWord(slot, W.OTHER_ISN_2, isn);
    a.mark(slot, MARK.SEVERAL_SYN_ACKS);
  }

  private addWrong(slot: number, segment: Segment, time: number, frame: number): void {
    const a = this.attempts;
    if (a.word(slot, W.WRONG_COUNT) === 0) {
      a.setTime(slot, T.WRONG_FIRST, time);
      a.setTime(slot, T.WRONG_FRAME, frame);
    }
    a.count(slot, W.WRONG_COUNT);
    a.setWord(slot, W.CLIENT_ACKED, segment.acknowledgment | 0);
  }

  private noteCrossing(slot: number, segment: Segment): void {
    this.attempts.mark(slot, MARK.CROSSED);
    this.noteServerIsn(slot, segment.sequence | 0);
    this.noteServerTtl(slot, segment);
  }

  /** The server went on. Its SYN-ACK and the third leg are inferred when they were not seen: verdict.ts does. */
  private noteTook(slot: number): void {
    this.attempts.mark(slot, MARK.TOOK);
    if (this.attempts.word(slot, W.ACK_COUNT) === 0) this.attempts.mark(slot, MARK.CAPTURE_LOSS);
  }

  private noteReset(slot: number, segment: Segment, fromClient: boolean, time: number, frame: number): void {
    const a = this.attempts;
    const from = fromClient ? RESET_FROM.CLIENT : RESET_FROM.SERVER;
    a.setWord(slot, W.TTLS, (a.word(slot, W.TTLS) & 0xffff) | (segment.ttl << 16) | (from << 24));
    a.setTime(slot, T.RESET, time);
    a.setTime(slot, T.RESET_FRAME, frame);
  }

  private noteIcmp(slot: number, segment: Segment, fromClient: boolean, frame: number): void {
    const a = this.attempts;
    const isSyn = (segment.sequence | 0) === a.word(slot, fromClient ? W.CLIENT_ISN : W.SERVER_ISN);
    const quotes = !isSyn && segment.hasSequence ? QUOTES.LATER : fromClient ? QUOTES.SYN : QUOTES.SYN_ACK;
    if (quotes === QUOTES.LATER) a.mark(slot, MARK.ICMP_LATER);
    if (a.word(slot, W.ICMP) !== 0) return;
    const what = segment.icmpType | (segment.icmpCode << 8) | (quotes << 16) | (segment.icmpFamily << 24);
    a.setWord(slot, W.ICMP, what);
    a.setWord(slot, W.ICMP_FROM_0, segment.icmpFrom0);
    a.setWord(slot, W.ICMP_FROM_1, segment.icmpFrom1);
    a.setWord(slot, W.ICMP_FROM_2, segment.icmpFrom2);
    a.setWord(slot, W.ICMP_FROM_3, segment.icmpFrom3);
    a.setTime(slot, T.ICMP_FRAME, frame);
  }

  private noteClientTtl(slot: number, segment: Segment): void {
    const a = this.attempts;
    if (a.has(slot, MARK.CLIENT_TTL_KNOWN)) return;
    a.setWord(slot, W.TTLS, a.word(slot, W.TTLS) | segment.ttl);
    a.mark(slot, MARK.CLIENT_TTL_KNOWN);
  }

  private noteServerTtl(slot: number, segment: Segment): void {
    const a = this.attempts;
    if (a.has(slot, MARK.SERVER_TTL_KNOWN)) return;
    a.setWord(slot, W.TTLS, a.word(slot, W.TTLS) | (segment.ttl << 8));
    a.mark(slot, MARK.SERVER_TTL_KNOWN);
  }

  /** Direction and checksum, for the vantage. `shift` is 0 for the SYN, 2 for the SYN-ACK. */
  private noteLink(slot: number, segment: Segment, shift: number): void {
    const a = this.attempts;
    let link = a.word(slot, W.LINK) & ~((3 << shift) | (3 << (shift + 4)));
    link |= (segment.direction & 3) << shift;
    if (this.begun <= CHECKSUM_SAMPLE) {
      const checksum = tcpChecksum(segment);
      if (checksum === CHECKSUM.GOOD) link |= FILL.FILLED << (shift + 4);
      else if (checksum === CHECKSUM.UNFILLED) link |= FILL.UNFILLED << (shift + 4);
    }
    a.setWord(slot, W.LINK, link);
  }

  private listFrame(slot: number, chain: number, count: number, time: number, frame: number): void {
    const a = this.attempts;
    if (a.word(slot, count) > FRAMES_LISTED) return;
    a.setWord(slot, chain, this.frames.push(a.word(slot, chain), frame, time));
  }

  /** How far either side has got: what it sent is known of, what it acknowledges was sent. */
  private follow(slot: number, segment: Segment, fromClient: boolean): void {
    if (segment.kind !== KIND.TCP || (segment.flags & (FLAG.SYN | FLAG.RST)) !== 0) return;
    const a = this.attempts;
    const column = fromClient ? W.CLIENT_END : W.SERVER_END;
    if (!fromClient && !a.has(slot, MARK.SERVER_ISN_KNOWN)) return;
    const fin = (segment.flags & FLAG.FIN) !== 0 ? 1 : 0;
    const end = (segment.sequence + segment.payloadLength + fin) | 0;
    const ahead = distance(end, a.word(slot, column));
    if (ahead > 0) a.setWord(slot, column, end);
  }

  // --- time ---------------------------------------------------------------------------------------------------

  private sweep(): void {
    this.nextSweep = this.clock + SWEEP_NANOS;
    const due = this.clock - this.patienceNanos;
    this.sweepSilent(LIST.FRESH, due);
    this.sweepSilent(LIST.GOING, due);
    this.sweepFinished(LIST.WAITING, this.clock - FORGET_NANOS);
    this.sweepFinished(LIST.SETTLED, due);
  }

  private sweepSilent(list: number, due: number): void {
    for (let slot = this.table.first(list); slot !== NO_SLOT; slot = this.table.first(list)) {
      if (this.attempts.time(slot, T.ACTIVE) > due) return;
      if (this.publish && this.sink.settledForNow !== undefined) this.sink.settledForNow(this.fill(slot));
      this.table.enqueue(slot, LIST.WAITING);
    }
  }

  private sweepFinished(list: number, due: number): void {
    for (let slot = this.table.first(list); slot !== NO_SLOT; slot = this.table.first(list)) {
      if (this.attempts.time(slot, T.ACTIVE) > due) return;
      this.finish(slot);
    }
  }

  private evict(): void {
    for (const list of EVICTION_ORDER) {
      const slot = this.table.first(list);
      if (slot === NO_SLOT) continue;
      if (list !== LIST.SETTLED) {
        this.attempts.mark(slot, MARK.GIVEN_UP);
        this.givenUp += 1;
      }
      this.finish(slot);
      return;
    }
  }

  private fill(slot: number): Evidence {
    const evidence = this.evidence;
    fillEvidence(evidence, this.table, this.attempts, slot, this.clock);
    evidence.lossy = this.lostNear(lastTime(evidence));
    return evidence;
  }

  private finish(slot: number): void {
    this.sink.finished(this.fill(slot));
    const a = this.attempts;
    this.frames.release(a.word(slot, W.SYN_FRAMES));
    this.frames.release(a.word(slot, W.SYN_ACK_FRAMES));
    this.frames.release(a.word(slot, W.ACK_FRAMES));
    this.frames.release(a.word(slot, W.STRAY_FRAMES));
    this.known.meet(this.table.hashOf(slot), this.secondHashOf(slot), this.clock);
    this.table.remove(slot);
  }

  private secondHashOf(slot: number): number {
    const at = slot * RECORD_WORDS;
    const r = this.table.records;
    const ports = this.table.port(slot, 0) ^ this.table.port(slot, 1);
    return (
      mix(Math.imul(ports, 0x9e3779b1) ^ (r[at + 3] as number) ^ (r[at + 7] as number)) ^ this.seed
    );
  }
}

function lastTime(evidence: Evidence): number {
  if (evidence.synAckCount > 0) return evidence.synAckLast;
  return evidence.synLast;
}
