/** The kernel's counters of one network namespace, under the names that `nstat` gives them. */
import { type Fact, isKnown, known } from '../diagnosis/port-facts.ts';
import { type HostRoot, readText } from './proc.ts';

export type Counters = ReadonlyMap<string, number>;

/**
 * All of /proc/net/netstat, snmp and snmp6: "TcpExtListenOverflows", "IpInReceives", "Ip6InReceives".
 * @param process of the namespace; "self" is this one
 */
export function readCounters(root: HostRoot, process = 'self'): Fact<Counters> {
  const counters = new Map<string, number>();
  for (const name of ['snmp', 'netstat']) {
    const text = readText(root.proc, process, 'net', name);
    if (!isKnown(text)) return text;
    addPairs(counters, text);
  }
  // A kernel without IPv6 has none.
  for (const line of (known(readText(root.proc, process, 'net/snmp6')) ?? '').split('\n')) {
    const [name, value] = line.split(/\s+/);
    if (name !== undefined && value !== undefined) counters.set(name, Number(value));
  }
  return counters;
}

/** Lines in pairs: "Tcp: names…", "Tcp: values…". */
function addPairs(counters: Map<string, number>, text: string): void {
  const lines = text.split('\n');
  for (let at = 0; at + 1 < lines.length; at += 2) {
    const [prefix = '', ...names] = (lines[at] ?? '').split(/\s+/);
    const [, ...values] = (lines[at + 1] ?? '').split(/\s+/);
    for (const [index, name] of names.entries()) counters.set(prefix.replace(':', '') + name, Number(values[index]));
  }
}

/** Gauges and constants: what they do between two looks says nothing. */
const NO_COUNTERS = new Set([
  'IpForwarding',
  'IpDefaultTTL',
  'TcpRtoAlgorithm',
  'TcpRtoMin',
  'TcpRtoMax',
  'TcpMaxConn',
  'TcpCurrEstab',
]);

/** What moved from one look to the other. */
export function counterDeltas(before: Counters, after: Counters): Record<string, number> {
  const deltas: Record<string, number> = {};
  for (const [name, value] of after) {
    const moved = value - (before.get(name) ?? 0);
    if (moved !== 0 && !NO_COUNTERS.has(name)) deltas[name] = moved;
  }
  return deltas;
}
