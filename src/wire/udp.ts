/**
 * UDP (RFC 768), for the tunnels that it carries: VXLAN, VXLAN-GPE, Geneve, GTP-U, Teredo, GRE (RFC 8086) and MPLS (RFC 7510). A port is only a
 * hint: when the octets behind it are no header of that kind, the datagram is UDP and nothing more.
 */
import { addressSum } from './checksum.ts';
import { ETHER_TYPE, IP_PROTOCOL, LAYER, SPACE } from './layer.ts';
import { STOP } from './stop.ts';
import { ipVersion, TUNNEL, type Walk } from './walk.ts';

const SOURCE_PORT = 0;
const DESTINATION_PORT = 2;
const LENGTH = 4;
const HEADER_LENGTH = 8;

const NOT_A_TUNNEL = STOP.IP_PROTOCOL;

/** https://www.iana.org/assignments/service-names-port-numbers; 8472 is what Linux used for VXLAN before there was one. */
const GTP_U = 2152;
const TEREDO = 3544;
const GRE_IN_UDP = 4754;
const VXLAN = 4789;
const VXLAN_GPE = 4790;
const GENEVE = 6081;
const MPLS_IN_UDP = 6635;
const VXLAN_LINUX = 8472;

export function readUdp(walk: Walk): number {
  const { view, at } = walk;
  if (walk.end - at < HEADER_LENGTH) return STOP.CUT;
  const length = view.getUint16(at + LENGTH);
  const isWhole = length >= HEADER_LENGTH && at + length <= walk.end;
  // 0 is a datagram beyond 65,535 octets, or one that a network card will cut.
  if (length >= HEADER_LENGTH && at + length < walk.wireEnd) walk.limit(at + length);
  walk.at = at + HEADER_LENGTH;
  let next = readByPort(walk, view.getUint16(at + DESTINATION_PORT));
  if (next === NOT_A_TUNNEL) next = readByPort(walk, view.getUint16(at + SOURCE_PORT));
  if (next !== NOT_A_TUNNEL && isWhole) {
    // The segment has the addresses around the tunnel until the packet inside is read.
    walk.segment.udpAt = at;
    walk.segment.udpAddressSum = addressSum(walk.segment);
  }
  return next;
}

function readByPort(walk: Walk, port: number): number {
  switch (port) {
    case VXLAN:
    case VXLAN_LINUX:
      return readVxlan(walk);
    case VXLAN_GPE:
      return readVxlanGpe(walk);
    case GENEVE:
      return readGeneve(walk);
    case GTP_U:
      return readGtpU(walk);
    case TEREDO:
      return readTeredo(walk);
    case GRE_IN_UDP:
      return SPACE.IP_PROTOCOL | IP_PROTOCOL.GRE;
    case MPLS_IN_UDP:
      return walk.enterTunnel(TUNNEL.mpls, -1, SPACE.ETHER_TYPE | ETHER_TYPE.MPLS);
    default:
      return NOT_A_TUNNEL;
  }
}

/** The tunnel's header is not all there: because the frame was cut, because the rest is in another
 * fragment, or because the datagram is none of that kind. */
function tooShort(walk: Walk): number {
  return walk.mayWait || walk.end < walk.wireEnd ? STOP.CUT : NOT_A_TUNNEL;
}

// VXLAN (RFC 7348 §5): flags 0, reserved 1 to 3 (a group policy, in an extension), identifier 4, reserved 7.
const VXLAN_LENGTH = 8;
const VXLAN_IDENTIFIER = 4;
const VXLAN_HAS_IDENTIFIER = 0x08;
/** VXLAN-GPE (draft-ietf-nvo3-vxlan-gpe-12 §3): the P flag, then a next protocol at 3. */
const GPE_HAS_PROTOCOL = 0x04;
const GPE_PROTOCOL = 3;
const GPE_IPV4 = 1;
const GPE_IPV6 = 2;
const GPE_ETHERNET = 3;
const GPE_NSH = 4;

function readVxlan(walk: Walk): number {
  const { view, at } = walk;
  if (walk.end - at < VXLAN_LENGTH) return tooShort(walk);
  if ((view.getUint8(at) & VXLAN_HAS_IDENTIFIER) === 0) return NOT_A_TUNNEL;
  const identifier = view.getUint32(at + VXLAN_IDENTIFIER) >>> 8;
  return walk.past(VXLAN_LENGTH, walk.enterTunnel(TUNNEL.vxlan, identifier, LAYER.ETHERNET));
}

function readVxlanGpe(walk: Walk): number {
  const { view, at } = walk;
  if (walk.end - at < VXLAN_LENGTH) return tooShort(walk);
  const flags = view.getUint8(at);
  if ((flags & VXLAN_HAS_IDENTIFIER) === 0) return NOT_A_TUNNEL;
  if ((flags & GPE_HAS_PROTOCOL) === 0) return readVxlan(walk);
  const identifier = view.getUint32(at + VXLAN_IDENTIFIER) >>> 8;
  const inner = gpePayload(view.getUint8(at + GPE_PROTOCOL));
  if (inner === NOT_A_TUNNEL) return NOT_A_TUNNEL;
  return walk.past(VXLAN_LENGTH, walk.enterTunnel(TUNNEL.vxlan, identifier, inner));
}

