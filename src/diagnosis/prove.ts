/**
 * Packets and host facts joined: which of the causes that the packets suggest the host's own facts prove, which they exclude, and which they add. Pure.
 *
 *     records of the port -> Seen (how many packets of which trouble) + PortFacts -> rulings -> diagnoses
 *
 * Counters are the whole namespace's, so a cause is `proven` only where its number fits that of the packets, and something of this very port speaks for it where the
 * number alone could be others'. Facts are to cover the time of the packets, and the attempts to be those of this host: what went to another address, this host's
 * counters can't explain.
 */
import type { Diagnosis, Handshake } from '../handshake/handshake.ts';
import { CAUSES, type CauseName } from './causes.ts';
import { BY_CONFIDENCE } from './confidence.ts';
import {
  rulingsOnChallenges,
  rulingsOnIgnored,
  rulingsOnRefusals,
  rulingsOnRejectedThird,
  rulingsOnRejections,
  rulingsOnUnacknowledged,
} from './host-answers.ts';
import { excluded, HostCase, type Ruling, type Scope } from './host-case.ts';
import { DropIndex, mergeRulings, spokenSyns } from './host-drops.ts';
import { rulingsOfDroppingRules, rulingsOfRejectingRules, rulingsOfRulesOnThirdLegs } from './host-firewall.ts';
import { rulingOnFiles, rulingOnStanding, rulingOnStandingQueue } from './host-process.ts';
import { rulingsOfPrograms } from './host-programs.ts';
import { rulingsOnSending } from './host-sending.ts';
import { rulingsOnSilence } from './host-silence.ts';
import type { PortFacts } from './port-facts.ts';
import { pairKey, type Seen, seenIn, TROUBLES, type Trouble, troubleOf } from './seen.ts';

/** What the host's facts say of each trouble's causes. */
export type Rulings = Readonly<Record<Trouble, readonly Ruling[]>> & {
  /** See HostCase. */
  readonly spokenSyns: number;
};

/** @param spokenSyns see HostCase */
export function rule(seen: Seen, facts: PortFacts, spokenSyns = 0): Rulings {
  const host = new HostCase(seen, facts, spokenSyns);
  const files = rulingOnFiles(host);
  const standing = rulingOnStanding(host);
  const also = files === null ? [] : [files];
  const refusing = rulingsOfRejectingRules(host, 'refused');
  const rejecting = rulingsOfRejectingRules(host, 'rejected');
  return {
    unanswered: ofEach(host, 'unanswered', rulingsOfWhatDrops(host), rulingsOnSilence, also),
    refused: ofEach(host, 'refused', refusing, rulingsOnRefusals),
    rejected: ofEach(host, 'rejected', rejecting, rulingsOnRejections),
    challenged: rulingsOnChallenges(host),
    unacknowledged: rulingsOnUnacknowledged(host),
    ignored: ofEach(host, 'ignored', rulingsOfRulesOnThirdLegs(host), rulingsOnIgnored, also),
    'rejected-third': behind(also, rulingsOnRejectedThird(host)),
    'client-reset': [],
    complete: [...(standing === null ? [] : [...also, standing]), ...rulingsOnSending(facts)],
    spokenSyns,
  };
}

/** A rule that takes the packets speaks for itself; that a programme is there is told where no rule does. */
function rulingsOfWhatDrops(host: HostCase): readonly Ruling[] {
  const rules = rulingsOfDroppingRules(host);
  return [...rules, ...rulingsOfPrograms(host).filter(({ cause }) => !rules.some((rule) => rule.cause === cause))];
}

/**
 * What rules and counters say. A rule that is proven to take the packets of some clients settles these; counters are held against those of the others.
 * @param deeper see `behind`
 */
