/**
 * VLAN tags: IEEE 802.1Q customer tags, 802.1ad provider tags, and the type values that equipment used for stacked tags
 * before 802.1ad. Behind the identifier comes the type of what is tagged: another tag, a packet, or a length.
 */
import { SPACE } from './layer.ts';
import { STOP } from './stop.ts';
import { MAX_TAGS, type Walk } from './walk.ts';

// IEEE 802.1Q §9.6, from behind the tag's own type.
const CONTROL_INFORMATION = 0;
const TYPE = 2;
const TAG_LENGTH = 4;

/** The identifier among the control information; the rest is priority and drop eligibility. */
export const IDENTIFIER_MASK = 0x0fff;

export function readVlan(walk: Walk): number {
  const { view, at } = walk;
  if (walk.end - at < TAG_LENGTH) return STOP.CUT;
  if (!pushVlan(walk, view.getUint16(at + CONTROL_INFORMATION) & IDENTIFIER_MASK)) return STOP.TOO_DEEP;
  return walk.past(TAG_LENGTH, SPACE.ETHER_TYPE | view.getUint16(at + TYPE));
}

/** Notes a tag; false when there are too many. Identifier 0 only carries a priority and names no VLAN. */
export function pushVlan(walk: Walk, identifier: number): boolean {
  if (identifier === 0) return true;
  if (walk.vlanCount === MAX_TAGS) return false;
  walk.vlans[walk.vlanCount++] = identifier;
  return true;
}
