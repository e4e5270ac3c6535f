/**
 * TCP segments as a pcapng of three Ethernet interfaces, each with its own encapsulation:
 *
 *     eth0: microseconds, IPv4        eth1: nanoseconds, one VLAN tag, IPv6        eth2: nanoseconds, two VLAN tags, IPv4 or IPv6
 *
 * Which of them a conversation is on follows from its client's TTL and port. Shared buffer and lent bytes as in segment-writer.ts.
 */
import { interfaceDescription, sectionHeader } from '../../src/capture/write.ts';
import { START_SECONDS } from './segment-writer.ts';
import { type Conversation, complement, headerLength, prefixSums, sum, writeTcp } from './tcp-writer.ts';

const LINKTYPE_ETHERNET = 1;
const ENHANCED_PACKET = 6;
/** Octets before and after the packet in its block (draft-ietf-opsawg-pcapng §4.3). */
const BLOCK_HEADER = 28;
const BLOCK_TRAILER = 4;
const ETHERNET = 14;
const TAG = 4;
const IPV4 = 20;
const IPV6 = 40;
const BUFFER_SIZE = 4 * 1024 * 1024;
const LONGEST_BLOCK = 2_048;
const NANOSECONDS = 9;
const MICROSECONDS = 6;

/** Ethertypes of the tags, outermost first, and the resolution of times: the negative power of 10. */
const INTERFACES = [
  { name: 'eth0', tags: [], resolution: MICROSECONDS },
  { name: 'eth1', tags: [0x8100], resolution: NANOSECONDS },
  { name: 'eth2', tags: [0x88a8, 0x8100], resolution: NANOSECONDS },
] as const;

export class MixedWriter {
  packets = 0;
  bytes = 0;
  private readonly write: (bytes: Uint8Array) => void;
  private readonly buffer = new Uint8Array(BUFFER_SIZE);
  private readonly view = new DataView(this.buffer.buffer);
  private at = 0;
  private readonly payload: Uint8Array;
  private readonly payloadSums: Uint32Array;

  /** @param write takes each full buffer; it is valid until the call returns. */
  constructor(payload: Uint8Array, write: (bytes: Uint8Array) => void) {
    this.write = write;
    this.payload = payload;
    this.payloadSums = prefixSums(payload);
    this.put(sectionHeader());
    for (const { name, resolution } of INTERFACES) {
      this.put(interfaceDescription({ linkType: LINKTYPE_ETHERNET, name, resolution }));
    }
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
    if (this.at + LONGEST_BLOCK > BUFFER_SIZE) this.flush();
    const { view } = this;
    const link = who.clientTtl % INTERFACES.length;
    const isIpv6 = link === 1 || (link === 2 && who.clientPort % 2 === 1);
    const tcpLength = headerLength(flags) + payload;
    const frame = this.at + BLOCK_HEADER;
    const ip = this.writeEthernet(frame, link, fromClient, isIpv6);
    const tcp = ip + (isIpv6 ? IPV6 : IPV4);
    const end = tcp + tcpLength;
    this.buffer.fill(0, tcp, end + 3);
    const addresses = isIpv6
      ? this.writeIpv6(ip, who, fromClient, tcpLength)
      : this.writeIpv4(ip, who, fromClient, tcpLength);
    const segment = { who, fromClient, flags, sequence, acknowledgment, payload };
    writeTcp(this.buffer, view, tcp, segment, this.payload, this.payloadSums, addresses + 6 + tcpLength);
    this.writeBlock(link, micros, end - frame);
    this.packets += 1;
  }

  /** Hands on what is left. */
  flush(): void {
    this.write(this.buffer.subarray(0, this.at));
    this.bytes += this.at;
    this.at = 0;
  }

  private put(bytes: Uint8Array): void {
    this.buffer.set(bytes, this.at);
    this.at += bytes.length;
  }

  private writeBlock(link: number, micros: number, captured: number): void {
    const { view, at } = this;
    const padded = (captured + 3) & ~3;
    const total = BLOCK_HEADER + padded + BLOCK_TRAILER;
    const whole = BigInt(START_SECONDS) * 1_000_000n + BigInt(micros);
    // Digits below the microsecond, which no clock of the recipe has.
    const below = BigInt((this.packets * 7_919) % 1_000);
    const time = INTERFACES[link]?.resolution === NANOSECONDS ? whole * 1_000n + below : whole;
    view.setUint32(at, ENHANCED_PACKET, true);
    view.setUint32(at + 4, total, true);
    view.setUint32(at + 8, link, true);
    view.setUint32(at + 12, Number(time >> 32n), true);
    view.setUint32(at + 16, Number(time & 0xffff_ffffn), true);
    view.setUint32(at + 20, captured, true);
    view.setUint32(at + 24, captured, true);
    view.setUint32(at + total - BLOCK_TRAILER, total, true);
    this.at += total;
  }

  /** Where the IP header begins. */
  private writeEthernet(frame: number, link: number, fromClient: boolean, isIpv6: boolean): number {
    const { view } = this;
    view.setUint32(frame, 0x0200_0000);
    view.setUint16(frame + 4, fromClient ? 1 : 2);
    view.setUint32(frame + 6, 0x0200_0000);
    view.setUint16(frame + 10, fromClient ? 2 : 1);
    let at = frame + ETHERNET - 2;
    for (const [index, type] of (INTERFACES[link]?.tags ?? []).entries()) {
      view.setUint16(at, type);
      view.setUint16(at + 2, 100 + index);
      at += TAG;
    }
    view.setUint16(at, isIpv6 ? 0x86dd : 0x0800);
    return at + 2;
  }

  /** The sum of the addresses, for the pseudo-header. */
  private writeIpv4(ip: number, who: Conversation, fromClient: boolean, length: number): number {
    const { view } = this;
    view.setUint32(ip, 0x4500_0000 + IPV4 + length);
    view.setUint32(ip + 4, 0x4000);
    view.setUint32(ip + 8, ((fromClient ? who.clientTtl : 64) << 24) | 0x6_0000);
    view.setUint32(ip + 12, fromClient ? who.clientAddress : who.serverAddress);
    view.setUint32(ip + 16, fromClient ? who.serverAddress : who.clientAddress);
    view.setUint16(ip + 10, complement(sum(view, ip, IPV4)));
    return sum(view, ip + 12, 8);
  }

  /** Addresses of 2001:db8::/96, whose last 32 bits are the IPv4 ones. */
  private writeIpv6(ip: number, who: Conversation, fromClient: boolean, length: number): number {
    const { view } = this;
    view.setUint32(ip, 0x6000_0000);
    view.setUint32(ip + 4, (length << 16) | 0x600 | (fromClient ? who.clientTtl : 64));
    for (const [at, address] of [
      [ip + 8, fromClient ? who.clientAddress : who.serverAddress],
      [ip + 24, fromClient ? who.serverAddress : who.clientAddress],
    ] as const) {
      view.setUint32(at, 0x2001_0db8);
      view.setUint32(at + 4, 0);
      view.setUint32(at + 8, 0);
      view.setUint32(at + 12, address);
    }
    return sum(view, ip + 8, 32);
  }
}
