import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as zlib from 'node:zlib';
import { CaptureFormatError } from '../../src/capture/reader.ts';
import { decompressed } from '../../src/source/decompress.ts';
import type { Decompression } from '../../src/source/decompression.ts';
import { concat, payload, words } from '../support/capture-bytes.ts';
import { LZ4_SAMPLES, sample, ZSTD_SAMPLES } from '../support/compressed-samples.ts';

/** Decompresses what is given in chunks of `size`, each overwritten once the next is asked for. */
async function run(
  stored: Uint8Array,
  size = 65_536,
): Promise<{ bytes: Uint8Array; state: Decompression; error: CaptureFormatError | null }> {
  const state: Decompression = { compression: 'none', truncated: false, warnings: [] };
  const pieces: Uint8Array[] = [];
  let error: CaptureFormatError | null = null;
  try {
    for await (const piece of decompressed(lent(stored, size), state)) pieces.push(new Uint8Array(piece));
  } catch (thrown) {
    if (!(thrown instanceof CaptureFormatError)) throw thrown;
    error = thrown;
  }
  return { bytes: new Uint8Array(Buffer.concat(pieces)), state, error };
}

async function* lent(stored: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < stored.length; at += size) {
    const chunk = new Uint8Array(stored.subarray(at, at + size));
    yield chunk;
    chunk.fill(0xee);
  }
}

const SAMPLE = sample();

/** One way of compressing the sample, by its name. */
const STREAMS: readonly (readonly [name: string, compression: string, stored: Uint8Array])[] = [
  ['plain', 'none', SAMPLE],
  ['gzip', 'gzip', zlib.gzipSync(SAMPLE)],
  ['gzip of incompressible octets', 'gzip', zlib.gzipSync(SAMPLE, { level: 0 })],
  ...Object.entries(ZSTD_SAMPLES).map(([name, text]) => [name, 'zstd', Buffer.from(text, 'base64')] as const),
  ...Object.entries(LZ4_SAMPLES).map(([name, text]) => [name, 'lz4', Buffer.from(text, 'base64')] as const),
];

const SKIPPABLE = concat(words(true, 0x184d2a53, 5), payload(5));

for (const [name, compression, stored] of STREAMS) {
  describe(`decompressed: ${name}`, () => {
    it('whole, in small pieces, and byte by byte', async () => {
      for (const size of stored.length > 10_000 ? [stored.length, 1000] : [stored.length, 1000, 17, 1]) {
        const { bytes, state, error } = await run(stored, size);
        assert.equal(error, null);
        assert.deepEqual(state, { compression, truncated: false, warnings: [] });
        assert.ok(Buffer.from(bytes).equals(SAMPLE), `in pieces of ${size}`);
      }
    });

    if (compression === 'none') return;

    it('streams that follow each other are one', async () => {
      const { bytes, error } = await run(concat(stored, stored), 777);
      assert.equal(error, null);
      assert.ok(Buffer.from(bytes).equals(concat(SAMPLE, SAMPLE)));
    });

    it('cut: what was there comes, and truncated is told', async () => {
      for (const length of [5, 11, 40, stored.length >> 1, stored.length - 1]) {
        const { bytes, state, error } = await run(stored.subarray(0, length), 100);
        assert.equal(error, null, `cut at ${length}`);
        // A legacy lz4 stream has no end mark: cut between two blocks it is whole.
        assert.equal(state.truncated, true, `cut at ${length}`);
        assert.ok(Buffer.from(SAMPLE).subarray(0, bytes.length).equals(bytes));
      }
    });

    it('any octet changed: the sample, or an error of the format, or a flag; never anything else', async () => {
      const step = Math.max(1, Math.floor(stored.length / 150));
      for (let at = 4; at < stored.length; at += step) {
        const forged = Uint8Array.from(stored);
        forged[at] = (forged[at] as number) ^ 0x41;
        const { bytes, error } = await run(forged);
        if (error !== null) {
          assert.equal(error.format, compression);
          assert.ok(error.offset <= stored.length);
        }
        assert.ok(bytes.length <= 64 * 1024 * 1024);
      }
    });
  });
}

