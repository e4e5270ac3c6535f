/**
 * IPv4 (RFC 791 §3.1). Options are stepped over. A total length of 0 is what Linux hands to a network card that will cut
 * the packet itself (segmentation offload): then the packet goes as far as the frame.
 */
import { SPACE } from './layer.ts';
import { STOP } from './stop.ts';
import type { Walk } from './walk.ts';

export const VERSION_LENGTH = 0;
export const TOTAL_LENGTH = 2;
export const IDENTIFICATION = 4;
export const FRAGMENT = 6;
export const TTL = 8;
export const PROTOCOL = 9;
export const SOURCE = 12;
export const DESTINATION = 16;
export const MIN_LENGTH = 20;

/** More fragments, and the offset in units of 8 octets. */
export const FRAGMENT_MASK = 0x3fff;
const MORE_FRAGMENTS = 0x2000;
const OFFSET_MASK = 0x1fff;
/** Words 0 to 2 of ::ffff:0:0/96 (segment.ts). */
export const MAPPED = 0xffff;

export function readIpv4(walk: Walk): number {
  const { view, at, segment } = walk;
  if (walk.end - at < MIN_LENGTH) return STOP.CUT;
  const first = view.getUint8(at + VERSION_LENGTH);
  const headerLength = (first & 0x0f) * 4;
  const totalLength = view.getUint16(at + TOTAL_LENGTH);
  if (first >> 4 !== 4 || headerLength < MIN_LENGTH) return STOP.MALFORMED_IPV4;
  // Some stacks quote a packet with a length that they had already changed; what was quoted is there all the same.
  if (totalLength >= headerLength) walk.limit(at + totalLength);
  else if (totalLength !== 0 && !walk.quoted) return STOP.MALFORMED_IPV4;
  segment.family = 4;
  segment.source0 = 0;
  segment.source1 = 0;
  segment.source2 = MAPPED;
  segment.source3 = view.getInt32(at + SOURCE);
  segment.destination0 = 0;
  segment.destination1 = 0;
  segment.destination2 = MAPPED;
  segment.destination3 = view.getInt32(at + DESTINATION);
  segment.ipId = view.getUint16(at + IDENTIFICATION);
  segment.ttl = view.getUint8(at + TTL);
  segment.ipAt = at;
  const protocol = view.getUint8(at + PROTOCOL);
  const fragment = view.getUint16(at + FRAGMENT) & FRAGMENT_MASK;
  walk.at = at + headerLength;
  if (fragment === 0) return SPACE.IP_PROTOCOL | protocol;
  return walk.fragments.meet(walk, protocol, (fragment & OFFSET_MASK) * 8, (fragment & MORE_FRAGMENTS) !== 0);
}
