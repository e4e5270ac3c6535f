import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CaptureClock } from '../../src/handshake/clock.ts';

const S = 1e9;

/** The clock after each of these times, in seconds. */
function run(...times: readonly number[]): { clock: CaptureClock; readings: number[] } {
  const clock = new CaptureClock();
  return { clock, readings: times.map((time) => clock.tick(time * S) / S) };
}

describe('the clock of a capture', () => {
  test('starts at 0, whatever the first time is', () => {
    assert.deepEqual(run(1234, 1235).readings, [0, 1]);
    assert.deepEqual(run(-50, -48).readings, [0, 2]);
  });

  test('stands still while packets come out of order within a second', () => {
    const { clock, readings } = run(10, 10.5, 10.2, 10.4, 10.6);
    assert.deepEqual(
      readings.map((reading) => Math.round(reading * 10)),
      [0, 5, 5, 5, 6],
    );
    assert.equal(clock.backwardSteps, 1);
    assert.ok(Math.abs(clock.largestBackwardNanos - 0.3 * S) < 1);
  });

  test('does not follow one packet that is far ahead', () => {
    const { clock, readings } = run(0, 1, 1e6, 2, 3);
    assert.deepEqual(readings, [0, 1, 1, 2, 3]);
    assert.equal(clock.forwardSteps, 0);
  });

  test('does not follow one packet that is far behind', () => {
    assert.deepEqual(run(1000, 1001, 1, 1002, 1003).readings, [0, 1, 1, 2, 3]);
  });

  test('believes a jump ahead that the next packet confirms', () => {
    const { clock, readings } = run(0, 1, 200_000, 200_001, 200_002);
    assert.deepEqual(readings, [0, 1, 1, 200_001, 200_002]);
    assert.equal(clock.forwardSteps, 1);
  });

  test('goes on from a step back that the next packet confirms', () => {
    const { clock, readings } = run(1000, 1010, 400, 401, 405);
    assert.equal(readings[2], 10);
    assert.ok((readings[4] as number) >= 14, 'time that passed after the step counts');
    assert.equal(clock.backwardSteps, 1);
    assert.equal(clock.largestBackwardNanos, 610 * S);
  });

  test('never goes back', () => {
    let last = 0;
    const clock = new CaptureClock();
    let state = 7;
    for (let i = 0; i < 10_000; i++) {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      const reading = clock.tick((state % 5000) * S);
      assert.ok(reading >= last);
      last = reading;
    }
  });

  test('a pause of ten minutes is no jump', () => {
    assert.deepEqual(run(0, 600).readings, [0, 600]);
  });
});