describe('decompressed', () => {
  it('garbage after a gzip stream is a warning with its place', async () => {
    const stored = zlib.gzipSync(SAMPLE);
    const { bytes, state, error } = await run(concat(stored, Buffer.from('garbage')), 1000);
    assert.equal(error, null);
    assert.equal(bytes.length, SAMPLE.length);
    assert.deepEqual(state.warnings, [`bytes after the gzip stream, from byte ${stored.length} on, were left out`]);
  });

  it('garbage after zstd and lz4 frames is a warning with its place', async () => {
    for (const [name, compression, stored] of STREAMS) {
      if (compression === 'gzip' || compression === 'none' || name.endsWith('-l')) continue;
      const { bytes, state, error } = await run(concat(stored, Buffer.from('garbage')), 1000);
      assert.equal(error, null);
      assert.equal(bytes.length, SAMPLE.length);
      assert.deepEqual(state.warnings, [
        `bytes after the last ${compression} frame, from byte ${stored.length} on, were left out`,
      ]);
    }
  });

  it('skippable frames are skipped, before and between', async () => {
    for (const [, compression, stored] of STREAMS) {
      if (compression === 'gzip' || compression === 'none') continue;
      const first = compression === 'zstd' ? SKIPPABLE : new Uint8Array(0);
      const { bytes, error } = await run(concat(first, stored, SKIPPABLE, stored, SKIPPABLE), 333);
      assert.equal(error, null);
      assert.equal(bytes.length, 2 * SAMPLE.length);
    }
  });

  it('damaged gzip: what came before, then an error with the compressed offset', async () => {
    // A whole deflate block, then one of the reserved type 3.
    const good = zlib.deflateRawSync(SAMPLE, { finishFlush: zlib.constants.Z_FULL_FLUSH });
    const stored = concat(zlib.gzipSync('').subarray(0, 10), good, Uint8Array.of(0b110, 0, 0, 0));
    const { bytes, error } = await run(stored, good.length + 10);
    assert.ok(Buffer.from(bytes).equals(SAMPLE));
    assert.equal(
      error?.message,
      `gzip damaged at byte ${good.length + 10}: expected deflate data, found invalid block type`,
    );
  });

  it('the checksum and the length of a gzip stream are verified', async () => {
    const stored = zlib.gzipSync(SAMPLE);
    for (const [at, message] of [
      [stored.length - 8, /expected content with the checksum 0x[0-9a-f]{8}, found 0x[0-9a-f]{8}$/],
      [stored.length - 4, /expected content of \d+ bytes, found 300000$/],
    ] as const) {
      const forged = Uint8Array.from(stored);
      forged[at] = (forged[at] as number) ^ 1;
      assert.match((await run(forged)).error?.message ?? 'no error', message);
    }
  });

  it('a gzip header with all of its optional fields', async () => {
    const plain = zlib.gzipSync(SAMPLE);
    const fields = concat(Uint8Array.of(3, 0, 1, 2, 3), Buffer.from('name\0comment\0'), Uint8Array.of(9, 9));
    const stored = concat(Uint8Array.of(0x1f, 0x8b, 8, 0x1e), plain.subarray(4, 10), fields, plain.subarray(10));
    for (const size of [stored.length, 1]) {
      assert.ok(Buffer.from((await run(stored, size)).bytes).equals(SAMPLE));
    }
  });

  it('lz4 checksums are verified: of a block, of the content, of the header', async () => {
    const stored = Buffer.from(LZ4_SAMPLES['lz4 -B4 -BD -BX'] as string, 'base64');
    const length = stored.readUInt32LE(7);
    for (const [at, message] of [
      [5, /expected a frame header with the checksum/],
      [7 + 4 + length, /expected a block with the checksum/],
      [stored.length - 1, /expected content with the checksum/],
    ] as const) {
      const forged = Uint8Array.from(stored);
      forged[at] = (forged[at] as number) ^ 0x10;
      assert.match((await run(forged)).error?.message ?? 'no error', message);
    }
  });

  it('a forged zstd window is refused before it is allocated', async () => {
    const stored = concat(words(true, 0xfd2fb528), Uint8Array.of(0x00, 0xff), payload(20));
    assert.match((await run(stored)).error?.message ?? '', /expected a window of at most 134217728 bytes, found \d+$/);
  });

  it('tiny zstd blocks in the largest window cost what they hold: no window is moved along for each', async () => {
    // Each of these cost 15 ms: ten minutes for 160 kB.
    const content = payload(40_000);
    const blocks = Array.from(content, (byte) => Uint8Array.of(8, 0, 0, byte));
    const stored = concat(words(true, 0xfd2fb528), Uint8Array.of(0x00, 0x88), ...blocks, Uint8Array.of(1, 0, 0));
    assert.deepEqual((await run(stored)).bytes, content);
  });

  it('a zstd frame whose matches could reach back too far for this Node is refused there, not read wrong', async () => {
    // fzstd lost the highest bits of offsets over 64 MiB: what zstd --long=27 made came out as other bytes, without a word.
    const repeated = Uint8Array.of(2, 0, 16, 0x41);
    const stored = concat(
      words(true, 0xfd2fb528),
      Uint8Array.of(0x00, 0x88),
      ...Array(520).fill(repeated),
      Uint8Array.of(1, 0, 0),
    );
    const state: Decompression = { compression: 'none', truncated: false, warnings: [] };
    let total = 0;
    const reading = (async () => {
      for await (const piece of decompressed(lent(stored, 65_536), state)) total += piece.length;
    })();
    if ('createZstdDecompress' in zlib) await reading;
    else await assert.rejects(reading, { name: 'UserError', message: /^its zstd window is larger than the 64 MiB/ });
    assert.equal(total, ('createZstdDecompress' in zlib ? 520 : 511) * 131_072);
  });

  it('compressed twice is refused in clear words', async () => {
    await assert.rejects(run(zlib.gzipSync(zlib.gzipSync(SAMPLE))), {
      name: 'UserError',
      message: 'compressed twice (gzip inside gzip): take one of them off first, with gzip -d',
    });
  });

  it('a gzip bomb comes out in bounded pieces', async () => {
    const state: Decompression = { compression: 'none', truncated: false, warnings: [] };
    let total = 0;
    for await (const piece of decompressed(lent(zlib.gzipSync(new Uint8Array(50_000_000)), 65_536), state)) {
      assert.ok(piece.length <= 1_048_576);
      total += piece.length;
    }
    assert.equal(total, 50_000_000);
  });

  it('nothing and next to nothing are handed on as they are', async () => {
    assert.equal((await run(new Uint8Array(0))).bytes.length, 0);
    assert.deepEqual((await run(Uint8Array.of(1, 2, 3), 1)).bytes, Uint8Array.of(1, 2, 3));
  });
});