function ofEach(
  host: HostCase,
  trouble: Trouble,
  byRules: readonly Ruling[],
  byCounters: (host: HostCase) => readonly Ruling[],
  deeper: readonly Ruling[] = [],
): readonly Ruling[] {
  const settled = byRules.filter(({ scope, confidence }) => scope !== undefined && confidence === 'proven');
  if (settled.length === 0) return behind(deeper, strongest(byRules, byCounters(host)));
  const pairs = new Set(settled.flatMap(({ scope }) => [...(scope?.pairs ?? [])]));
  // A SYN-ACK that is dropped on its way out is of a SYN that came to TCP.
  const taken = settled.reduce(
    (sum, { cause, scope }) => sum + (cause === 'egress-drop' ? 0 : (scope?.packets ?? 0)),
    0,
  );
  const others = host.without(trouble, pairs, taken);
  const scope: Scope = { pairs, isRest: true, packets: others.seen[trouble].packets };
  const open = byRules.filter((ruling) => !settled.includes(ruling));
  const ofOthers = behind(deeper, strongest(open, byCounters(others)));
  return [...settled, ...ofOthers.map((ruling) => ({ ...ruling, scope: ruling.scope ?? scope }))];
}

/** Of two rulings on a cause the stronger one, with the evidence of both; what the counters exclude, a rule does not bring back unless it proves it. */
function strongest(byRules: readonly Ruling[], byCounters: readonly Ruling[]): readonly Ruling[] {
  const joined = byRules.flatMap((ruling): Ruling[] => {
    const other = byCounters.find(({ cause }) => cause === ruling.cause);
    if (other === undefined) return [ruling];
    if (other.confidence === 'excluded') return ruling.confidence === 'proven' ? [ruling] : [other];
    const isStronger = BY_CONFIDENCE[ruling.confidence] <= BY_CONFIDENCE[other.confidence];
    return [{ ...(isStronger ? ruling : other), evidence: [...ruling.evidence, ...other.evidence] }];
  });
  return [...joined, ...byCounters.filter(({ cause }) => !byRules.some((ruling) => ruling.cause === cause))];
}

/** A cause behind the full queue counts only where the queue is full. */
function behind(deeper: readonly Ruling[], rulings: readonly Ruling[]): readonly Ruling[] {
  const isFull = rulings.some(
    ({ cause, confidence }) => cause === 'accept-queue-full' && (confidence === 'proven' || confidence === 'likely'),
  );
  return isFull ? [...deeper, ...rulings] : rulings;
}

/** The diagnoses of one record, or of the attempts of one trouble, with what the host says of them. */
function proveDiagnoses(
  diagnoses: readonly Diagnosis[],
  rulings: readonly Ruling[],
  packets: number,
): readonly Diagnosis[] {
  const byCause = new Map(rulings.map((ruling) => [ruling.cause as string, ruling]));
  const isSettled = explainedBy(rulings) >= packets;
  const joined: Diagnosis[] = [];
  const added = rulings.filter(({ cause }) => !diagnoses.some((diagnosis) => diagnosis.cause === cause));
  for (const ruling of added) {
    if (ruling.confidence !== 'excluded') joined.push(diagnosisOf(ruling.cause, ruling.confidence, ruling.evidence));
  }
  for (const diagnosis of diagnoses) {
    const ruling = byCause.get(diagnosis.cause);
    if (ruling?.confidence === 'excluded') continue;
    if (ruling !== undefined) joined.push(withRuling(diagnosis, ruling, ruling.confidence));
    // When one cause accounts for every packet, what the packets alone left open is closed.
    else if (!isSettled || diagnosis.confidence !== 'possible') joined.push(diagnosis);
  }
  // Causes that the facts speak for come before those of which they say nothing.
  const spoken = (cause: string): number => (byCause.has(cause) ? 0 : 1);
  return joined.sort(
    (a, b) => BY_CONFIDENCE[a.confidence] - BY_CONFIDENCE[b.confidence] || spoken(a.cause) - spoken(b.cause),
  );
}

/** Packets that proven causes account for: one that accounts for most, or those of each client's own. */
function explainedBy(rulings: readonly Ruling[]): number {
  const proven = rulings.filter(({ confidence }) => confidence === 'proven');
  const most = (some: readonly Ruling[]): number => Math.max(0, ...some.map(({ explains }) => explains));
  const ofSome = proven.filter(({ scope }) => scope?.isRest === false);
  const ofRest = most(proven.filter(({ scope }) => scope?.isRest === true));
  return Math.max(most(proven), ofRest + ofSome.reduce((sum, { explains }) => sum + explains, 0));
}

