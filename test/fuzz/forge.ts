/**
 * Captures from scratch: every variant of pcap, every block and option of pcapng, in several sections of either byte order, with lengths, counts, versions and
 * times that are forged now and then. What changed octets seldom reach stands here on purpose.
 */
import { block, option } from '../../src/capture/write.ts';
import { concat, halves, words } from '../support/capture-bytes.ts';
import { HOSTILE_TEXTS } from '../support/hostile-text.ts';
import type { Choice } from './choice.ts';

const PCAP_MAGICS = [0xa1b2c3d4, 0xa1b23c4d, 0xa1b2cd34, 0x1c0001ac, 0x1c0001ab] as const;
const MODIFIED = 0xa1b2cd34;
const IXIA: readonly number[] = [0x1c0001ac, 0x1c0001ab];
const EDGES = [
  0, 1, 3, 4, 12, 28, 32, 255, 65_535, 65_536, 262_144, 262_145, 0x0100_0000, 0x7fff_ffff, 0xffff_ffff,
] as const;
/** Milliseconds between packets: none, a little, past every patience, and back. */
const PAUSES = [0, 0, 1, 1, 20, 1000, 3001, 120_000, -1, -5000, 4_000_000_000] as const;

/** A clock that goes on by odd steps. */
class Times {
  private millis = 1_700_000_000_000;

  next(choice: Choice): { seconds: number; nanos: number; millis: bigint } {
    this.millis = Math.max(0, this.millis + choice.of(PAUSES));
    return {
      seconds: Math.floor(this.millis / 1000) >>> 0,
      nanos: (this.millis % 1000) * 1e6,
      millis: BigInt(this.millis),
    };
  }
}

/** The value, or an edge in its place now and then. */
function forged(value: number, choice: Choice): number {
  return choice.once(60) ? choice.of(EDGES) : value;
}

export function forgePcap(frames: readonly Uint8Array[], linkType: number, choice: Choice): Uint8Array {
  const magic = choice.of(PCAP_MAGICS);
  const little = choice.once(2);
  const version = choice.of([
    [2, 4],
    [2, 4],
    [2, 4],
    [2, 3],
    [2, 2],
    [543, 0],
    [3, 0],
  ] as const);
  const snapLength = choice.of([65_535, 262_144, 0, 96, 0xffff_ffff]);
  const linkWord = (linkType | (choice.once(10) ? choice.of([0x0400_0000, 0xf400_0000, 0x0001_0000]) : 0)) >>> 0;
  const header = concat(
    words(little, magic),
    halves(little, ...version),
    words(little, choice.below(9), 0, snapLength, linkWord),
  );
  const times = new Times();
  const records = frames.map((bytes) => {
    const { seconds, nanos } = times.next(choice);
    const fraction = choice.once(30)
      ? choice.of(EDGES)
      : magic === 0xa1b23c4d || magic === 0x1c0001ac
        ? nanos
        : nanos / 1000;
    const original = forged(bytes.length, choice);
    const captured = forged(bytes.length, choice);
    const more = magic === MODIFIED ? words(little, choice.below(4), choice.below(5)) : new Uint8Array(0);
    return concat(words(little, seconds, Math.floor(fraction), captured, original), more, bytes);
  });
  const body = concat(...records);
  const size = IXIA.includes(magic) ? words(little, forged(body.length, choice)) : new Uint8Array(0);
  return concat(header, size, body);
}

/** pcapng §4 and what else there is: names, secrets, journals, custom and unknown blocks. */
const OTHER_BLOCKS = [4, 7, 8, 9, 10, 0x201, 0x204, 0xbad, 0x4000_0bad, 0x8000_0001, 0x0a0d_0a00] as const;
const RESOLUTIONS = [6, 9, 3, 0, 12, 19, 20, 64, 127, 0x80, 0x8a, 0x94, 0xbf, 0xc0, 0xff] as const;

export function forgePcapng(frames: readonly Uint8Array[], linkType: number, choice: Choice): Uint8Array {
  const pieces: Uint8Array[] = [];
  const times = new Times();
  let section = new Section(choice);
  pieces.push(...section.begin(linkType, choice));
  for (const bytes of frames) {
    if (choice.once(25)) {
      section = new Section(choice);
      pieces.push(...section.begin(linkType, choice));
    }
    if (choice.once(6)) pieces.push(section.aside(times, choice));
    pieces.push(section.packet(bytes, times, choice));
  }
  for (let i = 0; i < pieces.length; i++)
    if (choice.once(80)) pieces[i] = withForgedLength(pieces[i] as Uint8Array, section.little, choice);
  return concat(...pieces);
}

