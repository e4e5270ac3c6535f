/**
 * Whether a firewall rule can match a packet, and what a host's firewall does with one: pure functions of the rules. What the rules do not tell (a limit, a mark, a
 * set that was not read) makes the answer unknown. Nothing is guessed: a walk that meets an unknown condition before a verdict ends as `unknown`.
 */
import { parseAddress } from '../bytes/address.ts';
import type {
  Condition,
  FirewallChain,
  FirewallFacts,
  FirewallHook,
  FirewallRule,
  PacketField,
  RuleVerdict,
  ValueRange,
} from './firewall-facts.ts';

export type Answer = 'yes' | 'no' | 'unknown';

/** A TCP packet; null where it does not matter or is not known, which never makes a match. */
export interface FirewallPacket {
  readonly family: 4 | 6;
  readonly source: string | null;
  readonly destination: string | null;
  readonly sourcePort: number | null;
  readonly destinationPort: number | null;
  /** TCP flags, RFC 9293 §3.1. */
  readonly flags: number | null;
  readonly inInterface: string | null;
  readonly outInterface: string | null;
  /** "new", "established", "invalid", "related", "untracked". */
  readonly state: string | null;
}

/** Whether all conditions hold. */
export function matchConditions(
  conditions: readonly Condition[],
  packet: FirewallPacket,
  asked: readonly string[] = [],
): Answer {
  let answer: Answer = 'yes';
  for (const condition of conditions) {
    const holds = matchCondition(condition, packet, asked);
    if (holds === 'no') return 'no';
    if (holds === 'unknown') answer = 'unknown';
  }
  return answer;
}

function matchCondition(condition: Condition, packet: FirewallPacket, asked: readonly string[]): Answer {
  switch (condition.kind) {
    case 'field':
      return negate(
        withPartial(matchField(condition.field, condition.values, packet), condition.partial, packet, asked),
        condition.negated,
      );
    case 'fields': {
      const rows = condition.rows.map((row) =>
        all(condition.fields.map((field, index) => matchField(field, [row[index] ?? ['', '']], packet))),
      );
      return negate(withPartial(any(rows), condition.partial, packet, asked), condition.negated);
    }
    case 'tcp-flags':
      if (packet.flags === null) return 'unknown';
      return negate((packet.flags & condition.mask) === condition.value ? 'yes' : 'no', condition.negated);
    default:
      return 'unknown';
  }
}

/** A set of which only what matters to some addresses was kept: of others nothing is known. */
function withPartial(answer: Answer, partial: boolean, packet: FirewallPacket, asked: readonly string[]): Answer {
  if (!partial || answer !== 'no') return answer;
  const looked = [packet.source, packet.destination].some((address) => address !== null && asked.includes(address));
  return looked ? 'no' : 'unknown';
}

function matchField(field: PacketField, values: readonly ValueRange[], packet: FirewallPacket): Answer {
  const value = packetValue(field, packet);
  if (value === null) return 'unknown';
  return values.some((range) => isIn(value, range)) ? 'yes' : 'no';
}

function packetValue(field: PacketField, packet: FirewallPacket): string | number | null {
  switch (field) {
    case 'family':
      return packet.family;
    case 'protocol':
      return 'tcp';
    case 'source-address':
      return packet.source;
    case 'destination-address':
      return packet.destination;
    case 'source-port':
      return packet.sourcePort;
    case 'destination-port':
      return packet.destinationPort;
    case 'in-interface':
      return packet.inInterface;
    case 'out-interface':
      return packet.outInterface;
    case 'connection-state':
      return packet.state;
    case 'tcp-flags':
      return packet.flags;
  }
}

/** Whether a range of addresses holds this one. */
export function holdsAddress(range: ValueRange, address: string): boolean {
  return isIn(address, range);
}

function isIn(value: string | number, [first, last]: ValueRange): boolean {
  // The element of a map or set that takes everything else.
  if (first === '*') return true;
  if (typeof value === 'number') return Number(first) <= value && value <= Number(last);
  if (value === first || value === last) return true;
  if (typeof first === 'string' && first.endsWith('*')) return value.startsWith(first.slice(0, -1));
  const address = parseAddress(value);
  const from = parseAddress(String(first));
  const to = parseAddress(String(last));
  if (address === null || from === null || to === null || from.family !== address.family) return false;
  return compareWords(from.words, address.words) <= 0 && compareWords(address.words, to.words) <= 0;
}

