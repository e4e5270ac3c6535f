/** What a caller of the library gets wrong is said in a sentence, before anything is read. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AnalyzeOptions, analyze, UserError } from '../src/index.ts';

const NOTHING = new Uint8Array(0);

for (const [options, sentence] of [
  [{ maxOpen: 0 }, /^maxOpen takes whole numbers from 1 to 16777216, not 0$/],
  [{ maxOpen: Number.NaN }, /^maxOpen takes .* not NaN$/],
  [{ maxOpen: 1.5 }, /^maxOpen takes .* not 1\.5$/],
  [{ patienceSeconds: -1 }, /^patienceSeconds takes seconds from 0 on, not -1$/],
  [{ patienceSeconds: Number.NaN }, /^patienceSeconds takes .* not NaN$/],
  [{ since: Number.NaN }, /^since takes epoch seconds from 0 on, not NaN$/],
  [{ limit: -1 }, /^limit takes whole numbers from 0 /],
  [{ jobs: 1000 }, /^jobs takes whole numbers from 1 to 64, not 1000$/],
  [{ ports: [443, 70_000] }, /^ports takes whole numbers from 0 to 65535, not 70000$/],
  [{ verdicts: ['finished'] }, /^verdicts takes complete, .*, not finished$/],
  [{ missing: ['fin'] }, /^missing takes syn, syn-ack, ack, not fin$/],
  [{ sort: 'size' }, /^sort takes start, latency, server, client, verdict, not size$/],
] as const) {
  test(`${JSON.stringify(options)} is refused`, async () => {
    await assert.rejects(
      () => analyze(NOTHING, options as unknown as AnalyzeOptions),
      (error) => error instanceof UserError && sentence.test(error.message),
    );
  });
}

test('what is in range is taken', async () => {
  const options: AnalyzeOptions = {
    maxOpen: 1,
    patienceSeconds: 0,
    limit: 0,
    jobs: 1,
    ports: [0, 65_535],
    missing: 'any',
  };
  assert.equal((await analyze(NOTHING, options)).failures.length, 1);
});
