/**
 * Times of a capture, as the core holds them: nanoseconds since a base (the whole second of the capture's first packet), in one double.
 * That is exact for 2^53 ns, 104 days from the base; beyond it the error is below 0.3 µs for fifty years, so that a microsecond capture
 * prints exactly at any distance. Whole seconds and nanoseconds come apart again only when text is made.
 */
export const NANOS_PER_SECOND = 1e9;

/**
 * The base itself, held as a double. What begins with the integer 0 V8 holds as an integer of 32 bits, until 2.1 s into the capture; then all code that reads it is thrown away and compiled anew, in the
 * middle of the traffic.
 */
export const AT_BASE = Number.MIN_VALUE - Number.MIN_VALUE;

/** Nanoseconds from `baseSeconds` to the moment `seconds` + `nanos`. */
export function sinceBase(seconds: number, nanos: number, baseSeconds: number): number {
  // Halved first, a double from the first packet on: see AT_BASE. Exact, as whole seconds are.
  return (seconds - baseSeconds) * 0.5 * (2 * NANOS_PER_SECOND) + nanos;
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

/** The furthest second that a calendar date can say (ECMA-262 §21.4.1.1). */
const LAST_SECOND = 8.64e12;

/** "2026-11-02" in UTC, of epoch seconds as text; "" for a time that is beyond every calendar. */
export function utcDate(epoch: string): string {
  const seconds = Math.floor(Number(epoch));
  if (!(Math.abs(seconds) <= LAST_SECOND)) return '';
  return new Date(seconds * 1000).toISOString().replace(/T.*/, '');
}

/** "12:00:01.123456" in UTC, with all the digits of `epoch` (epoch seconds as text); the date in front when it is not `today`. */
export function utcMoment(epoch: string, today: string): string {
  const day = utcDate(epoch);
  if (day === '') return `${epoch} s since 1970`;
  const [whole, fraction] = secondsAndFraction(epoch);
  // A moment before 1970 is held as whole seconds and fraction below zero: the clock counts up from the second before.
  const second = fraction < 0 ? whole - 1 : whole;
  const decimals = epoch.split('.')[1] ?? '';
  const digits = fraction < 0 ? (1 + fraction).toFixed(decimals.length).slice(2) : decimals;
  const clock = new Date(second * 1000).toISOString().replace(/^.*T(.*)\..*$/, '$1');
  return `${day === today ? '' : `${day} `}${clock}${digits === '' ? '' : `.${digits}`}`;
}

/** Whole seconds and fraction of epoch seconds as text, apart, so that no digit is lost to 1.7e9; both below zero before 1970. */
export function secondsAndFraction(epoch: string): [number, number] {
  const [whole = '0', fraction = '0'] = epoch.split('.');
  const sign = epoch.startsWith('-') ? -1 : 1;
  return [Number(whole), sign * Number(`0.${fraction}`)];
}
