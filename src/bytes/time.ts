/**
 * Times of a capture, as the core holds them: nanoseconds since a base (the whole second of the capture's first packet), in one double.
 * That is exact for 2^53 ns, 104 days from the base; beyond it the error is below 0.3 µs for fifty years, so that a microsecond capture
 * prints exactly at any distance. Whole seconds and nanoseconds come apart again only when text is made.
 */
export const NANOS_PER_SECOND = 1e9;

/** Nanoseconds from `baseSeconds` to the moment `seconds` + `nanos`. */
export function sinceBase(seconds: number, nanos: number, baseSeconds: number): number {
  return (seconds - baseSeconds) * NANOS_PER_SECOND + nanos;
}

/**
 * Epoch seconds as text, with `digits` (0 to 12) decimals: "1465915200.004217". Rounds to the nearest; a moment before 1970 gets a sign.
 * @param nanos nanoseconds since `baseSeconds`; may be negative, may have a fraction.
 */
export function formatEpoch(nanos: number, baseSeconds: number, digits: number): string {
  const wholeSeconds = Math.floor(nanos / NANOS_PER_SECOND);
  let seconds = baseSeconds + wholeSeconds;
  const scale = 10 ** digits;
  let ticks = Math.round((nanos - wholeSeconds * NANOS_PER_SECOND) * (scale / NANOS_PER_SECOND));
  if (ticks >= scale) {
    seconds += 1;
    ticks -= scale;
  }
  if (seconds < 0 && ticks > 0) {
    // -1.75 is held as -2 + 0.25.
    return `${seconds === -1 ? '-0' : seconds + 1}.${String(scale - ticks).padStart(digits, '0')}`;
  }
  return digits === 0 ? String(seconds) : `${seconds}.${String(ticks).padStart(digits, '0')}`;
}
