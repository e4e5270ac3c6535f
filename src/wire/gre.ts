/**
 * Generic routing encapsulation: version 0 (RFC 2784, keys and sequence numbers of RFC 2890, routing of RFC 1701), version
 * 1 as PPTP uses it (RFC 2637 §4.1), and ERSPAN, a mirror port's frames inside of it (draft-foschiano-erspan-03).
 */
import { ETHER_TYPE, LAYER, SPACE } from './layer.ts';
import { STOP } from './stop.ts';
import { pushVlan } from './vlan.ts';
import { ipVersion, TUNNEL, type Walk } from './walk.ts';

const FLAGS = 0;
const PROTOCOL = 2;
const MIN_LENGTH = 4;

const HAS_CHECKSUM = 0x8000;
const HAS_ROUTING = 0x4000;
const HAS_KEY = 0x2000;
const HAS_SEQUENCE = 0x1000;
/** PPTP only. */
const HAS_ACKNOWLEDGMENT = 0x0080;
const VERSION_MASK = 0x0007;
const OPTIONAL_LENGTH = 4;

// A source route entry (RFC 1701): family 0, offset 2, length 3; an entry of family and length 0 ends the list.
const ROUTE_ENTRY_LENGTH = 4;
const MAX_ROUTE_ENTRIES = 16;

/** WCCP version 2 puts four octets before the packet, which version 1 does not (draft-mclaggan-wccp-v2rev1-00 §3). */
const WCCP_HEADER_LENGTH = 4;
const LINKTYPE_PPP = 9;

// ERSPAN II: version and VLAN 0, class, encapsulation and session 2, index 4. III is longer, with an optional part.
const ERSPAN_II_LENGTH = 8;
const ERSPAN_III_LENGTH = 12;
const ERSPAN_III_FLAGS = 11;
const ERSPAN_PLATFORM_LENGTH = 8;
const VLAN_MASK = 0x0fff;
const SESSION_MASK = 0x03ff;
/** Encapsulation bits: the mirrored frame had an 802.1Q tag, which the header now holds instead. */
const TAG_TAKEN_OFF = 0x1000;
const ENCAPSULATION_MASK = 0x1800;

export function readGre(walk: Walk): number {
  const { view, at } = walk;
  if (walk.end - at < MIN_LENGTH) return STOP.CUT;
  const flags = view.getUint16(at + FLAGS);
  const protocol = view.getUint16(at + PROTOCOL);
  const version = flags & VERSION_MASK;
  if (version > 1) return STOP.MALFORMED_TUNNEL;
  let length = MIN_LENGTH;
  if ((flags & (HAS_CHECKSUM | HAS_ROUTING)) !== 0) length += OPTIONAL_LENGTH;
  const keyAt = at + length;
  if ((flags & HAS_KEY) !== 0) length += OPTIONAL_LENGTH;
  if ((flags & HAS_SEQUENCE) !== 0) length += OPTIONAL_LENGTH;
  if (version === 1 && (flags & HAS_ACKNOWLEDGMENT) !== 0) length += OPTIONAL_LENGTH;
  if (walk.end - at < length) return STOP.CUT;
  walk.at = at + length;
  // PPTP's key is a length and a call identifier, which differs by direction.
  if (version === 1) return walk.enterTunnel(TUNNEL.gre, -1, SPACE.LINK_TYPE | LINKTYPE_PPP);
  if ((flags & HAS_ROUTING) !== 0) {
    const stop = skipRoutes(walk);
    if (stop !== STOP.SEGMENT) return stop;
  }
  const key = (flags & HAS_KEY) !== 0 ? view.getUint32(keyAt) : -1;
  switch (protocol) {
    case ETHER_TYPE.TEB:
      return walk.enterTunnel(TUNNEL.gre, key, LAYER.ETHERNET);
    case ETHER_TYPE.ERSPAN:
      // Type I has neither a sequence number nor a header of its own.
      if ((flags & HAS_SEQUENCE) === 0) return walk.enterTunnel(TUNNEL.erspan, -1, LAYER.ETHERNET);
      return readErspan(walk, ERSPAN_II_LENGTH);
    case ETHER_TYPE.ERSPAN_III:
      return readErspan(walk, ERSPAN_III_LENGTH);
    case ETHER_TYPE.PPP:
      return walk.enterTunnel(TUNNEL.gre, key, SPACE.LINK_TYPE | LINKTYPE_PPP);
    case ETHER_TYPE.WCCP:
      if (ipVersion(walk, walk.at) !== 4) walk.at += WCCP_HEADER_LENGTH;
      return walk.enterTunnel(TUNNEL.gre, key, LAYER.IP_BY_NIBBLE);
    default:
      return walk.enterTunnel(TUNNEL.gre, key, SPACE.ETHER_TYPE | protocol);
  }
}

/** Moves past the source route; STOP.SEGMENT when it ended well. */
function skipRoutes(walk: Walk): number {
  const { view } = walk;
  for (let entries = 0; entries < MAX_ROUTE_ENTRIES; entries++) {
    if (walk.end - walk.at < ROUTE_ENTRY_LENGTH) return STOP.CUT;
    const entry = view.getUint32(walk.at);
    walk.at += ROUTE_ENTRY_LENGTH + (entry & 0xff);
    if (entry === 0) return STOP.SEGMENT;
  }
  return STOP.MALFORMED_TUNNEL;
}

function readErspan(walk: Walk, length: number): number {
  const { view, at } = walk;
  if (walk.end - at < length) return STOP.CUT;
  const tag = view.getUint16(at);
  const session = view.getUint16(at + 2);
  const hasPlatform = length === ERSPAN_III_LENGTH && (view.getUint8(at + ERSPAN_III_FLAGS) & 1) === 1;
  if (length === ERSPAN_II_LENGTH && (session & ENCAPSULATION_MASK) === TAG_TAKEN_OFF) {
    if (!pushVlan(walk, tag & VLAN_MASK)) return STOP.TOO_DEEP;
  }
  walk.at = at + length + (hasPlatform ? ERSPAN_PLATFORM_LENGTH : 0);
  return walk.enterTunnel(TUNNEL.erspan, session & SESSION_MASK, LAYER.ETHERNET);
}
