/** The bar on standard error while a long file is read. Called between chunks, draws a few times a second, costs nothing per packet. */
import { count, duration, octets } from '../report/render/text.ts';
import type { Context } from './context.ts';

/** Milliseconds: short files finish before the bar shows. */
const FIRST_AFTER = 500;
const BETWEEN = 200;
const BAR_WIDTH = 20;
const CLEAR_LINE = '\r\u001b[K';

export interface Progress {
  update(bytesDone: number, bytesTotal: number | null, packets: number): void;
  /** Takes the bar off the screen. */
  clear(): void;
}

export function createProgress(context: Context, wanted: boolean): Progress {
  if (!wanted || !context.stderr.isTTY) return { update: () => undefined, clear: () => undefined };
  const start = context.now();
  let next = start + FIRST_AFTER;
  let isDrawn = false;
  const draw = (text: string): void => {
    context.stderr.write(text);
    context.stderr.flush();
  };
  return {
    update(bytesDone, bytesTotal, packets) {
      const now = context.now();
      if (now < next) return;
      next = now + BETWEEN;
      isDrawn = true;
      const width = (context.stderr.columns ?? 80) - 1;
      draw(`${CLEAR_LINE}${progressLine(bytesDone, bytesTotal, packets, (now - start) / 1000).slice(0, width)}`);
    },
    clear() {
      if (isDrawn) draw(CLEAR_LINE);
      isDrawn = false;
    },
  };
}

/** " 43% [#########...........] 1.20 GB of 2.80 GB, 5,100,000 packets/s, 12 s left"; without a total what was read so far. */
export function progressLine(bytesDone: number, bytesTotal: number | null, packets: number, seconds: number): string {
  const rate = `${count(Math.round(packets / Math.max(seconds, 1e-3)))} packets/s`;
  if (bytesTotal === null || bytesTotal === 0) return `${octets(bytesDone)} read, ${count(packets)} packets, ${rate}`;
  const share = Math.min(1, bytesDone / bytesTotal);
  const filled = Math.floor(share * BAR_WIDTH);
  const bar = '#'.repeat(filled) + '.'.repeat(BAR_WIDTH - filled);
  const left = share > 0 ? `, ${duration(Math.ceil((seconds * (1 - share)) / share))} left` : '';
  return `${String(Math.floor(share * 100)).padStart(3)}% [${bar}] ${octets(bytesDone)} of ${octets(bytesTotal)}, ${rate}${left}`;
}
