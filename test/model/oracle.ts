/**
 * What may be said of an attempt, and what may not, by what is true of it: not by tripod's rules. The truth knows every packet, lost ones too; `docs/record.md` says what the words mean.
 */
import type { Handshake, Report } from '../../src/index.ts';
import { MILLISECOND, SECOND } from './agenda.ts';
import { type Packet, plus, type Role } from './packet.ts';
import type { ServerKind } from './server.ts';
import type { Capture, Recorded } from './tap.ts';
import type { Attempt, World } from './world.ts';

/** A rule that an answer breaks, and how. */
export interface Fault {
  readonly rule: string;
  readonly what: string;
}

/** `--patience`, and the time after which a repetition counts (docs/decisions/0009-repeated-too-soon.md). */
const PATIENCE = 3 * SECOND;
const ROUND_TRIP = 0.9 * SECOND;

/** One attempt: what is true, and what of it the capture holds. */
class Facts {
  readonly attempt: Attempt;
  readonly index: number;
  readonly world: World;
  readonly capture: Capture;
  /** First copies alone, in the order of the file. */
  readonly recorded: readonly Recorded[];

  constructor(attempt: Attempt, index: number, world: World, capture: Capture) {
    this.attempt = attempt;
    this.index = index;
    this.world = world;
    this.capture = capture;
    this.recorded = capture.recorded.filter(({ packet, isCopy }) => packet.attempt === index && !isCopy);
  }

  seen(...roles: Role[]): Recorded[] {
    return this.recorded.filter(({ packet }) => roles.includes(packet.role));
  }

  sent(...roles: Role[]): Packet[] {
    return this.attempt.packets.filter(({ role }) => roles.includes(role));
  }

  /** Another attempt on the same ports began before. */
  get isLater(): boolean {
    return this.world.attempts.slice(0, this.index).some(({ flow }) => flow === this.attempt.flow);
  }

  /** Another attempt on the same ports began later. */
  get isFollowed(): boolean {
    return this.world.attempts.slice(this.index + 1).some(({ flow }) => flow === this.attempt.flow);
  }

  /** Of an earlier attempt on the same ports, behind this one's SYN: what its server says then is taken for an answer to the SYN. */
  get speaksOlder(): boolean {
    const [first] = this.recorded;
    return this.capture.recorded.some(
      ({ packet, frame }) =>
        packet.from === 'server' &&
        frame > (first?.frame ?? 0) &&
        packet.attempt < this.index &&
        this.world.attempts[packet.attempt]?.flow === this.attempt.flow,
    );
  }

  /** The server's challenge of a later attempt acknowledges this one's SYN: it had answered it, before the place of the capture. */
  get isAcknowledgedLater(): boolean {
    const acknowledged = plus(this.attempt.isn, 1);
    return this.capture.recorded.some(
      ({ packet }) =>
        packet.role === 'challenge' &&
        packet.acknowledgment === acknowledged &&
        this.world.attempts[packet.attempt]?.flow === this.attempt.flow,
    );
  }

  /**
   * Of the server, and impossible without the third leg: data, FIN, an acknowledgment of more than the SYN. Where nothing else of the connection was recorded but its SYN, a bare ACK can be
   * one for an older connection.
   */
  get proofs(): Recorded[] {
    const isn = this.attempt.isn;
    const isKnown = this.seen('syn-ack', 'third').length > 0;
    return this.seen('server-open').filter(
      ({ packet }) =>
        packet.length > 0 || packet.flags === 'F.' || (isKnown && (((packet.acknowledgment ?? 0) - isn) | 0) > 1),
    );
  }

  /** The segment on which the server opened the connection. */
  get taken(): Packet | null {
    return this.attempt.packets.find(({ opened }) => opened) ?? null;
  }

  /** The capture holds every packet of the attempt, and goes on for long enough behind the last. */
  get isWhole(): boolean {
    const { tap } = this.world.scenario;
    const last = Math.max(...this.recorded.map(({ at }) => at));
    const misses = tap.lossPerMille > 0 || tap.direction !== 'both' || tap.begins > 0;
    return !misses && this.capture.last - last > PATIENCE + SECOND && tap.ends >= this.capture.last;
  }
}

