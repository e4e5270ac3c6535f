/**
 * One whole process, as a user runs it, and what it cost.
 *
 * - Time: this process's monotonic clock, from the start of the shell that starts it to the end of that shell.
 * - CPU: what the shell's `times` (POSIX) says of its children: user and system, of all their threads, in steps of 10 ms.
 * - Memory: `VmHWM` of /proc/PID/status, the kernel's own high-water mark of resident memory, read every 10 ms; of a pipeline the sum of its
 *   processes' marks. It can only miss what a process grows in its last 10 ms. null where there is no /proc.
 *
 * GNU time is not everywhere, and Node tells no usage of a child.
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

export interface Run {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakBytes: number | null;
}

const POLL_MILLISECONDS = 10;

/** Descriptor 3 is ours: the process's id, then the times. */
const SHELL = `"$@" 3>&- &
echo $! >&3
wait $!
code=$?
times >&3
exit $code`;

/** Standard output goes to /dev/null. @throws when the command can't be run or ends with another code than 0. */
export function runProcess(command: readonly string[]): Promise<Run> {
  return new Promise((resolve, reject) => {
    const began = process.hrtime.bigint();
    const child = spawn('sh', ['-c', SHELL, 'sh', ...command], { stdio: ['ignore', 'ignore', 'pipe', 'pipe'] });
    let errors = '';
    let told = '';
    const marks = new Map<number, number>();
    const poll = setInterval(() => markHighWater(Number.parseInt(told, 10), marks), POLL_MILLISECONDS);
    child.stderr?.on('data', (text) => {
      errors = `${errors}${text}`.slice(-2000);
    });
    child.stdio[3]?.on('data', (text) => {
      told += text;
    });
    child.on('error', reject);
    child.on('close', (code) => {
      clearInterval(poll);
      const seconds = Number(process.hrtime.bigint() - began) / 1e9;
      const peakBytes = marks.size === 0 ? null : [...marks.values()].reduce((sum, bytes) => sum + bytes, 0);
      if (code === 0) resolve({ seconds, cpuSeconds: childTimes(told), peakBytes });
      else reject(new Error(`${command.join(' ')}\nended with ${code}: ${errors}`));
    });
  });
}

/** Notes the process's mark and those of its children, in octets, by their ids. */
export function markHighWater(pid: number, marks: Map<number, number>): void {
  try {
    const match = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'));
    if (match !== null) marks.set(pid, Number(match[1]) * 1024);
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1');
    for (const child of children.split(' ').filter((word) => word !== '')) markHighWater(Number(child), marks);
  } catch {
    // The process is not there: not yet, or not any more.
  }
}

/** The second line of `times` is that of the children: "0m1.230000s 0m0.120000s", user and system. */
function childTimes(told: string): number {
  const line = told.trimEnd().split('\n').at(-1) ?? '';
  let seconds = 0;
  for (const [, minutes, rest] of line.matchAll(/(\d+)m([\d.]+)s/g)) seconds += Number(minutes) * 60 + Number(rest);
  return seconds;
}
