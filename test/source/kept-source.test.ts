/** What is read through it is kept, up to its bound; the reader gets everything. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { streamSource } from '../../src/source/byte-source.ts';
import { KeptSource } from '../../src/source/kept-source.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'tripod-kept-'));
after(() => rmSync(folder, { recursive: true }));

/** Too short for any compression: handed on as it is. */
async function* chunks(): AsyncGenerator<Uint8Array> {
  for (const octet of [1, 2, 3]) yield new Uint8Array(10).fill(octet);
}

async function readAll(source: KeptSource): Promise<number> {
  let octets = 0;
  for await (const chunk of source.chunks()) octets += chunk.length;
  return octets;
}

describe('a source that is kept', () => {
  test('is a file of the same bytes', async () => {
    const file = path.join(folder, 'whole');
    const kept = new KeptSource(streamSource(chunks()), file, 1000);
    assert.equal(await readAll(kept), 30);
    assert.equal(kept.notKept, null);
    assert.equal(readFileSync(file).length, 30);
  });

  test('is cut between two chunks at its bound, says so, and the reader misses nothing', async () => {
    const file = path.join(folder, 'cut');
    const kept = new KeptSource(streamSource(chunks()), file, 25);
    assert.equal(await readAll(kept), 30);
    assert.match(kept.notKept ?? '', /^only the first \d+ octets of packets are kept/);
    assert.ok(readFileSync(file).length <= 25);
  });
});
