/** What a checkup said of a row of the lab, and what of it is wrong. */
import type { Diagnosis, Handshake, VerdictName } from '../../src/handshake/handshake.ts';
import type { LabRow } from './lab-rows.ts';
import type { Checkup } from './lab-run.ts';

export interface Answer {
  readonly status: Checkup['verdict']['status'];
  readonly missingLeg: Checkup['verdict']['missingLeg'];
  /** Verdicts of the attempts of clients, in words for a table; "complete" when all of them are. */
  readonly verdicts: readonly VerdictName[];
  /** The first cause; null when none is named. */
  readonly first: Pick<Diagnosis, 'cause' | 'confidence'> | null;
}

export function answerOf({ verdict, facts }: Checkup): Answer {
  const { status, missingLeg, causes } = verdict;
  const [first = null] = causes;
  return { status, missingLeg, verdicts: verdictsOf(facts), first };
}

/** The most frequent first; undecided ones, at whose end the packets end, left out. */
function verdictsOf({ legs, connects = [], others }: Checkup['facts']): VerdictName[] {
  const counts = new Map<VerdictName, number>();
  const add = (verdict: VerdictName, times: number): void => {
    counts.set(verdict, (counts.get(verdict) ?? 0) + times);
  };
  for (const { own, byVerdict } of legs?.clients ?? []) {
    for (const [verdict, times] of own ? [] : Object.entries(byVerdict)) add(verdict as VerdictName, times);
  }
  if (legs === undefined) for (const { handshake } of connects) if (handshake?.verdict) add(handshake.verdict, 1);
  for (const [verdict, times] of Object.entries(others?.byVerdict ?? {})) add(verdict as VerdictName, times);
  counts.delete('undecided');
  return mostFirst(counts);
}

function mostFirst<T>(counts: ReadonlyMap<T, number>): T[] {
  return [...counts].sort(([, a], [, b]) => b - a).map(([what]) => what);
}

/** What `tripod live` said of attempts that lack a leg: of those that the row is about where there are any, else of most; where the row is of handshakes that complete, of these. */
export interface LiveAnswer {
  readonly verdict: VerdictName;
  readonly missingLeg: Handshake['missingLeg'];
  /** What it named first for most attempts of that verdict, and the most that it was sure of it. */
  readonly first: Answer['first'];
}

/** @returns null where no attempt lacks a leg, or nothing is said of handshakes that complete */
export function liveAnswerOf({ say, sayLive }: LabRow, records: readonly Handshake[], said: string): LiveAnswer | null {
  if (sayLive === 'nothing') return null;
  const meant = sayLive === 'well' ? null : (sayLive ?? say);
  if (meant?.verdict === null) return meant.cause === null ? null : ofComplete(meant.cause, records, said);
  const lacking = records.filter(({ missingLeg }) => missingLeg !== null);
  const verdicts = mostFirst(countsOf(lacking.map((record) => record.verdict)));
  const verdict = verdicts.find((found) => found === meant?.verdict) ?? verdicts[0];
  if (verdict === undefined) return null;
  const alike = lacking.filter((record) => record.verdict === verdict);
  const firsts = alike.flatMap(({ diagnoses }) => diagnoses.slice(0, 1));
  const [cause] = mostFirst(countsOf(firsts.map((diagnosis) => diagnosis.cause)));
  const [first = null] = firsts
    .filter((diagnosis) => diagnosis.cause === cause)
    .sort((a, b) => SURENESS.indexOf(b.confidence) - SURENESS.indexOf(a.confidence));
  return { verdict, missingLeg: alike[0]?.missingLeg ?? null, first };
}

/** Said of a record, or of the whole port in a sentence. */
function ofComplete(cause: string, records: readonly Handshake[], said: string): LiveAnswer | null {
  const complete = records.filter(({ verdict }) => verdict === 'complete');
  const ofRecord = complete.map(({ diagnoses }) => diagnoses[0]).find((first) => first?.cause === cause);
  const ofPort = new RegExp(`${cause} \\((\\w+)\\)`).exec(said)?.[1] as Diagnosis['confidence'] | undefined;
  const first = ofRecord ?? (ofPort === undefined ? null : { cause, confidence: ofPort });
  return first === null ? null : { verdict: 'complete', missingLeg: null, first };
}

function countsOf<T>(list: readonly T[]): Map<T, number> {
  const counts = new Map<T, number>();
  for (const each of list) counts.set(each, (counts.get(each) ?? 0) + 1);
  return counts;
}

