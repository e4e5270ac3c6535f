import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { hashSegment } from '../../src/flow/hash.ts';
import { FlowTable, KEY_WORDS, NO_SLOT } from '../../src/flow/table.ts';
import type { Segment } from '../../src/wire/segment.ts';
import { mirrored, type SegmentFields, segmentOf } from '../support/segments.ts';

const ROW_WORDS = KEY_WORDS + 4;

/** All keys on a few hashes: long probe sequences, and deletions in the midst of them. */
class CrowdedTable extends FlowTable {
  override hash(segment: Segment): number {
    return super.hash(segment) & 3;
  }
}

type Command =
  | { readonly kind: 'add'; readonly key: number; readonly network: number; readonly swap: boolean }
  | { readonly kind: 'remove'; readonly pick: number };

const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('add' as const),
      key: fc.integer({ min: 0, max: 40 }),
      network: fc.integer({ min: 0, max: 2 }),
      swap: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('remove' as const), pick: fc.nat() }) },
);

function fieldsOf(key: number, network: number, swap = false): SegmentFields {
  const fields = {
    source: 0x0a000001 + (key >> 2),
    destination: 0x0a000100,
    sourcePort: 40_000 + (key & 3),
    destinationPort: 80,
    network,
  };
  return swap ? mirrored(fields) : fields;
}

interface Entry {
  readonly slot: number;
  readonly swap: boolean;
}

/** Holds the table against a Map of lists, newest first. */
function checkModel(table: FlowTable, commands: readonly Command[]): void {
  const model = new Map<string, Entry[]>();
  for (const step of commands) {
    if (step.kind === 'add') addToBoth(table, model, step);
    else removeFromBoth(table, model, step.pick);
  }
  let size = 0;
  for (let key = 0; key <= 40; key++) {
    for (let network = 0; network <= 2; network++) size += compareChain(table, model, key, network);
  }
  assert.equal(table.size, size);
}

function addToBoth(table: FlowTable, model: Map<string, Entry[]>, step: Extract<Command, { kind: 'add' }>): void {
  const segment = segmentOf(fieldsOf(step.key, step.network, step.swap));
  const hash = table.hash(segment);
  const found = table.find(segment, hash);
  const slot = table.add(segment, hash, found === NO_SLOT ? NO_SLOT : found >> 1);
  const name = `${step.key} ${step.network}`;
  model.set(name, [{ slot, swap: step.swap }, ...(model.get(name) ?? [])]);
}

function removeFromBoth(table: FlowTable, model: Map<string, Entry[]>, pick: number): void {
  const all = [...model].flatMap(([name, entries]) => entries.map((entry) => [name, entry] as const));
  if (all.length === 0) return;
  const [name, entry] = all[pick % all.length] as (typeof all)[number];
  table.remove(entry.slot);
  model.set(
    name,
    (model.get(name) ?? []).filter((other) => other !== entry),
  );
}

function findAsIpv4(table: FlowTable, segment: Segment): number {
  const ports = (segment.sourcePort << 16) | segment.destinationPort;
  return table.findIpv4(segment.source3, segment.destination3, ports, segment.network, table.hash(segment));
}

/** The addresses as they stand in a header, eight octets behind its beginning. */
function findAsIpv6(table: FlowTable, segment: Segment): number {
  const { source0, source1, source2, source3, destination0, destination1, destination2, destination3 } = segment;
  const header = new DataView(new ArrayBuffer(43));
  const words = [source0, source1, source2, source3, destination0, destination1, destination2, destination3];
  for (const [index, word] of words.entries()) header.setInt32(3 + 8 + 4 * index, word);
  const ports = (segment.sourcePort << 16) | segment.destinationPort;
  return table.findIpv6(header, 3, ports, segment.network, table.hash(segment));
}

function compareChain(table: FlowTable, model: Map<string, Entry[]>, key: number, network: number): number {
  const entries = model.get(`${key} ${network}`) ?? [];
  const segment = segmentOf(fieldsOf(key, network));
  const found = table.find(segment, table.hash(segment));
  assert.equal(findAsIpv4(table, segment), found);
  assert.equal(findAsIpv6(table, segment), found);
  const slots: number[] = [];
  for (let slot = found === NO_SLOT ? NO_SLOT : found >> 1; slot !== NO_SLOT; slot = table.older(slot))
    slots.push(slot);
  assert.deepEqual(
    slots,
    entries.map(({ slot }) => slot),
    `key ${key} in network ${network}`,
  );
  for (const { slot, swap } of entries) {
    assert.equal(table.sideOf(slot, segment), swap ? 1 : 0);
    assert.equal(table.sideOf(slot, segmentOf(fieldsOf(key, network, true))), swap ? 0 : 1);
    assert.equal(table.network(slot), network);
    assert.equal(table.port(slot, swap ? 1 : 0), segment.sourcePort);
  }
  return entries.length;
}

describe('the flow table is a map of chains', () => {
  const commands = fc.array(command, { maxLength: 200 });
  for (const [name, make] of [
    ['with its own hash', () => new FlowTable(7, ROW_WORDS, 1000)],
    ['when all keys fall on four places', () => new CrowdedTable(7, ROW_WORDS, 1000)],
  ] as const) {
    test(name, () => {
      fc.assert(
        fc.property(commands, (steps) => checkModel(make(), steps)),
        { seed: 1, numRuns: 200 },
      );
    });
  }
});

