/**
 * IPv6 (RFC 8200 §3) and the extension headers between it and the transport (§4). A payload length of 0 is a jumbogram
 * (RFC 2675) or a packet that a network card will cut: it goes as far as the frame.
 */
import { IP_PROTOCOL, SPACE } from './layer.ts';
import type { Segment } from './segment.ts';
import { STOP } from './stop.ts';
import type { Walk } from './walk.ts';

export const PAYLOAD_LENGTH = 4;
const NEXT_HEADER = 6;
export const HOP_LIMIT = 7;
export const SOURCE = 8;
export const DESTINATION = 24;
export const HEADER_LENGTH = 40;
/** The fixed part of a TCP header (RFC 9293 §3.1), which a plain packet has room for. */
const TCP_LENGTH = 20;

/** Whether the header at `at`, whose 40 octets are there, has no extension headers behind it, and leaves room for a TCP header. */
export function isPlainTcp(view: DataView, at: number): boolean {
  return (
    view.getUint8(at) >> 4 === 6 &&
    view.getUint8(at + NEXT_HEADER) === IP_PROTOCOL.TCP &&
    view.getUint16(at + PAYLOAD_LENGTH) >= TCP_LENGTH
  );
}

/** The family and both addresses of the header at `at`. */
export function fillAddresses(segment: Segment, view: DataView, at: number): void {
  segment.family = 6;
  segment.source0 = view.getInt32(at + SOURCE);
  segment.source1 = view.getInt32(at + SOURCE + 4);
  segment.source2 = view.getInt32(at + SOURCE + 8);
  segment.source3 = view.getInt32(at + SOURCE + 12);
  segment.destination0 = view.getInt32(at + DESTINATION);
  segment.destination1 = view.getInt32(at + DESTINATION + 4);
  segment.destination2 = view.getInt32(at + DESTINATION + 8);
  segment.destination3 = view.getInt32(at + DESTINATION + 12);
}

/** https://www.iana.org/assignments/ipv6-parameters: extension header types. */
const HOP_BY_HOP = 0;
const ROUTING = 43;
const FRAGMENT = 44;
const AUTHENTICATION = 51;
const DESTINATION_OPTIONS = 60;
const MOBILITY = 135;
const HIP = 139;
const SHIM6 = 140;
const NO_NEXT_HEADER = 59;

// Of every extension header but the last two: next header 0, length 1 in units of 8 octets, the first not counted.
const EXTENSION_LENGTH = 1;
const EXTENSION_MIN_LENGTH = 8;
/** RFC 8200 asks for each at most once or twice; a chain that is longer is an attack. */
const MAX_EXTENSIONS = 16;

// Fragment header (§4.5): offset and flags 2, identification 4.
const FRAGMENT_OFFSET = 2;
const FRAGMENT_IDENTIFICATION = 4;
const FRAGMENT_OFFSET_MASK = 0xfff8;
const MORE_FRAGMENTS = 0x0001;

// Routing header (§4.4): type 2, segments left 3; addresses from 8.
const ROUTING_TYPE = 2;
const SEGMENTS_LEFT = 3;
const ROUTING_ADDRESSES = 8;
const ADDRESS_LENGTH = 16;
const SOURCE_ROUTE = 0;
const MOBILE = 2;
const SEGMENT_ROUTING = 4;

export function readIpv6(walk: Walk): number {
  const { view, at, segment } = walk;
  if (walk.end - at < HEADER_LENGTH) return STOP.CUT;
  if (view.getUint8(at) >> 4 !== 6) return STOP.MALFORMED_IPV6;
  const payloadLength = view.getUint16(at + PAYLOAD_LENGTH);
  if (payloadLength !== 0) walk.limit(at + HEADER_LENGTH + payloadLength);
  segment.family = 6;
  segment.source0 = view.getInt32(at + SOURCE);
  segment.source1 = view.getInt32(at + SOURCE + 4);
  segment.source2 = view.getInt32(at + SOURCE + 8);
  segment.source3 = view.getInt32(at + SOURCE + 12);
  readDestination(walk, at + DESTINATION);
  segment.ipId = -1;
  segment.ttl = view.getUint8(at + HOP_LIMIT);
  segment.ipAt = at;
  walk.at = at + HEADER_LENGTH;
  return readExtensions(walk, view.getUint8(at + NEXT_HEADER));
}

function readDestination(walk: Walk, at: number): void {
  const { view, segment } = walk;
  segment.destination0 = view.getInt32(at);
  segment.destination1 = view.getInt32(at + 4);
  segment.destination2 = view.getInt32(at + 8);
  segment.destination3 = view.getInt32(at + 12);
}

/** Steps over the chain that begins at `walk.at` with a header of type `next`. The rest of a reassembled datagram comes here too. */
export function readExtensions(walk: Walk, next: number): number {
  for (let count = 0; count < MAX_EXTENSIONS; count++) {
    const { view, at } = walk;
    switch (next) {
      case HOP_BY_HOP:
      case ROUTING:
      case DESTINATION_OPTIONS:
      case MOBILITY:
      case HIP:
      case SHIM6:
        if (walk.end - at < EXTENSION_MIN_LENGTH) return STOP.CUT;
        if (next === ROUTING) readRouting(walk);
        walk.at = at + (view.getUint8(at + EXTENSION_LENGTH) + 1) * 8;
        break;
      case AUTHENTICATION:
        if (walk.end - at < EXTENSION_MIN_LENGTH) return STOP.CUT;
        walk.at = at + (view.getUint8(at + EXTENSION_LENGTH) + 2) * 4;
        break;
      case FRAGMENT: {
        if (walk.end - at < EXTENSION_MIN_LENGTH) return STOP.CUT;
        walk.at = at + EXTENSION_MIN_LENGTH;
        walk.segment.ipId = view.getUint32(at + FRAGMENT_IDENTIFICATION);
        const field = view.getUint16(at + FRAGMENT_OFFSET);
        const offset = field & FRAGMENT_OFFSET_MASK;
        const more = (field & MORE_FRAGMENTS) !== 0;
        // RFC 6946: a datagram of one fragment is no fragment.
        if (offset !== 0 || more) {
          const met = walk.fragments.meet(walk, view.getUint8(at), offset, more);
          if ((met & SPACE.IP_PROTOCOL) === 0) return met;
          next = met & 0xff;
          continue;
        }
        break;
      }
      case NO_NEXT_HEADER:
        return SPACE.IP_PROTOCOL | NO_NEXT_HEADER;
      default:
        return SPACE.IP_PROTOCOL | next;
    }
    next = view.getUint8(at);
  }
  return STOP.TOO_DEEP;
}

/** While a routing header has segments left, the transport's destination is the last address of it (RFC 8200 §8.1). */
function readRouting(walk: Walk): void {
  const { view, at } = walk;
  if (view.getUint8(at + SEGMENTS_LEFT) === 0) return;
  const type = view.getUint8(at + ROUTING_TYPE);
  const addresses = view.getUint8(at + EXTENSION_LENGTH) >> 1;
  let last = at + ROUTING_ADDRESSES;
  // RFC 8754 §2 lists segments backwards; RFC 6275 §6.4 has one address; RFC 2460 §4.4 lists them forwards.
  if (type === SOURCE_ROUTE) last += (addresses - 1) * ADDRESS_LENGTH;
  else if (type !== SEGMENT_ROUTING && type !== MOBILE) return;
  if (addresses > 0 && last + ADDRESS_LENGTH <= walk.end) readDestination(walk, last);
}
