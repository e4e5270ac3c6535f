/**
 * What the SYN-ACKs of all ports of one server address tell, for the RSTs that come in its name: one host's packets cross one number of routers, take no less than its round
 * trip, and are written by one IP stack.
 */
import { MARK } from '../handshake/attempts.ts';
import { type Evidence, IP_ID } from '../handshake/evidence.ts';
import { synToSynAckNanos } from '../handshake/record.ts';

/** Nanoseconds: below this a round trip is within one room, and differences are those of schedulers. */
const SHORTEST_TOLD = 2e6;
/** What this share of the shortest round trip brings back did not come from so far. */
const TOO_SOON = 0.5;
/** SYN-ACKs that make a rule of what they have in common. */
const LEAST_SYN_ACKS = 3;

export class AddressFigures {
  /** TTL of the first SYN-ACK; 0 when there was none. */
  ttl = 0;
  /** The shortest time from SYN to SYN-ACK, in nanoseconds, and how many there were. */
  private shortest = Number.POSITIVE_INFINITY;
  private roundTrips = 0;
  /** SYN-ACKs over IPv4 whose identification is 0, and others. */
  private withoutId = 0;
  private withId = 0;

  copy(): AddressFigures {
    return Object.assign(new AddressFigures(), this);
  }

  add(e: Evidence): void {
    if (this.ttl === 0 && (e.marks & MARK.SERVER_TTL_KNOWN) !== 0) this.ttl = e.serverTtl;
    if (e.synAckCount === 0) return;
    const nanos = synToSynAckNanos(e);
    // From a SYN that was repeated to its SYN-ACK the client's timer passed.
    if (e.synCount === 1 && nanos >= 0) {
      this.roundTrips += 1;
      if (nanos < this.shortest) this.shortest = nanos;
    }
    if (e.synAckId === IP_ID.ZERO) this.withoutId += 1;
    else if (e.synAckId === IP_ID.OTHER) this.withId += 1;
  }

  /** Whether an answer that came so soon came from nearer than the host. @param nanos from the packet that it answers */
  isOutrunBy(nanos: number): boolean {
    const isTold = this.roundTrips >= LEAST_SYN_ACKS && this.shortest >= SHORTEST_TOLD;
    return isTold && nanos >= 0 && nanos < TOO_SOON * this.shortest;
  }

  /** The host leaves the identification of packets that are not to be fragmented at 0, as Linux does where no connection is. */
  get writesNoId(): boolean {
    return this.withId === 0 && this.withoutId >= LEAST_SYN_ACKS;
  }
}
