/** Small words of the text reports: numbers, durations, times, endpoints, lines that fit. All of it pure; nothing knows a clock or a time zone. */
import picocolors from 'picocolors';
import { secondsAndFraction } from '../../bytes/time.ts';
import type { Endpoint } from '../../handshake/handshake.ts';
import { printable } from '../escape.ts';

export type Palette = ReturnType<typeof picocolors.createColors>;

export function palette(colour: boolean): Palette {
  return picocolors.createColors(colour);
}

/** 1234567 as "1,234,567". */
export function count(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** "1 client", "2,000 clients". */
export function counted(value: number, noun: string, plural = `${noun}s`): string {
  return `${count(value)} ${value === 1 ? noun : plural}`;
}

/** Seconds as "35 µs", "1.25 ms", "3.07 s", "12 m 5 s", "3 h 2 m", "2 d 4 h". */
export function duration(seconds: number): string {
  if (seconds < 0) return `-${duration(-seconds)}`;
  if (seconds === 0) return '0';
  if (seconds < 1e-6) return `${significant(seconds * 1e9)} ns`;
  if (seconds < 1e-3) return `${significant(seconds * 1e6)} µs`;
  if (seconds < 1) return `${significant(seconds * 1e3)} ms`;
  if (seconds < 60) return `${significant(seconds)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} m ${whole % 60} s`;
  if (whole < 86_400) return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} m`;
  const days = Math.floor(whole / 86_400);
  return days >= 100 ? `${count(days)} d` : `${days} d ${Math.floor((whole % 86_400) / 3600)} h`;
}

/** Three significant digits, without trailing zeros. */
function significant(value: number): string {
  return String(Number(value.toPrecision(3)));
}

/** Octets as "512 B", "1.5 MB" (powers of 1000). */
export function octets(value: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let scaled = value;
  let unit = 0;
  while (scaled >= 999.5 && unit < units.length - 1) {
    scaled /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? scaled : scaled.toPrecision(3)} ${units[unit]}`;
}

/** "10.0.0.1:80", "[2001:db8::1]:80". */
export function endpoint(end: Endpoint): string {
  const address = printable(end.address);
  return address.includes(':') ? `[${address}]:${end.port}` : `${address}:${end.port}`;
}

/** Seconds from one time of the record to another. Whole seconds and fractions are taken apart, so that no digit is lost to 1.7e9. */
export function secondsBetween(from: string, to: string): number {
  const [fromWhole, fromFraction] = secondsAndFraction(from);
  const [toWhole, toFraction] = secondsAndFraction(to);
  return toWhole - fromWhole + (toFraction - fromFraction);
}

/** Escape sequences of colour, which take no room. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: ESC begins every escape sequence.
const COLOUR = /\u001b\[[0-9;]*m/g;

/** Columns that a text takes. */
export function visibleLength(text: string): number {
  return [...text.replace(COLOUR, '')].length;
}

export function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - visibleLength(text)));
}

/**
 * Lines of at most `width` columns: `lead` before the first, blanks of the same width before the others. Breaks at blanks; a word that is longer than a line
 * (a path, an address) stands alone and is broken where the line ends, so that nothing is lost.
 */
export function wrap(text: string, width: number, lead = ''): string[] {
  const indent = visibleLength(lead);
  const room = Math.max(16, width - indent);
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ').flatMap((long) => pieces(long, room))) {
    if (line !== '' && visibleLength(line) + 1 + visibleLength(word) > room) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  lines.push(line);
  return lines.map((content, index) => (index === 0 ? lead : ' '.repeat(indent)) + content.replaceAll(NO_BREAK, ' '));
}

/** The parts of a long word: of a path at its slashes, where that fills half of a line. */
function pieces(word: string, room: number): string[] {
  if (visibleLength(word) <= room || word.includes('\u001b')) return [word];
  const characters = [...word];
  const parts: string[] = [];
  for (let at = 0; at < characters.length; ) {
    const slash = characters.slice(at, at + room).lastIndexOf('/');
    const length = characters.length - at > room && slash >= room / 2 ? slash + 1 : room;
    parts.push(characters.slice(at, at + length).join(''));
    at += length;
  }
  return parts;
}

/** A word that `wrap` must not break: its blanks become no-break spaces, which `wrap` turns back. */
export function unbroken(text: string): string {
  return text.replaceAll(' ', NO_BREAK);
}

const NO_BREAK = '\u00a0';

/** "1, 2, 3" of up to `most` numbers; then how many more. */
export function listed(numbers: readonly number[], total: number, most: number): string {
  const shown = numbers.slice(0, most);
  const rest = Math.max(total, numbers.length) - shown.length;
  return `${shown.join(', ')}${rest > 0 ? `, and ${count(rest)} more` : ''}`;
}
