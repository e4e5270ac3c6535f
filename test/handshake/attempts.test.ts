/** The words of an attempt's row that hold several things. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ANSWERED_ELSEWHERE,
  CLOSED_AT_ONCE,
  FOLLOWED,
  FORGOTTEN,
  LARGE_SENT,
  LEFT_UNHEARD,
  MARK,
  OFFERS_CHANGED,
  ORDINARY,
  STAMP_SHIFT,
  STAMPED,
  SYN_ACK_ID_SHIFT,
  TAKEN_ELSEWHERE,
  TRAITED,
  TWIN,
} from '../../src/handshake/attempts.ts';

/** Directions and checksums of SYN and SYN-ACK: `directionBits`. */
const DIRECTIONS = 0xff;

function assertApart(bits: readonly number[]): void {
  let all = 0;
  for (const each of bits) {
    assert.equal(all & each, 0, `bits ${each.toString(2)} are taken`);
    all |= each;
  }
}

test('no two of W.LINK share a bit', () => {
  const single = [
    FORGOTTEN,
    TRAITED,
    CLOSED_AT_ONCE,
    LEFT_UNHEARD,
    STAMPED,
    ORDINARY,
    LARGE_SENT,
    FOLLOWED,
    OFFERS_CHANGED,
  ];
  const several = [DIRECTIONS, 3 << STAMP_SHIFT, 3 << SYN_ACK_ID_SHIFT];
  assertApart([...several, ...single, TWIN, ANSWERED_ELSEWHERE, TAKEN_ELSEWHERE]);
});

test('no two of W.MARKS share a bit', () => {
  assertApart(Object.values(MARK));
});
