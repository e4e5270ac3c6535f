/** nftables: `nft -j list ruleset` for what the rules ask and do, `nft -a list ruleset` for how a person reads them. */
import {
  FIREWALL_HOOKS,
  type FirewallChain,
  type FirewallFamily,
  type FirewallRule,
  type RuleCounter,
} from '../diagnosis/firewall-facts.ts';
import { type Fact, isKnown, unknown } from '../diagnosis/port-facts.ts';
import type { CommandRunner } from './command.ts';
import { isObject, type Json } from './json-answer.ts';
import { conditionsOf, type NftSet, type SetLookup, verdictOf } from './nft-condition.ts';

/** All rules of one kind of firewall, and what else belongs to it. */
export interface Ruleset {
  readonly chains: readonly FirewallChain[];
  readonly flowtables: readonly { readonly name: string; readonly devices: readonly string[] }[];
}

/** Texts of rules and devices of chains, by `keyOf`. */
interface Texts {
  readonly rules: ReadonlyMap<string, string>;
  readonly devices: ReadonlyMap<string, readonly string[]>;
}

export async function readNft(run: CommandRunner): Promise<Fact<Ruleset>> {
  const [json, text] = await Promise.all([run('nft', '-j', 'list', 'ruleset'), run('nft', '-a', 'list', 'ruleset')]);
  if (!isKnown(json)) return json;
  return parseNft(json, isKnown(text) ? text : '');
}

/** @param text of `nft -a list ruleset`; empty when there is none, rules then have their JSON as text */
export function parseNft(json: string, text: string): Fact<Ruleset> {
  let objects: unknown;
  try {
    objects = (JSON.parse(json === '' ? '{"nftables":[]}' : json) as Json | null)?.['nftables'];
  } catch {
    objects = null;
  }
  if (!Array.isArray(objects)) return unknown('what nft -j list ruleset says can’t be understood');
  const texts = parseTexts(text);
  const of = (kind: string): readonly Json[] =>
    objects.map((object: Json | null) => object?.[kind]).filter((one): one is Json => isObject(one));
  const sets = new Map([...of('set'), ...of('map')].map((set) => [keyOf(set, set['name']), setOf(set)]));
  const counters = new Map(of('counter').map((counter) => [keyOf(counter, counter['name']), packetsOf(counter)]));
  const rules = new Map<string, FirewallRule[]>();
  for (const rule of of('rule')) {
    const chain = keyOf(rule, rule['chain']);
    const found = ruleOf(rule, texts, (name) => sets.get(keyOf(rule, name)) ?? null, counters);
    const before = rules.get(chain);
    if (before === undefined) rules.set(chain, [found]);
    else before.push(found);
  }
  return {
    chains: of('chain').map((chain) => chainOf(chain, texts, rules.get(keyOf(chain, chain['name'])) ?? [])),
    flowtables: of('flowtable').map((table) => ({ name: String(table['name']), devices: namesOf(table['dev']) })),
  };
}

function chainOf(chain: Json, texts: Texts, rules: readonly FirewallRule[]): FirewallChain {
  const { family, table, name, type, hook, prio, policy, dev } = chain;
  const devices = namesOf(dev);
  return {
    tool: 'nft',
    family: String(family) as FirewallFamily,
    table: String(table),
    name: String(name),
    type: type === 'nat' || type === 'route' ? type : 'filter',
    // One that a later nft may know leads nowhere that is followed here.
    hook: FIREWALL_HOOKS.find((known) => known === hook) ?? null,
    priority: typeof prio === 'number' ? prio : null,
    policy: policy === 'drop' || policy === 'accept' ? policy : null,
    policyCounter: null,
    // Some versions leave the devices out of their JSON (1.0.6).
    devices: devices.length > 0 ? devices : (texts.devices.get(keyOf(chain, name)) ?? []),
    rules,
  };
}

function ruleOf(rule: Json, texts: Texts, sets: SetLookup, counters: ReadonlyMap<string, number>): FirewallRule {
  const expressions = Array.isArray(rule['expr']) ? rule['expr'].filter(isObject) : [];
  const handle = Number(rule['handle']);
  return {
    handle,
    text: texts.rules.get(`${keyOf(rule, rule['chain'])} ${handle}`) ?? JSON.stringify(rule['expr']),
    conditions: expressions.flatMap((expression) => conditionsOf(expression, sets)),
    verdict: verdictOf(expressions, sets),
    counter: counterOf(rule, expressions, counters),
  };
}

/** Inline, or by the name of a counter object that several rules may share. */
function counterOf(
  rule: Json,
  expressions: readonly Json[],
  counters: ReadonlyMap<string, number>,
): RuleCounter | null {
  for (const { counter } of expressions) {
    if (counter === undefined) continue;
    const total = typeof counter === 'string' ? counters.get(keyOf(rule, counter)) : packetsOf(counter as Json);
    if (total !== undefined) return { moved: 0, total };
  }
  return null;
}

function packetsOf(counter: Json | null): number {
  return Number(counter?.['packets'] ?? 0);
}

function setOf(set: Json): NftSet {
  return { name: String(set['name']), elements: Array.isArray(set['elem']) ? set['elem'] : [] };
}

function keyOf(object: Json, name: unknown): string {
  return `${object['family']} ${object['table']} ${name}`;
}

/** Lines "table inet f {", "chain input {", "type filter hook ingress device "lo" …", and rules with "# handle 7" at their end. */
function parseTexts(text: string): Texts {
  const rules = new Map<string, string>();
  const devices = new Map<string, readonly string[]>();
  let table = '';
  let chain: string | null = null;
  let pending = '';
  for (const line of text.split('\n')) {
    const opened = /^table (\S+) (\S+) \{/.exec(line);
    if (opened !== null) table = `${opened[1]} ${opened[2]}`;
    const named = /^\tchain (\S+) \{/.exec(line);
    if (named !== null) {
      chain = `${table} ${named[1]}`;
      pending = '';
      continue;
    }
    if (line === '\t}') chain = null;
    if (chain === null) continue;
    if (/^\t\ttype \w+ hook /.test(line)) {
      devices.set(chain, devicesOf(line));
      continue;
    }
    pending += ` ${line.trim()}`;
    const end = /^(.*) # handle (\d+)$/.exec(pending);
    if (end === null) continue;
    rules.set(`${chain} ${end[2]}`, withoutCounts(end[1] ?? ''));
    pending = '';
  }
  return { rules, devices };
}

function devicesOf(line: string): string[] {
  const part = /\bdevices? (?:= )?(.*?) priority/.exec(line)?.[1] ?? '';
  return [...part.matchAll(/"([^"]+)"/g)].map(([, name = '']) => name);
}

/** The count is told by itself. */
function withoutCounts(text: string): string {
  return text.trim().replace(/counter packets \d+ bytes \d+/, 'counter');
}

function namesOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  return Array.isArray(value) ? value.map(String) : [];
}
