/**
 * What this host's own facts say of the attempts that a live capture tells of. A verdict that rests on a packet is told at once. One that rests on silence has waited for `--patience`, and waits
 * a moment more, so that its line comes with the cause that they prove. What is told without is told again, amended, when they prove a cause or name another one first. Facts are read by a process of their own
 * (host/facts-helper.ts): nothing here ever holds up a packet.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { DropIndex, spokenSyns } from '../diagnosis/host-drops.ts';
import { type BeforeCapture, lostBeforeCapture } from '../diagnosis/host-programs.ts';
import type { AddressGroup } from '../diagnosis/network-facts.ts';
import { isKnown, type PortFacts } from '../diagnosis/port-facts.ts';
import { proveCauses, proveRecord, rule, standingDiagnoses, withStanding } from '../diagnosis/prove.ts';
import { seenIn } from '../diagnosis/seen.ts';
import type { Diagnosis, Handshake, VerdictName } from '../handshake/handshake.ts';
import type { FactsOfTime, FactsProcess } from '../host/facts-process.ts';
import type { Report, ServerSummary } from '../report/report.ts';
import type { EndpointStanding } from '../report/standing.ts';

/** Verdicts that rest on a packet: whoever tries at this moment wants them at once, and the host may be slow to answer. */
const TOLD_AT_ONCE: ReadonlySet<VerdictName> = new Set([
  'complete',
  'undecided',
  'refused',
  'rejected',
  'challenged',
  'ack-rejected',
  'client-reset',
]);
/** Milliseconds that a verdict waits for facts. */
const HOLD_MILLIS = 1500;
/** Milliseconds that the end waits for an answer that is under way. */
const SETTLE_MILLIS = 5000;
/** Milliseconds between two questions about a port: each costs the host some commands. A host that is slow to answer gets more time between them, as many times that of the answer. */
const ASK_MILLIS = 1000;
const REST_TIMES = 3;
/** Milliseconds between two looks at the queue of a port whose handshakes complete. */
const LOOK_MILLIS = 5000;
/** Records of a port that facts are held against, and that wait at a time. */
const RECORDS_KEPT = 1000;
/** Of them, told together when they are too many: facts are held against all records of the port each time. */
const TOLD_TOGETHER = 500;
/** Attempts whose cause is remembered, for their last record and the report. */
const CAUSES_KEPT = 10_000;
const ENDPOINTS_KEPT = 100;
/** Ports at which attempts to other addresses are looked into: a mirror port shows those of whole networks. */
const PORTS_OF_OTHERS = 32;
const CLIENTS_NAMED = 16;

interface Waiting {
  readonly record: Handshake;
  readonly sinceMillis: number;
}

class PortCase {
  /** Last revision of each attempt, oldest first: to addresses of this host, and unanswered ones to others. */
  readonly records = new Map<number, Handshake>();
  readonly foreign = new Map<number, Handshake>();
  /** What the host says of connections whose handshakes complete, and that are of no use all the same. */
  standing: readonly Diagnosis[] = [];
  lookedAtMillis = Number.NEGATIVE_INFINITY;
  /** Verdicts that wait for facts, by attempt, oldest first. */
  readonly waiting = new Map<number, Waiting>();
  /** Something was told at once that the facts may say more of. */
  isOpen = false;
  /** Last records of failed attempts, until the host has said what it knows of them. */
  ending: Handshake[] = [];
  /** The question that is under way. */
  asking: Promise<void> | null = null;
  /** Not before this is the next one asked. */
  restsUntilMillis = Number.NEGATIVE_INFINITY;
  /** The last answer: a whole one, or what came at once of a question, without the host's commands. */
  latest: FactsOfTime | null = null;
}

interface Told {
  readonly diagnoses: readonly Diagnosis[];
  /** Of the record as it was told, without the amendments of this file. */
  readonly record: Handshake;
  /** Amendments of this file. */
  readonly amendments: number;
  /** The firewall was among the facts: it comes after the others, and says which rule it was. */
  readonly hasRules: boolean;
}