export function faultsOf(world: World, capture: Capture, handshakes: readonly Handshake[], report: Report): Fault[] {
  const faults: Fault[] = [];
  const left = new Set(handshakes);
  for (const [index, attempt] of world.attempts.entries()) {
    const facts = new Facts(attempt, index, world, capture);
    if (facts.seen('syn', 'syn-ack').length === 0) continue;
    const found = handshakes.filter(
      (one) => one.client.port === 40_000 + attempt.flow && one.isn.client === attempt.isn,
    );
    for (const one of found) left.delete(one);
    const [record] = found;
    // A SYN-ACK without its SYN, on ports with other attempts, is taken for a stray one.
    const isAlone = world.attempts.every((other) => other === attempt || other.flow !== attempt.flow);
    if (record === undefined && facts.seen('syn').length === 0 && !isAlone) continue;
    // A SYN-ACK that a server repeats when all seemed to be over is told of apart, as one of which nothing can be said.
    const others = found.slice(1).filter(({ verdict, legs }) => verdict !== 'undecided' || legs.syn.count > 0);
    if (record === undefined || others.length > 0) {
      faults.push({ rule: 'one record of each attempt', what: `c${attempt.flow} ${attempt.isn} has ${found.length}` });
    } else {
      for (const rule of RULES) {
        if (found.length > 1 && OF_ALL.includes(rule.name)) continue;
        const what = rule.breaks(facts, record);
        if (what !== null)
          faults.push({ rule: rule.name, what: `c${attempt.flow} ${attempt.isn}, ${record.verdict}: ${what}` });
      }
    }
  }
  for (const one of left)
    faults.push({ rule: 'no record of what was not', what: `${one.verdict} with ISN ${one.isn.client}` });
  return [...faults, ...faultsOfReport(world, capture, handshakes, report)];
}

/** What holds for captures of both ends together, in which each packet that gets through is there twice. */
export function faultsOfBothEnds(world: World, capture: Capture, handshakes: readonly Handshake[]): Fault[] {
  return world.attempts.flatMap((attempt, index) => {
    const facts = new Facts(attempt, index, world, capture);
    const found = handshakes.filter(
      (one) => one.client.port === 40_000 + attempt.flow && one.isn.client === attempt.isn,
    );
    const [record] = found;
    const whose = `c${attempt.flow} ${attempt.isn}`;
    if (record === undefined) return [{ rule: 'both ends: a record of each attempt', what: whose }];
    return RULES.filter(({ isOfBothEnds }) => isOfBothEnds).flatMap((rule) => {
      if (found.length > 1 && OF_ALL.includes(rule.name)) return [];
      const what = rule.breaks(facts, record);
      return what === null ? [] : [{ rule: `both ends: ${rule.name}`, what: `${whose}, ${record.verdict}: ${what}` }];
    });
  });
}

/** What holds for each view of a host that translates: nothing is missing that passed under the other addresses. @param handshakes of one view */
export function faultsOfView(world: World, capture: Capture, handshakes: readonly Handshake[]): Fault[] {
  return handshakes.flatMap((record) => {
    const index = world.attempts.findIndex(
      ({ flow, isn }) => record.client.port === 40_000 + flow && record.isn.client === isn,
    );
    const attempt = world.attempts[index];
    if (attempt === undefined) return [{ rule: 'translated: no record of what was not', what: record.verdict }];
    const facts = new Facts(attempt, index, world, capture);
    // Both views have such an answer, and one of them has lost what came before or behind it.
    if (says(record, 'challenged') && facts.seen('challenge').length > 0) return [];
    if (says(record, 'refused') && facts.seen('server-reset').length > 0) return [];
    return RULES.filter(({ isOfViews }) => isOfViews).flatMap((rule) => {
      const what = rule.breaks(facts, record);
      const whose = `c${attempt.flow} ${attempt.isn}, ${record.verdict}`;
      return what === null ? [] : [{ rule: `translated: ${rule.name}`, what: `${whose}: ${what}` }];
    });
  });
}

/** A record that was given before the end of the capture. */
export interface Told {
  readonly record: Handshake;
  /** Packets that had been read, the latest of which may not have been looked at yet. */
  readonly packets: number;
}

