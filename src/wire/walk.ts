/**
 * The state of one walk through a frame: where the next header begins, how far the bytes go, and what was met on the way.
 * One Walk serves every frame. Header readers take it, read their header, move `at` past it and answer what comes next.
 *
 * Lengths are lax: `end` is the smaller of what was captured and what the headers so far allow, `wireEnd` is what the
 * innermost length field claims. So a forged length can hide bytes but never show any that are not there.
 */
import { Fragments } from './fragments.ts';
import type { TunnelKind } from './network.ts';
import { Segment } from './segment.ts';
import { STOP } from './stop.ts';

/** VLAN tags that a packet may stack; 802.1ad has two, double-tagged Q-in-Q-in-Q labs have four. */
export const MAX_TAGS = 8;
/** Tunnels inside of tunnels. */
const MAX_TUNNELS = 8;
/** `tunnelKind` when the packet is in none; else the index into TUNNEL_KINDS. */
export const NO_TUNNEL = -1;

export class Walk {
  view: DataView = NO_VIEW;
  at = 0;
  /** One past the last octet that may be read. */
  end = 0;
  /** One past the last octet that was on the wire, by the innermost length field. */
  wireEnd = 0;
  segment: Segment = new Segment();
  /** Inside of an ICMP error's quotation: lengths are not those of what is there. */
  quoted = false;
  /** The datagram comes in fragments, and more of it may come: a header that is cut is worth waiting for. */
  mayWait = false;
  tunnels = 0;
  vlanCount = 0;
  readonly vlans = new Int32Array(MAX_TAGS);
  tunnelKind = NO_TUNNEL;
  /** Unsigned; meaningful with `hasTunnelId`. */
  tunnelId = 0;
  hasTunnelId = false;
  /** Family and addresses of the innermost tunnel's outer IP header: source in words 0 to 3, destination in 4 to 7. */
  outerFamily = 4;
  readonly outer = new Int32Array(8);
  readonly fragments: Fragments;

  constructor(fragmentBytesLimit: number) {
    this.fragments = new Fragments(fragmentBytesLimit);
  }

  start(view: DataView, at: number, capturedLength: number, originalLength: number, segment: Segment): void {
    this.view = view;
    this.at = at;
    this.end = at + capturedLength;
    this.wireEnd = at + originalLength;
    this.segment = segment;
    this.quoted = false;
    this.mayWait = false;
    this.tunnels = 0;
    this.vlanCount = 0;
    this.tunnelKind = NO_TUNNEL;
    this.hasTunnelId = false;
    this.fragments.forgetOffer();
  }

  /** Moves past a header of `length` octets and answers `next`. Whether it was all captured is the next reader's check. */
  past(length: number, next: number): number {
    this.at += length;
    return next;
  }

  /** A length field has said that the packet ends at `wireEnd`: what lies behind is padding. */
  limit(wireEnd: number): void {
    this.wireEnd = wireEnd;
    if (wireEnd < this.end) this.end = wireEnd;
  }

  /** The payload of the IP header just read is another packet: remembers the tunnel, answers `next`. `id` is -1 for none. */
  enterTunnel(kind: number, id: number, next: number): number {
    if (this.tunnels === MAX_TUNNELS) return STOP.TOO_DEEP;
    const { segment, outer } = this;
    this.tunnels++;
    this.tunnelKind = kind;
    this.tunnelId = id;
    this.hasTunnelId = id >= 0;
    this.outerFamily = segment.family;
    outer[0] = segment.source0;
    outer[1] = segment.source1;
    outer[2] = segment.source2;
    outer[3] = segment.source3;
    outer[4] = segment.destination0;
    outer[5] = segment.destination1;
    outer[6] = segment.destination2;
    outer[7] = segment.destination3;
    // The link header around the tunnel is not that of the packet inside.
    segment.ethernetAt = -1;
    return next;
  }
}

const NO_VIEW = new DataView(new ArrayBuffer(0));

/** A kind's index in TUNNEL_KINDS. */
export const TUNNEL = {
  gre: 0,
  erspan: 1,
  ipip: 2,
  '6in4': 3,
  ip6tnl: 4,
  vxlan: 5,
  geneve: 6,
  'gtp-u': 7,
  teredo: 8,
  mpls: 9,
  etherip: 10,
} as const satisfies Record<TunnelKind, number>;

/** IPv4 or IPv6 by the version nibble at `at`, or 0 when it is neither or not there. */
export function ipVersion(walk: Walk, at: number): number {
  if (at >= walk.end) return 0;
  const version = walk.view.getUint8(at) >> 4;
  return version === 4 || version === 6 ? version : 0;
}
