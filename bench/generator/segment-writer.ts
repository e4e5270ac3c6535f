/**
 * TCP segments as records of a classic pcap (little-endian, microseconds, Ethernet, IPv4), with right checksums, into one buffer that is handed on
 * whenever it is full. Made for millions of packets: nothing is allocated for each.
 */
import { pcapHeader } from '../../src/capture/write.ts';
import { FLAG } from '../../src/wire/segment.ts';

/** What the frame does not know by itself. Numbers are unsigned 32-bit; addresses IPv4. */
export interface Conversation {
  readonly clientAddress: number;
  readonly serverAddress: number;
  readonly clientPort: number;
  readonly serverPort: number;
  readonly clientTtl: number;
}

/** Full-size segments on Ethernet: 1,500 octets less two headers of 20. */
export const FULL_SEGMENT = 1460;

const LINKTYPE_ETHERNET = 1;
const RECORD_HEADER = 16;
const ETHERNET = 14;
const IPV4 = 20;
const TCP = 20;
/** The MSS option, on SYN and SYN-ACK. */
const MSS_OPTION = 4;
/** Ethernet's shortest frame without its checksum (IEEE 802.3 §3.2.8): shorter ones are padded. */
const SHORTEST_FRAME = 60;
const BUFFER_SIZE = 4 * 1024 * 1024;
const LONGEST_RECORD = RECORD_HEADER + ETHERNET + IPV4 + TCP + FULL_SEGMENT;
const SERVER_TTL = 64;
/** Monday, 2 November 2026, 09:00 UTC. */
const START_SECONDS = 1_793_610_000;

/** Octets of the record in the file. */
export function recordLength(flags: number, payload: number): number {
  return RECORD_HEADER + Math.max(SHORTEST_FRAME, ETHERNET + IPV4 + headerLength(flags) + payload);
}

export class SegmentWriter {
  packets = 0;
  bytes = 0;
  private readonly write: (bytes: Uint8Array) => void;
  private readonly buffer = new Uint8Array(BUFFER_SIZE);
  private readonly view = new DataView(this.buffer.buffer);
  private at = 0;
  private ipId = 0;
  private readonly payload: Uint8Array;
  /** For each length, the one's complement sum of so much payload (RFC 1071), not folded. */
  private readonly payloadSums: Uint32Array;

  /** @param write takes each full buffer; it is valid until the call returns. */
  constructor(payload: Uint8Array, write: (bytes: Uint8Array) => void) {
    this.write = write;
    this.payload = payload;
    this.payloadSums = prefixSums(payload);
    this.write(pcapHeader({ linkType: LINKTYPE_ETHERNET }));
    this.bytes = 24;
  }

  /** @param micros since the capture's start. */
  add(
    micros: number,
    who: Conversation,
    fromClient: boolean,
    flags: number,
    sequence: number,
    acknowledgment: number,
    payload: number,
  ): void {
    if (this.at + LONGEST_RECORD > BUFFER_SIZE) this.flush();
    const { view } = this;
    const length = recordLength(flags, payload);
    const tcpLength = headerLength(flags) + payload;
    const ip = this.at + RECORD_HEADER + ETHERNET;
    this.writeFraming(micros, fromClient, length - RECORD_HEADER);
    // What an earlier buffer left behind here must not pass for padding.
    this.buffer.fill(0, ip + IPV4 + tcpLength, this.at + length);
    this.writeIpv4(ip, who, fromClient, IPV4 + tcpLength);
    const tcp = ip + IPV4;
    view.setUint16(tcp, fromClient ? who.clientPort : who.serverPort);
    view.setUint16(tcp + 2, fromClient ? who.serverPort : who.clientPort);
    view.setUint32(tcp + 4, sequence);
    view.setUint32(tcp + 8, acknowledgment);
    view.setUint16(tcp + 12, (headerLength(flags) << 10) | flags);
    view.setUint16(tcp + 14, 64_240);
    view.setUint32(tcp + 16, 0);
    if ((flags & FLAG.SYN) !== 0) view.setUint32(tcp + 20, 0x0204_0000 | FULL_SEGMENT);
    if (payload > 0) this.buffer.set(this.payload.subarray(0, payload), tcp + headerLength(flags));
    const pseudo = sum(view, ip + 12, 8) + 6 + tcpLength;
    const total = pseudo + sum(view, tcp, headerLength(flags)) + (this.payloadSums[payload] as number);
    view.setUint16(tcp + 16, complement(total));
    this.at += length;
    this.packets += 1;
  }

  /** Hands on what is left. */
  flush(): void {
    this.write(this.buffer.subarray(0, this.at));
    this.bytes += this.at;
    this.at = 0;
  }

  private writeFraming(micros: number, fromClient: boolean, length: number): void {
    const { view, at } = this;
    const seconds = Math.floor(micros / 1_000_000);
    view.setUint32(at, START_SECONDS + seconds, true);
    view.setUint32(at + 4, micros - seconds * 1_000_000, true);
    view.setUint32(at + 8, length, true);
    view.setUint32(at + 12, length, true);
    // Locally administered addresses: the server's, and that of the router before it.
    const frame = at + RECORD_HEADER;
    view.setUint32(frame, 0x0200_0000);
    view.setUint16(frame + 4, fromClient ? 1 : 2);
    view.setUint32(frame + 6, 0x0200_0000);
    view.setUint16(frame + 10, fromClient ? 2 : 1);
    view.setUint16(frame + 12, 0x0800);
  }

  private writeIpv4(ip: number, who: Conversation, fromClient: boolean, totalLength: number): void {
    const { view } = this;
    this.ipId = (this.ipId + 1) & 0xffff;
    view.setUint16(ip, 0x4500);
    view.setUint16(ip + 2, totalLength);
    view.setUint16(ip + 4, this.ipId);
    view.setUint16(ip + 6, 0x4000);
    view.setUint16(ip + 8, ((fromClient ? who.clientTtl : SERVER_TTL) << 8) | 6);
    view.setUint16(ip + 10, 0);
    view.setUint32(ip + 12, fromClient ? who.clientAddress : who.serverAddress);
    view.setUint32(ip + 16, fromClient ? who.serverAddress : who.clientAddress);
    view.setUint16(ip + 10, complement(sum(view, ip, IPV4)));
  }
}

function headerLength(flags: number): number {
  return (flags & FLAG.SYN) !== 0 ? TCP + MSS_OPTION : TCP;
}

function sum(view: DataView, at: number, length: number): number {
  let total = 0;
  for (let end = at + length; at < end; at += 2) total += view.getUint16(at);
  return total;
}

function complement(total: number): number {
  let folded = (total & 0xffff) + (total >>> 16);
  folded = (folded & 0xffff) + (folded >>> 16);
  return ~folded & 0xffff;
}

function prefixSums(payload: Uint8Array): Uint32Array {
  const sums = new Uint32Array(payload.length + 1);
  payload.forEach((octet, i) => {
    sums[i + 1] = (sums[i] as number) + (i % 2 === 0 ? octet << 8 : octet);
  });
  return sums;
}
