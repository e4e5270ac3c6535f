import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { distance } from '../../src/bytes/sequence.ts';

const uint32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });

describe('sequence numbers modulo 2^32', () => {
  test('the distance goes over the wrap-around', () => {
    assert.equal(distance(5, 4_294_967_290), 11);
    assert.equal(distance(4_294_967_290, 5), -11);
    assert.equal(distance(0, 4_294_967_295), 1);
  });

  test('half the circle away counts as behind', () => {
    assert.equal(distance(2 ** 31, 0), -(2 ** 31));
    assert.equal(distance(2 ** 31 - 1, 0), 2 ** 31 - 1);
  });

  test('signed and unsigned numbers are the same', () => {
    fc.assert(fc.property(uint32, uint32, (a, b) => distance(a, b) === distance(a | 0, b | 0)));
  });
});
