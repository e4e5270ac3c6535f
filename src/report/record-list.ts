/**
 * The list of attempts in the report: which are in it, in which order, how many. Records come as attempts end and leave as soon as they can, so that ten
 * million of them need no memory.
 *
 * Without `sort` the order is that of the beginnings (the ids), as far as that costs no memory: a finished record waits for the older ones that are still open,
 * but no more than `WAITING` of them do; then those that wait go out, and a straggler comes late.
 */
import type { Handshake, LegName, VerdictName } from '../handshake/handshake.ts';

export const SORT_KEYS = ['start', 'latency', 'server', 'client', 'verdict'] as const;
export type SortKey = (typeof SORT_KEYS)[number];

export interface ListOptions {
  /** Only these verdicts; empty: all. */
  readonly verdicts: readonly VerdictName[];
  /** Only attempts that lack one of these legs, or any leg; null: all. */
  readonly missing: readonly LegName[] | 'any' | null;
  /** Most records; null: all. */
  readonly limit: number | null;
  readonly sort: SortKey | null;
}

/** Finished records that wait for older ones: about 20 MB. */
const WAITING = 16_384;

/** Sorting needs all records at a time; with `limit` only twice that many. Without, this is where it stops. */
const SORTABLE = 200_000;

/** Where records go that leave the list. `Item` is what is kept of one while it waits for its turn: the record itself, or the text that it will be printed as, which takes a
 * twentieth of the objects. */
export interface RecordSink<Item> {
  prepare(handshake: Handshake): Item;
  emit(item: Item): void;
}

export class RecordList<Item = Handshake> {
  private readonly options: ListOptions;
  private readonly sink: RecordSink<Item>;
  private readonly waiting = new Map<number, Item | null>();
  private nextId = 1;
  private emitted = 0;
  private readonly sorted: Handshake[] = [];
  /** Records that sorting had to leave out. */
  left = 0;

  constructor(options: ListOptions, sink: RecordSink<Item>) {
    this.options = options;
    this.sink = sink;
  }

  /** False when no further record can come into the list: making one would be for nothing. */
  get wantsMore(): boolean {
    if (this.options.limit === 0) return false;
    return this.options.sort !== null || this.options.limit === null || this.emitted < this.options.limit;
  }

  wants(verdict: VerdictName, missingLeg: LegName | null): boolean {
    const { verdicts, missing } = this.options;
    if (verdicts.length > 0 && !verdicts.includes(verdict)) return false;
    if (missing === null) return true;
    return missingLeg !== null && (missing === 'any' || missing.includes(missingLeg));
  }

  /** The attempt `id` is finished; `handshake` is null when it is not for the list. */
  done(id: number, handshake: Handshake | null): void {
    if (this.options.sort !== null) {
      if (handshake !== null) this.sortIn(handshake);
      return;
    }
    const item = handshake === null ? null : this.sink.prepare(handshake);
    if (id !== this.nextId) {
      this.waiting.set(id, item);
      if (this.waiting.size > WAITING) this.releaseAll();
      return;
    }
    this.nextId += 1;
    if (item !== null) this.put(item);
    this.releaseReady();
  }

  /** A record that waits for nobody. */
  atOnce(handshake: Handshake | null): void {
    if (handshake === null) return;
    if (this.options.sort !== null) this.sortIn(handshake);
    else this.put(this.sink.prepare(handshake));
  }

  finish(): void {
    this.releaseAll();
    this.sorted.sort(comparatorOf(this.options.sort));
    for (const handshake of this.sorted) this.put(this.sink.prepare(handshake));
  }

  private releaseReady(): void {
    for (let next = this.waiting.get(this.nextId); next !== undefined; next = this.waiting.get(this.nextId)) {
      this.waiting.delete(this.nextId);
      this.nextId += 1;
      if (next !== null) this.put(next);
    }
  }

  private releaseAll(): void {
    const ids = [...this.waiting.keys()].sort((a, b) => a - b);
    for (const id of ids) {
      const item = this.waiting.get(id) ?? null;
      if (item !== null) this.put(item);
      this.nextId = Math.max(this.nextId, id + 1);
    }
    this.waiting.clear();
  }

  private put(item: Item): void {
    if (this.options.limit !== null && this.emitted >= this.options.limit) return;
    this.emitted += 1;
    this.sink.emit(item);
  }

  private sortIn(handshake: Handshake): void {
    this.sorted.push(handshake);
    const most = this.options.limit ?? SORTABLE;
    if (this.sorted.length < 2 * most) return;
    this.sorted.sort(comparatorOf(this.options.sort));
    if (this.options.limit === null) this.left += this.sorted.length - most;
    this.sorted.length = most;
  }
}

function comparatorOf(sort: SortKey | null): (a: Handshake, b: Handshake) => number {
  const byId = (a: Handshake, b: Handshake): number => a.id - b.id;
  switch (sort) {
    case 'latency':
      return (a, b) => waited(b) - waited(a) || byId(a, b);
    case 'server':
      return (a, b) => compareText(a.server.address, b.server.address) || a.server.port - b.server.port || byId(a, b);
    case 'client':
      return (a, b) => compareText(a.client.address, b.client.address) || a.client.port - b.client.port || byId(a, b);
    case 'verdict':
      return (a, b) => compareText(a.verdict, b.verdict) || byId(a, b);
    default:
      return byId;
  }
}

/** Seconds from the SYN to the third leg; an attempt that did not get there waited for ever. */
function waited(handshake: Handshake): number {
  if (handshake.missingLeg !== null) return Number.MAX_VALUE;
  return (handshake.latency.synToSynAck ?? 0) + (handshake.latency.synAckToAck ?? 0);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
