/**
 * zstd frames, streaming and in bounded memory. This file walks the frames and their blocks; zstd-expand.ts expands one block at a time.
 * Read first: RFC 8878 §3.1.
 *
 *     magic 4 | descriptor 1 | window 0/1 | dictionary id 0..4 | content size 0..8 | blocks … | checksum 0/4
 *     block: last 1 bit, type 2 bits, size 21 bits | data
 *
 * Walking here, and not in the library, bounds what a forged file can ask for: a window is limited before it is allocated, and a block, which may
 * expand by a factor of 30,000, comes out alone. It also tells a cut file from a damaged one.
 */
import { CaptureFormatError } from '../capture/reader.ts';
import type { ByteQueue } from './byte-queue.ts';
import type { Decompression } from './decompression.ts';
import { frameSeries } from './frame-series.ts';
import { UserError } from './user-error.ts';
import { type FrameExpander, frameExpander, MAXIMUM_BLOCK } from './zstd-expand.ts';

const MAGIC = 0xfd2fb528;
/** Octets: the zstd program's own limit (2^27) unless one asks for more. */
const MAXIMUM_WINDOW = 134_217_728;
const BLOCK_TYPE = { RAW: 0, RLE: 1, COMPRESSED: 2, RESERVED: 3 } as const;

/** OWNED chunks. @throws CaptureFormatError with the compressed offset; UserError where this Node can't expand it */
export function zstdChunks(input: ByteQueue, state: Decompression): AsyncGenerator<Uint8Array, void, void> {
  return frameSeries(input, state, 'zstd', new Map([[MAGIC, frame]]));
}

/** Everything after the magic; false when the input ends inside. */
async function* frame(input: ByteQueue, frameAt: number): AsyncGenerator<Uint8Array, boolean, void> {
  const header = await readHeader(input, frameAt);
  if (header === null) return false;
  const expander = frameExpander(header.windowBytes);
  try {
    yield* expanded(expander, header.bytes, false, frameAt);
    return yield* blocks(input, expander, header.hasChecksum);
  } finally {
    expander.close();
  }
}

/** The frame's blocks; false when the input ends inside. */
async function* blocks(
  input: ByteQueue,
  expander: FrameExpander,
  hasChecksum: boolean,
): AsyncGenerator<Uint8Array, boolean, void> {
  for (;;) {
    const at = input.consumed;
    const word = await input.take(3);
    if (word === null) return false;
    const head = new Uint8Array(word);
    const bits = (head[0] as number) | ((head[1] as number) << 8) | ((head[2] as number) << 16);
    const isLast = (bits & 1) === 1;
    const type = (bits >>> 1) & 3;
    const size = bits >>> 3;
    if (type === BLOCK_TYPE.RESERVED) throw damaged(at, 'a raw, repeated or compressed block', 'the reserved type');
    if (size > MAXIMUM_BLOCK) throw damaged(at, `a block of at most ${MAXIMUM_BLOCK} bytes`, String(size));
    const data = await input.take((type === BLOCK_TYPE.RLE ? 1 : size) + (isLast && hasChecksum ? 4 : 0));
    if (data === null) return false;
    const block = new Uint8Array(3 + data.length);
    block.set(head);
    block.set(data, 3);
    yield* expanded(expander, block, isLast, at);
    if (isLast) return true;
  }
}

/** What the library makes of a piece that lies at `at`, its errors in our words. */
async function* expanded(
  expander: FrameExpander,
  piece: Uint8Array,
  isLast: boolean,
  at: number,
): AsyncGenerator<Uint8Array, void, void> {
  try {
    yield* expander.expand(piece, isLast);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw damaged(at, 'a block that can be expanded', error instanceof Error ? error.message : String(error));
  }
}

interface Header {
  /** With the magic. */
  readonly bytes: Uint8Array;
  readonly windowBytes: number;
  readonly hasChecksum: boolean;
}

async function readHeader(input: ByteQueue, frameAt: number): Promise<Header | null> {
  const first = await input.take(1);
  if (first === null) return null;
  const descriptor = first[0] as number;
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const dictionaryLength = [0, 1, 2, 4][descriptor & 3] as number;
  const sizeLength = [isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >>> 6] as number;
  const windowLength = isSingleSegment ? 0 : 1;
  const rest = await input.take(windowLength + dictionaryLength + sizeLength);
  if (rest === null) return null;
  if ((descriptor & 8) !== 0) throw damaged(frameAt, 'a frame header without the reserved bit', 'one with it');
  const sizeAt = windowLength + dictionaryLength;
  const window = isSingleSegment
    ? littleEndian(rest, sizeAt, sizeLength) + (sizeLength === 2 ? 256 : 0)
    : windowSize(rest[0] as number);
  if (window > MAXIMUM_WINDOW) throw damaged(frameAt, `a window of at most ${MAXIMUM_WINDOW} bytes`, String(window));
  if (littleEndian(rest, windowLength, dictionaryLength) !== 0) {
    throw damaged(frameAt, 'a frame that needs no dictionary', 'one that does');
  }
  const bytes = new Uint8Array(5 + rest.length);
  new DataView(bytes.buffer).setUint32(0, MAGIC, true);
  bytes[4] = descriptor;
  bytes.set(rest, 5);
  return { bytes, windowBytes: window, hasChecksum: (descriptor & 4) !== 0 };
}

/** RFC 8878 §3.1.1.1.2. */
function windowSize(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >>> 3));
  return base + (base / 8) * (descriptor & 7);
}

function littleEndian(bytes: Uint8Array, at: number, length: number): number {
  let value = 0;
  for (let i = length - 1; i >= 0; i--) value = value * 256 + (bytes[at + i] as number);
  return value;
}

function damaged(offset: number, expected: string, found: string): CaptureFormatError {
  return new CaptureFormatError('zstd', offset, expected, found);
}
