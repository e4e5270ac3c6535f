/**
 * Internet addresses between text and four 32-bit words.
 *
 * Words are most significant first and may be signed or unsigned. An IPv4 address is held as the IPv4-mapped IPv6 address
 * (RFC 4291 §2.5.5.2): words 0, 0, 0xffff, address. What tells it from an IPv6 packet that really carries ::ffff:a.b.c.d is
 * the family, 4 or 6.
 */

export interface Address {
  /** Unsigned. */
  readonly words: readonly [number, number, number, number];
  readonly family: 4 | 6;
}

export interface AddressRange {
  /** Unsigned, the bits below the prefix cleared. */
  readonly words: readonly [number, number, number, number];
  /** Of 128 bits: 10.0.0.0/8 has 104. */
  readonly prefixLength: number;
  readonly family: 4 | 6;
}

const MAPPED = 0xffff;
/** Bits before the IPv4 part of a mapped address. */
const MAPPED_PREFIX = 96;

/** Canonical text: dotted quad, or RFC 5952. */
export function formatAddress(w0: number, w1: number, w2: number, w3: number, family: number): string {
  if (family === 4) return dottedQuad(w3);
  // RFC 5952 §5: the mapped prefix is well known, so the IPv4 part is written as such.
  if (w0 === 0 && w1 === 0 && w2 === MAPPED) return `::ffff:${dottedQuad(w3)}`;
  return groupsText([w0 >>> 16, w0 & MAPPED, w1 >>> 16, w1 & MAPPED, w2 >>> 16, w2 & MAPPED, w3 >>> 16, w3 & MAPPED]);
}

function dottedQuad(word: number): string {
  return `${word >>> 24}.${(word >>> 16) & 0xff}.${(word >>> 8) & 0xff}.${word & 0xff}`;
}

/** RFC 5952 §4: lower case, no leading zeros, `::` for the longest run of at least two zero groups, the first of equals. */
function groupsText(groups: readonly number[]): string {
  let runAt = -1;
  let runLength = 1;
  let zeros = 0;
  for (const [index, group] of groups.entries()) {
    zeros = group === 0 ? zeros + 1 : 0;
    if (zeros > runLength) {
      runLength = zeros;
      runAt = index + 1 - zeros;
    }
  }
  const hex = groups.map((group) => group.toString(16));
  if (runAt < 0) return hex.join(':');
  return `${hex.slice(0, runAt).join(':')}::${hex.slice(runAt + runLength).join(':')}`;
}

/** Any text form of RFC 4291 §2.2, or a dotted quad of four decimal numbers; null for anything else (zones too). */
export function parseAddress(text: string): Address | null {
  if (!text.includes(':')) {
    const word = parseQuad(text);
    return word === null ? null : { words: [0, 0, MAPPED, word], family: 4 };
  }
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const left = parseGroups(halves[0] ?? '', halves.length === 1);
  const right = halves.length === 1 ? [] : parseGroups(halves[1] ?? '', true);
  if (left === null || right === null) return null;
  const missing = 8 - left.length - right.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return null;
  const groups = [...left, ...new Array<number>(missing).fill(0), ...right];
  const word = (index: number): number => (((groups[index] ?? 0) << 16) | (groups[index + 1] ?? 0)) >>> 0;
  return { words: [word(0), word(2), word(4), word(6)], family: 6 };
}

/** Groups of one side of `::`; a dotted quad may be the last one of the address. Empty text is no group. */
function parseGroups(text: string, last: boolean): number[] | null {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    if (/^[0-9a-f]{1,4}$/i.test(part)) {
      groups.push(Number.parseInt(part, 16));
      continue;
    }
    const word = last && index === parts.length - 1 ? parseQuad(part) : null;
    if (word === null) return null;
    groups.push(word >>> 16, word & MAPPED);
  }
  return groups;
}

function parseQuad(text: string): number | null {
  const parts = text.split('.');
  if (parts.length !== 4) return null;
  let word = 0;
  for (const part of parts) {
    // A leading zero would be octal to some readers and decimal to others: refused (RFC 6943 §3.1.1).
    if (!/^(0|[1-9][0-9]{0,2})$/.test(part) || Number(part) > 0xff) return null;
    word = word * 256 + Number(part);
  }
  return word;
}

/** "10.0.0.0/8", "2001:db8::/32", or one address; null when it is none. Bits below the prefix are cleared. */
export function parseAddressRange(text: string): AddressRange | null {
  const [addressText = '', lengthText, ...more] = text.split('/');
  const address = parseAddress(addressText);
  if (address === null || more.length > 0) return null;
  const familyBits = address.family === 4 ? 32 : 128;
  if (lengthText !== undefined && !/^(0|[1-9][0-9]{0,2})$/.test(lengthText)) return null;
  const length = lengthText === undefined ? familyBits : Number(lengthText);
  if (length > familyBits) return null;
  const prefixLength = address.family === 4 ? MAPPED_PREFIX + length : length;
  const [w0, w1, w2, w3] = address.words;
  const words = [
    (w0 & mask(prefixLength)) >>> 0,
    (w1 & mask(prefixLength - 32)) >>> 0,
    (w2 & mask(prefixLength - 64)) >>> 0,
    (w3 & mask(prefixLength - 96)) >>> 0,
  ] as const;
  return { words, prefixLength, family: address.family };
}

/** Whether the address lies in the range. Families are compared by the words: an IPv4 range is one of mapped addresses. */
export function rangeContains(range: AddressRange, w0: number, w1: number, w2: number, w3: number): boolean {
  const length = range.prefixLength;
  return (
    ((w0 ^ range.words[0]) & mask(length)) === 0 &&
    ((w1 ^ range.words[1]) & mask(length - 32)) === 0 &&
    ((w2 ^ range.words[2]) & mask(length - 64)) === 0 &&
    ((w3 ^ range.words[3]) & mask(length - 96)) === 0
  );
}

/** A word with its first `bits` bits set; any number of bits below 0 is 0, above 32 is 32. */
function mask(bits: number): number {
  if (bits <= 0) return 0;
  return bits >= 32 ? -1 : -1 << (32 - bits);
}
