/**
 * What comes next in the walk, as one number: a number space (the upper bits) and a number in it (the lower 16). A header
 * reader answers with such a number, or with a Stop, which is less than any of them.
 */
export const SPACE = {
  /** Layers that no registry numbers: see LAYER. */
  OWN: 0x10000,
  /** LINKTYPE_ numbers (https://www.tcpdump.org/linktypes.html). */
  LINK_TYPE: 0x20000,
  /** IEEE 802 EtherTypes; below 1536 an IEEE 802.3 length. */
  ETHER_TYPE: 0x30000,
  /** IANA protocol numbers. */
  IP_PROTOCOL: 0x40000,
  /** PPP DLL protocol numbers. */
  PPP_PROTOCOL: 0x50000,
} as const;

export const LAYER = {
  /** IPv4 or IPv6, as the version nibble says. */
  IP_BY_NIBBLE: 0x10000,
  ETHERNET: 0x10001,
  LLC: 0x10002,
  PPP: 0x10003,
  IEEE80211: 0x10004,
} as const;

/** Bits of a layer number that hold its space. */
export const SPACE_MASK = 0x7fff0000;
export const NUMBER_MASK = 0xffff;
/** Layers are at least this much; what is less is a Stop. */
export const FIRST_LAYER = 0x10000;

export const ETHER_TYPE = {
  IPV4: 0x0800,
  ARP: 0x0806,
  TRILL: 0x22f3,
  ERSPAN_III: 0x22eb,
  TEB: 0x6558,
  VLAN: 0x8100,
  IPV6: 0x86dd,
  PPP: 0x880b,
  WCCP: 0x883e,
  MPLS: 0x8847,
  MPLS_UPSTREAM: 0x8848,
  PPPOE_SESSION: 0x8864,
  PROVIDER_VLAN: 0x88a8,
  ERSPAN: 0x88be,
  BACKBONE: 0x88e7,
  FABRICPATH: 0x8903,
  CISCO_METADATA: 0x8909,
  NSH: 0x894f,
  QINQ_9100: 0x9100,
  QINQ_9200: 0x9200,
  QINQ_9300: 0x9300,
} as const;

export const IP_PROTOCOL = {
  ICMP: 1,
  IPV4: 4,
  TCP: 6,
  UDP: 17,
  IPV6: 41,
  GRE: 47,
  AH: 51,
  ICMPV6: 58,
  ETHERIP: 97,
  MPLS: 137,
} as const;
