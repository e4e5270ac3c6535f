/**
 * Every link type, tag and tunnel: one row each, with the same TCP segment in it. Each row is decoded whole, and cut at every length.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Network, Tunnel } from '../../src/wire/network.ts';
import { DIRECTION } from '../../src/wire/segment.ts';
import { STOP } from '../../src/wire/stop.ts';
import { type Decoded, decodeFrame, LINK } from '../support/decoding.ts';
import * as p from '../support/packet-bytes.ts';

const V4 = { from: '10.0.0.1', to: '10.0.0.2' };
const V6 = { from: '2001:db8::1', to: '2001:db8::2' };
const OUTER = { from: '192.0.2.9', to: '192.0.2.1' };
const OUTER6 = { from: '2001:db8:1::9', to: '2001:db8:1::1' };
const FIELDS = {
  sourcePort: 40000,
  destinationPort: 80,
  sequence: 0x89abcdef,
  acknowledgment: 0xfedcba98,
  flags: 'S.',
  window: 4321,
};

const packet4 = p.tcpPacket({
  ...V4,
  ...FIELDS,
  ttl: 57,
  id: 0x1234,
  options: p.opt.mss(1460),
  payload: p.ascii('hello'),
});
const packet6 = p.tcpPacket({ ...V6, ...FIELDS, ttl: 57, options: p.opt.mss(1460), payload: p.ascii('hello') });

const overIp = (payload: Uint8Array, protocol: number): Uint8Array =>
  p.ethernet(p.ipv4(payload, { ...OUTER, protocol }));
const overUdp = (payload: Uint8Array, destinationPort: number): Uint8Array =>
  overIp(p.udp(payload, { ...OUTER, destinationPort }), 17);
const tunnel = (kind: Tunnel['kind'], id: number | null = null): Network => ({
  vlan: [],
  tunnel: { kind, outer: ['192.0.2.1', '192.0.2.9'], id },
});

interface Row {
  readonly name: string;
  readonly linkType?: number;
  readonly bytes: Uint8Array;
  readonly network?: Network;
  readonly direction?: number;
  readonly interfaceIndex?: number;
  /** Position of the Ethernet header from the frame's beginning; null for none. */
  readonly ethernetAt?: number | null;
}

const vlan = (...identifiers: number[]): Network => ({ vlan: identifiers, tunnel: null });

