/** What the walk does with lengths that lie, with nesting, with networks, and with what is no TCP. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Decoder } from '../../src/wire/decode.ts';
import { TUNNEL_KINDS } from '../../src/wire/network.ts';
import { Segment } from '../../src/wire/segment.ts';
import { STOP } from '../../src/wire/stop.ts';
import { parseOptions } from '../../src/wire/tcp-options.ts';
import { TUNNEL } from '../../src/wire/walk.ts';
import { type Decoded, decodeFrame, LINK } from '../support/decoding.ts';
import * as p from '../support/packet-bytes.ts';

const V4 = { from: '10.0.0.1', to: '10.0.0.2' };
const V6 = { from: '2001:db8::1', to: '2001:db8::2' };
const OUTER = { from: '192.0.2.1', to: '192.0.2.2' };

function decode(packet: Uint8Array, decoder?: Decoder): Decoded {
  return decodeFrame(p.ethernet(packet), LINK.ETHERNET, decoder === undefined ? {} : { decoder });
}

test('Ethernet padding is not payload', () => {
  for (const packet of [p.tcpPacket(V4), p.tcpPacket(V6), p.ipv4(p.tcp(V4), { ...V4, options: p.u32(0x01010101) })]) {
    const { segment } = decodeFrame(p.concat(p.ethernet(packet), p.fill(13, 0xee)), LINK.ETHERNET);
    assert.equal(segment.payloadLength, 0);
    assert.equal(segment.capturedEnd - segment.tcpAt, 20);
  }
});

test('a length of 0 goes as far as the frame: segmentation offload, jumbograms', () => {
  const payload = p.fill(3000);
  for (const packet of [
    p.ipv4(p.tcp({ ...V4, payload }), { ...V4, totalLength: 0 }),
    p.ipv6(p.tcp({ ...V6, payload }), { ...V6, payloadLength: 0 }),
    p.ipv6(p.tcp({ ...V6, payload }), {
      ...V6,
      payloadLength: 0,
      extensions: [p.ext.hopByHop(p.hex('c2 04 00000bcc'))],
    }),
  ]) {
    const { stop, segment } = decode(packet);
    assert.equal(stop, STOP.SEGMENT);
    assert.equal(segment.payloadLength, 3000);
    const cut = decodeFrame(p.ethernet(packet).slice(0, 100), LINK.ETHERNET, { originalLength: packet.length + 14 });
    assert.equal(cut.segment.payloadLength, 3000, 'by the length on the wire');
    assert.equal(cut.segment.capturedEnd - 64, 100);
  }
});

test('a total length beyond the frame shows no octets that are not there', () => {
  for (const packet of [
    p.ipv4(p.tcp({ ...V4, payload: p.fill(8) }), { ...V4, totalLength: 60_000 }),
    p.ipv6(p.tcp({ ...V6, payload: p.fill(8) }), { ...V6, payloadLength: 60_000 }),
  ]) {
    const { stop, segment } = decode(packet);
    assert.equal(stop, STOP.SEGMENT);
    assert.equal(segment.capturedEnd, 64 + 14 + packet.length);
    assert.ok(segment.payloadLength > 50_000);
  }
});

test('impossible IP headers are malformed, and counted so', () => {
  const decoder = new Decoder();
  const bad4 = [{ headerLength: 4 }, { headerLength: 0 }, { totalLength: 19 }, { totalLength: 1 }];
  for (const wrong of bad4)
    assert.equal(decode(p.ipv4(p.tcp(V4), { ...V4, ...wrong }), decoder).stop, STOP.MALFORMED_IPV4);
  const notIp = p.tcpPacket(V4);
  notIp[0] = 0x75;
  assert.equal(decode(notIp, decoder).stop, STOP.MALFORMED_IPV4);
  assert.equal(decodeFrame(p.ethernet(notIp, { type: 0x86dd }), LINK.ETHERNET, { decoder }).stop, STOP.MALFORMED_IPV6);
  assert.deepEqual(decoder.notTcp(), { 'malformed ipv4 header': 5, 'malformed ipv6 header': 1 });
});

test('an impossible data offset is noted, and the fixed header is read all the same', () => {
  for (const dataOffset of [0, 4, 6, 15]) {
    for (const ends of [V4, V6]) {
      const { stop, segment } = decode(p.tcpPacket({ ...ends, sequence: 9, dataOffset }));
      assert.equal(stop, STOP.SEGMENT);
      assert.equal(segment.malformed, true, `${dataOffset}`);
      assert.deepEqual(
        [segment.sequence, segment.flags, segment.payloadLength, segment.tcpHeaderLength],
        [9, 2, 0, 20],
      );
      parseOptions(segment);
      assert.equal(segment.optionsCut, true);
    }
  }
  assert.equal(decode(p.tcpPacket({ ...V4, dataOffset: 6, payload: p.fill(4) })).segment.malformed, false);
});

test('a datagram with room for a part of the TCP header is malformed', () => {
  const { stop, segment } = decode(p.ipv4(p.tcp(V4), { ...V4, totalLength: 28 }));
  assert.equal(stop, STOP.SEGMENT);
  assert.deepEqual([segment.malformed, segment.hasSequence, segment.hasFlags], [true, true, false]);
  assert.equal(decode(p.ipv4(p.tcp(V4), { ...V4, totalLength: 23 })).stop, STOP.CUT);
});

test('a routing header with segments left tells the final destination', () => {
  const final = p.addressBytes('2001:db8::2');
  const via = p.addressBytes('2001:db8:5::1');
  const segments = { ...V6, to: '2001:db8:5::1' };
  const routes = [
    p.concat(p.u8(0, 2), p.u32(0), via, final), // RFC 2460: forwards
    p.concat(p.u8(4, 1, 1, 0, 0, 0), final, via), // RFC 8754: backwards
    p.concat(p.u8(2, 1), p.u32(0), final), // RFC 6275: one
  ];
  for (const route of routes) {
    const packet = p.ipv6(p.tcp(V6), { ...segments, extensions: [p.ext.routing(route)] });
    assert.equal(decode(packet).ends, '2001:db8::1:40000 > 2001:db8::2:80');
  }
  const arrived = p.ipv6(p.tcp(V6), {
    ...V6,
    extensions: [p.ext.routing(p.concat(p.u8(4, 0, 1, 0, 0, 0), via, final))],
  });
  assert.equal(decode(arrived).ends, '2001:db8::1:40000 > 2001:db8::2:80');
});

test('tunnels, tags, labels and extension headers without end are given up', () => {
  let nested = p.tcpPacket(V4);
  for (let depth = 1; depth <= 9; depth++) {
    nested = p.ipv4(nested, { ...OUTER, protocol: 4 });
    assert.equal(decode(nested).stop, depth <= 8 ? STOP.SEGMENT : STOP.TOO_DEEP, `${depth} tunnels`);
  }
  const tags = Array.from({ length: 9 }, (_, index) => index + 1);
  assert.equal(decodeFrame(p.ethernet(p.tcpPacket(V4), { tags: tags.slice(1) }), LINK.ETHERNET).stop, STOP.SEGMENT);
  assert.equal(decodeFrame(p.ethernet(p.tcpPacket(V4), { tags }), LINK.ETHERNET).stop, STOP.TOO_DEEP);
  const priorities = p.ethernet(p.tcpPacket(V4), { tags: new Array(1000).fill(0) });
  assert.equal(decodeFrame(priorities, LINK.ETHERNET).stop, STOP.TOO_DEEP);
  const labels = p.ethernet(p.mpls(new Array(100).fill(16), p.tcpPacket(V4)), { type: 0x8847 });
  assert.equal(decodeFrame(labels, LINK.ETHERNET).stop, STOP.TOO_DEEP);
  const extensions = new Array(100).fill(p.ext.destination());
  assert.equal(decode(p.ipv6(p.tcp(V6), { ...V6, extensions })).stop, STOP.TOO_DEEP);
});

test('a port of a tunnel with other octets behind it is just UDP', () => {
  const decoder = new Decoder();
  for (const destinationPort of [2152, 3544, 4789, 4790, 6081, 8472]) {
    for (const payload of [p.u8(), p.hex('00'), p.fill(40), p.fill(40, 0xf1)]) {
      const fields = { ...OUTER, destinationPort };
      assert.equal(
        decode(p.ipv4(p.udp(payload, fields), { ...OUTER, protocol: 17 }), decoder).stop === STOP.SEGMENT,
        false,
      );
    }
  }
  const { udp = 0 } = decoder.notTcp();
  assert.ok(udp >= 18, `${udp}`);
});

test('both directions of a tunnel are one network, other tunnels and tags are others', () => {
  const decoder = new Decoder();
  const inner = p.ethernet(p.tcpPacket(V4));
  const over = (from: string, to: string, vni: number, tags: number[] = []): number => {
    const packet = p.ipv4(p.udp(p.vxlan(inner, vni), { from, to, destinationPort: 4789 }), { from, to, protocol: 17 });
    return decodeFrame(p.ethernet(packet, { tags }), LINK.ETHERNET, { decoder }).segment.network;
  };
  const [a, b] = ['192.0.2.1', '192.0.2.2'];
  assert.equal(decode(p.tcpPacket(V4), decoder).segment.network, 0);
  assert.deepEqual(
    [over(a, b, 5), over(b, a, 5), over(a, b, 6), over(a, '192.0.2.3', 5), over(a, b, 5, [9])],
    [1, 1, 2, 3, 4],
  );
  assert.deepEqual([over(b, a, 5, [9]), over(b, a, 6), over(b, a, 5)], [4, 2, 1], 'they keep their numbers');
  assert.deepEqual(decoder.networks[4], { vlan: [9], tunnel: { kind: 'vxlan', outer: [a, b], id: 5 } });
  assert.ok(Object.isFrozen(decoder.networks[4]) && Object.isFrozen(decoder.networks[4]?.vlan));
});

test('every VLAN is a network, with or without the fast path', () => {
  const decoder = new Decoder();
  const numbers = (bytes: (id: number) => Uint8Array): number[] =>
    [5, 4095, 5, 1].map((id) => decodeFrame(bytes(id), LINK.ETHERNET, { decoder }).segment.network);
  assert.deepEqual(
    numbers((id) => p.ethernet(p.tcpPacket(V4), { tags: [id] })),
    [1, 2, 1, 3],
  );
  assert.deepEqual(
    numbers((id) => p.ethernet(p.tcpPacket(V6), { tags: [{ id, tpid: 0x88a8 }] })),
    [1, 2, 1, 3],
  );
});

test('two tags are one network, whatever their types, with or without the fast path', () => {
  const decoder = new Decoder();
  const network = (packet: Uint8Array, outer: number, inner: number, tpid: number): number => {
    const tags = [
      { id: outer, tpid },
      { id: inner, tpid: 0x8100 },
    ];
    return decodeFrame(p.ethernet(packet, { tags }), LINK.ETHERNET, { decoder }).segment.network;
  };
  // The last type of a tag, and a packet with options, do not go the fast way.
  const packets = [p.tcpPacket(V4), p.tcpPacket(V6), p.ipv4(p.tcp(V4), { ...V4, options: p.u32(0x01010101) })];
  for (const packet of packets) {
    for (const tpid of [0x8100, 0x88a8, 0x9100]) {
      const pairs = [
        [5, 6],
        [6, 5],
        [0, 5],
        [5, 0],
        [0, 0],
        [5, 6],
        [4095, 4095],
        [1, 4095],
      ] as const;
      const numbers = pairs.map(([outer, inner]) => network(packet, outer, inner, tpid));
      assert.deepEqual(numbers, [1, 2, 3, 3, 0, 1, 4, 5]);
    }
  }
  assert.deepEqual(
    decoder.networks.map(({ vlan }) => vlan),
    [[], [5, 6], [6, 5], [5], [4095, 4095], [1, 4095]],
  );
});

test('networks are bounded: what has no room shares the last number, and that is counted', () => {
  const decoder = new Decoder({ networksLimit: 10 });
  for (let id = 1; id <= 20; id++) {
    const { segment } = decodeFrame(p.ethernet(p.tcpPacket(V4), { tags: [id, id] }), LINK.ETHERNET, { decoder });
    assert.equal(segment.network, Math.min(id, 9));
  }
  assert.equal(decoder.networks.length, 10);
  assert.equal(decoder.networksShared, 11);
});

test('what is no TCP is counted by name, most first', () => {
  const decoder = new Decoder();
  const frames: readonly (readonly [number, number, Uint8Array])[] = [
    [1, 5, p.ethernet(p.fill(28), { type: 0x0806 })],
    [1, 4, p.ethernet(p.ipv4(p.udp(p.fill(4), { ...V4, destinationPort: 53 }), { ...V4, protocol: 17 }))],
    [1, 3, p.ethernet(p.ipv4(p.fill(20), { ...V4, protocol: 89 }))],
    [1, 2, p.ethernet(p.fill(40), { type: 0x88cc })],
    [LINK.NULL, 1, p.nullLink(p.fill(4), 7)],
    [147, 1, p.fill(40)],
    [1, 1, p.ethernet(p.hex('424203 0000'), { type: 5 })],
    [1, 1, p.ethernet(p.ipv4(p.fill(20), { ...V4, protocol: 132 }))],
    [1, 1, p.ethernet(p.ipv4(p.fill(20), { ...V4, protocol: 200 }))],
    [9, 1, p.ppp(p.fill(20), { protocol: 0xc021 })],
    [105, 1, p.ieee80211(p.tcpPacket(V4), { protected: true })],
    [105, 1, p.concat(p.hex('8000'), p.fill(40))],
    [0x10001, 1, p.ethernet(p.tcpPacket(V4))],
  ];
  for (const [linkType, times, frame] of frames) {
    for (let time = 0; time < times; time++) {
      assert.notEqual(decodeFrame(frame, linkType, { decoder }).stop, STOP.SEGMENT);
    }
  }
  assert.deepEqual(Object.entries(decoder.notTcp()), [
    ['arp', 5],
    ['udp', 4],
    ['ip protocol 89 (ospf)', 3],
    ['ethertype 0x88cc (lldp)', 2],
    ['802.11 protected', 1],
    ['802.11 without data', 1],
    ['ip protocol 200', 1],
    ['link type 147', 1],
    ['link type 65535', 1],
    ['llc', 1],
    ['not an ip interface', 1],
    ['ppp protocol 0xc021 (lcp)', 1],
    ['sctp', 1],
  ]);
});

test('names are bounded, and nothing is lost from the count', () => {
  const decoder = new Decoder();
  for (let type = 0x9400; type < 0x9400 + 1000; type++)
    decodeFrame(p.ethernet(p.fill(40), { type }), LINK.ETHERNET, { decoder });
  const counts = Object.values(decoder.notTcp());
  assert.ok(counts.length < 200);
  assert.equal(
    counts.reduce((sum, count) => sum + count, 0),
    1000,
  );
});

test('a tunnel kind has the number of its place in the list', () => {
  assert.deepEqual(
    Object.entries(TUNNEL).map(([kind, index]) => TUNNEL_KINDS[index] === kind),
    TUNNEL_KINDS.map(() => true),
  );
});

/** All fields but the view and the positions: what a segment says, wherever its octets lie. */
function said({ stop, segment }: Decoded): unknown {
  return stop === STOP.SEGMENT ? { ...segment, view: null } : stop;
}

