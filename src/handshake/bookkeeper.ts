/**
 * Writes down what the transition table says: one small method an action. It decides nothing but what each number means; states and verdicts are made
 * elsewhere.
 */
import { distance } from '../bytes/sequence.ts';
import { AT_BASE } from '../bytes/time.ts';
import { CHECKSUM, tcpChecksum } from '../wire/checksum.ts';
import { DIRECTION, FLAG, KIND, type Segment } from '../wire/segment.ts';
import { offersUnasked, offersWord, parseOptions } from '../wire/tcp-options.ts';
import {
  type Attempts,
  CLOSED_AT_ONCE,
  DATA_REFUSED,
  FILL,
  LARGE_SENT,
  LEFT_UNHEARD,
  MARK,
  OFFERS_CHANGED,
  QUOTES,
  SEVERAL_POINTS,
  SYN_ACK_ID_SHIFT,
  T,
  TRAITED,
  W,
} from './attempts.ts';
import { bearsOutWrong } from './event.ts';
import { ipIdKind, LARGE_OCTETS, RESET_FROM, ROUND_TRIP_NANOS } from './evidence.ts';
import { FRAMES_LISTED, type FrameLists } from './frame-lists.ts';
import { OfferChanges } from './offer-changes.ts';
import { TRAIT, Traits } from './traits.ts';
import { ACTION, type Action } from './transitions.ts';
import { fitsTtl } from './ttl.ts';

/** Checksums cost time, and a sample tells the vantage as well. */
export const CHECKSUM_SAMPLE = 4096;

/** Third legs of one attempt whose timestamps and checksums are looked at: one that is ignored comes again and again. */
const THIRD_LEGS_LOOKED_AT = 8;

/** Scheduling of the capturing host may record answers this much later than they came. */
const SLACK_NANOS = 10e6;

/** A SYN-ACK that took longer answers a SYN before which others were lost. (Two satellite links and their queues take less.) */
const LONGEST_ROUND_TRIP_NANOS = 2e9;

export class Bookkeeper {
  /** Of the packet at hand: nanoseconds since the capture's base, the capture's clock, packet number with the file's index. */
  time = AT_BASE;
  clock = AT_BASE;
  frame = 0;
  readonly checksumSample: number;
  private readonly attempts: Attempts;
  private readonly frames: FrameLists;
  readonly traits = new Traits();
  readonly changes = new OfferChanges();

  /** @param checksumSample the first so many attempts have their checksums looked at. */
  constructor(attempts: Attempts, frames: FrameLists, checksumSample: number) {
    this.attempts = attempts;
    this.frames = frames;
    this.checksumSample = checksumSample;
  }

  /** Does what the transition table says. */
  perform(action: Action, slot: number, segment: Segment, fromClient: boolean): void {
    switch (action) {
      case ACTION.ADD_SYN:
        this.addSyn(slot, segment);
        break;
      case ACTION.ADD_SYN_ACK:
        this.addSynAck(slot, segment);
        break;
      case ACTION.ADD_THIRD_LEG:
        this.addThirdLeg(slot, segment);
        break;
      case ACTION.ADD_WRONG:
        this.addWrong(slot, segment);
        break;
      case ACTION.ADD_AGAIN:
        this.attempts.count(slot, W.AGAIN_COUNT);
        this.openTraits(slot).noteAgain(slot, segment);
        this.addThirdLeg(slot, segment);
        break;
      case ACTION.NOTE_TOOK:
        this.noteTook(slot, segment, fromClient);
        break;
      case ACTION.NOTE_SERVER_ACK:
        this.noteServerAck(slot, segment);
        break;
      case ACTION.NOTE_FIN:
        this.noteEnd(slot, segment, fromClient);
        this.attempts.mark(slot, fromClient ? MARK.CLIENT_FIN : MARK.SERVER_FIN);
        break;
      case ACTION.NOTE_ICMP:
        this.noteIcmp(slot, segment, fromClient);
        break;
      default:
        this.performRare(action, slot, segment, fromClient);
    }
  }

