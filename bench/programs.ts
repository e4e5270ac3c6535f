/** What is measured against what. A further peer is a further entry in `PEERS`. */
import { accessSync, constants } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { commandFile } from '../test/support/paths.ts';

export interface Program {
  readonly name: string;
  command(file: string): readonly string[];
}

export interface Peer extends Program {
  /** What it does, of what tripod does. */
  readonly does: string;
  /** The Debian package that has it; null for a package of npm, which `npm ci` installs. */
  readonly debian: string | null;
  /** Slow peers get this part of the capture. */
  readonly part: number;
  /** Slow peers run no more often than this. */
  readonly mostRuns: number;
}

const here = import.meta.dirname;

export const TRIPOD: Program = {
  name: 'tripod',
  command: (file) => [...tripod(file), '--limit', '0', '--out', '/dev/null'],
};
/** The same run, with its answer on standard output. */
export const answering = (file: string): readonly string[] => [...tripod(file), '--limit', '0'];

export const TRIPOD_ALL: Peer = {
  name: 'tripod, all records written',
  does: 'the same, and one JSON record an attempt',
  command: (file) => [...tripod(file), '--out', '/dev/null'],
  debian: null,
  part: 1,
  mostRuns: 5,
};

export const PEERS: readonly Peer[] = [
  TRIPOD_ALL,
  {
    name: "tcpdump 'tcp[tcpflags]&tcp-syn!=0'",
    does: 'filters; reconstructs nothing',
    command: (file) => ['tcpdump', '-r', file, '-w', '/dev/null', 'tcp[tcpflags]&tcp-syn!=0'],
    debian: 'tcpdump',
    part: 1,
    mostRuns: 5,
  },
  {
    name: 'tshark -z conv,tcp',
    does: 'counts each conversation',
    command: (file) => ['tshark', '-q', '-z', 'conv,tcp', '-r', file],
    debian: 'tshark',
    part: 0.25,
    mostRuns: 3,
  },
  {
    name: 'tshark tcp.completeness',
    does: 'tells which handshakes are whole',
    command: (file) => ['tshark', '-2', '-T', 'fields', '-e', 'tcp.stream', '-e', 'tcp.completeness', '-r', file],
    debian: 'tshark',
    part: 0.25,
    mostRuns: 3,
  },
  {
    name: 'tcptrace',
    does: 'summarises each connection',
    command: (file) => ['tcptrace', '-n', file],
    debian: 'tcptrace',
    part: 0.25,
    mostRuns: 3,
  },
  {
    name: 'npm pcap-parser',
    does: 'reads records and counts them',
    command: (file) => [process.execPath, '--no-deprecation', path.join(here, 'count-with-pcap-parser.js'), file],
    debian: null,
    part: 0.25,
    mostRuns: 3,
  },
];

/** Whether the program can be run here. */
export function isInstalled(peer: Peer): boolean {
  const [name = ''] = peer.command('');
  if (peer.debian !== null)
    return (process.env['PATH'] ?? '').split(path.delimiter).some((folder) => isExecutable(path.join(folder, name)));
  if (peer === TRIPOD_ALL) return true;
  try {
    createRequire(import.meta.url).resolve('pcap-parser');
    return true;
  } catch {
    return false;
  }
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
