/** Files decoded by threads, in chunks so short that every record straddles some boundary, against the same files without threads: one result. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { analyzeSources } from '../../src/pipeline.ts';
import { fileSource } from '../../src/source/byte-source.ts';
import { usualPcap } from '../../src/threads/usual-pcap.ts';
import { captureFiles, fixtureName } from '../support/fixture-files.ts';
import { analyzeInThreads, type Outcome, optionsFor } from '../support/threaded.ts';

const FILE_HEADER = 24;

let folder = '';
before(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'tripod-threads-'));
});
after(() => rmSync(folder, { recursive: true }));

const analyzeFiles = (captures: readonly Uint8Array[], threads: number, chunkLength: number): Promise<Outcome> =>
  analyzeInThreads(folder, captures, threads, chunkLength);

async function assertSame(
  captures: Uint8Array | readonly Uint8Array[],
  threads: number,
  chunkLength: number,
): Promise<Outcome> {
  const list = captures instanceof Uint8Array ? [captures] : captures;
  const expected = await analyzeFiles(list, 1, chunkLength);
  const found = await analyzeFiles(list, threads, chunkLength);
  assert.deepEqual(found, expected, `${threads} threads, chunks of ${chunkLength}`);
  return found;
}

/** Fixtures that several threads can read. */
function usualFiles(): { readonly name: string; readonly bytes: Uint8Array }[] {
  return captureFiles()
    .filter((file) => file.endsWith('.pcap'))
    .map((file) => ({ name: fixtureName(file), bytes: new Uint8Array(readFileSync(file)) }))
    .filter(({ bytes }) => bytes.length > 40 && usualPcap(bytes.subarray(0, 40)) !== null);
}

/** The packets of all of them in one file, as microseconds. Times jump to and fro, which is as good a test of the clock as any. */
function allInOne(): Uint8Array {
  const files = usualFiles().map(({ bytes }) => bytes);
  const [first] = files.filter((bytes) => bytes[0] === 0xd4);
  assert.ok(first !== undefined);
  const bodies = files.filter((bytes) => bytes[0] === 0xd4).map(wholeRecords);
  return new Uint8Array(Buffer.concat([first.subarray(0, FILE_HEADER), ...bodies]));
}

/** The records of a file without header, one that is cut left out. */
function wholeRecords(bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let end = FILE_HEADER;
  while (end + 16 <= bytes.length && end + 16 + view.getUint32(end + 8, true) <= bytes.length) {
    end += 16 + view.getUint32(end + 8, true);
  }
  return bytes.subarray(FILE_HEADER, end);
}

describe('a file in threads gives what it gives without', () => {
  test('all fixtures in one file, in chunks of any length', async () => {
    const bytes = allInOne();
    const { report } = await assertSame(bytes, 2, 4096);
    assert.ok(report.capture.tcpSegments > 2000);
    assert.ok(report.summary.attempts > 500);
    for (const [threads, chunkLength] of [
      [3, 700],
      [2, 1 << 24],
    ] as const) {
      await assertSame(bytes, threads, chunkLength);
    }
  });

  test('chunks shorter than a record header', async () => {
    await assertSame(allInOne().subarray(0, 20_000), 3, 16);
  });

  test('a file of each theme by itself', async () => {
    const files = usualFiles();
    assert.ok(files.length > 100);
    for (let i = 0; i < files.length; i += 40) await assertSame((files[i] as { bytes: Uint8Array }).bytes, 2, 256);
  });

  test('cut anywhere', async () => {
    const bytes = allInOne();
    for (let length = 30_000; length < 30_000 + 13 * 7; length += 13) {
      await assertSame(bytes.subarray(0, length), 2, 1024);
    }
  });

  test('cut right at the end of a chunk', async () => {
    const { report } = await assertSame(allInOne().subarray(0, 32 * 1024), 2, 1024);
    assert.ok(report.capture.sources[0]?.truncated);
  });

  test('damaged: what came before is reported, with the place', async () => {
    const bytes = allInOne().slice(0, 60_000);
    const view = new DataView(bytes.buffer);
    let at = FILE_HEADER;
    while (at < 40_000) at += 16 + view.getUint32(at + 8, true);
    view.setUint32(at + 8, 0x7fff_ffff, true);
    const { failures, report } = await assertSame(bytes, 2, 1024);
    assert.match(failures[0] ?? '', new RegExp(`damaged at byte ${at}: expected packet \\d+ with a captured length`));
    assert.ok(report.capture.tcpSegments > 100);
  });

  test('a capture inside a packet deceives nobody for long', async () => {
    const inner = allInOne().subarray(FILE_HEADER, FILE_HEADER + 8000);
    const header = new Uint8Array(16);
    const view = new DataView(header.buffer);
    const outer = allInOne().subarray(0, 6000);
    const end = FILE_HEADER + wholeRecords(outer).length;
    view.setUint32(0, new DataView(outer.buffer).getUint32(FILE_HEADER, true), true);
    view.setUint32(8, inner.length, true);
    view.setUint32(12, inner.length, true);
    const bytes = new Uint8Array(
      Buffer.concat([outer.subarray(0, end), header, inner, outer.subarray(FILE_HEADER, end)]),
    );
    const { report } = await assertSame(bytes, 2, 1024);
    const [outside] = (await analyzeFiles([outer.subarray(0, end)], 1, 1024)).report.capture.sources;
    assert.equal(report.capture.sources[0]?.packets, 2 * (outside?.packets as number) + 1);
  });

  test('seconds after which a fraction runs on', async () => {
    const bytes = allInOne().slice(0, 9000);
    const view = new DataView(bytes.buffer);
    let at = FILE_HEADER;
    for (let packets = 0; packets < 20; packets++) at += 16 + view.getUint32(at + 8, true);
    view.setUint32(at + 4, 3_500_000, true);
    await assertSame(bytes, 2, 512);
  });
});

