/** Rows of plain frames against the decoder: the same segment, field by field, for every frame of every fixture, and for frames with octets changed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Decoder } from '../../src/wire/decode.ts';
import { ROW, ROW_WORDS, readPlainRow, writePlainRow } from '../../src/wire/plain-row.ts';
import { Segment } from '../../src/wire/segment.ts';
import { STOP } from '../../src/wire/stop.ts';
import { parseOptions } from '../../src/wire/tcp-options.ts';
import { LINK } from '../support/decoding.ts';
import { changedFrames } from '../support/ethernet-frames.ts';
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
  Object.assign(read, {
    source0: 5,
    destination1: 6,
    network: 3,
    ethernetAt: -1,
    udpAt: 9,
    fragmented: true,
    malformed: true,
  });
  const network = new Decoder().networkOf(rows[ROW_AT + ROW.TAGS] as number);
  readPlainRow(read, rows, ROW_AT, view, network);
  parseOptions(decoded);
  parseOptions(read);
  assert.deepEqual({ ...read }, { ...decoded }, what);
  return true;
}

test('every Ethernet frame of every fixture, whole, cut and changed', () => {
  let plain = 0;
  let others = 0;
  for (const { bytes, captured, what } of changedFrames()) {
    if (compareBothWays(new DataView(bytes.buffer), 0, captured, what)) plain += 1;
    else others += 1;
  }
  assert.ok(plain > 1000, `${plain} plain frames`);
  assert.ok(others > 100, `${others} others`);
});

test('what is not plain', () => {
  const ends = { from: '10.0.0.1', to: '10.0.0.2' };
  const ends6 = { from: '2001:db8::1', to: '2001:db8::2' };
  const isPlain = (packet: Uint8Array, tags: readonly (number | { id: number; tpid: number })[] = []): boolean => {
    const frame = p.ethernet(packet, { tags: [...tags] });
    return compareBothWays(new DataView(frame.buffer, frame.byteOffset, frame.length), 0, frame.length, '');
  };
  for (const tags of [[5], [0], [5, 6], [0, 6], [5, 0], [4095, 4095], [{ id: 5, tpid: 0x88a8 }, 6]]) {
    assert.ok(isPlain(p.tcpPacket(ends), tags) && isPlain(p.tcpPacket(ends6), tags), JSON.stringify(tags));
  }
  for (const tags of [[1, 2, 3], [{ id: 5, tpid: 0x9100 }]]) assert.ok(!isPlain(p.tcpPacket(ends), tags));
  assert.ok(isPlain(p.tcpPacket(ends)));
  assert.ok(isPlain(p.tcpPacket(ends6)));
  assert.ok(!isPlain(p.ipv4(p.tcp(ends), { ...ends, options: p.u32(0x01010101) })));
  assert.ok(!isPlain(p.ipv4(p.tcp(ends), { ...ends, totalLength: 0 })));
  assert.ok(!isPlain(p.ipv4(p.tcp(ends), { ...ends, totalLength: 39 })));
  assert.ok(!isPlain(p.ipv6(p.tcp(ends6), { ...ends6, payloadLength: 0 })));
  assert.ok(!isPlain(p.ipv6(p.tcp(ends6), { ...ends6, extensions: [p.ext.hopByHop(p.hex('c2 04 00000bcc'))] })));
});
