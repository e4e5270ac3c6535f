/**
 * Where was this captured: at the server, at the client, between them, or on one host's loopback? Told from packets alone, by four kinds of
 * evidence, each counted over the attempts of the capture:
 *
 *   direction   the link layer says which way a packet went (Linux cooked captures, pcapng flags); a router's packets come in and go out
 *   checksum    a host that leaves checksums to its card sends them unfilled: its own packets are recorded wrong
 *   TTL         a packet recorded where it was sent still has an initial TTL (64, 128, 255)
 *   gaps        at the server the SYN-ACK follows at once and the third leg takes the round trip; at the client the other way round
 *
 * The kinds are asked in this order, since each is surer than the next. When the surest kind that says anything is of two minds, the answer is
 * `unknown`: a host can be client and server in one capture.
 */
import { MARK } from './attempts.ts';
import type { Evidence } from './evidence.ts';
import { seconds } from './reason.ts';
import { synAckToAckNanos, synToSynAckNanos } from './record.ts';
import { hops } from './ttl.ts';

export type VantageSide = 'server' | 'client' | 'middle' | 'loopback' | 'unknown';

export interface Vantage {
  readonly side: VantageSide;
  readonly evidence: readonly string[];
}

/** This share of a kind's votes must agree. */
const AGREEMENT = 0.9;

/** A gap counts as "at once" when the other is this many times longer. */
const GAP_RATIO = 5;

/** Nanoseconds. Below this both ends lie in one room, and the gaps are those of schedulers. */
const SMALLEST_ROUND_TRIP = 2e6;

/** One handshake's gaps can be those of a busy host. */
const LEAST_GAP_VOTES = 3;

/** Routers on the longest paths are some thirty; a SYN of a traceroute, which is to end on the way, seems to have crossed more, and tells nothing. */
const MOST_HOPS = 33;

interface Votes {
  server: number;
  client: number;
  middle: number;
}

export class VantageTally {
  private readonly direction: Votes = { server: 0, client: 0, middle: 0 };
  private readonly checksum: Votes = { server: 0, client: 0, middle: 0 };
  private readonly ttl: Votes = { server: 0, client: 0, middle: 0 };
  private readonly gaps: Votes = { server: 0, client: 0, middle: 0 };
  private attempts = 0;
  private loopback = 0;
  /** One example of each, for the evidence. */
  private clientTtl = 0;
  private serverTtl = 0;
  private firstGap = 0;
  private secondGap = 0;

  add(e: Evidence): void {
    this.attempts += 1;
    if (isLoopback(e)) {
      this.loopback += 1;
      return;
    }
    this.addDirection(e, 1);
    this.addChecksum(e);
    this.addTtl(e);
    this.addGaps(e);
  }

  /** So many more attempts like this one: each a SYN alone, between two hosts. */
  addAlike(e: Evidence, attempts: number): void {
    this.attempts += attempts;
    this.addDirection(e, attempts);
  }

  conclude(): Vantage {
    if (this.attempts === 0) return { side: 'unknown', evidence: ['no handshake was captured'] };
    if (this.loopback > this.attempts * AGREEMENT) {
      return {
        side: 'loopback',
        evidence: [`both ends have one address in ${this.loopback} of ${this.attempts} attempts`],
      };
    }
    const evidence: string[] = [];
    for (const [votes, words] of this.kinds()) {
      if (this.says(votes)) evidence.push(words(winnerOf(votes)));
    }
    return { side: this.side(), evidence: evidence.length > 0 ? evidence : ['nothing tells'] };
  }

  /** Where the capture was taken, as far as the attempts until now tell. */
  side(): VantageSide {
    if (this.attempts === 0) return 'unknown';
    if (this.loopback > this.attempts * AGREEMENT) return 'loopback';
    for (const votes of [this.direction, this.checksum, this.ttl, this.gaps]) {
      if (this.says(votes)) return winnerOf(votes);
    }
    return 'unknown';
  }