function compareWords(a: readonly number[], b: readonly number[]): number {
  for (const [index, word] of a.entries()) {
    const difference = word - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function negate(answer: Answer, negated: boolean): Answer {
  if (!negated || answer === 'unknown') return answer;
  return answer === 'yes' ? 'no' : 'yes';
}

function all(answers: readonly Answer[]): Answer {
  if (answers.includes('no')) return 'no';
  return answers.includes('unknown') ? 'unknown' : 'yes';
}

function any(answers: readonly Answer[]): Answer {
  if (answers.includes('yes')) return 'yes';
  return answers.includes('unknown') ? 'unknown' : 'no';
}

/** The rule, or the policy of the chain, that has the last word. */
export interface FirewallWord {
  readonly chain: FirewallChain;
  /** null: the policy of the chain. */
  readonly rule: FirewallRule | null;
}

export type WalkResult =
  | { readonly outcome: 'accept' }
  | { readonly outcome: 'drop' | 'reject' | 'queue' | 'translate'; readonly by: FirewallWord; readonly with: string }
  /** The walk can't be followed beyond this rule. */
  | { readonly outcome: 'unknown'; readonly by: FirewallWord | null; readonly why: string };

/** Hooks that a packet to a socket of this host passes, in order; and one that such a socket sends. */
export const HOOKS_IN: readonly FirewallHook[] = ['ingress', 'prerouting', 'input'];
export const HOOKS_OUT: readonly FirewallHook[] = ['output', 'postrouting', 'egress'];

/** Jumps inside jumps that nft and iptables allow (NFT_JUMP_STACK_SIZE). */
const DEEPEST_JUMP = 16;

/** What the firewall does with the packet at these hooks. */
export function walkFirewall(facts: FirewallFacts, packet: FirewallPacket, hooks: readonly FirewallHook[]): WalkResult {
  for (const hook of hooks) {
    for (const chain of facts.chains) {
      if (chain.hook !== hook || !sees(chain, packet)) continue;
      if (chain.type === 'nat' && packet.state !== 'new') continue;
      const end = walkChain(facts, chain, packet, 0);
      if (end === 'return' && chain.policy === 'drop') {
        return { outcome: 'drop', by: { chain, rule: null }, with: 'policy drop' };
      }
      if (end !== 'return' && end.outcome !== 'accept') return end;
    }
  }
  if (facts.unread.length > 0) return { outcome: 'unknown', by: null, why: facts.unread.join('; ') };
  if (facts.rulesBeyondBound > 0) {
    return { outcome: 'unknown', by: null, why: `${facts.rulesBeyondBound} further rules were not kept` };
  }
  return { outcome: 'accept' };
}

/** IP packets alone: what a bridge forwards by itself is not for a socket of this host. */
function sees({ family, devices }: FirewallChain, packet: FirewallPacket): boolean {
  if (family === 'ip') return packet.family === 4;
  if (family === 'ip6') return packet.family === 6;
  if (family !== 'netdev') return family === 'inet';
  const device = packet.inInterface ?? packet.outInterface;
  return device === null || devices.length === 0 || devices.includes(device);
}

function walkChain(
  facts: FirewallFacts,
  chain: FirewallChain,
  packet: FirewallPacket,
  depth: number,
): WalkResult | 'return' {
  for (const rule of chain.rules) {
    const by = { chain, rule };
    const answer = matchConditions(rule.conditions, packet, facts.addresses);
    if (answer === 'no' || isHarmless(facts, chain, rule.verdict)) continue;
    if (answer === 'unknown') return { outcome: 'unknown', by, why: `whether the rule matches: ${rule.text}` };
    const end = follow(facts, by, rule.verdict, packet, depth);
    if (end === 'return') return 'return';
    if (end !== 'next') return end;
  }
  return 'return';
}

/** Whatever the conditions say, the packet goes on to the next rule. */
function isHarmless(facts: FirewallFacts, chain: FirewallChain, verdict: RuleVerdict, depth = 0): boolean {
  if (verdict.kind === 'continue' || verdict.kind === 'notrack') return true;
  if (verdict.kind === 'return') return depth > 0;
  const target = verdict.kind === 'jump' && depth < DEEPEST_JUMP ? targetOf(facts, chain, verdict.chain) : undefined;
  return target?.rules.every((rule) => isHarmless(facts, target, rule.verdict, depth + 1)) ?? false;
}

function follow(
  facts: FirewallFacts,
  by: { readonly chain: FirewallChain; readonly rule: FirewallRule },
  verdict: RuleVerdict,
  packet: FirewallPacket,
  depth: number,
): WalkResult | 'return' | 'next' {
  switch (verdict.kind) {
    case 'accept':
      return { outcome: 'accept' };
    case 'drop':
      return { outcome: 'drop', by, with: 'drop' };
    case 'reject':
      return { outcome: 'reject', by, with: verdict.with };
    case 'queue':
      return { outcome: 'queue', by, with: 'a programme in user space (queue)' };
    case 'translate':
      return { outcome: 'translate', by, with: `${verdict.how} ${verdict.to}`.trim() };
    case 'return':
      return 'return';
    case 'continue':
    case 'notrack':
      return 'next';
    case 'jump':
    case 'goto': {
      const target = targetOf(facts, by.chain, verdict.chain);
      if (target === undefined || depth >= DEEPEST_JUMP) {
        return { outcome: 'unknown', by, why: `the chain ${verdict.chain} is not known` };
      }
      const end = walkChain(facts, target, packet, depth + 1);
      if (end !== 'return') return end;
      return verdict.kind === 'jump' ? 'next' : 'return';
    }
    case 'map':
      return followMap(facts, by, verdict.entries, packet, depth);
    case 'other':
      return { outcome: 'unknown', by, why: `what the rule does: ${verdict.text}` };
  }
}

function followMap(
  facts: FirewallFacts,
  by: { readonly chain: FirewallChain; readonly rule: FirewallRule },
  entries: Extract<RuleVerdict, { kind: 'map' }>['entries'],
  packet: FirewallPacket,
  depth: number,
): WalkResult | 'return' | 'next' {
  for (const { condition, verdict } of entries) {
    const answer = matchConditions([condition], packet, facts.addresses);
    if (answer === 'yes') return follow(facts, by, verdict, packet, depth);
    if (answer === 'unknown') return { outcome: 'unknown', by, why: `which entry of the map holds: ${by.rule.text}` };
  }
  return 'next';
}

function targetOf(facts: FirewallFacts, chain: FirewallChain, name: string): FirewallChain | undefined {
  return facts.chains.find(
    (other) =>
      other.name === name && other.table === chain.table && other.family === chain.family && other.tool === chain.tool,
  );
}
