import assert from 'node:assert/strict';
import { byteByByte, type Reading, readPieces, readWhole } from './capture-bytes.ts';

/** Reads the bytes whole, byte by byte, and cut in two at every place: all readings are equal. Returns it. */
export function readEveryWay(bytes: Uint8Array): Reading {
  const whole = readWhole(bytes);
  assert.deepEqual(readPieces(byteByByte(bytes)), whole, 'byte by byte');
  for (let at = 0; at <= bytes.length; at++) {
    assert.deepEqual(readPieces([bytes.subarray(0, at), bytes.subarray(at)]), whole, `split at ${at}`);
  }
  return whole;
}

/** Cut at every length: never an error, the frames are the first ones of the whole, and `truncated` unless a record just ended. */
export function readEveryCut(bytes: Uint8Array, recordEnds: ReadonlySet<number>): void {
  const whole = readWhole(bytes);
  for (let length = MAGIC; length < bytes.length; length++) {
    const cut = readWhole(bytes.subarray(0, length));
    assert.equal(cut.error, null, `cut at ${length}`);
    assert.deepEqual(cut.frames, whole.frames.slice(0, cut.frames.length), `cut at ${length}`);
    assert.equal(cut.truncated, !recordEnds.has(length), `cut at ${length}`);
  }
}

/** Octets by which both containers are told. */
const MAGIC = 12;
