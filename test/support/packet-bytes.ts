/**
 * A vocabulary for packets: small pure functions, each of which puts one header in front of a payload and returns new
 * bytes. Read a packet from the outside in:
 *
 *     ethernet(ipv4(tcp({ from, to, flags: 'S' }), { from, to }), { tags: [7] })
 *
 * What is left out gets an ordinary value: lengths and checksums come out right unless a test asks for wrong ones, and a
 * type or protocol number is taken from the payload where it can be told (an IP packet by its version nibble). Nothing
 * here shares code with `src/`, so that a mistake there can't hide behind the same mistake here.
 */

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export function u8(...values: readonly number[]): Uint8Array {
  return Uint8Array.from(values);
}

/** Big-endian 16-bit numbers. */
export function u16(...values: readonly number[]): Uint8Array {
  return concat(...values.map((value) => u8((value >>> 8) & 0xff, value & 0xff)));
}

/** Big-endian 32-bit numbers. */
export function u32(...values: readonly number[]): Uint8Array {
  return concat(...values.map((value) => u8(value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff)));
}

/** Little-endian 16-bit numbers. */
function le16(...values: readonly number[]): Uint8Array {
  return concat(...values.map((value) => u8(value & 0xff, (value >>> 8) & 0xff)));
}

/** Little-endian 32-bit numbers. */
function le32(...values: readonly number[]): Uint8Array {
  return concat(...values.map((value) => u32(value).reverse()));
}