const SURENESS: readonly Diagnosis['confidence'][] = ['possible', 'likely', 'proven'];

/** Sentences; empty when all is as it must be. */
export function wrongIn(row: LabRow, checkup: Checkup): string[] {
  return [...wrongInDoctor(row, checkup), ...wrongInLive(row, checkup.live, checkup.liveSaid)];
}

type Expect = (what: string, holds: boolean, got: unknown) => void;

function expecting(who: string, wrong: string[]): Expect {
  return (what, holds, got) => {
    if (!holds) wrong.push(`${who}: ${what} is ${JSON.stringify(got)}`);
  };
}

/** Attempts that lack a leg are told with their cause; of a port that is well, nothing is proven, and nothing is missing but what others than its clients lack. */
function wrongInLive(row: LabRow, records: readonly Handshake[], said: string): string[] {
  const wrong: string[] = [];
  const expect = expecting(`${row.name}, live`, wrong);
  if (row.sayLive === 'nothing') {
    expect('an attempt, of which no packet can have come to a capture,', records.length === 0, records[0]);
    if (row.sayOfPort !== undefined) expect('what is said of the port', row.sayOfPort.test(said), said);
    return wrong;
  }
  const meant = row.sayLive === 'well' ? null : (row.sayLive ?? row.say);
  if (meant === null || meant.harmless === true) {
    const proven = records.flatMap(({ diagnoses }) => diagnoses).filter(({ confidence }) => confidence === 'proven');
    expect('a proven cause of a port that is well', proven.length === 0, proven[0]);
    // A traceroute of doctor at the client sends SYNs that are not meant to arrive.
    if (meant !== null || row.mayName !== undefined || row.target !== undefined) return wrong;
    const lacking = records.find(({ missingLeg }) => missingLeg !== null);
    expect('an attempt that lacks a leg', lacking === undefined, lacking);
    return wrong;
  }
  const answer = liveAnswerOf(row, records, said);
  const verdict = meant.verdict ?? 'complete';
  expect(`the verdict, meant to be ${verdict},`, answer?.verdict === verdict, answer?.verdict);
  expect(`the missing leg, meant to be ${meant.leg},`, answer?.missingLeg === meant.leg, answer?.missingLeg);
  const named = records.flatMap(({ diagnoses }) => diagnoses);
  expectCause(expect, meant, answer?.first ?? null, named);
  return wrong;
}

function expectCause(
  expect: Expect,
  say: NonNullable<LabRow['say']>,
  first: Answer['first'],
  all: readonly Diagnosis[],
): void {
  const { among } = say;
  if (among !== undefined) {
    expect(
      `a cause, meant to be ${among} among others,`,
      all.some(({ cause }) => cause === among),
      all,
    );
  }
  if (say.cause === null) {
    expect('a cause that nothing proves', first === null || first.confidence === 'possible', all);
    return;
  }
  expect(`the first cause, meant to be ${say.cause},`, first?.cause === say.cause, all);
  const isSure = first !== null && SURENESS.indexOf(first.confidence) >= SURENESS.indexOf(say.confidence);
  expect(`its confidence, meant to be ${say.confidence},`, isSure, first?.confidence);
}

function wrongInDoctor(row: LabRow, checkup: Checkup): string[] {
  const { say, mayName = [] } = row;
  const { status, verdicts, first } = answerOf(checkup);
  const wrong: string[] = [];
  const expect = expecting(row.name, wrong);
  const isWell = say === null || say.harmless === true;
  expect(`status, meant to be ${isWell ? 'healthy' : 'fault'},`, status === (isWell ? 'healthy' : 'fault'), status);
  expect('the exit code', checkup.status === (isWell ? 0 : 1), checkup.status);
  const found = checkup.steps.flatMap(({ findings }) => findings.map(({ id }) => id));
  for (const id of row.finds ?? []) expect(`the findings, with ${id} among them,`, found.includes(id), found);
  if (say === null) {
    const named = checkup.verdict.causes.map(({ cause }) => cause).filter((cause) => !mayName.includes(cause));
    expect('a cause of a port that is well', named.length === 0, named);
    return wrong;
  }
  expectCause(expect, say, first, checkup.verdict.causes);
  if (say.verdict !== null)
    expect(`the verdict, meant to be ${say.verdict},`, verdicts.includes(say.verdict), verdicts);
  if (!isWell) {
    const { missingLeg } = checkup.verdict;
    expect(`the missing leg, meant to be ${say.leg},`, missingLeg === say.leg, missingLeg);
  }
  return wrong;
}