/** Of a port, what is said of one cause of several clients is said once. */
function ofPort(rulings: readonly Ruling[]): readonly Ruling[] {
  const byCause = new Map<CauseName, Ruling>();
  for (const ruling of rulings) {
    const before = byCause.get(ruling.cause);
    if (before === undefined || before.confidence === 'excluded') byCause.set(ruling.cause, ruling);
    else if (ruling.confidence !== 'excluded') byCause.set(ruling.cause, united(before, ruling));
  }
  return [...byCause.values()];
}

function united(one: Ruling, other: Ruling): Ruling {
  const evidence = [...one.evidence, ...other.evidence];
  if (one.confidence !== other.confidence) {
    const isFirst = BY_CONFIDENCE[one.confidence] < BY_CONFIDENCE[other.confidence];
    return { ...(isFirst ? one : other), evidence };
  }
  return { ...one, evidence, explains: one.explains + other.explains };
}

/** What is said of attempts like this one. */
function ofRecord(rulings: readonly Ruling[], { client, server }: Handshake): readonly Ruling[] {
  const key = pairKey(client.address, server.address);
  return rulings.filter(({ scope }) => scope === undefined || scope.pairs.has(key) !== scope.isRest);
}

function withRuling(
  diagnosis: Diagnosis,
  { evidence }: Ruling,
  confidence: Exclude<Ruling['confidence'], 'excluded'>,
): Diagnosis {
  const stronger = BY_CONFIDENCE[confidence] < BY_CONFIDENCE[diagnosis.confidence] ? confidence : diagnosis.confidence;
  return { ...diagnosis, confidence: stronger, evidence: [...evidence, ...diagnosis.evidence] };
}

function diagnosisOf(cause: CauseName, confidence: Diagnosis['confidence'], evidence: readonly string[]): Diagnosis {
  return { cause, confidence, evidence, advice: CAUSES[cause].advice };
}

/** Of a port whose handshakes complete: that its application takes none of the connections, as its queue shows, or that what it sends does not come to clients. Empty when all is well, or nobody could look. */
export function standingDiagnoses(facts: PortFacts): readonly Diagnosis[] {
  const queue = rulingOnStandingQueue(facts);
  const rulings = [...(queue === null ? [] : [queue]), ...rulingsOnSending(facts)];
  return rulings.flatMap(({ cause, confidence, evidence }) =>
    confidence === 'excluded' ? [] : [diagnosisOf(cause, confidence, evidence)],
  );
}

/** The diagnoses of a server with those of `standingDiagnoses`: of one cause the surer one, most likely first. */
export function withStanding(diagnoses: readonly Diagnosis[], standing: readonly Diagnosis[]): readonly Diagnosis[] {
  const isSurer = (one: Diagnosis, others: readonly Diagnosis[]): boolean =>
    others.every(
      ({ cause, confidence }) => cause !== one.cause || BY_CONFIDENCE[one.confidence] < BY_CONFIDENCE[confidence],
    );
  const news = standing.filter((diagnosis) => isSurer(diagnosis, diagnoses));
  const others = diagnoses.filter(({ cause }) => !news.some((diagnosis) => diagnosis.cause === cause));
  return [...news, ...others].sort((a, b) => BY_CONFIDENCE[a.confidence] - BY_CONFIDENCE[b.confidence]);
}

/** The diagnoses of a record, with what the host says of attempts like it, and the kernel of its own packets. */
export function proveRecord(record: Handshake, rulings: Rulings, seen: Seen, drops: DropIndex): readonly Diagnosis[] {
  const trouble = troubleOf(record.verdict);
  if (trouble === null) return record.diagnoses;
  const own = drops.rulings([record])[trouble] ?? [];
  const its = ofRecord(rulings[trouble], record);
  // What the kernel said of its own packets settles this attempt, whatever became of others.
  if (own.length > 0) {
    const packets = own.reduce((sum, { explains }) => sum + explains, 0);
    return proveDiagnoses(record.diagnoses, mergeRulings(own, ofOneAttempt(own, its), packets), packets);
  }
  const ofGroup = its.flatMap(({ scope }) => scope?.packets ?? []);
  if (ofGroup.length > 0 && ofGroup.length === its.length) {
    return proveDiagnoses(record.diagnoses, its, Math.max(...ofGroup));
  }
  const spoken = trouble === 'unanswered' ? rulings.spokenSyns : 0;
  return proveDiagnoses(record.diagnoses, its, packetsOf(seen, trouble) - spoken);
}

