import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Segment } from '../../src/wire/segment.ts';
import { parseOptions } from '../../src/wire/tcp-options.ts';
import { decodeFrame, LINK } from '../support/decoding.ts';
import * as p from '../support/packet-bytes.ts';

const V4 = { from: '10.0.0.1', to: '10.0.0.2' };

function parsed(options: Uint8Array, captured = Number.POSITIVE_INFINITY): Segment {
  const packet = p.tcpPacket({ ...V4, options });
  const { segment } = decodeFrame(packet.slice(0, captured), LINK.RAW, { originalLength: packet.length });
  parseOptions(segment);
  return segment;
}

const ABSENT = {
  mss: -1,
  windowScale: -1,
  sackPermitted: false,
  hasTimestamps: false,
  timestampValue: 0,
  timestampEcho: 0,
  fastOpen: false,
  md5: false,
  authentication: false,
  multipath: false,
  optionsCut: false,
};

function optionsOf(segment: Segment): typeof ABSENT {
  const entries = Object.keys(ABSENT).map((name) => [name, segment[name as keyof Segment]]);
  return Object.fromEntries(entries) as typeof ABSENT;
}

test('each option of the handshake is read', () => {
  const cases: readonly (readonly [Uint8Array, Partial<typeof ABSENT>])[] = [
    [p.u8(), {}],
    [p.opt.mss(0), { mss: 0 }],
    [p.opt.mss(65535), { mss: 65535 }],
    [p.opt.windowScale(14), { windowScale: 14 }],
    [p.opt.sackPermitted(), { sackPermitted: true }],
    [
      p.opt.timestamps(0xfffffff0, 0x80000000),
      { hasTimestamps: true, timestampValue: 0xfffffff0, timestampEcho: 0x80000000 },
    ],
    [p.opt.fastOpen(), { fastOpen: true }],
    [p.opt.fastOpen(p.fill(8, 1)), { fastOpen: true }],
    [p.opt.experimentalFastOpen(p.fill(8, 1)), { fastOpen: true }],
    [p.option(254, p.u16(0x1234)), {}],
    [p.opt.md5(), { md5: true }],
    [p.opt.authentication(), { authentication: true }],
    [p.opt.multipath(p.hex('0081 0011223344556677')), { multipath: true }],
    [p.option(99, p.fill(7)), {}],
  ];
  for (const [option, want] of cases) assert.deepEqual(optionsOf(parsed(option)), { ...ABSENT, ...want });
});

test('options in any order and number, behind no-operations and unknown ones', () => {
  const segment = parsed(
    p.tcpOptions(p.opt.nop(), p.option(77), p.opt.mss(1400), p.opt.nop(), p.opt.windowScale(9), p.opt.sackPermitted()),
  );
  assert.deepEqual(optionsOf(segment), { ...ABSENT, mss: 1400, windowScale: 9, sackPermitted: true });
});

test('nothing is read behind the end of the list', () => {
  assert.deepEqual(optionsOf(parsed(p.tcpOptions(p.opt.end(), p.opt.mss(1400)))), ABSENT);
});

test('a known option of a wrong length is skipped, as hosts do', () => {
  const segment = parsed(p.tcpOptions(p.option(2, p.u8(5)), p.option(3), p.option(8, p.u32(1)), p.opt.sackPermitted()));
  assert.deepEqual(optionsOf(segment), { ...ABSENT, sackPermitted: true });
});

test('a list whose lengths make no sense is unknown from there on', () => {
  for (const bad of ['0304', '0300', '0301', 'ff', '02ff0000']) {
    const segment = parsed(
      p.concat(p.opt.sackPermitted(), p.opt.nop(), p.hex(bad), p.fill(4 - ((bad.length / 2) % 4), 1)),
    );
    if (bad === '0304') continue;
    assert.equal(segment.sackPermitted, true, bad);
    assert.equal(segment.optionsCut, true, bad);
  }
});

test('options cut off by the snapshot length are unknown, what was captured is read', () => {
  const options = p.tcpOptions(
    p.opt.mss(1460),
    p.opt.sackPermitted(),
    p.opt.timestamps(5, 6),
    p.opt.nop(),
    p.opt.windowScale(7),
  );
  for (let captured = 40; captured < 60; captured++) {
    const segment = parsed(options, captured);
    assert.equal(segment.optionsCut, true, `${captured}`);
    assert.equal(segment.mss, captured >= 44 ? 1460 : -1);
    assert.equal(segment.sackPermitted, captured >= 46);
    assert.equal(segment.hasTimestamps, captured >= 56);
    assert.equal(segment.windowScale, -1);
  }
  assert.equal(parsed(options, 60).optionsCut, false);
  assert.equal(parsed(p.u8(), 40).optionsCut, false);
  assert.equal(parsed(p.u8(), 36).optionsCut, true, 'a fixed header that is cut says nothing of options');
});

test('a second call for the same segment changes nothing, the next segment begins anew', () => {
  const segment = parsed(p.opt.mss(1460));
  segment.mss = 7;
  parseOptions(segment);
  assert.equal(segment.mss, 7);
  segment.optionsParsed = false;
  parseOptions(segment);
  assert.equal(segment.mss, 1460);
});
