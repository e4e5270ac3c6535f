/** What libpcap says when an interface can't be opened, as a sentence with what to do. */
import { readdirSync } from 'node:fs';
import { UserError } from '../user-error.ts';

/** pcap/pcap.h */
const PCAP_ERROR_NO_SUCH_DEVICE = -5;
const PCAP_ERROR_PERM_DENIED = -8;
const PCAP_ERROR_IFACE_NOT_UP = -9;
const PCAP_ERROR_PROMISC_PERM_DENIED = -11;

export function openError(name: string, status: number, said: string): UserError {
  switch (status) {
    case PCAP_ERROR_NO_SUCH_DEVICE:
      return new UserError(`there is no interface ${name} here; there are: ${interfaceNames().join(', ')}`);
    case PCAP_ERROR_PERM_DENIED:
    case PCAP_ERROR_PROMISC_PERM_DENIED:
      return new UserError(
        `no right to capture on ${name}: run it with sudo, or give this Node the right once, with: sudo setcap cap_net_raw=ep ${process.execPath}`,
      );
    case PCAP_ERROR_IFACE_NOT_UP:
      return new UserError(`the interface ${name} is down: bring it up first, with: sudo ip link set ${name} up`);
    default:
      return new UserError(`${name} can't be captured on: ${said}`);
  }
}

/** The interfaces of this network namespace, those that are down too. */
function interfaceNames(): string[] {
  try {
    return [...readdirSync('/sys/class/net').sort(), 'any'];
  } catch {
    return ['any'];
  }
}
