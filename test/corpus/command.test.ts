/**
 * The command on the captures that end badly: status 2 with one sentence for damage, status 0 for a cut end, the report in both cases, and never a stack.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { describe, test } from 'node:test';
import { analyze } from '../../src/index.ts';
import { commandFile } from '../support/paths.ts';
import { capturesFolder, readOracles } from './oracles.ts';

const LIMIT_MILLIS = 30_000;

/** Captures of which the oracle or tshark says that something is wrong with their end. */
const suspects = readOracles().tshark.filter(
  ({ damage, tsharkError }) => damage !== null || /damaged|cut short|unknown SHB/.test(tsharkError ?? ''),
);

describe('captures that end badly', () => {
  test('there are some', () => {
    assert.ok(suspects.length >= 10, `only ${suspects.length}`);
  });

  for (const { file } of suspects) {
    test(file, async () => {
      const capture = path.join(capturesFolder, file);
      const { report, failures } = await analyze(capture);
      const { status, stdout, stderr } = spawnSync(
        process.execPath,
        [commandFile, 'analyze', '--format', 'json', capture],
        {
          encoding: 'utf8',
          timeout: LIMIT_MILLIS,
        },
      );
      assert.equal(status, failures.length > 0 ? 2 : 0, stderr);
      assert.deepEqual(JSON.parse(stdout).capture.sources[0].packets, report.capture.sources[0]?.packets);
      assert.doesNotMatch(stderr, /^\s+at /m);
      for (const { message } of failures) assert.ok(stderr.includes(message), stderr);
    });
  }
});