/** The last attempts of a server, and the facts of their time. */
interface Endpoint {
  readonly records: readonly Handshake[];
  readonly facts: PortFacts;
}

export interface WitnessOptions {
  readonly process: FactsProcess;
  /** Addresses of this host: what went to others, its facts can't explain. */
  readonly own: AddressGroup;
  /** Interface of the capture; null for several. */
  readonly link: string | null;
  /** Ports that were asked for. */
  readonly asked: readonly number[];
  /** What is done with a verdict, as soon as it has its causes. */
  tell(record: Handshake): void;
  /** What is done with the last record of an attempt. */
  finish(record: Handshake): void;
  /** What is done with a sentence on a whole port. */
  say(sentence: string): void;
  /** Milliseconds of a clock that does not jump. */
  now(): number;
}

export class HostWitness {
  private readonly process: FactsProcess;
  private readonly own: AddressGroup;
  private readonly link: string | null;
  private readonly asked: readonly number[];
  private readonly tell: WitnessOptions['tell'];
  private readonly finish: WitnessOptions['finish'];
  private readonly say: WitnessOptions['say'];
  private readonly now: WitnessOptions['now'];
  private readonly ports = new Map<number, PortCase>();
  private readonly told = new Map<number, Told>();
  private readonly endpoints = new Map<string, Endpoint>();
  /** What may have taken the SYNs to a port that was asked for, and of which the capture has none. */
  private readonly before = new Map<number, BeforeCapture>();

  constructor({ process, own, link, asked, tell, finish, say, now }: WitnessOptions) {
    this.process = process;
    this.own = own;
    this.link = link;
    this.asked = asked;
    this.tell = tell;
    this.finish = finish;
    this.say = say;
    this.now = now;
  }

  /** A verdict: told now, or when the facts are there. */
  verdict(given: Handshake): void {
    if (this.own.has(given.server.address)) this.verdictOfOwn(arrived(given));
    else this.verdictOfOther(given);
  }

  private verdictOfOwn(record: Handshake): void {
    const port = this.caseOf(record.server.port);
    remember(port.records, record.id, record, RECORDS_KEPT);
    if (!TOLD_AT_ONCE.has(record.verdict)) this.hold(port, record);
    else if (record.missingLeg === null) this.tellNow(port, record);
    else {
      port.waiting.delete(record.id);
      const told = this.told.get(record.id);
      this.tellProven(record, causesSince(told, record), told?.hasRules ?? false);
      port.isOpen = true;
      this.ask(record.server.port, port);
    }
  }

  /** Of what goes to others, this host may have got a SYN that was meant for an address that it should have. */
  private verdictOfOther(record: Handshake): void {
    const known = this.ports.get(record.server.port);
    if (record.verdict === 'no-syn-ack' && (known !== undefined || this.ports.size < PORTS_OF_OTHERS)) {
      const port = this.caseOf(record.server.port);
      remember(port.foreign, record.id, record, RECORDS_KEPT);
      this.hold(port, record);
      return;
    }
    known?.foreign.delete(record.id);
    this.tellNow(known ?? null, record);
  }

  /** Told at once. What was to be said of the attempt before holds no more: after this, it would stand as the last word. */
  private tellNow(port: PortCase | null, record: Handshake): void {
    port?.waiting.delete(record.id);
    this.tell(this.dress(record));
  }

  /** Told when the facts are there, in the place of what waits of the attempt. */
  private hold(port: PortCase, record: Handshake): void {
    const sinceMillis = port.waiting.get(record.id)?.sinceMillis ?? this.now();
    port.waiting.set(record.id, { record, sinceMillis });
    if (port.waiting.size > RECORDS_KEPT) this.tellWaiting(port, takeOldest(port.waiting, TOLD_TOGETHER));
    this.ask(record.server.port, port);
  }

