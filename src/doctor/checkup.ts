/**
 * A checkup of one port: the steps of an operator's checklist, each with what was found, and one verdict. Plain data; docs/doctor.md describes it.
 *
 *     host/ gathers facts -> the judges in this folder, one a step -> Checkup -> text or JSON
 */
import { CAUSES, type CauseName } from '../diagnosis/causes.ts';
import type { Diagnosis, LegName } from '../handshake/handshake.ts';
import { LEG_WORDS } from '../report/render/words.ts';

/** From best to worst is pass, unknown, warn, fail. */
export type Status = 'pass' | 'warn' | 'fail' | 'unknown';

export interface Finding {
  /** Stable name, for programs: "accept-queue-full". */
  readonly id: string;
  readonly status: Status;
  /** One sentence with the numbers that it rests on. */
  readonly evidence: string;
  /** What to do; null where there is nothing to do. */
  readonly advice: string | null;
}

const STEPS = {
  process: 'Is the process well?',
  listener: 'Does it listen, and take its connections?',
  connect: 'Does a connect from this host succeed?',
  sockets: 'Do sockets run into a limit?',
  legs: 'Do the three legs come?',
  between: 'Does anything stand in between?',
  name: 'What does the name stand for?',
  route: 'Is there a way to it?',
  handshake: 'Does a connect succeed?',
  others: 'What becomes of connections of other programmes?',
  trace: 'Where do SYNs to the port get lost?',
} as const;
export type StepName = keyof typeof STEPS;

export interface Step {
  readonly name: StepName;
  readonly question: string;
  readonly status: Status;
  readonly findings: readonly Finding[];
  /** Commands that show the same by hand. */
  readonly commands: readonly string[];
}

export interface Verdict {
  /** "unclear": what matters could not be looked at. */
  readonly status: 'healthy' | 'fault' | 'unclear';
  /** Of the attempts that failed while packets were watched; null when none did. */
  readonly missingLeg: LegName | null;
  /** One sentence. */
  readonly sentence: string;
  /** Findings that failed, the one that explains most first: names of findings. */
  readonly findings: readonly string[];
  /** Causes that packets and host prove or suggest, most likely first. */
  readonly causes: readonly Diagnosis[];
  readonly advice: readonly string[];
  /** What could not be seen, and why. */
  readonly notSeen: readonly string[];
}

export interface Target {
  /** As it was given; null for this host. */
  readonly host: string | null;
  readonly port: number;
}

export function pass(id: string, evidence: string): Finding {
  return { id, status: 'pass', evidence, advice: null };
}

export function warn(id: string, evidence: string, advice: string): Finding {
  return { id, status: 'warn', evidence, advice };
}

export function fail(id: string, evidence: string, advice: string): Finding {
  return { id, status: 'fail', evidence, advice };
}

/** Something that could not be seen. */
export function unseen(id: string, evidence: string): Finding {
  return { id, status: 'unknown', evidence, advice: null };
}

const SEVERITY: Readonly<Record<Status, number>> = { pass: 0, unknown: 1, warn: 2, fail: 3 };

export function isWorse(status: Status, than: Status): boolean {
  return SEVERITY[status] > SEVERITY[than];
}

/** A step is as bad as the worst of its findings. */
export function makeStep(name: StepName, findings: readonly Finding[], commands: readonly string[]): Step {
  const status = findings.reduce<Status>(
    (worst, finding) => (isWorse(finding.status, worst) ? finding.status : worst),
    'pass',
  );
  return { name, question: STEPS[name], status, findings, commands };
}

/** What has to be known before a port may be called healthy: steps of which one at least has to pass. */
const DECIDING: readonly StepName[] = ['connect', 'handshake', 'legs'];

/** Nobody could look at the packets: a port that this host itself reaches may be closed to all others. */
export const PACKETS_UNSEEN = 'legs';
/** They could be looked at, and no SYN of another host was among them. */
export const NOBODY_TRIED = 'nobody-tried';
/** From the client: nobody was seen to say anything behind the handshake. */
export const NOT_TRIED = 'not-tried';

/** Which step explains which: a stopped process explains a full queue, that a drop of SYNs, and that a missing leg. */
const EXPLAINS: readonly StepName[] = [
  'name',
  'process',
  'listener',
  'sockets',
  'between',
  'route',
  'trace',
  'handshake',
  'others',
  'connect',
  'legs',
];

/**
 * Of the steps the verdict.
 * @param missingLeg the leg that failed attempts lack, as packets show; null when none was seen to fail
 */