/** What is said early holds for the capture as far as it had come. */
export function faultsOfEarly(world: World, capture: Capture, told: readonly Told[]): Fault[] {
  const faults: Fault[] = [];
  for (const { record, packets } of told) {
    const index = world.attempts.findIndex(
      ({ flow, isn }) => record.client.port === 40_000 + flow && record.isn.client === isn,
    );
    const attempt = world.attempts[index];
    if (attempt === undefined) continue;
    const last = capture.times[packets - 1] ?? capture.last;
    for (const rule of RULES) {
      if (rule.moment === undefined) continue;
      const end = rule.moment === 'behind the packet' ? packets : packets - 1;
      const recorded = capture.recorded.filter(({ frame }) => frame <= end);
      const what = rule.breaks(new Facts(attempt, index, world, { ...capture, recorded, last }), record);
      const when = `early, behind packet ${packets}`;
      if (what !== null)
        faults.push({ rule: rule.name, what: `${when}: c${attempt.flow} ${attempt.isn}, ${record.verdict}: ${what}` });
    }
  }
  return faults;
}

type Server = Report['servers'][number];

interface Rule {
  readonly name: string;
  /** It holds at any moment, and not only at the end: of the capture before the packet at hand, or behind it. */
  readonly moment?: 'before the packet' | 'behind the packet';
  /** It holds for captures of both ends together. */
  readonly isOfBothEnds?: true;
  /** It holds for each view of a host that translates addresses, and the packets of all. */
  readonly isOfViews?: true;
  /** How the record breaks it; null when it does not. */
  readonly breaks: (facts: Facts, record: Handshake) => string | null;
}

const says = (record: Handshake, ...verdicts: Handshake['verdict'][]): boolean => verdicts.includes(record.verdict);
const frames = (recorded: readonly Recorded[]): string => recorded.map(({ frame }) => frame).join(',');

const COUNTS = 'transmissions, frames and gaps are those of the capture';
const COMPLETE = 'complete has all three legs';
/** They hold for all SYN-ACKs of an attempt together, and not where some are told of apart. */
const OF_ALL: readonly string[] = [COUNTS, COMPLETE];

const RULES: readonly Rule[] = [
  {
    name: 'no leg is missing that is in the capture',
    isOfViews: true,
    isOfBothEnds: true,
    moment: 'before the packet',
    breaks(facts, record) {
      const later = [...facts.seen('syn-ack', 'third'), ...facts.proofs];
      if (record.missingLeg === 'syn' && facts.seen('syn').length > 0) return `SYN in ${frames(facts.seen('syn'))}`;
      if (record.missingLeg === 'syn-ack' && later.length > 0) return `it is shown by ${frames(later)}`;
      const third = [...facts.seen('third'), ...facts.proofs];
      return says(record, 'no-ack') && third.length > 0 ? `third leg in, or shown by ${frames(third)}` : null;
    },
  },
  {
    name: 'a connection that is shown to be open is complete',
    isOfBothEnds: true,
    moment: 'before the packet',
    breaks: (facts, record) =>
      facts.proofs.length > 0 && record.verdict !== 'complete' ? `the server went on in ${frames(facts.proofs)}` : null,
  },
  {
    name: 'a third leg that the server took is not called ignored',
    isOfViews: true,
    isOfBothEnds: true,
    breaks(facts, record) {
      const [first] = facts.seen('third');
      if (first === undefined || !first.packet.opened || !says(record, 'ack-ignored', 'ack-rejected')) return null;
      if (dataFellSilent(facts)) return null;
      // A firewall that poses as the server, before the server has said anything, can't be told from it.
      if (record.verdict === 'ack-rejected' && facts.seen('injected-reset').length > 0) return null;
      return `the server took frame ${first.frame}`;
    },
  },
  {
    name: COMPLETE,
    isOfBothEnds: true,
    breaks(facts, record) {
      if (record.verdict !== 'complete') return null;
      if (facts.sent('third').length === 0) return 'the client never sent a third leg';
      if (facts.sent('syn-ack').length === 0) return 'the server never sent a SYN-ACK';
      return facts.taken === null ? ignoredFor(facts) : null;
    },
  },
  {
    name: 'what a verdict names is in the capture',
    isOfBothEnds: true,
    moment: 'behind the packet',
    breaks(facts, record) {
      const needs: Partial<Record<Handshake['verdict'], readonly Role[]>> = {
        refused: ['server-reset', 'injected-reset'],
        rejected: ['icmp'],
        'client-reset': ['client-reset', 'injected-reset'],
        'ack-ignored': ['third'],
        'ack-rejected': ['third'],
        'no-ack': ['syn-ack'],
      };
      const roles = needs[record.verdict];
      if (says(record, 'client-reset') && facts.isFollowed) return null;
      // The capture lost the SYN of another attempt, whose SYN-ACK and RST are then taken for answers to this one's.
      const isAmongOthers = facts.isFollowed || facts.isLater;
      if (says(record, 'refused', 'client-reset') && isAmongOthers && facts.world.scenario.tap.lossPerMille > 0)
        return null;
      return roles !== undefined && facts.seen(...roles).length === 0 ? `no ${roles.join(' or ')} is in it` : null;
    },
  },
  {
    name: 'a leg is missing only when its time is over',
    moment: 'before the packet',
    breaks: (facts, record) => calledTooSoon(facts, record),
  },
  {
    name: 'where the capture says that it lost a leg, it is not called missing',
    breaks(facts, record) {
      const leg: Role | null = says(record, 'no-syn-ack') ? 'syn-ack' : says(record, 'no-ack') ? 'third' : null;
      // One that was repeated in vain may be called missing all the same, with a word of the losses.
      const isRepeated = (leg === 'third' ? record.legs.synAck : record.legs.syn).count > 1;
      if (leg === null || (isRepeated && record.notes.includes('capture-loss'))) return null;
      // Later than that, it would not have been in time.
      const last = (facts.seen(leg === 'third' ? 'syn-ack' : 'syn').at(-1)?.at ?? 0) + PATIENCE;
      const lost = facts.sent(leg).find((one) => facts.capture.losses.has(one) && (one.passedAt ?? 0) <= last);
      return lost === undefined ? null : `packet ${lost.number} passed, and the capture lost it and said so`;
    },
  },
  {
    name: 'a whole capture has one right verdict',
    breaks: (facts, record) => (facts.isWhole ? wholeVerdict(facts, record) : null),
  },
  {
    name: 'a cause that is likely or proven is true',
    isOfBothEnds: true,
    breaks: (facts, record) => falseCause(facts, record),
  },
  {
    name: COUNTS,
    breaks: (facts, record) => countsDiffer(facts, record),
  },
  {
    name: 'a grade says no more than is true',
    isOfBothEnds: true,
    breaks: (facts, record) => gradesLie(facts, record),
  },
];

