/** The rules of this host that can touch a port, of every kind of firewall that Linux has, and how far their counters moved. */
import {
  type Condition,
  FIREWALL_HOOKS,
  type FirewallChain,
  type FirewallFacts,
  type FirewallHook,
  type FirewallRule,
  RULES_KEPT,
  type RuleCounter,
  type RuleVerdict,
  SET_VALUES_KEPT,
} from '../diagnosis/firewall-facts.ts';
import { type FirewallPacket, holdsAddress, matchConditions } from '../diagnosis/firewall-walk.ts';
import { type Fact, isKnown, known, unknown } from '../diagnosis/port-facts.ts';
import { parseIptablesSave } from './iptables.ts';
import { type Ruleset, readNft } from './nft.ts';
import { type HostRoot, readText } from './proc.ts';

/** Everything that was read at one moment. */
export interface FirewallLook {
  readonly chains: readonly FirewallChain[];
  readonly flowtables: Ruleset['flowtables'];
  readonly unread: readonly string[];
}

/** All rules of the namespace. Unknown when none of its kinds can be read. */
export async function lookAtFirewall(root: HostRoot): Promise<Fact<FirewallLook>> {
  const [nft, four, six] = await Promise.all([
    readNft(root.run),
    readLegacy(root, 'iptables', 'ip_tables_names'),
    readLegacy(root, 'ip6tables', 'ip6_tables_names'),
  ]);
  const chains: FirewallChain[] = [];
  const unread: string[] = [];
  for (const [tool, read] of [
    ['nftables', isKnown(nft) ? nft.chains : nft],
    ['iptables-legacy', four],
    ['ip6tables-legacy', six],
  ] as const) {
    if (isKnown(read)) chains.push(...read);
    else unread.push(`${tool}: ${read.unknown}`);
  }
  const tools = ['iptables', 'ip6tables'] as const;
  await Promise.all(tools.map((tool) => replaceByIptables(root, tool, chains, unread)));
  if (!isKnown(nft) && chains.length === 0) return unknown(unread[0] ?? 'no firewall can be read');
  return { chains, flowtables: isKnown(nft) ? nft.flowtables : [], unread };
}

/** Tables of the old kind; where the kernel has none, none is asked for: the command would load modules. */
async function readLegacy(
  root: HostRoot,
  tool: 'iptables' | 'ip6tables',
  proc: string,
): Promise<Fact<readonly FirewallChain[]>> {
  const names = readText(root.proc, 'self/net', proc);
  if (!isKnown(names)) return names.unknown.endsWith('is not there') ? [] : names;
  if (names.trim() === '') return [];
  const text = await root.run(`${tool}-legacy-save`, '-c');
  if (isKnown(text)) return parseIptablesSave(text, `${tool}-legacy`);
  const plain = await root.run(`${tool}-save`, '-c');
  return isKnown(plain) ? parseIptablesSave(plain, `${tool}-legacy`) : text;
}

/**
 * Rules that iptables put into nf_tables: nft can't say what its modules ask for ("xt"), iptables-save can. Tables in which nft is at a loss are taken from there;
 * all of them where nft itself can't be run.
 */
async function replaceByIptables(
  root: HostRoot,
  tool: 'iptables' | 'ip6tables',
  chains: FirewallChain[],
  unread: string[],
): Promise<void> {
  const family = tool === 'iptables' ? 'ip' : 'ip6';
  const isUnclear = (chain: FirewallChain): boolean =>
    chain.tool === 'nft' && chain.family === family && chain.rules.some(hasModule);
  const tables = new Set(chains.filter(isUnclear).map(({ table }) => table));
  const withoutNft = unread.some((part) => part.startsWith('nftables'));
  if (tables.size === 0 && !withoutNft) return;
  const text = known(await root.run(`${tool}-nft-save`, '-c'));
  if (text === null) return;
  const read = parseIptablesSave(text, tool).filter(({ table }) => withoutNft || tables.has(table));
  const replaced = new Set(read.map(({ table }) => table));
  const kept = chains.filter(
    (chain) => !(chain.tool === 'nft' && chain.family === family && replaced.has(chain.table)),
  );
  chains.splice(0, chains.length, ...kept, ...read);
}

/** A match or target of iptables, which nft shows by its name alone. */
function hasModule({ conditions, verdict }: FirewallRule): boolean {
  const isModule = (text: string): boolean => text.startsWith('{"xt"');
  return (
    conditions.some((condition) => condition.kind === 'other' && isModule(condition.text)) ||
    (verdict.kind === 'other' && isModule(verdict.text))
  );
}

/**
 * The facts of one port between two looks.
 * @param addresses of clients and of this host: large sets are looked through for them
 */
export function firewallFacts(
  before: Fact<FirewallLook>,
  after: Fact<FirewallLook>,
  port: number,
  addresses: readonly string[],
): Fact<FirewallFacts> {
  if (!isKnown(after)) return after;
  const earlier = isKnown(before) ? totalsOf(before.chains) : new Map<string, number>();
  const kept = new Kept(directionsOf(after.chains), port);
  const chains = after.chains
    .filter(({ family }) => family !== 'arp')
    .map((chain) => ({
      ...chain,
      policyCounter: moved(chain.policyCounter, earlier.get(policyKey(chain))),
      rules: chain.rules
        .filter((rule) => kept.takes(chain, rule))
        .map((rule) => ({
          ...rule,
          conditions: rule.conditions.map((condition) => cut(condition, addresses)),
          verdict: cutMap(rule.verdict, addresses),
          counter: moved(rule.counter, earlier.get(ruleKey(chain, rule))),
        })),
    }));
  return {
    chains: inOrder(chains),
    rulesLeftOut: kept.leftOut,
    rulesBeyondBound: kept.beyond,
    addresses,
    flowtables: after.flowtables,
    unread: after.unread,
  };
}

