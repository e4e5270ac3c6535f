/**
 * TCP segments as records of a classic pcap (little-endian, microseconds, Ethernet, IPv4), with right checksums, into one buffer that is handed on
 * whenever it is full.
 */
import { pcapHeader } from '../../src/capture/write.ts';
import {
  type Conversation,
  complement,
  FULL_SEGMENT,
  headerLength,
  prefixSums,
  sum,
  TCP,
  writeTcp,
} from './tcp-writer.ts';

const LINKTYPE_ETHERNET = 1;
const RECORD_HEADER = 16;
const ETHERNET = 14;
const IPV4 = 20;
/** Ethernet's shortest frame without its checksum (IEEE 802.3 §3.2.8): shorter ones are padded. */
const SHORTEST_FRAME = 60;
const BUFFER_SIZE = 4 * 1024 * 1024;
const LONGEST_RECORD = RECORD_HEADER + ETHERNET + IPV4 + TCP + FULL_SEGMENT;
const SERVER_TTL = 64;
/** Monday, 2 November 2026, 09:00 UTC. */
export const START_SECONDS = 1_793_610_000;

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
    const pseudo = sum(view, ip + 12, 8) + 6 + tcpLength;
    const segment = { who, fromClient, flags, sequence, acknowledgment, payload };
    writeTcp(this.buffer, view, ip + IPV4, segment, this.payload, this.payloadSums, pseudo);
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
