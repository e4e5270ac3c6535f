/**
 * A packet that begins with its IP header (LINKTYPE_RAW, IPV4, IPV6, and what several tunnels carry): the version nibble
 * decides (RFC 791 §3.1, RFC 8200 §3), whatever the link type's name promises.
 */
import { ETHER_TYPE, SPACE } from './layer.ts';
import { STOP } from './stop.ts';
import type { Walk } from './walk.ts';

export function readIpByNibble(walk: Walk): number {
  const { view, at } = walk;
  if (walk.end - at < 1) return STOP.CUT;
  return SPACE.ETHER_TYPE | (view.getUint8(at) >> 4 === 6 ? ETHER_TYPE.IPV6 : ETHER_TYPE.IPV4);
}
