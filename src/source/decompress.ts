/** Takes the compression off a stream of bytes, told by its first bytes, never by its name. */
import { ByteQueue } from './byte-queue.ts';
import type { Compression, Decompression } from './decompression.ts';
import { UserError } from './user-error.ts';

/** Octets that tell. */
const MAGIC_LENGTH = 4;

/**
 * The bytes inside. BORROWED: a chunk is valid until the next one is asked for.
 * @throws CaptureFormatError with the compressed offset, after everything before the damage; UserError when it is compressed twice.
 */
export async function* decompressed(
  chunks: AsyncIterable<Uint8Array>,
  state: Decompression,
): AsyncGenerator<Uint8Array, void, void> {
  const iterator = chunks[Symbol.asyncIterator]();
  try {
    const first = await firstBytes(iterator);
    if (first === null) return;
    const compression = compressionOf(first);
    state.compression = compression;
    const all = resumed(first, iterator);
    if (compression === 'none') yield* all;
    else yield* unnested(inner(all, state, compression), compression);
  } finally {
    await iterator.return?.();
  }
}

/** What the first bytes of a file say: four are enough. */
export function compressionOf(bytes: Uint8Array): Compression {
  const [first, second, third, fourth] = bytes;
  if (first === 0x1f && second === 0x8b) return 'gzip';
  if (bytes.length < MAGIC_LENGTH) return 'none';
  if (second === 0xb5 && first === 0x28 && third === 0x2f && fourth === 0xfd) return 'zstd';
  if (first === 0x04 && second === 0x22 && third === 0x4d && fourth === 0x18) return 'lz4';
  if (first === 0x02 && second === 0x21 && third === 0x4c && fourth === 0x18) return 'lz4';
  // A skippable frame is lz4's and zstd's alike; the programs that write one first (pzstd, seekable zstd) are zstd's.
  const isSkippable = (first ?? 0) >>> 4 === 5 && second === 0x2a && third === 0x4d && fourth === 0x18;
  return isSkippable ? 'zstd' : 'none';
}

/** What takes each compression off; loaded when a file has it, since most have none. */
const LOADERS = {
  gzip: async () => (await import('./gzip.ts')).gzipChunks,
  zstd: async () => (await import('./zstd-frame.ts')).zstdChunks,
  lz4: async () => (await import('./lz4-frame.ts')).lz4Chunks,
} as const;

async function* inner(
  chunks: AsyncIterable<Uint8Array>,
  state: Decompression,
  compression: keyof typeof LOADERS,
): AsyncGenerator<Uint8Array, void, void> {
  const queue = new ByteQueue(chunks);
  try {
    const expanded = await LOADERS[compression]();
    yield* expanded(queue, state);
  } finally {
    await queue.close();
  }
}

/** Compressed inside compressed is a mistake of whoever made the file: said in clear words. */
async function* unnested(
  chunks: AsyncIterable<Uint8Array>,
  outer: Compression,
): AsyncGenerator<Uint8Array, void, void> {
  let isFirst = true;
  for await (const chunk of chunks) {
    if (chunk.length === 0) continue;
    if (isFirst && compressionOf(chunk) !== 'none') {
      throw new UserError(
        `compressed twice (${compressionOf(chunk)} inside ${outer}): take one of them off first, with ${outer} -d`,
      );
    }
    isFirst = false;
    yield chunk;
  }
}

/** The first chunk, or several of them joined when the first are very short; null when there is nothing. */
async function firstBytes(iterator: AsyncIterator<Uint8Array>): Promise<Uint8Array | null> {
  let kept: Uint8Array | null = null;
  for (;;) {
    const next = await iterator.next();
    if (next.done === true) return kept;
    if (kept === null && next.value.length >= MAGIC_LENGTH) return next.value;
    const joined: Uint8Array = new Uint8Array((kept?.length ?? 0) + next.value.length);
    if (kept !== null) joined.set(kept);
    joined.set(next.value, kept?.length ?? 0);
    kept = joined;
    if (kept.length >= MAGIC_LENGTH) return kept;
  }
}

async function* resumed(
  first: Uint8Array,
  iterator: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array, void, void> {
  yield first;
  for (;;) {
    const next = await iterator.next();
    if (next.done === true) return;
    yield next.value;
  }
}
