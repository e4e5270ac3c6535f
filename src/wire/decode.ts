/**
 * The walk: from a frame to the innermost TCP segment in it, or to the reason why there is none.
 *
 *     link -> (tags, labels) -> IP -> (tunnel -> … -> IP)* -> TCP
 *
 * Each header has its own file; a reader there takes the Walk and answers what comes next as one number (layer.ts). The walk
 * is a loop over these numbers with a bound, not a recursion, so that no nesting can exhaust anything. Ordinary frames
 * (Ethernet, at most two VLAN tags, IPv4 without options or IPv6, TCP) do not go through it: `decode` reads them in one go.
 */
import { readBackboneTag, readCiscoMetadata, readFabricPath, readServiceHeader, readTrill } from './backbone.ts';
import { Census } from './census.ts';
import { FIRST_ETHER_TYPE, readEthernet, readLengthField, readLlc } from './ethernet.ts';
import { readGre } from './gre.ts';
import { readIcmp, readIcmpv6 } from './icmp.ts';
import { readAvs, readIeee80211, readPrism, readRadiotap } from './ieee80211.ts';
import * as ipv4 from './ipv4.ts';
import * as ipv6 from './ipv6.ts';
import { ETHER_TYPE, FIRST_LAYER, IP_PROTOCOL, LAYER, NUMBER_MASK, SPACE, SPACE_MASK } from './layer.ts';
import { readSll, readSll2 } from './linux-sll.ts';
import { readMpls } from './mpls.ts';
import type { Network } from './network.ts';
import { NetworkTable } from './network-table.ts';
import { readNflog } from './nflog.ts';
import { readLoop, readNull } from './null.ts';
import { readCiscoHdlc, readPppFrame, readPppoe, readPppProtocol, readPppWithDirection } from './ppp.ts';
import { readIpByNibble } from './raw-ip.ts';
import { DIRECTION, KIND, type Segment } from './segment.ts';
import { STOP, type Stop } from './stop.ts';
import * as tcp from './tcp.ts';
import { readUdp } from './udp.ts';
import { isTagType, readTags, readVlan, tagsLength, tagsOf } from './vlan.ts';
import { TUNNEL, Walk } from './walk.ts';

const LINKTYPE_ETHERNET = 1;
const ETHERNET_LENGTH = 14;
/** RFC 3378 §3: version 3, reserved bits. */
const ETHERIP_LENGTH = 2;
/** The shortest frame that the fast path takes: Ethernet, IPv4 and TCP, 20 octets each of the last two. */
const FAST_LENGTH = ETHERNET_LENGTH + ipv4.MIN_LENGTH + tcp.MIN_LENGTH;

/** Headers that a walk reads before it gives up: a few for each of the tunnels that `Walk` allows. */
const MAX_LAYERS = 64;
const FDDI_LENGTH = 13;

const NETWORKS_LIMIT = 65_536;
const FRAGMENT_BYTES_LIMIT = 256 * 1024;

export interface DecoderOptions {
  /** Octets that may be kept of incomplete datagrams (a datagram takes 512). Default 256 KiB. */
  readonly fragmentBytesLimit?: number;
  /** Networks that are told apart. Default 65,536. */
  readonly networksLimit?: number;
}

export class Decoder {
  readonly #walk: Walk;
  readonly #networks: NetworkTable;
  readonly #census = new Census();
  /** The layer at which the last walk ended. */
  #layer = 0;

  constructor(options: DecoderOptions = {}) {
    this.#walk = new Walk(options.fragmentBytesLimit ?? FRAGMENT_BYTES_LIMIT);
    this.#networks = new NetworkTable(Math.max(1, options.networksLimit ?? NETWORKS_LIMIT));
  }

  /** The networks met so far; `segment.network` is an index. Index 0 is the plain one. It grows, and never changes what it has. */
  get networks(): readonly Network[] {
    return this.#networks.networks;
  }

  /** How often a new network could not be told from the last one that there was room for. */
  get networksShared(): number {
    return this.#networks.shared;
  }

