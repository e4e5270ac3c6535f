/**
 * The TCP checksum (RFC 9293 §3.1, RFC 1071), and that of the UDP datagram (RFC 768) of a tunnel around it, verified when somebody asks. A wrong one is no reason to drop a packet: where a
 * host captures its own packets before the network card, the field is not filled in yet.
 */
import { KIND, type Segment } from './segment.ts';
import { CHECKSUM as CHECKSUM_AT, MIN_LENGTH } from './tcp.ts';

export const CHECKSUM = {
  /** Not all octets are there: cut, a fragment, or quoted by an ICMP error. */
  UNKNOWN: 0,
  GOOD: 1,
  BAD: 2,
  /** What a sender leaves to its network card: the sum of the pseudo-header alone. */
  UNFILLED: 3,
} as const;
export type Checksum = (typeof CHECKSUM)[keyof typeof CHECKSUM];

const TCP = 6;
const UDP = 17;
const UDP_LENGTH = 4;
const UDP_CHECKSUM = 6;

/** Reads `segment.view`: only while the segment is valid. */
export function tcpChecksum(segment: Segment): Checksum {
  const { view, tcpAt, tcpLength } = segment;
  const whole = tcpLength >= MIN_LENGTH && tcpAt + tcpLength <= segment.capturedEnd;
  if (segment.kind !== KIND.TCP || segment.fragmented || !whole) return CHECKSUM.UNKNOWN;
  const addresses = addressSum(segment) + TCP;
  const pseudo = addresses + (tcpLength >>> 16) + (tcpLength & 0xffff);
  if (fold(pseudo + octetSum(view, tcpAt, tcpLength)) === 0xffff) return CHECKSUM.GOOD;
  const field = view.getUint16(tcpAt + CHECKSUM_AT);
  // Linux leaves the sum with the length for a single packet, and without it where the card cuts a large one into several.
  if (field === fold(pseudo) || field === fold(addresses)) return CHECKSUM.UNFILLED;
  return CHECKSUM.BAD;
}

/** Of the UDP datagram that a tunnel carries the segment in. UNKNOWN as well where it has none: 0 stands for that. */
export function outerChecksum(segment: Segment): Checksum {
  const { view, udpAt } = segment;
  if (udpAt < 0 || segment.kind !== KIND.TCP || segment.fragmented) return CHECKSUM.UNKNOWN;
  const field = view.getUint16(udpAt + UDP_CHECKSUM);
  if (field === 0) return CHECKSUM.UNKNOWN;
  const length = view.getUint16(udpAt + UDP_LENGTH);
  const pseudo = segment.udpAddressSum + UDP + length;
  if (fold(pseudo + octetSum(view, udpAt, length)) === 0xffff) return CHECKSUM.GOOD;
  return field === fold(pseudo) ? CHECKSUM.UNFILLED : CHECKSUM.BAD;
}

/** Of the 16-bit words of both addresses. */
export function addressSum(segment: Segment): number {
  // The words of a mapped IPv4 address would count its 0xffff, which is nought in ones' complement, but not in a partial sum.
  const low = halves(segment.source3) + halves(segment.destination3);
  if (segment.family === 4) return low;
  return (
    low +
    halves(segment.source0) +
    halves(segment.source1) +
    halves(segment.source2) +
    halves(segment.destination0) +
    halves(segment.destination1) +
    halves(segment.destination2)
  );
}

function halves(word: number): number {
  return (word >>> 16) + (word & 0xffff);
}

function octetSum(view: DataView, at: number, length: number): number {
  const even = at + (length & ~1);
  let sum = 0;
  for (let position = at; position < even; position += 2) sum += view.getUint16(position);
  return (length & 1) === 0 ? sum : sum + (view.getUint8(even) << 8);
}

/** Ones' complement sum in 16 bits. `sum` is below 2^36: TCP is at most 2^20 octets in practice, 2^32 in a jumbogram. */
function fold(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = (folded % 0x10000) + Math.floor(folded / 0x10000);
  return folded;
}
