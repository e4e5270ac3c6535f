/**
 * What a lookup costs, in entries looked at: in every hash table that traffic fills, with addresses and ports as somebody who aims at the tables would choose them. The
 * first test proves that the measure sees a table that has become slow.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Analysis } from '../../src/analysis.ts';
import { Frame } from '../../src/capture/frame.ts';
import { HashSet } from '../../src/flow/hash-set.ts';
import { ethernet, tcpPacket } from '../support/packet-bytes.ts';

/** Entries looked at for each key that is in the set, on average. */
function probes(set: HashSet): number {
  const { words, capacity, shift } = set as unknown as { words: Int32Array; capacity: number; shift: number };
  let looked = 0;
  let keys = 0;
  for (let i = 0; i < capacity; i++) {
    if (words[2 * i + 1] === 0) continue;
    keys += 1;
    looked += 1 + ((i - ((words[2 * i] as number) >>> shift)) & (capacity - 1));
  }
  return looked / keys;
}

/** The same for the table of endpoints and the flow table, by how far apart used entries stand: the longest run of used entries. */
function longestRun(entries: Int32Array, stride: number, used: number): number {
  let longest = 0;
  let run = 0;
  for (let at = used; at < entries.length; at += stride) {
    run = entries[at] === 0 ? 0 : run + 1;
    longest = Math.max(longest, run);
  }
  return longest;
}

const SIZES = [1000, 2000, 4000] as const;

interface Insides {
  readonly tracker: {
    readonly attempts: { readonly index: Int32Array };
    readonly known: { readonly younger: HashSet };
  };
  readonly fold: { readonly clients: { readonly clients: HashSet }; readonly table: { readonly entries: Int32Array } };
}

interface Costs {
  readonly flowTableRun: number;
  readonly endpointsRun: number;
  readonly knownProbes: number;
  readonly clientsProbes: number;
}

/** What the tables cost after so many SYNs, one of each flow, each to a server of its own. */
function costsOfScan(flows: number, seed: number): Costs {
  const list = { verdicts: [], missing: null, limit: 0, sort: null };
  const settings = { patienceSeconds: 3, maxOpen: 1 << 16, seed, list, early: false, files: 1, trace: null };
  const analysis = new Analysis(settings, () => {});
  analysis.begin(0, { ports: [], servers: [], clients: [], sinceNanos: null, untilNanos: null });
  const frame = new Frame();
  frame.linkType = 1;
  for (let i = 0; i < flows; i++) {
    // Addresses in steps of 256, ports in steps of 64: equal in their low bits.
    const from = `10.${i >> 8}.${i & 0xff}.0`;
    const to = `172.16.${i >> 8}.${i & 0xff}`;
    const bytes = ethernet(tcpPacket({ from, to, sourcePort: 64 * (1 + (i % 1000)), sequence: i }));
    frame.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    frame.capturedLength = bytes.length;
    frame.originalLength = bytes.length;
    frame.number = i + 1;
    analysis.observe(frame, 0);
  }
  const { tracker, fold } = analysis as unknown as Insides;
  const { clients } = fold.clients;
  const flowTableRun = longestRun(tracker.attempts.index, 2, 1);
  // Silent for `patience`, and then for as long as a client repeats its SYN.
  for (const second of [10, 200]) analysis.advance(second, 0);
  analysis.finish();
  assert.equal(tracker.known.younger.size, flows);
  assert.equal(clients.size, flows);
  return {
    flowTableRun,
    endpointsRun: longestRun(fold.table.entries, 6, 5),
    knownProbes: probes(tracker.known.younger),
    clientsProbes: probes(clients),
  };
}

describe('the cost of a lookup', () => {
  test('would be seen to grow, where keys share one place', () => {
    const counts = SIZES.map((keys) => {
      const set = new HashSet();
      for (let i = 0; i < keys; i++) set.add(5, i + 1);
      return probes(set);
    });
    for (const [i, count] of counts.entries()) {
      if (i > 0) assert.ok(count / (counts[i - 1] as number) > 1.9, String(counts));
    }
  });

  test('does not grow with the number of flows, in any table', () => {
    for (const flows of [...SIZES, 16_000]) {
      for (const seed of [1, 2, 3]) {
        const costs = costsOfScan(flows, seed);
        const said = `${flows} flows: ${JSON.stringify(costs)}`;
        // Linear probing at a load of two thirds at most: 2 probes for a hit (Knuth, TAOCP 6.4).
        assert.ok(costs.knownProbes < 2 && costs.clientsProbes < 2, said);
        assert.ok(costs.flowTableRun < 60 && costs.endpointsRun < 60, said);
      }
    }
  });
});