  /** Fragmented datagrams that were given up incomplete, because newer ones needed their room. */
  get fragmentsGivenUp(): number {
    return this.#walk.fragments.givenUp;
  }

  /** The network of the tags of a row that was decoded elsewhere (plain-row.ts). */
  networkOf(tags: number): number {
    return this.#networks.ofTags(tags);
  }

  /** So many frames of the capture were decoded elsewhere (plain-row.ts): nothing comes of them but that fragments grow older. */
  pass(frames: number): void {
    this.#walk.fragments.frames += frames;
  }

  /** What was not a TCP segment: names and counts, most first. A new object. */
  notTcp(): Record<string, number> {
    return this.#census.byName();
  }

  /**
   * Fills `segment` from a frame of `capturedLength` octets at `at`, and answers STOP.SEGMENT (0); or answers why there is no
   * segment (which is counted), and then the segment's fields mean nothing. Never throws for any octets, as long as
   * the frame lies in the view. `segment` is valid until the next call, and as long as the view's octets are.
   */
  decode(
    view: DataView,
    at: number,
    capturedLength: number,
    originalLength: number,
    linkType: number,
    segment: Segment,
  ): Stop {
    this.#walk.fragments.frames++;
    if (linkType === LINKTYPE_ETHERNET && capturedLength >= FAST_LENGTH) {
      let type = view.getUint16(at + 12);
      let ipAt = at + ETHERNET_LENGTH;
      let tags = 0;
      if (isTagType(type)) {
        const read = readTags(view, at);
        tags = tagsOf(read);
        ipAt += tagsLength(read);
        type = view.getUint16(ipAt - 2);
      }
      const end = at + capturedLength;
      if (
        type === ETHER_TYPE.IPV4
          ? fillIpv4(segment, view, ipAt, end)
          : type === ETHER_TYPE.IPV6 && fillIpv6(segment, view, ipAt, end)
      ) {
        segment.kind = KIND.TCP;
        segment.network = tags === 0 ? 0 : this.#networks.ofTags(tags);
        segment.direction = DIRECTION.UNKNOWN;
        segment.interfaceIndex = -1;
        segment.ethernetAt = at;
        segment.udpAt = -1;
        segment.fragmented = false;
        return STOP.SEGMENT;
      }
    }
    return this.#decodeAny(view, at, capturedLength, originalLength, linkType, segment);
  }

  #decodeAny(view: DataView, at: number, captured: number, original: number, linkType: number, segment: Segment): Stop {
    const walk = this.#walk;
    segment.direction = DIRECTION.UNKNOWN;
    segment.interfaceIndex = -1;
    segment.ethernetAt = -1;
    segment.udpAt = -1;
    segment.fragmented = false;
    walk.start(view, at, captured, Math.max(captured, original), segment);
    // A forged number of more than 16 bits must not pass for another one.
    let stop = this.#follow(SPACE.LINK_TYPE | Math.min(linkType >>> 0, NUMBER_MASK));
    if (stop === STOP.CUT && walk.mayWait) {
      walk.fragments.waitForRest();
      stop = STOP.FRAGMENT;
    } else {
      walk.fragments.settle();
    }
    if (stop === STOP.SEGMENT) {
      segment.kind = walk.quoted ? KIND.ICMP_ERROR : KIND.TCP;
      segment.network = this.#networks.of(walk);
      return stop;
    }
    if (walk.quoted) {
      // An error about something else than TCP is just ICMP.
      stop = STOP.IP_PROTOCOL;
      this.#layer = segment.icmpFamily === 4 ? IP_PROTOCOL.ICMP : IP_PROTOCOL.ICMPV6;
    }
    this.#census.count(stop, this.#layer);
    return stop;
  }

  #follow(first: number): Stop {
    const walk = this.#walk;
    let next = first;
    for (let layers = 0; layers < MAX_LAYERS; layers++) {
      this.#layer = next;
      next = readLayer(walk, next);
      if (next < FIRST_LAYER) return next as Stop;
    }
    return STOP.TOO_DEEP;
  }
}

