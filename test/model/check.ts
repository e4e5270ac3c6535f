/** One case: simulated, recorded, judged by tripod, and that held against the truth. */
import type { Handshake, Report } from '../../src/index.ts';
import { Choice } from '../fuzz/choice.ts';
import { analyzeWith } from '../support/analyze-with.ts';
import { parseScript } from '../support/script.ts';
import { encodeScript } from '../support/script-frames.ts';
import { recordAtBothEnds } from './both-ends.ts';
import { tellInSteps } from './in-steps.ts';
import { recordOnAny } from './on-any.ts';
import { type Fault, faultsOf, faultsOfBothEnds, faultsOfEarly, faultsOfView } from './oracle.ts';
import { chooseScenario } from './scenario.ts';
import { record } from './tap.ts';
import { faultsOfThreads } from './threads.ts';
import { recordTranslated, viewsOf } from './translated.ts';
import { faultsOfTwoSyns } from './two-syns.ts';
import { simulate, type World } from './world.ts';

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
  const told = await tellInSteps(files[0] as Uint8Array);
  const early = told.map(({ record }) => record);
  const inTwo = await inTwoFiles(seed, capture.text);
  return {
    seed,
    text: capture.text,
    faults: [
      ...faults,
      ...(await bothEnds(seed, world)),
      ...(await translated(seed, world)),
      ...(await onAny(seed, world)),
      ...(await faultsOfTwoSyns(seed)),
      ...(seed % 64 === 3 ? await faultsOfThreads(seed, files) : []),
      ...faultsOfEarly(world, capture, told),
      ...endsOtherwise('early records end as late ones', ({ verdict }) => verdict, handshakes, early),
      ...(inTwo === null ? [] : endsOtherwise('a capture in two files is one', gist, handshakes, inTwo)),
    ],
    handshakes,
    report,
  };
}

/** For some cases: captures at both ends, read as one. */
async function bothEnds(seed: number, world: World): Promise<readonly Fault[]> {
  if (seed % 8 !== 1) return [];
  const { texts, capture } = recordAtBothEnds(world);
  const files = texts.flatMap((text) => encodeScript(parseScript(text)));
  const { handshakes } = await analyzeWith(files, { maxOpen: 1000 });
  return faultsOfBothEnds(world, capture, handshakes);
}

/** For some cases: a host on the way translates addresses, and captures on either side. */
async function translated(seed: number, world: World): Promise<readonly Fault[]> {
  const recorded = seed % 8 < 4 ? null : recordTranslated(world);
  if (recorded === null) return [];
  const { handshakes } = await analyzeWith(encodeScript(parseScript(recorded.text)), { maxOpen: 1000 });
  return viewsOf(handshakes).flatMap((view) => faultsOfView(world, recorded.capture, view));
}

/** For some cases: a capture on `any`, on a host that each packet passes through several interfaces. */
async function onAny(seed: number, world: World): Promise<readonly Fault[]> {
  if (seed % 8 !== 2) return [];
  const recorded = recordOnAny(world);
  const { handshakes, report } = await analyzeWith(encodeScript(parseScript(recorded.text)), { maxOpen: 1000 });
  const faults = faultsOf(recorded.world, recorded.capture, handshakes, report);
  // Where nothing but one direction of each packet was recorded, the host looks like an end of the way.
  const isTold = ({ rule }: Fault): boolean => recorded.isWhole || !rule.includes('vantage');
  return faults.filter(isTold).map(({ rule, what }) => ({ rule: `on any: ${rule}`, what }));
}

/** The same records once more, in another way. @param of what must not differ. @param again where a record has several revisions, the last one counts */
function endsOtherwise(
  rule: string,
  of: (record: Handshake) => string,
  handshakes: readonly Handshake[],
  again: readonly Handshake[],
): Fault[] {
  return handshakes.flatMap((one) => {
    const told = again.filter(({ id }) => id === one.id);
    const last = told.reduce<Handshake | null>((a, b) => (a === null || b.revision > a.revision ? b : a), null);
    if (last !== null && of(last) === of(one)) return [];
    return [{ rule, what: `${of(one)}; then ${told.map(of).join(', ')}` }];
  });
}

/** What must not depend on the way in which a capture comes. */
function gist({ client, isn, verdict, legs }: Handshake): string {
  const counts = [legs.syn, legs.synAck, legs.ack].map(({ grade, count }) => `${grade} ${count}`);
  return `${client.port} ${isn.client} ${verdict} ${counts}`;
}

/** Cut somewhere into two files of a rotated set; null for most cases, and where statistics would have to be cut as well. */
async function inTwoFiles(seed: number, text: string): Promise<readonly Handshake[] | null> {
  const lines = text.split('\n');
  const begin = lines.findIndex((line) => /^\d/.test(line));
  if (seed % 8 !== 0 || begin < 0 || lines.includes('format pcapng')) return null;
  const at = begin + new Choice(seed ^ 0x5eaf).below(lines.length - begin);
  const seamed = [...lines.slice(0, at), 'seam', ...lines.slice(at)].join('\n');
  const { handshakes } = await analyzeWith(encodeScript(parseScript(seamed)), { maxOpen: 1000 });
  return handshakes;
}
