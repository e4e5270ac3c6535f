/**
 * The report on one capture: plain, owned data; docs/record.md describes each name, which is a contract with other programs.
 * The records of the attempts are not in it: they are streamed beside it (ten million of them are no reason for memory).
 */
import type { Diagnosis, LegName, VerdictName } from '../handshake/handshake.ts';

export interface SourceSummary {
  readonly name: string;
  readonly format: 'pcap' | 'pcapng';
  readonly compression: 'none' | 'gzip' | 'zstd' | 'lz4';
  /** Names as libpcap has them (EN10MB, LINUX_SLL2, …), in the order of their first appearance. */
  readonly linkTypes: readonly string[];
  readonly packets: number;
  /** Octets of the capture after decompression. */
  readonly bytes: number;
  /** Epoch seconds with all the digits that the capture has; null when it has no packet. */
  readonly first: string | null;
  readonly last: string | null;
  readonly truncated: boolean;
  /** Why reading stopped before the end: what was expected and found, at which offset. null when it did not. */
  readonly damage: string | null;
  readonly warnings: readonly string[];
}

export interface CaptureSummary {
  readonly sources: readonly SourceSummary[];
  readonly tcpSegments: number;
  /** Frames judged to be copies of a handshake frame before them. */
  readonly duplicates: number;
  /** Connections of which only later segments were captured. */
  readonly midstream: number;
  /** Packets lost by the capture itself, as far as its statistics say; null when they say nothing. */
  readonly lost: { readonly kernel: number | null; readonly interface: number | null };
  readonly vantage: {
    readonly side: 'server' | 'client' | 'middle' | 'loopback' | 'unknown';
    readonly evidence: readonly string[];
  };
  /** What was not a TCP segment, by name (arp, udp, icmp, unknown link type 147, …), counted; most first. */
  readonly notTcp: Readonly<Record<string, number>>;
  /** ICMP errors that quote a TCP segment, and how many of them quote a SYN or SYN-ACK of the capture. */
  readonly icmpErrors: { readonly seen: number; readonly joined: number };
  /** Steps of the clock: how often a packet's time is earlier than its predecessor's on the same interface, or jumps ahead by more than a day. */
  readonly clock: {
    readonly backwardSteps: number;
    readonly forwardSteps: number;
    readonly largestBackwardSeconds: number;
  };
  /** Attempts given up before their end because too many were open. */
  readonly givenUp: number;
  /** Attempts of which the report does not speak, since --port, --server, --client, --since or --until leave them out; absent when there are none. */
  readonly leftOut?: number;
  /** Sentences on what this report leaves out. */
  readonly warnings: readonly string[];
}

/** Seconds. p50, p90 and p99 are exact up to 512 values, beyond that within 0.4 %. */
export interface Distribution {
  readonly count: number;
  readonly min: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}
/** `{}` when nothing was measured. */
export type MaybeDistribution = Distribution | Record<string, never>;

export interface ServerSummary {
  readonly address: string;
  readonly port: number;
  /** Distinct client addresses. */
  readonly clients: number;
  readonly attempts: number;
  /** Attempts whose SYN / SYN-ACK / third leg is in the capture or inferred. */
  readonly synReceived: number;
  readonly synAckSent: number;
  readonly ackReceived: number;
  /** The missing leg of this endpoint: the earliest one that is missing in most of its failed attempts; "syn" for an asked-for endpoint that saw
   * no SYN; null when no attempt lacks a leg. */
  readonly missingLeg: LegName | null;
  readonly byVerdict: Readonly<Partial<Record<VerdictName, number>>>;
  readonly latency: { readonly synToSynAck: MaybeDistribution; readonly synAckToAck: MaybeDistribution };
  /** True when it was named with --server or --port. */
  readonly asked: boolean;
  /** For an asked-for endpoint without a SYN: what shows that the capture was alive, or that nothing does. */
  readonly findings: readonly string[];
  readonly diagnoses: readonly Diagnosis[];
}

export interface Summary {
  readonly attempts: number;
  readonly complete: number;
  readonly byVerdict: Readonly<Partial<Record<VerdictName, number>>>;
  readonly byMissingLeg: Readonly<Record<LegName, number>>;
}

export interface Report {
  readonly tool: { readonly name: 'tripod'; readonly version: string };
  readonly capture: CaptureSummary;
  readonly summary: Summary;
  readonly servers: readonly ServerSummary[];
}
