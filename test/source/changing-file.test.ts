/** Files that change while they are read, and more files than may be open at a time. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { analyze } from '../../src/index.ts';
import { fileChunks } from '../../src/source/file.ts';
import { commandFile, fixturesFolder } from '../support/paths.ts';

const CAPTURE = readFileSync(path.join(fixturesFolder, 'kernel/concurrent_50/client.pcap'));
const folder = mkdtempSync(path.join(tmpdir(), 'tripod-changing-'));
after(() => rmSync(folder, { recursive: true }));

/** Octets of the first chunk, whose packets have come before anything changes. */
const CHUNK = 8192;

/** The file is read until a chunk has come, then it changes, then it is read on. */
async function readWhile(name: string, change: (file: string) => void) {
  const file = path.join(folder, name);
  writeFileSync(file, CAPTURE);
  async function* chunks(): AsyncGenerator<Uint8Array> {
    let isFirst = true;
    for await (const chunk of fileChunks(file, () => {}, CHUNK)) {
      yield chunk;
      if (isFirst) change(file);
      isFirst = false;
    }
  }
  const { report, failures } = await analyze(chunks());
  const [source] = report.capture.sources;
  assert.ok(source !== undefined);
  assert.deepEqual(failures, []);
  return { packets: source.packets, bytes: source.bytes, truncated: source.truncated };
}

describe('a file that changes while it is read', async () => {
  const whole = await readWhile('same', () => {});

  test('cut: it ends early, and says so', async () => {
    const cut = await readWhile('cut', (file) => truncateSync(file, 3 * CHUNK - 5));
    assert.equal(cut.truncated, true);
    assert.equal(cut.bytes, 3 * CHUNK - 5);
    assert.ok(cut.packets > 0 && cut.packets < whole.packets);
  });

  test('emptied: what was read before it is reported', async () => {
    const emptied = await readWhile('emptied', (file) => truncateSync(file, 0));
    assert.equal(emptied.truncated, true);
    assert.ok(emptied.packets > 0);
  });

  test('deleted: it is read to its end all the same', async () => {
    assert.deepEqual(await readWhile('deleted', (file) => rmSync(file)), whole);
  });

  test('growing: what is there when its end is reached is read', async () => {
    const grown = await readWhile('grown', (file) => appendFileSync(file, CAPTURE.subarray(24)));
    assert.deepEqual([grown.packets, grown.truncated], [2 * whole.packets, false]);
  });
});

test('four hundred files of a rotated set, of which sixty-four may be open: none is left open', () => {
  const set = path.join(folder, 'set');
  mkdirSync(set);
  const capture = readFileSync(path.join(fixturesFolder, 'kernel/normal_data/server.pcap'));
  for (let number = 0; number < 400; number += 1) {
    writeFileSync(path.join(set, `${String(number).padStart(3, '0')}.pcap`), later(capture, number * 10));
  }
  const words = [process.execPath, commandFile, 'analyze', set, '--format', 'json', '--limit', '0'];
  const said = execFileSync('sh', ['-c', 'ulimit -n 64; exec "$@"', 'sh', ...words], { encoding: 'utf8' });
  const { summary, capture: read } = JSON.parse(said);
  assert.equal(read.sources.length, 400);
  assert.equal(summary.complete, summary.attempts);
  assert.equal(summary.attempts, 400 * 2);
});

/** The same packets so many seconds later. */
function later(capture: Buffer, seconds: number): Buffer {
  const moved = Buffer.from(capture);
  for (let at = 24; at < moved.length; at += 16 + moved.readUInt32LE(at + 8)) {
    moved.writeUInt32LE(moved.readUInt32LE(at) + seconds, at);
  }
  return moved;
}
