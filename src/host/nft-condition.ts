/** From an expression of nft's JSON (man libnftables-json) to a condition of firewall-facts.ts. What has no counterpart there is kept as text. */
import { formatAddress, parseAddressRange } from '../bytes/address.ts';
import type { Condition, PacketField, RuleVerdict, ValueRange } from '../diagnosis/firewall-facts.ts';
import { isObject, type Json } from './json-answer.ts';

/** A set or map of the table: what its elements are, as nft's JSON has them. */
export interface NftSet {
  readonly name: string;
  readonly elements: readonly unknown[];
}

export type SetLookup = (name: string) => NftSet | null;

const FAMILIES = new Map(Object.entries({ ip: 4, ipv4: 4, ip6: 6, ipv6: 6 }));
/** RFC 9293 §3.1. */
const FLAGS = new Map(
  Object.entries({
    fin: 1,
    syn: 2,
    rst: 4,
    psh: 8,
    ack: 16,
    urg: 32,
    ecn: 64,
    cwr: 128,
  }),
);
const PORT_LAST = 0xffff;
const ALL_BITS = 0xffffffff;
/** IANA protocol number. */
const TCP = 6;

/** Field that the left side of a match names, and the family that it presupposes. */
interface Named {
  readonly field: PacketField;
  readonly family: 4 | 6 | null;
}

/** The conditions of one expression; an expression that asks nothing (a counter, a log) has none. */
export function conditionsOf(expression: Json, sets: SetLookup): readonly Condition[] {
  const [kind = ''] = Object.keys(expression);
  const value = expression[kind];
  switch (kind) {
    case 'match':
      return matchOf(jsonOf(value), sets);
    case 'limit':
    case 'ct count':
    case 'quota':
      return [{ kind: 'limit', text: textOf(expression) }];
    case 'set':
      // `add @recent { ip saddr limit rate over 10/second }`: the rule goes on where the limit of the element holds.
      return listOf(jsonOf(value)['stmt']).length > 0 ? [{ kind: 'limit', text: textOf(expression) }] : [];
    case 'counter':
    case 'log':
    case 'mangle':
    case 'flow':
    case 'ct helper':
    case 'ct timeout':
    case 'ct expectation':
    case 'secmark':
    case 'meter':
    case 'last':
    case 'dup':
      return [];
    default:
      return singleVerdict(expression, sets) === null ? [{ kind: 'other', text: textOf(expression) }] : [];
  }
}

function matchOf({ op, left, right }: Json, sets: SetLookup): readonly Condition[] {
  const other: Condition = { kind: 'other', text: textOf({ op, left, right }) };
  const negated = op === '!=';
  const flags = flagsCondition(left as Json, right, String(op));
  if (flags !== null) return [...protocolOf(left), flags];
  const concat = (left as Json | null)?.['concat'];
  if (Array.isArray(concat)) {
    const named = concat.map(fieldOf);
    const fields = named.map((each) => each?.field ?? null);
    if (fields.includes(null)) return [other];
    const rows = elementsOf(right, sets)?.map((row) => rowOf(row, fields.length));
    if (rows === undefined || rows.includes(null)) return [other];
    return [
      ...named.flatMap((each) => familyCondition(each?.family ?? null)),
      {
        kind: 'fields',
        fields: fields as PacketField[],
        negated,
        rows: rows as ValueRange[][],
        set: setName(right),
        partial: false,
      },
    ];
  }
  const named = fieldOf(left);
  const values = named === null ? null : valuesOf(named.field, String(op), right, sets);
  // `icmpv6 type 1` and `ip ttl 1` are of other packets than TCP's, or of one family alone, whatever else they ask.
  if (named === null || values === null) return [...familyCondition(familyOf(left)), ...protocolOf(left), other];
  return [
    ...familyCondition(named.family),
    ...protocolOf(left),
    { kind: 'field', field: fieldWithoutFlags(named.field), negated, values, set: setName(right), partial: false },
  ];
}

/** Flags never come here: `flagsCondition` has taken them. */
function fieldWithoutFlags(field: PacketField): Exclude<PacketField, 'tcp-flags'> {
  return field === 'tcp-flags' ? 'protocol' : field;
}

function fieldOf(left: unknown): Named | null {
  const { payload, meta, ct } = jsonOf(left);
  if (isObject(payload)) return payloadField(String(payload['protocol']), String(payload['field']));
  if (isObject(meta)) return metaField(String(meta['key']));
  if (jsonOf(ct)['key'] === 'state') return { field: 'connection-state', family: null };
  return null;
}

