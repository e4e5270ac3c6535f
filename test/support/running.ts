/** A running command, what it has said, and what it costs. Of one that is started with `ip netns exec`, the process is the command's own. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';

export class Running {
  readonly child: ChildProcess;
  stdout = '';
  stderr = '';
  private readonly closed: Promise<unknown>;
  private isClosed = false;

  constructor(child: ChildProcess) {
    this.child = child;
    child.stdout?.on('data', (text) => {
      this.stdout += text;
    });
    child.stderr?.on('data', (text) => {
      this.stderr += text;
    });
    this.closed = once(child, 'close').then(() => {
      this.isClosed = true;
    });
  }

  /** Resolves when it has said it, on standard output or standard error; rejects when it ends before. */
  async says(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.stdout) && !pattern.test(this.stderr)) {
      if (this.isClosed) throw new Error(`it ended without ${pattern}: ${this.stdout}${this.stderr}`);
      const streams = [this.child.stdout, this.child.stderr].filter((stream) => stream !== null);
      await Promise.race([...streams.map((stream) => once(stream, 'data')), this.closed]);
    }
  }

  /** Its exit code, once it has ended and all that it said has come. */
  async ended(): Promise<number | null> {
    await this.closed;
    return this.child.exitCode;
  }

  /** Ends it with Ctrl-C; answers as `ended`. */
  interrupt(): Promise<number | null> {
    this.child.kill('SIGINT');
    return this.ended();
  }

  /** Seconds of processor time of it and its children, user and system; granularity 10 ms. */
  cpuSeconds(): number {
    const pids = [Number(this.child.pid), ...childrenOf(Number(this.child.pid))];
    return pids.reduce((sum, pid) => sum + cpuOf(pid), 0);
  }

  /** Resident memory, MiB. */
  residentMebi(): number {
    const status = readFileSync(`/proc/${this.child.pid}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? Number.NaN) / 1024;
  }
}

function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return text === '' ? [] : text.split(' ').map(Number);
}

/** /proc/PID/stat (proc(5)): behind the name in brackets, the 12th and 13th fields, in ticks of 1/100 s. */
function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
