/**
 * A flood makes attempts by the hundred thousand that differ in the client alone. For a reader the first of each endpoint and verdict stand for the others, which are counted: their records
 * are never made, and that is most of what an attempt costs.
 */
import { AT_BASE } from '../bytes/time.ts';
import type { Evidence } from '../handshake/evidence.ts';
import type { Handshake } from '../handshake/handshake.ts';
import { VERDICT_NAMES, type Verdict } from '../handshake/verdict.ts';
import type { AlikeRun } from './alike-run.ts';
import { EndpointTable } from './endpoint-table.ts';

/** Attempts of one endpoint and verdict that are told together. */
export interface Together {
  /** One of them that has a record. */
  readonly sample: Handshake;
  /** How many have none. */
  readonly attempts: number;
  /** When the first and the last of these began: strings of epoch seconds. */
  readonly first: string;
  readonly last: string;
}

interface Entry {
  sample: Handshake | null;
  /** Records since the last `take`. */
  records: number;
  /** Attempts without one since then, and when they began: nanoseconds since the capture's base. */
  others: number;
  firstNanos: number;
  lastNanos: number;
}

/** Endpoints that are told apart; attempts of others have a record each. */
const ENDPOINTS = 4096;

export class Crowd {
  private readonly table: EndpointTable;
  private readonly entries: Entry[] = [];
  private readonly most: number;
  private hasOthers = false;

  /** @param most attempts of an endpoint and verdict that have a record */
  constructor(seed: number, most: number) {
    this.table = new EndpointTable(seed);
    this.most = most;
  }

  /** Whether the attempt is to have a record, for which `keep` is called then; else it is counted. */
  admits(e: Evidence, verdict: Verdict): boolean {
    const entry = this.entryOf(e, verdict);
    if (entry === null || entry.records < this.most || entry.sample === null) return true;
    const began = beganNanos(e);
    if (entry.others === 0 || began < entry.firstNanos) entry.firstNanos = began;
    if (entry.others === 0 || began > entry.lastNanos) entry.lastNanos = began;
    entry.others += 1;
    this.hasOthers = true;
    return false;
  }

  /** Attempts that followed one which was not admitted, and are like it. */
  countAlike({ like, verdict, attempts, firstNanos, lastNanos }: AlikeRun): void {
    const entry = this.entryOf(like, verdict);
    if (entry === null) return;
    entry.others += attempts;
    if (firstNanos < entry.firstNanos) entry.firstNanos = firstNanos;
    if (lastNanos > entry.lastNanos) entry.lastNanos = lastNanos;
  }

  keep(e: Evidence, verdict: Verdict, record: Handshake): void {
    const entry = this.entryOf(e, verdict);
    if (entry === null) return;
    entry.sample ??= record;
    entry.records += 1;
  }

  /** What is to be told together; it goes on. @param momentText of nanoseconds since the capture's base */
  together(momentText: (nanos: number) => string): readonly Together[] {
    if (!this.hasOthers) return [];
    return this.entries.flatMap(({ sample, others, firstNanos, lastNanos }) =>
      sample === null || others === 0
        ? []
        : [{ sample, attempts: others, first: momentText(firstNanos), last: momentText(lastNanos) }],
    );
  }

  /** As `together`, and begins anew. */
  take(momentText: (nanos: number) => string): readonly Together[] {
    const taken = this.together(momentText);
    this.hasOthers = false;
    for (const entry of this.entries) {
      entry.records = 0;
      entry.others = 0;
    }
    return taken;
  }

  private entryOf(e: Evidence, verdict: Verdict): Entry | null {
    const { table } = this;
    let number = table.find(e.server0, e.server1, e.server2, e.server3, e.serverPort);
    if (number < 0) {
      if (table.size >= ENDPOINTS) return null;
      number = table.add(e.server0, e.server1, e.server2, e.server3, e.serverPort);
      for (let i = 0; i < VERDICT_NAMES.length; i++) {
        this.entries.push({ sample: null, records: 0, others: 0, firstNanos: AT_BASE, lastNanos: AT_BASE });
      }
    }
    return this.entries[number * VERDICT_NAMES.length + verdict] as Entry;
  }
}

function beganNanos(e: Evidence): number {
  if (e.synCount > 0) return e.synFirst;
  return e.synAckCount > 0 ? e.synAckFirst : e.ackFirst;
}
