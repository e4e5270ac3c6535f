/**
 * What is counted of the attempts of one endpoint, for its diagnoses: how many of each shape, since when, of one client or of several. Most endpoints see one or two
 * shapes, so a short list is all there is.
 */
import { MARK } from '../handshake/attempts.ts';
import { type Evidence, RESET_FROM } from '../handshake/evidence.ts';
import { STAMP_ORDER } from '../handshake/source-stamps.ts';
import { SIGN } from '../handshake/traits.ts';
import { fitsTtl } from '../handshake/ttl.ts';
import type { AddressFigures } from './address-figures.ts';
import { SHAPE, type Shape } from './shape.ts';
import { TakenOffers } from './taken-offers.ts';

export interface ShapeCount {
  readonly shape: Shape;
  attempts: number;
  /** When the first of them began: nanoseconds since the base. */
  first: number;
  /** The low word of the client's address, and whether others had the same trouble. */
  readonly client: number;
  several: boolean;
}

/** Attempts that are like one another: `like` has what all of them have. */
interface AlikeAttempts {
  readonly like: Evidence;
  readonly attempts: number;
  /** When the first of them began: nanoseconds since the base. */
  readonly firstNanos: number;
  /** The low word of one client's address, and whether there are others. */
  readonly client: number;
  readonly hasSeveralClients: boolean;
}

/** Attempts whose SYN went to one MAC address. */
interface MacCount {
  readonly mac: number;
  answered: number;
  unanswered: number;
  firstUnanswered: number;
}

/** Attempts by how their SYN's timestamp lay to the latest one of its address. */
interface StampCounts {
  answeredInOrder: number;
  answeredOlder: number;
  silentInOrder: number;
  silentOlder: number;
  /** When the first SYN of an older timestamp came that nobody answered. */
  firstOlder: number;
}

/** So many attempts on either side show a pattern: by chance, with clocks that have nothing to do with it, it is one in hundreds. */
const LEAST_SILENT = 3;
const LEAST_ANSWERED = 5;
/** This share of either side may be otherwise. */
const STAMP_EXCEPTIONS = 0.1;

/** Clients of an endpoint whose latest completed handshake is kept; a power of two. */
const CLIENTS_TAKEN = 8;
/** SYN-ACKs of one attempt to none of which an answer came: to lose one answer is chance. */
const SYN_ACKS_UNHEARD = 3;

/** MAC addresses that are told apart: a host has one or two, and a wrong one is one more. */
const MACS_KEPT = 4;

export class EndpointShapes {
  readonly counts: ShapeCount[] = [];
  /** Of the RSTs that refused a SYN and have nothing strange in themselves: TTL of the first (0: there was none), the longest time that one took, and whether all have an IP identification. */
  resetTtl = 0;
  private slowestReset = 0;
  private haveResetsId = true;
  takenOffers = new TakenOffers();
  private macs: MacCount[] = [];
  /** Of some clients, by their low address word: when the latest handshake of theirs began that was completed. */
  private taken: { readonly clients: Int32Array; readonly began: Float64Array } | null = null;
  private readonly stamps: StampCounts = {
    answeredInOrder: 0,
    answeredOlder: 0,
    silentInOrder: 0,
    silentOlder: 0,
    firstOlder: 0,
  };

  copy(): EndpointShapes {
    const copy = new EndpointShapes();
    for (const count of this.counts) copy.counts.push({ ...count });
    copy.slowestReset = this.slowestReset;
    copy.haveResetsId = this.haveResetsId;
    copy.resetTtl = this.resetTtl;
    copy.takenOffers = this.takenOffers.copy();
    copy.macs = this.macs.map((count) => ({ ...count }));
    Object.assign(copy.stamps, this.stamps);
    if (this.taken !== null) {
      copy.taken = { clients: this.taken.clients.slice(), began: this.taken.began.slice() };
    }
    return copy;
  }

  /** @param inItself the shape that the attempt has by itself */
  add(inItself: Shape, e: Evidence, address: AddressFigures): void {
    this.noteTaken(e);
    this.takenOffers.add(e);
    const shape = this.isCountedInContext(inItself) ? this.inContext(inItself, e, address) : inItself;
    if (e.synMac !== 0) this.addMac(e, 1);
    if (e.stampOrder !== STAMP_ORDER.UNKNOWN) this.addStamp(shape, e, 1);
    if (shape === SHAPE.NONE) return;
    if (shape === SHAPE.ANSWERED_WITHOUT_OFFERS) this.takenOffers.addLost(e);
    if (isRefused(shape)) this.addRefusal(e);
    const began = e.synCount > 0 ? e.synFirst : e.synAckFirst;
    const count = this.counts.find((known) => known.shape === shape);
    if (count === undefined) {
      this.counts.push({ shape, attempts: 1, first: began, client: e.client3, several: false });
      return;
    }
    count.attempts += 1;
    count.first = Math.min(count.first, began);
    count.several ||= count.client !== e.client3;
  }

