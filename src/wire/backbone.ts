/**
 * Headers that carry one Ethernet frame (or packet) inside of another across a data centre or a provider: 802.1ah
 * MAC-in-MAC, TRILL, Cisco FabricPath, Cisco metadata tags and network service headers. They are not tunnels between IP
 * addresses; the frame inside is all that matters.
 */
import { LAYER, SPACE } from './layer.ts';
import { STOP } from './stop.ts';
import type { Walk } from './walk.ts';

/** IEEE 802.1ah §9.7: the I-TAG's control information (flags, 24-bit service identifier), then the customer's addresses. */
const SERVICE_TAG_LENGTH = 4;
/** FabricPath: forwarding tag (10 bits) and time to live (6 bits). */
const FABRICPATH_LENGTH = 2;

// RFC 6325 §3: version 2 bits, reserved 2, multicast 1, options length 5 (in 32-bit words), hop count 6; two nicknames.
const TRILL_LENGTH = 6;
const TRILL_OPTIONS_MASK = 0x07c0;
const TRILL_OPTIONS_SHIFT = 6;

// Cisco metadata: version, length in 32-bit words of the options behind it, options of type and value, then a type.
const METADATA_LENGTH = 8;
const METADATA_TYPE = 6;

// RFC 8300 §2.2: flags, time to live, length (6 bits, in 32-bit words); metadata type; next protocol.
const SERVICE_HEADER_MIN_LENGTH = 8;
const SERVICE_HEADER_WORDS_MASK = 0x3f;
const SERVICE_HEADER_NEXT = 3;
const NEXT_IPV4 = 1;
const NEXT_IPV6 = 2;
const NEXT_ETHERNET = 3;

export function readBackboneTag(walk: Walk): number {
  return walk.past(SERVICE_TAG_LENGTH, LAYER.ETHERNET);
}

export function readFabricPath(walk: Walk): number {
  return walk.past(FABRICPATH_LENGTH, LAYER.ETHERNET);
}

export function readTrill(walk: Walk): number {
  const { view, at } = walk;
  if (walk.end - at < TRILL_LENGTH) return STOP.CUT;
  const optionWords = (view.getUint16(at) & TRILL_OPTIONS_MASK) >> TRILL_OPTIONS_SHIFT;
  return walk.past(TRILL_LENGTH + optionWords * 4, LAYER.ETHERNET);
}

export function readCiscoMetadata(walk: Walk): number {
  const { view, at } = walk;
  if (walk.end - at < METADATA_LENGTH) return STOP.CUT;
  return walk.past(METADATA_LENGTH, SPACE.ETHER_TYPE | view.getUint16(at + METADATA_TYPE));
}

export function readServiceHeader(walk: Walk): number {
  const { view, at } = walk;
  if (walk.end - at < SERVICE_HEADER_MIN_LENGTH) return STOP.CUT;
  const length = (view.getUint8(at + 1) & SERVICE_HEADER_WORDS_MASK) * 4;
  if (length < SERVICE_HEADER_MIN_LENGTH) return STOP.MALFORMED_TUNNEL;
  const next = view.getUint8(at + SERVICE_HEADER_NEXT);
  if (next === NEXT_ETHERNET) return walk.past(length, LAYER.ETHERNET);
  if (next === NEXT_IPV4 || next === NEXT_IPV6) return walk.past(length, LAYER.IP_BY_NIBBLE);
  return STOP.MALFORMED_TUNNEL;
}
