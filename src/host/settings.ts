/** Settings of the kernel that decide over a handshake. */
import type { Settings } from '../diagnosis/network-facts.ts';
import { type Fact, isKnown } from '../diagnosis/port-facts.ts';
import { type HostRoot, readText } from './proc.ts';

/** Documentation/networking/ip-sysctl.rst, nf_conntrack-sysctl.rst, admin-guide/sysctl/net.rst. */
const NAMES = [
  'net.core.somaxconn',
  'net.core.netdev_max_backlog',
  'net.ipv4.ip_forward',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.ip_nonlocal_bind',
  'net.ipv4.tcp_abort_on_overflow',
  'net.ipv4.tcp_ecn',
  'net.ipv4.tcp_fastopen',
  'net.ipv4.tcp_fwmark_accept',
  'net.ipv4.tcp_invalid_ratelimit',
  'net.ipv4.tcp_l3mdev_accept',
  'net.ipv4.tcp_max_syn_backlog',
  'net.ipv4.tcp_max_tw_buckets',
  'net.ipv4.tcp_syn_retries',
  'net.ipv4.tcp_synack_retries',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.tcp_timestamps',
  'net.ipv4.tcp_tw_recycle',
  'net.ipv4.tcp_tw_reuse',
  'net.ipv6.bindv6only',
  'net.ipv6.conf.all.disable_ipv6',
  'net.ipv6.conf.all.forwarding',
  'net.bridge.bridge-nf-call-iptables',
  'net.netfilter.nf_conntrack_max',
  'net.netfilter.nf_conntrack_tcp_be_liberal',
  'net.netfilter.nf_conntrack_tcp_loose',
] as const;

export function readSettings(root: HostRoot): Settings {
  const settings: Record<string, Fact<string>> = {};
  for (const name of NAMES) {
    const text = readText(root.proc, 'sys', name.replaceAll('.', '/'));
    if (isKnown(text)) settings[name] = text.trim().replace(/\s+/g, ' ');
    // This kernel does not have it.
    else if (!text.unknown.endsWith('is not there')) settings[name] = text;
  }
  return settings;
}
