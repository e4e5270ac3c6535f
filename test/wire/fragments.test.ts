import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CHECKSUM, tcpChecksum } from '../../src/wire/checksum.ts';
import { Decoder } from '../../src/wire/decode.ts';
import { STOP } from '../../src/wire/stop.ts';
import { parseOptions } from '../../src/wire/tcp-options.ts';
import { type Decoded, decodeFrame, LINK } from '../support/decoding.ts';
import * as p from '../support/packet-bytes.ts';

const V4 = { from: '10.0.0.1', to: '10.0.0.2' };
const V6 = { from: '2001:db8::1', to: '2001:db8::2' };
const OPTIONS = p.tcpOptions(
  p.opt.mss(1460),
  p.opt.sackPermitted(),
  p.opt.timestamps(1, 0),
  p.opt.nop(),
  p.opt.windowScale(7),
);
const syn4 = p.tcp({ ...V4, sequence: 1000, options: OPTIONS });
const syn6 = p.tcp({ ...V6, sequence: 1000, options: OPTIONS });
/** A SYN's header of 40 octets in three fragments; the flags are in the second one. */
const thirds4 = (id = 1): Uint8Array[] => p.ipv4Fragments(syn4, { ...V4, id }, [8, 24]);
const thirds6 = (id = 1): Uint8Array[] => p.ipv6Fragments(syn6, V6, [8, 24], id);

function decodeAll(packets: readonly Uint8Array[], decoder = new Decoder()): Decoded[] {
  return packets.map((packet) => decodeFrame(packet, LINK.RAW, { decoder }));
}

function stops(packets: readonly Uint8Array[], decoder?: Decoder): number[] {
  return decodeAll(packets, decoder).map(({ stop }) => stop);
}

function isWholeSyn(decoded: Decoded | undefined): void {
  assert.ok(decoded);
  const { segment, stop } = decoded;
  assert.equal(stop, STOP.SEGMENT);
  assert.match(decoded.ends, /:40000 > .*:80$/);
  assert.equal(segment.sequence, 1000);
  assert.equal(segment.flags, 0x02);
  assert.equal(segment.fragmented, true);
  assert.equal(segment.payloadLength, 0);
  parseOptions(segment);
  assert.equal(segment.mss, 1460);
  assert.equal(segment.windowScale, 7);
  assert.equal(segment.optionsCut, false);
  assert.equal(tcpChecksum(segment), CHECKSUM.UNKNOWN);
}

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length < 2) return [[...items]];
  return items.flatMap((item, index) => permutations(items.toSpliced(index, 1)).map((rest) => [item, ...rest]));
}

for (const [family, thirds] of [
  ['IPv4', thirds4],
  ['IPv6', thirds6],
] as const) {
  test(`${family}: a header split over three fragments is yielded at the one that completes it, in any order`, () => {
    for (const order of permutations(thirds())) {
      const decoded = decodeAll(order);
      assert.deepEqual(
        decoded.map(({ stop }) => stop),
        [STOP.FRAGMENT, STOP.FRAGMENT, STOP.SEGMENT],
      );
      isWholeSyn(decoded[2]);
    }
  });

  test(`${family}: copies of fragments yield the segment once`, () => {
    const doubled = thirds().flatMap((fragment) => [fragment, fragment]);
    assert.equal(stops(doubled).filter((stop) => stop === STOP.SEGMENT).length, 1);
  });

  test(`${family}: fragments of other datagrams are not mixed in`, () => {
    const decoder = new Decoder();
    const [a, b] = [thirds(1), thirds(2)];
    assert.deepEqual(stops([a[0], b[1], b[2], a[2]] as Uint8Array[], decoder), [2, 2, 2, 2]);
    isWholeSyn(decodeAll([a[1] as Uint8Array], decoder)[0]);
    isWholeSyn(decodeAll([b[0] as Uint8Array], decoder)[0]);
  });
}

test('a first fragment that holds the whole header is yielded at once, the later ones are just fragments', () => {
  const segment = p.tcp({ ...V4, sequence: 7, flags: 'P.', payload: p.fill(1000, 1) });
  const decoded = decodeAll(p.ipv4Fragments(segment, V4, [64, 512, 800]));
  assert.deepEqual(
    decoded.map(({ stop }) => stop),
    [STOP.SEGMENT, STOP.FRAGMENT, STOP.FRAGMENT, STOP.FRAGMENT],
  );
  const first = decoded[0]?.segment;
  assert.equal(first?.fragmented, true);
  assert.equal(first?.payloadLength, 44);
});

test('a datagram that was all reassembled knows its whole length', () => {
  const segment = p.tcp({ ...V4, flags: 'P.', payload: p.fill(100, 1) });
  const decoded = decodeAll(p.ipv4Fragments(segment, V4, [8, 40]).reverse());
  assert.equal(decoded[2]?.stop, STOP.SEGMENT);
  assert.equal(decoded[2]?.segment.payloadLength, 100);
});

