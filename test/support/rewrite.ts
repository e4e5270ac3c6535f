/**
 * Captures taken apart into frames, changed, and put together again: for properties of the kind "if the addresses were others, the report would be
 * the same but for the addresses". Knows Ethernet with VLAN tags, Linux cooked, raw and loopback links, IPv4, IPv6, TCP, and ICMP errors about TCP.
 */
import { CaptureOpener } from '../../src/capture/detect.ts';
import { Frame, STATUS } from '../../src/capture/frame.ts';
import { pcapHeader, pcapRecord } from '../../src/capture/write.ts';
import { concat } from './packet-bytes.ts';

export interface OwnedPacket {
  readonly seconds: number;
  readonly nanos: number;
  readonly linkType: number;
  readonly originalLength: number;
  readonly bytes: Uint8Array;
}

export function readPackets(capture: Uint8Array): OwnedPacket[] {
  const reader = new CaptureOpener().push(capture);
  if (reader === null) return [];
  reader.end();
  const frame = new Frame();
  const packets: OwnedPacket[] = [];
  while (reader.next(frame) === STATUS.FRAME) {
    const { seconds, nanos, linkType, originalLength, at, capturedLength } = frame;
    packets.push({ seconds, nanos, linkType, originalLength, bytes: frame.bytes.slice(at, at + capturedLength) });
  }
  return packets;
}

/** A nanosecond pcap. @throws when the packets are of several link types. */
export function writePackets(packets: readonly OwnedPacket[], linkType = packets[0]?.linkType ?? 1): Uint8Array {
  const options = { linkType, resolution: 'nanoseconds' } as const;
  if (packets.some((packet) => packet.linkType !== linkType)) throw new Error('several link types');
  return concat(pcapHeader(options), ...packets.map((packet) => pcapRecord(packet, options)));
}

/** What may be changed of a TCP segment, or of one that an ICMP error quotes. */
export interface Editor {
  /** The low 32 bits of each address. */
  address?(word: number): number;
  /** @param end address and port of the sender. */
  sequence?(sequence: number, end: string, flags: number | null): number;
  /** @param end address and port of the receiver. */
  acknowledgment?(acknowledgment: number, end: string): number;
}

/** A changed copy; null for a packet that this file does not know (a tunnel, a fragment): then nothing can be said of its capture. */
export function edit(packet: OwnedPacket, editor: Editor): OwnedPacket | null {
  const bytes = packet.bytes.slice();
  const at = networkAt(bytes, packet.linkType);
  if (at === NOT_IP) return packet;
  if (at === UNKNOWN || !editIp(new DataView(bytes.buffer), at, editor)) return null;
  return { ...packet, bytes };
}

const NOT_IP = -1;
const UNKNOWN = -2;

function networkAt(bytes: Uint8Array, linkType: number): number {
  const view = new DataView(bytes.buffer);
  if (linkType === 101) return 0;
  if (linkType === 0) return 4;
  const links: Readonly<Record<number, readonly [type: number, length: number]>> = {
    1: [12, 14],
    113: [14, 16],
    276: [0, 20],
  };
  const link = links[linkType];
  if (link === undefined || bytes.length < link[1]) return UNKNOWN;
  let [typeAt, at] = link;
  let type = view.getUint16(typeAt);
  while ((type === 0x8100 || type === 0x88a8) && at + 4 <= bytes.length) {
    typeAt = at + 2;
    type = view.getUint16(typeAt);
    at += 4;
  }
  if (type === 0x0806) return NOT_IP;
  return type === 0x0800 || type === 0x86dd ? at : UNKNOWN;
}

/** False for what this file does not know. */
function editIp(view: DataView, at: number, editor: Editor): boolean {
  const version = view.getUint8(at) >> 4;
  if (version === 4) {
    if ((view.getUint16(at + 6) & 0x3fff) !== 0) return false;
    const length = (view.getUint8(at) & 0xf) * 4;
    return editPayload(view, view.getUint8(at + 9), at + length, [at + 12, at + 16], editor);
  }
  if (version !== 6 || at + 40 > view.byteLength) return false;
  return editPayload(view, view.getUint8(at + 6), at + 40, [at + 20, at + 36], editor);
}