/** Repeated data, and nothing of the server: by the words of the contract its third leg was ignored, though it may have been taken by a host that is gone since. */
function dataFellSilent(facts: Facts): boolean {
  const data = facts.seen('third').filter(({ packet }) => packet.length > 0 || packet.flags === 'F.');
  return data.some(({ packet }, i) => data.slice(0, i).some((one) => one.packet.sequence === packet.sequence));
}

/** The server's SYN-ACKs, or the client's data, show that the third leg was not taken. */
function ignoredFor(facts: Facts): string | null {
  const [third] = facts.seen('third');
  if (third === undefined) return null;
  const { near, far } = facts.world.scenario.path;
  const roundTrip = 2 * (near.delay + near.jitter + far.delay + far.jitter);
  const late = facts.seen('syn-ack').filter(({ packet }) => packet.sentAt > third.at + roundTrip + 50 * MILLISECOND);
  return late.length > 2 ? `the server repeats its SYN-ACK in ${frames(late)}, and never took it` : null;
}

/** The answer was under way when the capture ended, and nothing had been lost. */
function calledTooSoon(facts: Facts, record: Handshake): string | null {
  const [leg, before]: readonly (Role | null)[] = says(record, 'no-syn-ack')
    ? ['syn-ack', 'syn']
    : says(record, 'no-ack')
      ? ['third', 'syn-ack']
      : [null, null];
  if (leg === null || before === null) return null;
  const seen = facts.seen(before as Role);
  const [first] = seen;
  if (first === undefined) return null;
  const followed = facts.capture.last - (seen.at(-1) as Recorded).at;
  if (seen.length === 1 && followed < PATIENCE) return `one ${before}, and ${followed} µs of capture behind it`;
  const due =
    facts.sent(leg as Role).find(({ passedAt }) => passedAt !== null && passedAt >= first.at)?.passedAt ?? null;
  if (due === null || due <= facts.capture.last) return null;
  return due - first.at < ROUND_TRIP ? `the ${leg} comes ${due - first.at} µs after the first ${before}` : null;
}