function payloadField(protocol: string, field: string): Named | null {
  if (protocol === 'ip' || protocol === 'ip6') {
    const family = protocol === 'ip' ? 4 : 6;
    if (field === 'saddr') return { field: 'source-address', family };
    if (field === 'daddr') return { field: 'destination-address', family };
    if (field === 'protocol' || field === 'nexthdr') return { field: 'protocol', family };
    return null;
  }
  if (protocol === 'ether') return field === 'type' ? { field: 'family', family: null } : null;
  if (field === 'sport') return { field: 'source-port', family: null };
  return field === 'dport' ? { field: 'destination-port', family: null } : null;
}

function metaField(key: string): Named | null {
  switch (key) {
    case 'l4proto':
      return { field: 'protocol', family: null };
    case 'nfproto':
    case 'protocol':
      return { field: 'family', family: null };
    case 'iifname':
    case 'iif':
      return { field: 'in-interface', family: null };
    case 'oifname':
    case 'oif':
      return { field: 'out-interface', family: null };
    default:
      return null;
  }
}

function familyOf(left: unknown): 4 | 6 | null {
  const protocol = (left as { payload?: Json } | null)?.payload?.['protocol'];
  return protocol === 'ip' ? 4 : protocol === 'ip6' ? 6 : null;
}

function familyCondition(family: 4 | 6 | null): Condition[] {
  if (family === null) return [];
  return [{ kind: 'field', field: 'family', negated: false, values: [[family, family]], set: null, partial: false }];
}

