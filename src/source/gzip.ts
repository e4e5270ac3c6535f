/**
 * gzip, streaming: this file walks the members (RFC 1952), node:zlib inflates what is in them (RFC 1951).
 *
 *     1f 8b 08 | flags 1 | time 4 | extra flags 1 | system 1 | optional fields | deflate data | CRC-32 4 | length 4
 *
 * Walking here, and not in zlib's own gunzip, tells a cut stream from a damaged one, and garbage after the last member from damage in it. The input is
 * given piece by piece and the output taken before the next piece, so that lent chunks are safe and an error throws away next to nothing.
 */
import { crc32, createInflateRaw } from 'node:zlib';
import { CaptureFormatError } from '../capture/reader.ts';
import type { ByteQueue } from './byte-queue.ts';
import type { Decompression } from './decompression.ts';
import { OUTPUT_OPTIONS, PieceByPiece } from './piece-by-piece.ts';

/** Octets: the piece of input. Damage is reported to this accuracy. */
const INPUT_SIZE = 262_144;

/** Bits of the flags. */
const FLAG = { HEADER_CRC: 2, EXTRA: 4, NAME: 8, COMMENT: 16 } as const;

/** OWNED chunks. @throws CaptureFormatError with the compressed offset */
export async function* gzipChunks(input: ByteQueue, state: Decompression): AsyncGenerator<Uint8Array, void, void> {
  let isFirst = true;
  while (!(await input.isAtEnd())) {
    const at = input.consumed;
    const start = await input.take(3);
    const isMember = start !== null && start[0] === 0x1f && start[1] === 0x8b;
    if (!isMember && !isFirst) {
      state.warnings.push(`bytes after the gzip stream, from byte ${at} on, were left out`);
      return;
    }
    if (start !== null && start[2] !== 8) throw damaged(at, 'compression method 8', String(start[2]));
    if (start === null || !(await skipHeader(input)) || !(yield* member(input))) {
      state.truncated = true;
      return;
    }
    isFirst = false;
  }
}

/** The rest of the header after magic and method; false when the input ends inside. */
async function skipHeader(input: ByteQueue): Promise<boolean> {
  const fixed = await input.take(7);
  if (fixed === null) return false;
  const flags = fixed[0] as number;
  if ((flags & FLAG.EXTRA) !== 0) {
    const length = await input.take(2);
    if (length === null || !(await input.skip((length[0] as number) | ((length[1] as number) << 8)))) return false;
  }
  if ((flags & FLAG.NAME) !== 0 && !(await skipText(input))) return false;
  if ((flags & FLAG.COMMENT) !== 0 && !(await skipText(input))) return false;
  return (flags & FLAG.HEADER_CRC) === 0 || (await input.skip(2));
}

/** Text that ends with a zero octet. */
async function skipText(input: ByteQueue): Promise<boolean> {
  for (;;) {
    const rest = await input.peek();
    if (rest === null) return false;
    const end = rest.indexOf(0);
    input.consume(end < 0 ? rest.length : end + 1);
    if (end >= 0) return true;
  }
}

/** Deflate data and trailer; false when the input ends inside. */
async function* member(input: ByteQueue): AsyncGenerator<Uint8Array, boolean, void> {
  const inflater = new PieceByPiece(createInflateRaw(OUTPUT_OPTIONS));
  let checksum = 0;
  let length = 0;
  try {
    while (!inflater.isDone) {
      const rest = await input.peek();
      if (rest === null) return false;
      const piece = rest.subarray(0, INPUT_SIZE);
      for await (const output of inflater.feed(piece)) {
        checksum = crc32(output, checksum);
        length = (length + output.length) % TWO_32;
        yield output;
      }
      if (inflater.failure !== null) throw damaged(input.consumed, 'deflate data', inflater.failure.message);
      input.consume(inflater.lastUsed);
    }
  } finally {
    inflater.close();
  }
  const at = input.consumed;
  const trailer = await input.take(8);
  if (trailer === null) return false;
  const view = new DataView(trailer.buffer, trailer.byteOffset, 8);
  const expected = view.getUint32(0, true);
  if (expected !== checksum) throw damaged(at, `content with the checksum ${hexWord(expected)}`, hexWord(checksum));
  if (view.getUint32(4, true) !== length)
    throw damaged(at, `content of ${view.getUint32(4, true)} bytes`, String(length));
  return true;
}

const TWO_32 = 4_294_967_296;

function damaged(offset: number, expected: string, found: string): CaptureFormatError {
  return new CaptureFormatError('gzip', offset, expected, found);
}

function hexWord(word: number): string {
  return `0x${word.toString(16).padStart(8, '0')}`;
}
