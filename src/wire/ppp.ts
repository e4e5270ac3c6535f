/**
 * PPP (RFC 1661) in HDLC-like framing (RFC 1662), bare, behind PPPoE (RFC 2516) or with a direction octet in front, and
 * Cisco HDLC, which shares PPP's link types. Multilink fragments, compression and encryption are not followed.
 */
import { LAYER, SPACE } from './layer.ts';
import { DIRECTION } from './segment.ts';
import { STOP } from './stop.ts';
import type { Walk } from './walk.ts';

/** RFC 1662 §3.1: address "all stations", control "unnumbered information". */
const ADDRESS_CONTROL = 0xff03;
const ADDRESS_CONTROL_LENGTH = 2;
const CONTROL = 0x03;

// Cisco HDLC: address (unicast, multicast), control 0, then an EtherType.
const CISCO_UNICAST = 0x0f00;
const CISCO_MULTICAST = 0x8f00;
const CISCO_TYPE = 2;
const CISCO_LENGTH = 4;

// PPPoE (RFC 2516 §4): version and type 0, code 1, session 2, length 4.
const PPPOE_CODE = 1;
const PPPOE_PAYLOAD_LENGTH = 4;
const PPPOE_LENGTH = 6;
const PPPOE_SESSION_DATA = 0;

/** LINKTYPE_PPP and LINKTYPE_PPP_HDLC: the first two octets tell the framing. */
export function readPppFrame(walk: Walk): number {
  const { view, at } = walk;
  if (walk.end - at < ADDRESS_CONTROL_LENGTH) return STOP.CUT;
  const start = view.getUint16(at);
  if (start === CISCO_UNICAST || start === CISCO_MULTICAST) return readCiscoHdlc(walk);
  return walk.past(start === ADDRESS_CONTROL ? ADDRESS_CONTROL_LENGTH : 0, LAYER.PPP);
}

/** LINKTYPE_PPP_WITH_DIR: 0 received, other values sent; then a frame. LINKTYPE_PPP_PPPD replaces the address octet. */
export function readPppWithDirection(walk: Walk): number {
  const { view, at } = walk;
  if (walk.end - at < 2) return STOP.CUT;
  walk.segment.direction = view.getUint8(at) === 0 ? DIRECTION.INCOMING : DIRECTION.OUTGOING;
  if (view.getUint8(at + 1) === CONTROL) return walk.past(ADDRESS_CONTROL_LENGTH, LAYER.PPP);
  walk.at = at + 1;
  return readPppFrame(walk);
}

/** The protocol field: one octet when compressed (RFC 1661 §6.5), which its odd value tells. */
export function readPppProtocol(walk: Walk): number {
  const { view, at } = walk;
  if (walk.end - at < 1) return STOP.CUT;
  const first = view.getUint8(at);
  if ((first & 1) === 1) return walk.past(1, SPACE.PPP_PROTOCOL | first);
  if (walk.end - at < 2) return STOP.CUT;
  return walk.past(2, SPACE.PPP_PROTOCOL | view.getUint16(at));
}

export function readCiscoHdlc(walk: Walk): number {
  const { view, at } = walk;
  if (walk.end - at < CISCO_LENGTH) return STOP.CUT;
  return walk.past(CISCO_LENGTH, SPACE.ETHER_TYPE | view.getUint16(at + CISCO_TYPE));
}

export function readPppoe(walk: Walk): number {
  const { view, at } = walk;
  if (walk.end - at < PPPOE_LENGTH) return STOP.CUT;
  if (view.getUint8(at + PPPOE_CODE) !== PPPOE_SESSION_DATA) return STOP.MALFORMED_LINK;
  const wireEnd = at + PPPOE_LENGTH + view.getUint16(at + PPPOE_PAYLOAD_LENGTH);
  if (wireEnd < walk.wireEnd) walk.limit(wireEnd);
  return walk.past(PPPOE_LENGTH, LAYER.PPP);
}
