/**
 * What is counted of the attempts of one endpoint, for its diagnoses: how many of each shape, since when, of one client or of several. Most endpoints see one or two
 * shapes, so a short list is all there is.
 */
import { MARK } from '../handshake/attempts.ts';
import type { Evidence } from '../handshake/evidence.ts';
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

/** MAC addresses that are told apart: a host has one or two, and a wrong one is one more. */
const MACS_KEPT = 4;

export class EndpointShapes {
  readonly counts: ShapeCount[] = [];
  /** TTL of the server's SYN-ACKs, and of the first RST that refused a SYN; 0 when there was none. */
  serverTtl = 0;
  resetTtl = 0;
  private macs: MacCount[] = [];

  copy(): EndpointShapes {
    const copy = new EndpointShapes();
    for (const count of this.counts) copy.counts.push({ ...count });
    copy.serverTtl = this.serverTtl;
    copy.resetTtl = this.resetTtl;
    copy.macs = this.macs.map((count) => ({ ...count }));
    return copy;
  }

  add(shape: Shape, e: Evidence): void {
    if (this.serverTtl === 0 && (e.marks & MARK.SERVER_TTL_KNOWN) !== 0) this.serverTtl = e.serverTtl;
    if (e.synMac !== 0) this.addMac(e);
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