/** Of a packet to the port, or of one from it. */
type Direction = 'in' | 'out';

const DIRECTIONS: Readonly<Record<FirewallHook, readonly Direction[]>> = {
  ingress: ['in'],
  prerouting: ['in'],
  input: ['in'],
  forward: ['in', 'out'],
  output: ['out'],
  postrouting: ['out'],
  egress: ['out'],
};

/** Which packets can come to a chain: its hook's, or those of the chains that lead to it. */
function directionsOf(chains: readonly FirewallChain[]): ReadonlyMap<string, ReadonlySet<Direction>> {
  const byName = new Map(chains.map((chain) => [policyKey(chain), chain]));
  const found = new Map<string, Set<Direction>>();
  const visit = (chain: FirewallChain, direction: Direction): void => {
    const key = policyKey(chain);
    const known = found.get(key) ?? new Set();
    if (known.has(direction)) return;
    found.set(key, known.add(direction));
    for (const name of chain.rules.flatMap(({ verdict }) => chainsOf(verdict))) {
      const next = byName.get(policyKey({ ...chain, name }));
      if (next !== undefined) visit(next, direction);
    }
  };
  for (const chain of chains) {
    if (chain.hook !== null) for (const direction of DIRECTIONS[chain.hook] ?? []) visit(chain, direction);
  }
  return found;
}

function chainsOf(verdict: RuleVerdict): readonly string[] {
  if (verdict.kind === 'jump' || verdict.kind === 'goto') return [verdict.chain];
  return verdict.kind === 'map' ? verdict.entries.flatMap((entry) => chainsOf(entry.verdict)) : [];
}

class Kept {
  leftOut = 0;
  beyond = 0;
  private count = 0;
  private readonly directions: ReadonlyMap<string, ReadonlySet<Direction>>;
  private readonly port: number;

  constructor(directions: ReadonlyMap<string, ReadonlySet<Direction>>, port: number) {
    this.directions = directions;
    this.port = port;
  }

  takes(chain: FirewallChain, rule: FirewallRule): boolean {
    const directions = this.directions.get(policyKey(chain)) ?? [];
    if (![...directions].some((direction) => canTouch(rule, this.port, direction))) {
      this.leftOut += 1;
      return false;
    }
    this.count += 1;
    if (this.count <= RULES_KEPT) return true;
    this.beyond += 1;
    return false;
  }
}

/** Whether it may match a packet to the port, or from it. */
function canTouch(rule: FirewallRule, port: number, direction: Direction): boolean {
  const [sourcePort, destinationPort] = direction === 'in' ? [null, port] : [port, null];
  const any = { source: null, destination: null, flags: null, inInterface: null, outInterface: null, state: null };
  return ([4, 6] as const).some((family) => {
    const packet: FirewallPacket = { ...any, family, sourcePort, destinationPort };
    return matchConditions(rule.conditions, packet) !== 'no';
  });
}

/** Of a large set, the values that hold one of the addresses. */
function cut(condition: Condition, addresses: readonly string[]): Condition {
  if (condition.kind === 'field' && condition.values.length > SET_VALUES_KEPT) {
    const values = condition.values.filter((range) => addresses.some((address) => holdsAddress(range, address)));
    return { ...condition, values: values.slice(0, SET_VALUES_KEPT), partial: true };
  }
  if (condition.kind === 'fields' && condition.rows.length > SET_VALUES_KEPT) {
    const rows = condition.rows.filter((row) =>
      row.some((range) => addresses.some((address) => holdsAddress(range, address))),
    );
    return { ...condition, rows: rows.slice(0, SET_VALUES_KEPT), partial: true };
  }
  return condition;
}

/** A large map is one that can't be followed. */
function cutMap(verdict: RuleVerdict, addresses: readonly string[]): RuleVerdict {
  if (verdict.kind !== 'map') return verdict;
  if (verdict.entries.length > SET_VALUES_KEPT) {
    return { kind: 'other', text: `a map of ${verdict.entries.length} entries` };
  }
  return {
    kind: 'map',
    entries: verdict.entries.map((entry) => ({ ...entry, condition: cut(entry.condition, addresses) })),
  };
}

function inOrder(chains: readonly FirewallChain[]): readonly FirewallChain[] {
  const place = ({ hook }: FirewallChain): number =>
    hook === null ? FIREWALL_HOOKS.length : FIREWALL_HOOKS.indexOf(hook);
  return [...chains].sort((a, b) => place(a) - place(b) || (a.priority ?? 0) - (b.priority ?? 0));
}

/** A counter that was cleared in the meantime counts from there. */
function moved(counter: RuleCounter | null, before: number | undefined): RuleCounter | null {
  if (counter === null) return null;
  const { total } = counter;
  return { total, moved: before === undefined || before > total ? total : total - before };
}

function totalsOf(chains: readonly FirewallChain[]): ReadonlyMap<string, number> {
  const totals = new Map<string, number>();
  for (const chain of chains) {
    if (chain.policyCounter !== null) totals.set(policyKey(chain), chain.policyCounter.total);
    for (const rule of chain.rules) if (rule.counter !== null) totals.set(ruleKey(chain, rule), rule.counter.total);
  }
  return totals;
}

function policyKey({ tool, family, table, name }: FirewallChain): string {
  return `${tool} ${family} ${table} ${name}`;
}

/** With the text: the place of an iptables rule is another one's when a rule before it was taken out. */
function ruleKey(chain: FirewallChain, { handle, text }: FirewallRule): string {
  return `${policyKey(chain)} ${handle} ${text}`;
}
