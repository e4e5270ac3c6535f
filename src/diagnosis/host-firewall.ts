/**
 * What this host's firewall rules say of the packets that went missing: the rule that a walk ends at, or the rule that may match and whose counter moved as often as
 * packets are missing. A rule without a counter is named, and proves nothing by itself.
 */
import { unlikeInterfaces } from './alike-interfaces.ts';
import type { CauseName } from './causes.ts';
import { BY_CONFIDENCE } from './confidence.ts';
import type { FirewallChain, FirewallFacts, FirewallHook, FirewallRule } from './firewall-facts.ts';
import {
  type FirewallPacket,
  type FirewallWord,
  HOOKS_IN,
  HOOKS_OUT,
  matchConditions,
  walkFirewall,
} from './firewall-walk.ts';
import { counted, FEWEST_TO_PROVE, fitOf, type HostCase, type Ruling, type Scope } from './host-case.ts';
import { known } from './port-facts.ts';
import { type Pair, pairKey, type Troubled } from './seen.ts';

const SYN = 0x02;
const SYN_ACK = 0x12;
const ACK = 0x10;
/** Conditions of rules that are tried for the packets of one trouble, about 3 µs each: as many clients are walked through as that allows, and some at least. */
const MOST_TRIED = 40_000;
const FEWEST_WALKED = 20;
/** Rules that are named. */
const MOST_NAMED = 4;
const CLIENTS_NAMED = 3;

type Outcome = 'drop' | 'reject';

/** The packet of a pair, on each interface that it may have come in on, or go out by. */
type PacketsOf = (pair: Pair, firewall: FirewallFacts) => readonly FirewallPacket[];

/** A rule that takes packets of the trouble, those of whom, and how sure that is. */
interface Taker {
  readonly word: FirewallWord;
  /** They end there; or nobody knows, and the counter has to tell; or not even whether they came in on the interface that it asks for. */
  readonly sureness: 'certain' | 'open' | 'elsewhere-perhaps';
  readonly of: readonly Pair[];
  /** How many they are. */
  readonly packets: number;
  /** null: it takes those of all. */
  readonly scope: Scope | null;
}

/** SYNs without any answer. */
export function rulingsOfDroppingRules(host: HostCase): Ruling[] {
  const group = host.seen.unanswered;
  return [
    ...rulingsOf(host, group, 'local-firewall-drop', 'drop', toServer(host, SYN, 'new'), HOOKS_IN),
    ...rulingsOf(host, group, 'egress-drop', 'drop', toClient(host), HOOKS_OUT),
  ];
}

/** SYNs that were answered with a RST, or with an ICMP error. */
export function rulingsOfRejectingRules(host: HostCase, trouble: 'refused' | 'rejected'): Ruling[] {
  const group = host.seen[trouble];
  const cause = trouble === 'refused' ? 'firewall-reset' : 'rejected-by-hop';
  return rulingsOf(host, group, cause, 'reject', toServer(host, SYN, 'new'), HOOKS_IN, trouble === 'refused');
}

/** Third legs that the host went on without. */
export function rulingsOfRulesOnThirdLegs(host: HostCase): Ruling[] {
  const group = host.seen.ignored;
  return rulingsOf(host, group, 'ack-firewalled', 'drop', toServer(host, ACK, null), HOOKS_IN);
}

/** Rules that take the packets of some clients each, those that account for most first; where several may have taken the same, the one that accounts for most. */
function rulingsOf(
  host: HostCase,
  group: Troubled,
  cause: CauseName,
  outcome: Outcome,
  packetsOf: PacketsOf,
  hooks: readonly FirewallHook[],
  withReset: boolean | null = null,
): Ruling[] {
  const firewall = known(host.facts.firewall);
  if (firewall === null || group.attempts === 0) return [];
  const takers = takersOf(firewall, group, packetsOf, hooks, outcome).filter(({ word }) => fitsAnswer(word, withReset));
  const judged = takers.flatMap((taker) => {
    const ruling = judge(cause, taker, outcome);
    return ruling === null ? [] : [{ taker, ruling }];
  });
  judged.sort(
    ({ ruling: a }, { ruling: b }) =>
      BY_CONFIDENCE[a.confidence] - BY_CONFIDENCE[b.confidence] || b.explains - a.explains,
  );
  const explained = new Set<Pair>();
  const named: Ruling[] = [];
  for (const { taker, ruling } of judged) {
    if (named.length === MOST_NAMED || taker.of.some((pair) => explained.has(pair))) continue;
    for (const pair of taker.of) explained.add(pair);
    named.push(ruling);
  }
  return named;
}