/** Types of blocks (capture/pcapng-blocks.ts): a packet, and an entry of systemd's journal, of which one is made here. */
const ENHANCED_PACKET = 6;
const JOURNAL = Buffer.alloc(20);
JOURNAL.writeUInt32LE(9, 0);
JOURNAL.writeUInt32LE(20, 4);
JOURNAL.write('MESSAGE\n', 8, 'latin1');
JOURNAL.writeUInt32LE(20, 16);

/** All pcapng fixtures behind each other: sections of one file. */
function sections(): Uint8Array {
  const files = captureFiles().filter((file) => file.endsWith('.pcapng'));
  assert.ok(files.length > 10);
  return new Uint8Array(Buffer.concat(files.map((file) => readFileSync(file))));
}

describe('a capture of any other kind, read by one thread and used by another, gives what it gives without', () => {
  test('sections of a pcapng, with many interfaces, link types, clocks, and losses', async () => {
    const bytes = sections();
    const { report } = await assertSame(bytes, 2, 4096);
    assert.ok(report.capture.tcpSegments > 100);
    assert.ok((report.capture.lost.interface ?? 0) + (report.capture.lost.kernel ?? 0) > 0);
    assert.equal(report.capture.sources[0]?.format, 'pcapng');
    await assertSame(bytes, 2, 100);
    await assertSame(bytes.subarray(0, bytes.length - 50), 2, 1000);
  });

  test('blocks without a packet that have a packet number all the same: frames are numbered as without threads', async () => {
    const file = captureFiles().find((name) => name.endsWith('any_interface/client.pcapng')) as string;
    const bytes = readFileSync(file);
    const blocks: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += bytes.readUInt32LE(at + 4)) {
      const block = bytes.subarray(at, at + bytes.readUInt32LE(at + 4));
      blocks.push(block);
      // Two entries of a journal behind every second packet.
      if (block.readUInt32LE(0) === ENHANCED_PACKET && blocks.length % 2 === 0) blocks.push(JOURNAL, JOURNAL);
    }
    const { handshakes } = await assertSame(new Uint8Array(Buffer.concat(blocks)), 2, 512);
    const frames = handshakes.flatMap(({ legs }) => [...legs.syn.frames, ...legs.synAck.frames, ...legs.ack.frames]);
    assert.ok(Math.max(...frames) > 8, frames.join());
  });

  test('a pcap of another link type', async () => {
    const file = captureFiles().find((name) => name.endsWith('copies_on_any.pcap')) as string;
    await assertSame(new Uint8Array(readFileSync(file)), 2, 256);
  });

  test('compressed: whole, cut, damaged outside, damaged inside', async () => {
    const inner = allInOne();
    const bytes = new Uint8Array(gzipSync(inner));
    const { report } = await assertSame(bytes, 2, 10_000);
    assert.equal(report.capture.sources[0]?.compression, 'gzip');
    assert.ok((await assertSame(bytes.subarray(0, 20_000), 2, 10_000)).report.capture.sources[0]?.truncated);
    const damaged = bytes.slice();
    // The checksum.
    damaged[bytes.length - 6] = (bytes[bytes.length - 6] as number) ^ 1;
    assert.match((await assertSame(damaged, 2, 10_000)).failures[0] ?? '', /^gzip damaged at byte/);
    new DataView(inner.buffer).setUint32(FILE_HEADER + wholeRecords(inner.subarray(0, 90_000)).length + 8, 0x7fff_ffff);
    assert.match((await assertSame(new Uint8Array(gzipSync(inner)), 2, 10_000)).failures[0] ?? '', /^pcap damaged/);
  });

  test('no capture at all, and one that is too short to tell', async () => {
    const text = new TextEncoder().encode('<!doctype html><title>Log in</title>'.repeat(10));
    assert.match((await assertSame(text, 2, 1000)).failures[0] ?? '', /found an HTML page/);
    await assertSame(allInOne().subarray(0, 41), 2, 1000);
    await assertSame(allInOne().subarray(0, 40), 2, 1000);
  });

  test('several files are one capture: behind each other, and overlapping in time', async () => {
    const [first, second, third] = usualFiles().filter(({ name }) => name.startsWith('kernel/'));
    assert.ok(first !== undefined && second !== undefined && third !== undefined);
    const { report } = await assertSame([third.bytes, first.bytes, sections(), second.bytes, first.bytes], 2, 2048);
    assert.equal(report.capture.sources.length, 5);
    assert.ok(report.capture.duplicates > 0);
  });
});

test('what is stopped reports what was read', async () => {
  const file = path.join(folder, 'endless');
  const bytes = allInOne();
  writeFileSync(file, Buffer.concat([bytes, ...Array(20).fill(bytes.subarray(FILE_HEADER))]));
  let stop = (): void => {};
  const stopped = new Promise<void>((resolve) => {
    stop = resolve;
  });
  const { report } = await analyzeSources([await fileSource(file)], optionsFor(2, 4096), {
    handshake: () => {},
    progress: (done) => {
      if (done > 100_000) stop();
    },
    stopped,
  });
  assert.ok(report.capture.tcpSegments > 100);
  assert.ok((report.capture.sources[0]?.bytes ?? 0) < 2_000_000);
  assert.deepEqual(report.capture.warnings.slice(0, 1), ['reading was stopped before the end']);
});
