/** Packets of the simulated network, with all that is true of them: what a capture can only guess. */

export type Side = 'client' | 'server';
type Flags = 'S' | 'S.' | '.' | 'P.' | 'F.' | 'R' | 'R.';

/** What a host gives to the network. */
export interface Sent {
  readonly from: Side;
  readonly flags: Flags;
  readonly sequence: number;
  readonly length: number;
  /** null without the ACK flag. */
  readonly acknowledgment: number | null;
}

/** Why the sender sent it: its own knowledge, which no observer has. */
export type Role =
  | 'syn'
  | 'syn-ack'
  /** Of a client that has the SYN-ACK: any segment that would serve as third leg. */
  | 'third'
  | 'client-reset'
  /** Of a server that has the third leg. */
  | 'server-open'
  | 'server-reset'
  /** For an older connection on the same ports. */
  | 'challenge'
  /** Of a firewall that poses as the other side. */
  | 'injected-reset'
  | 'icmp';

export interface Packet extends Sent {
  /** From 1, in the order of sending. */
  readonly number: number;
  /** Index of the attempt that it belongs to. */
  readonly attempt: number;
  readonly role: Role;
  readonly sentAt: number;
  /** Routers that it passes before the capture, if it does not come from its side's host. */
  readonly hops: number | null;
  /** Of an ICMP error: "administratively prohibited". */
  readonly icmp: { readonly quotes: Packet } | null;
  /** When it passed the place of the capture, copies made by the network left out. */
  passedAt: number | null;
  arrivedAt: number | null;
  /** The server opened the connection on it. */
  opened: boolean;
}

/** How far `a` lies ahead of `b`. RFC 9293 §3.4. */
export function ahead(a: number, b: number): number {
  return (a - b) | 0;
}

export function plus(sequence: number, octets: number): number {
  return (sequence + octets) >>> 0;
}

/** Sequence space that it takes. */
export function space({ flags, length }: Sent): number {
  return length + (flags.startsWith('S') || flags.startsWith('F') ? 1 : 0);
}
