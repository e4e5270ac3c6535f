import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { LatencySketch } from '../../src/report/latency-sketch.ts';
import type { Distribution } from '../../src/report/report.ts';

const SHARES = { p50: 0.5, p90: 0.9, p99: 0.99 } as const;

/** Nearest rank, on all values. */
function exact(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[Math.max(1, Math.ceil(share * sorted.length)) - 1] ?? 0) / 1e9;
}

function sketchOf(values: readonly number[]): Distribution {
  const sketch = new LatencySketch();
  for (const value of values) sketch.add(value);
  return sketch.distribution() as Distribution;
}

describe('the distribution of a duration', () => {
  test('of nothing is empty, and NaN is nothing', () => {
    const sketch = new LatencySketch();
    sketch.add(Number.NaN);
    assert.deepEqual(sketch.distribution(), {});
  });

  test('is exact up to 512 values', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 1e15, noNaN: true }), { minLength: 1, maxLength: 512 }),
        (values) => {
          const found = sketchOf(values);
          assert.equal(found.count, values.length);
          for (const [name, share] of Object.entries(SHARES)) {
            assert.equal(found[name as keyof typeof SHARES], exact(values, share), name);
          }
          assert.equal(found.min, Math.min(...values) / 1e9);
          assert.equal(found.max, Math.max(...values) / 1e9);
        },
      ),
      { seed: 5, numRuns: 100 },
    );
  });

  test('is within 0.4 % beyond', () => {
    const value = fc.integer({ min: 1, max: 46_000 }).map((exponent) => 2 ** (exponent / 1000));
    fc.assert(
      fc.property(fc.array(value, { minLength: 600, maxLength: 3000 }), (values) => {
        const found = sketchOf(values);
        assert.equal(found.count, values.length);
        for (const [name, share] of Object.entries(SHARES)) {
          const wanted = exact(values, share);
          const error = Math.abs(found[name as keyof typeof SHARES] - wanted) / wanted;
          assert.ok(error <= 0.004, `${name}: ${error}`);
        }
        assert.equal(found.min, Math.min(...values) / 1e9);
        assert.equal(found.max, Math.max(...values) / 1e9);
      }),
      { seed: 6, numRuns: 30 },
    );
  });

  test('bears durations of 0 and of days', () => {
    const found = sketchOf([...Array(600).fill(0), ...Array(600).fill(9e14)]);
    assert.equal(found.min, 0);
    assert.equal(found.max, 900_000);
    assert.ok(found.p50 < 1e-8);
    assert.ok(found.p50 <= found.p90 && found.p90 <= found.p99 && found.p99 <= found.max);
  });
});