/**
 * An IPv4 packet without options or fragments around a TCP segment of which the fixed header was captured. False for any other: then the walk reads it.
 */
function fillIpv4(segment: Segment, view: DataView, at: number, end: number): boolean {
  const tcpAt = at + ipv4.MIN_LENGTH;
  if (end - tcpAt < tcp.MIN_LENGTH || !ipv4.isPlainTcp(view, at)) return false;
  segment.family = 4;
  segment.source0 = 0;
  segment.source1 = 0;
  segment.source2 = ipv4.MAPPED;
  segment.source3 = view.getInt32(at + ipv4.SOURCE);
  segment.destination0 = 0;
  segment.destination1 = 0;
  segment.destination2 = ipv4.MAPPED;
  segment.destination3 = view.getInt32(at + ipv4.DESTINATION);
  segment.ipId = view.getUint16(at + ipv4.IDENTIFICATION);
  segment.ttl = view.getUint8(at + ipv4.TTL);
  segment.ipAt = at;
  const wireEnd = at + view.getUint16(at + ipv4.TOTAL_LENGTH);
  tcp.fillWhole(segment, view, tcpAt, Math.min(wireEnd, end), wireEnd - tcpAt);
  return true;
}

/** The same for IPv6 without extension headers. */
function fillIpv6(segment: Segment, view: DataView, at: number, end: number): boolean {
  const tcpAt = at + ipv6.HEADER_LENGTH;
  if (end - tcpAt < tcp.MIN_LENGTH || !ipv6.isPlainTcp(view, at)) return false;
  const payloadLength = view.getUint16(at + ipv6.PAYLOAD_LENGTH);
  ipv6.fillAddresses(segment, view, at);
  segment.ipId = -1;
  segment.ttl = view.getUint8(at + ipv6.HOP_LIMIT);
  segment.ipAt = at;
  const wireEnd = tcpAt + payloadLength;
  tcp.fillWhole(segment, view, tcpAt, Math.min(wireEnd, end), payloadLength);
  return true;
}

/** Reads the header that the number names, and answers what comes next. */
function readLayer(walk: Walk, layer: number): number {
  switch (layer & SPACE_MASK) {
    case SPACE.ETHER_TYPE:
      return readEtherType(walk, layer & NUMBER_MASK);
    case SPACE.IP_PROTOCOL:
      return readIpProtocol(walk, layer & NUMBER_MASK);
    case SPACE.LINK_TYPE:
      return readLink(walk, layer & NUMBER_MASK);
    case SPACE.PPP_PROTOCOL:
      return readPppPayload(layer & NUMBER_MASK);
    default:
      return readOwn(walk, layer);
  }
}

function readOwn(walk: Walk, layer: number): number {
  switch (layer) {
    case LAYER.IP_BY_NIBBLE:
      return readIpByNibble(walk);
    case LAYER.ETHERNET:
      return readEthernet(walk);
    case LAYER.LLC:
      return readLlc(walk);
    case LAYER.PPP:
      return readPppProtocol(walk);
    default:
      return readIeee80211(walk);
  }
}

/** https://www.tcpdump.org/linktypes.html */
function readLink(walk: Walk, linkType: number): number {
  switch (linkType) {
    case LINKTYPE_ETHERNET:
      return readEthernet(walk);
    case 0:
      return readNull(walk);
    case 9: // PPP
    case 50: // PPP_HDLC
      return readPppFrame(walk);
    case 51: // PPP_ETHER
      return readPppoe(walk);
    case 10: // FDDI: frame control, two addresses
      return walk.past(FDDI_LENGTH, LAYER.LLC);
    case 12: // RAW as some systems number it
    case 14:
    case 101: // RAW
    case 228: // IPV4
    case 229: // IPV6
      return readIpByNibble(walk);
    case 104:
      return readCiscoHdlc(walk);
    case 105:
      return readIeee80211(walk);
    case 108:
      return readLoop(walk);
    case 113:
      return readSll(walk);
    case 119:
      return readPrism(walk);
    case 127:
      return readRadiotap(walk);
    case 163:
      return readAvs(walk);
    case 166: // PPP_PPPD
    case 204: // PPP_WITH_DIR
      return readPppWithDirection(walk);
    case 239:
      return readNflog(walk);
    case 276:
      return readSll2(walk);
    default:
      return STOP.LINK_TYPE;
  }
}

