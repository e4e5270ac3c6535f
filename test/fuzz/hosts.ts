/** What a host says of a port, and a checkup that somebody kept: files of /proc and /sys, and a document, with broken and hostile text in them. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { isKnown, unknown } from '../../src/diagnosis/port-facts.ts';
import { concludeCheckup, fail, makeStep, parseCheckup, unseen } from '../../src/doctor/checkup.ts';
import { keptText } from '../../src/doctor/text.ts';
import { counterDeltas, readCounters } from '../../src/host/counters.ts';
import { readLimits, readPressure, readSoftnet } from '../../src/host/limits.ts';
import { findForeignListeners } from '../../src/host/namespaces.ts';
import { readProcSockets } from '../../src/host/proc-net-tcp.ts';
import { findOwners, lookAt, processFacts } from '../../src/host/processes.ts';
import { summarizeSockets } from '../../src/host/sockets.ts';
import { actingIn, HOSTILE_TEXTS } from '../support/hostile-text.ts';
import type { Choice } from './choice.ts';
import { mutateBytes } from './mutate.ts';

const TCP_LINES = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:1F90 00000000:0000 0A 00000000:00000002 00:00000000 00000000  1000        0 4711 1 0000000000000000 100 0 0 10 0
   1: 0200090A:1F90 0100090A:9C40 01 00000000:00000005 00:00000000 00000000     0        0 0 1 0000000000000000 20 4 30 10 -1
   2: 0000000000000000FFFF00000200090A:1F90 0000000000000000FFFF00000700090A:9C42 03 00000000:00000000 00:00000000 00000000 0 0 9 1 0
`;
const FILES: Readonly<Record<string, string>> = {
  'proc/self/net/tcp': TCP_LINES,
  'proc/self/net/tcp6': TCP_LINES,
  'proc/self/net/netstat':
    'TcpExt: SyncookiesSent ListenOverflows ListenDrops\nTcpExt: 1 2 3\nIpExt: InNoRoutes\nIpExt: 4\n',
  'proc/self/net/snmp': 'Tcp: RtoMin CurrEstab InSegs\nTcp: 200 5 10\n',
  'proc/net/softnet_stat': '00000001 00000002 00000003 00000000\n00000001 00000002 00000003 00000000\n',
  'proc/70/stat': '70 (odd) name) S 1 1 1 0 -1 4194304 99 0 0 0 49 1 0 0 20 0 2 0 100 1000 100',
  'proc/70/task/70/stat': '70 (odd) name) S 1 1 1 0 -1 4194304 99 0 0 0 19 1 0 0 20 0 2 0 100 1000 100',
  'proc/70/cmdline': 'serve\u0000--port\u00008080\u0000',
  'proc/70/comm': 'serve\n',
  'proc/70/status': 'Name:\todd\nUid:\t1000\t1000\t1000\t1000\nVmRSS:\t    2048 kB\n',
  'proc/70/limits':
    'Limit  Soft Limit  Hard Limit  Units\nMax open files            1024                 4096                 files\n',
  'proc/70/cgroup': '12:memory:/docker/abab\n0::/system.slice/serve.service\n',
  'proc/70/net/tcp': TCP_LINES,
  'proc/sys/net/core/somaxconn': '4096\n',
  'proc/sys/net/ipv4/tcp_max_syn_backlog': '1024\n',
  'proc/sys/net/ipv4/ip_local_port_range': '32768\t60999\n',
  'proc/pressure/cpu':
    'some avg10=1.50 avg60=0.70 avg300=0.17 total=1\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n',
  'sys/fs/cgroup/system.slice/serve.service/cpu.max': '50000 100000\n',
  'sys/fs/cgroup/system.slice/serve.service/cpu.stat': 'usage_usec 9\nnr_periods 100\nnr_throttled 40\n',
  'sys/fs/cgroup/system.slice/serve.service/memory.max': 'max\n',
};
const NAMES = Object.keys(FILES);

/** A recorded host in a folder of its own, until `remove`. */
export class HostFiles {
  private readonly folder = mkdtempSync(path.join(tmpdir(), 'tripod-fuzz-'));