const LINKS: readonly Row[] = [
  { name: 'Ethernet, IPv4', bytes: p.ethernet(packet4), ethernetAt: 0 },
  { name: 'Ethernet, IPv6', bytes: p.ethernet(packet6), ethernetAt: 0 },
  { name: 'Ethernet, padded', bytes: p.ethernet(packet4, { pad: true }), ethernetAt: 0 },
  { name: 'IEEE 802.3 with LLC and SNAP', bytes: p.ethernet8023(packet4) },
  { name: 'LLC with SAP 6', bytes: p.ethernet(p.concat(p.hex('060603'), packet4), { type: packet4.length + 3 }) },
  { name: '802.1Q', bytes: p.ethernet(packet4, { tags: [7] }), network: vlan(7), ethernetAt: 0 },
  { name: '802.1Q with priority bits', bytes: p.ethernet(packet4, { tags: [0xe007] }), network: vlan(7) },
  { name: '802.1Q, priority alone', bytes: p.ethernet(packet6, { tags: [0xe000] }) },
  { name: '802.1ad', bytes: p.ethernet(packet4, { tags: [{ id: 100, tpid: 0x88a8 }, 200] }), network: vlan(100, 200) },
  {
    name: 'QinQ 0x9100',
    bytes: p.ethernet(packet6, {
      tags: [{ id: 1, tpid: 0x9100 }, { id: 2, tpid: 0x9200 }, { id: 3, tpid: 0x9300 }, 4],
    }),
    network: vlan(1, 2, 3, 4),
  },
  {
    name: 'LLC and SNAP behind a tag',
    bytes: p.ethernet(p.llcSnap(packet4), { tags: [9], type: packet4.length + 8 }),
    network: vlan(9),
  },
  { name: 'MPLS', bytes: p.ethernet(p.mpls([16, 17, 18], packet4), { type: 0x8847 }) },
  { name: 'MPLS, IPv6', bytes: p.ethernet(p.mpls([2], packet6), { type: 0x8848 }) },
  {
    name: 'MPLS pseudowire with control word',
    bytes: p.ethernet(p.mpls([16], p.concat(p.u32(0), p.ethernet(packet4))), { type: 0x8847 }),
    ethernetAt: 22,
  },
  {
    name: 'MPLS pseudowire without control word',
    bytes: p.ethernet(p.mpls([16], p.ethernet(packet4)), { type: 0x8847 }),
    ethernetAt: 18,
  },
  { name: 'PPPoE', bytes: p.ethernet(p.pppoe(packet4), { type: 0x8864, pad: true }) },
  { name: 'PPPoE, IPv6, tagged', bytes: p.ethernet(p.pppoe(packet6), { type: 0x8864, tags: [7] }), network: vlan(7) },
  {
    name: 'MAC-in-MAC',
    bytes: p.ethernet(p.concat(p.u32(0x1234), p.ethernet(packet4)), { type: 0x88e7 }),
    ethernetAt: 18,
  },
  {
    name: 'FabricPath',
    bytes: p.ethernet(p.concat(p.u16(1), p.ethernet(packet4, { tags: [5] })), { type: 0x8903 }),
    network: vlan(5),
  },
  {
    name: 'TRILL with options',
    bytes: p.ethernet(p.concat(p.u16(0x0040, 1, 2), p.u32(0), p.ethernet(packet4)), { type: 0x22f3 }),
  },
  {
    name: 'Cisco metadata',
    bytes: p.ethernet(p.concat(p.u16(0x0101, 1, 99), p.u16(0x0800), packet4), { type: 0x8909 }),
  },
  {
    name: 'network service header',
    bytes: p.ethernet(p.concat(p.u16(0x0fc6, 0x0101), p.fill(20), packet4), { type: 0x894f }),
  },
  { name: 'SLL, to us', linkType: LINK.SLL, bytes: p.sll(packet4), direction: DIRECTION.INCOMING, ethernetAt: null },
  {
    name: 'SLL, from us, IPv6',
    linkType: LINK.SLL,
    bytes: p.sll(packet6, { packetType: 4 }),
    direction: DIRECTION.OUTGOING,
  },
  {
    name: 'SLL, to another host',
    linkType: LINK.SLL,
    bytes: p.sll(packet4, { packetType: 3 }),
    direction: DIRECTION.OTHER_HOST,
  },
  {
    name: 'SLL, tagged',
    linkType: LINK.SLL,
    bytes: p.sll(packet4, { tags: [7, 8] }),
    direction: DIRECTION.INCOMING,
    network: vlan(7, 8),
  },
  {
    name: 'SLL2',
    linkType: LINK.SLL2,
    bytes: p.sll2(packet4, { interfaceIndex: 12, packetType: 4 }),
    direction: DIRECTION.OUTGOING,
    interfaceIndex: 12,
  },
  {
    name: 'SLL2, tagged, IPv6',
    linkType: LINK.SLL2,
    bytes: p.sll2(packet6, { interfaceIndex: 3, tags: [9] }),
    direction: DIRECTION.INCOMING,
    interfaceIndex: 3,
    network: vlan(9),
  },
  {
    name: 'SLL with radiotap inside',
    linkType: LINK.SLL,
    bytes: p.sll(p.radiotap(p.ieee80211(packet4)), { hardware: 803, type: 0 }),
    direction: DIRECTION.INCOMING,
  },
  { name: 'RAW, IPv4', linkType: LINK.RAW, bytes: packet4, ethernetAt: null },
  { name: 'RAW, IPv6', linkType: LINK.RAW, bytes: packet6 },
  { name: 'RAW by its number on OpenBSD', linkType: LINK.RAW_OPENBSD, bytes: packet4 },
  { name: 'IPV4', linkType: LINK.IPV4, bytes: packet4 },
  { name: 'IPV6', linkType: LINK.IPV6, bytes: packet6 },
  { name: 'NULL, little-endian host', linkType: LINK.NULL, bytes: p.nullLink(packet4, 2) },
  { name: 'NULL, big-endian host', linkType: LINK.NULL, bytes: p.nullLink(packet4, 2, 'big') },
  ...[10, 24, 28, 30].map((family) => ({
    name: `NULL, AF_INET6 ${family}`,
    linkType: LINK.NULL,
    bytes: p.nullLink(packet6, family),
  })),
  ...[10, 24, 28, 30].map((family) => ({
    name: `LOOP, AF_INET6 ${family}`,
    linkType: LINK.LOOP,
    bytes: p.loop(packet6, family),
  })),
  { name: 'LOOP', linkType: LINK.LOOP, bytes: p.loop(packet4, 2) },
  { name: 'PPP', linkType: LINK.PPP, bytes: p.ppp(packet4) },
  { name: 'PPP without address and control', linkType: LINK.PPP, bytes: p.ppp(packet6, { addressControl: false }) },
  { name: 'PPP, compressed protocol field', linkType: LINK.PPP, bytes: p.ppp(packet4, { compressed: true }) },
  {
    name: 'PPP, bare and compressed',
    linkType: LINK.PPP_HDLC,
    bytes: p.ppp(packet6, { compressed: true, addressControl: false }),
  },
  { name: 'PPP link type, Cisco framing', linkType: LINK.PPP_HDLC, bytes: p.chdlc(packet4) },
  { name: 'PPP with MPLS', linkType: LINK.PPP, bytes: p.ppp(p.mpls([16], packet4), { protocol: 0x0281 }) },
  {
    name: 'PPP with direction, sent',
    linkType: LINK.PPP_WITH_DIRECTION,
    bytes: p.concat(p.u8(1), p.ppp(packet4)),
    direction: DIRECTION.OUTGOING,
  },
  { name: 'Cisco HDLC', linkType: LINK.C_HDLC, bytes: p.chdlc(packet6) },
  { name: 'PPPoE alone', linkType: LINK.PPP_ETHER, bytes: p.pppoe(packet4) },
  { name: 'FDDI', linkType: LINK.FDDI, bytes: p.concat(p.fill(13), p.llcSnap(packet4)) },
  { name: '802.11', linkType: LINK.IEEE802_11, bytes: p.ieee80211(packet4) },
  {
    name: '802.11 with QoS and HT control',
    linkType: LINK.IEEE802_11,
    bytes: p.ieee80211(packet6, { qos: true, htControl: true }),
  },
  {
    name: '802.11 with four addresses',
    linkType: LINK.IEEE802_11,
    bytes: p.ieee80211(packet4, { fourAddresses: true, qos: true }),
  },
  { name: '802.11 aggregate', linkType: LINK.IEEE802_11, bytes: p.ieee80211(packet4, { aggregate: true }) },
  { name: 'radiotap', linkType: LINK.RADIOTAP, bytes: p.radiotap(p.ieee80211(packet4)) },
  {
    name: 'radiotap with check sequence and pad',
    linkType: LINK.RADIOTAP,
    bytes: p.radiotap(p.ieee80211(packet4, { qos: true, dataPad: true, fcs: true }), 0x30),
  },
  {
    name: 'radiotap with timestamp and two presence words',
    linkType: LINK.RADIOTAP,
    bytes: p.radiotap(p.ieee80211(packet4, { qos: true, dataPad: true }), 0x20, { tsft: true, extended: true }),
  },
  { name: 'Prism', linkType: LINK.PRISM, bytes: p.prism(p.ieee80211(packet4)) },
  { name: 'AVS', linkType: LINK.AVS, bytes: p.avs(p.ieee80211(packet4)) },
  { name: 'AVS under the number of Prism', linkType: LINK.PRISM, bytes: p.avs(p.ieee80211(packet4)) },
  {
    name: 'NFLOG, input',
    linkType: LINK.NFLOG,
    bytes: p.nflog(packet4, { hook: 1, interfaceIn: 4, prefix: 'drop: ' }),
    direction: DIRECTION.INCOMING,
    interfaceIndex: 4,
  },
  {
    name: 'NFLOG, output, IPv6',
    linkType: LINK.NFLOG,
    bytes: p.nflog(packet6, { hook: 3, interfaceOut: 5 }),
    direction: DIRECTION.OUTGOING,
    interfaceIndex: 5,
  },
  {
    name: 'NFLOG, forwarded',
    linkType: LINK.NFLOG,
    bytes: p.nflog(packet4, { hook: 2, interfaceIn: 4, interfaceOut: 5 }),
    interfaceIndex: 4,
  },
];