function gpePayload(protocol: number): number {
  if (protocol === GPE_IPV4 || protocol === GPE_IPV6) return LAYER.IP_BY_NIBBLE;
  if (protocol === GPE_ETHERNET) return LAYER.ETHERNET;
  return protocol === GPE_NSH ? SPACE.ETHER_TYPE | ETHER_TYPE.NSH : NOT_A_TUNNEL;
}

// Geneve (RFC 8926 §3.4): version and options length 0, flags 1, protocol 2 (an EtherType), identifier 4.
const GENEVE_LENGTH = 8;
const GENEVE_PROTOCOL = 2;
const GENEVE_IDENTIFIER = 4;
const GENEVE_VERSION_MASK = 0xc0;
const GENEVE_OPTIONS_MASK = 0x3f;

function readGeneve(walk: Walk): number {
  const { view, at } = walk;
  if (walk.end - at < GENEVE_LENGTH) return tooShort(walk);
  const first = view.getUint8(at);
  const protocol = view.getUint16(at + GENEVE_PROTOCOL);
  if ((first & GENEVE_VERSION_MASK) !== 0) return NOT_A_TUNNEL;
  let inner: number;
  if (protocol === ETHER_TYPE.TEB) inner = LAYER.ETHERNET;
  else if (protocol === ETHER_TYPE.IPV4 || protocol === ETHER_TYPE.IPV6) inner = LAYER.IP_BY_NIBBLE;
  else return NOT_A_TUNNEL;
  const length = GENEVE_LENGTH + (first & GENEVE_OPTIONS_MASK) * 4;
  const identifier = view.getUint32(at + GENEVE_IDENTIFIER) >>> 8;
  return walk.past(length, walk.enterTunnel(TUNNEL.geneve, identifier, inner));
}

// GTP-U (3GPP TS 29.281 §5.1): flags 0, message type 1, length 2, tunnel 4; when any of E, S, PN is set: sequence number 8,
// N-PDU number 10, type of the next extension header 11. An extension header: its length in 4 octets first, the next type last.
const GTP_LENGTH = 8;
const GTP_OPTIONAL_LENGTH = 4;
const GTP_NEXT_EXTENSION = 11;
const GTP_VERSION_1_MASK = 0xf0;
const GTP_VERSION_1 = 0x30;
const GTP_HAS_OPTIONAL = 0x07;
const GTP_HAS_EXTENSION = 0x04;
const GTP_DATA = 0xff;
const MAX_GTP_EXTENSIONS = 8;

function readGtpU(walk: Walk): number {
  const { view, at } = walk;
  if (walk.end - at < GTP_LENGTH) return tooShort(walk);
  const flags = view.getUint8(at);
  if ((flags & GTP_VERSION_1_MASK) !== GTP_VERSION_1 || view.getUint8(at + 1) !== GTP_DATA) return NOT_A_TUNNEL;
  let inner = at + GTP_LENGTH;
  if ((flags & GTP_HAS_OPTIONAL) !== 0) {
    inner += GTP_OPTIONAL_LENGTH;
    if (inner > walk.end) return tooShort(walk);
    if ((flags & GTP_HAS_EXTENSION) !== 0)
      inner = skipGtpExtensions(walk, inner, view.getUint8(at + GTP_NEXT_EXTENSION));
  }
  if (inner >= walk.end) return tooShort(walk);
  // A bearer may carry Ethernet or bare data as well; only the packet's own nibble tells.
  if (inner < 0 || ipVersion(walk, inner) === 0) return NOT_A_TUNNEL;
  walk.at = inner;
  return walk.enterTunnel(TUNNEL['gtp-u'], -1, LAYER.IP_BY_NIBBLE);
}

/** Position behind the extension headers, at the end or beyond when they are cut, -1 when they make no sense. */
function skipGtpExtensions(walk: Walk, start: number, firstType: number): number {
  let at = start;
  let type = firstType;
  for (let count = 0; type !== 0; count++) {
    if (at >= walk.end) return at;
    if (count === MAX_GTP_EXTENSIONS) return -1;
    const length = walk.view.getUint8(at) * 4;
    if (length === 0) return -1;
    if (at + length > walk.end) return walk.end;
    type = walk.view.getUint8(at + length - 1);
    at += length;
  }
  return at;
}

// Teredo (RFC 4380 §5.1.1): an authentication part (0x0001) with two length octets, an origin part (0x0000), both optional.
const TEREDO_AUTHENTICATION = 0x0001;
const TEREDO_ORIGIN = 0x0000;
const TEREDO_ORIGIN_LENGTH = 8;
const TEREDO_AUTHENTICATION_LENGTH = 13;

function readTeredo(walk: Walk): number {
  const { view } = walk;
  let { at } = walk;
  if (walk.end - at < 2) return tooShort(walk);
  if (view.getUint16(at) === TEREDO_AUTHENTICATION) {
    if (walk.end - at < TEREDO_AUTHENTICATION_LENGTH) return tooShort(walk);
    at += TEREDO_AUTHENTICATION_LENGTH + view.getUint8(at + 2) + view.getUint8(at + 3);
  }
  if (walk.end - at < 2) return tooShort(walk);
  if (view.getUint16(at) === TEREDO_ORIGIN) at += TEREDO_ORIGIN_LENGTH;
  if (at >= walk.end) return tooShort(walk);
  if (ipVersion(walk, at) !== 6) return NOT_A_TUNNEL;
  walk.at = at;
  return walk.enterTunnel(TUNNEL.teredo, -1, SPACE.ETHER_TYPE | ETHER_TYPE.IPV6);
}