/** Every packet that passed is in the capture, and enough follows. */
function wholeVerdict(facts: Facts, record: Handshake): string | null {
  const right = rightVerdicts(facts, record);
  return right.includes(record.verdict) ? null : `it should be ${right.join(' or ')}`;
}

function rightVerdicts(facts: Facts, record: Handshake): readonly Handshake['verdict'][] {
  const [synAck] = facts.seen('syn-ack');
  const thirds = facts.seen('third');
  if (facts.proofs.length > 0) return ['complete'];
  if (synAck === undefined) return facts.seen('third').length > 0 ? ['complete'] : unansweredVerdicts(facts);
  if (thirds.length === 0) {
    const resets = facts.seen('client-reset', 'injected-reset').filter(({ frame }) => frame > synAck.frame);
    // Once another attempt has begun on the ports, a RST can be of either.
    if (facts.isFollowed) return ['client-reset', 'no-ack'];
    const due = plus(facts.attempt.isn, 1);
    const answers = resets.some(({ packet }) => packet.from === 'client' && packet.sequence === due);
    return answers ? ['client-reset'] : ['no-ack'];
  }
  // A client that is made to seem to have reset a SYN-ACK has refused it, for all that can be seen.
  const posed = facts.seen('injected-reset').some(({ packet }) => packet.from === 'client');
  if (posed && record.verdict === 'client-reset') return ['client-reset'];
  if (record.verdict === 'ack-rejected' && facts.seen('injected-reset').length > 0) return ['ack-rejected'];
  if (thirds[0]?.packet.opened === true) return dataFellSilent(facts) ? ['complete', 'ack-ignored'] : ['complete'];
  const reset = facts.seen('server-reset', 'injected-reset').find(({ packet }) => packet.from === 'server');
  if (facts.taken !== null)
    return ['complete', 'ack-ignored', ...(reset === undefined ? [] : ['ack-rejected' as const])];
  if (reset !== undefined) return ['ack-rejected', 'ack-ignored', 'complete', 'client-reset'];
  return ['ack-ignored', 'complete', 'client-reset'];
}

function unansweredVerdicts(facts: Facts): readonly Handshake['verdict'][] {
  const verdicts: Handshake['verdict'][] = [];
  const begin = facts.seen('syn')[0]?.frame ?? 0;
  // Recorded by another queue than its SYN, it answers in its copy at least.
  const hasReset = facts.capture.recorded.some(
    ({ packet, frame }) =>
      packet.attempt === facts.index && packet.from === 'server' && isReset(packet.role) && frame > begin,
  );
  if (hasReset) verdicts.push('refused');
  if (facts.seen('icmp').length > 0) verdicts.push('rejected');
  // Recorded before its SYN, by another queue, it is of no attempt.
  if (facts.seen('challenge').some(({ frame }) => frame > begin)) verdicts.push('challenged');
  // What comes when another attempt has begun on the ports can be an answer to that.
  if (facts.isAcknowledgedLater) verdicts.push('undecided');
  if (verdicts.length > 0) return facts.isFollowed ? [...verdicts, 'no-syn-ack'] : verdicts;
  return facts.speaksOlder ? ['no-syn-ack', 'challenged'] : ['no-syn-ack'];
}

function isReset(role: Role): boolean {
  return role === 'server-reset' || role === 'injected-reset';
}

function countsDiffer(facts: Facts, record: Handshake): string | null {
  const { syn, synAck, ack } = record.legs;
  const { swaps, copies, lossPerMille } = facts.world.scenario.tap;
  // The order is that of the capture no more, or what belongs together can't be told on ports that are used again.
  const isMixed = swaps || copies || lossPerMille > 0;
  const [syns, synAcks] = [facts.seen('syn'), facts.seen('syn-ack')];
  const begin = Math.min(...[...syns, ...synAcks].map(({ frame }) => frame));
  const thirds = facts.seen('third').filter(({ frame }) => frame > begin);
  // IPv6 has no identification.
  const { copiesWithin } = facts.capture;
  const least = facts.world.scenario.dress.isIpv6 ? apart(syns, copiesWithin) : syns.length;
  if (syn.count > syns.length || syn.count < least) return `${syn.count} SYNs, not ${syns.length}`;
  const isCounted = isMixed || (synAck.count <= synAcks.length && synAck.count >= apart(synAcks, copiesWithin));
  if (!isCounted && !says(record, 'client-reset')) return `${synAck.count} SYN-ACKs, not ${synAcks.length}`;
  if (least === syns.length && syn.count === least && String(syn.frames) !== frames(syns.slice(0, syn.frames.length)))
    return `SYN in ${syn.frames}, not ${frames(syns)}`;
  if (ack.count > 0 && !isMixed && ack.frames[0] !== thirds[0]?.frame)
    return `third leg in ${ack.frames}, not ${frames(thirds)}`;
  if (record.verdict === 'complete' && ack.count === 0 && thirds.length > 0 && !isMixed)
    return `third leg in ${frames(thirds)} not counted`;
  const [first, answer] = [syns[0], synAcks[0]];
  if (first === undefined || answer === undefined || answer.at < first.at) return null;
  const gap = (answer.at - first.at) / SECOND;
  const told = record.latency.synToSynAck;
  return told === null || Math.abs(told - gap) > 1e-9 ? `SYN to SYN-ACK ${told}, not ${gap}` : null;
}