const INTERNET: readonly Row[] = [
  {
    name: 'IPv4 options',
    bytes: p.ethernet(
      p.ipv4(p.tcp({ ...V4, ...FIELDS, options: p.opt.mss(1460), payload: p.ascii('hello') }), {
        ...V4,
        ttl: 57,
        id: 0x1234,
        options: p.hex('94040000 01010101'),
      }),
    ),
  },
  ...Object.entries({
    hopByHop: [p.ext.hopByHop()],
    routing: [p.ext.routing()],
    destination: [p.ext.destination()],
    mobility: [p.ext.mobility()],
    authentication: [p.ext.authentication()],
    all: [p.ext.hopByHop(), p.ext.destination(), p.ext.routing(), p.ext.authentication(), p.ext.destination()],
  }).map(([name, extensions]) => ({
    name: `IPv6 extension headers: ${name}`,
    bytes: p.ethernet(
      p.ipv6(p.tcp({ ...V6, ...FIELDS, options: p.opt.mss(1460), payload: p.ascii('hello') }), {
        ...V6,
        hopLimit: 57,
        extensions,
      }),
    ),
  })),
];

const ipInIp6 = (payload: Uint8Array, nextHeader: number): Uint8Array =>
  p.ethernet(p.ipv6(payload, { ...OUTER6, nextHeader }));