/** Bytes of a hexadecimal text; white space, and what follows a `#` on its line, are notes. */
export function hex(text: string): Uint8Array {
  const digits = text.replace(/#.*$/gm, '').replace(/\s+/g, '');
  if (!/^([0-9a-f]{2})*$/i.test(digits)) throw new Error(`not hexadecimal: ${digits}`);
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/** ASCII text as bytes. */
export function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** `length` bytes of padding or payload. */
export function fill(length: number, value = 0): Uint8Array {
  return new Uint8Array(length).fill(value);
}

/** The bytes of an IPv4 (4) or IPv6 (16) address. */
export function addressBytes(text: string): Uint8Array {
  if (!text.includes(':')) return Uint8Array.from(text.split('.'), Number);
  const [head = '', tail] = text.split('::');
  const groups = (part: string): number[] =>
    part === ''
      ? []
      : part.split(':').flatMap((group) => {
          if (!group.includes('.')) return [Number.parseInt(group, 16)];
          const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number);
          return [(a << 8) | b, (c << 8) | d];
        });
  const left = groups(head);
  const right = tail === undefined ? [] : groups(tail);
  return u16(...left, ...new Array<number>(8 - left.length - right.length).fill(0), ...right);
}

/** The ones' complement sum of 16-bit words, folded (RFC 1071), not complemented. */
function internetSum(...parts: readonly Uint8Array[]): number {
  let sum = 0;
  for (const part of parts) {
    for (let at = 0; at < part.length; at += 2) sum += ((part[at] ?? 0) << 8) | (part[at + 1] ?? 0);
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return sum;
}

function pseudoHeader(from: string, to: string, protocol: number, length: number): Uint8Array {
  return concat(addressBytes(from), addressBytes(to), u32(length), u32(protocol));
}

function withU16(bytes: Uint8Array, at: number, value: number): Uint8Array {
  const copy = bytes.slice();
  copy.set(u16(value), at);
  return copy;
}

// ---------------------------------------------------------------------------------------------------------- transport

/** Bits of the flags by packetdrill's letters; A is the lowest bit of the fourth octet before them (AE, RFC 9768). */
export const TCP_FLAG_BITS: Readonly<Record<string, number>> = {
  F: 0x01,
  S: 0x02,
  R: 0x04,
  P: 0x08,
  '.': 0x10,
  U: 0x20,
  E: 0x40,
  W: 0x80,
  A: 0x100,
};

/** Flag bits of packetdrill's letters: 'S', 'S.', '.', 'P.', 'R.', 'F.', 'SEW'. */
function tcpFlags(letters: string): number {
  let bits = 0;
  for (const letter of letters) {
    const bit = TCP_FLAG_BITS[letter];
    if (bit === undefined) throw new Error(`no TCP flag ${letter}`);
    bits |= bit;
  }
  return bits;
}

export interface TcpFields {
  /** The addresses of the IP header that will carry it: for the checksum. */
  readonly from: string;
  readonly to: string;
  /** Default 40000. */
  readonly sourcePort?: number;
  /** Default 80. */
  readonly destinationPort?: number;
  readonly sequence?: number;
  readonly acknowledgment?: number;
  /** Letters as `tcpFlags` takes them, or the bits. Default 'S'. */
  readonly flags?: string | number;
  readonly window?: number;
  readonly urgent?: number;
  /** Option bytes, as `tcpOptions` makes them; padded with zeros to a multiple of four. */
  readonly options?: Uint8Array;
  readonly payload?: Uint8Array;
  /** 'unfilled' is what Linux leaves to the network card: the folded sum of the pseudo-header alone. Default 'right'. */
  readonly checksum?: 'right' | 'wrong' | 'unfilled' | number;
  /** In 32-bit words; wrong on purpose. */
  readonly dataOffset?: number;
}

/** A TCP segment: header, options and payload. */
export function tcp(fields: TcpFields): Uint8Array {
  const options = padded(fields.options ?? u8(), 4);
  const flags = typeof fields.flags === 'number' ? fields.flags : tcpFlags(fields.flags ?? 'S');
  const offset = fields.dataOffset ?? 5 + options.length / 4;
  const segment = concat(
    u16(fields.sourcePort ?? 40000, fields.destinationPort ?? 80),
    u32(fields.sequence ?? 0, fields.acknowledgment ?? 0),
    u16((offset << 12) | flags, fields.window ?? 64240, 0, fields.urgent ?? 0),
    options,
    fields.payload ?? u8(),
  );
  const pseudo = pseudoHeader(fields.from, fields.to, 6, segment.length);
  const right = ~internetSum(pseudo, segment) & 0xffff;
  const wanted = fields.checksum ?? 'right';
  if (wanted === 'right') return withU16(segment, 16, right);
  if (wanted === 'wrong') return withU16(segment, 16, right ^ 0x5a5a);
  if (wanted === 'unfilled') return withU16(segment, 16, internetSum(pseudo));
  return withU16(segment, 16, wanted);
}

function padded(bytes: Uint8Array, multiple: number): Uint8Array {
  const missing = (multiple - (bytes.length % multiple)) % multiple;
  return missing === 0 ? bytes : concat(bytes, fill(missing));
}

/** Option bytes in order; `tcp` pads them. */
export function tcpOptions(...options: readonly Uint8Array[]): Uint8Array {
  return concat(...options);
}

/** Any option: kind, length, value. */
export function option(kind: number, value: Uint8Array = u8()): Uint8Array {
  return concat(u8(kind, value.length + 2), value);
}

/** The options of RFC 9293 §3.2 and of the extensions that the handshake carries. */
export const opt = {
  end: (): Uint8Array => u8(0),
  nop: (): Uint8Array => u8(1),
  mss: (octets: number): Uint8Array => option(2, u16(octets)),
  /** RFC 7323 §2.2. */
  windowScale: (shift: number): Uint8Array => option(3, u8(shift)),
  /** RFC 2018 §2. */
  sackPermitted: (): Uint8Array => option(4),
  /** RFC 2018 §3: left and right edges in turn. */
  sack: (...edges: readonly number[]): Uint8Array => option(5, u32(...edges)),
  /** RFC 7323 §3.2. */
  timestamps: (value: number, echo: number): Uint8Array => option(8, u32(value, echo)),
  /** RFC 2385. */
  md5: (digest: Uint8Array = fill(16)): Uint8Array => option(19, digest),
  /** RFC 5925 §2.2. */
  authentication: (keyId = 1, nextKeyId = 1, mac: Uint8Array = fill(12)): Uint8Array =>
    option(29, concat(u8(keyId, nextKeyId), mac)),
  /** RFC 8684: the value begins with the subtype. */
  multipath: (value: Uint8Array): Uint8Array => option(30, value),
  /** RFC 7413 §4.1.1; no cookie is a request for one. */
  fastOpen: (cookie: Uint8Array = u8()): Uint8Array => option(34, cookie),
  /** RFC 6994 with the magic number that RFC 7413's drafts used. */
  experimentalFastOpen: (cookie: Uint8Array = u8()): Uint8Array => option(254, concat(u16(0xf989), cookie)),
} as const;

export interface UdpFields {
  readonly from: string;
  readonly to: string;
  /** Default 50000. */
  readonly sourcePort?: number;
  readonly destinationPort: number;
  /** Wrong on purpose. */
  readonly length?: number;
  /** Default right. */
  readonly checksum?: number;
}

export function udp(payload: Uint8Array, fields: UdpFields): Uint8Array {
  const length = 8 + payload.length;
  const datagram = concat(u16(fields.sourcePort ?? 50000, fields.destinationPort, fields.length ?? length, 0), payload);
  const right = ~internetSum(pseudoHeader(fields.from, fields.to, 17, length), datagram) & 0xffff || 0xffff;
  return withU16(datagram, 6, fields.checksum ?? right);
}

export interface IcmpFields {
  readonly type: number;
  readonly code?: number;
  /** The four octets after the checksum (unused, next-hop MTU, pointer). */
  readonly rest?: number;
}

/** ICMP (RFC 792); for an error `payload` is the quoted packet, cut as the test likes. */
export function icmp(payload: Uint8Array, fields: IcmpFields): Uint8Array {
  const message = concat(u8(fields.type, fields.code ?? 0), u16(0), u32(fields.rest ?? 0), payload);
  return withU16(message, 2, ~internetSum(message) & 0xffff);
}

/** ICMPv6 (RFC 4443); the addresses are those of the IPv6 header that will carry it. */
export function icmpv6(payload: Uint8Array, fields: IcmpFields & { from: string; to: string }): Uint8Array {
  const message = concat(u8(fields.type, fields.code ?? 0), u16(0), u32(fields.rest ?? 0), payload);
  const pseudo = pseudoHeader(fields.from, fields.to, 58, message.length);
  return withU16(message, 2, ~internetSum(pseudo, message) & 0xffff);
}

// ----------------------------------------------------------------------------------------------------------- internet

export interface Ipv4Fields {
  readonly from: string;
  readonly to: string;
  /** Default 6. */
  readonly protocol?: number;
  /** Default 64. */
  readonly ttl?: number;
  readonly id?: number;
  readonly tos?: number;
  readonly dontFragment?: boolean;
  readonly moreFragments?: boolean;
  /** In octets, a multiple of 8. */
  readonly fragmentOffset?: number;
  /** Option bytes; padded with zeros to a multiple of four. */
  readonly options?: Uint8Array;
  /** Wrong, or 0 as left to the network card. */
  readonly totalLength?: number;
  /** Default right. */
  readonly checksum?: number;
  /** In 32-bit words; wrong on purpose. */
  readonly headerLength?: number;
}

export function ipv4(payload: Uint8Array, fields: Ipv4Fields): Uint8Array {
  const options = padded(fields.options ?? u8(), 4);
  const length = 20 + options.length;
  const fragment =
    (fields.dontFragment ? 0x4000 : 0) | (fields.moreFragments ? 0x2000 : 0) | ((fields.fragmentOffset ?? 0) >>> 3);
  const header = concat(
    u8(0x40 | (fields.headerLength ?? length / 4), fields.tos ?? 0),
    u16(fields.totalLength ?? length + payload.length, fields.id ?? 0, fragment),
    u8(fields.ttl ?? 64, fields.protocol ?? 6),
    u16(0),
    addressBytes(fields.from),
    addressBytes(fields.to),
    options,
  );
  return concat(withU16(header, 10, fields.checksum ?? ~internetSum(header) & 0xffff), payload);
}

/** The same datagram in fragments, cut after `cuts` octets of its payload (each a multiple of 8). */
export function ipv4Fragments(payload: Uint8Array, fields: Ipv4Fields, cuts: readonly number[]): Uint8Array[] {
  const starts = [0, ...cuts];
  return starts.map((start, index) => {
    const end = starts[index + 1] ?? payload.length;
    const more = end < payload.length;
    return ipv4(payload.slice(start, end), { ...fields, fragmentOffset: start, moreFragments: more });
  });
}

/** An IPv6 extension header: its number, and its bytes with the next-header octet (the first) left for `ipv6` to fill. */
export interface Extension {
  readonly number: number;
  readonly bytes: Uint8Array;
}

/** RFC 8200 §4 extension headers. `body` is what follows the length octet; padded to a multiple of 8. */
export const ext = {
  hopByHop: (body: Uint8Array = hex('01 04 00000000')): Extension => sized(0, body),
  routing: (body: Uint8Array = fill(6)): Extension => sized(43, body),
  destination: (body: Uint8Array = hex('01 04 00000000')): Extension => sized(60, body),
  mobility: (body: Uint8Array = fill(6)): Extension => sized(135, body),
  /** `offset` in octets, a multiple of 8. */
  fragment: (fields: { offset?: number; more?: boolean; id?: number } = {}): Extension => ({
    number: 44,
    bytes: concat(u8(0, 0), u16((fields.offset ?? 0) | (fields.more ? 1 : 0)), u32(fields.id ?? 1)),
  }),
  /** RFC 4302 §2, with a 12-octet check value. */
  authentication: (spi = 1, sequence = 1): Extension => ({
    number: 51,
    bytes: concat(u8(0, 4), u16(0), u32(spi, sequence), fill(12)),
  }),
} as const;

function sized(number: number, body: Uint8Array): Extension {
  const bytes = padded(concat(u8(0, 0), body), 8);
  bytes[1] = bytes.length / 8 - 1;
  return { number, bytes };
}

export interface Ipv6Fields {
  readonly from: string;
  readonly to: string;
  /** What the payload is, after the extension headers. Default 6. */
  readonly nextHeader?: number;
  /** Default 64. */
  readonly hopLimit?: number;
  readonly extensions?: readonly Extension[];
  readonly trafficClass?: number;
  readonly flowLabel?: number;
  /** Wrong, or 0 as in a jumbogram or left to the network card. */
  readonly payloadLength?: number;
}

export function ipv6(payload: Uint8Array, fields: Ipv6Fields): Uint8Array {
  const extensions = fields.extensions ?? [];
  const last = fields.nextHeader ?? 6;
  const chain = extensions.map((extension, index) => {
    const bytes = extension.bytes.slice();
    bytes[0] = extensions[index + 1]?.number ?? last;
    return bytes;
  });
  const body = concat(...chain, payload);
  return concat(
    u32(((6 << 28) | ((fields.trafficClass ?? 0) << 20) | (fields.flowLabel ?? 0)) >>> 0),
    u16(fields.payloadLength ?? body.length),
    u8(extensions[0]?.number ?? last, fields.hopLimit ?? 64),
    addressBytes(fields.from),
    addressBytes(fields.to),
    body,
  );
}

/** The same datagram in fragments, cut after `cuts` octets of its fragmentable part (each a multiple of 8). */
export function ipv6Fragments(payload: Uint8Array, fields: Ipv6Fields, cuts: readonly number[], id = 1): Uint8Array[] {
  const starts = [0, ...cuts];
  return starts.map((offset, index) => {
    const end = starts[index + 1] ?? payload.length;
    const fragment = ext.fragment({ offset, more: end < payload.length, id });
    return ipv6(payload.slice(offset, end), { ...fields, extensions: [...(fields.extensions ?? []), fragment] });
  });
}

/** What `tcpPacket` takes beside the fields of TCP: those of the IP header that have the same meaning in both families. */
export interface PacketFields extends TcpFields {
  readonly ttl?: number;
  /** IPv4 identification. */
  readonly id?: number;
}

/** IP and TCP in one step: IPv4 or IPv6 by the addresses. */
export function tcpPacket(fields: PacketFields): Uint8Array {
  const { from, to } = fields;
  if (from.includes(':')) return ipv6(tcp(fields), { from, to, hopLimit: fields.ttl ?? 64 });
  return ipv4(tcp(fields), { from, to, ttl: fields.ttl ?? 64, id: fields.id ?? 0, dontFragment: true });
}

/** ICMP or ICMPv6 error about `quoted` (an IP packet of the same family, cut to `octets`), IP header included. */
export function icmpError(
  quoted: Uint8Array,
  fields: IcmpFields & { from: string; to: string; octets?: number; ttl?: number },
): Uint8Array {
  const { from, to } = fields;
  const quotation = quoted.slice(0, fields.octets ?? quoted.length);
  if (from.includes(':')) {
    return ipv6(icmpv6(quotation, fields), { from, to, nextHeader: 58, hopLimit: fields.ttl ?? 64 });
  }
  return ipv4(icmp(quotation, fields), { from, to, protocol: 1, ttl: fields.ttl ?? 64 });
}

// ------------------------------------------------------------------------------------------------------------ tunnels

/** IPv4 or IPv6 by the version nibble, as an EtherType. */
function etherTypeOf(packet: Uint8Array): number {
  return (packet[0] ?? 0) >> 4 === 6 ? 0x86dd : 0x0800;
}

export interface GreFields {
  /** Default by the payload: IPv4 or IPv6; 0x6558 for an Ethernet frame. */
  readonly protocol?: number;
  readonly checksum?: boolean;
  readonly key?: number;
  readonly sequence?: number;
}

/** RFC 2784 and RFC 2890; carried by IP protocol 47. */
export function gre(payload: Uint8Array, fields: GreFields = {}): Uint8Array {
  const flags =
    (fields.checksum ? 0x8000 : 0) |
    (fields.key === undefined ? 0 : 0x2000) |
    (fields.sequence === undefined ? 0 : 0x1000);
  const header = concat(
    u16(flags, fields.protocol ?? etherTypeOf(payload)),
    fields.checksum ? u32(0) : u8(),
    fields.key === undefined ? u8() : u32(fields.key),
    fields.sequence === undefined ? u8() : u32(fields.sequence),
  );
  const whole = concat(header, payload);
  return fields.checksum ? withU16(whole, 4, ~internetSum(whole) & 0xffff) : whole;
}

/** PPTP's GRE version 1 (RFC 2637 §4.1) around a PPP frame. */
export function pptp(
  frame: Uint8Array,
  fields: { callId?: number; sequence?: number; acknowledgment?: number } = {},
): Uint8Array {
  const { sequence, acknowledgment } = fields;
  const flags = 0x2001 | (sequence === undefined ? 0 : 0x1000) | (acknowledgment === undefined ? 0 : 0x0080);
  return concat(
    u16(flags, 0x880b, frame.length, fields.callId ?? 1),
    sequence === undefined ? u8() : u32(sequence),
    acknowledgment === undefined ? u8() : u32(acknowledgment),
    frame,
  );
}

/** GRE with an ERSPAN header of the given type around an Ethernet frame (draft-foschiano-erspan-03). */
export function erspan(
  frame: Uint8Array,
  fields: { type: 1 | 2 | 3; session?: number; vlan?: number; sequence?: number; platform?: boolean },
): Uint8Array {
  if (fields.type === 1) return gre(frame, { protocol: 0x88be });
  const vlan = fields.vlan ?? 0;
  const session = fields.session ?? 0;
  const sequence = fields.sequence ?? 1;
  if (fields.type === 2) {
    return gre(concat(u16(0x1000 | vlan, session), u32(0), frame), { protocol: 0x88be, sequence });
  }
  const platform = fields.platform ? fill(8) : u8();
  const header = concat(u16(0x2000 | vlan, session), u32(0), u16(0, fields.platform ? 1 : 0), platform);
  return gre(concat(header, frame), { protocol: 0x22eb, sequence });
}

/** RFC 7348 §5; carried by UDP port 4789. */
export function vxlan(frame: Uint8Array, vni: number): Uint8Array {
  return concat(u32(0x08000000, vni << 8), frame);
}

/** draft-ietf-nvo3-vxlan-gpe: next protocol 1 IPv4, 2 IPv6, 3 Ethernet, 4 NSH; carried by UDP port 4790. */
export function vxlanGpe(payload: Uint8Array, vni: number, nextProtocol: number): Uint8Array {
  return concat(u32((0x0c000000 | nextProtocol) >>> 0, vni << 8), payload);
}

/** RFC 8926 §3.4; carried by UDP port 6081. `type` is an EtherType, 0x6558 (an Ethernet frame) unless told. */
export function geneve(
  payload: Uint8Array,
  vni: number,
  fields: { type?: number; options?: Uint8Array } = {},
): Uint8Array {
  const options = padded(fields.options ?? u8(), 4);
  return concat(u8(options.length / 4, 0), u16(fields.type ?? 0x6558), u32(vni << 8), options, payload);
}

/** 3GPP TS 29.281 §5.1, a G-PDU; carried by UDP port 2152. With `extension` the bytes of an extension header (length octet first,
 * next-type octet last). */
export function gtpu(
  packet: Uint8Array,
  fields: { teid?: number; sequence?: number; extension?: { type: number; bytes: Uint8Array } } = {},
): Uint8Array {
  const { sequence, extension } = fields;
  const optional = sequence !== undefined || extension !== undefined;
  const flags = 0x30 | (sequence === undefined ? 0 : 0x02) | (extension === undefined ? 0 : 0x04);
  const body = concat(
    optional ? concat(u16(sequence ?? 0), u8(0, extension?.type ?? 0)) : u8(),
    extension?.bytes ?? u8(),
    packet,
  );
  return concat(u8(flags, 0xff), u16(body.length), u32(fields.teid ?? 1), body);
}

/** RFC 3032 label stack, outermost first; the last entry has the bottom bit. EtherType 0x8847. */
export function mpls(labels: readonly number[], payload: Uint8Array): Uint8Array {
  const last = labels.length - 1;
  return concat(
    ...labels.map((label, index) => u32(((label << 12) | (index === last ? 0x100 : 0) | 64) >>> 0)),
    payload,
  );
}

// -------------------------------------------------------------------------------------------------------------- links

/** A tag: a VLAN identifier under 0x8100, or one with its own TPID (0x88a8 for 802.1ad, 0x9100, …). */
type Tag = number | { readonly id: number; readonly tpid: number };

export interface EthernetFields {
  /** Default by the payload: IPv4 or IPv6. A value below 1536 is written as an 802.3 length. */
  readonly type?: number;
  /** Outermost first. */
  readonly tags?: readonly Tag[];
  readonly from?: string;
  readonly to?: string;
  /** Pad with zeros to 60 octets, as on the wire. Default false. */
  readonly pad?: boolean;
}

/** Bytes of a MAC address. */
function mac(text: string): Uint8Array {
  return hex(text.replaceAll(':', ''));
}

function tagBytes(tags: readonly Tag[]): Uint8Array {
  return concat(...tags.map((tag) => (typeof tag === 'number' ? u16(0x8100, tag) : u16(tag.tpid, tag.id))));
}

/** An Ethernet II frame without its check sequence. LINKTYPE 1. */
export function ethernet(payload: Uint8Array, fields: EthernetFields = {}): Uint8Array {
  const frame = concat(
    mac(fields.to ?? '02:00:00:00:00:02'),
    mac(fields.from ?? '02:00:00:00:00:01'),
    tagBytes(fields.tags ?? []),
    u16(fields.type ?? etherTypeOf(payload)),
    payload,
  );
  return fields.pad && frame.length < 60 ? concat(frame, fill(60 - frame.length)) : frame;
}

/** IEEE 802.2 LLC with SNAP and the given EtherType (RFC 1042). */
export function llcSnap(payload: Uint8Array, type: number = etherTypeOf(payload)): Uint8Array {
  return concat(hex('aaaa03 000000'), u16(type), payload);
}

/** IEEE 802.3 with a length where Ethernet II has the type, and LLC/SNAP. LINKTYPE 1. */
export function ethernet8023(payload: Uint8Array, fields: EthernetFields = {}): Uint8Array {
  const body = llcSnap(payload, fields.type ?? etherTypeOf(payload));
  return ethernet(body, { ...fields, type: body.length });
}

export interface CookedFields {
  /** Default by the payload: IPv4 or IPv6. */
  readonly type?: number;
  /** 0 to us, 1 broadcast, 2 multicast, 3 to another host, 4 from us. Default 0. */
  readonly packetType?: number;
  /** ARPHRD_ type. Default 1, Ethernet. */
  readonly hardware?: number;
  readonly tags?: readonly Tag[];
}

function cookedBody(payload: Uint8Array, fields: CookedFields): { type: number; body: Uint8Array } {
  const type = fields.type ?? etherTypeOf(payload);
  const tags = tagBytes(fields.tags ?? []);
  if (tags.length === 0) return { type, body: payload };
  const types = concat(tags, u16(type));
  return { type: ((types[0] ?? 0) << 8) | (types[1] ?? 0), body: concat(types.slice(2), payload) };
}

/** Linux cooked capture. LINKTYPE 113. */
export function sll(payload: Uint8Array, fields: CookedFields = {}): Uint8Array {
  const { type, body } = cookedBody(payload, fields);
  return concat(
    u16(fields.packetType ?? 0, fields.hardware ?? 1, 6),
    mac('02:00:00:00:00:01'),
    fill(2),
    u16(type),
    body,
  );
}

/** Linux cooked capture version 2. LINKTYPE 276. */
export function sll2(payload: Uint8Array, fields: CookedFields & { interfaceIndex?: number } = {}): Uint8Array {
  const { type, body } = cookedBody(payload, fields);
  return concat(
    u16(type, 0),
    u32(fields.interfaceIndex ?? 1),
    u16(fields.hardware ?? 1),
    u8(fields.packetType ?? 0, 6),
    mac('02:00:00:00:00:01'),
    fill(2),
    body,
  );
}

/** BSD loopback: the protocol family in the byte order of the capturing host. LINKTYPE 0. */
export function nullLink(packet: Uint8Array, family: number, order: 'little' | 'big' = 'little'): Uint8Array {
  return concat(order === 'little' ? le32(family) : u32(family), packet);
}

/** OpenBSD loopback: the protocol family in network byte order. LINKTYPE 108. */
export function loop(packet: Uint8Array, family: number): Uint8Array {
  return concat(u32(family), packet);
}

export interface PppFields {
  /** Default by the payload: 0x0021 or 0x0057. */
  readonly protocol?: number;
  /** RFC 1661 §6.5: protocol field compression. */
  readonly compressed?: boolean;
  /** The address and control octets ff 03. Default true. */
  readonly addressControl?: boolean;
}

/** RFC 1661 and RFC 1662 without flags and check sequence. LINKTYPE 9 and 50. */
export function ppp(payload: Uint8Array, fields: PppFields = {}): Uint8Array {
  const protocol = fields.protocol ?? (etherTypeOf(payload) === 0x86dd ? 0x57 : 0x21);
  return concat(
    (fields.addressControl ?? true) ? hex('ff03') : u8(),
    fields.compressed ? u8(protocol) : u16(protocol),
    payload,
  );
}

/** Cisco HDLC. LINKTYPE 104. */
export function chdlc(payload: Uint8Array, type: number = etherTypeOf(payload)): Uint8Array {
  return concat(u8(0x0f, 0), u16(type), payload);
}

/** A PPPoE session packet (RFC 2516 §4): EtherType 0x8864; alone LINKTYPE 51. */
export function pppoe(payload: Uint8Array, fields: { session?: number; length?: number } = {}): Uint8Array {
  const frame = ppp(payload, { addressControl: false });
  return concat(u8(0x11, 0), u16(fields.session ?? 1, fields.length ?? frame.length), frame);
}

export interface WirelessFields {
  /** Default by the payload: IPv4 or IPv6. */
  readonly type?: number;
  readonly qos?: boolean;
  /** Both DS bits set: a fourth address. */
  readonly fourAddresses?: boolean;
  /** The +HTC/Order bit, with an HT control field in a QoS frame. */
  readonly htControl?: boolean;
  /** The payload is encrypted. */
  readonly protected?: boolean;
  /** Pad the MAC header to a multiple of four octets, as radiotap's datapad flag says. */
  readonly dataPad?: boolean;
  /** As the first subframe of an A-MSDU. */
  readonly aggregate?: boolean;
  /** Append a check sequence of four octets. */
  readonly fcs?: boolean;
}

/** An IEEE 802.11 data frame with LLC/SNAP. LINKTYPE 105. */
export function ieee80211(payload: Uint8Array, fields: WirelessFields = {}): Uint8Array {
  const qos = fields.qos || fields.htControl || fields.aggregate;
  const flags = (fields.fourAddresses ? 0x03 : 0x01) | (fields.protected ? 0x40 : 0) | (fields.htControl ? 0x80 : 0);
  const header = concat(
    u8(qos ? 0x88 : 0x08, flags),
    u16(0),
    mac('02:00:00:00:00:03'),
    mac('02:00:00:00:00:01'),
    mac('02:00:00:00:00:02'),
    u16(0),
    fields.fourAddresses ? mac('02:00:00:00:00:04') : u8(),
    qos ? u8(fields.aggregate ? 0x80 : 0, 0) : u8(),
    fields.htControl ? fill(4) : u8(),
  );
  const msdu = llcSnap(payload, fields.type ?? etherTypeOf(payload));
  const body = fields.aggregate
    ? concat(mac('02:00:00:00:00:02'), mac('02:00:00:00:00:01'), u16(msdu.length), padded(msdu, 4), fill(14))
    : msdu;
  return concat(fields.dataPad ? padded(header, 4) : header, body, fields.fcs ? fill(4, 0xee) : u8());
}

/** A radiotap header with the flags field alone (bit 0x10: check sequence at the end, 0x20: datapad). LINKTYPE 127. */
export function radiotap(
  frame: Uint8Array,
  flags = 0,
  fields: { tsft?: boolean; extended?: boolean } = {},
): Uint8Array {
  const present = (fields.tsft ? 1 : 0) | 2;
  const words = fields.extended ? le32((present | 0x80000000) >>> 0, 0) : le32(present);
  const align = fields.tsft ? fill((8 - ((4 + words.length) % 8)) % 8) : u8();
  const body = concat(words, align, fields.tsft ? fill(8) : u8(), u8(flags, 0));
  return concat(u8(0, 0), le16(4 + body.length), body, frame);
}

/** A Prism header (144 octets, big or little endian). LINKTYPE 119. */
export function prism(frame: Uint8Array): Uint8Array {
  return concat(le32(0x44, 144), fill(136), frame);
}

/** An AVS header (64 octets). LINKTYPE 163. */
export function avs(frame: Uint8Array): Uint8Array {
  return concat(u32(0x80211001, 64), fill(56), frame);
}

/** Linux NFLOG (https://www.tcpdump.org/linktypes/LINKTYPE_NFLOG.html). LINKTYPE 239. */
export function nflog(
  packet: Uint8Array,
  fields: { hook?: number; interfaceIn?: number; interfaceOut?: number; prefix?: string } = {},
): Uint8Array {
  const family = etherTypeOf(packet) === 0x86dd ? 10 : 2;
  const tlv = (type: number, value: Uint8Array): Uint8Array => padded(concat(le16(value.length + 4, type), value), 4);
  return concat(
    u8(family, 0),
    u16(0),
    tlv(1, concat(u16(etherTypeOf(packet)), u8(fields.hook ?? 1, 0))),
    fields.prefix === undefined ? u8() : tlv(10, concat(ascii(fields.prefix), u8(0))),
    fields.interfaceIn === undefined ? u8() : tlv(4, u32(fields.interfaceIn)),
    fields.interfaceOut === undefined ? u8() : tlv(5, u32(fields.interfaceOut)),
    tlv(9, packet),
  );
}