/** How many at least can be told apart: two within the time in which copies come, and without an identification, are taken for one. */
function apart(recorded: readonly Recorded[], within: number): number {
  return recorded.filter(({ at }, i) => i === 0 || at - (recorded[i - 1] as Recorded).at > within).length;
}

function gradesLie(facts: Facts, record: Handshake): string | null {
  const { syn, synAck, ack } = record.legs;
  const arrived = (role: Role): boolean => facts.sent(role).some(({ arrivedAt }) => arrivedAt !== null);
  if (syn.grade === 'accepted' && !arrived('syn')) return 'no SYN reached the server';
  if (synAck.grade === 'accepted' && !arrived('syn-ack')) return 'no SYN-ACK reached the client';
  if (ack.grade === 'accepted' && facts.taken === null) return 'the server took no third leg';
  if (synAck.grade === 'inferred' && facts.sent('syn-ack').length === 0) return 'no SYN-ACK was ever sent';
  if (ack.grade === 'inferred' && facts.taken === null) return 'no third leg was ever taken';
  if (says(record, 'client-reset') || facts.seen('injected-reset').length > 0) return null;
  if (ack.grade === 'ignored' && facts.seen('third')[0]?.packet.opened === true && !dataFellSilent(facts))
    return 'the server took the third leg';
  const deaf = facts.seen('syn-ack').some(({ packet }) => packet.arrivedAt === null);
  if (synAck.grade === 'ignored' && !deaf) return 'every SYN-ACK reached the client';
  return null;
}

type Truth = (facts: Facts) => boolean;
const never: Truth = () => false;
const served =
  (...kinds: ServerKind[]): Truth =>
  ({ attempt }) =>
    kinds.includes(attempt.plan.server.kind);
const hasSent =
  (...roles: Role[]): Truth =>
  (facts) =>
    facts.sent(...roles).length > 0;

/** When a cause is true that is named as likely or proven. What is `possible` need not be. */
const CAUSES: Readonly<Record<string, Truth>> = {
  'port-closed': hasSent('server-reset', 'injected-reset'),
  'firewall-reset': hasSent('injected-reset'),
  'rejected-by-hop': hasSent('icmp'),
  'return-path-loss': (facts) => facts.seen('syn-ack').some(({ packet }) => packet.arrivedAt === null),
  // A client that gives up before its first SYN is due again looks like one that has the SYN-ACK.
  'forward-path-loss': (facts) =>
    facts.sent('third').some(({ arrivedAt }) => arrivedAt === null) || facts.attempt.givesUpEarly,
  'old-connection': (facts) =>
    facts.attempt.plan.server.kind === 'is old' || facts.isLater || facts.world.scenario.tap.lossPerMille > 0,
  'accept-queue-full': served('overflows', 'aborts'),
  // Where SYN-ACKs were lost before the capture, or by it without a word, the pauses are not the server's.
  'defer-accept': (facts) => {
    const { lossPerMille, tells } = facts.world.scenario.tap;
    const areLost = facts.sent('syn-ack').some(({ passedAt }) => passedAt === null) || (lossPerMille > 0 && !tells);
    return areLost || served('defers')(facts);
  },
  // A firewall that resets in the client's name has another TTL, as a scanner's kernel has. A client that ends its connection at once wants to know no more, and its third leg may have been lost.
  'half-open-scan': (facts) =>
    facts.attempt.plan.attempts.some(({ client }) => client.scans || client.app === 'resets') ||
    hasSent('injected-reset')(facts),
  'client-gave-up': (facts) =>
    facts.attempt.client.isOver || facts.isFollowed || facts.sent('client-reset', 'injected-reset').length > 0,
  'closed-at-once': (facts) =>
    facts.attempt.plan.server.app === 'closes' ||
    facts.sent('server-reset').length > 0 ||
    facts.world.scenario.tap.lossPerMille > 0,
  'not-accepted-yet': ({ attempt }) => attempt.plan.server.app === 'is silent' || attempt.plan.server.app === 'answers',
  'capture-one-sided': ({ world }) =>
    world.scenario.tap.direction !== 'both' || world.scenario.tap.lossPerMille > 0 || world.scenario.tap.begins > 0,
  'asymmetric-nat': never,
  'bad-checksum': never,
  'timestamps-rejected': never,
  'sequence-rewritten': never,
  'syn-flood': never,
  'path-mtu': never,
  'nat-exhausted': never,
  'host-unreachable': never,
  'syn-options-filtered': never,
  'wrong-mac': never,
};