  private performRare(action: Action, slot: number, segment: Segment, fromClient: boolean): void {
    switch (action) {
      case ACTION.NOTE_CROSSING:
        this.noteCrossing(slot, segment);
        break;
      case ACTION.NOTE_CROSSING_AGAIN:
        this.noteCrossingAgain(slot);
        break;
      case ACTION.NOTE_CHALLENGE:
        this.noteChallenge(slot, segment);
        break;
      case ACTION.NOTE_STRAY_SYN_ACK:
        this.noteStraySynAck(slot, segment);
        break;
      case ACTION.NOTE_GIVING_UP:
        this.noteGivingUp(slot, segment);
        break;
      case ACTION.NOTE_REFUSAL:
        this.openTraits(slot).noteRefusal(slot, segment);
        this.noteReset(slot, segment, fromClient, MARK.REFUSED);
        break;
      case ACTION.NOTE_STRAY_RESET:
        this.noteReset(slot, segment, fromClient, MARK.RESET_WRONG_NUMBERS);
        break;
      case ACTION.NOTE_CLIENT_RESET:
        this.openTraits(slot).noteClientReset(slot, segment, this.attempts.word(slot, W.CLIENT_ISN));
        this.noteReset(slot, segment, fromClient, MARK.CLIENT_RESET);
        break;
      case ACTION.NOTE_BARE_RESET:
        this.noteReset(slot, segment, fromClient, MARK.RESET_BARE);
        break;
      case ACTION.NOTE_RESET:
        if (!fromClient) this.noteEnd(slot, segment, false);
        this.noteReset(slot, segment, fromClient, MARK.RESET_OF_CONNECTION);
        break;
      default:
        break;
    }
  }

  /** The attempt's row of traits.ts, which is new when nothing was noted before. */
  openTraits(slot: number): Traits {
    const link = this.attempts.word(slot, W.LINK);
    if ((link & TRAITED) === 0) {
      this.traits.open(slot);
      this.attempts.setWord(slot, W.LINK, link | TRAITED);
    }
    return this.traits;
  }

  private addSyn(slot: number, segment: Segment): void {
    const a = this.attempts;
    parseOptions(segment);
    this.openTraits(slot).noteSyn(slot, segment, a.word(slot, W.SYN_COUNT) === 0);
    a.setWord(slot, W.OFFERS, offersWord(segment));
    if (a.word(slot, W.SYN_COUNT) === 0) {
      a.setTime(slot, T.SYN_FIRST, this.time);
      a.setWord(slot, W.CLIENT_ISN, segment.sequence | 0);
      if (a.word(slot, W.SYN_ACK_COUNT) > 0) {
        a.mark(slot, MARK.REORDERED);
        // It is the one that the SYN-ACK answered: an equal SYN-ACK that follows is a copy.
        a.setWord(slot, W.SYNS_ANSWERED, 1);
      }
      this.noteLink(slot, segment, 0);
    } else if (this.isDeafToSynAck(slot)) {
      a.mark(slot, MARK.SYN_AFTER_SYN_ACK);
    }
    this.noteClientTtl(slot, segment);
    a.setTime(slot, T.SYN_LAST, this.time);
    a.count(slot, W.SYN_COUNT);
    this.listFrame(slot, T.SYN_FRAME, W.SYN_FRAMES, a.word(slot, W.SYN_COUNT));
    const answered = a.word(slot, W.SYN_ACK_COUNT) > 0;
    if (!answered && segment.payloadLength > a.word(slot, W.SYN_DATA))
      a.setWord(slot, W.SYN_DATA, segment.payloadLength);
    if (segment.fastOpen || segment.payloadLength > 0) a.mark(slot, MARK.FAST_OPEN);
    if (segment.multipath) a.mark(slot, MARK.MULTIPATH);
    if (segment.optionsCut) a.mark(slot, MARK.OPTIONS_CUT);
    const end = (segment.sequence + 1 + segment.payloadLength) | 0;
    if (a.word(slot, W.SYN_COUNT) === 1 || distance(end, a.word(slot, W.CLIENT_END)) > 0) {
      a.setWord(slot, W.CLIENT_END, end);
    }
  }

  /** The SYN at hand comes again although the SYN-ACK passed: so long after it, or after a timer so long, that the two did not just cross. */
  private isDeafToSynAck(slot: number): boolean {
    const a = this.attempts;
    if (a.word(slot, W.SYN_ACK_COUNT) === 0) return false;
    // Recorded just behind the SYN-ACK that answers it: several queues.
    if (this.time - a.time(slot, T.SYN_ACK_LAST) <= SLACK_NANOS) return false;
    const sinceAnswer = this.time - a.time(slot, T.SYN_ACK_FIRST);
    return Math.max(sinceAnswer, this.time - a.time(slot, T.SYN_LAST)) >= ROUND_TRIP_NANOS;
  }

