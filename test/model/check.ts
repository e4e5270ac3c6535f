/** One case: simulated, recorded, judged by tripod, and that held against the truth. */
import type { Handshake, Report } from '../../src/index.ts';
import { analyzeWith } from '../support/analyze-with.ts';
import { parseScript } from '../support/script.ts';
import { encodeScript } from '../support/script-frames.ts';
import { type Fault, faultsOf } from './oracle.ts';
import { chooseScenario } from './scenario.ts';
import { record } from './tap.ts';
import { simulate } from './world.ts';

export interface Outcome {
  readonly seed: number;
  /** The capture in the notation of fixtures/README.md. */
  readonly text: string;
  readonly faults: readonly Fault[];
  readonly handshakes: readonly Handshake[];
  readonly report: Report;
}

export async function checkCase(seed: number): Promise<Outcome> {
  const world = simulate(chooseScenario(seed));
  const capture = record(world);
  const files = encodeScript(parseScript(capture.text));
  const { handshakes, report } = await analyzeWith(files, { maxOpen: 1000 });
  const faults = faultsOf(world, capture, handshakes, report);
  const early = await analyzeWith(files, { maxOpen: 1000, early: true });
  return {
    seed,
    text: capture.text,
    faults: [...faults, ...earlyFaults(handshakes, early.handshakes)],
    handshakes,
    report,
  };
}

/** Records that are given as soon as they can be told end as those that wait for the end of the capture. */
function earlyFaults(handshakes: readonly Handshake[], early: readonly Handshake[]): Fault[] {
  return handshakes.flatMap((one) => {
    const told = early.filter(({ id }) => id === one.id);
    const last = told.reduce<Handshake | null>((a, b) => (a === null || b.revision > a.revision ? b : a), null);
    const rule = 'early records end as late ones';
    if (last?.verdict === one.verdict) return [];
    return [{ rule, what: `${one.verdict}, and early ${told.map(({ verdict }) => verdict).join(', ')}` }];
  });
}