function falseCause(facts: Facts, record: Handshake): string | null {
  for (const { cause, confidence, evidence } of record.diagnoses) {
    if (confidence === 'possible') continue;
    const isTrue = CAUSES[cause] ?? never;
    if (!isTrue(facts)) return `${cause} is ${confidence}: ${evidence[0]}`;
  }
  return null;
}

function faultsOfReport(world: World, capture: Capture, handshakes: readonly Handshake[], report: Report): Fault[] {
  const faults: Fault[] = [];
  const { side } = report.capture.vantage;
  if (side !== 'unknown' && side !== world.scenario.tap.side) {
    const what = `${side}, not ${world.scenario.tap.side}: ${report.capture.vantage.evidence.join('; ')}`;
    faults.push({ rule: 'the vantage is right or unknown', what });
  }
  const { attempts } = report.summary;
  if (attempts !== handshakes.length) {
    faults.push({ rule: 'sums agree', what: `${attempts} attempts, ${handshakes.length} records` });
  }
  const listed = report.servers.reduce((sum, server) => sum + server.attempts, 0);
  if (listed !== attempts) faults.push({ rule: 'sums agree', what: `${attempts} attempts, ${listed} of servers` });
  for (const server of report.servers) faults.push(...faultsOfServer(world, capture, handshakes, server));
  return faults;
}

function faultsOfServer(world: World, capture: Capture, handshakes: readonly Handshake[], server: Server): Fault[] {
  const faults: Fault[] = [];
  const own = handshakes.filter((one) => one.server.port === server.port);
  const sums = [server.attempts, server.synReceived, server.synAckSent, server.ackReceived];
  const are = (leg: keyof Handshake['legs'], some = own): number =>
    some.filter(({ legs }) => legs[leg].grade !== 'not-seen').length;
  // What has other numbers is shown in the leg's place, and is none.
  const answered = own.filter(({ missingLeg, legs }) => missingLeg !== 'syn-ack' || legs.synAck.grade !== 'ignored');
  const thirds = own.filter(({ reason }) => !reason.includes('wrong numbers'));
  const right = [own.length, are('syn'), are('synAck', answered), are('ack', thirds)];
  if (String(sums) !== String(right))
    faults.push({ rule: 'sums agree', what: `port ${server.port}: ${sums}, not ${right}` });
  for (const verdict of new Set(own.map((one) => one.verdict))) {
    const [told, is] = [server.byVerdict[verdict] ?? 0, own.filter((one) => one.verdict === verdict).length];
    if (told !== is) faults.push({ rule: 'sums agree', what: `port ${server.port}: ${told} ${verdict}, not ${is}` });
  }
  const all = world.attempts.map((attempt, index) => new Facts(attempt, index, world, capture));
  const ofServer = all.filter(({ attempt }) => 80 + attempt.flow === server.port);
  for (const { cause, confidence, evidence } of server.diagnoses) {
    if (confidence === 'possible' || ofServer.some(CAUSES[cause] ?? never)) continue;
    const what = `port ${server.port}: ${cause} is ${confidence}: ${evidence[0]}`;
    faults.push({ rule: 'a cause of a server that is likely or proven is true', what });
  }
  return faults;
}
