/** What a checkup said of a row of the lab, and what of it is wrong. */
import type { Diagnosis, VerdictName } from '../../src/handshake/handshake.ts';
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
function verdictsOf({ legs, connects = [] }: Checkup['facts']): VerdictName[] {
  const counts = new Map<VerdictName, number>();
  const add = (verdict: VerdictName, times: number): void => {
    counts.set(verdict, (counts.get(verdict) ?? 0) + times);
  };
  for (const { own, byVerdict } of legs?.clients ?? []) {
    for (const [verdict, times] of own ? [] : Object.entries(byVerdict)) add(verdict as VerdictName, times);
  }
  if (legs === undefined) for (const { handshake } of connects) if (handshake?.verdict) add(handshake.verdict, 1);
  counts.delete('undecided');
  return [...counts].sort(([, a], [, b]) => b - a).map(([verdict]) => verdict);
}

const SURENESS: readonly Diagnosis['confidence'][] = ['possible', 'likely', 'proven'];

/** Sentences; empty when all is as it must be. */
export function wrongIn(row: LabRow, checkup: Checkup): string[] {
  const { say, mayName = [] } = row;
  const { status, verdicts, first } = answerOf(checkup);
  const wrong: string[] = [];
  const expect = (what: string, holds: boolean, got: unknown): void => {
    if (!holds) wrong.push(`${row.name}: ${what} is ${JSON.stringify(got)}`);
  };
  const isWell = say === null || say.harmless === true;
  expect(`status, meant to be ${isWell ? 'healthy' : 'fault'},`, status === (isWell ? 'healthy' : 'fault'), status);
  expect('the exit code', checkup.status === (isWell ? 0 : 1), checkup.status);
  if (say === null) {
    const named = checkup.verdict.causes.map(({ cause }) => cause).filter((cause) => !mayName.includes(cause));
    expect('a cause of a port that is well', named.length === 0, named);
    return wrong;
  }
  expect(`the first cause, meant to be ${say.cause},`, first?.cause === say.cause, checkup.verdict.causes);
  const isSure = first !== null && SURENESS.indexOf(first.confidence) >= SURENESS.indexOf(say.confidence);
  expect(`its confidence, meant to be ${say.confidence},`, isSure, first?.confidence);
  if (say.verdict !== null)
    expect(`the verdict, meant to be ${say.verdict},`, verdicts.includes(say.verdict), verdicts);
  if (!isWell) {
    const leg = say.verdict === null ? null : say.leg;
    expect(`the missing leg, meant to be ${leg},`, checkup.verdict.missingLeg === leg, checkup.verdict.missingLeg);
  }
  return wrong;
}
