/** What the kernel's list of sockets says, look after look, of the data that a port's application has sent. Pure: the time of a look is an argument. */
import {
  type Fact,
  isKnown,
  LARGE_OCTETS,
  type SendingFacts,
  STUCK_KEPT,
  type StuckConnection,
  TIMEOUTS_TOLD,
  unknown,
} from '../diagnosis/port-facts.ts';
import type { Sending, Socket } from './socket.ts';

/** Seconds for which a full-sized segment that came to a client speaks of the way to it. */
const OF_LATE_SECONDS = 60;
/** Clients of which it is remembered: of more, those that were seen first are forgotten. */
const CLIENTS_KEPT = 10_000;
/**
 * Of a full-sized segment: an answer of a segment and a half, in two, has more of it on average. Answers that all lie between this and what a narrow path takes look so, too:
 * then nothing is said of that path, rather than a lossy one be called narrow.
 */
const LEAST_AVERAGE = 0.5;

export class SendingWatch {
  /** When full-sized segments came to a client last, at least: seconds of the clock of the looks by address. */
  private readonly servedAt = new Map<string, number>();
  private nowSeconds = 0;

  look(sockets: readonly Socket[], atSeconds: number): void {
    this.nowSeconds = atSeconds;
    for (const { local, remote, silentMillis, sending } of sockets) {
      // What this host sends to itself passes no link.
      if (remote === local || !isKnown(sending) || !isKnown(silentMillis) || !isLargeAcknowledged(sending)) continue;
      const heardAt = atSeconds - silentMillis / 1000;
      this.servedAt.set(remote, Math.max(heardAt, this.servedAt.get(remote) ?? heardAt));
      if (this.servedAt.size > CLIENTS_KEPT) this.forgetFirst();
    }
  }

  private forgetFirst(): void {
    const [first] = this.servedAt.keys();
    this.servedAt.delete(first as string);
  }

  /** @param sockets of the last look */
  facts(sockets: readonly Socket[]): Fact<SendingFacts> {
    const connections = sockets.filter(({ state }) => WITH_DATA.has(state));
    const unread = connections.map(({ sending }) => sending).find((sending) => !isKnown(sending));
    if (unread !== undefined && !isKnown(unread)) return unknown(unread.unknown);
    const stuck = connections.flatMap((socket) => {
      const { sending, silentMillis } = socket;
      const isStuck = isKnown(sending) && isKnown(silentMillis) && sending.timeouts >= TIMEOUTS_TOLD;
      return isStuck ? [this.stuckOf(socket, sending, silentMillis)] : [];
    });
    return {
      stuck: stuck.sort((a, b) => b.sentSeconds - a.sentSeconds).slice(0, STUCK_KEPT),
      stuckConnections: stuck.length,
      servedClients: [...this.servedAt.keys()].filter((client) => this.isServed(client)).length,
    };
  }

  private isServed(client: string): boolean {
    return this.nowSeconds - (this.servedAt.get(client) ?? Number.NEGATIVE_INFINITY) <= OF_LATE_SECONDS;
  }

  private stuckOf({ remote, remotePort }: Socket, sending: Sending, silentMillis: number): StuckConnection {
    const { timeouts, segments, octets, sackedSegments, ackedOctets, segmentOctets, pathMtu } = sending;
    return {
      client: remote,
      clientPort: remotePort,
      timeouts,
      sentSeconds: secondsSince(sending, 0),
      repeatedSeconds: secondsSince(sending, 2),
      silentSeconds: silentMillis / 1000,
      segments,
      octets,
      sackedSegments,
      ackedOctets,
      segmentOctets,
      pathMtu,
      isServedElsewhere: this.isServed(remote),
    };
  }
}

/** Their data may wait for an acknowledgment. */
const WITH_DATA: ReadonlySet<Socket['state']> = new Set(['ESTAB', 'FIN-WAIT-1', 'CLOSE-WAIT', 'LAST-ACK', 'CLOSING']);

/** So many octets in so few segments that some were large. */
function isLargeAcknowledged({ ackedOctets, segmentsSent, segmentOctets }: Sending): boolean {
  const isEnough = segmentOctets >= LARGE_OCTETS && ackedOctets >= LARGE_OCTETS;
  return isEnough && ackedOctets >= segmentsSent * segmentOctets * LEAST_AVERAGE;
}

/**
 * Seconds since the timer ran out for the `repetition`-th time; of 0, since the data was sent first. The timer began with some span and was doubled each time (RFC 6298
 * §5.5), so that its first spans add up to the last one less the first. What was repeated without the timer (fast retransmit, a loss probe) made the whole longer.
 */
function secondsSince({ timerMillis, doublings, sinceSentMillis }: Sending, repetition: number): number {
  const firstMillis = timerMillis / 2 ** doublings;
  const millis = sinceSentMillis + timerMillis - firstMillis * 2 ** repetition;
  return Math.max(0, millis) / 1000;
}
