/**
 * What is counted of the attempts of one endpoint, for its diagnoses: how many of each shape, since when, of one client or of several. Most endpoints see one or two
 * shapes, so a short list is all there is.
 */
import { MARK } from '../handshake/attempts.ts';
import type { Evidence } from '../handshake/evidence.ts';
import { STAMP_ORDER } from '../handshake/source-stamps.ts';
import { SHAPE, type Shape } from './shape.ts';

export interface ShapeCount {
  readonly shape: Shape;
  attempts: number;
  /** When the first of them began: nanoseconds since the base. */
  first: number;
  /** The low word of the client's address, and whether others had the same trouble. */
  readonly client: number;
  several: boolean;
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

/** MAC addresses that are told apart: a host has one or two, and a wrong one is one more. */
const MACS_KEPT = 4;

export class EndpointShapes {
  readonly counts: ShapeCount[] = [];
  /** TTL of the server's SYN-ACKs, and of the first RST that refused a SYN; 0 when there was none. */
  serverTtl = 0;
  resetTtl = 0;
  private macs: MacCount[] = [];
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
    copy.serverTtl = this.serverTtl;
    copy.resetTtl = this.resetTtl;
    copy.macs = this.macs.map((count) => ({ ...count }));
    Object.assign(copy.stamps, this.stamps);
    return copy;
  }

  add(shape: Shape, e: Evidence): void {
    if (this.serverTtl === 0 && (e.marks & MARK.SERVER_TTL_KNOWN) !== 0) this.serverTtl = e.serverTtl;
    if (e.synMac !== 0) this.addMac(e);
    if (e.stampOrder !== STAMP_ORDER.UNKNOWN) this.addStamp(shape, e);
    if (shape === SHAPE.NONE) return;
    if (this.resetTtl === 0 && (e.marks & MARK.REFUSED) !== 0) this.resetTtl = e.resetTtl;
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

  private addMac(e: Evidence): void {
    let count = this.macs.find(({ mac }) => mac === e.synMac);
    if (count === undefined) {
      if (this.macs.length >= MACS_KEPT) return;
      count = { mac: e.synMac, answered: 0, unanswered: 0, firstUnanswered: 0 };
      this.macs.push(count);
    }
    if (e.synAckCount > 0) count.answered += 1;
    else if (e.resetFrom === 0 && e.icmpQuotes === 0) {
      if (count.unanswered === 0) count.firstUnanswered = e.synFirst;
      count.unanswered += 1;
    }
  }

  private addStamp(shape: Shape, e: Evidence): void {
    const { stamps } = this;
    const isOlder = e.stampOrder === STAMP_ORDER.OLDER;
    if (e.synAckCount > 0) {
      if (isOlder) stamps.answeredOlder += 1;
      else stamps.answeredInOrder += 1;
    } else if (isUnanswered(shape)) {
      if (!isOlder) stamps.silentInOrder += 1;
      else if (stamps.silentOlder === 0) stamps.firstOlder = e.synFirst;
      if (isOlder) stamps.silentOlder += 1;
    }
  }

  /** Attempts that went unanswered where their timestamp is older than the latest of their address, and those of the others were answered; null when it is not so. */
  get outdated(): { readonly attempts: number; readonly first: number; readonly answered: number } | null {
    const { answeredInOrder, answeredOlder, silentInOrder, silentOlder, firstOlder } = this.stamps;
    if (silentOlder < LEAST_SILENT || answeredInOrder < LEAST_ANSWERED) return null;
    const isSo = silentInOrder <= STAMP_EXCEPTIONS * silentOlder && answeredOlder <= STAMP_EXCEPTIONS * answeredInOrder;
    return isSo ? { attempts: silentOlder, first: firstOlder, answered: answeredInOrder } : null;
  }

  /** The shape of an attempt, as those of its endpoint so far let it appear. */
  inContext(shape: Shape, e: Evidence): Shape {
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
