import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CHECKSUM, type Checksum, outerChecksum, tcpChecksum } from '../../src/wire/checksum.ts';
import { decodeFrame, LINK } from '../support/decoding.ts';
import * as p from '../support/packet-bytes.ts';

const ENDS = [
  { from: '10.0.0.1', to: '10.0.0.2' },
  { from: '255.255.255.254', to: '239.255.255.255' },
  { from: '2001:db8::1', to: 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe' },
  { from: '::ffff:1.2.3.4', to: '::ffff:5.6.7.8' },
];

function verdict(packet: Uint8Array, captured = packet.length): Checksum {
  const { segment } = decodeFrame(packet.slice(0, captured), LINK.RAW, { originalLength: packet.length });
  return tcpChecksum(segment);
}

test('right and wrong checksums are told apart, for payloads of even and odd length', () => {
  for (const ends of ENDS) {
    for (const length of [0, 1, 2, 3, 1001, 1448]) {
      const payload = p.fill(length, 0xf7);
      assert.equal(verdict(p.tcpPacket({ ...ends, payload })), CHECKSUM.GOOD);
      assert.equal(verdict(p.tcpPacket({ ...ends, payload, checksum: 'wrong' })), CHECKSUM.BAD);
    }
  }
});

test('the sum of the pseudo-header alone is a checksum left to the network card', () => {
  for (const ends of ENDS) {
    assert.equal(verdict(p.tcpPacket({ ...ends, checksum: 'unfilled', payload: p.fill(77, 3) })), CHECKSUM.UNFILLED);
  }
});

test('so is one without the length, as for a segment that the card will cut', () => {
  // 10.0.0.1 + 10.0.0.2 + 6: 0x0a00 + 0x0001 + 0x0a00 + 0x0002 + 0x0006
  const packet = p.tcpPacket({ from: '10.0.0.1', to: '10.0.0.2', checksum: 0x1409, payload: p.fill(3000, 1) });
  assert.equal(verdict(packet), CHECKSUM.UNFILLED);
});

test('a segment that is not all there has no known checksum', () => {
  const packet = p.tcpPacket({ from: '10.0.0.1', to: '10.0.0.2', payload: p.fill(10) });
  for (let captured = 24; captured < packet.length; captured++)
    assert.equal(verdict(packet, captured), CHECKSUM.UNKNOWN);
  assert.equal(verdict(packet), CHECKSUM.GOOD);
});

test('Ethernet padding is no part of the sum', () => {
  const frame = p.concat(
    p.ethernet(p.tcpPacket({ from: '10.0.0.1', to: '10.0.0.2', payload: p.u8(1) })),
    p.fill(9, 0xee),
  );
  assert.equal(tcpChecksum(decodeFrame(frame, LINK.ETHERNET).segment), CHECKSUM.GOOD);
});

test('the checksum of the datagram around a tunnelled segment, over either family', () => {
  const inner = p.ethernet(p.tcpPacket({ from: '10.0.0.1', to: '10.0.0.2', payload: p.fill(31, 9) }));
  const around = { v4: { from: '192.0.2.1', to: '192.0.2.2' }, v6: { from: '2001:db8::1', to: '2001:db8::2' } };
  for (const family of ['v4', 'v6'] as const) {
    const ends = around[family];
    const of = (checksum?: number): Checksum => {
      const fields = { ...ends, destinationPort: 4789, ...(checksum === undefined ? {} : { checksum }) };
      const datagram = p.udp(p.vxlan(inner, 7), fields);
      const packet =
        family === 'v4' ? p.ipv4(datagram, { ...ends, protocol: 17 }) : p.ipv6(datagram, { ...ends, nextHeader: 17 });
      return outerChecksum(decodeFrame(packet, LINK.RAW).segment);
    };
    assert.equal(of(), CHECKSUM.GOOD);
    assert.equal(of(0xfffe), CHECKSUM.BAD);
    assert.equal(of(0), CHECKSUM.UNKNOWN, 'none');
  }
  const plain = decodeFrame(p.tcpPacket({ from: '10.0.0.1', to: '10.0.0.2' }), LINK.RAW);
  assert.equal(outerChecksum(plain.segment), CHECKSUM.UNKNOWN);
});
