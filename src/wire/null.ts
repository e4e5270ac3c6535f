/**
 * BSD loopback headers: LINKTYPE_NULL holds the protocol family in the byte order of the host that captured,
 * LINKTYPE_LOOP in network order (https://www.tcpdump.org/linktypes.html). Families are below 256, so either order of
 * NULL can be told by itself.
 */
import { LAYER } from './layer.ts';
import { STOP } from './stop.ts';
import type { Walk } from './walk.ts';

const HEADER_LENGTH = 4;

const AF_INET = 2;
/** AF_INET6 of Linux, of NetBSD, OpenBSD and BSD/OS, of FreeBSD, and of macOS. */
const AF_INET6_LINUX = 10;
const AF_INET6_BSD = 24;
const AF_INET6_FREEBSD = 28;
const AF_INET6_DARWIN = 30;

export function readNull(walk: Walk): number {
  const { view, at } = walk;
  if (walk.end - at < HEADER_LENGTH) return STOP.CUT;
  const little = view.getUint32(at, true);
  return walk.past(HEADER_LENGTH, payload(little < 0x10000 ? little : view.getUint32(at)));
}

export function readLoop(walk: Walk): number {
  const { view, at } = walk;
  if (walk.end - at < HEADER_LENGTH) return STOP.CUT;
  return walk.past(HEADER_LENGTH, payload(view.getUint32(at)));
}

function payload(family: number): number {
  switch (family) {
    case AF_INET:
    case AF_INET6_LINUX:
    case AF_INET6_BSD:
    case AF_INET6_FREEBSD:
    case AF_INET6_DARWIN:
      return LAYER.IP_BY_NIBBLE;
    default:
      return STOP.NOT_IP_LINK;
  }
}
