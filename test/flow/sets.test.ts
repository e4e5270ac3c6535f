import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ExpiryQueue } from '../../src/flow/expiry-queue.ts';
import { HashSet } from '../../src/flow/hash-set.ts';
import { GENERATION_ENTRIES, KnownFlows } from '../../src/flow/known-flows.ts';

describe('the set of hashes', () => {
  test('is a set', () => {
    // Few low words, so that keys share places; 0 among the high ones, which marks an empty entry inside.
    const key = fc.tuple(fc.integer({ min: -3, max: 3 }), fc.integer({ min: 1, max: 400 }));
    fc.assert(
      fc.property(fc.array(key, { maxLength: 800 }), (keys) => {
        const set = new HashSet();
        const model = new Set<string>();
        for (const [low, high] of keys) {
          assert.equal(set.add(low, high), !model.has(`${low} ${high}`));
          model.add(`${low} ${high}`);
        }
        assert.equal(set.size, model.size);
        for (let low = -3; low <= 3; low++) {
          for (let high = 1; high <= 400; high += 7) assert.equal(set.has(low, high), model.has(`${low} ${high}`));
        }
      }),
      { seed: 2, numRuns: 60 },
    );
  });

  test('grows, and forgets all when it is cleared', () => {
    const set = new HashSet();
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < 100_000; i++) assert.ok(set.add(Math.imul(i, 0x9e3779b1), i));
      for (let i = 0; i < 100_000; i++) assert.ok(set.has(Math.imul(i, 0x9e3779b1), i));
      assert.equal(set.size, 100_000);
      assert.equal(set.has(1, 1), false);
      set.clear();
      assert.equal(set.size, 0);
      assert.equal(set.has(Math.imul(5, 0x9e3779b1), 5), false);
    }
  });

  test('keeps all that it has while it grows, wherever entries crowd', () => {
    // Homes at both ends, and runs that go on over the end, among others that are spread.
    for (const crowd of [[], [-1], [-1, 0], [-1, -2, 0, 1, 2], [0], [1 << 30, (1 << 30) + 1]]) {
      const set = new HashSet();
      const keys: [number, number][] = [];
      for (let i = 0; i < 90_000; i++) {
        const low = i % 30 < crowd.length && i < 3000 ? (crowd[i % 30] as number) : Math.imul(i, 0x9e3779b1);
        keys.push([low, i + 1]);
        assert.ok(set.add(low, i + 1));
      }
      for (const [low, high] of keys) {
        assert.ok(!set.add(low, high), `${crowd}: ${low} ${high}`);
      }
      assert.equal(set.has(5, -5), false);
      assert.equal(set.add(5, -5), true);
      assert.equal(set.has(5, -5), true);
    }
  });

  test('a high word of 0 is a key like any other', () => {
    const set = new HashSet();
    assert.equal(set.add(7, 0), true);
    assert.equal(set.has(7, 0), true);
    assert.equal(set.add(7, 0), false);
  });
});

describe('the flows that are known', () => {
  const MINUTE = 60e9;

  test('are new once', () => {
    const flows = new KnownFlows();
    assert.equal(flows.meet(1, 2, 0), false);
    assert.equal(flows.meet(1, 2, 0), true);
    assert.equal(flows.has(1, 2), true);
    assert.equal(flows.has(2, 1), false);
  });

  test('are remembered for a generation after they were last met, and forgotten after two', () => {
    const flows = new KnownFlows();
    flows.meet(1, 1, 0);
    flows.meet(2, 2, 6 * MINUTE);
    assert.equal(flows.has(1, 1), true, 'in the older generation');
    assert.equal(flows.meet(1, 1, 6 * MINUTE), true);
    flows.meet(3, 3, 12 * MINUTE);
    assert.equal(flows.has(1, 1), true, 'met in the younger generation');
    flows.meet(4, 4, 18 * MINUTE);
    assert.equal(flows.has(1, 1), false);
    assert.equal(flows.has(4, 4), true);
  });

  test('are bounded in number: the oldest go first', () => {
    const flows = new KnownFlows();
    const low = (i: number): number => Math.imul(i, 0x9e3779b1);
    for (let i = 0; i < GENERATION_ENTRIES; i++) flows.meet(low(i), i + 1, 0);
    assert.equal(flows.has(low(0), 1), true);
    for (let i = 0; i < GENERATION_ENTRIES + 1; i++) flows.meet(low(i), -i - 1, 0);
    assert.equal(flows.has(low(0), 1), false);
    assert.equal(flows.has(low(GENERATION_ENTRIES), -GENERATION_ENTRIES - 1), true);
  });
});

test('the expiry queue gives back what it was given, in that order', () => {
  const step = fc.oneof(
    fc.record({ push: fc.integer({ min: 1, max: 400 }) }),
    fc.record({ shift: fc.integer({ min: 1, max: 300 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const queue = new ExpiryQueue();
      const model: number[] = [];
      let next = 0;
      for (const each of steps) {
        for (let i = 0; 'push' in each && i < each.push; i++) {
          queue.push(next, next * 3, next * 1e9);
          model.push(next);
          next += 1;
        }
        for (let i = 0; 'shift' in each && i < each.shift && model.length > 0; i++) {
          assert.deepEqual(
            [queue.firstSlot, queue.firstTicket, queue.firstTime],
            [model[0], (model[0] as number) * 3, (model[0] as number) * 1e9],
          );
          queue.shift();
          model.shift();
        }
        assert.equal(queue.size, model.length);
        assert.equal(queue.isEmpty, model.length === 0);
      }
    }),
    { seed: 3, numRuns: 60 },
  );
});
