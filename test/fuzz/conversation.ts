/**
 * Segments of few hosts and ports whose flags, numbers, options and order no honest pair would send, or nearly: what drives the state machine deep, where
 * changed octets alone would only reach the decoder.
 */
import * as p from '../support/packet-bytes.ts';
import type { Choice } from './choice.ts';

const HOSTS = ['10.0.0.1', '10.0.0.2', '10.0.0.3'] as const;
const HOSTS6 = ['2001:db8::1', '2001:db8::2', '2001:db8::3'] as const;
const PORTS = [80, 443, 40_000, 40_001] as const;
const FLAGS = [
  'S',
  'S',
  'S',
  'S.',
  'S.',
  '.',
  '.',
  'P.',
  'R',
  'R.',
  'F.',
  'SF',
  'SR',
  '',
  'SPFU',
  'SEW',
  'S.E',
] as const;
const STEPS = [0, 0, 1, 1, 1, 2, 10, 1460, 65_536, -1, -2, 0x7fff_ffff, 0x8000_0000] as const;
const OPTIONS: readonly Uint8Array[] = [
  p.u8(),
  p.tcpOptions(p.opt.mss(1460)),
  p.tcpOptions(p.opt.mss(1460), p.opt.nop(), p.opt.windowScale(7), p.option(8, p.u32(1, 0))),
  p.tcpOptions(p.option(34)),
  p.tcpOptions(p.option(34, p.u8(1, 2, 3, 4, 5, 6, 7, 8))),
  p.tcpOptions(p.option(253, p.fill(20))),
  p.u8(2, 0, 0, 0),
  p.u8(3, 40, 1, 1),
  p.u8(254, 1, 255, 2),
];
const ISNS = [0, 1000, 0xffff_fffe] as const;

/** Ethernet frames in their order; an ICMP error that quotes one of them now and then. */
export function conversation(choice: Choice, length: number): Uint8Array[] {
  const hosts = choice.once(6) ? HOSTS6 : HOSTS;
  const packets: Uint8Array[] = [];
  for (let left = length; left > 0; left--) {
    const quoted = packets.length > 0 && choice.once(12) ? choice.of(packets) : null;
    packets.push(quoted === null ? segment(choice, hosts) : error(choice, hosts, quoted));
    if (choice.once(8)) packets.push(choice.of(packets));
  }
  return packets.map((packet) => p.ethernet(packet));
}

function segment(choice: Choice, hosts: readonly string[]): Uint8Array {
  const flags = choice.of(FLAGS);
  return p.tcpPacket({
    from: choice.of(hosts),
    to: choice.of(hosts),
    sourcePort: choice.of(PORTS),
    destinationPort: choice.of(PORTS),
    sequence: (choice.of(ISNS) + choice.of(STEPS)) >>> 0,
    acknowledgment: (choice.of(ISNS) + choice.of(STEPS)) >>> 0,
    flags,
    window: choice.of([0, 1, 64_240, 65_535]),
    ttl: choice.of([1, 63, 64, 128, 255]),
    id: choice.below(4),
    options: choice.of(OPTIONS),
    payload: choice.once(3) ? p.fill(choice.below(40)) : p.u8(),
    checksum: choice.of(['right', 'right', 'wrong', 'unfilled']),
  });
}

function error(choice: Choice, hosts: readonly string[], quoted: Uint8Array): Uint8Array {
  const is6 = (quoted[0] ?? 0) >> 4 === 6;
  const type = is6 ? choice.of([1, 2, 3, 4]) : choice.of([3, 4, 5, 11, 12]);
  return p.icmpError(quoted, { from: choice.of(hosts), to: choice.of(hosts), type, code: choice.below(16) });
}
