/**
 * What a Linux host says of one of its TCP ports, as plain data that JSON can hold: sockets, queues, the processes that own the listener, their limits, the
 * counters of the kernel over the time that was watched. Gathered by `host/`, judged by pure functions, recorded for tests.
 *
 * A fact that could not be read is `Unknown`, with the reason. It is never guessed, and never taken for a zero.
 */
import type { DropFacts } from './drop-facts.ts';
import type { FirewallFacts } from './firewall-facts.ts';
import type { ConntrackFacts, InterfaceFacts, PacketProgram, ReturnWay, Settings } from './network-facts.ts';

/** A fact that could not be had. */
export interface Unknown {
  /** Why, as a clause: "no permission to read /proc/1/fd (run as root)". */
  readonly unknown: string;
}

export type Fact<T> = T | Unknown;

export function unknown(reason: string): Unknown {
  return { unknown: reason };
}

export function isKnown<T>(fact: Fact<T>): fact is T {
  return !(typeof fact === 'object' && fact !== null && 'unknown' in fact);
}

/** The value, or null when it is not known. */
export function known<T>(fact: Fact<T>): T | null {
  return isKnown(fact) ? fact : null;
}

/** As `ss` writes them; SYN-RECV are connections that wait for the third leg. */
export const SOCKET_STATES = [
  'ESTAB',
  'SYN-SENT',
  'SYN-RECV',
  'FIN-WAIT-1',
  'FIN-WAIT-2',
  'TIME-WAIT',
  'UNCONN',
  'CLOSE-WAIT',
  'LAST-ACK',
  'LISTEN',
  'CLOSING',
] as const;
export type SocketState = (typeof SOCKET_STATES)[number];

export interface Listener {
  /** "0.0.0.0", "::", or the address that it is bound to. */
  readonly address: string;
  readonly family: 4 | 6;
  /** Of an IPv6 listener: takes IPv4 connections, too. Always false for IPv4. */
  readonly dualStack: Fact<boolean>;
  /** Interface index that it is bound to (SO_BINDTODEVICE); 0 for every interface. */
  readonly interfaceIndex: Fact<number>;
  readonly inode: number;
  /** Connections that wait for accept(). */
  readonly queue: number;
  /** Most that may wait: the smaller one of what listen() asked for and net.core.somaxconn. The queue is full at backlog + 1. */
  readonly backlog: Fact<number>;
}

interface PeerCount {
  readonly address: string;
  readonly count: number;
}

/** The sockets of one port in one network namespace, at one moment. */
export interface PortSockets {
  readonly listeners: readonly Listener[];
  /** Sockets whose local port it is, by state; states without a socket are left out. */
  readonly states: Readonly<Partial<Record<SocketState, number>>>;
  /** Handshakes that wait for the third leg, most first; at most `PEERS_KEPT`. */
  readonly synReceivedByPeer: readonly PeerCount[];
  readonly synReceivedPeers: number;
  /** ESTAB without an owner: in the accept queue, never given to the application. */
  readonly waitingForAccept: number;
  /** Seconds for which the connection that waits longest has waited at least; null when none waits. */
  readonly longestWaitSeconds: Fact<number | null>;
}

export const PEERS_KEPT = 10;

/** A connection whose data the kernel has repeated at least `TIMEOUTS_TOLD` times, and of which nothing was acknowledged since. */
export interface StuckConnection {
  readonly client: string;
  readonly clientPort: number;
  /** Times that the retransmission timer ran out in a row. */
  readonly timeouts: number;
  /** Seconds since what is in flight was sent first, and since its second repetition: at least. */
  readonly sentSeconds: number;
  readonly repeatedSeconds: number;
  /** Seconds since the last ACK of the connection came. */
  readonly silentSeconds: number;
  /** In flight, the FIN included. */
  readonly segments: number;
  readonly octets: number;
  /** Of these, segments that were acknowledged selectively (SACK). */
  readonly sackedSegments: number;
  /** Since the connection is open. */
  readonly ackedOctets: number;
  /** Of a full-sized segment. */
  readonly segmentOctets: number;
  readonly pathMtu: number;
  /** Full-sized segments of other connections came to this client of late. */
  readonly isServedElsewhere: boolean;
}

/** What the kernel says of the data that the application has sent, of all connections of the port. */
export interface SendingFacts {
  /** The first that was sent first; at most `STUCK_KEPT`. */
  readonly stuck: readonly StuckConnection[];
  readonly stuckConnections: number;
  /** Clients that full-sized segments came to of late. */
  readonly servedClients: number;
}

export { LARGE_OCTETS } from '../handshake/evidence.ts';
export const STUCK_KEPT = 100;
export const TIMEOUTS_TOLD = 2;

/** One look at the accept queues of the port. */
export interface QueueSample {
  /** Seconds after the first look. */
  readonly atSeconds: number;
  /** Sockets that listen on the port. */
  readonly listeners: number;
  /** Connections that wait, of all listeners. */
  readonly queue: number;
  /** Of those that waited at the look before, how many the application has taken since. */
  readonly taken: number;
  /** Connections that wait for the third leg (SYN-RECV). */
  readonly halfOpen: number;
}

export interface ThreadFacts {
  readonly id: number;
  readonly name: string;
  /** As in /proc/PID/stat: R running, S sleeping, D waiting for a disk, T stopped, Z ended. */
  readonly state: string;
  /** Share of one processor over the time that was watched: 1 is all of it. */
  readonly cpuShare: number;
  /** Share of the time in which it was ready to run and no processor was free (/proc/PID/task/TID/schedstat); 0 where the kernel does not tell. */
  readonly waitShare: number;
}