export function concludeCheckup(
  target: Target,
  steps: readonly Step[],
  missingLeg: LegName | null,
  causes: readonly Diagnosis[],
): Verdict {
  const ordered = EXPLAINS.flatMap((name) => steps.filter((step) => step.name === name));
  const findings = ordered.flatMap((step) => step.findings);
  const failed = findings.filter(({ status }) => status === 'fail');
  const notSeen = findings.filter(({ status }) => status === 'unknown').map(({ evidence }) => evidence);
  const warned = findings.filter(({ status }) => status === 'warn');
  const isUnseen = findings.some(({ id, status }) => id === PACKETS_UNSEEN && status === 'unknown');
  // To an address of loopback nobody else can come: the host's own connect has all three legs.
  const isBlind = isUnseen && !isLoopback(target.host);
  const decided = !isBlind && steps.some(({ name, status }) => DECIDING.includes(name) && status !== 'unknown');
  const status = failed.length > 0 ? 'fault' : decided ? 'healthy' : 'unclear';
  return {
    status,
    missingLeg: status === 'fault' ? missingLeg : null,
    sentence: `${targetWords(target)} ${status === 'fault' ? faultWords(missingLeg, failed, causes) : status === 'healthy' ? healthyWords(findings, warned.length) : unclearWords(isBlind)}`,
    findings: failed.map(({ id }) => id),
    causes,
    advice: [...failed, ...warned].flatMap(({ advice }) => (advice === null ? [] : [advice])),
    notSeen,
  };
}

function isLoopback(host: string | null): boolean {
  return host !== null && (host === '::1' || host.startsWith('127.'));
}

function targetWords({ host, port }: Target): string {
  if (host === null) return `port ${port}:`;
  return `${host.includes(':') ? `[${host}]` : host}:${port}:`;
}

/** What explains it, in one sentence: a fault of the process or the listener, else the first cause, whose evidence stands beside it. */
function faultWords(missingLeg: LegName | null, failed: readonly Finding[], causes: readonly Diagnosis[]): string {
  const leg = missingLeg === null ? '' : `the ${LEG_WORDS[missingLeg]} is missing: `;
  const [finding] = failed;
  const [first] = causes;
  if (first === undefined || first.confidence === 'possible' || !Object.hasOwn(CAUSES, first.cause)) {
    return `${leg}${finding?.evidence ?? ''}`;
  }
  const isToldByCause = finding === undefined || finding.id === first.cause || /^(connect|leg)-/.test(finding.id);
  if (!isToldByCause) return `${leg}${finding.evidence}`;
  return `${leg}${first.cause} (${first.confidence}). ${CAUSES[first.cause as CauseName].what}`;
}

function unclearWords(isBlind: boolean): string {
  if (!isBlind) return 'not enough could be looked at to say';
  return 'no fault found, but the packets could not be looked at: whether others get through, nobody knows';
}

function healthyWords(findings: readonly Finding[], warnings: number): string {
  const besides = warnings > 0 ? `, with ${warnings === 1 ? 'one warning' : `${warnings} warnings`}` : '';
  const unseen = findings.filter(({ status }) => status === 'unknown');
  if (unseen.some(({ id }) => id === NOBODY_TRIED)) {
    return `no fault found on this host${besides}; no SYN of another host came while it watched`;
  }
  if (unseen.some(({ id }) => id === NOT_TRIED)) {
    return `no fault found${besides}: the handshake completes, what comes after it was not tried`;
  }
  return `no fault found${besides}${unseen.length > 0 ? ', as far as could be seen' : ''}`;
}

/** The steps and the verdict of a kept document, whoever wrote it; null when it is none. Names that this version does not know are let go of. */
export function parseCheckup(text: string): { steps: readonly Step[]; verdict: Verdict } | null {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return null;
  }
  const { steps, verdict } = fieldsOf(document);
  if (!Array.isArray(steps) || !isVerdict(verdict)) return null;
  return { steps: steps.filter(isStep), verdict };
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function isStep(value: unknown): value is Step {
  const { name, question, status, findings, commands } = fieldsOf(value);
  const isKnownStep = typeof name === 'string' && Object.hasOwn(STEPS, name) && typeof question === 'string';
  return isKnownStep && isStatus(status) && Array.isArray(findings) && findings.every(isFinding) && isTexts(commands);
}

function isFinding(value: unknown): value is Finding {
  const { id, status, evidence, advice } = fieldsOf(value);
  return typeof id === 'string' && isStatus(status) && typeof evidence === 'string' && isTextOrNull(advice);
}

function isVerdict(value: unknown): value is Verdict {
  const { status, sentence, missingLeg, findings, causes, advice, notSeen } = fieldsOf(value);
  const isKnownStatus = status === 'healthy' || status === 'fault' || status === 'unclear';
  if (!isKnownStatus || typeof sentence !== 'string' || !isTextOrNull(missingLeg)) return false;
  return [findings, advice, notSeen].every(isTexts) && Array.isArray(causes) && causes.every(isDiagnosis);
}

function isDiagnosis(value: unknown): value is Diagnosis {
  const { cause, confidence, evidence, advice } = fieldsOf(value);
  return [cause, confidence, advice].every((text) => typeof text === 'string') && isTexts(evidence);
}

function isStatus(value: unknown): value is Status {
  return typeof value === 'string' && Object.hasOwn(SEVERITY, value);
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((text) => typeof text === 'string');
}

function isTextOrNull(value: unknown): value is string | null {
  return value === null || typeof value === 'string';
}
