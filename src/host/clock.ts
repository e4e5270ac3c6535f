/** The kernel's clocks, to put its events beside packets. */
import type { Libc } from './libc.ts';

const CLOCK_REALTIME = 0;
const CLOCK_MONOTONIC = 1;
const NANOS_PER_SECOND = 1_000_000_000n;

/** Nanoseconds to add to a time of CLOCK_MONOTONIC for the epoch's, as they are now: packets carry the latter. Good to a microsecond or two. */
export function monotonicToEpochNanos(libc: Libc): bigint {
  const getTime = libc.function('int clock_gettime(int clock, _Out_ uint8_t *time)');
  const read = (clock: number): bigint => {
    const time = Buffer.alloc(16);
    getTime(clock, time);
    return time.readBigInt64LE(0) * NANOS_PER_SECOND + time.readBigInt64LE(8);
  };
  const before = read(CLOCK_MONOTONIC);
  const epoch = read(CLOCK_REALTIME);
  const after = read(CLOCK_MONOTONIC);
  return epoch - (before + after) / 2n;
}

/** "1700000000.000000001" */
export function epochText(nanos: bigint): string {
  return `${nanos / NANOS_PER_SECOND}.${String(nanos % NANOS_PER_SECOND).padStart(9, '0')}`;
}
