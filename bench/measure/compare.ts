/** Two programs in turns on the same captures, and what came out, as ratios of packets a second. */
import type { Capture } from '../captures.ts';
import type { Peer, Program } from '../programs.ts';
import { median } from './median.ts';
import { type Run, runProcess } from './run-process.ts';

export interface Side {
  readonly packets: number;
  readonly runs: readonly Run[];
  readonly packetsPerSecond: number;
  /** Microseconds of user and system time for each packet. */
  readonly cpuMicrosPerPacket: number;
  readonly peakBytes: number | null;
}

export interface Comparison {
  readonly capture: string;
  readonly peer: string;
  readonly does: string;
  readonly tripod: Side;
  readonly other: Side;
  /** How many times as many packets a second tripod does: the median over the pairs, and its least and most. */
  readonly ratio: number;
  readonly leastRatio: number;
  readonly mostRatio: number;
}

/** A B A B …: neighbours in time share the state of the machine, so the ratio is taken of each pair. */
export async function compare(
  tripod: Program,
  whole: Capture,
  peer: Peer,
  part: Capture,
  runs: number,
): Promise<Comparison> {
  const ours: Run[] = [];
  const theirs: Run[] = [];
  for (let run = 0; run < runs; run++) {
    ours.push(await runProcess(tripod.command(whole.file)));
    theirs.push(await runProcess(peer.command(part.file)));
  }
  const ratios = ours.map(
    ({ seconds }, i) => whole.truth.packets / seconds / (part.truth.packets / (theirs[i] as Run).seconds),
  );
  return {
    capture: whole.name,
    peer: peer.name,
    does: peer.does,
    tripod: sideOf(ours, whole.truth.packets),
    other: sideOf(theirs, part.truth.packets),
    ratio: median(ratios),
    leastRatio: Math.min(...ratios),
    mostRatio: Math.max(...ratios),
  };
}

export function sideOf(runs: readonly Run[], packets: number): Side {
  const peaks = runs.flatMap(({ peakBytes }) => (peakBytes === null ? [] : [peakBytes]));
  return {
    packets,
    runs,
    packetsPerSecond: packets / median(runs.map(({ seconds }) => seconds)),
    cpuMicrosPerPacket: (median(runs.map(({ cpuSeconds }) => cpuSeconds)) / packets) * 1e6,
    peakBytes: peaks.length === 0 ? null : Math.max(...peaks),
  };
}
