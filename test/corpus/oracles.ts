/**
 * The captures of other projects that lie beside this one, and what other tools say of them: one JSON line per capture, connection or test. Types name only
 * the fields that are compared; the corpus' own README says how the files were made and how far to trust them.
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { projectRoot } from '../support/paths.ts';

/** TRIPOD_CORPUS names another place. */
export const corpusFolder = path.resolve(projectRoot, process.env['TRIPOD_CORPUS'] ?? '../shared/corpus');
export const capturesFolder = path.join(corpusFolder, 'captures');

/** A capture as `tshark -2` and a reader of its container see it. */
export interface TsharkCapture {
  /** Path below the folder of captures, which begins with owner+repository. */
  readonly file: string;
  readonly format: 'pcap' | 'pcapng';
  readonly compression: 'gz' | 'zst' | null;
  readonly resolution: string;
  readonly linktypes: readonly number[];
  readonly damage: string | null;
  readonly tsharkError: string | null;
  readonly packets: number;
  /** Packets that match tshark's filter `tcp`, which TCP headers quoted in ICMP errors do as well, unless the oracle left them out. */
  readonly tcpPackets: number;
  readonly streams: readonly TsharkStream[];
}

/** One stream, counted packet by packet: `null` frames are "there is none". */
export interface TsharkStream {
  readonly stream: number;
  readonly client: string;
  readonly client_port: number;
  readonly server: string;
  readonly server_port: number;
  readonly role_by: 'first-syn' | 'first-synack' | 'first-packet';
  readonly packets: number;
  readonly first_frame: number;
  readonly syn_count: number;
  readonly syn_distinct_seq: number;
  readonly synack_count: number;
  readonly client_ack_exact_frame: number | null;
  readonly client_ack_later_frame: number | null;
  readonly legs_derived: { readonly syn: boolean; readonly synack: boolean; readonly ack: boolean };
}

/** A line of a conn.log that Zeek's own tests expect. */
export interface ZeekConnection {
  readonly test: string;
  /** Path of the expected log in Zeek's repository. */
  readonly baseline: string;
  readonly trace_paths: readonly string[];
  readonly uid: string;
  readonly orig_h: string;
  readonly orig_p: number;
  readonly resp_h: string;
  readonly resp_p: number;
  readonly conn_state: string;
  /** Letters in order: capitals are the originator's (S SYN, H SYN-ACK, A ACK, D data, F FIN, R RST), small ones the responder's. */
  readonly history: string;
}

export interface ArkimeTest {
  readonly test: string;
  readonly pcap: string;
  readonly sessions: readonly ArkimeSession[];
}

export interface ArkimeSession {
  readonly src: string;
  readonly sport: number;
  readonly dst: string;
  readonly dport: number;
  readonly tcpflags: { readonly syn: number; readonly 'syn-ack': number };
}

export interface SuricataTest {
  readonly test: string;
  readonly pcap: string;
  readonly checks: readonly SuricataCheck[];
}

export interface SuricataCheck {
  readonly count?: number;
  readonly match?: Readonly<Record<string, unknown>>;
  readonly stats?: Readonly<Record<string, unknown>>;
  readonly rule?: string;
}

export interface Oracles {
  readonly tshark: readonly TsharkCapture[];
  readonly zeek: readonly ZeekConnection[];
  readonly arkime: readonly ArkimeTest[];
  readonly suricata: readonly SuricataTest[];
}

/** @throws when the corpus isn't there: who asks for it by name shall not be told that all is well. */
export function readOracles(): Oracles {
  if (!existsSync(path.join(corpusFolder, 'oracle.jsonl'))) {
    throw new Error(
      `the corpus is not at ${corpusFolder}: put its captures and oracle files there, or name their folder in TRIPOD_CORPUS`,
    );
  }
  return {
    tshark: readLines<TsharkCapture>('oracle.jsonl'),
    zeek: readLines<ZeekConnection>('zeek-oracle.jsonl'),
    arkime: readLines<ArkimeTest>('arkime-oracle.jsonl'),
    suricata: readLines<SuricataTest>('suricata-oracle.jsonl'),
  };
}

function readLines<T>(name: string): T[] {
  const lines = readFileSync(path.join(corpusFolder, name), 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as T);
}
