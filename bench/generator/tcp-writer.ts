/** The TCP header and payload of a segment, with its checksum: what the writers of captures have in common. */
import { FLAG } from '../../src/wire/segment.ts';

/** What the frame does not know by itself. Numbers are unsigned 32-bit; addresses IPv4. */
export interface Conversation {
  readonly clientAddress: number;
  readonly serverAddress: number;
  readonly clientPort: number;
  readonly serverPort: number;
  readonly clientTtl: number;
}

/** A segment of a conversation. */
export interface WrittenSegment {
  readonly who: Conversation;
  readonly fromClient: boolean;
  readonly flags: number;
  readonly sequence: number;
  readonly acknowledgment: number;
  /** Octets. */
  readonly payload: number;
}

/** Full-size segments on Ethernet: 1,500 octets less two headers of 20. */
export const FULL_SEGMENT = 1460;
/** Octets of the header without options. */
export const TCP = 20;
/** The MSS option, on SYN and SYN-ACK. */
const MSS_OPTION = 4;

/**
 * @param sums of the payload: see prefixSums
 * @param pseudo sum of the pseudo-header's words, not folded
 */
export function writeTcp(
  buffer: Uint8Array,
  view: DataView,
  at: number,
  { who, fromClient, flags, sequence, acknowledgment, payload }: WrittenSegment,
  content: Uint8Array,
  sums: Uint32Array,
  pseudo: number,
): void {
  view.setUint16(at, fromClient ? who.clientPort : who.serverPort);
  view.setUint16(at + 2, fromClient ? who.serverPort : who.clientPort);
  view.setUint32(at + 4, sequence);
  view.setUint32(at + 8, acknowledgment);
  view.setUint16(at + 12, (headerLength(flags) << 10) | flags);
  view.setUint16(at + 14, 64_240);
  view.setUint32(at + 16, 0);
  if ((flags & FLAG.SYN) !== 0) view.setUint32(at + 20, 0x0204_0000 | FULL_SEGMENT);
  if (payload > 0) buffer.set(content.subarray(0, payload), at + headerLength(flags));
  view.setUint16(at + 16, complement(pseudo + sum(view, at, headerLength(flags)) + (sums[payload] as number)));
}

export function headerLength(flags: number): number {
  return (flags & FLAG.SYN) !== 0 ? TCP + MSS_OPTION : TCP;
}

/** Of 16-bit words (RFC 1071), not folded. */
export function sum(view: DataView, at: number, length: number): number {
  let total = 0;
  for (let end = at + length; at < end; at += 2) total += view.getUint16(at);
  return total;
}

export function complement(total: number): number {
  let folded = (total & 0xffff) + (total >>> 16);
  folded = (folded & 0xffff) + (folded >>> 16);
  return ~folded & 0xffff;
}

/** For each length, the one's complement sum of so much payload (RFC 1071), not folded. */
export function prefixSums(payload: Uint8Array): Uint32Array {
  const sums = new Uint32Array(payload.length + 1);
  payload.forEach((octet, i) => {
    sums[i + 1] = (sums[i] as number) + (i % 2 === 0 ? octet << 8 : octet);
  });
  return sums;
}