  /** The last record of an attempt: told when the host has said what it knows. */
  finished(given: Handshake): void {
    if (!this.own.has(given.server.address)) {
      this.finish(this.dress(given));
      return;
    }
    const record = arrived(given);
    const told = this.told.get(record.id);
    const port = this.caseOf(record.server.port);
    complete(port, record);
    const { ending, asking } = port;
    const isProven = told?.diagnoses[0]?.confidence === 'proven' && (told.hasRules || asking === null);
    if (record.missingLeg === null || isProven) {
      this.finish(this.dress(record));
      return;
    }
    ending.push(record);
    if (ending.length > RECORDS_KEPT) this.finishAll(ending.splice(0, 1));
  }

  /** Time goes on. */
  tick(): void {
    const now = this.now();
    for (const [number, port] of this.ports) {
      const late = [...port.waiting.values()].filter(({ sinceMillis }) => now - sinceMillis >= HOLD_MILLIS);
      if (late.length > 0) this.tellWaiting(port, takeOldest(port.waiting, late.length));
      if (port.waiting.size > 0 || port.isOpen) this.ask(number, port);
    }
  }

  /** Looks now and then whether applications take the connections that complete, and what they send comes to clients. @param endpoints as they stand now */
  watch(endpoints: readonly EndpointStanding[]): void {
    const now = this.now();
    for (const { address, port: number, byVerdict } of endpoints) {
      if (byVerdict.complete === 0 || !this.own.has(address)) continue;
      const port = this.caseOf(number);
      if (now - port.lookedAtMillis < LOOK_MILLIS) continue;
      port.lookedAtMillis = now;
      void this.look(number, port);
    }
  }

  private async look(number: number, port: PortCase): Promise<void> {
    const answer = await this.process.ask(number, [], true);
    if (answer === null) return;
    const before = port.standing;
    port.standing = standingDiagnoses(answer.facts);
    const isOld = ({ cause, confidence }: Diagnosis): boolean =>
      before.some((other) => other.cause === cause && other.confidence === confidence);
    const news = port.standing.filter((diagnosis) => !isOld(diagnosis));
    for (const evidence of new Set(news.map((diagnosis) => diagnosis.evidence[0]))) {
      const alike = news.filter((diagnosis) => diagnosis.evidence[0] === evidence);
      const causes = alike.map(({ cause, confidence }) => `${cause} (${confidence})`).join(' or ');
      const what = alike.some(({ cause }) => cause === 'path-mtu')
        ? 'what the server sends does not arrive'
        : 'the application takes no connection';
      this.say(`port ${number}: handshakes complete, and ${what}: ${causes}. ${evidence}`);
    }
  }

  /** A record with the causes and the revision under which its attempt was told last. */
  private dress(record: Handshake): Handshake {
    const told = this.told.get(record.id);
    if (told === undefined) return record;
    const revision = record.revision + told.amendments;
    return { ...record, revision, diagnoses: causesSince(told, record) };
  }

  /** The servers of this host with the causes that its facts prove. */
  dressReport(report: Report): Report {
    const servers = report.servers.map((server) => {
      if (server.attempts === 0) return this.dressSilent(server);
      const endpoint = this.endpoints.get(`${server.address} ${server.port}`);
      const diagnoses =
        endpoint === undefined ? server.diagnoses : proveCauses(server, endpoint.records, endpoint.facts);
      const standing = this.own.has(server.address) ? (this.ports.get(server.port)?.standing ?? []) : [];
      return { ...server, diagnoses: withStanding(diagnoses, standing) };
    });
    return { ...report, servers };
  }

  /** No SYN to it is in the capture: what comes before any capture on this host may have taken them. */
  private dressSilent(server: ServerSummary): ServerSummary {
    const before = this.before.get(server.port);
    const isOthers = server.address !== '*' && !this.own.has(server.address);
    if (before === undefined || isOthers) return server;
    const programs = before.programs.map((program) => `${program} comes before any capture, and may drop SYNs.`);
    const diagnoses = before.diagnosis === null ? server.diagnoses : [before.diagnosis, ...server.diagnoses];
    return { ...server, findings: [...server.findings, ...programs], diagnoses };
  }

