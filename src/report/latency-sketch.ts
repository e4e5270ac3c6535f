/**
 * The distribution of a duration in little memory: the values themselves while they are few, then a histogram whose buckets are at most 0.8 % wide
 * (so that a bucket's middle is within 0.4 % of every value in it).
 *
 * A bucket is named by the exponent and the first seven bits of the mantissa of the double: 128 buckets to each doubling.
 */
import type { Distribution, MaybeDistribution } from './report.ts';

const EXACT_VALUES = 512;
const MANTISSA_BITS = 7;
/** From 1 ns up to 2^47 ns (39 hours): 47 doublings. What is shorter or longer falls in the first or last bucket. */
const DOUBLINGS = 47;
const BUCKETS = DOUBLINGS << MANTISSA_BITS;
/** The high word of the double 1.0, cut to exponent and mantissa bits. */
const FIRST_BUCKET = 1023 << MANTISSA_BITS;

const scratch = new DataView(new ArrayBuffer(8));

export class LatencySketch {
  private values: Float64Array | null = new Float64Array(8);
  private buckets: Uint32Array | null = null;
  private count = 0;
  private min = Number.POSITIVE_INFINITY;
  private max = 0;

  /** @param nanos not negative; NaN is no value, and passed over. */
  add(nanos: number): void {
    if (Number.isNaN(nanos)) return;
    if (nanos < this.min) this.min = nanos;
    if (nanos > this.max) this.max = nanos;
    if (this.buckets !== null) this.addToBucket(this.buckets, nanos);
    else this.addExact(nanos);
    this.count += 1;
  }

  copy(): LatencySketch {
    const copy = new LatencySketch();
    copy.values = this.values?.slice() ?? null;
    copy.buckets = this.buckets?.slice() ?? null;
    copy.count = this.count;
    copy.min = this.min;
    copy.max = this.max;
    return copy;
  }

  /** In seconds. */
  distribution(): MaybeDistribution {
    if (this.count === 0) return {};
    const at = (share: number): number => this.quantile(share) / 1e9;
    const result: Distribution = {
      count: this.count,
      min: this.min / 1e9,
      p50: at(0.5),
      p90: at(0.9),
      p99: at(0.99),
      max: this.max / 1e9,
    };
    return result;
  }

  private addExact(nanos: number): void {
    let values = this.values as Float64Array;
    if (this.count === EXACT_VALUES) {
      this.buckets = new Uint32Array(BUCKETS);
      for (const value of values) this.addToBucket(this.buckets, value);
      this.values = null;
      this.addToBucket(this.buckets, nanos);
      return;
    }
    if (this.count === values.length) {
      const grown = new Float64Array(2 * values.length);
      grown.set(values);
      this.values = grown;
      values = grown;
    }
    values[this.count] = nanos;
  }

  private addToBucket(buckets: Uint32Array, nanos: number): void {
    scratch.setFloat64(0, nanos);
    const name = (scratch.getUint32(0) >>> (20 - MANTISSA_BITS)) - FIRST_BUCKET;
    const bucket = Math.max(0, Math.min(BUCKETS - 1, name));
    buckets[bucket] = (buckets[bucket] as number) + 1;
  }

  /** Nearest rank. */
  private quantile(share: number): number {
    const rank = Math.max(1, Math.ceil(share * this.count));
    if (this.buckets === null) {
      const sorted = (this.values as Float64Array).slice(0, this.count).sort();
      return sorted[rank - 1] as number;
    }
    let seen = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      seen += this.buckets[bucket] as number;
      if (seen >= rank) return Math.min(this.max, Math.max(this.min, middleOf(bucket)));
    }
    return this.max;
  }
}

function middleOf(bucket: number): number {
  scratch.setUint32(0, ((bucket + FIRST_BUCKET) << (20 - MANTISSA_BITS)) | (1 << (19 - MANTISSA_BITS)));
  scratch.setUint32(4, 0);
  return scratch.getFloat64(0);
}
