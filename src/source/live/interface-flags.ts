/** Whether an interface is up, asked of the kernel: not of /sys, which shows the interfaces of the namespace that it was mounted in. */
import type { Libpcap } from './libpcap.ts';

const AF_INET = 2;
const SOCK_DGRAM = 2;
/** linux/sockios.h */
const SIOCGIFFLAGS = 0x8913;
/** struct ifreq: name 16, flags 2. */
const IFREQ = 40;
const NAME_LENGTH = 16;
const IFF_UP = 1;

/** null when the interface is not there, or the system does not tell. */
export function isInterfaceUp(pcap: Libpcap, name: string): boolean | null {
  if (process.platform !== 'linux') return null;
  const { call } = pcap;
  const socket = call.socket(AF_INET, SOCK_DGRAM, 0) as number;
  if (socket < 0) return null;
  const memory = pcap.allocate(IFREQ);
  const request = pcap.view(memory, IFREQ);
  request.fill(0);
  request.set(new TextEncoder().encode(name).subarray(0, NAME_LENGTH - 1));
  const failed = (call.ioctl(socket, SIOCGIFFLAGS, memory) as number) < 0;
  call.close(socket);
  const isUp = ((request[NAME_LENGTH] as number) & IFF_UP) !== 0;
  pcap.free(memory);
  return failed ? null : isUp;
}
