/** How to capture. */
import type { WantedEndpoints } from './kernel-filter.ts';

export interface LiveOptions {
  /** Names of interfaces; `any` for all of them. At least one. */
  readonly interfaces: readonly string[];
  /** What the kernel is to hand over: these endpoints, and what tells of them; null hands over everything. */
  readonly endpoints: WantedEndpoints | null;
  /** An expression of pcap-filter(7) that a packet must match as well; '' for none. */
  readonly filter: string;
  /** null: libpcap, and cap where libpcap can't be called. */
  readonly engine: 'libpcap' | 'cap' | null;
  /** Who a process of its own (of cap) becomes once it captures: see privileges.ts. */
  readonly user: string | null;
  /** Octets of each packet that are kept. */
  readonly snapLength: number;
  /** Octets of the kernel's ring. */
  readonly bufferBytes: number;
  readonly promiscuous: boolean;
  /** Milliseconds that the kernel gathers packets before it hands them over. */
  readonly timeoutMillis: number;
  readonly direction: 'in' | 'out' | 'inout';
  /** Takes a sentence when an interface goes down, vanishes, or comes back. */
  readonly say: (sentence: string) => void;
  /** Takes the two ends of a stretch of time, milliseconds since 1970, in which an interface may have had packets that nobody saw. */
  readonly missed: (from: number, to: number) => void;
}

export const LIVE_DEFAULTS: Omit<LiveOptions, 'interfaces'> = {
  engine: null,
  user: null,
  endpoints: null,
  filter: '',
  // Ethernet, VLAN tags, a tunnel, IPv6 and TCP with all its options; no payload to speak of.
  snapLength: 256,
  // Reading keeps up with 764 thousand packets a second (libpcap 1.10, Linux 6.18, two cores). The room is for the moments in which nothing is read: some 200 thousand SYNs wait in it, two
  // thirds of a second of a flood of 300 thousand a second, which finds code that is not compiled yet, and tables that grow (bench/README.md).
  bufferBytes: 32 * 1024 * 1024,
  promiscuous: false,
  // Verdicts are at most so late, and idle costs nothing (immediate mode: 0.2 ms, and five times the processor time at 5000 packets a second).
  timeoutMillis: 10,
  direction: 'inout',
  say: () => {},
  missed: () => {},
};