const SAMPLES: readonly (readonly [number, Uint8Array])[] = (() => {
  const packet4 = p.tcpPacket({ ...V4, options: p.opt.mss(1460), payload: p.fill(5) });
  const packet6 = p.tcpPacket({ ...V6, options: p.opt.mss(1460) });
  const udp = (payload: Uint8Array, destinationPort: number): Uint8Array =>
    p.ethernet(p.ipv4(p.udp(payload, { ...OUTER, destinationPort }), { ...OUTER, protocol: 17 }));
  const ip = (payload: Uint8Array, protocol: number): Uint8Array => p.ethernet(p.ipv4(payload, { ...OUTER, protocol }));
  return [
    [LINK.ETHERNET, p.ethernet(packet4)],
    [LINK.ETHERNET, p.ethernet(packet6, { tags: [3, 4] })],
    [LINK.ETHERNET, p.ethernet8023(packet4)],
    [LINK.ETHERNET, p.ethernet(p.mpls([16, 17], p.concat(p.u32(0), p.ethernet(packet4))), { type: 0x8847 })],
    [LINK.ETHERNET, p.ethernet(p.pppoe(packet4), { type: 0x8864 })],
    [LINK.ETHERNET, ip(p.gre(packet4, { checksum: true, key: 1, sequence: 2 }), 47)],
    [LINK.ETHERNET, ip(p.erspan(p.ethernet(packet4), { type: 3, platform: true }), 47)],
    [LINK.ETHERNET, udp(p.vxlan(p.ethernet(packet4), 5), 4789)],
    [LINK.ETHERNET, udp(p.geneve(p.ethernet(packet4), 5, { options: p.fill(8) }), 6081)],
    [LINK.ETHERNET, udp(p.gtpu(packet4, { extension: { type: 0x85, bytes: p.hex('01000900') } }), 2152)],
    [LINK.ETHERNET, p.ethernet(p.icmpError(packet4, { from: '1.1.1.1', to: '10.0.0.1', type: 3 }))],
    [
      LINK.ETHERNET,
      p.ethernet(
        p.ipv6(p.tcp(V6), {
          ...V6,
          extensions: [p.ext.hopByHop(), p.ext.routing(), p.ext.fragment({ more: true }), p.ext.authentication()],
        }),
      ),
    ],
    [LINK.RAW, p.ipv4Fragments(p.tcp(V4), V4, [8])[1] ?? p.u8()],
    [
      LINK.RADIOTAP,
      p.radiotap(p.ieee80211(packet4, { aggregate: true, fcs: true }), 0x30, { tsft: true, extended: true }),
    ],
    [LINK.NFLOG, p.nflog(packet4, { hook: 1, interfaceIn: 2, prefix: 'x' })],
    [LINK.SLL2, p.sll2(packet6)],
  ];
})();

