import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatAddress } from '../../src/bytes/address.ts';
import { CHECKSUM, tcpChecksum } from '../../src/wire/checksum.ts';
import { KIND } from '../../src/wire/segment.ts';
import { STOP } from '../../src/wire/stop.ts';
import { decodeFrame, LINK } from '../support/decoding.ts';
import * as p from '../support/packet-bytes.ts';

const V4 = { from: '10.0.0.1', to: '10.0.0.2' };
const V6 = { from: '2001:db8::1', to: '2001:db8::2' };
const ROUTER4 = { from: '192.0.2.254', to: '10.0.0.1' };
const ROUTER6 = { from: '2001:db8:ffff::1', to: '2001:db8::1' };
const syn4 = p.tcpPacket({ ...V4, sequence: 0xdeadbeef, options: p.opt.mss(1460), ttl: 3 });
const syn6 = p.tcpPacket({ ...V6, sequence: 0xdeadbeef, options: p.opt.mss(1440), ttl: 3 });

function decode(packet: Uint8Array): ReturnType<typeof decodeFrame> {
  return decodeFrame(p.ethernet(packet), LINK.ETHERNET);
}

test('an ICMP error that quotes a SYN yields the quoted addresses, ports and numbers', () => {
  for (const type of [3, 11, 12]) {
    const { stop, segment, ends } = decode(p.icmpError(syn4, { ...ROUTER4, type, code: 13 }));
    assert.equal(stop, STOP.SEGMENT);
    assert.equal(segment.kind, KIND.ICMP_ERROR);
    assert.equal(ends, '10.0.0.1:40000 > 10.0.0.2:80');
    assert.equal(segment.sequence, 0xdeadbeef);
    assert.equal(segment.flags, 0x02);
    assert.equal(segment.ttl, 3);
    const { icmpFrom0, icmpFrom1, icmpFrom2, icmpFrom3 } = segment;
    assert.equal(formatAddress(icmpFrom0, icmpFrom1, icmpFrom2, icmpFrom3, segment.icmpFamily), '192.0.2.254');
    assert.deepEqual([segment.icmpType, segment.icmpCode], [type, 13]);
    assert.equal(tcpChecksum(segment), CHECKSUM.UNKNOWN);
  }
});

test('an ICMPv6 error that quotes a SYN does so too', () => {
  for (const type of [1, 2, 3, 4]) {
    const { stop, segment, ends } = decode(p.icmpError(syn6, { ...ROUTER6, type, code: 1 }));
    assert.equal(stop, STOP.SEGMENT);
    assert.equal(segment.kind, KIND.ICMP_ERROR);
    assert.equal(ends, '2001:db8::1:40000 > 2001:db8::2:80');
    const { icmpFrom0, icmpFrom1, icmpFrom2, icmpFrom3 } = segment;
    assert.equal(formatAddress(icmpFrom0, icmpFrom1, icmpFrom2, icmpFrom3, segment.icmpFamily), '2001:db8:ffff::1');
    assert.deepEqual([segment.icmpType, segment.icmpCode], [type, 1]);
  }
});

test('of a quotation cut to 8 octets of TCP the ports and the sequence number are there', () => {
  const { stop, segment, ends } = decode(p.icmpError(syn4, { ...ROUTER4, type: 3, octets: 28 }));
  assert.equal(stop, STOP.SEGMENT);
  assert.equal(ends, '10.0.0.1:40000 > 10.0.0.2:80');
  assert.deepEqual([segment.hasSequence, segment.hasFlags, segment.sequence], [true, false, 0xdeadbeef]);
});

test('lengths inside of a quotation are not believed', () => {
  const fields = { ...V4, totalLength: 3 };
  const quoted = p.ipv4(p.tcp({ ...V4, sequence: 5 }), fields);
  const { stop, segment } = decode(p.icmpError(quoted, { ...ROUTER4, type: 3 }));
  assert.equal(stop, STOP.SEGMENT);
  assert.equal(segment.sequence, 5);
  assert.equal(decode(quoted).stop, STOP.MALFORMED_IPV4, 'outside of one they are');
});

