/** What lies between a Linux host's interfaces and its TCP, as plain data: interfaces, routes, neighbours, connection tracking, settings. */
import type { Fact } from './port-facts.ts';

/** Some addresses; a set of their texts is one. */
export interface AddressGroup {
  has(address: string): boolean;
}

/** A BPF programme that sees packets before IP does. */
export interface PacketProgram {
  /** "xdp", "xdpgeneric", "xdpoffload"; "tcx ingress", "tcx egress"; of a control group: "cgroup ingress", "cgroup egress". */
  readonly where: string;
  readonly id: number | null;
  readonly name: string | null;
}

/** A tc filter (or qdisc) that can drop packets. */
export interface TrafficFilter {
  readonly direction: 'ingress' | 'egress';
  /** "u32", "flower", "bpf", "matchall" … */
  readonly kind: string;
  /** As tc says it, in one line. */
  readonly text: string;
  /** It has an action that drops (`shot`), or a programme that may. */
  readonly canDrop: boolean;
  /** Packets that its actions dropped while it was watched; null when it has no counter. */
  readonly dropped: number | null;
}

export interface InterfaceAddress {
  readonly address: string;
  readonly prefixLength: number;
  /** "permanent", "tentative", "dadfailed", "deprecated": an address that is tentative or dadfailed answers nobody. */
  readonly state: string;
}

export interface InterfaceFacts {
  readonly name: string;
  readonly index: number;
  /** "ether", "loopback" … */
  readonly linkType: string;
  /** "veth", "bridge", "vlan", "bond" …; null for a plain one. */
  readonly kind: string | null;
  readonly mac: string | null;
  readonly mtu: number;
  /** As /sys/class/net/NAME/operstate: "up", "down", "lowerlayerdown", "unknown" … */
  readonly operState: string;
  readonly isPromiscuous: boolean;
  /** Bridge, bond or VRF that it belongs to. */
  readonly master: string | null;
  readonly addresses: readonly InterfaceAddress[];
  /** The reverse path filter in effect: the greater one of conf.all and conf.NAME. 0 none, 1 strict, 2 loose (Documentation/networking/ip-sysctl.rst). */
  readonly reversePathFilter: Fact<number>;
  /** conf.NAME.accept_local: packets with a source address of this host are taken. */
  readonly acceptLocal: Fact<number>;
  /** Drops by the reverse path filter are written into the kernel's log: conf.all or conf.NAME. */
  readonly logMartians: Fact<number>;
  /** Counters of /sys/class/net/NAME/statistics that moved: rx_dropped, rx_missed_errors, tx_dropped … */
  readonly moved: Fact<Readonly<Record<string, number>>>;
  /** Counters of the driver (ethtool -S) whose names tell of drops or errors, and that moved. */
  readonly driver: Fact<Readonly<Record<string, number>>>;
  readonly programs: Fact<readonly PacketProgram[]>;
  readonly filters: Fact<readonly TrafficFilter[]>;
}

/** The way of a SYN-ACK to a client. */
export interface ReturnWay {
  readonly client: string;
  /** The address of this host that answers; null: whichever the kernel takes. */
  readonly local: string | null;
  /** The interface on which the client's packets came in, when it is known. */
  readonly cameInOn: string | null;
  readonly route: Fact<{
    /** "unicast", "local", "unreachable", "blackhole", "prohibit" … */
    readonly type: string;
    readonly interface: string | null;
    readonly gateway: string | null;
    readonly source: string | null;
    readonly table: string | null;
  }>;
  /** State of the next hop: REACHABLE, STALE, DELAY, PROBE, INCOMPLETE, FAILED, PERMANENT, NOARP; null when the kernel has no entry. */
  readonly neighbour: Fact<{ readonly address: string; readonly state: string | null; readonly mac: string | null }>;
  /** Whether the reverse path filter of `cameInOn` lets the client's packets in: what the kernel's own route lookup says of them. null when it isn't known where they came in. */
  readonly admitted: Fact<boolean | null>;
}

/** Connection tracking over the time that was watched (/proc/net/stat/nf_conntrack, all processors; net/netfilter/nf_conntrack_standalone.c). */
export interface ConntrackFacts {
  readonly count: number;
  readonly max: number;
  /** No room for a new connection: the table was full. */
  readonly drop: number;
  readonly earlyDrop: number;
  /** Two packets made the same entry. */
  readonly insertFailed: number;
  readonly invalid: number;
  readonly clashResolved: number;
}

/** Settings by their names (`net.ipv4.tcp_syncookies`), each as sysctl prints it; one that this kernel does not have is left out. */
export type Settings = Readonly<Record<string, Fact<string>>>;