  private async lookBeforeCapture(port: number): Promise<void> {
    const answer = await this.process.ask(port, [], false);
    if (answer === null) return;
    const before = lostBeforeCapture(answer.facts, false);
    this.before.set(port, before);
    if (before.diagnosis === null) return;
    const { cause, confidence, evidence } = before.diagnosis;
    this.say(`port ${port}: no SYN came as far as this capture: ${cause} (${confidence}). ${evidence[0]}`);
  }

  /**
   * The end: everything that waits is told, with what the host says until then.
   * @param isFlooded of a flood, the host has just said what it knows, and takes long to say it again: ports that have an answer are not asked once more
   * @param silent ports of which some endpoint that was asked for saw no SYN
   */
  async settle(isFlooded: boolean, silent: ReadonlySet<number>): Promise<void> {
    const answers = [...this.ports].map(([number, port]) =>
      isFlooded && port.latest !== null ? null : this.askUntilTold(number, port),
    );
    for (const port of this.asked) {
      if (silent.has(port) && !this.ports.has(port)) answers.push(this.lookBeforeCapture(port));
    }
    await Promise.race([Promise.all(answers), wait(SETTLE_MILLIS, undefined, { ref: false })]);
    for (const [number, port] of this.ports) {
      if (port.asking !== null) this.say(lateWords(number));
      this.tellWaiting(port, takeOldest(port.waiting, RECORDS_KEPT));
      this.finishAll(port.ending.splice(0));
    }
    this.process.stop();
  }

  /** The question that is under way may have come too early for the youngest attempts. */
  private async askUntilTold(number: number, port: PortCase): Promise<void> {
    await port.asking;
    if (port.waiting.size > 0 || port.isOpen) await this.inquire(number, port);
  }

  private caseOf(number: number): PortCase {
    const found = this.ports.get(number) ?? new PortCase();
    this.ports.set(number, found);
    return found;
  }

  private ask(number: number, port: PortCase): void {
    if (port.asking !== null || this.now() < port.restsUntilMillis) return;
    void this.inquire(number, port);
  }

  private inquire(number: number, port: PortCase): Promise<void> {
    const begun = this.now();
    port.isOpen = false;
    const asking = this.question(number, port).finally(() => {
      port.asking = null;
      port.restsUntilMillis = Math.max(begun + ASK_MILLIS, this.now() + REST_TIMES * (this.now() - begun));
    });
    port.asking = asking;
    return asking;
  }

  private async question(number: number, port: PortCase): Promise<void> {
    const own = [...port.records.values()].filter(({ missingLeg }) => missingLeg !== null);
    const failed = [...own, ...port.foreign.values()].reverse();
    const clients = new Map(
      failed.map(({ client, server }) => [`${client.address} ${server.address}`, { client, server }]),
    );
    const seen = [...clients.values()]
      .slice(0, CLIENTS_NAMED)
      .map(({ client, server }) => ({ client: client.address, server: server.address, interface: this.link }));
    const quick = this.process.ask(number, seen, true);
    const isOthers = own.length === 0;
    const whole = isOthers ? null : this.process.ask(number, seen, false);
    port.latest = (await quick) ?? port.latest;
    // On a mirror port all goes to others: only what this host was sent in vain is worth its commands.
    if (!isOthers || (port.latest !== null && gotInVain(port.latest.facts))) {
      port.latest = (await (whole ?? this.process.ask(number, seen, false))) ?? port.latest;
    }
    // What came after the counters were read waits for the next answer.
    const { latest } = port;
    this.tellWaiting(port, latest === null ? takeOldest(port.waiting, RECORDS_KEPT) : takeOlder(port.waiting, latest));
    this.finishAll(port.ending.splice(0));
  }