  constructor() {
    for (const name of NAMES) {
      mkdirSync(path.dirname(path.join(this.folder, name)), { recursive: true });
      this.write(name, FILES[name] as string);
    }
    mkdirSync(path.join(this.folder, 'proc/70/fd'));
    mkdirSync(path.join(this.folder, 'proc/70/ns'));
    symlinkSync('socket:[4711]', path.join(this.folder, 'proc/70/fd/5'));
    symlinkSync('net:[2]', path.join(this.folder, 'proc/70/ns/net'));
  }

  /** One file says this; every fact is read; the file is as it was. */
  async put({ name, bytes }: HostFile): Promise<void> {
    this.write(name, bytes);
    const root = {
      proc: path.join(this.folder, 'proc'),
      sys: path.join(this.folder, 'sys'),
      run: async (command: string) => unknown(`${command} is not here`),
    };
    const sockets = readProcSockets(root, 'self', 8080);
    const counters = readCounters(root);
    const facts = [
      isKnown(sockets) ? summarizeSockets(sockets) : sockets,
      findOwners(root, new Set([4711])),
      await processFacts(root, 70, lookAt(root, 70), 0.2),
      isKnown(counters) ? counterDeltas(new Map(), counters) : counters,
      readLimits(root),
      readPressure(root),
      readSoftnet(root),
      findForeignListeners(root, 8080),
    ];
    assert.ok(JSON.stringify(facts).length > 0);
    this.write(name, FILES[name] as string);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }

  private write(name: string, content: string | Uint8Array): void {
    writeFileSync(path.join(this.folder, name), content);
  }
}

export interface HostFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export function hostFile(choice: Choice): HostFile {
  const name = choice.of(NAMES);
  const bytes = bytesOf(FILES[name] as string);
  if (choice.once(4)) return { name, bytes: bytesOf(choice.of(HOSTILE_TEXTS)) };
  return { name, bytes: mutateBytes(bytes, choice, bytesOf(FILES[choice.of(NAMES)] as string)) };
}

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

const STEPS = [
  makeStep('listener', [fail('accept-queue-full', 'the queue is full: 129 of 128', 'accept faster')], ['ss -ltn']),
  makeStep('sockets', [unseen('no-rights', 'the owner could not be seen')], []),
];
const CAUSE = {
  cause: 'accept-queue-full',
  confidence: 'proven' as const,
  evidence: ['129 of 128'],
  advice: 'accept faster',
};
const DOCUMENT = {
  tool: { name: 'tripod', version: '0' },
  target: { host: null, port: 80 },
  steps: STEPS,
  verdict: concludeCheckup({ host: null, port: 80 }, STEPS, 'ack', [CAUSE]),
};

/** A kept checkup with values of other kinds, hostile text, and broken JSON. */
export function checkupDocument(choice: Choice): Uint8Array {
  const text = JSON.stringify(changed(DOCUMENT, choice, 12));
  return choice.once(4) ? mutateBytes(bytesOf(text), choice, bytesOf(text)) : bytesOf(text);
}

const OTHERS = [null, true, 0, -1, 1e308, '', [], {}, [[[[[]]]]], { length: 4 }, ...HOSTILE_TEXTS] as const;

/** One in so many values is another one. */
export function changed(value: unknown, choice: Choice, inSoMany: number): unknown {
  if (choice.once(inSoMany)) return choice.of(OTHERS);
  if (Array.isArray(value)) return value.map((item) => changed(item, choice, inSoMany));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, changed(item, choice, inSoMany)]));
}

export function putCheckup(bytes: Uint8Array): void {
  const kept = parseCheckup(new TextDecoder().decode(bytes));
  if (kept === null) return;
  const text = keptText('folder', kept.steps, kept.verdict, { width: 80, colour: false });
  assert.equal(actingIn(text), null);
}
