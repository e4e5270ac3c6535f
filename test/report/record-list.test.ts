import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Handshake } from '../../src/handshake/handshake.ts';
import { type ListOptions, RecordList } from '../../src/report/record-list.ts';

const ALL: ListOptions = { verdicts: [], missing: null, limit: null, sort: null };

const NOWHERE = { prepare: (handshake: Handshake): Handshake => handshake, emit: (): void => undefined };

/** What the list looks at. */
function record(id: number, fields: Partial<Handshake> = {}): Handshake {
  const end = { address: '10.0.0.1', port: id };
  const latency = { synToSynAck: id / 1000, synAckToAck: 0 };
  return { id, client: end, server: end, verdict: 'complete', missingLeg: null, latency, ...fields } as Handshake;
}

function idsOf(options: ListOptions, records: readonly Handshake[]): number[] {
  const ids: number[] = [];
  const list = new RecordList(options, { prepare: ({ id }) => id, emit: (id) => ids.push(id) });
  for (const each of records) list.done(each.id, each);
  list.finish();
  return ids;
}

function shuffled(count: number): fc.Arbitrary<number[]> {
  return fc.shuffledSubarray(
    Array.from({ length: count }, (_, i) => i + 1),
    { minLength: count },
  );
}

describe('the list of attempts', () => {
  test('is in the order of the beginnings, however they end', () => {
    fc.assert(
      fc.property(shuffled(60), (ids) => {
        assert.deepEqual(
          idsOf(
            ALL,
            ids.map((id) => record(id)),
          ),
          Array.from({ length: 60 }, (_, i) => i + 1),
        );
      }),
      { seed: 9, numRuns: 50 },
    );
  });

  test('lets a record go as soon as no older one is open', () => {
    const gone: number[] = [];
    const list = new RecordList(ALL, { prepare: ({ id }) => id, emit: (id) => gone.push(id) });
    list.done(2, record(2));
    list.done(3, record(3));
    assert.deepEqual(gone, []);
    list.done(1, null);
    assert.deepEqual(gone, [2, 3], 'the first is not for the list, and held nobody up');
    list.done(4, record(4));
    assert.deepEqual(gone, [2, 3, 4]);
  });

  test('does not wait for ever: sixteen thousand wait at the most, and the straggler comes late', () => {
    const gone: number[] = [];
    const list = new RecordList(ALL, { prepare: ({ id }) => id, emit: (id) => gone.push(id) });
    for (let id = 2; id <= 20_000; id++) list.done(id, record(id));
    assert.ok(gone.length > 0);
    list.done(1, record(1));
    list.finish();
    assert.equal(gone.length, 20_000);
    assert.deepEqual(
      [...gone].sort((a, b) => a - b),
      Array.from({ length: 20_000 }, (_, i) => i + 1),
    );
  });

  test('has no more than its limit, and then wants no more', () => {
    assert.deepEqual(
      idsOf(
        { ...ALL, limit: 3 },
        [1, 2, 3, 4, 5].map((id) => record(id)),
      ),
      [1, 2, 3],
    );
    const list = new RecordList({ ...ALL, limit: 1 }, NOWHERE);
    assert.equal(list.wantsMore, true);
    list.done(1, record(1));
    assert.equal(list.wantsMore, false);
    assert.equal(new RecordList({ ...ALL, limit: 0 }, NOWHERE).wantsMore, false);
  });

  test('chooses by verdict and by missing leg', () => {
    const list = (options: Partial<ListOptions>): RecordList => new RecordList({ ...ALL, ...options }, NOWHERE);
    assert.equal(list({ verdicts: ['refused'] }).wants('refused', 'syn-ack'), true);
    assert.equal(list({ verdicts: ['refused'] }).wants('complete', null), false);
    assert.equal(list({ missing: 'any' }).wants('undecided', null), false);
    assert.equal(list({ missing: 'any' }).wants('no-ack', 'ack'), true);
    assert.equal(list({ missing: ['syn'] }).wants('no-ack', 'ack'), false);
    assert.equal(list({ verdicts: ['no-ack'], missing: ['syn'] }).wants('no-ack', 'ack'), false);
  });

  test('sorted by latency: what never came first, then the slowest', () => {
    const records = [record(1), record(9), record(5), record(2, { missingLeg: 'ack', verdict: 'no-ack' })];
    assert.deepEqual(idsOf({ ...ALL, sort: 'latency' }, records), [2, 9, 5, 1]);
  });

  test('sorted with a limit, it keeps the right ones and few of the others', () => {
    fc.assert(
      fc.property(shuffled(400), (ids) => {
        const records = ids.map((id) => record(id));
        assert.deepEqual(idsOf({ ...ALL, sort: 'latency', limit: 5 }, records), [400, 399, 398, 397, 396]);
        assert.deepEqual(idsOf({ ...ALL, sort: 'start', limit: 5 }, records), [1, 2, 3, 4, 5]);
      }),
      { seed: 10, numRuns: 20 },
    );
  });

  test('sorted by an end: address as text, then port, then beginning', () => {
    const at = (id: number, address: string, port: number): Handshake => record(id, { server: { address, port } });
    const records = [at(1, 'b', 2), at(2, 'b', 1), at(3, 'a', 9), at(4, 'b', 1)];
    assert.deepEqual(idsOf({ ...ALL, sort: 'server' }, records), [3, 2, 4, 1]);
  });
});
