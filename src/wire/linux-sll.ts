/**
 * Linux cooked captures (https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL.html and …_SLL2.html): what tcpdump writes for
 * the `any` device. The link header is gone; in its place stand the packet's direction, the kind of interface and, in
 * version 2, its index. Tags that the kernel had taken off are put back behind the header, as in Ethernet.
 */
import { LAYER, SPACE } from './layer.ts';
import { DIRECTION } from './segment.ts';
import { STOP } from './stop.ts';
import type { Walk } from './walk.ts';

// Version 1. Address length 4, address 6 to 13.
const PACKET_TYPE = 0;
const HARDWARE = 2;
const PROTOCOL = 14;
const HEADER_LENGTH = 16;

// Version 2. Reserved 2, address length 11, address 12 to 19.
const PROTOCOL_2 = 0;
const INTERFACE_INDEX_2 = 4;
const HARDWARE_2 = 8;
const PACKET_TYPE_2 = 10;
const HEADER_LENGTH_2 = 20;

/** Packet types (linux/if_packet.h): to us, broadcast, multicast, to another host, from us. */
const DIRECTIONS = [
  DIRECTION.INCOMING,
  DIRECTION.INCOMING,
  DIRECTION.INCOMING,
  DIRECTION.OTHER_HOST,
  DIRECTION.OUTGOING,
] as const;

/** Interface types (linux/if_arp.h) for which the protocol is no EtherType. */
const ARPHRD_CAN = 280;
const ARPHRD_FRAME_RELAY = 770;
const ARPHRD_IEEE80211_RADIOTAP = 803;
const ARPHRD_NETLINK = 824;
/** Protocols of linux/if_ether.h that are no EtherTypes: 802.3 without LLC, and with. */
const PROTOCOL_NOVELL = 1;
const PROTOCOL_LLC = 4;

const LINKTYPE_RADIOTAP = 127;

export function readSll(walk: Walk): number {
  const { view, at } = walk;
  if (walk.end - at < HEADER_LENGTH) return STOP.CUT;
  walk.segment.direction = DIRECTIONS[view.getUint16(at + PACKET_TYPE)] ?? DIRECTION.UNKNOWN;
  return walk.past(HEADER_LENGTH, payload(view.getUint16(at + HARDWARE), view.getUint16(at + PROTOCOL)));
}

export function readSll2(walk: Walk): number {
  const { view, at } = walk;
  if (walk.end - at < HEADER_LENGTH_2) return STOP.CUT;
  walk.segment.direction = DIRECTIONS[view.getUint8(at + PACKET_TYPE_2)] ?? DIRECTION.UNKNOWN;
  walk.segment.interfaceIndex = view.getInt32(at + INTERFACE_INDEX_2);
  return walk.past(HEADER_LENGTH_2, payload(view.getUint16(at + HARDWARE_2), view.getUint16(at + PROTOCOL_2)));
}

function payload(hardware: number, protocol: number): number {
  if (hardware === ARPHRD_NETLINK || hardware === ARPHRD_CAN || hardware === ARPHRD_FRAME_RELAY)
    return STOP.NOT_IP_LINK;
  if (hardware === ARPHRD_IEEE80211_RADIOTAP) return SPACE.LINK_TYPE | LINKTYPE_RADIOTAP;
  if (protocol === PROTOCOL_LLC) return LAYER.LLC;
  if (protocol === PROTOCOL_NOVELL) return STOP.LLC;
  return SPACE.ETHER_TYPE | protocol;
}