const tunnel6: Network = { vlan: [], tunnel: { kind: 'ip6tnl', outer: ['2001:db8:1::1', '2001:db8:1::9'], id: null } };

const TUNNELS: readonly Row[] = [
  { name: 'IPv4 in IPv4', bytes: overIp(packet4, 4), network: tunnel('ipip'), ethernetAt: null },
  { name: 'IPv6 in IPv4', bytes: overIp(packet6, 41), network: tunnel('6in4') },
  { name: 'IPv4 in IPv6', bytes: ipInIp6(packet4, 4), network: tunnel6 },
  { name: 'IPv6 in IPv6', bytes: ipInIp6(packet6, 41), network: tunnel6 },
  { name: 'GRE', bytes: overIp(p.gre(packet4), 47), network: tunnel('gre') },
  {
    name: 'GRE with everything',
    bytes: overIp(p.gre(packet6, { checksum: true, key: 0xfffffffe, sequence: 3 }), 47),
    network: tunnel('gre', 0xfffffffe),
  },
  { name: 'GRE with key 0', bytes: overIp(p.gre(packet4, { key: 0 }), 47), network: tunnel('gre', 0) },
  {
    name: 'GRE with a source route',
    bytes: overIp(p.concat(p.u16(0x4000, 0x0800, 0, 0), p.hex('08000004 01020304 00000000'), packet4), 47),
    network: tunnel('gre'),
  },
  {
    name: 'GRE around Ethernet',
    bytes: overIp(p.gre(p.ethernet(packet4, { tags: [7] }), { protocol: 0x6558 }), 47),
    network: { ...tunnel('gre'), vlan: [7] },
    ethernetAt: 38,
  },
  {
    name: 'GRE around MPLS',
    bytes: overIp(p.gre(p.mpls([16], packet4), { protocol: 0x8847 }), 47),
    network: tunnel('gre'),
  },
  {
    name: 'PPTP',
    bytes: overIp(p.pptp(p.ppp(packet4), { callId: 3, sequence: 1, acknowledgment: 2 }), 47),
    network: tunnel('gre'),
  },
  {
    name: 'PPTP without a sequence number',
    bytes: overIp(p.pptp(p.ppp(packet6, { addressControl: false })), 47),
    network: tunnel('gre'),
  },
  {
    name: 'WCCP with a redirect header',
    bytes: overIp(p.gre(p.concat(p.u32(0), packet4), { protocol: 0x883e }), 47),
    network: tunnel('gre'),
  },
  { name: 'ERSPAN I', bytes: overIp(p.erspan(p.ethernet(packet4), { type: 1 }), 47), network: tunnel('erspan') },
  {
    name: 'ERSPAN II',
    bytes: overIp(p.erspan(p.ethernet(packet4), { type: 2, session: 33 }), 47),
    network: tunnel('erspan', 33),
  },
  {
    name: 'ERSPAN II, tag taken off',
    bytes: overIp(p.erspan(p.ethernet(packet4), { type: 2, session: 0x1000 | 33, vlan: 55 }), 47),
    network: { ...tunnel('erspan', 33), vlan: [55] },
  },
  {
    name: 'ERSPAN III',
    bytes: overIp(p.erspan(p.ethernet(packet6), { type: 3, session: 34 }), 47),
    network: tunnel('erspan', 34),
  },
  {
    name: 'ERSPAN III, platform part',
    bytes: overIp(p.erspan(p.ethernet(packet4), { type: 3, session: 34, platform: true }), 47),
    network: tunnel('erspan', 34),
  },
  {
    name: 'VXLAN',
    bytes: overUdp(p.vxlan(p.ethernet(packet4), 0xabcdef), 4789),
    network: tunnel('vxlan', 0xabcdef),
    ethernetAt: 50,
  },
  {
    name: 'VXLAN on the port of old Linux',
    bytes: overUdp(p.vxlan(p.ethernet(packet6), 5), 8472),
    network: tunnel('vxlan', 5),
  },
  { name: 'VXLAN-GPE around IP', bytes: overUdp(p.vxlanGpe(packet4, 5, 1), 4790), network: tunnel('vxlan', 5) },
  {
    name: 'VXLAN-GPE around Ethernet',
    bytes: overUdp(p.vxlanGpe(p.ethernet(packet4), 5, 3), 4790),
    network: tunnel('vxlan', 5),
  },
  { name: 'Geneve', bytes: overUdp(p.geneve(p.ethernet(packet4), 6), 6081), network: tunnel('geneve', 6) },
  {
    name: 'Geneve with options around IP',
    bytes: overUdp(p.geneve(packet6, 6, { type: 0x86dd, options: p.fill(12, 1) }), 6081),
    network: tunnel('geneve', 6),
  },
  { name: 'GTP-U', bytes: overUdp(p.gtpu(packet4, { teid: 77 }), 2152), network: tunnel('gtp-u') },
  {
    name: 'GTP-U with sequence number',
    bytes: overUdp(p.gtpu(packet6, { sequence: 7 }), 2152),
    network: tunnel('gtp-u'),
  },
  {
    name: 'GTP-U with an extension header',
    bytes: overUdp(p.gtpu(packet4, { extension: { type: 0x85, bytes: p.hex('01 0009 00') } }), 2152),
    network: tunnel('gtp-u'),
  },
  {
    name: 'Teredo with authentication and origin',
    bytes: overUdp(p.concat(p.hex('0001 00 00'), p.fill(9), p.hex('0000 0102 03040506'), packet6), 3544),
    network: tunnel('teredo'),
  },
  { name: 'GRE in UDP', bytes: overUdp(p.gre(packet4), 4754), network: tunnel('gre') },
  { name: 'MPLS in UDP', bytes: overUdp(p.mpls([16], packet4), 6635), network: tunnel('mpls') },
  { name: 'MPLS in IP', bytes: overIp(p.mpls([16], packet4), 137), network: tunnel('mpls') },
  { name: 'EtherIP', bytes: overIp(p.concat(p.u16(0x3000), p.ethernet(packet4)), 97), network: tunnel('etherip') },
  {
    name: 'authentication header',
    bytes: overIp(p.concat(p.hex('04040000 00000001 00000001'), p.fill(12), packet4), 51),
    network: tunnel('ipip'),
  },
  {
    name: 'a tunnel in a tunnel: the innermost counts',
    bytes: p.ethernet(
      p.ipv6(
        p.gre(
          p.ipv4(p.udp(p.vxlan(p.ethernet(packet4), 5), { ...OUTER, destinationPort: 4789 }), {
            ...OUTER,
            protocol: 17,
          }),
        ),
        { ...OUTER6, nextHeader: 47 },
      ),
    ),
    network: tunnel('vxlan', 5),
  },
];

