/** Rules of a firewall, and a packet that they are asked about, to be changed where a test says what is different. */
import type {
  Condition,
  FirewallChain,
  FirewallFacts,
  FirewallRule,
  RuleVerdict,
} from '../../src/diagnosis/firewall-facts.ts';
import type { FirewallPacket } from '../../src/diagnosis/firewall-walk.ts';

export const SYN: FirewallPacket = {
  family: 4,
  source: '10.9.0.1',
  destination: '10.9.0.2',
  sourcePort: 40_000,
  destinationPort: 80,
  flags: 2,
  inInterface: 'eth0',
  outInterface: null,
  state: 'new',
};

/** The field has one of the values. */
export function field(
  name: 'source-address' | 'destination-port' | 'in-interface',
  ...values: (string | number)[]
): Condition {
  const ranges = values.map((value) => [value, value] as const);
  return { kind: 'field', field: name, negated: false, values: ranges, set: null, partial: false };
}

export function rule(verdict: RuleVerdict, ...conditions: Condition[]): FirewallRule {
  return { handle: 1, text: verdict.kind, conditions, verdict, counter: null };
}

export function chain(name: string, rules: FirewallRule[], more: Partial<FirewallChain> = {}): FirewallChain {
  return {
    tool: 'nft',
    family: 'inet',
    table: 't',
    name,
    type: 'filter',
    hook: name === 'input' || name === 'output' ? name : null,
    priority: 0,
    policy: 'accept',
    policyCounter: null,
    devices: [],
    rules,
    ...more,
  };
}

export function firewall(...chains: FirewallChain[]): FirewallFacts {
  return { chains, rulesLeftOut: 0, rulesBeyondBound: 0, addresses: [], flowtables: [], unread: [] };
}
