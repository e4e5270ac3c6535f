/** What is given up when too many attempts are open: not the handshakes that go on. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { analyzeWith } from '../support/analyze-with.ts';
import { parseScript } from '../support/script.ts';
import { encodeScript } from '../support/script-frames.ts';

const ENDS = 'end c 10.0.0.1:40000\nend s 10.0.0.2:80\n';

async function withRoomFor(maxOpen: number, lines: string): ReturnType<typeof analyzeWith> {
  return analyzeWith(encodeScript(parseScript(ENDS + lines)), { maxOpen });
}

describe('when there is room for a hundred attempts', () => {
  test('a flood of SYNs displaces its own, and not the handshake that goes on', async () => {
    const { report, handshakes } = await withRoomFor(
      100,
      `0.000 c > s S 1000:1000(0)
       0.001 s > c S. 9000:9000(0) ack 1001
       0.002 flood 2000 every 0.0001 from 10.1.0.0:1024 to s
       +0    c > s . ack 9001
       +0.01 s > c P. (10) ack 1001`,
    );
    const own = handshakes.filter(({ client }) => client.port === 40_000);
    assert.deepEqual(
      own.map(({ verdict, legs }) => [verdict, legs.syn.count, legs.ack.grade]),
      [['complete', 1, 'accepted']],
    );
    assert.equal(report.capture.givenUp, 1901);
    assert.equal(handshakes.length, 2001);
  });

  test('what is given up says so, and is undecided when its time was too short', async () => {
    const { handshakes } = await withRoomFor(100, '0.000 flood 150 every 0.0001 from 10.1.0.0:1024 to s');
    const given = handshakes.filter(({ notes }) => notes.includes('given-up'));
    assert.equal(given.length, 50);
    for (const { verdict } of given) assert.equal(verdict, 'undecided');
    assert.deepEqual(
      given.map(({ id }) => id),
      Array.from({ length: 50 }, (_, i) => i + 1),
    );
  });

  test('attempts that were silent for long go before fresh ones', async () => {
    const { handshakes } = await withRoomFor(
      100,
      `0.000 flood 60 every 0.0001 from 10.1.0.0:1024 to s
       5.000 flood 80 every 0.0001 from 10.2.0.0:1024 to s`,
    );
    const given = handshakes.filter(({ notes }) => notes.includes('given-up'));
    assert.deepEqual(
      given.map(({ client }) => client.address.startsWith('10.1.')),
      Array(40).fill(true),
    );
    for (const { verdict } of given) assert.equal(verdict, 'no-syn-ack');
  });

  test('connections that are open are let go without a word: their record is complete', async () => {
    const clients = Array.from({ length: 90 }, (_, i) => `end k${i} 10.3.0.${i}:5000`);
    const opened = clients.flatMap((_, i) => [
      `0.${String(100 + i)} k${i} > s S 1:1(0)`,
      `0.${String(100 + i)} s > k${i} S. 1:1(0) ack 2`,
      `0.${String(100 + i)} k${i} > s . ack 2`,
      `0.${String(100 + i)} s > k${i} P. (10) ack 2`,
    ]);
    const lines = [...clients, ...opened, '0.300 flood 100 every 0.0001 from 10.1.0.0:1024 to s'];
    const { report, handshakes } = await withRoomFor(100, lines.join('\n'));
    assert.equal(report.summary.complete, 90);
    assert.equal(report.capture.givenUp, 0);
    assert.equal(handshakes.length, 190);
  });

  test('an attempt is no slot for ever: ten thousand after each other need no more room', async () => {
    const { report } = await withRoomFor(100, '0.000 flood 3000 every 2 from 10.1.0.0:1024 to s');
    assert.equal(report.capture.givenUp, 0);
    assert.equal(report.summary.byVerdict['no-syn-ack'], 2998);
    assert.equal(report.summary.byVerdict.undecided, 2);
  });
});