test('mutated packets never throw, never loop, and are read within their frame alone', () => {
  const mutation = fc.record({ at: fc.nat({ max: 160 }), value: fc.nat({ max: 255 }) });
  const property = fc.property(
    fc.constantFrom(...SAMPLES),
    fc.array(mutation, { minLength: 1, maxLength: 6 }),
    fc.nat({ max: 200 }),
    ([linkType, sample], mutations, length) => {
      const frame = sample.slice(0, Math.max(length, 1));
      for (const { at, value } of mutations) if (at < frame.length) frame[at] = value;
      const zeros = decodeFrame(frame, linkType, { around: 0, originalLength: sample.length });
      const ones = decodeFrame(frame, linkType, { around: 0xff, originalLength: sample.length });
      parseOptions(zeros.segment);
      parseOptions(ones.segment);
      assert.deepEqual(said(zeros), said(ones));
      if (zeros.stop !== STOP.SEGMENT) return;
      const { segment } = zeros;
      const there = segment.capturedEnd - segment.tcpAt;
      assert.ok(there >= 4 && (!segment.hasSequence || there >= 8) && (!segment.hasFlags || there >= 14));
      assert.ok(segment.payloadLength >= 0 && segment.tcpHeaderLength >= 20);
    },
  );
  fc.assert(property, { numRuns: 3000 });
});

test('arbitrary octets of any link type never throw', () => {
  const decoder = new Decoder({ fragmentBytesLimit: 4096 });
  const segment = new Segment();
  const linkTypes = [...Object.values(LINK), 12, 166, 147];
  const property = fc.property(fc.constantFrom(...linkTypes), fc.uint8Array({ maxLength: 200 }), (linkType, frame) => {
    const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
    const stop = decoder.decode(view, 0, frame.length, frame.length, linkType, segment);
    if (stop === STOP.SEGMENT) parseOptions(segment);
  });
  fc.assert(property, { numRuns: 3000 });
});
