/**
 * Attempts one after the other that differ in their client and time alone, of which none has a record: lone SYNs to one endpoint, which are what a flood is made of. The first of them is judged
 * and counted as any attempt is; those that follow are told to be like it, and are counted together.
 */
import { AT_BASE } from '../bytes/time.ts';
import { Evidence } from '../handshake/evidence.ts';
import { VERDICT, type Verdict } from '../handshake/verdict.ts';

export class AlikeRun {
  /** Attempts that were taken, without the first. */
  attempts = 0;
  /** When the first and the last of them began: nanoseconds since the capture's base. */
  firstNanos = AT_BASE;
  lastNanos = AT_BASE;
  /** The low word of one client's address, and whether there are others. */
  client = 0;
  hasSeveralClients = false;
  /** What all of them have: nothing else of it is filled. */
  readonly like = new Evidence();
  verdict: Verdict = VERDICT.UNDECIDED;
  private isGoingOn = false;

  constructor() {
    this.like.synCount = 1;
    this.like.isClientMet = true;
  }

  /** From this attempt on, which is counted and has no record, if it is one of many. */
  begin(e: Evidence, verdict: Verdict): void {
    const isOneOfMany = e.isClientMet && (verdict === VERDICT.NO_SYN_ACK || verdict === VERDICT.UNDECIDED);
    this.isGoingOn = isOneOfMany && !isLoopback(e);
    this.attempts = 0;
    this.hasSeveralClients = false;
    this.verdict = verdict;
    const { like } = this;
    like.published = e.published;
    like.server0 = e.server0;
    like.server1 = e.server1;
    like.server2 = e.server2;
    like.server3 = e.server3;
    like.serverPort = e.serverPort;
    like.marks = e.marks;
    like.signs = e.signs;
    like.synMac = e.synMac;
    like.synDirection = e.synDirection;
    like.stampOrder = e.stampOrder;
  }

  /** Whether the attempt is like the first; then it is taken. It is an IPv4 one of the plain network, as all whose client `isClientMet`. */
  takes(e: Evidence, verdict: Verdict): boolean {
    const { like } = this;
    if (
      !this.isGoingOn ||
      !e.isClientMet ||
      verdict !== this.verdict ||
      e.server3 !== like.server3 ||
      e.serverPort !== like.serverPort ||
      e.published !== like.published ||
      e.marks !== like.marks ||
      e.signs !== like.signs ||
      e.synMac !== like.synMac ||
      e.synDirection !== like.synDirection ||
      e.stampOrder !== like.stampOrder ||
      isLoopback(e)
    ) {
      return false;
    }
    const began = e.synFirst;
    if (this.attempts === 0) {
      this.client = e.client3;
      this.firstNanos = began;
      this.lastNanos = began;
    }
    this.attempts += 1;
    if (e.client3 !== this.client) this.hasSeveralClients = true;
    if (began < this.firstNanos) this.firstNanos = began;
    if (began > this.lastNanos) this.lastNanos = began;
    return true;
  }

  /** None is taken until it begins anew. */
  end(): void {
    this.isGoingOn = false;
    this.attempts = 0;
  }
}

function isLoopback(e: Evidence): boolean {
  return e.client3 === e.server3;
}
