/** Early output: each record as soon as its verdict can be told, amended later under the same id. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { analyze, type Handshake } from '../../src/index.ts';
import { parseScript } from '../support/script.ts';
import { encodeScript } from '../support/script-frames.ts';

/** An unanswered SYN; other traffic lets the capture go on; then the answer comes after all. */
const LATE_ANSWER = `
title The SYN-ACK comes six seconds after the SYN.
end c 10.0.0.1:40000
end s 10.0.0.2:80
end d 10.0.0.3:50000

0.000  c > s  S  1000:1000(0)
4.000  d > s  S  5000:5000(0)
4.001  s > d  S. 6000:6000(0) ack 5001
4.002  d > s  .  ack 6001
4.003  s > d  P. (10) ack 5001
6.000  s > c  S. 9000:9000(0) ack 1001
6.001  c > s  .  ack 9001
6.002  s > c  P. (10) ack 1001
20.000 d > s  P. (10) ack 6011
`;

async function recordsOf(text: string, early: boolean): Promise<Handshake[]> {
  const [capture] = encodeScript(parseScript(text));
  assert.ok(capture);
  const { handshakes } = await analyze(capture, { early });
  return [...handshakes];
}

test('a verdict that is out is amended under the same id, with the next revision', async () => {
  const records = (await recordsOf(LATE_ANSWER, true)).filter(({ client }) => client.port === 40000);
  assert.deepEqual(
    records.map(({ id, revision, verdict }) => ({ id, revision, verdict })),
    [
      { id: 1, revision: 0, verdict: 'no-syn-ack' },
      { id: 1, revision: 1, verdict: 'complete' },
    ],
  );
});

test('a verdict that stays as it is is said once', async () => {
  const records = (await recordsOf(LATE_ANSWER, true)).filter(({ client }) => client.port === 50000);
  assert.deepEqual(
    records.map(({ id, revision, verdict }) => ({ id, revision, verdict })),
    [{ id: 2, revision: 0, verdict: 'complete' }],
  );
});

test('without early output each attempt has one record, its last', async () => {
  const records = await recordsOf(LATE_ANSWER, false);
  assert.deepEqual(
    records.map(({ id, revision, verdict }) => ({ id, revision, verdict })),
    [
      { id: 1, revision: 0, verdict: 'complete' },
      { id: 2, revision: 0, verdict: 'complete' },
    ],
  );
});
