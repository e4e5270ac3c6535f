/** Files that are written while packets come: sets, and a disk that is full. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { CaptureFiles, setName } from '../../src/cli/capture-files.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'tripod-files-'));
after(() => rmSync(folder, { recursive: true }));

const FRAMES = { begin: () => Buffer.from('<'), end: () => Buffer.from('>') };
const BLOCKS = Buffer.from('12345678');

function inFolder(name: string): string[] {
  return readdirSync(folder)
    .filter((file) => file.startsWith(name))
    .sort();
}

describe('capture files', () => {
  test('a set is named as dumpcap names it', () => {
    const moment = Date.UTC(2026, 10, 25, 18, 45, 7, 123);
    assert.equal(setName('/tmp/ring.pcapng', 3, moment), '/tmp/ring_00003_20261125184507.pcapng');
    assert.equal(setName('ring', 12_345, moment), 'ring_12345_20261125184507');
  });

  test('without rotation there is one file of that name', () => {
    const file = path.join(folder, 'one.pcapng');
    const files = new CaptureFiles(
      { file, option: '--write', octets: null, seconds: null, files: null },
      FRAMES,
      () => 0,
    );
    files.open();
    files.write(BLOCKS);
    files.tick();
    files.close();
    assert.equal(readFileSync(file, 'utf8'), '<12345678>');
  });

  test('by size: a new one begins, each whole, and the oldest goes', () => {
    const file = path.join(folder, 'size.pcapng');
    const files = new CaptureFiles({ file, option: '--write', octets: 16, seconds: null, files: 2 }, FRAMES, () => 0);
    files.open();
    for (let i = 0; i < 5; i++) files.write(BLOCKS);
    files.close();
    assert.deepEqual(inFolder('size'), ['size_00002_19700101000000.pcapng', 'size_00003_19700101000000.pcapng']);
    assert.equal(readFileSync(path.join(folder, inFolder('size')[0] as string), 'utf8'), '<1234567812345678>');
    assert.equal(readFileSync(path.join(folder, inFolder('size')[1] as string), 'utf8'), '<12345678>');
  });

  test('by time', () => {
    let now = 0;
    const file = path.join(folder, 'time.pcapng');
    const options = { file, option: '--write', octets: null, seconds: 10, files: null };
    const files = new CaptureFiles(options, FRAMES, () => now);
    files.open();
    for (now of [9_999, 10_000, 15_000, 20_000]) {
      files.write(BLOCKS);
      files.tick();
    }
    files.close();
    const contents = inFolder('time').map((name) => readFileSync(path.join(folder, name), 'utf8'));
    assert.deepEqual(contents, ['<1234567812345678>', '<1234567812345678>', '<>']);
  });

  test('by time: a file without a packet stays, and has its time from the first one on', () => {
    let now = 0;
    const file = path.join(folder, 'quiet.pcapng');
    const options = { file, option: '--write', octets: null, seconds: 10, files: 2 };
    const files = new CaptureFiles(options, FRAMES, () => now);
    files.open();
    files.write(BLOCKS);
    for (now = 10_000; now <= 100_000; now += 10_000) files.tick();
    files.write(BLOCKS);
    now += 5000;
    files.tick();
    files.write(BLOCKS);
    now += 5000;
    files.tick();
    files.close();
    const contents = inFolder('quiet').map((name) => readFileSync(path.join(folder, name), 'utf8'));
    assert.deepEqual(contents, ['<1234567812345678>', '<>']);
  });

  test('a folder that is not there is a sentence', () => {
    const file = path.join(folder, 'no/such.pcapng');
    const files = new CaptureFiles(
      { file, option: '--write', octets: null, seconds: null, files: null },
      FRAMES,
      () => 0,
    );
    assert.throws(() => files.open(), { name: 'UserError', message: /its folder is not there/ });
  });

  test('a full disk is said once, and nothing more is written', { skip: !existsSync('/dev/full') }, () => {
    const options = { file: '/dev/full', option: '--write', octets: null, seconds: null, files: null };
    const files = new CaptureFiles(options, { begin: () => new Uint8Array(0), end: FRAMES.end }, () => 0);
    files.open();
    files.write(BLOCKS);
    const { failure } = files;
    assert.match(
      failure?.message ?? '',
      /^\/dev\/full can't be written: the disk is full \(ENOSPC\): --write writes no more/,
    );
    files.write(BLOCKS);
    files.close();
    assert.equal(files.failure, failure);
  });
});
