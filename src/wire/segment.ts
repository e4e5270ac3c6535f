/**
 * One TCP segment (or one ICMP error that quotes one), as `decode.ts` found it inside a frame.
 *
 * BORROWED. One Segment is filled again and again; it is valid until the next `decode`. Every field is a number or boolean
 * that is initialised here and never changes its kind, so that V8 keeps one shape (style: numbers stay unboxed).
 *
 * Addresses are four 32-bit words, signed (as `DataView.getInt32` yields them), most significant first. An IPv4 address is
 * held as the IPv4-mapped IPv6 address ::ffff:a.b.c.d (words 0, 0, 0xffff, address), so that both families compare alike;
 * `family` (4 or 6) says what was on the wire.
 */
export class Segment {
  /** KIND.TCP, or KIND.ICMP_ERROR: then addresses, ports and sequence are those of the QUOTED segment. */
  kind = 0;
  family = 4;
  source0 = 0;
  source1 = 0;
  source2 = 0;
  source3 = 0;
  destination0 = 0;
  destination1 = 0;
  destination2 = 0;
  destination3 = 0;
  sourcePort = 0;
  destinationPort = 0;

  /** Unsigned 32-bit. RFC 9293 SEG.SEQ and SEG.ACK. */
  sequence = 0;
  acknowledgment = 0;
  /** The low 8 flag bits (RFC 9293 §3.1): see FLAG. AccECN's AE bit is not among them. */
  flags = 0;
  window = 0;
  /** Payload octets by the IP header's word (not by what was captured). */
  payloadLength = 0;
  /** False when the snapshot length, or an ICMP quotation, cut the TCP header before the field group could be read. A segment is only
   * yielded when ports are there; these say what else is. */
  hasSequence = false;
  /** acknowledgment, flags and payloadLength are known (the first 14 octets of the header are there); window is, when there are 16. */
  hasFlags = false;

  /** IPv4 identification; -1 for IPv6 without a fragment header. */
  ipId = -1;
  /** IPv4 TTL or IPv6 hop limit of the innermost header. */
  ttl = 0;

  /** Where the TCP header lies: `view` covers the chunk, or a reassembled datagram. -1 when unknown. */
  view: DataView = NO_VIEW;
  ipAt = 0;
  tcpAt = 0;
  /** One past the last captured octet of this datagram (padding excluded). */
  capturedEnd = 0;
  /** Octets of TCP header and payload together by the IP header's word. */
  tcpLength = 0;
  /** True when the datagram came in fragments: then `tcpLength` and `payloadLength` are at least so much. */
  fragmented = false;
  /** The header is one that hosts drop: its data offset is impossible, or the IP header leaves it fewer than 20 octets. What could be read of
   * it is there all the same; `tcpHeaderLength` is then 20, and its options are unknown. */
  malformed = false;
  /** Octets of TCP header by its data offset (20 to 60). */
  tcpHeaderLength = 0;

  /** The network that the addresses belong to: an index into the decoder's `networks`. 0 is the plain, untagged one. */
  network = 0;
  /** Direction by the link layer or the container: see DIRECTION. */
  direction = 0;
  /** Interface index as the packet itself states it (SLL2, NFLOG); -1 when it states none. Tells copies of a frame apart. */
  interfaceIndex = 0;
  /** Position in `view` of the Ethernet header right around the innermost IP packet, -1 when there is none (then MAC addresses are
   * unknown). */
  ethernetAt = -1;

  /** Position in `view` of the UDP header of a tunnel that the packet is in, -1 when it is in none, or not all of the datagram was captured; and the sum of the 16-bit
   * words of its IP addresses, for its checksum. */
  udpAt = -1;
  udpAddressSum = 0;

  /** For KIND.ICMP_ERROR: the sender of the error, its type and code; `icmpFamily` 4 or 6. */
  icmpFrom0 = 0;
  icmpFrom1 = 0;
  icmpFrom2 = 0;
  icmpFrom3 = 0;
  icmpFamily = 4;
  icmpType = 0;
  icmpCode = 0;

  /** Filled by `parseOptions` in tcp-options.ts, on demand, for this segment. */
  optionsParsed = false;
  /** The options were cut (snapshot length) or malformed: what is not set below is unknown, not absent. */
  optionsCut = false;
  /** -1 when the option was not seen. */
  mss = -1;
  windowScale = -1;
  sackPermitted = false;
  hasTimestamps = false;
  timestampValue = 0;
  timestampEcho = 0;
  fastOpen = false;
  md5 = false;
  authentication = false;
  multipath = false;
}

const NO_VIEW = new DataView(new ArrayBuffer(0));

export const KIND = { TCP: 1, ICMP_ERROR: 2 } as const;

/** RFC 9293 §3.1, RFC 3168. */
export const FLAG = { FIN: 0x01, SYN: 0x02, RST: 0x04, PSH: 0x08, ACK: 0x10, URG: 0x20, ECE: 0x40, CWR: 0x80 } as const;

/** OTHER_HOST: seen in promiscuous mode, addressed to somebody else (SLL packet type 3). */
export const DIRECTION = { UNKNOWN: 0, INCOMING: 1, OUTGOING: 2, OTHER_HOST: 3 } as const;