  /** SYNs without an answer that followed one which was added, and are like it. */
  addAlike(shape: Shape, { like, attempts, firstNanos, client, hasSeveralClients }: AlikeAttempts): void {
    if (like.synMac !== 0) this.addMac(like, attempts);
    if (like.stampOrder !== STAMP_ORDER.UNKNOWN) this.addStamp(shape, like, attempts);
    const count = this.counts.find((known) => known.shape === shape);
    if (count === undefined) return;
    count.attempts += attempts;
    count.first = Math.min(count.first, firstNanos);
    count.several ||= hasSeveralClients || count.client !== client;
  }

  /** Of refusals and SYNs without an answer, the endpoint tells when all are there. */
  private isCountedInContext(shape: Shape): boolean {
    return shape === SHAPE.CLOSED_AT_ONCE || shape === SHAPE.SYN_ACK_HEARD_OR_CLIENT_GONE;
  }

  /** Of an attempt that is added later, or now: whether its client has completed it. */
  noteTaken({ client3, synFirst, synCount, ackCount, marks }: Evidence): void {
    if (synCount === 0 || ackCount === 0 || (marks & MARK.TOOK) === 0) return;
    const place = client3 & (CLIENTS_TAKEN - 1);
    this.taken ??= {
      clients: new Int32Array(CLIENTS_TAKEN),
      began: new Float64Array(CLIENTS_TAKEN).fill(Number.NEGATIVE_INFINITY),
    };
    const { clients, began } = this.taken;
    if (clients[place] === client3 && (began[place] as number) > synFirst) return;
    clients[place] = client3;
    began[place] = synFirst;
  }

  /** The client completed a handshake that it began after that of the attempt. */
  private isAliveAfter({ client3, synFirst }: Evidence): boolean {
    const { taken } = this;
    const place = client3 & (CLIENTS_TAKEN - 1);
    return taken !== null && taken.clients[place] === client3 && (taken.began[place] as number) > synFirst;
  }

  private addRefusal(e: Evidence): void {
    if (this.resetTtl === 0) this.resetTtl = e.resetTtl;
    this.slowestReset = Math.max(this.slowestReset, resetNanos(e));
    this.haveResetsId &&= (e.signs & SIGN.RESET_HAS_ID) !== 0;
  }

  /** What the other packets of the address make of the refusals: all of them are alike in it, or nothing is said. */
  refusalBeside(address: AddressFigures, shape: Shape): Shape {
    if (!fitsTtl(this.resetTtl, address.ttl)) return SHAPE.REFUSED_BY_STRANGER;
    if (address.isOutrunBy(this.slowestReset)) return SHAPE.REFUSED_TOO_SOON;
    return address.writesNoId && this.haveResetsId && shape === SHAPE.REFUSED ? SHAPE.REFUSED_BY_ANOTHER_STACK : shape;
  }

  private addMac(e: Evidence, attempts: number): void {
    let count = this.macs.find(({ mac }) => mac === e.synMac);
    if (count === undefined) {
      if (this.macs.length >= MACS_KEPT) return;
      count = { mac: e.synMac, answered: 0, unanswered: 0, firstUnanswered: 0 };
      this.macs.push(count);
    }
    if (e.synAckCount > 0) count.answered += attempts;
    else if (e.resetFrom === 0 && e.icmpQuotes === 0) {
      if (count.unanswered === 0) count.firstUnanswered = e.synFirst;
      count.unanswered += attempts;
    }
  }

  private addStamp(shape: Shape, e: Evidence, attempts: number): void {
    const { stamps } = this;
    const isOlder = e.stampOrder === STAMP_ORDER.OLDER;
    if (e.synAckCount > 0) {
      if (isOlder) stamps.answeredOlder += attempts;
      else stamps.answeredInOrder += attempts;
    } else if (isUnanswered(shape)) {
      if (!isOlder) stamps.silentInOrder += attempts;
      else if (stamps.silentOlder === 0) stamps.firstOlder = e.synFirst;
      if (isOlder) stamps.silentOlder += attempts;
    }
  }