test('a quotation is walked like a packet: IPv4 options, extension headers, tunnels', () => {
  const outer = { from: '192.0.2.1', to: '192.0.2.2' };
  const withOptions = p.ipv4(p.tcp(V4), { ...V4, options: p.hex('94040000') });
  assert.equal(
    decode(p.icmpError(withOptions, { ...ROUTER4, type: 3, octets: 32 })).ends,
    '10.0.0.1:40000 > 10.0.0.2:80',
  );
  const extended = p.ipv6(p.tcp(V6), { ...V6, extensions: [p.ext.hopByHop(), p.ext.destination()] });
  assert.equal(decode(p.icmpError(extended, { ...ROUTER6, type: 1 })).ends, '2001:db8::1:40000 > 2001:db8::2:80');
  const gre = p.ipv4(p.gre(syn6, { key: 9 }), { ...outer, protocol: 47 });
  const inGre = decode(p.icmpError(gre, { ...ROUTER4, type: 3 }));
  assert.equal(inGre.ends, '2001:db8::1:40000 > 2001:db8::2:80');
  assert.equal(inGre.segment.kind, KIND.ICMP_ERROR);
  assert.deepEqual(inGre.network.tunnel, { kind: 'gre', outer: ['192.0.2.1', '192.0.2.2'], id: 9 });
});

test('an error inside of a tunnel belongs to the network of the tunnel', () => {
  const outer = { from: '192.0.2.2', to: '192.0.2.1', destinationPort: 4789 };
  const error = p.ethernet(p.icmpError(syn4, { ...ROUTER4, type: 3 }));
  const { stop, network, segment } = decode(p.ipv4(p.udp(p.vxlan(error, 5), outer), { ...outer, protocol: 17 }));
  assert.equal(stop, STOP.SEGMENT);
  assert.equal(segment.kind, KIND.ICMP_ERROR);
  assert.deepEqual(network.tunnel, { kind: 'vxlan', outer: ['192.0.2.1', '192.0.2.2'], id: 5 });
});

test('a quoted first fragment is read, a later one is not', () => {
  const [first = p.u8(), second = p.u8()] = p.ipv4Fragments(p.tcp({ ...V4, payload: p.fill(64) }), V4, [40]);
  assert.equal(decode(p.icmpError(first, { ...ROUTER4, type: 11, code: 1 })).stop, STOP.SEGMENT);
  assert.equal(decode(p.icmpError(second, { ...ROUTER4, type: 11, code: 1 })).stop, STOP.IP_PROTOCOL);
});

test('messages that are no errors, and errors about something else, are counted as ICMP', () => {
  const { decoder } = decode(p.ipv4(p.icmp(syn4, { type: 8 }), { ...V4, protocol: 1 }));
  const frames = [
    p.ipv4(p.icmp(syn4, { type: 5 }), { ...V4, protocol: 1 }),
    p.icmpError(p.ipv4(p.udp(p.fill(8), { ...V4, destinationPort: 53 }), { ...V4, protocol: 17 }), {
      ...ROUTER4,
      type: 3,
    }),
    p.icmpError(p.icmpError(syn4, { ...ROUTER4, type: 3 }), { ...ROUTER4, type: 3 }),
    p.icmpError(syn4, { ...ROUTER4, type: 3, octets: 10 }),
    p.ipv6(p.icmpv6(syn6, { ...V6, type: 128 }), { ...V6, nextHeader: 58 }),
  ];
  for (const frame of frames) {
    assert.equal(decodeFrame(p.ethernet(frame), LINK.ETHERNET, { decoder }).stop, STOP.IP_PROTOCOL);
  }
  assert.deepEqual(decoder.notTcp(), { icmp: 5, icmpv6: 1 });
});