test('a single IPv6 fragment (an atomic one) is an ordinary packet with an identification', () => {
  const { stop, segment } = decodeFrame(
    p.ipv6(syn6, { ...V6, extensions: [p.ext.fragment({ id: 0xfffffff0 })] }),
    LINK.RAW,
  );
  assert.equal(stop, STOP.SEGMENT);
  assert.equal(segment.fragmented, false);
  assert.equal(segment.ipId, 0xfffffff0);
});

test('of overlapping octets the first ones win', () => {
  const [first = p.u8(), second = p.u8(), third = p.u8()] = thirds4();
  const forged = second.slice();
  forged.fill(0xff, 20);
  const decoder = new Decoder();
  assert.deepEqual(stops([first, second, forged], decoder), [2, 2, 2]);
  isWholeSyn(decodeAll([third], decoder)[0]);
});

test('a header that the snapshot length cut is not waited for', () => {
  const [first = p.u8()] = p.ipv4Fragments(syn4, V4, [32]);
  const { stop, segment } = decodeFrame(first.slice(0, 30), LINK.RAW, { originalLength: first.length });
  assert.equal(stop, STOP.SEGMENT);
  assert.equal(segment.hasSequence, true);
  assert.equal(segment.hasFlags, false);
});

test('a tunnel in fragments: the inner segment is in the first one, or is put together', () => {
  const outer = { from: '192.0.2.1', to: '192.0.2.2' };
  const inner = p.ethernet(p.tcpPacket({ ...V4, sequence: 1000, options: OPTIONS, payload: p.fill(64) }));
  const datagram = p.udp(p.vxlan(inner, 5), { ...outer, destinationPort: 4789 });
  assert.deepEqual(stops(p.ipv4Fragments(datagram, { ...outer, protocol: 17 }, [96])), [STOP.SEGMENT, STOP.FRAGMENT]);
  const split = decodeAll(p.ipv4Fragments(datagram, { ...outer, protocol: 17 }, [8, 40, 72, 104]));
  assert.deepEqual(
    split.map(({ stop }) => stop),
    [2, 2, 2, 0, 2],
  );
  assert.equal(split[3]?.ends, '10.0.0.1:40000 > 10.0.0.2:80');
  assert.equal(split[3]?.network.tunnel?.id, 5);
});

test('fragments in two VLANs are two datagrams', () => {
  const [first = p.u8(), ...rest] = thirds4();
  const decoder = new Decoder();
  const inVlan = (packet: Uint8Array, id: number): Decoded =>
    decodeFrame(p.ethernet(packet, { tags: [id] }), LINK.ETHERNET, { decoder });
  assert.equal(inVlan(first, 1).stop, STOP.FRAGMENT);
  for (const packet of rest) assert.equal(inVlan(packet, 2).stop, STOP.FRAGMENT);
  for (const packet of rest) assert.equal(inVlan(packet, 1).stop, packet === rest[1] ? STOP.SEGMENT : STOP.FRAGMENT);
});

test('within the bound the oldest datagram is given up first, and that is counted', () => {
  const decoder = new Decoder({ fragmentBytesLimit: 8 * 512 });
  const datagrams = Array.from({ length: 9 }, (_, id) => thirds4(id));
  for (const [first = p.u8()] of datagrams) assert.deepEqual(stops([first], decoder), [STOP.FRAGMENT]);
  assert.equal(decoder.fragmentsGivenUp, 1);
  const completed = datagrams.slice(1).map((datagram) => stops(datagram.slice(1), decoder)[1]);
  assert.deepEqual(completed, new Array(8).fill(STOP.SEGMENT));
  assert.equal(stops((datagrams[0] ?? []).slice(1), decoder)[1], STOP.FRAGMENT);
});

test('a fragment of the same identification long after is another datagram', () => {
  const decoder = new Decoder();
  const [first = p.u8(), second = p.u8(), third = p.u8()] = thirds4();
  decodeAll([first], decoder);
  const other = p.ethernet(p.tcpPacket(V4));
  for (let frame = 0; frame < 65_540; frame++) decodeFrame(other, LINK.ETHERNET, { decoder });
  assert.deepEqual(stops([second, third], decoder), [STOP.FRAGMENT, STOP.FRAGMENT]);
  isWholeSyn(decodeAll([first], decoder)[0]);
});

test('fragments of what leads to no TCP, and late ones, take no room', () => {
  const decoder = new Decoder({ fragmentBytesLimit: 4 * 512 });
  for (let id = 0; id < 100; id++) {
    stops(p.ipv4Fragments(p.fill(64), { ...V4, protocol: 89, id }, [8]), decoder);
    stops(p.ipv4Fragments(p.fill(1600), { ...V4, protocol: 17, id }, [800]).slice(1), decoder);
  }
  assert.equal(decoder.fragmentsGivenUp, 0);
  assert.deepEqual(decoder.notTcp(), { fragment: 300 });
});
