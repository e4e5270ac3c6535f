/**
 * A network that addresses belong to: the VLAN tags and the tunnel around them. The same addresses in two VLANs or two
 * tunnels are different hosts (spec: two tunnels or VLANs are two networks). OWNED, frozen, made once per network.
 */
export interface Network {
  /** VLAN identifiers from the outermost tag to the innermost; empty when untagged. Priority bits are left out, and so is identifier 0,
   * which carries a priority and names no VLAN (IEEE 802.1Q §9.6). */
  readonly vlan: readonly number[];
  /** The innermost tunnel, or null. */
  readonly tunnel: Tunnel | null;
}

/** The kinds of tunnel; a kind's index here is its number inside the walk. */
export const TUNNEL_KINDS = [
  'gre',
  'erspan',
  'ipip',
  '6in4',
  'ip6tnl',
  'vxlan',
  'geneve',
  'gtp-u',
  'teredo',
  'mpls',
  'etherip',
] as const;
export type TunnelKind = (typeof TUNNEL_KINDS)[number];

export interface Tunnel {
  readonly kind: TunnelKind;
  /** The two outer addresses as canonical text, the smaller first, since a tunnel is one network in both directions. */
  readonly outer: readonly [string, string];
  /** VXLAN or Geneve network identifier, GRE key, ERSPAN session; null where the kind has none. A GTP-U TEID names one direction, and is none. */
  readonly id: number | null;
}