function readEtherType(walk: Walk, type: number): number {
  switch (type) {
    case ETHER_TYPE.IPV4:
      return ipv4.readIpv4(walk);
    case ETHER_TYPE.IPV6:
      return ipv6.readIpv6(walk);
    case ETHER_TYPE.VLAN:
    case ETHER_TYPE.PROVIDER_VLAN:
    case ETHER_TYPE.QINQ_9100:
    case ETHER_TYPE.QINQ_9200:
    case ETHER_TYPE.QINQ_9300:
      return readVlan(walk);
    case ETHER_TYPE.MPLS:
    case ETHER_TYPE.MPLS_UPSTREAM:
      return readMpls(walk);
    case ETHER_TYPE.PPPOE_SESSION:
      return readPppoe(walk);
    case ETHER_TYPE.TEB:
      return readEthernet(walk);
    case ETHER_TYPE.BACKBONE:
      return readBackboneTag(walk);
    case ETHER_TYPE.FABRICPATH:
      return readFabricPath(walk);
    case ETHER_TYPE.TRILL:
      return readTrill(walk);
    case ETHER_TYPE.CISCO_METADATA:
      return readCiscoMetadata(walk);
    case ETHER_TYPE.NSH:
      return readServiceHeader(walk);
    default:
      return type < FIRST_ETHER_TYPE ? readLengthField(walk, type) : STOP.ETHER_TYPE;
  }
}

function readIpProtocol(walk: Walk, protocol: number): number {
  switch (protocol) {
    case IP_PROTOCOL.TCP:
      return tcp.readTcp(walk);
    case IP_PROTOCOL.UDP:
      return readUdp(walk);
    case IP_PROTOCOL.ICMP:
      return readIcmp(walk);
    case IP_PROTOCOL.ICMPV6:
      return readIcmpv6(walk);
    case IP_PROTOCOL.GRE:
      return readGre(walk);
    case IP_PROTOCOL.IPV4:
    case IP_PROTOCOL.IPV6:
      return readIpInIp(walk, protocol);
    case IP_PROTOCOL.AH:
      return ipv6.readExtensions(walk, IP_PROTOCOL.AH);
    case IP_PROTOCOL.ETHERIP:
      return walk.past(ETHERIP_LENGTH, walk.enterTunnel(TUNNEL.etherip, -1, LAYER.ETHERNET));
    case IP_PROTOCOL.MPLS:
      return walk.enterTunnel(TUNNEL.mpls, -1, SPACE.ETHER_TYPE | ETHER_TYPE.MPLS);
    default:
      return STOP.IP_PROTOCOL;
  }
}

/** IPv4 in IPv4 (RFC 2003), IPv6 in IPv4 (RFC 4213), either in IPv6 (RFC 2473). */
function readIpInIp(walk: Walk, protocol: number): number {
  let kind: number = TUNNEL.ip6tnl;
  if (walk.segment.family === 4) kind = protocol === IP_PROTOCOL.IPV4 ? TUNNEL.ipip : TUNNEL['6in4'];
  const inner = protocol === IP_PROTOCOL.IPV4 ? ETHER_TYPE.IPV4 : ETHER_TYPE.IPV6;
  return walk.enterTunnel(kind, -1, SPACE.ETHER_TYPE | inner);
}

/** https://www.iana.org/assignments/ppp-numbers */
function readPppPayload(protocol: number): number {
  switch (protocol) {
    case 0x0021:
      return SPACE.ETHER_TYPE | ETHER_TYPE.IPV4;
    case 0x0057:
      return SPACE.ETHER_TYPE | ETHER_TYPE.IPV6;
    case 0x0281:
      return SPACE.ETHER_TYPE | ETHER_TYPE.MPLS;
    default:
      return STOP.PPP_PROTOCOL;
  }
}
