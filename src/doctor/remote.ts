/** Facts of a port of another host, seen from the client. Plain data. */
import type { Fact } from '../diagnosis/port-facts.ts';
import type { Handshake } from '../handshake/handshake.ts';

export interface NameFacts {
  readonly host: string;
  /** In the order in which a programme would try them; empty when `error` is set. */
  readonly addresses: readonly string[];
  /** "ENOTFOUND", "EAI_AGAIN". */
  readonly error: string | null;
  readonly seconds: number;
  /** It was an address to begin with. */
  readonly numeric: boolean;
}

export interface RouteFacts {
  readonly address: string;
  /** The way there, as `ip route get` tells it; or why there is none. */
  readonly route: Fact<Route>;
}

export interface Route {
  readonly interface: string;
  /** Source address that the kernel takes. */
  readonly source: string | null;
  /** null when the host is on the same link. */
  readonly gateway: string | null;
  /** "unicast"; "unreachable", "prohibit" and "blackhole" are routes that say no. */
  readonly type: string;
  /** Of the next hop, after the connect: "REACHABLE", "FAILED", "INCOMPLETE"; null when it has none (loopback, point to point). */
  readonly neighbour: string | null;
}

export interface RemoteConnect {
  readonly address: string;
  readonly port: number;
  readonly outcome: string;
  readonly seconds: number;
  readonly afterwards: 'open' | 'closed' | 'reset' | null;
  /** The handshake as the packets of this host show it; null when none was captured. */
  readonly handshake: Fact<Handshake | null>;
}

export interface Hop {
  readonly ttl: number;
  /** Who answered; null when nobody did. */
  readonly from: string | null;
  /** "time-exceeded": a router on the way. "unreachable": it says no. "connected" and "refused": the port itself answered, or somebody in its name. */
  readonly answer: 'time-exceeded' | 'unreachable' | 'connected' | 'refused' | 'silent';
  /** Of an ICMP error. */
  readonly icmp: { readonly type: number; readonly code: number } | null;
}

export interface TraceFacts {
  readonly address: string;
  readonly hops: Fact<readonly Hop[]>;
}
