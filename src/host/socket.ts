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
}
