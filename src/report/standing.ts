/** How matters stand at each endpoint while a capture runs: the verdicts that are out, by endpoint. Cheap enough to be kept for every attempt. */
import type { Evidence } from '../handshake/evidence.ts';
import type { VerdictName } from '../handshake/handshake.ts';
import { addressText } from '../handshake/record.ts';
import { VERDICT_NAMES, type Verdict } from '../handshake/verdict.ts';
import { EndpointTable } from './endpoint-table.ts';

export interface EndpointStanding {
  readonly address: string;
  readonly port: number;
  /** Attempts by the verdict that is out; those that have none yet are not among them. */
  readonly byVerdict: Readonly<Record<VerdictName, number>>;
}

/** Endpoints that are told apart; a scan of all ports of a network is no reason for memory. */
const ENDPOINTS = 4096;

export class StandingTable {
  private readonly table: EndpointTable;
  private readonly endpoints: { readonly address: string; readonly port: number; readonly counts: Float64Array }[] = [];

  constructor(seed: number) {
    this.table = new EndpointTable(seed);
  }

  /** The verdict of so many attempts of the endpoint is out. @param before the one that was out until now, or -1 */
  tell(e: Evidence, verdict: Verdict, before: number, attempts: number): void {
    const counts = this.endpoints[this.numberOf(e)]?.counts;
    if (counts === undefined) return;
    if (before >= 0) counts[before] = (counts[before] as number) - attempts;
    counts[verdict] = (counts[verdict] as number) + attempts;
  }

  /** Every endpoint, in the order in which they came. */
  all(): EndpointStanding[] {
    return this.endpoints.map(({ address, port, counts }) => ({ address, port, byVerdict: namedCounts(counts) }));
  }

  private numberOf(e: Evidence): number {
    const found = this.table.find(e.server0, e.server1, e.server2, e.server3, e.serverPort);
    if (found >= 0 || this.table.size >= ENDPOINTS) return found;
    const address = addressText(e.server0, e.server1, e.server2, e.server3);
    this.endpoints.push({ address, port: e.serverPort, counts: new Float64Array(VERDICT_NAMES.length) });
    return this.table.add(e.server0, e.server1, e.server2, e.server3, e.serverPort);
  }
}

/** By the number of the verdict -> by its name. */
export function namedCounts(counts: Float64Array): Record<VerdictName, number> {
  const named = VERDICT_NAMES.map((name, verdict) => [name, counts[verdict] as number]);
  return Object.fromEntries(named) as Record<VerdictName, number>;
}
