/**
 * What connections of other programmes of this host to a remote port came to while a checkup looked at it: the checkup itself sends nothing, so that what fails behind the
 * handshake shows in theirs alone. Told from the records of their attempts. Pure.
 */
import { BY_CONFIDENCE } from '../diagnosis/confidence.ts';
import type { Diagnosis, Handshake, LegName, VerdictName } from '../handshake/handshake.ts';

/** Attempts that have the same trouble. */
export interface OthersTrouble {
  readonly verdict: VerdictName;
  readonly missingLeg: LegName | null;
  /** The first cause of each of them; null when none is named. */
  readonly cause: string | null;
  readonly attempts: number;
  /** Of the first of them that names its cause with most confidence. */
  readonly example: Pick<Handshake, 'id' | 'client' | 'server' | 'reason' | 'reset'>;
  readonly diagnoses: readonly Diagnosis[];
}

export interface OthersFacts {
  /** Seconds of packets. */
  readonly seconds: number;
  readonly attempts: number;
  readonly byVerdict: Readonly<Partial<Record<VerdictName, number>>>;
  /** Complete, without trouble, and seen for long enough to say so. */
  readonly well: number;
  /** The most frequent first. */
  readonly troubles: readonly OthersTrouble[];
  /** Attempts beyond those that are kept: nothing is said of them. */
  readonly further: number;
}

/** What a client that says something large needs until its trouble shows: `--patience` of silence behind it, and a second for the beginning. */
const SEEN_SECONDS = 4;

/**
 * @param records of attempts of this host to the port, those of the checkup itself left out
 * @param further attempts of which no record was kept
 * @param endSeconds epoch seconds of the end of the packets
 */
export function othersFacts(
  records: readonly Handshake[],
  further: number,
  seconds: number,
  endSeconds: number,
): OthersFacts {
  const byVerdict: Partial<Record<VerdictName, number>> = {};
  const troubles = new Map<string, OthersTrouble>();
  let well = 0;
  for (const record of records) {
    const { verdict, missingLeg } = record;
    byVerdict[verdict] = (byVerdict[verdict] ?? 0) + 1;
    const cause = record.diagnoses[0]?.cause ?? null;
    if (missingLeg === null && (verdict !== 'complete' || cause === null)) {
      if (verdict === 'complete' && endSeconds - Number(record.legs.syn.first) >= SEEN_SECONDS) well += 1;
      continue;
    }
    const key = `${verdict} ${cause}`;
    troubles.set(key, withRecord(troubles.get(key), record, cause));
  }
  return {
    seconds,
    attempts: records.length,
    byVerdict,
    well,
    troubles: [...troubles.values()].sort((a, b) => b.attempts - a.attempts),
    further,
  };
}

function withRecord(before: OthersTrouble | undefined, record: Handshake, cause: string | null): OthersTrouble {
  const { id, client, server, reason, reset, verdict, missingLeg, diagnoses } = record;
  const attempts = (before?.attempts ?? 0) + 1;
  if (before !== undefined && placeOf(before.diagnoses) <= placeOf(diagnoses)) return { ...before, attempts };
  return { verdict, missingLeg, cause, attempts, example: { id, client, server, reason, reset }, diagnoses };
}

function placeOf([first]: readonly Diagnosis[]): number {
  return first === undefined ? Number.POSITIVE_INFINITY : BY_CONFIDENCE[first.confidence];
}

/** Attempts with the same trouble, before it is no chance. */
const LEAST_ALIKE = 3;

/** Of complete handshakes a cause that is only possible counts when it takes this share of them: a lossy path gives a few of many the same look. */
const SHARE_ALIKE = 0.5;

/** What is worth a word: a leg that is missing, a connection that is likely of no use, one that may be and is no exception. */
export function tellingTroubles({ troubles, byVerdict }: OthersFacts): readonly OthersTrouble[] {
  return troubles.filter(({ missingLeg, attempts, diagnoses: [first] }) => {
    if (missingLeg !== null || (first !== undefined && first.confidence !== 'possible')) return true;
    return attempts >= LEAST_ALIKE && attempts >= SHARE_ALIKE * (byVerdict.complete ?? 0);
  });
}

/** Nobody of this host gets anywhere: what some connections have and others have not is a warning. A cause that is only possible is none of a fault where the handshake completes. */
export function areAllInTrouble(facts: OthersFacts): boolean {
  const sure = tellingTroubles(facts).filter(
    ({ missingLeg, diagnoses: [first] }) => missingLeg !== null || first?.confidence !== 'possible',
  );
  return facts.well === 0 && sure.reduce((sum, { attempts }) => sum + attempts, 0) >= LEAST_ALIKE;
}

/** The leg that most attempts lack, where all are in trouble. */
export function missingLegOfOthers(facts: OthersFacts): LegName | null {
  return areAllInTrouble(facts)
    ? (facts.troubles.find(({ missingLeg }) => missingLeg !== null)?.missingLeg ?? null)
    : null;
}

/** Causes of their troubles, each once; most likely first. */
export function causesOfOthers(facts: OthersFacts): readonly Diagnosis[] {
  const causes = new Map<string, Diagnosis>();
  for (const { attempts, diagnoses } of tellingTroubles(facts)) {
    for (const diagnosis of diagnoses) {
      const { cause, evidence } = diagnosis;
      const count = `${attempts} of ${facts.attempts} attempts of other programmes of this host`;
      const before = causes.get(cause);
      if (before !== undefined && BY_CONFIDENCE[before.confidence] <= BY_CONFIDENCE[diagnosis.confidence]) continue;
      causes.set(cause, { ...diagnosis, evidence: [`${count}: ${evidence[0]}`, ...evidence.slice(1)] });
    }
  }
  return [...causes.values()].sort((a, b) => BY_CONFIDENCE[a.confidence] - BY_CONFIDENCE[b.confidence]);
}