/** What is said of the packets of a trouble. */
const MISSED: Readonly<Record<Outcome, string>> = { drop: 'went missing', reject: 'were turned away' };

function judge(cause: CauseName, { word, sureness, of, packets, scope }: Taker, outcome: Outcome): Ruling | null {
  const isCertain = sureness === 'certain';
  const counter = word.rule === null ? word.chain.policyCounter : word.rule.counter;
  const rule = nameOf(word);
  const whose = scope === null ? {} : { scope };
  const ofWhom = scope === null ? '' : ` of ${clientsIn(of)}`;
  if (counter === null) {
    if (!isCertain) return null;
    const evidence = [`${rule} takes these packets${ofWhom}; it has no counter that would say how many`];
    return { cause, confidence: 'likely', evidence, explains: packets, ...whose };
  }
  const fit = fitOf(counter.moved, packets);
  if (fit === 'none' || (fit !== 'exact' && sureness === 'elsewhere-perhaps')) return null;
  const evidence = [
    `${rule} took ${counted(counter.moved, 'packet')} in this time, and ${packets}${ofWhom} ${MISSED[outcome]}`,
  ];
  const isFit = fit === 'exact' && packets >= FEWEST_TO_PROVE && sureness !== 'elsewhere-perhaps';
  const isProven = isFit || (isCertain && fit !== 'part');
  const explains = Math.min(counter.moved, packets);
  if (isProven) return { cause, confidence: 'proven', evidence, explains, ...whose };
  const confidence = isCertain ? 'likely' : 'possible';
  return { cause, confidence, evidence, explains: isCertain ? explains : 0, ...whose };
}

/** "10.9.0.65, 10.9.0.66 and 4 more clients" */
function clientsIn(pairs: readonly Pair[]): string {
  const clients = [...new Set(pairs.map(({ client }) => client))];
  const further = clients.length - CLIENTS_NAMED;
  return `${clients.slice(0, CLIENTS_NAMED).join(', ')}${further > 0 ? ` and ${counted(further, 'more client')}` : ''}`;
}

/** "the rule `tcp dport 80 drop` (nft, table inet lab, chain c, handle 4)" */
function nameOf({ chain, rule }: FirewallWord): string {
  const place = `${chain.tool}, table ${chain.family} ${chain.table}, chain ${chain.name}`;
  if (rule === null) return `the policy of a chain, ${chain.policy} (${place}),`;
  const number = chain.tool === 'nft' ? 'handle' : 'rule';
  return `the rule "${rule.text}" (${place}, ${number} ${rule.handle})`;
}

/** Only one that rejects with a reset answers with a RST, and only another with ICMP. */
function fitsAnswer({ rule }: FirewallWord, withReset: boolean | null): boolean {
  if (withReset === null || rule === null || rule.verdict.kind !== 'reject') return true;
  return (rule.verdict.with === 'tcp reset') === withReset;
}

/** Rules that the packets of some end at, and rules that may take those of others. */
function takersOf(
  firewall: FirewallFacts,
  group: Troubled,
  packetsOf: PacketsOf,
  hooks: readonly FirewallHook[],
  outcome: Outcome,
): readonly Taker[] {
  const rules = firewall.chains.reduce((sum, chain) => sum + chain.rules.length, 0);
  const walked = [...group.pairs.values()].slice(0, Math.max(FEWEST_WALKED, Math.floor(MOST_TRIED / (1 + rules))));
  const certain = new Map<FirewallRule | FirewallChain, { word: FirewallWord; of: Pair[] }>();
  const open: Pair[] = [];
  for (const pair of walked) {
    const end = endOf(firewall, packetsOf(pair, firewall), hooks, outcome);
    if (end === 'unknown') open.push(pair);
    else if (end !== 'elsewhere') add(certain, end, pair);
  }
  const taker = ({ word, sureness, of }: Omit<Taker, 'packets' | 'scope'>): Taker => {
    if (of.length === walked.length) return { word, sureness, of, packets: group.packets, scope: null };
    const packets = of.reduce((sum, pair) => sum + pair.packets, 0);
    const pairs = new Set(of.map(({ client, server }) => pairKey(client, server)));
    return { word, sureness, of, packets, scope: { pairs, isRest: false, packets } };
  };
  return [
    ...[...certain.values()].map(({ word, of }) => taker({ word, of, sureness: 'certain' })),
    ...candidates(firewall, open, packetsOf, hooks, outcome).map(taker),
  ];
}

