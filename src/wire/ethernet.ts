/**
 * Ethernet II (DIX) and IEEE 802.3 frames (IEEE 802.3 §3.2), and the 802.2 LLC/SNAP header behind a length or a bare
 * link. The same two-octet field is an EtherType from 1536 on, and a length up to 1500.
 */
import { LAYER, SPACE } from './layer.ts';
import { STOP } from './stop.ts';
import type { Walk } from './walk.ts';

// Ethernet: destination 0, source 6.
const TYPE = 12;
const HEADER_LENGTH = 14;

/** Smallest EtherType (IEEE 802.3 §3.2.6). */
export const FIRST_ETHER_TYPE = 0x600;

// LLC (IEEE 802.2 §3.2), then SNAP (IEEE 802 §10.3).
const DSAP_SSAP = 0;
const CONTROL = 2;
const ORGANISATION = 3;
const PROTOCOL = 6;
const LLC_LENGTH = 3;
const SNAP_LENGTH = 8;

const SAP_SNAP = 0xaaaa;
/** RFC 1042 predates SNAP's use for everything: SAP 6 is IP itself. */
const SAP_IP = 0x0606;
const UNNUMBERED_INFORMATION = 0x03;
/** Organisations under which the protocol is an EtherType: RFC 1042, and IEEE 802.1H bridge tunnels. */
const RFC_1042 = 0x000000;
const BRIDGE_TUNNEL = 0x0000f8;

export function readEthernet(walk: Walk): number {
  const { view, at } = walk;
  if (walk.end - at < HEADER_LENGTH) return STOP.CUT;
  walk.segment.ethernetAt = at;
  return walk.past(HEADER_LENGTH, SPACE.ETHER_TYPE | view.getUint16(at + TYPE));
}

/** What follows a type field whose value is a length: an LLC header in that many octets, the rest being padding. */
export function readLengthField(walk: Walk, length: number): number {
  if (walk.at + length < walk.wireEnd) walk.limit(walk.at + length);
  return LAYER.LLC;
}

export function readLlc(walk: Walk): number {
  const { view, at } = walk;
  if (walk.end - at < LLC_LENGTH) return STOP.CUT;
  const saps = view.getUint16(at + DSAP_SSAP);
  if (view.getUint8(at + CONTROL) !== UNNUMBERED_INFORMATION) return STOP.LLC;
  if (saps === SAP_IP) return walk.past(LLC_LENGTH, LAYER.IP_BY_NIBBLE);
  if (saps !== SAP_SNAP) return STOP.LLC;
  if (walk.end - at < SNAP_LENGTH) return STOP.CUT;
  const organisation = view.getUint16(at + ORGANISATION) * 256 + view.getUint8(at + ORGANISATION + 2);
  const protocol = view.getUint16(at + PROTOCOL);
  if (organisation !== RFC_1042 && organisation !== BRIDGE_TUNNEL) return STOP.LLC;
  // A SNAP protocol below 1536 would be a length again: no such nesting exists.
  return protocol < FIRST_ETHER_TYPE ? STOP.LLC : walk.past(SNAP_LENGTH, SPACE.ETHER_TYPE | protocol);
}
