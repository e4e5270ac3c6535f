/** Names of the kernel's functions by address, from /proc/kallsyms: a hundred thousand lines and more, gone through once for all addresses that are new, and not kept. */
import { closeSync, openSync, readSync } from 'node:fs';

const FILE = '/proc/kallsyms';
const NEWLINE = 0x0a;
const BLANK = 0x20;
/** Functions have these types (man 1 nm): t T w W. */
const FUNCTION_TYPES: ReadonlySet<number> = new Set([0x74, 0x54, 0x77, 0x57]);
/** The addresses of one kernel are the same in the bits above these, which a double holds exactly. */
const LOWER_BITS = 0x1f_ffff_ffff_ffffn;

/** Octets that are read at a time. */
const PIECE = 1 << 18;

/** Fills the buffer from its beginning; 0 at the end. */
type Read = (buffer: Buffer) => number;

/** The nearest function that begins at or below an address. */
interface Nearest {
  readonly address: number;
  begin: number;
  /** Where its name stands in the piece of text that is looked at; null when it is in none that came. */
  place: number | null;
  name: string | null;
}

export class KernelSymbols {
  private readonly names = new Map<bigint, string>();
  private readonly open: () => { readonly read: Read; close(): void };

  /** @param open the text of /proc/kallsyms; throws when it can't be read */
  constructor(open = openSymbols) {
    this.open = open;
  }

  /** The functions that these addresses lie in, without an offset; the address itself where names may not be read. */
  namesOf(addresses: readonly bigint[]): ReadonlyMap<bigint, string> {
    const unknown = [...new Set(addresses)].filter((address) => !this.names.has(address));
    if (unknown.length > 0) this.search(unknown);
    return this.names;
  }

  private search(addresses: readonly bigint[]): void {
    const nearest = addresses.map((each) => ({ address: lowerBits(each), begin: 0, place: null, name: null }));
    try {
      const { read, close } = this.open();
      try {
        for (const lines of wholeLines(read)) findNearest(lines, nearest);
      } finally {
        close();
      }
    } catch {
      // Addresses have to do.
    }
    for (const [index, address] of addresses.entries()) {
      this.names.set(address, nearest[index]?.name ?? `0x${address.toString(16)}`);
    }
  }
}

/** Pieces of the text that end with a line; each is valid until the next one. */
function* wholeLines(read: Read): Generator<Buffer> {
  const buffer = Buffer.alloc(PIECE);
  let kept = 0;
  for (let length = read(buffer); length > 0; length = read(buffer.subarray(kept))) {
    const text = buffer.subarray(0, kept + length);
    const end = text.lastIndexOf(NEWLINE) + 1;
    yield text.subarray(0, end);
    buffer.copy(buffer, 0, end, text.length);
    kept = text.length - end;
  }
}

/** Lines "ffffffff81000000 T _text", those of modules behind the others and in no order. No string is made of a line: that would take five times as long. */
function findNearest(lines: Buffer, nearest: readonly Nearest[]): void {
  for (let at = 0; at < lines.length; at = lines.indexOf(NEWLINE, at) + 1) {
    let [high, low] = [0, 0];
    for (let digit = lines[at] ?? BLANK; digit > BLANK; digit = lines[++at] ?? BLANK) {
      high = ((high << 4) | (low >>> 28)) & 0x1f_ffff;
      low = ((low << 4) | (digit <= 0x39 ? digit - 0x30 : digit - 0x57)) >>> 0;
    }
    const begin = high * 2 ** 32 + low;
    // Without rights every address is shown as 0.
    if (begin === 0 || !FUNCTION_TYPES.has(lines[at + 1] ?? 0)) continue;
    for (const one of nearest) {
      if (begin > one.address || begin <= one.begin) continue;
      one.begin = begin;
      one.place = at + 3;
    }
  }
  for (const one of nearest) {
    if (one.place !== null) one.name = nameAt(lines, one.place);
    one.place = null;
  }
}

/** Behind the name of a module's function comes a tab, and the module. */
function nameAt(lines: Buffer, place: number): string {
  return lines.toString('latin1', place, lines.indexOf(NEWLINE, place)).split('\t')[0] ?? '';
}

function lowerBits(address: bigint): number {
  return Number(address & LOWER_BITS);
}

function openSymbols(): { read: Read; close(): void } {
  const file = openSync(FILE, 'r');
  return { read: (buffer) => readSync(file, buffer), close: () => closeSync(file) };
}
