/**
 * VLAN tags: IEEE 802.1Q customer tags, 802.1ad provider tags, and the type values that equipment used for stacked tags
 * before 802.1ad. Behind the identifier comes the type of what is tagged: another tag, a packet, or a length.
 */
import { ETHER_TYPE, SPACE } from './layer.ts';
import { STOP } from './stop.ts';
import { MAX_TAGS, type Walk } from './walk.ts';

// IEEE 802.1Q §9.6, from behind the tag's own type.
const CONTROL_INFORMATION = 0;
const TYPE = 2;
const TAG_LENGTH = 4;

/** The identifier among the control information; the rest is priority and drop eligibility. */
export const IDENTIFIER_BITS = 12;
const IDENTIFIER_MASK = (1 << IDENTIFIER_BITS) - 1;

const ETHER_TYPE_AT = 12;
const FIRST_TAG = 14;
/** Where the octets of the tags stand in what `readTags` answers. */
const LENGTH_SHIFT = 24;

/** Whether a tag of today follows: of a customer, or of a provider. */
export function isTagType(type: number): boolean {
  return type === ETHER_TYPE.VLAN || type === ETHER_TYPE.PROVIDER_VLAN;
}

/** The first one or two tags of the Ethernet frame at `at`, which has one, and of which 22 octets are there: for `tagsOf` and `tagsLength`. */
export function readTags(view: DataView, at: number): number {
  const first = view.getUint16(at + FIRST_TAG) & IDENTIFIER_MASK;
  if (!isTagType(view.getUint16(at + ETHER_TYPE_AT + TAG_LENGTH))) return first | (TAG_LENGTH << LENGTH_SHIFT);
  const second = view.getUint16(at + FIRST_TAG + TAG_LENGTH) & IDENTIFIER_MASK;
  // An identifier of 0 names no VLAN.
  const tags = second === 0 ? first : (first << IDENTIFIER_BITS) | second;
  return tags | ((2 * TAG_LENGTH) << LENGTH_SHIFT);
}

/** Identifiers that name a VLAN, 12 bits each, the outer one above the inner one; 0 when there is none. */
export function tagsOf(read: number): number {
  return read & ((1 << LENGTH_SHIFT) - 1);
}

/** Octets of the tags. */
export function tagsLength(read: number): number {
  return read >>> LENGTH_SHIFT;
}

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
