/** What one can still ask of a capture while a flood of SYNs passes, each of another client and none answered. No time is measured here (`npm run bench:live` does): the flood goes on until all was answered. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { missingHere, Wire } from '../../bench/live/wire.ts';
import { commandFile } from '../support/paths.ts';
import type { Running } from '../support/running.ts';

const missing = missingHere();
const options = missing === null ? {} : { skip: `SKIPPED, NOT TESTED: ${missing}` };
if (missing !== null) process.stderr.write(`${options.skip}\n`);

const PER_SECOND = 10_000;
/** For an hour: whatever is over before was answered beside it. */
const ENDLESS = PER_SECOND * 3600;
const MOST_OPEN = 10_000;

describe('live, beside a flood', { ...options, timeout: 120_000 }, () => {
  let wire: Wire;
  let tripod: Running;
  let isOver = false;
  before(async () => {
    wire = new Wire();
    const words = ['live', '-i', 'w', '--port', '80,81', '--max-open', String(MOST_OPEN)];
    tripod = wire.capture(process.execPath, [commandFile, ...words]);
    await tripod.says(/capturing on/);
    wire
      .send('syns', PER_SECOND, ENDLESS)
      .finally(() => {
        isOver = true;
      })
      .catch(() => {});
  });
  after(() => wire.close());

  test('a connection that is refused is told of', async () => {
    await wire.send('refusals', 10, 5);
    await tripod.says(/> 192\.0\.2\.1:81 {2}SYN-ACK missing \(refused\)/);
  });

  test('the attempts of the flood are told together', async () => {
    await tripod.says(/Z and [\d,]+ more > 192\.0\.2\.1:80 {2}/);
  });

  test('SIGUSR1 shows the report', async () => {
    tripod.child.kill('SIGUSR1');
    await tripod.says(/Self-check/);
  });

  test('memory is that of the attempts that may be open, and reaching the bound is said', () => {
    assert.ok(tripod.residentMebi() < 400, `${tripod.residentMebi()} MiB`);
  });

  test('Ctrl-C ends it with the report', async () => {
    assert.equal(await tripod.interrupt(), 0, tripod.stderr);
    assert.equal(tripod.stdout.split('Self-check').length, 3);
    assert.match(tripod.stdout.replace(/\s+/g, ' '), /given up/);
    assert.ok(!isOver, 'the flood went on until the end');
  });
});
