/**
 * How long after its packet a verdict can be read from the pipe: connections that are refused, ten a second, nothing else. The RST's time is the kernel's own stamp. Once with a server of this host,
 * whose kernel refuses and whose facts are read beside it, as on a server; once with segments that pass by.
 */
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { commandFile } from '../../test/support/paths.ts';
import { median } from '../measure/median.ts';
import { onTimedLines } from './timed-lines.ts';
import { Wire } from './wire.ts';

const PER_SECOND = 10;
const PORT = 81;
const [SERVER, CLIENT] = ['10.9.0.2', '10.9.0.1'] as const;
const SETTLE_MILLIS = 500;

export interface Latencies {
  /** Verdicts that came, and those that had to. */
  readonly came: number;
  readonly of: number;
  /** Milliseconds. */
  readonly median: number;
  readonly p99: number;
  readonly most: number;
}

export async function measureLatency(count: number, server: 'of this host' | 'of another'): Promise<Latencies> {
  const wire = new Wire();
  try {
    wire.address(CLIENT, SERVER);
    const words = [commandFile, 'live', '-i', 'w', '--port', String(PORT), '--format', 'ndjson'];
    const capturing = wire.capture(process.execPath, words);
    const millis: number[] = [];
    onTimedLines(capturing, (line, now) => {
      const { revision, reset } = JSON.parse(line);
      if (revision === 0 && reset?.from === 'server') millis.push(now - Number(reset.time) * 1000);
    });
    await capturing.says(/capturing on/);
    if (server === 'of another') await wire.send('refusals', PER_SECOND, count);
    else await once(wire.start(process.execPath, ['--eval', connects(count)]), 'close');
    await wait(SETTLE_MILLIS);
    await capturing.interrupt();
    const sorted = millis.sort((a, b) => a - b);
    return {
      came: sorted.length,
      of: count,
      median: median(sorted),
      p99: sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN,
      most: sorted.at(-1) ?? Number.NaN,
    };
  } finally {
    wire.close();
  }
}

function connects(count: number): string {
  return `
let left = ${count};
const timer = setInterval(() => {
  require('net').connect(${PORT}, '${SERVER}').on('error', () => {});
  if (--left === 0) clearInterval(timer);
}, ${1000 / PER_SECOND})`;
}