/** The word at which the packet ends, on whatever interface it came; `elsewhere`: it is let through, or ends otherwise. */
function endOf(
  firewall: FirewallFacts,
  packets: readonly FirewallPacket[],
  hooks: readonly FirewallHook[],
  outcome: Outcome,
): FirewallWord | 'unknown' | 'elsewhere' {
  const ends = packets.map((packet) => walkFirewall(firewall, packet, hooks));
  const words = ends.flatMap((end) => (end.outcome === outcome ? [end.by] : []));
  const [first] = words;
  if (first !== undefined && words.length === ends.length && words.every((word) => isSame(word, first))) return first;
  return words.length > 0 || ends.some((end) => end.outcome === 'unknown') ? 'unknown' : 'elsewhere';
}

function isSame(a: FirewallWord, b: FirewallWord): boolean {
  return a.rule === b.rule && a.chain === b.chain;
}

function add(
  takers: Map<FirewallRule | FirewallChain, { word: FirewallWord; of: Pair[] }>,
  word: FirewallWord,
  pair: Pair,
): void {
  const place = word.rule ?? word.chain;
  const taker = takers.get(place) ?? { word, of: [] };
  taker.of.push(pair);
  takers.set(place, taker);
}

/** Rules that may take packets of these pairs. */
function candidates(
  firewall: FirewallFacts,
  pairs: readonly Pair[],
  packetsOf: PacketsOf,
  hooks: readonly FirewallHook[],
  outcome: Outcome,
): readonly Omit<Taker, 'packets' | 'scope'>[] {
  const asked = pairs.map((pair) => ({ pair, packets: packetsOf(pair, firewall) }));
  const isThere = ({ hook }: FirewallChain): boolean => hook === null || hooks.includes(hook);
  return firewall.chains.filter(isThere).flatMap((chain) =>
    chain.rules.flatMap((rule) => {
      if (rule.verdict.kind !== outcome) return [];
      const may = (packet: FirewallPacket): boolean =>
        matchConditions(rule.conditions, packet, firewall.addresses) !== 'no';
      const some = asked.filter(({ packets }) => packets.some(may));
      if (some.length === 0) return [];
      const sureness = some.every(({ packets }) => packets.every(may)) ? 'open' : 'elsewhere-perhaps';
      return [{ word: { chain, rule }, sureness, of: some.map(({ pair }) => pair) }];
    }),
  );
}

/** Packets to the server, on every interface that they may have come in on. */
function toServer(host: HostCase, flags: number, state: string | null): PacketsOf {
  return ({ client, server }, firewall) =>
    interfacesOf(host, firewall, client, server).map(
      (inInterface): FirewallPacket => ({
        family: familyOf(client),
        source: client,
        destination: server,
        sourcePort: null,
        destinationPort: host.facts.port,
        flags,
        inInterface,
        outInterface: null,
        state,
      }),
    );
}

function toClient(host: HostCase): PacketsOf {
  return ({ client, server }, firewall) =>
    interfacesOf(host, firewall, client, server).map(
      (outInterface): FirewallPacket => ({
        family: familyOf(client),
        source: server,
        destination: client,
        sourcePort: host.facts.port,
        destinationPort: null,
        flags: SYN_ACK,
        inInterface: null,
        outInterface,
        state: 'established',
      }),
    );
}

/** Where it came in, when that was seen; else every interface that is up and that rules tell from others; a client on this host itself comes over loopback. */
function interfacesOf(
  { facts }: HostCase,
  firewall: FirewallFacts,
  client: string,
  server: string,
): readonly (string | null)[] {
  const seen = facts.ways.find((way) => way.client === client && way.local === server)?.cameInOn;
  if (seen !== undefined && seen !== null) return [seen];
  const links = known(facts.interfaces);
  if (links === null) return [null];
  const isOwn = links.some(({ addresses }) => addresses.some(({ address }) => address === client));
  const chosen = links.filter(({ linkType, operState }) => (linkType === 'loopback') === isOwn && operState !== 'down');
  if (chosen.length === 0) return [null];
  return unlikeInterfaces(
    chosen.map(({ name }) => name),
    firewall,
  );
}

function familyOf(address: string): 4 | 6 {
  return address.includes(':') ? 6 : 4;
}