  private says(votes: Votes): boolean {
    const total = totalOf(votes);
    return total > 0 && (votes !== this.gaps || total >= LEAST_GAP_VOTES);
  }

  private kinds(): readonly (readonly [Votes, (winner: VantageSide) => string])[] {
    return [
      [
        this.direction,
        (w) =>
          `direction: SYNs came in for ${this.direction.server} attempts, went out for ${this.direction.client}, did both for ${this.direction.middle}${leans(w)}`,
      ],
      [
        this.checksum,
        (w) =>
          `checksums left to the card: of the SYN-ACK in ${this.checksum.server} attempts, of the SYN in ${this.checksum.client}${leans(w)}`,
      ],
      [
        this.ttl,
        (w) =>
          `TTL: at its initial value in the server's packets alone in ${this.ttl.server} attempts, in the client's alone in ${this.ttl.client}, in neither in ${this.ttl.middle} (for instance client ${this.clientTtl}, server ${this.serverTtl})${leans(w)}`,
      ],
      [
        this.gaps,
        (w) =>
          `gaps: the SYN-ACK follows the SYN at once in ${this.gaps.server} attempts, the third leg the SYN-ACK in ${this.gaps.client}, neither in ${this.gaps.middle} (for instance ${seconds(this.firstGap)} and ${seconds(this.secondGap)})${leans(w)}`,
      ],
    ];
  }

  private addDirection(e: Evidence, attempts: number): void {
    const { direction } = this;
    if (e.synDirection === FORWARDED || e.synAckDirection === FORWARDED) direction.middle += attempts;
    else if (e.synDirection === INCOMING || e.synAckDirection === OUTGOING) direction.server += attempts;
    else if (e.synDirection === OUTGOING || e.synAckDirection === INCOMING) direction.client += attempts;
  }

  private addChecksum(e: Evidence): void {
    if (e.synAckUnfilled && e.synFilled) this.checksum.server += 1;
    else if (e.synUnfilled && e.synAckFilled) this.checksum.client += 1;
  }

  private addTtl(e: Evidence): void {
    const both = MARK.CLIENT_TTL_KNOWN | MARK.SERVER_TTL_KNOWN;
    if ((e.marks & both) !== both) return;
    const client = hops(e.clientTtl);
    const server = hops(e.serverTtl);
    // Both initial: two ends of one cable, or one machine.
    if (client === 0 && server === 0) return;
    if (Math.max(client, server) > MOST_HOPS) return;
    if (server === 0) this.ttl.server += 1;
    else if (client === 0) this.ttl.client += 1;
    else this.ttl.middle += 1;
    this.clientTtl = e.clientTtl;
    this.serverTtl = e.serverTtl;
  }

  /** Retransmissions stretch a gap, so only plain handshakes count. */
  private addGaps(e: Evidence): void {
    if (e.synCount !== 1 || e.synAckCount !== 1 || e.ackCount === 0) return;
    const first = synToSynAckNanos(e);
    const second = synAckToAckNanos(e);
    if (!(Math.max(first, second) >= SMALLEST_ROUND_TRIP)) return;
    if (first * GAP_RATIO < second) this.gaps.server += 1;
    else if (second * GAP_RATIO < first) this.gaps.client += 1;
    else this.gaps.middle += 1;
    this.firstGap = first;
    this.secondGap = second;
  }
}

/** attempts.ts W.LINK. */
const INCOMING = 1;
const OUTGOING = 2;
const FORWARDED = 3;

function leans(winner: VantageSide): string {
  return winner === 'unknown' ? ': of two minds' : `: ${winner}`;
}

function totalOf(votes: Votes): number {
  return votes.server + votes.client + votes.middle;
}

function winnerOf(votes: Votes): VantageSide {
  const total = totalOf(votes);
  for (const side of ['server', 'client', 'middle'] as const) if (votes[side] >= total * AGREEMENT) return side;
  return 'unknown';
}

function isLoopback(e: Evidence): boolean {
  return e.client0 === e.server0 && e.client1 === e.server1 && e.client2 === e.server2 && e.client3 === e.server3;
}