describe('the flow table', () => {
  test('finds every key after it grew, from both ends', () => {
    const table = new FlowTable(3, ROW_WORDS, 100_000);
    const slots: number[] = [];
    for (let i = 0; i < 50_000; i++) {
      const segment = segmentOf({ source: i, destination: 9, sourcePort: 1000 + (i % 60_000), destinationPort: 80 });
      slots.push(table.add(segment, table.hash(segment), NO_SLOT));
    }
    assert.equal(new Set(slots).size, 50_000);
    for (let i = 0; i < 50_000; i++) {
      const fields = { source: i, destination: 9, sourcePort: 1000 + (i % 60_000), destinationPort: 80 };
      const segment = segmentOf(fields);
      const answer = segmentOf(mirrored(fields));
      assert.equal(table.hash(answer), table.hash(segment));
      assert.equal(table.find(segment, table.hash(segment)), 2 * (slots[i] as number));
      assert.equal(table.find(answer, table.hash(answer)), 2 * (slots[i] as number) + 1);
      assert.equal(findAsIpv4(table, segment), 2 * (slots[i] as number));
      assert.equal(findAsIpv4(table, answer), 2 * (slots[i] as number) + 1);
    }
  });

  test('keeps the owner’s words of a row when it grows, and says when it is full', () => {
    const table = new FlowTable(3, ROW_WORDS, 3000);
    for (let i = 0; i < 3000; i++) {
      assert.equal(table.isFull, false);
      const segment = segmentOf({ source: i, destination: 9, sourcePort: 1, destinationPort: 2 });
      const slot = table.add(segment, table.hash(segment), NO_SLOT);
      table.words[slot * ROW_WORDS + KEY_WORDS] = i;
    }
    assert.equal(table.isFull, true);
    for (let i = 0; i < 3000; i++) {
      const segment = segmentOf({ source: i, destination: 9, sourcePort: 1, destinationPort: 2 });
      const slot = table.find(segment, table.hash(segment)) >> 1;
      assert.equal(table.words[slot * ROW_WORDS + KEY_WORDS], i);
    }
  });

  test('two networks are two flows, and an answer is found in the other one when asked', () => {
    const table = new FlowTable(3, ROW_WORDS, 100);
    const tagged = fieldsOf(1, 5);
    const slot = table.add(segmentOf(tagged), table.hash(segmentOf(tagged)), NO_SLOT);
    const plain = segmentOf(fieldsOf(1, 0, true));
    assert.equal(table.find(plain, table.hash(plain)), NO_SLOT);
    assert.equal(table.findInAnyNetwork(plain, table.hash(plain)), 2 * slot + 1);
  });

  test('ports that are exchanged are another flow, unless the addresses are too', () => {
    const table = new FlowTable(3, ROW_WORDS, 100);
    const fields = { source: 1, destination: 2, sourcePort: 10, destinationPort: 20 };
    table.add(segmentOf(fields), table.hash(segmentOf(fields)), NO_SLOT);
    const other = segmentOf({ ...fields, sourcePort: 20, destinationPort: 10 });
    assert.equal(table.find(other, table.hash(other)), NO_SLOT);
  });

  test('another seed is another hash: nobody can aim at a bucket', () => {
    let equal = 0;
    for (let i = 0; i < 1000; i++) {
      const segment = segmentOf({ source: i, destination: 9, sourcePort: 1, destinationPort: 2 });
      if ((hashSegment(segment, 1) & 0xffff) === (hashSegment(segment, 2) & 0xffff)) equal += 1;
    }
    assert.ok(equal < 10, `${equal} of 1000 keys keep their bucket`);
  });
});

/** A table that counts the entries that a lookup looks at, by the keys that it compares. */
function probesPerKey(hashOf: (segment: Segment, table: FlowTable) => number, keys: number): number {
  const table = new FlowTable(11, ROW_WORDS, keys);
  for (let i = 0; i < keys; i++) {
    const segment = segmentOf({ source: i * 256, destination: 9, sourcePort: 1024 + (i % 64), destinationPort: 80 });
    table.add(segment, hashOf(segment, table), NO_SLOT);
  }
  const index = (table as unknown as { index: Int32Array }).index;
  const mask = index.length / 2 - 1;
  let probes = 0;
  for (let i = 0; i <= mask; i++) {
    if (index[2 * i + 1] === 0) continue;
    probes += 1 + ((i - (index[2 * i] as number)) & mask);
  }
  return probes / keys;
}

describe('the cost of a lookup', () => {
  const sizes = [500, 1000, 2000, 4000];

  test('can be seen to grow, where all keys share one hash', () => {
    const probes = sizes.map((keys) => probesPerKey(() => 5, keys));
    for (const [i, count] of probes.entries())
      if (i > 0) assert.ok(count / (probes[i - 1] as number) > 1.8, String(probes));
  });

  test('does not grow with the table: a scan of addresses and ports is spread', () => {
    const probes = [...sizes, 16_000, 64_000].map((keys) =>
      probesPerKey((segment, table) => table.hash(segment), keys),
    );
    // At most half full: Knuth's 1.5 probes for a hit (TAOCP 6.4, linear probing).
    for (const count of probes) assert.ok(count < 2, `probes: ${probes.map((each) => each.toFixed(2))}`);
  });
});