const ROWS = [...LINKS, ...INTERNET, ...TUNNELS];

function wholeSegment(row: Row, { stop, segment, ends, network }: Decoded): void {
  assert.equal(stop, STOP.SEGMENT);
  const isIpv6 = ends.includes('2001:');
  assert.equal(ends, isIpv6 ? '2001:db8::1:40000 > 2001:db8::2:80' : '10.0.0.1:40000 > 10.0.0.2:80');
  assert.equal(segment.family, isIpv6 ? 6 : 4);
  assert.equal(segment.sequence, 0x89abcdef);
  assert.equal(segment.acknowledgment, 0xfedcba98);
  assert.equal(segment.flags, 0x12);
  assert.equal(segment.window, 4321);
  assert.equal(segment.payloadLength, 5);
  assert.equal(segment.tcpHeaderLength, 24);
  assert.equal(segment.tcpLength, 29);
  assert.equal(segment.capturedEnd - segment.tcpAt, 29);
  assert.equal(segment.ttl, 57);
  assert.equal(segment.ipId, isIpv6 ? -1 : 0x1234);
  assert.ok(segment.hasSequence && segment.hasFlags && !segment.malformed && !segment.fragmented);
  assert.deepEqual(network, row.network ?? { vlan: [], tunnel: null });
  assert.equal(segment.direction, row.direction ?? DIRECTION.UNKNOWN);
  assert.equal(segment.interfaceIndex, row.interfaceIndex ?? -1);
  if (row.ethernetAt === null) assert.equal(segment.ethernetAt, -1);
  else if (row.ethernetAt !== undefined) assert.equal(segment.ethernetAt - 64, row.ethernetAt);
}

