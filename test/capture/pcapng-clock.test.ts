import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { TickClock } from '../../src/capture/pcapng-clock.ts';

const BILLION = 1_000_000_000n;

/** The definition, in big integers: floor of seconds, and what is left in nanoseconds. */
function expected(resolution: number, ticks: bigint): { seconds: bigint; numerator: bigint; perSecond: bigint } {
  const exponent = BigInt(resolution & 0x7f);
  const perSecond = (resolution & 0x80) === 0 ? 10n ** exponent : 2n ** exponent;
  return { seconds: ticks / perSecond, numerator: (ticks % perSecond) * BILLION, perSecond };
}

function set(clock: TickClock, ticks: bigint): void {
  clock.set(Number(ticks >> 32n), Number(ticks & 0xffff_ffffn));
}

const NOW = 1_700_000_000n * BILLION + 123_456_789n;
const TICKS = [
  0n,
  1n,
  999n,
  2n ** 32n - 1n,
  2n ** 32n,
  2n ** 53n + 1n,
  NOW,
  NOW * 1000n,
  2n ** 63n,
  2n ** 64n - 1n,
].filter((ticks) => ticks < 2n ** 64n);

describe('TickClock', () => {
  for (const resolution of [0, 1, 3, 6, 9]) {
    it(`10^${resolution}: exact`, () => {
      const clock = new TickClock(resolution, 0);
      assert.equal(clock.digits, resolution);
      fc.assert(
        fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (ticks) => check(clock, resolution, ticks)),
        { examples: TICKS.map((ticks) => [ticks] as [bigint]) },
      );
    });
  }

  for (const exponent of [0, 1, 10, 16, 20, 30, 31, 32, 33, 40, 48, 63]) {
    it(`2^${exponent}: rounded down to the nanosecond`, () => {
      const clock = new TickClock(0x80 | exponent, 0);
      assert.equal(clock.digits, 9);
      fc.assert(
        fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (ticks) => check(clock, 0x80 | exponent, ticks)),
        { examples: TICKS.map((ticks) => [ticks] as [bigint]) },
      );
    });
  }

  for (const resolution of [10, 12, 15, 18, 19, 40, 127]) {
    it(`10^${resolution}: whole nanoseconds exact, finer ones as a fraction`, () => {
      const clock = new TickClock(resolution, 0);
      assert.equal(clock.digits, Math.min(resolution, 12));
      for (const ticks of TICKS) {
        const { seconds, numerator, perSecond } = expected(resolution, ticks);
        set(clock, ticks);
        assert.equal(clock.seconds, Number(seconds));
        assert.ok(Math.abs(clock.nanos - Number(numerator) / Number(perSecond)) < 1e-6, `${ticks}: ${clock.nanos}`);
        assert.ok(clock.nanos >= 0 && clock.nanos < 1e9);
      }
    });
  }

  it('2^127: every tick is less than a nanosecond', () => {
    const clock = new TickClock(0xff, 0);
    set(clock, 2n ** 64n - 1n);
    assert.deepEqual([clock.seconds, clock.nanos], [0, 0]);
  });

  it('the offset is added to the seconds, also before 1970', () => {
    for (const offset of [-2_000_000_000, -1, 1, 2 ** 40]) {
      const clock = new TickClock(9, offset);
      set(clock, NOW);
      assert.deepEqual([clock.seconds, clock.nanos], [1_700_000_000 + offset, 123_456_789]);
    }
  });
});

function check(clock: TickClock, resolution: number, ticks: bigint): void {
  const { seconds, numerator, perSecond } = expected(resolution, ticks);
  set(clock, ticks);
  assert.equal(clock.seconds, Number(seconds));
  assert.equal(clock.nanos, Number(numerator / perSecond));
}
