/** The keys of a row are those of the segment that it stands for, whichever way they were computed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashSegment } from '../../src/flow/hash.ts';
import { fingerprint, writeKeys, writeSegmentRow } from '../../src/flow/row-keys.ts';
import { payloadOf, ROW, ROW_WORDS, readPlainRow, writePlainRow } from '../../src/wire/plain-row.ts';
import { FLAG, Segment } from '../../src/wire/segment.ts';
import { changedFrames } from '../support/ethernet-frames.ts';

const SEED = 0x5eed;

/** The row and the segment of a plain frame, or null. */
function rowOf(view: DataView, captured: number): { rows: Int32Array; segment: Segment } | null {
  const rows = new Int32Array(ROW_WORDS);
  if (!writePlainRow(rows, 0, view, 0, captured)) return null;
  writeKeys(rows, 0, view, new Segment(), SEED);
  const segment = new Segment();
  readPlainRow(segment, rows, 0, view, 0);
  return { rows, segment };
}

test('the keys of every plain frame of every fixture, whole, cut and changed', () => {
  let stamped = 0;
  for (const { bytes, captured, what } of changedFrames()) {
    const found = rowOf(new DataView(bytes.buffer), captured);
    if (found === null) continue;
    const { rows, segment } = found;
    assert.equal(rows[ROW.HASH], hashSegment(segment, SEED), what);
    assert.equal(rows[ROW.PRINT], fingerprint(segment), what);
    if ((segment.flags & FLAG.SYN) === 0 && segment.hasTimestamps) stamped += 1;
  }
  assert.ok(stamped > 100, `${stamped} segments with timestamps`);
});

test('a row that is made of a segment has its flags, numbers, payload and keys', () => {
  for (const { bytes, captured, what } of changedFrames()) {
    const found = rowOf(new DataView(bytes.buffer), captured);
    if (found === null) continue;
    const { rows, segment } = found;
    const made = new Int32Array(ROW_WORDS);
    writeSegmentRow(made, 0, segment);
    assert.equal(payloadOf(made, 0), payloadOf(rows, 0), what);
    for (const word of [ROW.SEQUENCE, ROW.ACKNOWLEDGMENT, ROW.WINDOW, ROW.PRINT])
      assert.equal(made[word], rows[word], what);
    // But for the tags, the words of the header, and whether they are malformed.
    const both = 0x70ff_ffcf;
    assert.equal((made[ROW.SHAPE] as number) & both, (rows[ROW.SHAPE] as number) & both, what);
  }
});
