/** Rows of plain frames against the decoder: the same segment, field by field, for every frame of every fixture, and for frames with octets changed. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { CaptureOpener } from '../../src/capture/detect.ts';
import { Frame, STATUS } from '../../src/capture/frame.ts';
import { CaptureFormatError } from '../../src/capture/reader.ts';
import { Decoder } from '../../src/wire/decode.ts';
import { ROW, ROW_WORDS, readPlainRow, writePlainRow } from '../../src/wire/plain-row.ts';
import { Segment } from '../../src/wire/segment.ts';
import { STOP } from '../../src/wire/stop.ts';
import { parseOptions } from '../../src/wire/tcp-options.ts';
import { LINK } from '../support/decoding.ts';
import { captureFiles } from '../support/fixture-files.ts';
import * as p from '../support/packet-bytes.ts';

/** A row among others, so that a write beyond it shows. */
const ROW_AT = ROW_WORDS;

/** Answers whether the frame is plain; if so, both ways must give one segment. */
function compareBothWays(view: DataView, at: number, captured: number, what: string): boolean {
  const rows = new Int32Array(3 * ROW_WORDS).fill(-7);
  if (!writePlainRow(rows, ROW_AT, view, at, captured)) return false;
  rows[ROW_AT + ROW.AT] = at;
  for (const word of [...rows.subarray(0, ROW_WORDS), ...rows.subarray(2 * ROW_WORDS)]) assert.equal(word, -7);
  const decoded = new Segment();
  assert.equal(new Decoder().decode(view, at, captured, captured, LINK.ETHERNET, decoded), STOP.SEGMENT, what);
  // What another packet has left in the segment must not show.
  const read = new Segment();
  Object.assign(read, { source0: 5, destination1: 6, network: 3, ethernetAt: -1, fragmented: true, malformed: true });
  readPlainRow(read, rows, ROW_AT, view);
  parseOptions(decoded);
  parseOptions(read);
  assert.deepEqual({ ...read }, { ...decoded }, what);
  return true;
}

function* ethernetFrames(): Generator<Uint8Array> {
  for (const file of captureFiles().filter((name) => /\.pcap(ng)?$/.test(name))) {
    const bytes = readFileSync(file);
    try {
      const reader = new CaptureOpener().push(new Uint8Array(bytes));
      const frame = new Frame();
      while (reader !== null && reader.next(frame) === STATUS.FRAME) {
        if (frame.linkType === LINK.ETHERNET) yield frame.bytes.slice(frame.at, frame.at + frame.capturedLength);
      }
    } catch (error) {
      if (!(error instanceof CaptureFormatError)) throw error;
    }
  }
}

test('every Ethernet frame of every fixture, whole, cut and changed', () => {
  let plain = 0;
  let others = 0;
  // A fixed sequence: x' = 1,664,525 x + 1,013,904,223 modulo 2^32 (Numerical Recipes).
  let chance = 1;
  const below = (bound: number): number => {
    chance = (Math.imul(chance, 1_664_525) + 1_013_904_223) >>> 0;
    return chance % bound;
  };
  for (const frame of ethernetFrames()) {
    const view = new DataView(frame.buffer);
    if (compareBothWays(view, 0, frame.length, 'whole')) plain += 1;
    else others += 1;
    for (const length of [53, 54, 60, 74, frame.length - 1]) {
      if (length < frame.length && length > 0) compareBothWays(view, 0, length, `cut to ${length}`);
    }
    for (let left = 4; left > 0; left--) {
      const changed = frame.slice();
      for (let octets = 1 + below(3); octets > 0 && changed.length > 0; octets--) {
        // The headers: that is where it matters.
        changed[below(Math.min(80, changed.length))] = below(256);
      }
      compareBothWays(new DataView(changed.buffer), 0, changed.length, 'changed');
    }
  }
  assert.ok(plain > 1000, `${plain} plain frames`);
  assert.ok(others > 100, `${others} others`);
});

test('what is not plain', () => {
  const ends = { from: '10.0.0.1', to: '10.0.0.2' };
  const ends6 = { from: '2001:db8::1', to: '2001:db8::2' };
  const isPlain = (packet: Uint8Array): boolean => {
    const frame = p.ethernet(packet);
    return compareBothWays(new DataView(frame.buffer, frame.byteOffset, frame.length), 0, frame.length, '');
  };
  assert.ok(isPlain(p.tcpPacket(ends)));
  assert.ok(isPlain(p.tcpPacket(ends6)));
  assert.ok(!isPlain(p.ipv4(p.tcp(ends), { ...ends, options: p.u32(0x01010101) })));
  assert.ok(!isPlain(p.ipv4(p.tcp(ends), { ...ends, totalLength: 0 })));
  assert.ok(!isPlain(p.ipv4(p.tcp(ends), { ...ends, totalLength: 39 })));
  assert.ok(!isPlain(p.ipv6(p.tcp(ends6), { ...ends6, payloadLength: 0 })));
  assert.ok(!isPlain(p.ipv6(p.tcp(ends6), { ...ends6, extensions: [p.ext.hopByHop(p.hex('c2 04 00000bcc'))] })));
});
