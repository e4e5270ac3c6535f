/** Two network namespaces joined by a veth pair, a fast sender in one of them, and whatever captures in the other. Needs root, ip and gcc. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { projectRoot } from '../../test/support/paths.ts';
import { Running } from '../../test/support/running.ts';

export type SenderMode = 'syns' | 'refusals' | 'handshakes';

export interface Sent {
  readonly segments: number;
  readonly seconds: number;
  /** Handshakes by what becomes of them: see sender.c. */
  readonly kinds: readonly number[];
}

/** What is missing on this machine, as a sentence; null when nothing is. */
export function missingHere(): string | null {
  if (process.getuid?.() !== 0) return 'it makes network namespaces and captures in them: run it as root';
  for (const [command, why] of [
    ['ip', 'iproute2, for network namespaces'],
    ['gcc', 'gcc and libc6-dev, to compile bench/live/sender.c'],
    ['tcpdump', 'tcpdump, to compare with'],
    ['ethtool', 'ethtool, to have segments pass one by one'],
  ] as const) {
    try {
      execFileSync('sh', ['-c', `command -v ${command}`], { stdio: 'ignore' });
    } catch {
      return `it needs ${why}`;
    }
  }
  return null;
}

export class Wire {
  readonly folder = mkdtempSync(path.join(os.tmpdir(), 'tripod-bench-live-'));
  private readonly near = `tri-bench-${process.pid}-n`;
  private readonly far = `tri-bench-${process.pid}-f`;
  private readonly children = new Set<ChildProcess>();

  constructor() {
    execFileSync('gcc', ['-O2', '-o', this.sender, path.join(projectRoot, 'bench/live/sender.c')]);
    for (const namespace of [this.near, this.far]) run('ip', 'netns', 'add', namespace);
    run('ip', 'link', 'add', 'w', 'netns', this.near, 'type', 'veth', 'peer', 'name', 'w', 'netns', this.far);
    for (const namespace of [this.near, this.far]) run('ip', '-n', namespace, 'link', 'set', 'w', 'up');
  }

  /** A process on the far side. */
  capture(command: string, words: readonly string[]): Running {
    const child = spawn('ip', ['netns', 'exec', this.far, command, ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.children.add(child);
    return new Running(child);
  }

  /** A process on the near side. */
  start(command: string, words: readonly string[]): ChildProcess {
    const child = spawn('ip', ['netns', 'exec', this.near, command, ...words], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    this.children.add(child);
    return child;
  }

  /** Gives both sides an IPv4 address of one /24. */
  address(near: string, far: string): void {
    run('ip', '-n', this.near, 'addr', 'add', `${near}/24`, 'dev', 'w');
    run('ip', '-n', this.far, 'addr', 'add', `${far}/24`, 'dev', 'w');
  }

  /** What the far side sends passes segment by segment. */
  segmentInSoftware(): void {
    run('ip', 'netns', 'exec', this.far, 'ethtool', '-K', 'w', 'tso', 'off', 'gso', 'off');
  }

  /** @param rate SYNs, refusals or handshakes a second; 0: as fast as it goes */
  async send(mode: SenderMode, rate: number, count: number): Promise<Sent> {
    const words = ['netns', 'exec', this.near, this.sender, 'w', mode, String(rate), String(count)];
    const child = spawn('ip', words, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.children.add(child);
    let said = '';
    child.stdout.on('data', (text) => {
      said += text;
    });
    const [code] = await once(child, 'close');
    if (code !== 0) throw new Error(`the sender ended with ${code}`);
    return JSON.parse(said);
  }

  close(): void {
    for (const child of this.children) child.kill('SIGKILL');
    for (const namespace of [this.near, this.far]) {
      try {
        execFileSync('ip', ['netns', 'del', namespace], { stdio: 'ignore' });
      } catch {
        // It was not made.
      }
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  private get sender(): string {
    return path.join(this.folder, 'sender');
  }
}

function run(command: string, ...words: readonly string[]): void {
  execFileSync(command, words, { stdio: ['ignore', 'ignore', 'inherit'] });
}
