/**
 * lz4 frames, streaming and in bounded memory: one block and 64 KiB of history.
 * Read first: https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md and lz4_Block_format.md.
 *
 *     magic 4 | FLG 1 | BD 1 | content size 0/8 | dictionary id 0/4 | header checksum 1 | blocks … | 0 4 | content checksum 0/4
 *     block: size 4 (bit 31: stored as is) | data | checksum 0/4
 *
 * Frames follow each other, skippable ones between them; the legacy frame (magic, then blocks of 8 MiB without end mark) is read too.
 * No npm package does this in bounded memory (lz4js, lz4-napi and lz4-wasm-nodejs want the whole file).
 */
import { CaptureFormatError } from '../capture/reader.ts';
import type { ByteQueue } from './byte-queue.ts';
import type { Decompression } from './decompression.ts';
import { type FrameReader, frameSeries, hexWord, isSkippable, readUint32, skipFrame } from './frame-series.ts';
import { XxHash32 } from './xxhash32.ts';

const MAGIC = 0x184d2204;
const LEGACY_MAGIC = 0x184c2102;
/** Octets that a match may reach back. */
const HISTORY = 65_536;
const LEGACY_BLOCK = 8 * 1024 * 1024;
/** LZ4_COMPRESSBOUND: a legacy block is never stored, so an incompressible one is larger than its content. */
const LEGACY_COMPRESSED = LEGACY_BLOCK + LEGACY_BLOCK / 255 + 16;
const READERS: ReadonlyMap<number, FrameReader> = new Map([
  [MAGIC, frame],
  [LEGACY_MAGIC, legacyFrames],
]);

/** BORROWED: a chunk is valid until the next one is asked for. @throws CaptureFormatError with the compressed offset */
export function lz4Chunks(input: ByteQueue, state: Decompression): AsyncGenerator<Uint8Array, void, void> {
  return frameSeries(input, state, 'lz4', READERS);
}

interface Header {
  readonly linked: boolean;
  readonly blockChecksum: boolean;
  readonly contentChecksum: boolean;
  readonly maximumBlock: number;
}

/** Everything after the magic; false when the input ends inside. */
async function* frame(input: ByteQueue, frameAt: number): AsyncGenerator<Uint8Array, boolean, void> {
  const header = await readHeader(input, frameAt);
  if (header === null) return false;
  const window = new BlockWindow(header.maximumBlock);
  const content = header.contentChecksum ? new XxHash32() : null;
  for (;;) {
    const at = input.consumed;
    const word = await readUint32(input);
    if (word === null) return false;
    if (word === 0) break;
    const length = word & 0x7fff_ffff;
    if (length > header.maximumBlock)
      throw damaged(at, `a block of at most ${header.maximumBlock} bytes`, String(length));
    const data = await input.take(length);
    if (data === null) return false;
    // Before the checksum is read: `data` is borrowed from the queue.
    const digest = header.blockChecksum ? new XxHash32().update(data).digest() : 0;
    const piece = word >>> 31 === 1 ? window.store(data) : window.expand(data, at + 4);
    if (header.blockChecksum) {
      const checksum = await readUint32(input);
      if (checksum === null) return false;
      if (checksum !== digest) throw damaged(at, `a block with the checksum ${hexWord(checksum)}`, hexWord(digest));
    }
    content?.update(piece);
    yield piece;
    window.advance(header.linked);
  }
  if (content === null) return true;
  const at = input.consumed;
  const checksum = await readUint32(input);
  if (checksum === null) return false;
  const digest = content.digest();
  if (checksum !== digest) throw damaged(at, `content with the checksum ${hexWord(checksum)}`, hexWord(digest));
  return true;
}

async function readHeader(input: ByteQueue, frameAt: number): Promise<Header | null> {
  const start = await input.take(2);
  if (start === null) return null;
  const flags = start[0] as number;
  const descriptor = start[1] as number;
  const extra = ((flags & 0b1000) === 0 ? 0 : 8) + ((flags & 1) === 0 ? 0 : 4);
  const hash = new XxHash32().update(start);
  const rest = await input.take(extra + 1);
  if (rest === null) return null;
  const checksum = rest[extra] as number;
  const digest = (hash.update(rest.subarray(0, extra)).digest() >>> 8) & 0xff;
  if (checksum !== digest) throw damaged(frameAt, `a frame header with the checksum ${checksum}`, String(digest));
  if (flags >>> 6 !== 1) throw damaged(frameAt, 'version 1 of the frame format', String(flags >>> 6));
  if ((flags & 1) !== 0) throw damaged(frameAt, 'a frame that needs no dictionary', 'one that does');
  const size = (descriptor >>> 4) & 0b111;
  if (size < 4) throw damaged(frameAt, 'a block size of 4 to 7', String(size));
  return {
    linked: (flags & 0b10_0000) === 0,
    blockChecksum: (flags & 0b1_0000) !== 0,
    contentChecksum: (flags & 0b100) !== 0,
    maximumBlock: 2 ** (8 + 2 * size),
  };
}

