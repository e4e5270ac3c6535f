/**
 * What this host's firewall rules say of the packets that went missing: the rule that a walk ends at, or the rule that may match and whose counter moved as often as
 * packets are missing. A rule without a counter is named, and proves nothing by itself.
 */
import type { CauseName } from './causes.ts';
import type { FirewallChain, FirewallFacts, FirewallHook, FirewallRule } from './firewall-facts.ts';
import {
  type FirewallPacket,
  type FirewallWord,
  HOOKS_IN,
  HOOKS_OUT,
  matchConditions,
  walkFirewall,
} from './firewall-walk.ts';
import { counted, FEWEST_TO_PROVE, fitOf, type HostCase, type Ruling } from './host-case.ts';
import { known } from './port-facts.ts';
import type { Troubled } from './seen.ts';

const SYN = 0x02;
const SYN_ACK = 0x12;
const ACK = 0x10;
/** Clients for whom the rules are walked through. */
const CLIENTS_WALKED = 20;

type Outcome = 'drop' | 'reject';

/** A rule that takes packets of the trouble, and how sure that is. */
interface Taker {
  readonly word: FirewallWord;
  readonly isCertain: boolean;
}

/** SYNs without any answer. */
export function rulingsOfDroppingRules(host: HostCase): Ruling[] {
  const group = host.seen.unanswered;
  return [
    ...rulingOf(host, group, 'local-firewall-drop', 'drop', toServer(host, group, SYN, 'new'), HOOKS_IN),
    ...rulingOf(host, group, 'egress-drop', 'drop', toClient(host, group), HOOKS_OUT),
  ];
}

/** SYNs that were answered with a RST, or with an ICMP error. */
export function rulingsOfRejectingRules(host: HostCase, trouble: 'refused' | 'rejected'): Ruling[] {
  const group = host.seen[trouble];
  const cause = trouble === 'refused' ? 'firewall-reset' : 'rejected-by-hop';
  return rulingOf(host, group, cause, 'reject', toServer(host, group, SYN, 'new'), HOOKS_IN, trouble === 'refused');
}

/** Third legs that the host went on without. */
export function rulingsOfRulesOnThirdLegs(host: HostCase): Ruling[] {
  const group = host.seen.ignored;
  return rulingOf(host, group, 'ack-firewalled', 'drop', toServer(host, group, ACK, null), HOOKS_IN);
}

function rulingOf(
  host: HostCase,
  group: Troubled,
  cause: CauseName,
  outcome: Outcome,
  packets: readonly FirewallPacket[],
  hooks: readonly FirewallHook[],
  withReset: boolean | null = null,
): Ruling[] {
  const firewall = known(host.facts.firewall);
  if (firewall === null || packets.length === 0) return [];
  const takers = takersOf(firewall, packets, hooks, outcome).filter(({ word }) => fitsAnswer(word, withReset));
  const judged = takers.map((taker) => judge(cause, taker, group)).filter((ruling) => ruling !== null);
  // The one that accounts for most.
  return judged.sort((a, b) => ORDER[a.confidence] - ORDER[b.confidence] || b.explains - a.explains).slice(0, 1);
}

const ORDER: Readonly<Record<Ruling['confidence'], number>> = { proven: 0, likely: 1, possible: 2, excluded: 3 };

function judge(cause: CauseName, { word, isCertain }: Taker, { packets }: Troubled): Ruling | null {
  const counter = word.rule === null ? word.chain.policyCounter : word.rule.counter;
  const rule = nameOf(word);
  if (counter === null) {
    if (!isCertain) return null;
    const evidence = [`${rule} takes these packets; it has no counter that would say how many`];
    return { cause, confidence: 'likely', evidence, explains: packets };
  }
  const fit = fitOf(counter.moved, packets);
  if (fit === 'none') return null;
  const evidence = [`${rule} took ${counted(counter.moved, 'packet')} in this time, and ${packets} went missing`];
  const isProven = (isCertain && fit !== 'part') || (fit === 'exact' && packets >= FEWEST_TO_PROVE);
  const explains = Math.min(counter.moved, packets);
  if (isProven) return { cause, confidence: 'proven', evidence, explains };
  return { cause, confidence: isCertain ? 'likely' : 'possible', evidence, explains: isCertain ? explains : 0 };
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

/** Rules that every packet ends at, and rules that may take them. */
function takersOf(
  firewall: FirewallFacts,
  packets: readonly FirewallPacket[],
  hooks: readonly FirewallHook[],
  outcome: Outcome,
): readonly Taker[] {
  const ends = packets.map((packet) => walkFirewall(firewall, packet, hooks));
  const [first] = ends;
  if (first === undefined || ends.every((end) => end.outcome === 'accept')) return [];
  if (first.outcome === outcome && ends.every((end) => end.outcome === outcome && end.by.rule === first.by.rule)) {
    return [{ word: first.by, isCertain: true }];
  }
  return candidates(firewall, packets, hooks, outcome);
}

function candidates(
  firewall: FirewallFacts,
  packets: readonly FirewallPacket[],
  hooks: readonly FirewallHook[],
  outcome: Outcome,
): readonly Taker[] {
  const isThere = (chain: FirewallChain): boolean => chain.hook === null || hooks.includes(chain.hook);
  const takes = (rule: FirewallRule): boolean =>
    rule.verdict.kind === outcome &&
    packets.every((packet) => matchConditions(rule.conditions, packet, firewall.addresses) !== 'no');
  return firewall.chains
    .filter(isThere)
    .flatMap((chain) => chain.rules.filter(takes).map((rule) => ({ word: { chain, rule }, isCertain: false })));
}

/** Packets of the trouble's clients, on every interface that they may have come in on. */
function toServer(host: HostCase, group: Troubled, flags: number, state: string | null): FirewallPacket[] {
  return pairs(group).flatMap(({ client, server }) =>
    interfacesOf(host, client, server).map(
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
    ),
  );
}

function toClient(host: HostCase, group: Troubled): FirewallPacket[] {
  return pairs(group).flatMap(({ client, server }) =>
    interfacesOf(host, client, server).map(
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
    ),
  );
}

/** Clients of the trouble with the addresses that they tried: with several of each, nobody knows who tried which, and every pair has to fit. */
function pairs(group: Troubled): { readonly client: string; readonly server: string }[] {
  const servers = [...group.servers.keys()];
  return [...group.clients.keys()]
    .slice(0, CLIENTS_WALKED)
    .flatMap((client) =>
      servers.filter((server) => familyOf(server) === familyOf(client)).map((server) => ({ client, server })),
    );
}

/** Where it came in, when that was seen; else every interface that is up; a client on this host itself comes over loopback. */
function interfacesOf({ facts }: HostCase, client: string, server: string): (string | null)[] {
  const seen = facts.ways.find((way) => way.client === client && way.local === server)?.cameInOn;
  if (seen !== undefined && seen !== null) return [seen];
  const links = known(facts.interfaces);
  if (links === null) return [null];
  const isOwn = links.some(({ addresses }) => addresses.some(({ address }) => address === client));
  const chosen = links.filter(({ linkType, operState }) => (linkType === 'loopback') === isOwn && operState !== 'down');
  return chosen.length === 0 ? [null] : chosen.map(({ name }) => name);
}

function familyOf(address: string): 4 | 6 {
  return address.includes(':') ? 6 : 4;
}
