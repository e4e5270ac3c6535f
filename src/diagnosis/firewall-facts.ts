/**
 * The firewall of a Linux host as far as it can touch one port, as plain data: nftables and iptables in the same terms. What a rule asks of a packet is a list of
 * conditions, all of which must hold; what can't be put into them is kept as text and makes the answer "unknown", never "no" (firewall-walk.ts).
 */

/** Where a chain hooks in (man nft, "Address families"). `ingress` and `egress` are before and behind the IP layer, at the interface. */
/** In the order in which a packet meets them. */
export const FIREWALL_HOOKS = ['ingress', 'prerouting', 'input', 'forward', 'output', 'postrouting', 'egress'] as const;
export type FirewallHook = (typeof FIREWALL_HOOKS)[number];

export type FirewallFamily = 'ip' | 'ip6' | 'inet' | 'arp' | 'bridge' | 'netdev';

/** Fields of a packet that a condition can ask for. */
export type PacketField =
  | 'family'
  | 'protocol'
  | 'source-address'
  | 'destination-address'
  | 'source-port'
  | 'destination-port'
  | 'in-interface'
  | 'out-interface'
  | 'tcp-flags'
  | 'connection-state';

/** First and last of a range, both included; a single value has the two equal. Addresses as text, ports and families as numbers, names (an interface may end in `*`). */
export type ValueRange = readonly [first: string | number, last: string | number];

/** One question about the packet. */
export type Condition =
  | {
      readonly kind: 'field';
      readonly field: Exclude<PacketField, 'tcp-flags'>;
      readonly negated: boolean;
      readonly values: readonly ValueRange[];
      /** Name of the set that holds the values; null when they stand in the rule. */
      readonly set: string | null;
      /** Values were left out because they hold none of the addresses that were asked about (`FirewallFacts.addresses`): of any other address nothing is known. */
      readonly partial: boolean;
    }
  /** flags & mask is `value` (or is not): bits of the TCP header, RFC 9293 §3.1. */
  | { readonly kind: 'tcp-flags'; readonly mask: number; readonly value: number; readonly negated: boolean }
  /** Several fields at once: nft's `ip saddr . tcp dport`. One row has to hold in all fields. */
  | {
      readonly kind: 'fields';
      readonly fields: readonly PacketField[];
      readonly negated: boolean;
      readonly rows: readonly (readonly ValueRange[])[];
      readonly set: string | null;
      readonly partial: boolean;
    }
  /** A number of connections or packets (limit, connlimit, ct count, hashlimit, recent): it depends on more than the packet. */
  | { readonly kind: 'limit'; readonly text: string }
  /** Anything else: it may hold or not. */
  | { readonly kind: 'other'; readonly text: string };

export type RuleVerdict =
  | { readonly kind: 'accept' | 'drop' | 'return' | 'continue' | 'queue' | 'notrack' }
  /** @property with "tcp reset", or the ICMP error: "icmpx port-unreachable" */
  | { readonly kind: 'reject'; readonly with: string }
  | { readonly kind: 'jump' | 'goto'; readonly chain: string }
  /** dnat, redirect, snat, masquerade, tproxy, synproxy: the packet goes on with other addresses, or is taken. @property to as the rule says it */
  | { readonly kind: 'translate'; readonly how: string; readonly to: string }
  /** nft's vmap: the first entry whose condition holds. */
  | {
      readonly kind: 'map';
      readonly entries: readonly { readonly condition: Condition; readonly verdict: RuleVerdict }[];
    }
  /** What the words after the conditions do is not known to tripod. */
  | { readonly kind: 'other'; readonly text: string };

/** Packets that a counter has counted. */
export interface RuleCounter {
  /** While it was watched. */
  readonly moved: number;
  /** Since the rule was set, or its counter cleared. */
  readonly total: number;
}

export interface FirewallRule {
  /** nft: the handle (`nft -a list ruleset`, `nft delete rule … handle N`). iptables: the place in its chain, from 1 (`iptables -nvL --line-numbers`). */
  readonly handle: number;
  /** As nft or iptables-save writes it, counters left out. */
  readonly text: string;
  readonly conditions: readonly Condition[];
  readonly verdict: RuleVerdict;
  /** null: the rule has no counter, so nobody knows how often it matched. */
  readonly counter: RuleCounter | null;
}

export interface FirewallChain {
  readonly tool: 'nft' | 'iptables' | 'ip6tables' | 'iptables-legacy' | 'ip6tables-legacy';
  readonly family: FirewallFamily;
  readonly table: string;
  readonly name: string;
  /** A chain of type nat sees the first packet of a connection alone. */
  readonly type: 'filter' | 'nat' | 'route';
  /** null: packets come here by a jump alone. */
  readonly hook: FirewallHook | null;
  /** Lower comes first. null without a hook. */
  readonly priority: number | null;
  readonly policy: 'accept' | 'drop' | null;
  /** Packets that fell through to the policy: iptables counts them, nft does not. */
  readonly policyCounter: RuleCounter | null;
  /** Of a chain at `ingress` or `egress`; empty elsewhere. */
  readonly devices: readonly string[];
  /** In order. Rules that can't match a TCP packet from or to the port are left out. */
  readonly rules: readonly FirewallRule[];
}

export interface FirewallFacts {
  /** Those with a hook first, in the order in which a packet meets them; then those that they lead to. */
  readonly chains: readonly FirewallChain[];
  /** Rules that can't match a TCP packet of the port. */
  readonly rulesLeftOut: number;
  /** Rules that could, but were beyond the bound: with any of them the answer of a walk is unknown. */
  readonly rulesBeyondBound: number;
  /** Addresses for which large sets were looked through. */
  readonly addresses: readonly string[];
  /** Connections that skip the rules once they are open: nft flowtables, with their devices. */
  readonly flowtables: readonly { readonly name: string; readonly devices: readonly string[] }[];
  /** A part that could not be read, each with the reason: "iptables-legacy: …". Without it a walk answers unknown rather than accept. */
  readonly unread: readonly string[];
}

/** Rules that are kept. */
export const RULES_KEPT = 2000;
/** Values of one set that are kept. */
export const SET_VALUES_KEPT = 500;
