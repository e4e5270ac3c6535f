/** What the kernel itself said of packets that it dropped, and of resets and SYN-ACKs that it sent: events of its tracepoints, as plain data. */

/** One packet that the kernel let go of with a reason (tracepoint skb:kfree_skb). */
interface DropEvent {
  /** Epoch seconds as text, with nanoseconds: the clock of packet timestamps. */
  readonly time: string;
  /** As include/net/dropreason-core.h names it: "NETFILTER_DROP", "IP_RPFILTER". */
  readonly reason: string;
  /** Function of the kernel that dropped it: "nft_do_chain". */
  readonly location: string;
  /** EtherType of the packet: 0x0800 IPv4, 0x86dd IPv6. */
  readonly protocol: number;
  /** What the packet was; null where the kernel's event has no more than the above. */
  readonly packet: DroppedPacket | null;
}

interface DroppedPacket {
  readonly source: { readonly address: string; readonly port: number };
  readonly destination: { readonly address: string; readonly port: number };
  /** TCP flags (RFC 9293 §3.1); null when the header was no longer there. */
  readonly flags: number | null;
  readonly sequence: number | null;
  readonly interfaceIndex: number | null;
}

/** A reset or repeated SYN-ACK of the kernel's own TCP (tracepoints tcp:tcp_send_reset, tcp:tcp_retransmit_synack). */
interface TcpEvent {
  readonly time: string;
  readonly kind: 'reset-sent' | 'syn-ack-repeated';
  readonly local: { readonly address: string; readonly port: number };
  readonly remote: { readonly address: string; readonly port: number };
  /** Of a reset: "NO_SOCKET", "TCP_INVALID_ACK_SEQUENCE" …; null where the kernel does not tell. */
  readonly reason: string | null;
}

export interface DropFacts {
  /** How the events were had: with the packets' addresses, or by time alone. */
  readonly detail: 'packets' | 'times';
  /** Epoch seconds between which every event was taken, but for those that `lost` counts. */
  readonly from: string;
  readonly to: string;
  /** Oldest first; at most `DROPS_KEPT`. */
  readonly drops: readonly DropEvent[];
  readonly tcp: readonly TcpEvent[];
  /** Events beyond the bound, or that the kernel's buffer lost: with any of them a drop that is not listed may have been. */
  readonly lost: number;
}
