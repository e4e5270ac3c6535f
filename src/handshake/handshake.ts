/**
 * The record of one attempt to open a TCP connection: plain, owned data that JSON can hold. Its names are a contract with
 * other programs (docs/record.md); add freely, rename nothing.
 */

/** docs/record.md, "Legs": how sure it is that a leg was there. */
export type Grade = 'accepted' | 'seen' | 'ignored' | 'inferred' | 'not-seen';

/** In the order of the numbers in verdict.ts. */
export const VERDICTS = [
  'complete',
  'no-syn',
  'no-syn-ack',
  'refused',
  'rejected',
  'challenged',
  'no-ack',
  'ack-ignored',
  'ack-rejected',
  'client-reset',
  'undecided',
] as const;
export type VerdictName = (typeof VERDICTS)[number];

export const LEGS = ['syn', 'syn-ack', 'ack'] as const;
export type LegName = (typeof LEGS)[number];

export interface Endpoint {
  /** Canonical text: dotted quad, or RFC 5952. */
  readonly address: string;
  readonly port: number;
}

export interface Leg {
  readonly grade: Grade;
  /** Transmissions, copies of a frame left out. */
  readonly count: number;
  /** Epoch seconds with all the digits that the capture has; null when not seen. */
  readonly first: string | null;
  readonly last: string | null;
  /** Packet numbers in the file, from 1; at most `FRAMES_LISTED` of them (the first ones). */
  readonly frames: readonly number[];
  /** For each of `frames` its time, as `first` is written. */
  readonly times?: readonly string[];
  /** Only when several files were read as one capture: for each of `frames` the index of its file in `capture.sources`. */
  readonly files?: readonly number[];
}

export interface Reset {
  readonly from: 'server' | 'client';
  readonly time: string;
  readonly frame: number;
  readonly ttl: number;
  /** Set when the TTL does not fit that side's other packets. */
  readonly suspect: 'middlebox' | null;
}

export interface IcmpError {
  /** Address of the sender of the error. */
  readonly from: string;
  readonly type: number;
  readonly code: number;
  readonly meaning: string;
  readonly frame: number;
  /** Which leg the error quotes. */
  readonly quotes: 'syn' | 'syn-ack' | 'later';
}

export interface TunnelNote {
  readonly kind: string;
  readonly outer: readonly [string, string];
  readonly id: number | null;
}

/** Something that a SYN or SYN-ACK offered, and its copy not, or not so. null: not offered; a number for MSS (octets) and window scale (bits); else true. */
export interface OptionDifference {
  readonly option:
    | 'mss'
    | 'window-scale'
    | 'sack-permitted'
    | 'timestamps'
    | 'fast-open'
    | 'multipath'
    | 'signature'
    | 'ecn';
  readonly first: number | true | null;
  readonly again: number | true | null;
}

/** One packet that the capture has from two points, and that offers something else at the second: a box between them changed it. */
export interface OptionChange {
  readonly leg: 'syn' | 'syn-ack';
  /** Packet numbers: as it was recorded first, and again; of which files, as in `Leg`. */
  readonly frames: readonly [number, number];
  readonly files?: readonly [number, number];
  readonly options: readonly OptionDifference[];
}

export interface Diagnosis {
  readonly cause: string;
  readonly confidence: 'possible' | 'likely' | 'proven';
  readonly evidence: readonly string[];
  readonly advice: string;
}

export interface Handshake {
  /** From 1, in the order in which the attempts began. */
  readonly id: number;
  readonly revision: number;
  readonly client: Endpoint;
  readonly server: Endpoint;
  /** Unsigned 32-bit; null when not known. */
  readonly isn: { readonly client: number | null; readonly server: number | null };
  readonly verdict: VerdictName;
  readonly missingLeg: LegName | null;
  /** One plain sentence. */
  readonly reason: string;
  readonly legs: { readonly syn: Leg; readonly synAck: Leg; readonly ack: Leg };
  /** Seconds; from the first SYN to the first SYN-ACK, and from the first SYN-ACK to the third leg that served. null when unknown. */
  readonly latency: { readonly synToSynAck: number | null; readonly synAckToAck: number | null };
  readonly reset: Reset | null;
  readonly icmp: IcmpError | null;
  readonly tunnel: TunnelNote | null;
  /** VLAN identifier, the innermost when tags are stacked (then `vlans` has all); null when untagged. */
  readonly vlan: number | null;
  readonly vlans?: readonly number[];
  /** Only where a copy of the SYN or SYN-ACK offered something else. */
  readonly optionChanges?: readonly OptionChange[];
  /** Named oddities: docs/notes.md. */
  readonly notes: readonly string[];
  readonly diagnoses: readonly Diagnosis[];
}