  /** Facts have come: whatever waits is told with its causes, and what was told before, and is proven now, or by a rule that has a name now, again. */
  private hear(port: PortCase, latest: FactsOfTime, waiting: readonly Waiting[]): void {
    const { facts } = latest;
    const records = [...port.records.values()].filter((record) => isOfTheTime(record, latest));
    const seen = seenIn(records);
    const drops = new DropIndex(facts);
    const rulings = rule(seen, facts, spokenSyns(drops.rulings(records)));
    const foreign = [...port.foreign.values()].filter((record) => isOfTheTime(record, latest));
    const seenForeign = seenIn(foreign);
    const rulingsForeign = rule(seenForeign, facts);
    const prove = (record: Handshake): readonly Diagnosis[] =>
      this.own.has(record.server.address)
        ? proveRecord(record, rulings, seen, drops)
        : misdirected(record, proveRecord(record, rulingsForeign, seenForeign, drops));
    const covered = new Set([...records, ...foreign].map(({ id }) => id));
    const hasRules = isKnown(facts.firewall);
    for (const { record } of waiting) {
      if (covered.has(record.id)) this.tellProven(record, prove(record), hasRules);
      else this.tellProven(record, record.diagnoses, false);
    }
    // A whole answer has the rules of the firewall and the ways back, too: it may name another cause first. After it, and of what came at once, only a proof is news.
    for (const record of [...records, ...foreign]) {
      const told = this.told.get(record.id);
      if (told === undefined || record.missingLeg === null) continue;
      const isFirstWhole = hasRules && !told.hasRules;
      const wasProven = told.diagnoses[0]?.confidence === 'proven';
      if (wasProven && !isFirstWhole) continue;
      const diagnoses = prove(record);
      const isProven = diagnoses[0]?.confidence === 'proven';
      if (!isProven && (wasProven || !isFirstWhole)) continue;
      const isNews = isOtherWord(told.diagnoses, diagnoses);
      const amendments = told.amendments + (isNews ? 1 : 0);
      remember(this.told, record.id, { record, diagnoses, amendments, hasRules }, CAUSES_KEPT);
      if (isNews) this.tell(this.dress(record));
    }
    const isYoung = (record: Handshake): boolean => record.missingLeg !== null && isYounger(record, latest);
    if ([...port.records.values(), ...port.foreign.values()].some(isYoung)) port.isOpen = true;
    for (const [key, own] of byServer(records)) {
      // A whole answer says which rule it was; what came at once does not take its place.
      const isLess = !hasRules && this.endpoints.has(key);
      if (!isLess && own.some(({ missingLeg }) => missingLeg !== null)) {
        remember(this.endpoints, key, { records: own, facts }, ENDPOINTS_KEPT);
      }
    }
  }

  /** With the last answer, if there is any. */
  private tellWaiting(port: PortCase, waiting: readonly Waiting[]): void {
    if (port.latest !== null) this.hear(port, port.latest, waiting);
    else for (const { record } of waiting) this.tellProven(record, record.diagnoses, false);
  }

  private finishAll(records: readonly Handshake[]): void {
    for (const record of records) this.finish(this.dress(record));
  }

  private tellProven(record: Handshake, diagnoses: readonly Diagnosis[], hasRules: boolean): void {
    const amendments = this.told.get(record.id)?.amendments ?? 0;
    remember(this.told, record.id, { record, diagnoses, amendments, hasRules }, CAUSES_KEPT);
    this.tell(this.dress(record));
  }
}

function lateWords(port: number): string {
  return `port ${port}: this host's facts were not there ${SETTLE_MILLIS / 1000} s after the end: its last attempts are told without what they prove (tripod doctor ${port} waits for them)`;
}

/** Proven ones are held against each other word by word: the rule that took the packets has its name among the evidence. */
function isOtherWord([old, ...others]: readonly Diagnosis[], [first, ...more]: readonly Diagnosis[]): boolean {
  if (first?.confidence === 'proven') return !isDeepStrictEqual([old, ...others], [first, ...more]);
  return first?.cause !== old?.cause || first?.confidence !== old?.confidence;
}

/** The causes under which an attempt was told hold until its packets say something else; what is proven holds as long as its verdict does. */
function causesSince(told: Told | undefined, record: Handshake): readonly Diagnosis[] {
  if (told === undefined || told.record.verdict !== record.verdict) return record.diagnoses;
  const isProven = told.diagnoses[0]?.confidence === 'proven';
  const isSame = told.record.diagnoses[0]?.cause === record.diagnoses[0]?.cause;
  return isProven || isSame ? told.diagnoses : record.diagnoses;
}

