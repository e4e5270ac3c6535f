/**
 * Why a frame yielded no segment. The numbers are dense: they index tables. Where a stop has a number of its own (an
 * EtherType, a protocol), the walk keeps it in `Layer` form beside the stop.
 */
export const STOP = {
  /** Not a stop: the segment was filled in. */
  SEGMENT: 0,
  /** The captured bytes (or those that a length field allows) end before the ports of TCP. */
  CUT: 1,
  /** A fragment without the TCP header, or one that waits for the rest of it. */
  FRAGMENT: 2,
  TOO_DEEP: 3,
  MALFORMED_LINK: 4,
  MALFORMED_IPV4: 5,
  MALFORMED_IPV6: 6,
  MALFORMED_TUNNEL: 7,
  LLC: 8,
  /** 802.11 frames: encrypted ones, and those that carry no data. */
  WIRELESS_PROTECTED: 9,
  WIRELESS_WITHOUT_DATA: 10,
  /** A cooked capture of an interface whose packets are not IP (netlink, CAN, …), a NULL packet of another family. */
  NOT_IP_LINK: 11,
  LINK_TYPE: 12,
  ETHER_TYPE: 13,
  PPP_PROTOCOL: 14,
  IP_PROTOCOL: 15,
} as const;
export type Stop = (typeof STOP)[keyof typeof STOP];

/** Names for the report, by stop; those of the last four come from `names.ts` with their number. */
export const STOP_NAMES: readonly string[] = [
  'segment',
  'cut before the TCP header',
  'fragment',
  'nested too deep',
  'malformed link header',
  'malformed ipv4 header',
  'malformed ipv6 header',
  'malformed tunnel header',
  'llc',
  '802.11 protected',
  '802.11 without data',
  'not an ip interface',
];