/** `udp dport 53` presupposes UDP; `th dport` no protocol. */
function protocolOf(left: unknown): Condition[] {
  const names = textOf(left).matchAll(/"payload":\{"protocol":"(\w+)"/g);
  return [...names]
    .map(([, name = '']) => name)
    .filter((name) => !['ip', 'ip6', 'th', 'ether', 'arp', 'vlan'].includes(name))
    .map((name) => ({
      kind: 'field',
      field: 'protocol',
      negated: false,
      values: [[name, name]],
      set: null,
      partial: false,
    }));
}

function flagsCondition(left: Json | null, right: unknown, op: string): Condition | null {
  const isFlags = (side: unknown): boolean => {
    const payload = (side as { payload?: Json } | null)?.payload;
    return payload?.['protocol'] === 'tcp' && payload['field'] === 'flags';
  };
  const parts = left?.['&'];
  if (Array.isArray(parts) && isFlags(parts[0])) {
    const [mask, value] = [flagBits(parts[1]), flagBits(right)];
    return mask === null || value === null ? null : { kind: 'tcp-flags', mask, value, negated: op === '!=' };
  }
  if (!isFlags(left)) return null;
  const bits = flagBits(right);
  if (bits === null) return null;
  // `tcp flags syn` asks for any of the bits, `tcp flags == syn` for exactly these.
  if (op === 'in') return { kind: 'tcp-flags', mask: bits, value: 0, negated: true };
  return { kind: 'tcp-flags', mask: 0xff, value: bits, negated: op === '!=' };
}

function flagBits(value: unknown): number | null {
  if (typeof value === 'number') return value;
  if (typeof value === 'string') return FLAGS.get(value) ?? null;
  const parts = Array.isArray(value) ? value : (value as Json | null)?.['|'];
  if (!Array.isArray(parts)) return null;
  let bits = 0;
  for (const part of parts) {
    const more = flagBits(part);
    if (more === null) return null;
    bits |= more;
  }
  return bits;
}

function valuesOf(field: PacketField, op: string, right: unknown, sets: SetLookup): readonly ValueRange[] | null {
  if (op === '<' || op === '>' || op === '<=' || op === '>=') {
    if (typeof right !== 'number') return null;
    if (op.startsWith('<')) return [[0, op === '<' ? right - 1 : right]];
    return [[op === '>' ? right + 1 : right, PORT_LAST]];
  }
  const ranges = elementsOf(right, sets)?.map((element) => rangeOf(element));
  if (ranges === undefined || ranges.includes(null)) return null;
  if (field === 'family') return (ranges as ValueRange[]).map(familyRange);
  if (field === 'protocol') return (ranges as ValueRange[]).map(protocolRange);
  return ranges as ValueRange[];
}

/** Numbers where nft was told to write numbers. */
function protocolRange([first, last]: ValueRange): ValueRange {
  return typeof first === 'number' && first <= TCP && TCP <= Number(last) ? ['tcp', 'tcp'] : [first, last];
}

function familyRange([first, last]: ValueRange): ValueRange {
  return [FAMILIES.get(String(first)) ?? first, FAMILIES.get(String(last)) ?? last];
}

/** The elements of a set, of a list, or a single value. */
function elementsOf(right: unknown, sets: SetLookup): readonly unknown[] | undefined {
  const name = setName(right);
  if (name !== null) return sets(name)?.elements;
  if (Array.isArray(right)) return right;
  const inline = (right as Json | null)?.['set'];
  return Array.isArray(inline) ? inline : [right];
}

function setName(right: unknown): string | null {
  return typeof right === 'string' && right.startsWith('@') ? right.slice(1) : null;
}

function rowOf(element: unknown, width: number): ValueRange[] | null {
  const plain = plainElement(element) as Json | null;
  const parts = plain?.['concat'];
  if (!Array.isArray(parts) || parts.length !== width) return null;
  const ranges = parts.map(rangeOf);
  return ranges.includes(null) ? null : (ranges as ValueRange[]);
}

/** An element may carry a counter, a comment, a timeout. */
function plainElement(element: unknown): unknown {
  const wrapped = (element as Json | null)?.['elem'];
  return typeof wrapped === 'object' && wrapped !== null ? (wrapped as Json)['val'] : element;
}

function rangeOf(element: unknown): ValueRange | null {
  const value = plainElement(element);
  if (typeof value === 'string' || typeof value === 'number') return [value, value];
  const { range, prefix } = jsonOf(value);
  if (Array.isArray(range)) return [range[0], range[1]];
  if (isObject(prefix)) return prefixRange(`${prefix['addr']}`, Number(prefix['len']));
  return null;
}

/** First and last address of a prefix; null for what is none. */
export function prefixRange(address: string, length: number): ValueRange | null {
  const range = parseAddressRange(`${address}/${length}`);
  if (range === null) return null;
  const { words, prefixLength, family } = range;
  const last = words.map((word, index) => {
    const kept = Math.min(32, Math.max(0, prefixLength - index * 32));
    return kept === 32 ? word : (word | (ALL_BITS >>> kept)) >>> 0;
  });
  const [w0 = 0, w1 = 0, w2 = 0, w3 = 0] = last;
  return [formatAddress(...words, family), formatAddress(w0, w1, w2, w3, family)];
}

/** What the rule does: the last of its expressions that decides something. */
export function verdictOf(expressions: readonly Json[], sets: SetLookup): RuleVerdict {
  for (const expression of expressions) {
    const verdict = singleVerdict(expression, sets);
    if (verdict !== null) return verdict;
  }
  return { kind: 'continue' };
}

const TRANSLATIONS = ['dnat', 'redirect', 'snat', 'masquerade', 'tproxy', 'synproxy', 'fwd'];

function singleVerdict(expression: Json, sets: SetLookup): RuleVerdict | null {
  const [kind = ''] = Object.keys(expression);
  const value = expression[kind] as Json | null;
  switch (kind) {
    case 'accept':
    case 'drop':
    case 'return':
    case 'continue':
    case 'queue':
    case 'notrack':
      return { kind };
    case 'jump':
    case 'goto':
      return { kind, chain: String(value?.['target']) };
    case 'reject':
      return { kind, with: `${value?.['type'] ?? 'icmpx'} ${value?.['expr'] ?? ''}`.trim() };
    case 'vmap':
      return mapOf(jsonOf(value), sets);
    case 'xt':
      return value?.['type'] === 'target' ? { kind: 'other', text: String(value['name']) } : null;
    default:
      return TRANSLATIONS.includes(kind)
        ? { kind: 'translate', how: kind, to: value === null ? '' : translationText(value) }
        : null;
  }
}

function translationText(value: Json): string {
  const { addr, port, dev } = value;
  return [addr, port, dev]
    .filter((part) => part !== undefined)
    .map((part) => textOf(part))
    .join(':');
}

/** Each entry of a verdict map as a condition of its own. */
function mapOf({ key, data }: Json, sets: SetLookup): RuleVerdict {
  const name = setName(data);
  const elements = name === null ? (data as Json | null)?.['set'] : sets(name)?.elements;
  if (!Array.isArray(elements)) return { kind: 'other', text: textOf({ key, data }) };
  const entries = elements.map((element) => {
    const [from, to] = Array.isArray(element) ? element : [null, null];
    const right = (key as Json | null)?.['concat'] === undefined ? from : { set: [from] };
    const conditions = matchOf({ op: '==', left: key, right }, sets);
    // Presupposed fields (a family, a protocol) are asked again by the last one.
    const condition = conditions.at(-1) ?? ({ kind: 'other', text: textOf(element) } satisfies Condition);
    return { condition, verdict: singleVerdict(jsonOf(to), sets) ?? ({ kind: 'continue' } satisfies RuleVerdict) };
  });
  return { kind: 'map', entries };
}

/** An object without fields where there is none: whatever nft says, what is not known is kept as text. */
function jsonOf(value: unknown): Json {
  return isObject(value) ? value : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}
