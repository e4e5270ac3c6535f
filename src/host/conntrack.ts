/** Connection tracking: how full its table is, and what it refused while it was watched. */
import type { ConntrackFacts } from '../diagnosis/network-facts.ts';
import { type Fact, isKnown, unknown } from '../diagnosis/port-facts.ts';
import { type HostRoot, readNumber, readText } from './proc.ts';

/** Sums over the processors of /proc/net/stat/nf_conntrack, by the names of its first line. */
export type ConntrackLook = ReadonlyMap<string, number>;

const ABSENT = 'connections are not tracked here';

export function lookAtConntrack(root: HostRoot): Fact<ConntrackLook> {
  const text = readText(root.proc, 'self/net/stat/nf_conntrack');
  if (!isKnown(text)) return text.unknown.endsWith('is not there') ? unknown(ABSENT) : text;
  const [names = '', ...lines] = text.trim().split('\n');
  const rows = lines.map((line) => line.split(/\s+/).map((word) => Number.parseInt(word, 16)));
  const sums = new Map<string, number>();
  for (const [column, name] of names.trim().split(/\s+/).entries()) {
    sums.set(
      name,
      rows.reduce((sum, row) => sum + (row[column] ?? 0), 0),
    );
  }
  return sums;
}

export function conntrackFacts(
  root: HostRoot,
  before: Fact<ConntrackLook>,
  after: Fact<ConntrackLook>,
): Fact<ConntrackFacts> {
  if (!isKnown(before)) return before;
  if (!isKnown(after)) return after;
  const count = readNumber(root.proc, 'sys/net/netfilter/nf_conntrack_count');
  const max = readNumber(root.proc, 'sys/net/netfilter/nf_conntrack_max');
  if (!isKnown(count)) return count.unknown.endsWith('is not there') ? unknown(ABSENT) : count;
  if (!isKnown(max)) return max;
  const moved = (name: string): number => (after.get(name) ?? 0) - (before.get(name) ?? 0);
  return {
    count,
    max,
    drop: moved('drop'),
    earlyDrop: moved('early_drop'),
    insertFailed: moved('insert_failed'),
    invalid: moved('invalid'),
    clashResolved: moved('clashres'),
  };
}
