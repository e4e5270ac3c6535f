/** Compressed frames that follow each other, skippable ones between them: how the files of lz4 and of zstd are put together (RFC 8878 §3.1.2, lz4_Frame_format.md). */
import { CaptureFormatError } from '../capture/reader.ts';
import type { ByteQueue } from './byte-queue.ts';
import type { Decompression } from './decompression.ts';

/** The content of one frame, behind its magic number; false when the input ends inside. @param at where its magic number was */
export type FrameReader = (input: ByteQueue, at: number) => AsyncGenerator<Uint8Array, boolean, void>;

/** @throws CaptureFormatError with the compressed offset, when the first frame is none of the format */
export async function* frameSeries(
  input: ByteQueue,
  state: Decompression,
  format: 'lz4' | 'zstd',
  readers: ReadonlyMap<number, FrameReader>,
): AsyncGenerator<Uint8Array, void, void> {
  for (let isFirst = true; !(await input.isAtEnd()); isFirst = false) {
    const at = input.consumed;
    const magic = await readUint32(input);
    const reader = magic === null ? undefined : readers.get(magic);
    if (magic !== null && reader === undefined && !isSkippable(magic)) {
      if (isFirst) throw new CaptureFormatError(format, at, `the magic number of ${an(format)} frame`, hexWord(magic));
      state.warnings.push(`bytes after the last ${format} frame, from byte ${at} on, were left out`);
      return;
    }
    const isWhole = magic !== null && (reader === undefined ? await skipFrame(input) : yield* reader(input, at));
    if (!isWhole) {
      state.truncated = true;
      return;
    }
  }
}

/** The next four octets, little-endian; null when there are fewer. */
export async function readUint32(input: ByteQueue): Promise<number | null> {
  const bytes = await input.take(4);
  return bytes === null ? null : new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
}

export function hexWord(word: number): string {
  return `0x${word.toString(16).padStart(8, '0')}`;
}

/** 0x184D2A50 to 0x184D2A5F: user data, in lz4 and zstd alike. */
export function isSkippable(magic: number): boolean {
  return magic >>> 4 === 0x184d2a5;
}

/** The rest of a skippable frame, behind its magic number; false when the input ends inside. */
export async function skipFrame(input: ByteQueue): Promise<boolean> {
  const length = await readUint32(input);
  return length !== null && (await input.skip(length));
}

function an(format: 'lz4' | 'zstd'): string {
  return format === 'lz4' ? 'an lz4' : 'a zstd';
}
