/** A short soak with fixed seeds: `npm run fuzz` is the long one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { soak } from './soak.ts';

// First: code that runs hot before it is asked for is not counted block by block.
test('coverage tells what is new: a guided soak keeps inputs', async () => {
  const tally = await soak({ inputs: 2000, seed: 4, guided: true });
  assert.ok(tally.kept > 0 && tally.blocks > 300);
});

for (const seed of [1, 2, 3]) {
  test(`six thousand mutated inputs, seed ${seed}: no exception, no hang, no growth`, async () => {
    const tally = await soak({ inputs: 6000, seed, guided: false });
    assert.ok(tally.frames > 5000 && tally.captures > 500 && tally.compressed > 20);
  });
}
