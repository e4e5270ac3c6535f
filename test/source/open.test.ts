import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { after, before, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { pcapHeader, pcapRecord } from '../../src/capture/write.ts';
import { fileSource, streamSource } from '../../src/source/byte-source.ts';
import { fileChunks } from '../../src/source/file.ts';
import { expandInputs } from '../../src/source/open.ts';
import { firstTime } from '../../src/source/peek.ts';
import { concat, payload } from '../support/capture-bytes.ts';

let folder = '';

function capture(seconds: number): Uint8Array {
  const options = { linkType: 1 };
  return concat(pcapHeader(options), pcapRecord({ seconds, nanos: 5000, bytes: payload(60) }, options));
}

function file(name: string): string {
  return path.join(folder, name);
}

async function names(...inputs: string[]): Promise<string[]> {
  return (await expandInputs(inputs)).sources.map((source) => path.relative(folder, source.name));
}

before(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'tripod-source-'));
  mkdirSync(file('set/deeper'), { recursive: true });
  mkdirSync(file('empty'));
  mkdirSync(file('others'));
  writeFileSync(file('set/ring10.pcap'), capture(300));
  writeFileSync(file('set/ring2.pcap'), capture(100));
  writeFileSync(file('set/ring3.pcap.gz'), gzipSync(capture(200)));
  writeFileSync(file('set/notes.txt'), 'a note');
  writeFileSync(file('set/.hidden'), capture(1));
  writeFileSync(file('set/deeper/more.pcap'), capture(400));
  writeFileSync(file('others/readme'), 'no capture');
  writeFileSync(file('set/header-only.pcap'), pcapHeader({ linkType: 1 }));
});

after(() => rmSync(folder, { recursive: true, force: true }));

describe('expandInputs', () => {
  it('a file is itself, and comes once', async () => {
    assert.deepEqual(await names(file('set/ring2.pcap'), file('set/../set/ring2.pcap')), ['set/ring2.pcap']);
  });

  it('a folder gives its captures, numbers in order; other files are named in a warning', async () => {
    const { sources, warnings } = await expandInputs([file('set')]);
    assert.deepEqual(
      sources.map((source) => path.basename(source.name)),
      ['header-only.pcap', 'ring2.pcap', 'ring3.pcap.gz', 'ring10.pcap'],
    );
    assert.deepEqual(warnings, [`the folder ${file('set')}: left out 1 file that is no capture (notes.txt)`]);
  });

  it('a glob is expanded, ** into folders', async () => {
    assert.deepEqual(await names(file('set/ring*.pcap')), ['set/ring2.pcap', 'set/ring10.pcap']);
    assert.deepEqual(await names(file('set/**/m*.pcap')), ['set/deeper/more.pcap']);
  });

  it('a name with the signs of a glob that exists is that file', async () => {
    writeFileSync(file('a[1].pcap'), capture(1));
    assert.deepEqual(await names(file('a[1].pcap')), ['a[1].pcap']);
  });

  it('a missing file: the nearest names', async () => {
    await assert.rejects(expandInputs([file('set/rin2.pcap')]), {
      name: 'UserError',
      exitCode: 2,
      message: `there is no file ${file('set/rin2.pcap')}: did you mean ${file('set/ring2.pcap')} or ${file('set/ring10.pcap')}?`,
    });
    await assert.rejects(expandInputs([file('nowhere/x.pcap')]), /there is no folder .*nowhere either$/);
    await assert.rejects(expandInputs([file('empty/x.pcap')]), /x\.pcap: check the path$/);
  });

  it('folders without captures, and globs without files', async () => {
    await assert.rejects(
      expandInputs([file('empty')]),
      /^UserError: the folder .*empty has no file: name a pcap or pcapng file/,
    );
    await assert.rejects(expandInputs([file('others')]), /others has 1 file and none is a capture: name/);
    await assert.rejects(expandInputs([file('set/x*.pcap')]), /no file matches .*: check the pattern/);
    await assert.rejects(expandInputs([]), /no input: name a capture file/);
  });

  it('a socket', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(file('socket'), resolve));
    await assert.rejects(expandInputs([file('socket')]), /socket is a socket: name a capture file/);
    await new Promise((resolve) => server.close(resolve));
  });

  it('a file without permission', { skip: process.getuid?.() === 0 ? 'root may read everything' : false }, async () => {
    writeFileSync(file('secret.pcap'), capture(1));
    chmodSync(file('secret.pcap'), 0);
    await assert.rejects(expandInputs([file('secret.pcap')]), /no permission to read .*secret\.pcap: run as its owner/);
  });

  it('a symbolic link to itself', async () => {
    symlinkSync(file('loop'), file('loop'));
    await assert.rejects(expandInputs([file('loop')]), /a symbolic link that leads back to itself.* \(ELOOP\)$/);
  });

  it('- is standard input, but not a terminal', async () => {
    const stdin = Readable.from([Buffer.from(capture(7))]);
    const { sources } = await expandInputs(['-', '-'], { stdin });
    assert.deepEqual(
      sources.map((source) => [source.name, source.sizeBytes, source.isRereadable]),
      [['standard input', null, false]],
    );
    const terminal = Object.assign(Readable.from([]), { isTTY: true });
    await assert.rejects(
      expandInputs(['-'], { stdin: terminal }),
      /standard input is a terminal: pipe a capture into it/,
    );
  });
});