/** Blocks until the end of the input or the magic of another frame; false when the input ends inside a block. */
async function* legacyFrames(input: ByteQueue): AsyncGenerator<Uint8Array, boolean, void> {
  const window = new BlockWindow(LEGACY_BLOCK);
  while (!(await input.isAtEnd())) {
    const at = input.consumed;
    const length = await readUint32(input);
    if (length === null) return false;
    if (length === LEGACY_MAGIC) continue;
    if (length === MAGIC) return yield* frame(input, at);
    if (isSkippable(length)) {
      if (!(await skipFrame(input))) return false;
      continue;
    }
    if (length > LEGACY_COMPRESSED) throw damaged(at, `a block of at most ${LEGACY_COMPRESSED} bytes`, String(length));
    const data = await input.take(length);
    if (data === null) return false;
    yield window.expand(data, at + 4);
    window.advance(false);
  }
  return true;
}

/**
 * The output of the block at hand, with the history before it that its matches may reach into:
 *
 *     [ history, up to 64 KiB ][ block, up to the frame's maximum ]
 *       start                    at                          end
 */
class BlockWindow {
  readonly #bytes: Uint8Array;
  readonly #maximumBlock: number;
  #start = HISTORY;
  #end = HISTORY;

  constructor(maximumBlock: number) {
    this.#bytes = new Uint8Array(HISTORY + maximumBlock);
    this.#maximumBlock = maximumBlock;
  }

  /** A block that is stored as it is. */
  store(data: Uint8Array): Uint8Array {
    this.#bytes.set(data, HISTORY);
    this.#end = HISTORY + data.length;
    return this.#bytes.subarray(HISTORY, this.#end);
  }

  /** A compressed block, that lies at `offset` of the compressed stream. */
  expand(data: Uint8Array, offset: number): Uint8Array {
    const bytes = this.#bytes;
    const limit = HISTORY + this.#maximumBlock;
    let from = 0;
    let to = HISTORY;
    while (from < data.length) {
      const tokenAt = from;
      const token = data[from++] as number;
      let literals = token >>> 4;
      if (literals === 15) {
        let more = 255;
        while (more === 255) {
          if (from >= data.length)
            throw damaged(offset + tokenAt, 'the length of its literals', 'the end of the block');
          more = data[from++] as number;
          literals += more;
        }
      }
      if (literals > data.length - from) {
        throw damaged(offset + tokenAt, `at most ${data.length - from} literals`, String(literals));
      }
      if (to + literals > limit) throw damaged(offset + tokenAt, `at most ${limit - to} bytes more`, String(literals));
      bytes.set(data.subarray(from, from + literals), to);
      from += literals;
      to += literals;
      // The last sequence of a block has no match.
      if (from === data.length) break;
      if (from + 2 > data.length) throw damaged(offset + tokenAt, 'a match', 'the end of the block');
      const distance = (data[from] as number) | ((data[from + 1] as number) << 8);
      from += 2;
      let length = (token & 15) + 4;
      if (length === 19) {
        let more = 255;
        while (more === 255) {
          if (from >= data.length) throw damaged(offset + tokenAt, 'the length of its match', 'the end of the block');
          more = data[from++] as number;
          length += more;
        }
      }
      if (distance === 0 || distance > to - this.#start) {
        throw damaged(offset + tokenAt, `a match at most ${to - this.#start} bytes back`, String(distance));
      }
      if (to + length > limit) throw damaged(offset + tokenAt, `at most ${limit - to} bytes more`, String(length));
      if (distance >= length) {
        bytes.copyWithin(to, to - distance, to - distance + length);
        to += length;
      } else {
        // The match overlaps its own output, which then repeats: it has to go octet by octet.
        for (const end = to + length; to < end; to++) bytes[to] = bytes[to - distance] as number;
      }
    }
    this.#end = to;
    return bytes.subarray(HISTORY, to);
  }

  /** Makes room for the next block; linked blocks keep the last 64 KiB as history. */
  advance(linked: boolean): void {
    if (!linked) {
      this.#start = HISTORY;
      return;
    }
    const kept = Math.min(HISTORY, this.#end - this.#start);
    this.#bytes.copyWithin(HISTORY - kept, this.#end - kept, this.#end);
    this.#start = HISTORY - kept;
  }
}

function damaged(offset: number, expected: string, found: string): CaptureFormatError {
  return new CaptureFormatError('lz4', offset, expected, found);
}
