/**
 * IPv4 (RFC 791 §3.1). Options are stepped over, but for a source route: while it has addresses to go, the destination is the last of them, and the
 * field holds the next hop. A total length of 0 is what Linux hands to a network card that will cut
 * the packet itself (segmentation offload): then the packet goes as far as the frame.
 */
import { IP_PROTOCOL, SPACE } from './layer.ts';
import { STOP } from './stop.ts';
import type { Walk } from './walk.ts';

const VERSION_LENGTH = 0;
export const TOTAL_LENGTH = 2;
export const IDENTIFICATION = 4;
const FRAGMENT = 6;
export const TTL = 8;
const PROTOCOL = 9;
export const SOURCE = 12;
export const DESTINATION = 16;
export const MIN_LENGTH = 20;

/** More fragments, and the offset in units of 8 octets. */
const FRAGMENT_MASK = 0x3fff;
const MORE_FRAGMENTS = 0x2000;
const OFFSET_MASK = 0x1fff;

// Options: kind 0, length 1 (kind and length counted), of a source route: pointer 2 (from the option's beginning, counted from 1), addresses from 3.
const END_OF_OPTIONS = 0;
const NO_OPERATION = 1;
const LOOSE_SOURCE_ROUTE = 131;
const STRICT_SOURCE_ROUTE = 137;
const OPTION_LENGTH = 1;
const ROUTE_POINTER = 2;
const ROUTE_ADDRESSES = 3;
const ADDRESS_LENGTH = 4;
/** Words 0 to 2 of ::ffff:0:0/96 (segment.ts). */
export const MAPPED = 0xffff;

/** Version 4, a header of 5 words. */
const PLAIN = 0x45;
/** The fixed part of a TCP header (RFC 9293 §3.1), which a plain packet has room for. */
const TCP_LENGTH = 20;

/** Whether the header at `at`, whose 20 octets are there, has no options, is of no fragment, and leaves room for a TCP header behind it. */
export function isPlainTcp(view: DataView, at: number): boolean {
  return (
    view.getUint8(at + VERSION_LENGTH) === PLAIN &&
    view.getUint8(at + PROTOCOL) === IP_PROTOCOL.TCP &&
    (view.getUint16(at + FRAGMENT) & FRAGMENT_MASK) === 0 &&
    view.getUint16(at + TOTAL_LENGTH) >= MIN_LENGTH + TCP_LENGTH
  );
}

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
  if (headerLength > MIN_LENGTH) followSourceRoute(walk, at + MIN_LENGTH, at + headerLength);
  segment.ipId = view.getUint16(at + IDENTIFICATION);
  segment.ttl = view.getUint8(at + TTL);
  segment.ipAt = at;
  const protocol = view.getUint8(at + PROTOCOL);
  const fragment = view.getUint16(at + FRAGMENT) & FRAGMENT_MASK;
  walk.at = at + headerLength;
  if (fragment === 0) return SPACE.IP_PROTOCOL | protocol;
  return walk.fragments.meet(walk, protocol, (fragment & OFFSET_MASK) * 8, (fragment & MORE_FRAGMENTS) !== 0);
}

/** Looks for a source route between `at` and `headerEnd`. An option of an impossible length ends the search: nothing behind it can be found. */
function followSourceRoute(walk: Walk, at: number, headerEnd: number): void {
  const { view, segment } = walk;
  const end = Math.min(headerEnd, walk.end);
  for (let option = at; option + OPTION_LENGTH < end; ) {
    const kind = view.getUint8(option);
    if (kind === END_OF_OPTIONS) return;
    const length = kind === NO_OPERATION ? 1 : view.getUint8(option + OPTION_LENGTH);
    if (length === 0 || option + length > end || (length === 1 && kind !== NO_OPERATION)) return;
    if (kind === LOOSE_SOURCE_ROUTE || kind === STRICT_SOURCE_ROUTE) {
      const isWhole =
        length >= ROUTE_ADDRESSES + ADDRESS_LENGTH && view.getUint8(option + ROUTE_POINTER) <= length - ROUTE_ADDRESSES;
      if (isWhole) segment.destination3 = view.getInt32(option + length - ADDRESS_LENGTH);
      return;
    }
    option += length;
  }
}