export interface CgroupFacts {
  readonly path: string;
  readonly version: 1 | 2;
  /** Processors that it may use; null without a limit. */
  readonly cpuLimit: Fact<number | null>;
  /** Over the time that was watched. */
  readonly cpuPeriods: Fact<number>;
  readonly cpuPeriodsThrottled: Fact<number>;
  readonly memoryBytes: Fact<number>;
  readonly memoryLimitBytes: Fact<number | null>;
  /** Processes of it that were killed for want of memory while it was watched. */
  readonly outOfMemoryKills: Fact<number>;
  readonly tasks: Fact<number>;
  readonly taskLimit: Fact<number | null>;
}

export interface ProcessFacts {
  readonly pid: number;
  readonly name: string;
  readonly command: string;
  readonly state: string;
  readonly userId: number;
  readonly threads: Fact<readonly ThreadFacts[]>;
  readonly residentBytes: number;
  readonly openFiles: Fact<number>;
  readonly openFileLimit: Fact<number>;
  readonly cgroup: Fact<CgroupFacts>;
  /** BPF programmes that see the packets of its sockets: of its control group (version 2), and of those above. */
  readonly programs: Fact<readonly PacketProgram[]>;
  /** Identifier of the container that it runs in, as the cgroup's path tells; null when it tells none. */
  readonly container: string | null;
}

/** A listener of the same port in another network namespace. */
export interface ForeignListener {
  /** Of a process in that namespace. */
  readonly pid: number;
  /** "net:[4026532201]". */
  readonly namespace: string;
  readonly address: string;
  readonly owners: readonly { readonly pid: number; readonly name: string; readonly container: string | null }[];
}

/** Share of the last ten seconds in which some task had to wait (PSI); 0 to 1. */
export interface Pressure {
  readonly cpu: Fact<number>;
  readonly memory: Fact<number>;
  readonly io: Fact<number>;
}

export interface Softnet {
  /** Packets that were dropped because a processor's backlog was full (net.core.netdev_max_backlog). */
  readonly dropped: number;
  /** Times that a processor had no time left for packets. */
  readonly squeezed: number;
}

/** What runs into a limit: how much of it there is, and the limit. */
export interface Usage {
  readonly used: number;
  readonly limit: number;
}

/** Limits of the host, or of the namespace, that connections of the port can run into. */
export interface PortLimits {
  /** net.core.somaxconn: no listener may have a longer queue. */
  readonly somaxconn: Fact<number>;
  /** net.ipv4.tcp_max_syn_backlog: half-open connections without SYN cookies. */
  readonly maxSynBacklog: Fact<number>;
  /** net.ipv4.tcp_syncookies: 0 never, 1 when the queue is full, 2 always. */
  readonly synCookies: Fact<number>;
  /** net.ipv4.tcp_abort_on_overflow. */
  readonly abortOnOverflow: Fact<number>;
  readonly conntrack: Fact<Usage>;
  readonly timeWait: Fact<Usage>;
  readonly orphans: Fact<Usage>;
  /** Open files of the whole host. */
  readonly files: Fact<Usage>;
  /** Pages of memory that TCP uses, and the most it may (net.ipv4.tcp_mem). */
  readonly tcpMemory: Fact<Usage>;
  /** First and last port of those that this host's own connections take (net.ipv4.ip_local_port_range). */
  readonly localPorts: Fact<readonly [first: number, last: number]>;
}

/** Everything of the port that was read, over `seconds`. */
export interface PortFacts {
  readonly port: number;
  readonly seconds: number;
  /** At the end of the time. */
  readonly sockets: Fact<PortSockets>;
  readonly samples: readonly QueueSample[];
  /** At the end of the time; what came to clients, over all of it. */
  readonly sending: Fact<SendingFacts>;
  readonly processes: Fact<readonly ProcessFacts[]>;
  /** Where nothing listens in this namespace. */
  readonly elsewhere: Fact<readonly ForeignListener[]>;
  readonly pressure: Pressure;
  readonly softnet: Fact<Softnet>;
  /** What moved, under the names of `nstat` (TcpExtListenOverflows, IpInReceives, Ip6InReceives); the whole namespace's, not the port's. */
  readonly counters: Fact<Readonly<Record<string, number>>>;
  readonly limits: PortLimits;
  /** Rules that can touch the port. */
  readonly firewall: Fact<FirewallFacts>;
  readonly conntrack: Fact<ConntrackFacts>;
  readonly interfaces: Fact<readonly InterfaceFacts[]>;
  /** The way back to the clients that were asked about, at most `WAYS_KEPT`. */
  readonly ways: readonly ReturnWay[];
  readonly settings: Settings;
  /** The kernel's own word on packets that it dropped, of the whole host. */
  readonly drops: Fact<DropFacts>;
}

/** Seconds in which nothing listened, of a port that had a listener at some other look; 0 when it had one, or none, at each. */
export function secondsWithoutListener(samples: readonly QueueSample[]): number {
  if (!samples.some(({ listeners }) => listeners > 0)) return 0;
  return samples.reduce((sum, { listeners, atSeconds }, index) => {
    const next = samples[index + 1]?.atSeconds ?? atSeconds;
    return listeners === 0 ? sum + next - atSeconds : sum;
  }, 0);
}
