/** How long the command takes to start, beside a Node that does nothing: in turns, as ratios of neighbours. */
import path from 'node:path';
import { commandFile, fixturesFolder } from '../../test/support/paths.ts';
import { median } from './median.ts';
import { runProcess } from './run-process.ts';

export interface StartUp {
  readonly what: string;
  readonly milliseconds: number;
  /** Times as long as `node -e 0`: the median over the rounds, and its least and most. */
  readonly ratio: number;
  readonly leastRatio: number;
  readonly mostRatio: number;
}

const TINY = path.join(fixturesFolder, 'kernel/accept_queue_full/server.pcap');
const NOTHING = [process.execPath, '-e', '0'];
const STARTS = [
  { what: 'tripod --help', command: [process.execPath, commandFile, '--help'] },
  { what: 'tripod analyze, 14 packets, table', command: [process.execPath, commandFile, 'analyze', TINY] },
  {
    what: 'tripod analyze, 14 packets, json',
    command: [process.execPath, commandFile, 'analyze', TINY, '--format', 'json'],
  },
] as const;

export async function startUp(rounds: number): Promise<StartUp[]> {
  const times = STARTS.map((): { seconds: number; ratio: number }[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const [index, { command }] of STARTS.entries()) {
      const nothing = await runProcess(NOTHING);
      const { seconds } = await runProcess(command);
      times[index]?.push({ seconds, ratio: seconds / nothing.seconds });
    }
  }
  return STARTS.map(({ what }, index) => {
    const taken = times[index] ?? [];
    const ratios = taken.map(({ ratio }) => ratio);
    return {
      what,
      milliseconds: median(taken.map(({ seconds }) => seconds)) * 1000,
      ratio: median(ratios),
      leastRatio: Math.min(...ratios),
      mostRatio: Math.max(...ratios),
    };
  });
}
