/** What mutation starts from: every link type, tunnel and nesting that is read, as frames; and the captures of fixtures/. */
import { readFileSync } from 'node:fs';
import { readWhole } from '../support/capture-bytes.ts';
import { LINK } from '../support/decoding.ts';
import { captureFiles, capturesOf, writtenScripts } from '../support/fixture-files.ts';
import * as p from '../support/packet-bytes.ts';

export interface FrameSeed {
  readonly linkType: number;
  readonly bytes: Uint8Array;
}

const V4 = { from: '10.0.0.1', to: '10.0.0.2' } as const;
const V6 = { from: '2001:db8::1', to: '2001:db8::2' } as const;
const OPTIONS = p.tcpOptions(
  p.opt.mss(1460),
  p.opt.nop(),
  p.opt.windowScale(7),
  p.option(8, p.u32(1, 0)),
  p.option(34),
);

/** Octets: longer captures are left out, so that many inputs fit into a minute. */
const CAPTURE_LIMIT = 6000;

function packets(): Uint8Array[] {
  const syn = p.tcpPacket({ ...V4, flags: 'S', options: OPTIONS });
  const synAck6 = p.tcpPacket({ ...V6, flags: 'S.', options: OPTIONS });
  const chain = [p.ext.hopByHop(), p.ext.routing(), p.ext.destination(), p.ext.mobility()];
  return [
    syn,
    synAck6,
    p.tcpPacket({ ...V4, flags: 'R' }),
    p.ipv4(p.tcp({ ...V4, options: OPTIONS }), { ...V4, options: p.hex('94040000 01010101') }),
    p.ipv6(p.tcp(V6), { ...V6, extensions: chain }),
    ...p.ipv4Fragments(p.tcp({ ...V4, options: OPTIONS }), V4, [16, 32]),
    ...p.ipv6Fragments(p.tcp({ ...V6, options: OPTIONS }), V6, [16]),
    p.icmpError(syn, { ...V4, type: 3, code: 13 }),
    p.icmpError(syn, { ...V4, type: 11, octets: 28 }),
    p.icmpError(synAck6, { ...V6, type: 1, code: 1 }),
  ];
}

/** Each tunnel around a packet: the result is a packet again, so that they nest. */
export const TUNNELS: readonly ((packet: Uint8Array) => Uint8Array)[] = [
  (packet) => p.ipv4(p.gre(packet, { key: 7, checksum: true, sequence: 1 }), { ...V4, protocol: 47 }),
  (packet) => p.ipv4(p.gre(p.ethernet(packet), { protocol: 0x6558 }), { ...V4, protocol: 47 }),
  (packet) => p.ipv4(p.erspan(p.ethernet(packet), { type: 1 }), { ...V4, protocol: 47 }),
  (packet) => p.ipv4(p.erspan(p.ethernet(packet), { type: 2 }), { ...V4, protocol: 47 }),
  (packet) => p.ipv4(p.erspan(p.ethernet(packet), { type: 3, platform: true }), { ...V4, protocol: 47 }),
  (packet) => p.ipv4(p.pptp(p.ppp(packet), { sequence: 1 }), { ...V4, protocol: 47 }),
  (packet) => p.ipv4(packet, { ...V4, protocol: (packet[0] ?? 0) >> 4 === 6 ? 41 : 4 }),
  (packet) => p.ipv6(packet, { ...V6, nextHeader: (packet[0] ?? 0) >> 4 === 6 ? 41 : 4 }),
  (packet) => p.ipv4(p.mpls([16], packet), { ...V4, protocol: 137 }),
  (packet) => overUdp(p.vxlan(p.ethernet(packet, { tags: [5] }), 42), 4789),
  (packet) => overUdp(p.vxlanGpe(packet, 42, 1), 4790),
  (packet) => overUdp(p.geneve(p.ethernet(packet), 42, { options: p.fill(8) }), 6081),
  (packet) => overUdp(p.gtpu(packet, { sequence: 1, extension: { type: 0, bytes: p.u8(1, 0, 0, 0) } }), 2152),
  (packet) => overUdp(packet, 3544),
];

function overUdp(payload: Uint8Array, destinationPort: number): Uint8Array {
  return p.ipv4(p.udp(payload, { ...V4, destinationPort }), { ...V4, protocol: 17 });
}

export function frameSeeds(): FrameSeed[] {
  const plain = packets();
  const nested = plain.flatMap((packet) => TUNNELS.map((tunnel) => tunnel(packet)));
  const deep = TUNNELS.map((tunnel) => tunnel(tunnel(tunnel(plain[0] as Uint8Array))));
  const onEthernet = [...plain, ...nested, ...deep].map((packet) => p.ethernet(packet));
  const first = plain[0] as Uint8Array;
  const links: FrameSeed[] = plain.flatMap((packet) => [
    { linkType: LINK.ETHERNET, bytes: p.ethernet(packet, { tags: [1, { id: 2, tpid: 0x88a8 }, 3] }) },
    { linkType: LINK.ETHERNET, bytes: p.ethernet(p.mpls([16, 17], packet), { type: 0x8847 }) },
    { linkType: LINK.ETHERNET, bytes: p.ethernet(p.pppoe(packet), { type: 0x8864 }) },
    { linkType: LINK.ETHERNET, bytes: p.ethernet8023(packet) },
    { linkType: 113, bytes: p.sll(packet) },
    { linkType: 276, bytes: p.sll2(packet) },
    { linkType: 0, bytes: p.nullLink(packet, (packet[0] ?? 0) >> 4 === 6 ? 30 : 2) },
    { linkType: 108, bytes: p.loop(packet, 2) },
    { linkType: 9, bytes: p.ppp(packet) },
    { linkType: 104, bytes: p.chdlc(packet) },
    { linkType: 101, bytes: packet },
    { linkType: 105, bytes: p.ieee80211(packet, { qos: true, fourAddresses: true }) },
    { linkType: 127, bytes: p.radiotap(p.ieee80211(packet, { aggregate: true })) },
    { linkType: 119, bytes: p.prism(p.ieee80211(packet)) },
    { linkType: 163, bytes: p.avs(p.ieee80211(packet)) },
    { linkType: 239, bytes: p.nflog(packet) },
  ]);
  const everyNumber = Array.from({ length: 300 }, (_, linkType) => ({ linkType, bytes: p.ethernet(first) }));
  return [...onEthernet.map((bytes) => ({ linkType: LINK.ETHERNET, bytes })), ...links, ...everyNumber];
}

/** Short captures of fixtures/, not compressed; and the frames in them. */
export function captureSeeds(): Uint8Array[] {
  const recorded = captureFiles()
    .filter((file) => !/\.(gz|zst|lz4)$/.test(file))
    .map((file) => new Uint8Array(readFileSync(file)));
  const written = writtenScripts().flatMap((script) => capturesOf(script).map(({ bytes }) => bytes));
  return [...recorded, ...written].filter(({ length }) => length <= CAPTURE_LIMIT);
}

export function framesOf(captures: readonly Uint8Array[]): FrameSeed[] {
  return captures.flatMap((bytes) =>
    readWhole(bytes).frames.map((frame) => ({ linkType: frame.linkType, bytes: p.hex(frame.bytes) })),
  );
}
