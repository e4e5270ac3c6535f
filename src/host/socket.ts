/** One TCP socket of the kernel, as netlink or /proc tells it. */
import type { Fact, SocketState } from '../diagnosis/port-facts.ts';

export interface Socket {
  readonly state: SocketState;
  readonly family: 4 | 6;
  readonly local: string;
  readonly remote: string;
  readonly remotePort: number;
  /** 0 for a socket that no process holds: it waits for accept(), or is being closed. */
  readonly inode: number;
  /** LISTEN: connections that wait. Else: octets that the application has not read. */
  readonly queue: number;
  /** LISTEN alone. */
  readonly backlog: Fact<number>;
  readonly v6Only: Fact<boolean>;
  readonly interfaceIndex: Fact<number>;
  /** Milliseconds since the last ACK came. */
  readonly silentMillis: Fact<number>;
  readonly sending: Fact<Sending>;
}

/** What the kernel has sent of the application's data (struct tcp_info, include/uapi/linux/tcp.h). */
export interface Sending {
  /** Times that the retransmission timer ran out since data was acknowledged last; 0 where it does not run: nothing is in flight, or the peer's window is closed. */
  readonly timeouts: number;
  /** Milliseconds of the timer, and how often it was doubled. */
  readonly timerMillis: number;
  readonly doublings: number;
  /** Milliseconds since data was sent last, again or anew. */
  readonly sinceSentMillis: number;
  /** In flight: sent, and not acknowledged by the acknowledgment number. */
  readonly segments: number;
  readonly octets: number;
  /** Of these, segments that the peer has acknowledged selectively (SACK, RFC 2018). */
  readonly sackedSegments: number;
  /** Since the connection is open. */
  readonly ackedOctets: number;
  /** Segments with data that were sent, repeated ones included. */
  readonly segmentsSent: number;
  /** Of a full-sized segment. */
  readonly segmentOctets: number;
  /** Octets of the largest packet that the kernel believes to fit through the path. */
  readonly pathMtu: number;
}