function editPayload(
  view: DataView,
  protocol: number,
  at: number,
  addresses: readonly [number, number],
  editor: Editor,
): boolean {
  const ends = addresses.map((address) => view.getUint32(address));
  const checksum = protocol === 6 && at + 18 <= view.byteLength ? new Checksum(view, at, addresses) : null;
  let known = false;
  if (protocol === 6) known = editTcp(view, at, ends as [number, number], editor);
  else if (protocol === 1) known = view.getUint8(at) === 3 && editIp(view, at + 8, editor);
  else if (protocol === 58) known = view.getUint8(at) > 127 || editIp(view, at + 8, editor);
  else if (protocol === 17) return view.getUint16(at + 2) === DISCARD;
  if (known && editor.address !== undefined) {
    for (const address of addresses) view.setUint32(address, editor.address(view.getUint32(address)) >>> 0);
  }
  checksum?.keep();
  return known;
}

/**
 * A TCP checksum that stays what it was when what it covers changes: right, wrong, or left to the network card, which is given the sum of the pseudo-header alone
 * (RFC 1624 §3, RFC 9293 §3.1).
 */
class Checksum {
  private readonly view: DataView;
  private readonly at: number;
  private readonly addresses: readonly [number, number];
  private readonly isUnfilled: boolean;
  private readonly before: number;

  constructor(view: DataView, at: number, addresses: readonly [number, number]) {
    this.view = view;
    this.at = at;
    this.addresses = addresses;
    this.isUnfilled = modulo(this.pseudoHeader()) === modulo(view.getUint16(at + 16));
    this.before = this.covered();
  }

  keep(): void {
    const { view, at } = this;
    const change = this.covered() - this.before;
    if (change === 0) return;
    const checksum = view.getUint16(at + 16);
    view.setUint16(at + 16, this.isUnfilled ? modulo(checksum + change) : 0xffff - modulo(0xffff - checksum + change));
  }

  /** Of what an editor may change. */
  private covered(): number {
    const numbers = this.isUnfilled ? [] : [this.at + 4, this.at + 8];
    return [...this.addresses, ...numbers].reduce((sum, place) => sum + halves(this.view.getUint32(place)), 0);
  }

  private pseudoHeader(): number {
    const { view, at, addresses } = this;
    const isIpv4 = addresses[1] - addresses[0] === 4;
    const header = addresses[0] - (isIpv4 ? 12 : 20);
    const length = isIpv4 ? view.getUint16(header + 2) - (at - header) : view.getUint16(header + 4);
    let sum = 6 + length;
    const [first, last] = isIpv4 ? [header + 12, header + 20] : [header + 8, header + 40];
    for (let place = first; place < last; place += 2) sum += view.getUint16(place);
    return sum;
  }
}

function halves(word: number): number {
  return (word >>> 16) + (word & 0xffff);
}

/** In one's complement arithmetic of 16 bits, where 0xffff is 0. */
function modulo(sum: number): number {
  return ((sum % 0xffff) + 0xffff) % 0xffff;
}

/** What scripts send as `other`. */
const DISCARD = 9;

function editTcp(view: DataView, at: number, ends: readonly [number, number], editor: Editor): boolean {
  if (at + 4 > view.byteLength) return true;
  const from = `${ends[0]}:${view.getUint16(at)}`;
  const to = `${ends[1]}:${view.getUint16(at + 2)}`;
  const flags = at + 14 <= view.byteLength ? view.getUint8(at + 13) : null;
  if (editor.sequence !== undefined && at + 8 <= view.byteLength) {
    view.setUint32(at + 4, editor.sequence(view.getUint32(at + 4), from, flags) >>> 0);
  }
  if (editor.acknowledgment !== undefined && flags !== null && (flags & 0x10) !== 0) {
    view.setUint32(at + 8, editor.acknowledgment(view.getUint32(at + 8), to) >>> 0);
  }
  return true;
}
