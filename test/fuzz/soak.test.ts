/** A short soak with fixed seeds: `npm run fuzz` is the long one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { soak } from './soak.ts';

// First: code that runs hot before it is asked for is not counted block by block.
test('coverage tells what is new: a guided soak keeps inputs', async () => {
  const tally = await soak({ inputs: 6000, seed: 4, guided: 6000, framesInRound: 1000 });
  assert.ok(tally.kept > 0 && tally.blocks > 300);
});

for (const seed of [1, 2, 3]) {
  test(`ten thousand inputs of every kind, seed ${seed}: no exception, no hang, no growth`, async () => {
    const { byKind } = await soak({ inputs: 10_000, seed, guided: 0, framesInRound: 1000 });
    assert.equal(Object.keys(byKind).length, 11);
    for (const [kind, { inputs }] of Object.entries(byKind)) assert.ok(inputs > 0, kind);
  });
}