/** What is proven of attempts like it is another's cause where the kernel has named this one's: one client runs into a rule, the next into a full queue. */
function ofOneAttempt(own: readonly Ruling[], others: readonly Ruling[]): readonly Ruling[] {
  // The kernel lets go of copies with another's MAC address, too: that alone names no cause.
  if (own.every(({ cause }) => cause === 'wrong-mac')) return others;
  const isQueue = own.some(({ cause }) => cause === 'accept-queue-full');
  const isIts = ({ cause }: Ruling): boolean =>
    own.some((ruling) => ruling.cause === cause) || (isQueue && cause === 'file-limit');
  return others.map((ruling) => (isIts(ruling) ? ruling : excluded(ruling.cause)));
}

/** What a trouble's rulings are held against: packets where each is counted, attempts elsewhere. */
function packetsOf(seen: Seen, trouble: Trouble): number {
  return trouble === 'unanswered' ? seen[trouble].packets : seen[trouble].attempts;
}

/** What is needed of an endpoint beside its records: `ServerSummary` of a report has it. */
interface EndpointFigures {
  readonly diagnoses: readonly Diagnosis[];
}

/**
 * The diagnoses of a port, most likely first, from its packets and its host's facts.
 * @param endpoint its figures; `diagnoses` may be empty, then they are taken from the records
 * @param records of its attempts in the time of the facts, failed ones and completed ones, each once in its last revision; with fewer than all, less is proven
 * @param facts of the host that has the server's address, over the time of the packets
 */
export function proveCauses(
  endpoint: EndpointFigures,
  records: readonly Handshake[],
  facts: PortFacts,
): readonly Diagnosis[] {
  const seen = seenIn(records);
  const byKernel = new DropIndex(facts).rulings(records);
  const rulings = rule(seen, facts, spokenSyns(byKernel));
  const merged = new Map<string, Diagnosis>();
  for (const trouble of byWeight(seen)) {
    const suggested = suggestedFor(trouble, endpoint, records);
    const packets = packetsOf(seen, trouble);
    const told = mergeRulings(byKernel[trouble] ?? [], ofPort(rulings[trouble]), packets);
    for (const diagnosis of proveDiagnoses(suggested, told, packets)) {
      const before = merged.get(diagnosis.cause);
      if (before === undefined || BY_CONFIDENCE[diagnosis.confidence] < BY_CONFIDENCE[before.confidence]) {
        merged.set(diagnosis.cause, diagnosis);
      }
    }
  }
  return [...merged.values()].sort((a, b) => BY_CONFIDENCE[a.confidence] - BY_CONFIDENCE[b.confidence]);
}

/** Those that attempts had, the most frequent one first; what completed comes last, however often it did. */
function byWeight(seen: Seen): Trouble[] {
  const weight = (trouble: Trouble): number => (trouble === 'complete' ? 0 : seen[trouble].attempts);
  return TROUBLES.filter((trouble) => seen[trouble].attempts > 0).sort((a, b) => weight(b) - weight(a));
}

/** What the packets suggest for attempts of one trouble: each cause once, in the words of the endpoint where it has some. */
function suggestedFor(
  trouble: Trouble,
  { diagnoses }: EndpointFigures,
  records: readonly Handshake[],
): readonly Diagnosis[] {
  const suggested = new Map<string, Diagnosis>();
  for (const record of records) {
    if (troubleOf(record.verdict) !== trouble) continue;
    for (const diagnosis of record.diagnoses) {
      const before = suggested.get(diagnosis.cause);
      if (before === undefined || BY_CONFIDENCE[diagnosis.confidence] < BY_CONFIDENCE[before.confidence]) {
        suggested.set(diagnosis.cause, diagnosis);
      }
    }
  }
  const inWords = (cause: string): Diagnosis | undefined => diagnoses.find((diagnosis) => diagnosis.cause === cause);
  return [...suggested.values()].map((diagnosis) => inWords(diagnosis.cause) ?? diagnosis);
}