describe('a source', () => {
  it('follows its position in the stored file, and tells its compression', async () => {
    const source = await fileSource(file('set/ring3.pcap.gz'));
    assert.equal(source.compression, 'none');
    for (let round = 0; round < 2; round++) {
      let total = 0;
      for await (const chunk of source.chunks({ chunkSize: 16 })) total += chunk.length;
      assert.equal(total, capture(200).length);
      assert.deepEqual([source.compression, source.positionBytes, source.truncated], ['gzip', source.sizeBytes, false]);
    }
  });

  it('names the file in errors', async () => {
    const source = await fileSource(file('set/ring2.pcap'));
    writeFileSync(file('gone.pcap'), capture(1));
    const gone = await fileSource(file('gone.pcap'));
    rmSync(file('gone.pcap'));
    await assert.rejects(
      collect(gone.chunks()),
      /^UserError: there is no file .*gone\.pcap: check the path \(ENOENT\)$/,
    );
    assert.equal((await collect(source.chunks())).length, capture(100).length);
    const twice = streamSource(Readable.from([gzipSync(gzipSync('x'))]), 'a stream');
    await assert.rejects(collect(twice.chunks()), /^UserError: a stream: compressed twice/);
  });

  it('a stream is read once, hands on what came at once, and must be of bytes', async () => {
    const source = streamSource(Readable.from([Buffer.from('abcdef'), Buffer.from('g')]));
    const sizes: number[] = [];
    for await (const chunk of source.chunks()) sizes.push(chunk.length);
    assert.deepEqual(sizes, [6, 1]);
    await assert.rejects(collect(source.chunks()), /standard input can be read only once/);
    await assert.rejects(collect(streamSource(Readable.from(['text'])).chunks()), /must yield bytes/);
  });

  it('an error of the consumer closes the file', async () => {
    for (let i = 0; i < 50; i++) {
      for await (const _ of fileChunks(file('set/ring2.pcap'), undefined, 10)) break;
    }
    const positions: number[] = [];
    await collect(fileChunks(file('set/ring2.pcap'), (position) => positions.push(position), 50));
    assert.deepEqual(positions, [50, 100]);
  });
});

describe('firstTime', () => {
  it('is the time of the first packet, also inside a compression; null where there is none', async () => {
    const { sources } = await expandInputs([file('set/ring3.pcap.gz'), file('set/header-only.pcap')]);
    const times = await Promise.all(sources.map((source) => firstTime(source)));
    assert.deepEqual(times, [{ seconds: 200, nanos: 5000 }, null]);
  });
});

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const chunk of chunks) pieces.push(new Uint8Array(chunk));
  return Buffer.concat(pieces);
}