  private addSynAck(slot: number, segment: Segment): void {
    const a = this.attempts;
    const isn = segment.sequence | 0;
    if (a.word(slot, W.SYN_ACK_COUNT) === 0) {
      a.setTime(slot, T.SYN_ACK_FIRST, this.time);
      a.setWord(slot, W.LINK, a.word(slot, W.LINK) | (ipIdKind(segment.ipId) << SYN_ACK_ID_SHIFT));
      // What the client did with a SYN-ACK of other numbers says nothing of this one.
      a.unmark(slot, MARK.CLIENT_RESET);
    }
    if (!a.has(slot, MARK.SERVER_ISN_KNOWN)) this.noteServerIsn(slot, isn);
    else if (isn !== a.word(slot, W.SERVER_ISN)) this.noteOtherIsn(slot, isn);
    // A repeated SYN-ACK: the third leg that serves is the next one. (A first one that was recorded after its ACK changes nothing.)
    if (a.word(slot, W.SYN_ACK_COUNT) > 0) {
      if (a.word(slot, W.ACK_COUNT) > 0) this.noteRepeat(slot);
      a.setWord(slot, W.ACK_SERVED, 0);
    }
    // Fast Open data that the server did not take with the SYN comes again behind it; acknowledging it then proves the third leg.
    const acknowledged = distance(segment.acknowledgment, a.word(slot, W.CLIENT_ISN) + 1);
    if (acknowledged < a.word(slot, W.SYN_DATA)) {
      if (acknowledged === 0) a.setWord(slot, W.LINK, a.word(slot, W.LINK) | DATA_REFUSED);
      a.setWord(slot, W.SYN_DATA, acknowledged);
    }
    this.noteAsked(slot);
    a.count(slot, W.SYN_ACK_COUNT);
    a.setWord(slot, W.SYNS_ANSWERED, a.word(slot, W.SYN_COUNT));
    this.listFrame(slot, T.SYN_ACK_FRAME, W.SYN_ACK_FRAMES, a.word(slot, W.SYN_ACK_COUNT));
    this.noteLink(slot, segment, 2);
    this.noteServerTtl(slot, segment);
    parseOptions(segment);
    const offers = offersWord(segment);
    // Of several SYNs nobody knows which one it answers.
    const isOnly = a.word(slot, W.SYN_COUNT) === 1 && !a.has(slot, MARK.CROSSED);
    const isUnasked = isOnly && offersUnasked(a.word(slot, W.OFFERS), offers);
    this.openTraits(slot).noteSynAck(slot, segment, offers, isUnasked);
  }

  /**
   * A SYN-ACK after the third leg shows that the server does not have it, unless it was under way when the third leg went the other way: then it comes within one
   * round trip, for which the time from SYN to SYN-ACK is an upper bound.
   */
  private noteRepeat(slot: number): void {
    const a = this.attempts;
    const hasRoundTrip = a.word(slot, W.SYN_COUNT) > 0;
    const roundTrip = hasRoundTrip ? Math.max(0, a.time(slot, T.SYN_ACK_FIRST) - a.time(slot, T.SYN_FIRST)) : 0;
    if (this.mayAnswerRepeatedSyn(slot)) return;
    const since = this.time - a.time(slot, T.ACK_FIRST);
    if (since > Math.min(roundTrip, LONGEST_ROUND_TRIP_NANOS) + SLACK_NANOS) a.count(slot, W.REPEATS_AFTER_ACK);
  }

  /** Where the client has repeated its SYN, or no SYN was seen, a SYN-ACK that comes sooner than any timer answers one of those. */
  private mayAnswerRepeatedSyn(slot: number): boolean {
    const a = this.attempts;
    return a.word(slot, W.SYN_COUNT) !== 1 && this.time - a.time(slot, T.SYN_ACK_LAST) < ROUND_TRIP_NANOS;
  }

