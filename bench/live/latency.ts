/** How long after its packet a verdict can be read from the pipe: refused connections, ten a second, nothing else. */
import { setTimeout as wait } from 'node:timers/promises';
import { commandFile } from '../../test/support/paths.ts';
import { median } from '../measure/median.ts';
import { Wire } from './wire.ts';

const PER_SECOND = 10;
const SETTLE_MILLIS = 500;

export async function measureLatency(count: number): Promise<string> {
  const wire = new Wire();
  try {
    const words = [commandFile, 'live', '-i', 'w', '--port', '81', '--format', 'ndjson'];
    const capturing = wire.capture(process.execPath, words);
    const millis: number[] = [];
    capturing.child.stdout?.on('data', (text) => {
      const now = performance.timeOrigin + performance.now();
      for (const line of String(text).split('\n')) {
        const reset = /"reset":\{"from":"server","time":"([\d.]+)"/.exec(line)?.[1];
        if (reset !== undefined) millis.push(now - Number(reset) * 1000);
      }
    });
    await capturing.says(/capturing on/);
    await wire.send('refusals', PER_SECOND, count);
    await wait(SETTLE_MILLIS);
    await capturing.interrupt();
    const sorted = millis.sort((a, b) => a - b);
    const worst = sorted.at(-1)?.toFixed(1);
    const high = sorted[Math.floor(sorted.length * 0.99)]?.toFixed(1);
    return `${sorted.length} of ${count} came, median ${median(sorted).toFixed(1)} ms, p99 ${high}, most ${worst}`;
  } finally {
    wire.close();
  }
}