  /** Attempts that went unanswered where their timestamp is older than the latest of their address, and those of the others were answered; null when it is not so. */
  get outdated(): { readonly attempts: number; readonly first: number; readonly answered: number } | null {
    const { answeredInOrder, answeredOlder, silentInOrder, silentOlder, firstOlder } = this.stamps;
    if (silentOlder < LEAST_SILENT || answeredInOrder < LEAST_ANSWERED) return null;
    const isSo = silentInOrder <= STAMP_EXCEPTIONS * silentOlder && answeredOlder <= STAMP_EXCEPTIONS * answeredInOrder;
    return isSo ? { attempts: silentOlder, first: firstOlder, answered: answeredInOrder } : null;
  }

  /** The shape of an attempt, as those of its endpoint, and the SYN-ACKs of its address, so far let it appear. */
  inContext(shape: Shape, e: Evidence, address: AddressFigures): Shape {
    if (isRefused(shape)) return refusalBeside(shape, e, address);
    if (shape === SHAPE.CLOSED_AT_ONCE) return closedBeside(e, address);
    if (shape === SHAPE.SYN_ACK_HEARD_OR_CLIENT_GONE) {
      const isUnheard = e.synAckCount >= SYN_ACKS_UNHEARD && this.isAliveAfter(e);
      return isUnheard ? SHAPE.SYN_ACK_HEARD_BY_LIVE_CLIENT : shape;
    }
    if (shape === SHAPE.ANSWERED_WITHOUT_OFFERS) return this.takenOffers.coverThoseOf(e) ? SHAPE.NONE : shape;
    const isOlder = e.stampOrder === STAMP_ORDER.OLDER && isUnanswered(shape);
    return isOlder && this.outdated !== null ? SHAPE.SYN_OUTDATED_UNANSWERED : shape;
  }

  /** Attempts whose SYNs went to a MAC address to which none was ever answered, where those to another were; null when there are none. */
  get misaddressed(): { readonly attempts: number; readonly first: number; readonly answered: number } | null {
    const answered = this.macs.reduce((sum, count) => sum + count.answered, 0);
    const wrong = this.macs.filter((count) => count.answered === 0 && count.unanswered > 0);
    if (answered === 0 || wrong.length === 0) return null;
    return {
      attempts: wrong.reduce((sum, { unanswered }) => sum + unanswered, 0),
      first: Math.min(...wrong.map(({ firstUnanswered }) => firstUnanswered)),
      answered,
    };
  }
}

/** Nothing of the packets says why nobody answered. */
function isUnanswered(shape: Shape): boolean {
  return shape === SHAPE.SYN_UNANSWERED || shape === SHAPE.SYN_WITH_OFFERS_UNANSWERED;
}

/** A RST answers the SYN, and nothing in the attempt itself says who sent it. */
function isRefused(shape: Shape): boolean {
  return (
    shape === SHAPE.REFUSED ||
    shape === SHAPE.REFUSED_UNFILLED ||
    shape === SHAPE.REFUSED_WITH_WINDOW ||
    shape === SHAPE.REFUSED_WITH_BAD_CHECKSUM
  );
}

/** Of a repeated SYN, the RST may answer an earlier one: from the first on, it took no longer than this. */
function resetNanos(e: Evidence): number {
  return e.resetTime - e.synFirst;
}

function refusalBeside(shape: Shape, e: Evidence, address: AddressFigures): Shape {
  if (!fitsTtl(e.resetTtl, address.ttl)) return SHAPE.REFUSED_BY_STRANGER;
  if (address.isOutrunBy(resetNanos(e))) return SHAPE.REFUSED_TOO_SOON;
  const hasId = (e.signs & SIGN.RESET_HAS_ID) !== 0;
  return address.writesNoId && hasId && shape === SHAPE.REFUSED ? SHAPE.REFUSED_BY_ANOTHER_STACK : shape;
}

/** A server that ends a connection has its third leg, unless it took data with the SYN (RFC 7413) or the SYNs crossed. */
function closedBeside(e: Evidence, address: AddressFigures): Shape {
  const isAnswer = e.resetFrom === RESET_FROM.SERVER && (e.marks & (MARK.FAST_OPEN | MARK.CROSSED)) === 0;
  const isTooSoon = isAnswer && e.ackCount > 0 && address.isOutrunBy(e.resetTime - e.ackFirst);
  return isTooSoon ? SHAPE.CLOSED_TOO_SOON : SHAPE.CLOSED_AT_ONCE;
}
