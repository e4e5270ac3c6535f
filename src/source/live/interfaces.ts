/** The interfaces of this network namespace, asked of the kernel: not of /sys, which shows those of the namespace that it was mounted in. */
import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import type { Libpcap } from './libpcap.ts';

export interface InterfaceState {
  readonly name: string;
  /** null where the system does not tell. */
  readonly isUp: boolean | null;
  /** A carrier is there: a cable, a peer. */
  readonly isRunning: boolean | null;
  /** As a capture of it would name it; null when that is not known. */
  readonly linkType: string | null;
  /** Canonical text; of an interface that is down, none. */
  readonly addresses: readonly string[];
}

const AF_INET = 2;
const AF_PACKET = 17;
const SOCK_RAW = 3;
const SOCK_DGRAM = 2;
/** linux/sockios.h */
const SIOCGIFFLAGS = 0x8913;
const SIOCGIFHWADDR = 0x8927;
/** struct ifreq: name 16, then flags 2, or the hardware type 2. */
const IFREQ = 40;
const NAME_LENGTH = 16;
const IFF_UP = 0x1;
const IFF_RUNNING = 0x40;

/** ARPHRD_ numbers (linux/if_arp.h), and what libpcap makes of them. */
const LINK_TYPES: Readonly<Record<number, string>> = {
  1: 'EN10MB',
  512: 'LINUX_SLL',
  768: 'RAW',
  769: 'RAW',
  772: 'EN10MB',
  776: 'RAW',
  778: 'RAW',
  801: 'IEEE802_11',
  803: 'IEEE802_11_RADIOTAP',
  823: 'RAW',
  65534: 'RAW',
};

/** In the order of the system. @param pcap null: only what can be told without calls to the C library */
export function listInterfaces(pcap: Libpcap | null): InterfaceState[] {
  const addresses = networkInterfaces();
  return interfaceNames().map((name) => {
    const flags = pcap === null ? null : askInterface(pcap, name, SIOCGIFFLAGS);
    const hardware = pcap === null ? null : askInterface(pcap, name, SIOCGIFHWADDR);
    return {
      name,
      isUp: flags === null ? null : (flags & IFF_UP) !== 0,
      isRunning: flags === null ? null : (flags & IFF_RUNNING) !== 0,
      linkType: hardware === null ? null : (LINK_TYPES[hardware] ?? `hardware type ${hardware}`),
      addresses: (addresses[name] ?? []).map(({ address }) => address),
    };
  });
}

/** Those that are down too. */
export function interfaceNames(): string[] {
  try {
    // Two lines of headings; then "  name: counters".
    const lines = readFileSync('/proc/net/dev', 'utf8').trimEnd().split('\n').slice(2);
    return lines.map((line) => line.slice(0, line.lastIndexOf(':')).trim());
  } catch {
    return Object.keys(networkInterfaces());
  }
}

/** null when the interface is not there, or the system does not tell. */
export function isInterfaceUp(pcap: Libpcap, name: string): boolean | null {
  const flags = askInterface(pcap, name, SIOCGIFFLAGS);
  return flags === null ? null : (flags & IFF_UP) !== 0;
}

/** Whether this process may open a packet socket: tried with one that receives nothing. null where packet sockets are not the way to capture. */
export function mayCapture(pcap: Libpcap): boolean | null {
  if (process.platform !== 'linux') return null;
  const socket = pcap.call.socket(AF_PACKET, SOCK_RAW, 0) as number;
  if (socket >= 0) pcap.call.close(socket);
  return socket >= 0;
}

/** The 16 bits behind the name of a struct ifreq that the kernel has filled in. */
function askInterface(pcap: Libpcap, name: string, request: number): number | null {
  if (process.platform !== 'linux') return null;
  const { call } = pcap;
  const socket = call.socket(AF_INET, SOCK_DGRAM, 0) as number;
  if (socket < 0) return null;
  const memory = pcap.allocate(IFREQ);
  const bytes = pcap.view(memory, IFREQ);
  bytes.fill(0);
  bytes.set(new TextEncoder().encode(name).subarray(0, NAME_LENGTH - 1));
  const failed = (call.ioctl(socket, request, memory) as number) < 0;
  call.close(socket);
  const [answer = 0] = new Uint16Array(bytes.slice(NAME_LENGTH, NAME_LENGTH + 2).buffer);
  pcap.free(memory);
  return failed ? null : answer;
}
