import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { formatEpoch, sinceBase, utcDate, utcMoment } from '../../src/bytes/time.ts';

describe('epoch seconds as text', () => {
  const cases: readonly (readonly [nanos: number, base: number, digits: number, text: string])[] = [
    [0, 0, 6, '0.000000'],
    [4_217_000, 1_465_915_200, 6, '1465915200.004217'],
    [4_217_001, 1_465_915_200, 9, '1465915200.004217001'],
    [1_500_000_000, 10, 0, '12'],
    [999_999_999, 10, 6, '11.000000'],
    [999_999_400, 10, 6, '10.999999'],
    [-1, 10, 9, '9.999999999'],
    [-1_750_000_000, 0, 2, '-1.75'],
    [-250_000_000, 0, 3, '-0.250'],
    [250_000_000, -1, 3, '-0.750'],
    [-2_000_000_000, 0, 3, '-2.000'],
    [123.456, 0, 12, '0.000000123456'],
  ];
  for (const [nanos, base, digits, text] of cases) {
    test(`${nanos} ns from ${base} s with ${digits} digits`, () => {
      assert.equal(formatEpoch(nanos, base, digits), text);
    });
  }

  test('a nanosecond time comes out as it went in, within a hundred days of the base', () => {
    const seconds = fc.integer({ min: 0, max: 2 ** 32 });
    const within = fc.integer({ min: -8_000_000, max: 8_000_000 });
    const nanos = fc.integer({ min: 0, max: 999_999_999 });
    fc.assert(
      fc.property(seconds, within, nanos, (base, offset, fraction) => {
        fc.pre(base + offset >= 0);
        const text = formatEpoch(sinceBase(base + offset, fraction, base), base, 9);
        assert.equal(text, `${base + offset}.${String(fraction).padStart(9, '0')}`);
      }),
    );
  });

  test('a microsecond time comes out as it went in, fifty years from the base', () => {
    const offset = fc.integer({ min: 0, max: 1_500_000_000 });
    const micros = fc.integer({ min: 0, max: 999_999 });
    fc.assert(
      fc.property(offset, micros, (later, fraction) => {
        const text = formatEpoch(sinceBase(later, fraction * 1000, 0), 0, 6);
        assert.equal(text, `${later}.${String(fraction).padStart(6, '0')}`);
      }),
    );
  });
});

test('moments are in UTC, with the digits of the capture, and the date only on another day', () => {
  assert.equal(utcDate('1793613601.5'), '2026-11-02');
  assert.equal(utcMoment('1793613601.500000', '2026-11-02'), '10:00:01.500000');
  assert.equal(utcMoment('1793613601', '2026-11-01'), '2026-11-02 10:00:01');
  assert.equal(utcMoment('-0.250000', ''), '1969-12-31 23:59:59.750000');
  assert.equal(utcMoment('99999999999999.000001', ''), '99999999999999.000001 s since 1970');
});