for (const row of ROWS) {
  test(`${row.name}: the segment is found, and its network`, () => {
    wholeSegment(row, decodeFrame(row.bytes, row.linkType ?? LINK.ETHERNET));
  });
}

for (const row of ROWS) {
  test(`${row.name}: cut at any length, what is there is used and no more`, () => {
    const linkType = row.linkType ?? LINK.ETHERNET;
    const whole = decodeFrame(row.bytes, linkType);
    const tcpAt = whole.segment.tcpAt - 64;
    for (let length = 0; length < row.bytes.length; length++) {
      const frame = row.bytes.slice(0, length);
      const cut = decodeFrame(frame, linkType, { originalLength: row.bytes.length });
      const there = length - tcpAt;
      assert.equal(cut.stop, there >= 4 ? STOP.SEGMENT : STOP.CUT, `${length} octets`);
      if (cut.stop !== STOP.SEGMENT) continue;
      assert.equal(cut.ends, whole.ends);
      assert.deepEqual(cut.network, whole.network);
      assert.equal(cut.segment.hasSequence, there >= 8);
      assert.equal(cut.segment.sequence, there >= 8 ? 0x89abcdef : 0);
      assert.equal(cut.segment.hasFlags, there >= 14);
      assert.equal(cut.segment.payloadLength, there >= 14 ? 5 : 0);
      assert.equal(cut.segment.flags, there >= 14 ? 0x12 : 0);
      assert.equal(cut.segment.window, there >= 16 ? 4321 : 0);
      assert.equal(cut.segment.capturedEnd - 64, Math.min(length, tcpAt + 29));
      assert.equal(cut.segment.malformed, false);
    }
  });
}
