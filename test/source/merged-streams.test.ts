/** Several captures as one: in the order of time, however many overlap. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pcapHeader, pcapRecord } from '../../src/capture/write.ts';
import { streamSource } from '../../src/source/byte-source.ts';
import { CaptureStream } from '../../src/source/capture-stream.ts';
import { MergedStreams } from '../../src/source/merged-streams.ts';
import { Choice } from '../fuzz/choice.ts';
import { concat, payload } from '../support/capture-bytes.ts';

/** A capture with a packet at each of these milliseconds. */
function capture(millis: readonly number[]): Uint8Array {
  const options = { linkType: 1 };
  const records = millis.map((milli) =>
    pcapRecord({ seconds: Math.floor(milli / 1000), nanos: (milli % 1000) * 1e6, bytes: payload(20) }, options),
  );
  return concat(pcapHeader(options), ...records);
}

async function merge(captures: readonly Uint8Array[], pieceSize: number): Promise<string[]> {
  const streams = captures.map((bytes) => new CaptureStream(streamSource(pieces(bytes, pieceSize))));
  const merged = new MergedStreams(streams);
  const seen: string[] = [];
  while (await merged.fill()) {
    merged.drainChunk(({ frame }, file) => {
      seen.push(`${frame.seconds * 1000 + frame.nanos / 1e6} of ${file}`);
    });
  }
  return seen;
}

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
}

describe('merged captures', () => {
  it('come in the order of time; of one time those of the first capture come first', async () => {
    assert.deepEqual(await merge([capture([1, 5, 9]), capture([2, 5, 5]), capture([]), capture([0, 9])], 1000), [
      '0 of 3',
      '1 of 0',
      '2 of 1',
      '5 of 0',
      '5 of 1',
      '5 of 1',
      '9 of 0',
      '9 of 3',
    ]);
  });

  for (const seed of [1, 2, 3]) {
    it(`come in that order when many overlap and bytes come in pieces, seed ${seed}`, async () => {
      const choice = new Choice(seed);
      const times = Array.from({ length: 200 }, () =>
        Array.from({ length: choice.below(12) }, () => choice.below(500)).sort((a, b) => a - b),
      );
      const seen = await merge(times.map(capture), 1 + choice.below(90));
      const millis = seen.map((text) => Number.parseInt(text, 10));
      assert.equal(seen.length, times.flat().length);
      assert.deepEqual(
        millis,
        millis.toSorted((a, b) => a - b),
      );
    });
  }
});
