/**
 * How long one waits while a flood of SYNs passes, each of another client and none answered: for the line of a connection that is refused meanwhile, for the report at SIGUSR1, and after Ctrl-C
 * for the report and the end.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { commandFile } from '../../test/support/paths.ts';
import type { Running } from '../../test/support/running.ts';
import { median } from '../measure/median.ts';
import { onTimedLines } from './timed-lines.ts';
import { Wire } from './wire.ts';

const SECONDS = 5;
const REFUSALS_PER_SECOND = 10;
const ASKED_AFTER_MILLIS = 3000;
const REPORT = 'Self-check';

/** @param link interface that is captured on: `w`, or `any` */
export async function measureFlooded(perSecond: number, link: string): Promise<string> {
  const wire = new Wire();
  try {
    const words = [commandFile, 'live', '-i', link, '--port', '80,81', '--format', 'table'];
    const capturing = wire.capture(process.execPath, words);
    const millis = lineLatencies(capturing);
    await capturing.says(/capturing on/);
    const flood = wire.send('syns', perSecond, perSecond * SECONDS);
    const refusals = wire.send('refusals', REFUSALS_PER_SECOND, REFUSALS_PER_SECOND * (SECONDS - 1));
    await wait(ASKED_AFTER_MILLIS);
    const shown = await reportAfter(capturing, 'SIGUSR1', 1);
    await refusals;
    const told = millis.length;
    const ended = await reportAfter(capturing, 'SIGINT', 2);
    await capturing.ended();
    await flood;
    const sorted = [...millis].sort((a, b) => a - b);
    return `${told} of ${REFUSALS_PER_SECOND * (SECONDS - 1)} lines came, median ${median(sorted).toFixed(1)} ms, most ${sorted.at(-1)?.toFixed(1)}; report at SIGUSR1 after ${shown.toFixed(0)} ms, after Ctrl-C ${ended.toFixed(0)} ms`;
  } finally {
    wire.close();
  }
}

/** Of the lines of refused connections, as they come: the RST follows its SYN at once, and the line begins with the time of that. */
function lineLatencies(capturing: Running): readonly number[] {
  const millis: number[] = [];
  onTimedLines(capturing, (line, now) => {
    const time = /^(\S+Z) #\d+ .*\(refused\)/.exec(line)?.[1];
    if (time !== undefined) millis.push(now - Date.parse(time));
  });
  return millis;
}

/** Milliseconds until it has printed so many reports. */
async function reportAfter(capturing: Running, signal: NodeJS.Signals, reports: number): Promise<number> {
  const asked = performance.now();
  capturing.child.kill(signal);
  await capturing.says(new RegExp(`(?:${REPORT}[^]*){${reports}}`));
  return performance.now() - asked;
}
