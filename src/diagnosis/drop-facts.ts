/** What the kernel itself said of packets that it dropped (tracepoint skb:kfree_skb), as plain data. */

export interface DropFacts {
  /** Epoch seconds between which every drop of the port's packets was taken, but for those that `lost` counts. */
  readonly from: string;
  readonly to: string;
  /** Oldest first; the last `DROPS_KEPT`. */
  readonly drops: readonly DropEvent[];
  /** Drops that found no room, of all the ports that were watched: one that is not listed may have been. */
  readonly lost: number;
}

export interface DropEvent {
  /** Epoch seconds with nanoseconds: the clock of packet timestamps. */
  readonly time: string;
  /** As include/net/dropreason-core.h names it: "NETFILTER_DROP", "IP_RPFILTER". NOT_SPECIFIED: the kernel gives none. */
  readonly reason: string;
  /** Function of the kernel that dropped it: "nft_do_chain". */
  readonly location: string;
  readonly packet: DroppedPacket;
}

/** A TCP packet, as its headers say. */
export interface DroppedPacket {
  readonly source: DropEndpoint;
  readonly destination: DropEndpoint;
  /** RFC 9293 §3.1. */
  readonly flags: number;
  readonly sequence: number;
  readonly acknowledgement: number;
  /** null: the packet belonged to no interface any more, and so perhaps to another namespace of this host. */
  readonly interfaceIndex: number | null;
}

interface DropEndpoint {
  readonly address: string;
  readonly port: number;
}

/** Drops that are kept. */
export const DROPS_KEPT = 4000;
