/**
 * How many clients each server endpoint has: a set of pairs of client address and endpoint. An attempt's client may be met as soon as the attempt begins, and again, without effect, when it
 * is finished. Memory is bounded: see `isShort`.
 */
import { mix } from '../flow/hash.ts';
import { HashSet } from '../flow/hash-set.ts';
import type { Evidence } from '../handshake/evidence.ts';
import { EndpointTable } from './endpoint-table.ts';

/** Pairs that are told apart, over all endpoints: 16 MiB. Beyond it counts are lower bounds. */
const CLIENTS_COUNTED = 1 << 20;

/** Lookups in a set of many megabytes that are made together. */
const CLIENTS_AT_A_TIME = 64;

export class ClientCount {
  /** Clients came beyond `CLIENTS_COUNTED`. */
  isShort = false;
  private readonly table: EndpointTable;
  private readonly counts: number[] = [];
  private readonly clients = new HashSet();
  /** Hash words of a client and the number of its endpoint, three words each, of clients that are not counted yet. */
  private readonly metWords = new Int32Array(3 * CLIENTS_AT_A_TIME);
  private met = 0;
  private readonly seed: number;

  constructor(seed: number) {
    this.seed = seed;
    this.table = new EndpointTable(seed);
  }

  /** Endpoints that have a number. */
  get endpoints(): number {
    return this.table.size;
  }

  /** The number of the attempt's endpoint, or -1 when it has none. */
  find(e: Evidence): number {
    return this.table.find(e.server0, e.server1, e.server2, e.server3, e.serverPort);
  }

  /** As `find`, and gives it a number when it has none. */
  numberOf(e: Evidence): number {
    const found = this.find(e);
    if (found >= 0) return found;
    this.counts.push(0);
    return this.table.add(e.server0, e.server1, e.server2, e.server3, e.serverPort);
  }

  /** The attempt's client. It is looked up with others, so that the processor waits for many places of the set at a time, and not for each. @param number of the attempt's endpoint */
  meet(number: number, e: Evidence): void {
    const { metWords, seed } = this;
    const at = 3 * this.met;
    metWords[at] = mix(mix(mix(e.client3 ^ seed) + e.client2) ^ e.client1) + number;
    metWords[at + 1] = mix(mix(mix(e.client0 + seed) ^ e.client3) + e.client1) ^ mix(e.client2 + number);
    metWords[at + 2] = number;
    this.met += 1;
    if (this.met === CLIENTS_AT_A_TIME) this.countMet();
  }

  /** So many clients are about to be met. */
  expect(clients: number): void {
    this.clients.reserve(Math.min(clients, CLIENTS_COUNTED - this.clients.size));
  }

  /** Clients of an endpoint, by its number. */
  at(number: number): number {
    this.countMet();
    return this.counts[number] ?? 0;
  }

  private countMet(): void {
    const { clients, metWords, counts } = this;
    clients.touch(metWords, 3, this.met);
    for (let at = 0; at < 3 * this.met; at += 3) {
      const low = metWords[at] as number;
      const high = metWords[at + 1] as number;
      const number = metWords[at + 2] as number;
      if (clients.size >= CLIENTS_COUNTED) this.isShort ||= !clients.has(low, high);
      else if (clients.add(low, high)) counts[number] = (counts[number] as number) + 1;
    }
    this.met = 0;
  }
}
