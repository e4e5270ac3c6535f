/** What is measured against what. A further peer is a further entry in `PEERS`. */
import { accessSync, constants } from 'node:fs';
import path from 'node:path';
import { commandFile } from '../test/support/paths.ts';

export interface Program {
  readonly name: string;
  command(file: string): readonly string[];
}

export interface Peer extends Program {
  /** What it does, of what tripod does. */
  readonly does: string;
  /** What must be there to run it. */
  readonly programs: readonly string[];
  /** The Debian packages that have them; null for a package of npm, which `npm ci` installs. */
  readonly debian: string | null;
  /** The captures that it is measured on. */
  readonly captures: readonly string[];
  /** Slow peers get this part of the capture. */
  readonly part: number;
}

const here = import.meta.dirname;

export const TRIPOD: Program = {
  name: 'tripod',
  command: (file) => [...tripod(file), '--limit', '0', '--out', '/dev/null'],
};
/** The same run, with its answer on standard output. */
export const answering = (file: string): readonly string[] => [...tripod(file), '--limit', '0'];

/** With room for more attempts than usual. */
export const TRIPOD_ROOMY: Program = {
  name: 'tripod --max-open 2000000',
  command: (file) => [...TRIPOD.command(file), '--max-open', '2000000'],
};

const FILTER = 'tcp[tcpflags]&tcp-syn!=0';
const STORED = ['small', 'bulk', 'flood', 'mixed'];
const PLAIN = ['small', 'bulk'];

export const TRIPOD_ALL: Peer = {
  name: 'tripod, all records written',
  does: 'the same, and one JSON record an attempt',
  command: (file) => [...tripod(file), '--out', '/dev/null'],
  programs: [],
  debian: null,
  captures: STORED,
  part: 0.25,
};

export const PEERS: readonly Peer[] = [
  TRIPOD_ALL,
  {
    name: `tcpdump '${FILTER}'`,
    does: 'filters; reconstructs nothing',
    command: (file) => ['tcpdump', '-r', file, '-w', '/dev/null', FILTER],
    programs: ['tcpdump'],
    debian: 'tcpdump',
    captures: STORED,
    part: 1,
  },
  decompressing('gzip', 'gz'),
  decompressing('zstd', 'zst'),
  {
    name: 'tshark -z conv,tcp',
    does: 'counts each conversation',
    command: (file) => ['tshark', '-q', '-z', 'conv,tcp', '-r', file],
    programs: ['tshark'],
    debian: 'tshark',
    captures: PLAIN,
    part: 1 / 16,
  },
  {
    name: 'tshark tcp.completeness',
    does: 'tells which handshakes are whole',
    command: (file) => ['tshark', '-2', '-T', 'fields', '-e', 'tcp.stream', '-e', 'tcp.completeness', '-r', file],
    programs: ['tshark'],
    debian: 'tshark',
    captures: STORED,
    part: 1 / 16,
  },
  {
    name: 'tcptrace',
    does: 'summarises each connection',
    command: (file) => ['tcptrace', '-n', file],
    programs: ['tcptrace'],
    debian: 'tcptrace',
    captures: PLAIN,
    part: 0.25,
  },
  {
    name: 'argus | ra',
    does: 'records each flow, with its state',
    command: (file) => ['sh', '-c', 'argus -r "$1" -w - | ra -r - -n', 'sh', file],
    programs: ['argus', 'ra'],
    debian: 'argus-server argus-client',
    captures: PLAIN,
    part: 0.25,
  },
  {
    name: 'npm pcap-parser',
    does: 'reads records and counts them',
    command: (file) => [process.execPath, '--no-deprecation', path.join(here, 'count-with-pcap-parser.js'), file],
    programs: [],
    debian: null,
    captures: PLAIN,
    part: 0.25,
  },
];

/** What people do with a compressed capture: the filter again, behind a pipe. */
function decompressing(program: string, capture: string): Peer {
  return {
    name: `${program} -dc | tcpdump '${FILTER}'`,
    does: 'filters; reconstructs nothing',
    command: (file) => ['sh', '-c', `${program} -dc "$1" | tcpdump -r - -w /dev/null "$2"`, 'sh', file, FILTER],
    programs: [program, 'tcpdump'],
    debian: `${program} tcpdump`,
    captures: [capture],
    part: 1,
  };
}

/** Whether its programs can be run here. */
export function isInstalled(peer: Peer): boolean {
  const folders = (process.env['PATH'] ?? '').split(path.delimiter);
  return peer.programs.every((name) => folders.some((folder) => isExecutable(path.join(folder, name))));
}

function tripod(file: string): readonly string[] {
  return [process.execPath, commandFile, 'analyze', file, '--format', 'json'];
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
