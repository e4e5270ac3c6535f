/**
 * What the packets of one port say, in numbers that the counters of its host can be held against: how many packets went without their due, of whom. Folded from the
 * records of attempts; the memory is bounded by `CLIENTS_KEPT`.
 */
import type { Handshake, VerdictName } from '../handshake/handshake.ts';

/** What happened to the packets of an attempt, as far as the host's facts are concerned: one kind of trouble has one set of counters that can explain it. */
export const TROUBLES = [
  'unanswered',
  'refused',
  'rejected',
  'challenged',
  'unacknowledged',
  'ignored',
  'rejected-third',
  'client-reset',
  'complete',
] as const;
export type Trouble = (typeof TROUBLES)[number];

const TROUBLE_OF: Readonly<Partial<Record<VerdictName, Trouble>>> = {
  'no-syn-ack': 'unanswered',
  refused: 'refused',
  rejected: 'rejected',
  challenged: 'challenged',
  'no-ack': 'unacknowledged',
  'ack-ignored': 'ignored',
  'ack-rejected': 'rejected-third',
  'client-reset': 'client-reset',
  complete: 'complete',
};

export function troubleOf(verdict: VerdictName): Trouble | null {
  return TROUBLE_OF[verdict] ?? null;
}

/** Attempts of one trouble. */
export interface Troubled {
  readonly attempts: number;
  /** Packets that the host did not do its part for: SYNs; of `ignored` and `rejected-third` the third legs. Retransmissions included. */
  readonly packets: number;
  /** Of these, over IPv4. */
  readonly packetsV4: number;
  /**
   * Packets that counters may have counted as well. Of `unanswered`: SYNs without an answer of attempts that the packets end too near to judge; of `ignored`: third legs
   * that were repeated until one was taken, or that are not judged.
   */
  readonly pending: number;
  /** Attempts with the note `outdated-timestamp`. */
  readonly outdated: number;
  /** Packets that came in a tunnel over UDP (VXLAN, Geneve). */
  readonly tunnelled: number;
  /** Attempts by the client's address; at most `CLIENTS_KEPT` clients. */
  readonly clients: ReadonlyMap<string, number>;
  /** Attempts by the server's address; at most `CLIENTS_KEPT`. */
  readonly servers: ReadonlyMap<string, number>;
  /** Who asked for which address, by `pairKey`; at most `CLIENTS_KEPT`. */
  readonly pairs: ReadonlyMap<string, Pair>;
}

/** What of a trouble is one client's, asking for one address of the server. */
export interface Pair {
  readonly client: string;
  readonly server: string;
  readonly attempts: number;
  readonly packets: number;
  readonly tunnelled: number;
}

export function pairKey(client: string, server: string): string {
  return `${client} ${server}`;
}

export type Seen = Readonly<Record<Trouble, Troubled>> & {
  /** Clients to whom at least one SYN-ACK was on the wire, whatever became of it; at most `CLIENTS_KEPT`. */
  readonly answered: ReadonlySet<string>;
};

/** Tunnels whose outer header has a checksum that can be wrong. */
const OVER_UDP: ReadonlySet<string> = new Set(['vxlan', 'geneve', 'gtp-u', 'teredo']);

/** Clients that are told apart. */
const CLIENTS_KEPT = 1000;

interface Growing {
  attempts: number;
  packets: number;
  packetsV4: number;
  pending: number;
  outdated: number;
  tunnelled: number;
  clients: Map<string, number>;
  servers: Map<string, number>;
  pairs: Map<string, Pair>;
}

/** @param records of attempts to the port: failed, completed and undecided ones, each once in its last revision */
export function seenIn(records: Iterable<Handshake>): Seen {
  const seen = Object.fromEntries(
    TROUBLES.map((trouble): [Trouble, Growing] => [
      trouble,
      {
        attempts: 0,
        packets: 0,
        packetsV4: 0,
        tunnelled: 0,
        pending: 0,
        outdated: 0,
        clients: new Map(),
        servers: new Map(),
        pairs: new Map(),
      },
    ]),
  ) as Record<Trouble, Growing>;
  const answered = new Set<string>();
  for (const { verdict, client, server, legs, tunnel, notes } of records) {
    if (legs.synAck.count > 0 && answered.size < CLIENTS_KEPT) answered.add(client.address);
    const trouble = troubleOf(verdict);
    if (trouble === null) {
      if (verdict === 'undecided' && legs.synAck.count === 0) seen.unanswered.pending += legs.syn.count;
      if (verdict === 'undecided') seen.ignored.pending += legs.ack.count;
      continue;
    }
    if (verdict === 'complete' && legs.ack.count > 1) seen.ignored.pending += legs.ack.count - 1;
    const group = seen[trouble];
    const packets = trouble === 'ignored' || trouble === 'rejected-third' ? legs.ack.count : legs.syn.count;
    group.attempts += 1;
    if (notes.includes('outdated-timestamp')) group.outdated += 1;
    group.packets += packets;
    if (!server.address.includes(':')) group.packetsV4 += packets;
    const tunnelled = tunnel !== null && OVER_UDP.has(tunnel.kind) ? packets : 0;
    group.tunnelled += tunnelled;
    countIn(group.clients, client.address);
    countIn(group.servers, server.address);
    addTo(group.pairs, { client: client.address, server: server.address, attempts: 1, packets, tunnelled });
  }
  return { ...seen, answered };
}

function countIn(counts: Map<string, number>, key: string): void {
  const before = counts.get(key);
  if (before !== undefined || counts.size < CLIENTS_KEPT) counts.set(key, (before ?? 0) + 1);
}

function addTo(pairs: Map<string, Pair>, { client, server, attempts, packets, tunnelled }: Pair): void {
  const key = pairKey(client, server);
  const before = pairs.get(key);
  if (before === undefined && pairs.size >= CLIENTS_KEPT) return;
  pairs.set(key, {
    client,
    server,
    attempts: attempts + (before?.attempts ?? 0),
    packets: packets + (before?.packets ?? 0),
    tunnelled: tunnelled + (before?.tunnelled ?? 0),
  });
}

/** What is left of a trouble without these pairs. */
export function withoutPairs(seen: Seen, trouble: Trouble, taken: ReadonlySet<string>): Seen {
  const group = seen[trouble];
  const rest = {
    ...group,
    clients: new Map(group.clients),
    servers: new Map(group.servers),
    pairs: new Map(group.pairs),
  };
  for (const [key, { client, server, attempts, packets, tunnelled }] of group.pairs) {
    if (!taken.has(key)) continue;
    rest.attempts -= attempts;
    rest.packets -= packets;
    rest.tunnelled -= tunnelled;
    if (!server.includes(':')) rest.packetsV4 -= packets;
    takeFrom(rest.clients, client, attempts);
    takeFrom(rest.servers, server, attempts);
    rest.pairs.delete(key);
  }
  return { ...seen, [trouble]: rest };
}

function takeFrom(counts: Map<string, number>, key: string, count: number): void {
  const left = (counts.get(key) ?? 0) - count;
  if (left > 0) counts.set(key, left);
  else counts.delete(key);
}
