/**
 * Packets that a Linux firewall rule logged (https://www.tcpdump.org/linktypes/LINKTYPE_NFLOG.html): a short header,
 * then type-length-value entries in the byte order of the host that captured, one of which is the packet. The hook says
 * which way it went, as seen from that host.
 */
import { LAYER } from './layer.ts';
import { DIRECTION } from './segment.ts';
import { STOP } from './stop.ts';
import type { Walk } from './walk.ts';

// Family 0, version 1, resource 2.
const VERSION = 1;
const HEADER_LENGTH = 4;

// Length 0 (of the entry, without its padding to four octets), type 2.
const TYPE = 2;
const ENTRY_HEADER_LENGTH = 4;
/** linux/netfilter/nfnetlink_log.h. */
const NFULA_PACKET_HDR = 1;
const NFULA_IFINDEX_INDEV = 4;
const NFULA_IFINDEX_OUTDEV = 5;
const NFULA_PAYLOAD = 9;
/** The upper two bits of a type are flags of netlink. */
const TYPE_MASK = 0x3fff;

/** In NFULA_PACKET_HDR: protocol 0, hook 2. */
const HOOK = 2;
/** Hooks (linux/netfilter.h): prerouting, input, forward, output, postrouting. */
const DIRECTIONS = [
  DIRECTION.INCOMING,
  DIRECTION.INCOMING,
  DIRECTION.UNKNOWN,
  DIRECTION.OUTGOING,
  DIRECTION.OUTGOING,
] as const;

export function readNflog(walk: Walk): number {
  const { view, at, segment } = walk;
  if (walk.end - at < HEADER_LENGTH) return STOP.CUT;
  if (view.getUint8(at + VERSION) !== 0) return STOP.MALFORMED_LINK;
  let entry = at + HEADER_LENGTH;
  if (walk.end - entry < ENTRY_HEADER_LENGTH) return STOP.CUT;
  // The first entry is a small one, so that its type is below 256 in one of the two orders alone.
  const little = view.getUint16(entry + TYPE, true) < 0x100;
  while (walk.end - entry >= ENTRY_HEADER_LENGTH) {
    const length = view.getUint16(entry, little);
    const value = entry + ENTRY_HEADER_LENGTH;
    if (length < ENTRY_HEADER_LENGTH) return STOP.MALFORMED_LINK;
    switch (view.getUint16(entry + TYPE, little) & TYPE_MASK) {
      case NFULA_PACKET_HDR:
        if (value + HOOK < walk.end) segment.direction = DIRECTIONS[view.getUint8(value + HOOK)] ?? DIRECTION.UNKNOWN;
        break;
      case NFULA_IFINDEX_INDEV:
      case NFULA_IFINDEX_OUTDEV:
        // A forwarded packet has both: the interface it came in by is first.
        if (value + 4 <= walk.end && segment.interfaceIndex < 0) segment.interfaceIndex = view.getInt32(value);
        break;
      case NFULA_PAYLOAD:
        walk.limit(entry + length);
        return walk.past(value - at, LAYER.IP_BY_NIBBLE);
      default:
        break;
    }
    entry += (length + 3) & ~3;
  }
  return STOP.CUT;
}