  private addThirdLeg(slot: number, segment: Segment): void {
    const a = this.attempts;
    this.chooseServerIsn(slot, segment);
    if (a.word(slot, W.ACK_COUNT) === 0) a.setTime(slot, T.ACK_FIRST, this.time);
    a.count(slot, W.ACK_COUNT);
    if (a.word(slot, W.ACK_SERVED) === 0) {
      a.setWord(slot, W.ACK_SERVED, a.word(slot, W.ACK_COUNT));
      a.setTime(slot, T.ACK_SERVED, this.time);
    }
    a.setTime(slot, T.ACK_LAST, this.time);
    this.listFrame(slot, T.ACK_FRAME, W.ACK_FRAMES, a.word(slot, W.ACK_COUNT));
    a.setWord(slot, W.CLIENT_ACKED, segment.acknowledgment | 0);
    this.noteClientTtl(slot, segment);
    this.follow(slot, segment, true);
    const asks = segment.payloadLength > 0 || (segment.flags & FLAG.FIN) !== 0;
    if (asks && a.time(slot, T.UNANSWERED) < 0) a.setTime(slot, T.UNANSWERED, this.clock);
    if (a.word(slot, W.ACK_COUNT) > THIRD_LEGS_LOOKED_AT) return;
    parseOptions(segment);
    this.openTraits(slot).noteThirdLeg(slot, segment);
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

  private addWrong(slot: number, segment: Segment): void {
    const a = this.attempts;
    if (a.word(slot, W.WRONG_COUNT) === 0) {
      a.setTime(slot, T.WRONG_FIRST, this.time);
      a.setTime(slot, T.WRONG_FRAME, this.frame);
    }
    a.count(slot, W.WRONG_COUNT);
    a.setWord(slot, W.CLIENT_ACKED, segment.acknowledgment | 0);
  }

  private noteCrossing(slot: number, segment: Segment): void {
    this.attempts.mark(slot, MARK.CROSSED);
    this.noteServerIsn(slot, segment.sequence | 0);
    this.noteServerTtl(slot, segment);
    this.attempts.setTime(slot, T.SYN_ACK_FIRST, this.time);
    this.noteAsked(slot);
  }

  /** As a SYN-ACK after the third leg (`noteRepeat`), of which this SYN has the part. Nothing tells the round trip. */
  private noteCrossingAgain(slot: number): void {
    const a = this.attempts;
    if (this.time - a.time(slot, T.ACK_FIRST) >= ROUND_TRIP_NANOS) a.count(slot, W.REPEATS_AFTER_ACK);
    a.setWord(slot, W.ACK_SERVED, 0);
    this.noteAsked(slot);
  }

  /** The server asks for the third leg: with a SYN-ACK, or with a SYN of its own. */
  private noteAsked(slot: number): void {
    this.attempts.setTime(slot, T.SYN_ACK_LAST, this.time);
    this.attempts.setTime(slot, T.SYN_ACK_CLOCK, this.clock);
  }

  /** The server went on. Its SYN-ACK and the third leg are inferred when they were not seen: verdict.ts does. */
  private noteTook(slot: number, segment: Segment, fromClient: boolean): void {
    if (bearsOutWrong(this.attempts, slot, segment)) this.adoptWrong(slot);
    this.attempts.mark(slot, MARK.TOOK);
    // A RST before this did not end the connection.
    this.attempts.unmark(slot, MARK.RESET_OF_CONNECTION);
    if (!fromClient) {
      this.noteLarge(slot, segment);
      this.noteElsewhere(slot, segment);
    }
    this.follow(slot, segment, fromClient);
  }

  /** Whoever sent the SYN-ACK is not where this segment of the server comes from. */
  private noteElsewhere(slot: number, segment: Segment): void {
    const a = this.attempts;
    if (a.word(slot, W.SYN_ACK_COUNT) === 0 || a.has(slot, MARK.SEVERAL_SYN_ACKS | MARK.STRAY_SYN_ACK)) return;
    if ((a.word(slot, W.LINK) & SEVERAL_POINTS) !== 0) return;
    const ttl = (a.word(slot, W.TTLS) >>> 8) & 0xff;
    if (!fitsTtl(segment.ttl, ttl)) this.openTraits(slot).noteElsewhere(slot);
  }

  private noteLarge(slot: number, segment: Segment): void {
    const a = this.attempts;
    const isFirst = (segment.sequence | 0) === ((a.word(slot, W.SERVER_ISN) + 1) | 0);
    if (isFirst && segment.payloadLength >= LARGE_OCTETS) a.setWord(slot, W.LINK, a.word(slot, W.LINK) | LARGE_SENT);
  }

  /** The server's first segment, a large one, comes again. */
  noteLargeAgain(slot: number): void {
    this.openTraits(slot).noteLargeAgain(slot, (this.clock / 1e6) | 0);
  }

  /** What seemed to have wrong numbers was the third leg: it acknowledged a SYN-ACK that was not recorded. */
  private adoptWrong(slot: number): void {
    const a = this.attempts;
    this.noteServerIsn(slot, (a.word(slot, W.CLIENT_ACKED) - 1) | 0);
    a.setWord(slot, W.ACK_COUNT, a.word(slot, W.WRONG_COUNT));
    a.setWord(slot, W.WRONG_COUNT, 0);
    a.setWord(slot, W.ACK_SERVED, 1);
    for (const time of [T.ACK_FIRST, T.ACK_LAST, T.ACK_SERVED]) a.setTime(slot, time, a.time(slot, T.WRONG_FIRST));
    a.setTime(slot, T.ACK_FRAME, a.time(slot, T.WRONG_FRAME));
    a.mark(slot, MARK.ACK_EXACT | MARK.CAPTURE_LOSS);
  }

  private noteServerAck(slot: number, segment: Segment): void {
    const a = this.attempts;
    a.mark(slot, a.word(slot, W.ACK_COUNT) > 0 ? MARK.SERVER_SPOKE : MARK.SERVER_ACKED);
    this.noteElsewhere(slot, segment);
    this.follow(slot, segment, false);
  }

  private noteChallenge(slot: number, segment: Segment): void {
    this.attempts.mark(slot, MARK.CHALLENGED);
    parseOptions(segment);
    this.openTraits(slot).noteChallenge(slot, segment, this.attempts.word(slot, W.CLIENT_ISN));
  }

  private noteStraySynAck(slot: number, segment: Segment): void {
    const a = this.attempts;
    a.mark(slot, MARK.STRAY_SYN_ACK);
    a.count(slot, W.STRAY_COUNT);
    a.setWord(slot, W.SYNS_ANSWERED, a.word(slot, W.SYN_COUNT));
    a.setWord(slot, W.STRAY_ACKED, segment.acknowledgment | 0);
    this.chainFrame(slot, W.STRAY_FRAMES, a.word(slot, W.STRAY_COUNT));
    this.noteServerTtl(slot, segment);
  }

  /** The client's RST may answer a SYN-ACK of other numbers: RFC 9293 §3.10.7.3 gives it the number that was acknowledged. */
  private noteGivingUp(slot: number, segment: Segment): void {
    const a = this.attempts;
    const answers = a.has(slot, MARK.STRAY_SYN_ACK) && (segment.sequence | 0) === a.word(slot, W.STRAY_ACKED);
    const mark = answers ? MARK.CLIENT_RESET : MARK.RESET_BEFORE_ANSWER;
    if (a.word(slot, W.TTLS) >>> 24 === RESET_FROM.NONE) this.noteReset(slot, segment, true, mark);
    else a.mark(slot, mark);
  }

  private noteReset(slot: number, segment: Segment, fromClient: boolean, mark: number): void {
    const a = this.attempts;
    // The first RST that decides is the one to show: a client may try on, and be refused each time.
    // A refusal outweighs the client's RST against a SYN-ACK of other numbers (verdict.ts).
    const decides = a.has(slot, MARK.REFUSED) || (a.has(slot, MARK.CLIENT_RESET) && mark !== MARK.REFUSED);
    const isDecided = decides && mark !== MARK.RESET_OF_CONNECTION;
    a.mark(slot, mark);
    if (isDecided) return;
    const from = fromClient ? RESET_FROM.CLIENT : RESET_FROM.SERVER;
    a.setWord(slot, W.TTLS, (a.word(slot, W.TTLS) & 0xffff) | (segment.ttl << 16) | (from << 24));
    a.setTime(slot, T.RESET, this.time);
    a.setTime(slot, T.RESET_FRAME, this.frame);
  }

  private noteIcmp(slot: number, segment: Segment, fromClient: boolean): void {
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
    a.setTime(slot, T.ICMP_FRAME, this.frame);
  }

  private noteClientTtl(slot: number, segment: Segment): void {
    const a = this.attempts;
    if (a.has(slot, MARK.CLIENT_TTL_KNOWN)) {
      this.noteFurtherTtl(slot, segment, true);
      return;
    }
    a.setWord(slot, W.TTLS, a.word(slot, W.TTLS) | segment.ttl);
    a.mark(slot, MARK.CLIENT_TTL_KNOWN);
  }

  private noteServerTtl(slot: number, segment: Segment): void {
    const a = this.attempts;
    if (a.has(slot, MARK.SERVER_TTL_KNOWN)) {
      this.noteFurtherTtl(slot, segment, false);
      return;
    }
    a.setWord(slot, W.TTLS, a.word(slot, W.TTLS) | (segment.ttl << 8));
    a.mark(slot, MARK.SERVER_TTL_KNOWN);
  }

  /** Direction and checksum, for the vantage. `shift` is 0 for the SYN, 2 for the SYN-ACK. */
  private noteLink(slot: number, segment: Segment, shift: number): void {
    const a = this.attempts;
    let link = a.word(slot, W.LINK) & ~((3 << shift) | (3 << (shift + 4)));
    link |= directionBits(segment) << shift;
    if (this.attempts.time(slot, T.ID) <= this.checksumSample) {
      const checksum = tcpChecksum(segment);
      if (checksum === CHECKSUM.GOOD) link |= FILL.FILLED << (shift + 4);
      else if (checksum === CHECKSUM.UNFILLED) link |= FILL.UNFILLED << (shift + 4);
    }
    a.setWord(slot, W.LINK, link);
  }

  /** A copy that went the other way: the capturing host forwards it; or that was met behind other routers. That of a SYN or SYN-ACK may offer something else. */
  noteCopy(slot: number, segment: Segment, fromClient: boolean): void {
    if (segment.kind !== KIND.TCP) return;
    this.noteFurtherTtl(slot, segment, fromClient);
    if ((segment.flags & FLAG.SYN) === 0) return;
    const isSynAck = (segment.flags & FLAG.ACK) !== 0;
    const a = this.attempts;
    a.setWord(slot, W.LINK, a.word(slot, W.LINK) | (directionBits(segment) << (isSynAck ? 2 : 0)));
    // SYNs that cross, and different SYN-ACKs: nobody knows which of them the copy belongs to.
    if (isSynAck === fromClient || a.has(slot, MARK.CROSSED | MARK.SEVERAL_SYN_ACKS)) return;
    parseOptions(segment);
    const frame = isSynAck
      ? this.latestFrame(slot, W.SYN_ACK_COUNT, T.SYN_ACK_FRAME, W.SYN_ACK_FRAMES)
      : this.latestFrame(slot, W.SYN_COUNT, T.SYN_FRAME, W.SYN_FRAMES);
    const before = isSynAck ? this.synAckOffers(slot) : a.word(slot, W.OFFERS);
    this.noteOffers(slot, isSynAck, frame, before, offersWord(segment));
  }

  /** A further segment of the handshake from that side, or a copy of one. */
  private noteFurtherTtl(slot: number, segment: Segment, fromClient: boolean): void {
    const a = this.attempts;
    const ttl = (a.word(slot, W.TTLS) >>> (fromClient ? 0 : 8)) & 0xff;
    if (!fitsTtl(segment.ttl, ttl)) a.setWord(slot, W.LINK, a.word(slot, W.LINK) | SEVERAL_POINTS);
  }

  /** The attempt's only SYN is that of the other attempt, under other addresses. */
  noteTwin(slot: number, other: number): void {
    const a = this.attempts;
    const frame = this.latestFrame(other, W.SYN_COUNT, T.SYN_FRAME, W.SYN_FRAMES);
    this.noteOffers(slot, false, frame, a.word(other, W.OFFERS), a.word(slot, W.OFFERS));
  }

  private synAckOffers(slot: number): number {
    const isTraited = (this.attempts.word(slot, W.LINK) & TRAITED) !== 0;
    return isTraited ? this.traits.word(slot, TRAIT.SYN_ACK_OFFERS) : 0;
  }

  /** @param frame of the packet as it was seen first, with `before` as its offers; the packet at hand is the same with `after` */
  private noteOffers(slot: number, isSynAck: boolean, frame: number, before: number, after: number): void {
    if (before === 0 || after === 0 || before === after) return;
    this.changes.note(slot, { isSynAck, frame, copyFrame: this.frame, before, after });
    this.attempts.setWord(slot, W.LINK, this.attempts.word(slot, W.LINK) | OFFERS_CHANGED);
  }

  /** Of the latest transmission of a leg that is listed. */
  private latestFrame(slot: number, count: number, first: number, chain: number): number {
    const isOnly = this.attempts.word(slot, count) <= 1;
    return isOnly ? this.attempts.time(slot, first) : this.frames.newest(this.attempts.word(slot, chain));
  }

  /** The leg's first packet has its place in the row, the further ones are chained. */
  private listFrame(slot: number, first: number, chain: number, count: number): void {
    if (count === 1) this.attempts.setTime(slot, first, this.frame);
    else this.chainFrame(slot, chain, count);
  }

  private chainFrame(slot: number, chain: number, count: number): void {
    if (count > FRAMES_LISTED) return;
    const a = this.attempts;
    a.setWord(slot, chain, this.frames.push(a.word(slot, chain), this.frame, this.time));
  }

  /** Whether the side that ends the connection first has said anything, or heard anything. */
  private noteEnd(slot: number, segment: Segment, fromClient: boolean): void {
    const a = this.attempts;
    const isFirst = !a.has(slot, MARK.CLIENT_FIN | MARK.SERVER_FIN);
    if (!isFirst || !a.has(slot, MARK.SERVER_ISN_KNOWN) || a.word(slot, W.ACK_COUNT) === 0) return;
    const isn = a.word(slot, W.SERVER_ISN);
    const hasSpoken = a.word(slot, W.SERVER_END) !== ((isn + 1) | 0);
    if (hasSpoken) return;
    if (this.mayAnswerRepeatedSyn(slot)) return;
    const since = this.time - a.time(slot, T.ACK_FIRST);
    const beyond = distance(segment.acknowledgment, a.word(slot, W.CLIENT_END));
    const bits = fromClient
      ? leavesUnheard(segment.acknowledgment, isn)
      : closesAtOnce(segment.sequence, segment.payloadLength, isn, since, beyond);
    a.setWord(slot, W.LINK, a.word(slot, W.LINK) | bits);
  }

  /** How far either side has got: what it sent is known of, what it acknowledges was sent. */
  private follow(slot: number, segment: Segment, fromClient: boolean): void {
    const a = this.attempts;
    if ((segment.flags & FLAG.FIN) !== 0) {
      this.noteEnd(slot, segment, fromClient);
      a.mark(slot, fromClient ? MARK.CLIENT_FIN : MARK.SERVER_FIN);
    }
    const column = fromClient ? W.CLIENT_END : W.SERVER_END;
    if (!fromClient && !a.has(slot, MARK.SERVER_ISN_KNOWN)) return;
    const fin = (segment.flags & FLAG.FIN) !== 0 ? 1 : 0;
    const end = (segment.sequence + segment.payloadLength + fin) | 0;
    const ahead = distance(end, a.word(slot, column));
    if (ahead > 0) a.setWord(slot, column, end);
  }
}

/** A server that wants none of a client closes within moments; one that has waited for a request in vain takes longer. */
const AT_ONCE_NANOS = 1e9;

/**
 * CLOSED_AT_ONCE when the server's first FIN or RST comes at once and behind nothing but its SYN-ACK; unless it acknowledges one octet more than the client was seen to send, its FIN:
 * that is recorded late, or not at all.
 * @param sinceThirdLeg nanoseconds
 * @param beyond octets that it acknowledges beyond those that were seen
 */
export function closesAtOnce(
  sequence: number,
  payloadLength: number,
  serverIsn: number,
  sinceThirdLeg: number,
  beyond: number,
): number {
  const isSilent = ((sequence - serverIsn) | 0) === 1 && payloadLength === 0 && beyond !== 1;
  return isSilent && sinceThirdLeg <= AT_ONCE_NANOS ? CLOSED_AT_ONCE : 0;
}

/** LEFT_UNHEARD when the client's FIN acknowledges nothing but the SYN-ACK. */
export function leavesUnheard(acknowledgment: number, serverIsn: number): number {
  return ((acknowledgment - serverIsn) | 0) === 1 ? LEFT_UNHEARD : 0;
}

/** Packets for other hosts, seen in promiscuous mode, tell nothing. */
export function directionBits(segment: Segment): number {
  return segment.direction === DIRECTION.OTHER_HOST ? DIRECTION.UNKNOWN : segment.direction;
}
