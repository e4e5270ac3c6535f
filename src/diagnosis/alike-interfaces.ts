/** Interfaces that no rule of a firewall tells apart: one of them stands for all. A host of containers has hundreds, and its rules name a few. */
import type { Condition, FirewallFacts, FirewallRule, PacketField, ValueRange } from './firewall-facts.ts';
import { holdsAddress } from './firewall-walk.ts';

const ASKS: readonly PacketField[] = ['in-interface', 'out-interface'];

/** @returns of those that are alike the first, in the order given */
export function unlikeInterfaces(names: readonly string[], firewall: FirewallFacts): readonly string[] {
  if (names.length < 2) return names;
  const asked = new Map<string, ValueRange>();
  for (const { devices, rules } of firewall.chains) {
    for (const device of devices) asked.set(device, [device, device]);
    for (const range of rules.flatMap(rangesOf)) asked.set(range.join(' '), range);
  }
  const ranges = [...asked.values()];
  const firsts = new Map<string, string>();
  for (const name of names) {
    const kind = ranges.map((range) => Number(holdsAddress(range, name))).join('');
    if (!firsts.has(kind)) firsts.set(kind, name);
  }
  return [...firsts.values()];
}

function rangesOf({ conditions, verdict }: FirewallRule): readonly ValueRange[] {
  const inMap = verdict.kind === 'map' ? verdict.entries.map(({ condition }) => condition) : [];
  return [...conditions, ...inMap].flatMap(namesIn);
}

function namesIn(condition: Condition): readonly ValueRange[] {
  if (condition.kind === 'field') return ASKS.includes(condition.field) ? condition.values : [];
  if (condition.kind !== 'fields') return [];
  return condition.fields.flatMap((field, index) =>
    ASKS.includes(field) ? condition.rows.flatMap((row) => (row[index] === undefined ? [] : [row[index]])) : [],
  );
}