function withForgedLength(piece: Uint8Array, little: boolean, choice: Choice): Uint8Array {
  const changed = piece.slice();
  const at = choice.of([0, 4, changed.length - 4, 8, 12, 20]);
  if (at + 4 <= changed.length) new DataView(changed.buffer).setUint32(at, choice.of(EDGES), little);
  return changed;
}

class Section {
  readonly little: boolean;
  private readonly resolutions: number[] = [];

  constructor(choice: Choice) {
    this.little = choice.once(2);
  }

  begin(linkType: number, choice: Choice): Uint8Array[] {
    const { little } = this;
    const length = choice.of([0xffff_ffff, 0, 28, 0x7fff_ffff]);
    const body = concat(
      words(little, 0x1a2b3c4d),
      halves(little, forged(1, choice) & 0xffff, choice.below(4)),
      words(little, length, length),
    );
    const interfaces = Array.from({ length: 1 + choice.below(3) }, () => this.describe(linkType, choice));
    return [block(0x0a0d0d0a, little, body, this.options([1, 2, 3, 4], choice)), ...interfaces];
  }

  /** An interface with every option that there is, in any number. */
  describe(linkType: number, choice: Choice): Uint8Array {
    const { little } = this;
    const resolution = choice.of(RESOLUTIONS);
    this.resolutions.push(resolution);
    const own = [
      option(9, Uint8Array.of(resolution), little),
      option(14, words(little, choice.of(EDGES), choice.of(EDGES)), little),
    ].filter(() => !choice.once(3));
    const body = concat(halves(little, linkType, 0), words(little, choice.of([0, 96, 65_535, 0xffff_ffff])));
    return block(1, little, body, [
      ...own,
      ...this.options([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16], choice),
    ]);
  }

  packet(bytes: Uint8Array, times: Times, choice: Choice): Uint8Array {
    const { little } = this;
    const padding = new Uint8Array(-bytes.length & 3);
    const captured = forged(bytes.length, choice);
    const original = forged(bytes.length, choice);
    const number = forged(choice.below(this.resolutions.length), choice);
    const ticks = this.ticks(number, times, choice);
    if (choice.once(8)) return block(3, little, concat(words(little, original), bytes, padding));
    if (choice.once(8)) {
      const start = concat(halves(little, number & 0xffff, choice.of([0, 1, 0xffff])), ticks);
      return block(2, little, concat(start, words(little, captured, original), bytes, padding));
    }
    const body = concat(words(little, number), ticks, words(little, captured, original), bytes, padding);
    return block(6, little, body, choice.once(3) ? this.options([1, 2, 3, 4, 5, 6, 7], choice) : []);
  }

  /** Statistics, another interface in the middle, or a block without packets. */
  aside(times: Times, choice: Choice): Uint8Array {
    const { little } = this;
    if (choice.once(4)) return this.describe(choice.of([1, 101, 113, 276, 0]), choice);
    if (choice.once(2)) {
      const number = forged(choice.below(this.resolutions.length), choice);
      return block(
        5,
        little,
        concat(words(little, number), this.ticks(number, times, choice)),
        this.options([1, 2, 3, 4, 5, 6, 7, 8], choice),
      );
    }
    const body = new Uint8Array(4 * choice.below(20)).fill(choice.below(256));
    return block(choice.of(OTHER_BLOCKS), little, body, this.options([1, 2, 3, 4], choice));
  }

  /** A few options with these codes, their lengths and values as they should be, and as they should not. */
  private options(codes: readonly number[], choice: Choice): Uint8Array[] {
    const { little } = this;
    const count = choice.once(100) ? 500 : choice.below(4);
    return Array.from({ length: count }, () => {
      const value = choice.once(3)
        ? new TextEncoder().encode(choice.of(HOSTILE_TEXTS))
        : new Uint8Array(choice.of([0, 1, 2, 4, 8, 8, 8, 16, 17])).fill(choice.below(256));
      const made = option(choice.once(20) ? choice.below(65_536) : choice.of(codes), value, little);
      if (choice.once(40)) new DataView(made.buffer).setUint16(2, choice.of(EDGES) & 0xffff, little);
      return made;
    });
  }

  private ticks(number: number, times: Times, choice: Choice): Uint8Array {
    if (choice.once(50)) return words(this.little, choice.of(EDGES), choice.of(EDGES));
    const resolution = this.resolutions[number] ?? 6;
    const perSecond = (resolution & 0x80) === 0 ? 10n ** BigInt(resolution & 0x1f) : 1n << BigInt(resolution & 0x3f);
    const ticks = BigInt.asUintN(64, (times.next(choice).millis * perSecond) / 1000n);
    return words(this.little, Number(ticks >> 32n), Number(ticks & 0xffff_ffffn));
  }
}