/** IP took packets that were for addresses that this host does not have. */
function gotInVain({ counters, drops }: PortFacts): boolean {
  const moved = isKnown(counters) ? (counters['IpInAddrErrors'] ?? 0) + (counters['Ip6InAddrErrors'] ?? 0) : 0;
  return moved > 0 || (isKnown(drops) && drops.drops.some(({ reason }) => reason === 'IP_INADDRERRORS'));
}

/** Of a SYN to an address of others, this host's facts tell one thing alone: that it was sent here, and nobody here has that address. */
function misdirected(record: Handshake, proved: readonly Diagnosis[]): readonly Diagnosis[] {
  const [found] = proved.filter(({ cause }) => cause === 'wrong-destination');
  if (found === undefined || found.confidence === 'possible') return record.diagnoses;
  if (found.confidence === 'proven') return [found];
  return [found, ...arrived(record).diagnoses.filter(({ cause }) => cause !== found.cause)];
}

/** Its SYN is in the capture of the host that it was for: nothing on the way there has lost it. */
function arrived(record: Handshake): Handshake {
  const diagnoses = record.diagnoses.filter(({ cause }) => cause !== 'upstream-drop' && cause !== 'nat-exhausted');
  return diagnoses.length === record.diagnoses.length ? record : { ...record, diagnoses };
}

/** An attempt goes on after its verdict, and counters count what it sends: they are to be held against all of it, at a time that has seen it. */
function complete(port: PortCase, record: Handshake): void {
  const before = port.records.get(record.id);
  if (before === undefined) return;
  port.records.set(record.id, record);
  const packets = ({ legs }: Handshake): number => legs.syn.count + legs.ack.count;
  if (record.missingLeg !== null && packets(record) > packets(before)) port.isOpen = true;
}

/** Newest last; the oldest goes. */
function remember<Key, Value>(map: Map<Key, Value>, key: Key, value: Value, most: number): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= most) return;
  const [oldest] = map.keys();
  map.delete(oldest as Key);
}

/** Takes so many of the oldest away. */
function takeOldest(waiting: Map<number, Waiting>, most: number): readonly Waiting[] {
  const oldest = [...waiting.values()].slice(0, most);
  for (const { record } of oldest) waiting.delete(record.id);
  return oldest;
}

/** Takes those away that no later answer can say more of. */
function takeOlder(waiting: Map<number, Waiting>, facts: FactsOfTime): readonly Waiting[] {
  const older = [...waiting.values()].filter(({ record }) => !isYounger(record, facts));
  for (const { record } of older) waiting.delete(record.id);
  return older;
}

function isOfTheTime(record: Handshake, facts: FactsOfTime): boolean {
  return beganAfter(record, facts.fromMillis) && !isYounger(record, facts);
}

/** Its first packet is younger than the look that the facts are counted from. */
function beganAfter({ legs }: Handshake, millis: number): boolean {
  const first = legs.syn.first ?? legs.synAck.first ?? legs.ack.first;
  return first !== null && Number(first) * 1000 >= millis;
}

/** Milliseconds from the time that the kernel gives a packet until it has counted what it did with it. */
const COUNTED_MILLIS = 2;

/**
 * The packet that decided it may have come after the counters were read, while the answer was under way: that a counter stands still says nothing of it then, as that TCP sent no RST
 * (a closed port was called a firewall’s).
 */
function isYounger({ legs, reset }: Handshake, { untilMillis }: FactsOfTime): boolean {
  const moments = [legs.syn.first, legs.synAck.first, legs.ack.first, reset?.time ?? null];
  const decidedSeconds = Math.max(...moments.map((time) => (time === null ? 0 : Number(time))));
  return decidedSeconds * 1000 + COUNTED_MILLIS > untilMillis;
}

function byServer(records: readonly Handshake[]): ReadonlyMap<string, readonly Handshake[]> {
  const groups = new Map<string, Handshake[]>();
  for (const record of records) {
    const key = `${record.server.address} ${record.server.port}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [record]);
    else group.push(record);
  }
  return groups;
}
