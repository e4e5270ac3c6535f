/**
 * MPLS label stacks (RFC 3032). A label does not say what it carries: an IP packet is known by its version nibble, as
 * routers do for load balancing; nibble 0 is a pseudowire control word (RFC 4385), behind which, or without which, an
 * Ethernet frame is expected (RFC 4448).
 */
import { ETHER_TYPE, LAYER } from './layer.ts';
import { STOP } from './stop.ts';
import { ipVersion, type Walk } from './walk.ts';

// RFC 3032 §2.1: label 20 bits, traffic class 3, bottom of stack 1, time to live 8.
const ENTRY_LENGTH = 4;
const BOTTOM_OF_STACK = 0x100;
/** Deeper stacks than any that segment routing hardware can push. */
const MAX_ENTRIES = 32;

const CONTROL_WORD_LENGTH = 4;
const ETHERNET_TYPE = 12;
/** RFC 4385 §5: nibble 1 is an associated channel (BFD, OAM), not user data. */
const ASSOCIATED_CHANNEL = 1;

export function readMpls(walk: Walk): number {
  const { view } = walk;
  for (let entries = 0; entries < MAX_ENTRIES; entries++) {
    if (walk.end - walk.at < ENTRY_LENGTH) return STOP.CUT;
    const entry = view.getInt32(walk.at);
    walk.at += ENTRY_LENGTH;
    if ((entry & BOTTOM_OF_STACK) !== 0) return payload(walk);
  }
  return STOP.TOO_DEEP;
}

function payload(walk: Walk): number {
  const { view, at } = walk;
  if (at >= walk.end) return STOP.CUT;
  if (ipVersion(walk, at) !== 0) return LAYER.IP_BY_NIBBLE;
  const nibble = view.getUint8(at) >> 4;
  if (nibble === ASSOCIATED_CHANNEL) return STOP.MALFORMED_TUNNEL;
  const plain = nibble !== 0 || (carriesIp(walk, at) && !carriesIp(walk, at + CONTROL_WORD_LENGTH));
  return walk.past(plain ? 0 : CONTROL_WORD_LENGTH, LAYER.ETHERNET);
}

/** Whether an Ethernet header at `at` would have a type that leads to IP. */
function carriesIp(walk: Walk, at: number): boolean {
  if (walk.end - at < ETHERNET_TYPE + 2) return false;
  const type = walk.view.getUint16(at + ETHERNET_TYPE);
  return (
    type === ETHER_TYPE.IPV4 ||
    type === ETHER_TYPE.IPV6 ||
    type === ETHER_TYPE.VLAN ||
    type === ETHER_TYPE.PROVIDER_VLAN ||
    type === ETHER_TYPE.ARP
  );
}
