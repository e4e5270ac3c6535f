/** Which attempts need a row while nothing but their SYN was seen. (What is said of them is the same either way: ordinary.test.ts.) */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Tracker } from '../../src/handshake/tracker.ts';
import { VERDICT } from '../../src/handshake/verdict.ts';
import { DIRECTION, type Segment } from '../../src/wire/segment.ts';
import { type SegmentFields, segmentOf } from '../support/segments.ts';

const ATTEMPTS = 1000;
const [COMES_IN, GOES_OUT] = [2, 3];
const MILLI = 1e6;

function trackerOf(): Tracker {
  const options = { patienceNanos: 3e9, maxOpen: 1 << 16, seed: 7, checksumSample: 0 };
  return new Tracker(options, { finished: () => undefined, silent: () => VERDICT.UNDECIDED });
}

/** A SYN on `any`, of client `number`. */
function syn(number: number, interfaceIndex: number, more: Partial<SegmentFields> = {}): Segment {
  const ends = { source: 0x0a000000 + number, destination: 0xc0000201, sourcePort: 40_000, destinationPort: 80 };
  const segment = segmentOf({ ...ends, sequence: 7 * number, ipId: 1 + number, ...more });
  segment.interfaceIndex = interfaceIndex;
  segment.direction = interfaceIndex === COMES_IN ? DIRECTION.INCOMING : DIRECTION.OUTGOING;
  return segment;
}

describe('of a flood captured on `any`', () => {
  test('no attempt has a row, also when each SYN passes two interfaces', () => {
    const tracker = trackerOf();
    for (let i = 0; i < ATTEMPTS; i++) {
      tracker.observe(syn(i, COMES_IN), i * MILLI, i * MILLI, 2 * i + 1);
      tracker.observe(syn(i, GOES_OUT), i * MILLI, i * MILLI, 2 * i + 2);
    }
    assert.equal(tracker.begun, ATTEMPTS);
    assert.equal(tracker.duplicates, ATTEMPTS);
    assert.equal(tracker.attempts.size, ATTEMPTS);
    assert.equal(tracker.attempts.rows, 0);
  });

  test('those have rows whose SYN goes on under another address', () => {
    const tracker = trackerOf();
    for (let i = 0; i < ATTEMPTS; i++) {
      tracker.observe(syn(i, COMES_IN), i * MILLI, i * MILLI, 2 * i + 1);
      if (i % 10 !== 0) continue;
      tracker.observe(syn(i, GOES_OUT, { destination: 0x0a4f0009 }), i * MILLI, i * MILLI, 2 * i + 2);
    }
    assert.equal(tracker.duplicates, 0);
    assert.equal(tracker.attempts.size, ATTEMPTS + ATTEMPTS / 10);
    assert.equal(tracker.attempts.rows, (2 * ATTEMPTS) / 10);
  });
});
