/** The values of options, from text: numbers, durations, moments, ports, servers. Each says in one sentence what is wrong and what would be right. */
import { type AddressRange, parseAddressRange } from '../bytes/address.ts';
import type { Moment } from '../pipeline.ts';
import { parseServerFilter, type ServerFilter } from '../report/attempt-filter.ts';
import { UsageError } from './errors.ts';
import { nearest } from './suggest.ts';

const LAST_PORT = 65_535;
/** Ports that may be asked for: every one becomes a line of the report. */
const MOST_PORTS = 4096;

/** A whole number in [least, most]. */
export function parseCount(text: string, option: string, least: number, most: number): number {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most)) {
    throw new UsageError(`${option} takes a whole number from ${least} to ${most}, not "${text}"`);
  }
  return value;
}

const UNITS: Readonly<Record<string, number>> = { '': 1, ms: 1e-3, s: 1, m: 60, h: 3600 };
const DURATION = /^(?<amount>\d+(?:\.\d+)?)(?<unit>|ms|s|m|h)$/;

/** "3", "3s", "500ms", "2m", "1h"; in seconds. */
export function parseDuration(text: string, option: string): number {
  const seconds = durationSeconds(text);
  if (seconds === null) {
    throw new UsageError(`${option} takes a duration such as 3, 3s, 500ms or 2m, not "${text}"`);
  }
  return seconds;
}

function durationSeconds(text: string): number | null {
  const groups = DURATION.exec(text)?.groups;
  const seconds = Number(groups?.['amount']) * (UNITS[groups?.['unit'] ?? ''] ?? Number.NaN);
  return Number.isFinite(seconds) ? seconds : null;
}

const OCTET_UNITS: Readonly<Record<string, number>> = { '': 1e6, kB: 1e3, MB: 1e6, GB: 1e9 };

/** "100", "100MB", "1.5GB", "500kB" (powers of 1000; megabytes when no unit is given, as tcpdump -C takes them); in octets. */
export function parseOctets(text: string, option: string): number {
  const groups = /^(?<amount>\d+(?:\.\d+)?)(?<unit>|kB|MB|GB)$/i.exec(text)?.groups;
  const unit = Object.keys(OCTET_UNITS).find((name) => name.toLowerCase() === groups?.['unit']?.toLowerCase());
  const octets = Number(groups?.['amount']) * (OCTET_UNITS[unit ?? ''] as number);
  if (!(octets >= 1000)) throw new UsageError(`${option} takes a size such as 100, 100MB or 1GB, not "${text}"`);
  return octets;
}

const ISO = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?$/;

/**
 * "+10s" and "+10" count from the capture's first packet; "1762077600.25" are epoch seconds; "2026-11-02T10:00:00Z" is ISO 8601, in UTC where it names no
 * zone (as the report's own times are, and so that a command gives the same answer everywhere).
 */
export function parseMoment(text: string, option: string): Moment {
  if (text.startsWith('+')) {
    const seconds = durationSeconds(text.slice(1));
    if (seconds !== null) return { seconds, fromStart: true };
  } else if (/^\d+(?:\.\d+)?$/.test(text)) {
    return { seconds: Number(text), fromStart: false };
  } else if (ISO.test(text)) {
    const zoned = /(?:Z|[+-]\d\d:?\d\d)$/.test(text.slice(10)) ? text : `${text}${text.length > 10 ? 'Z' : 'T00:00Z'}`;
    const milliseconds = Date.parse(zoned.replace(' ', 'T').replace(/([+-]\d\d)(\d\d)$/, '$1:$2'));
    if (Number.isFinite(milliseconds)) return { seconds: milliseconds / 1000, fromStart: false };
  }
  throw new UsageError(
    `${option} takes a time such as 2026-11-02T10:00:00Z, 1762077600.25 (epoch seconds) or +10s (after the first packet), not "${text}"`,
  );
}

/** "80", "8000-8010"; sorted, each once. */
export function parsePorts(texts: readonly string[], option: string): number[] {
  const ports = new Set<number>();
  for (const text of texts) {
    const match = /^(?<from>\d{1,5})(?:-(?<to>\d{1,5}))?$/.exec(text);
    const from = Number(match?.groups?.['from']);
    const to = Number(match?.groups?.['to'] ?? from);
    if (!(from <= to && to <= LAST_PORT)) {
      throw new UsageError(`${option} takes ports from 0 to ${LAST_PORT}, such as 443 or 80,8000-8010, not "${text}"`);
    }
    if (to - from >= MOST_PORTS) throw tooManyPorts(option);
    for (let port = from; port <= to; port += 1) ports.add(port);
    if (ports.size > MOST_PORTS) throw tooManyPorts(option);
  }
  return [...ports].sort((a, b) => a - b);
}

function tooManyPorts(option: string): UsageError {
  return new UsageError(`${option} takes at most ${MOST_PORTS} ports: without ${option} every port is reported`);
}

/** See parseServerFilter. */
export function parseServer(text: string, option: string): ServerFilter {
  const filter = parseServerFilter(text);
  if (filter !== null) return filter;
  throw new UsageError(
    `${option} takes an address such as 10.0.0.1, 10.0.0.0/8, 10.0.0.1:443 or [2001:db8::1]:443, not "${text}"`,
  );
}

/** "10.0.0.1", "10.0.0.0/8", "2001:db8::/32". */
export function parseClient(text: string, option: string): AddressRange {
  const range = parseAddressRange(text.replace(/^\[(.*)\]$/, '$1'));
  if (range === null) {
    throw new UsageError(`${option} takes an address such as 10.0.0.1, 10.0.0.0/8 or 2001:db8::/32, not "${text}"`);
  }
  return range;
}

/** One of `choices`. */
export function parseChoice<const T extends string>(text: string, option: string, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === text.toLowerCase());
  if (found !== undefined) return found;
  const near = nearest(text.toLowerCase(), choices);
  throw new UsageError(
    `${option} takes ${choices.join(', ')}, not "${text}"${near === null ? '' : `: did you mean ${near}?`}`,
  );
}
