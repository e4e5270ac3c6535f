/** What libpcap says when an interface can't be opened, as a sentence with what to do. */
import { UserError } from '../user-error.ts';
import { interfaceNames } from './interfaces.ts';

/** pcap/pcap.h */
const PCAP_ERROR_NO_SUCH_DEVICE = -5;
const PCAP_ERROR_PERM_DENIED = -8;
const PCAP_ERROR_IFACE_NOT_UP = -9;
const PCAP_ERROR_PROMISC_PERM_DENIED = -11;

/** Names that are told when a wrong one was given; a host of containers has hundreds. */
const NAMES_TOLD = 8;

/** The interface is not there. `names`: those that are. */
export class NoSuchInterface extends UserError {
  readonly interface: string;
  readonly names: readonly string[];

  constructor(name: string, names: readonly string[]) {
    const told = [...names.slice(0, NAMES_TOLD), ...(names.length > NAMES_TOLD ? ['…'] : []), 'any'];
    super(`there is no interface ${name} here; there are: ${told.join(', ')} (tripod devices lists them)`);
    this.interface = name;
    this.names = names;
  }
}

export function openError(name: string, status: number, said: string): UserError {
  switch (status) {
    case PCAP_ERROR_NO_SUCH_DEVICE:
      return new NoSuchInterface(name, interfaceNames());
    case PCAP_ERROR_PERM_DENIED:
    case PCAP_ERROR_PROMISC_PERM_DENIED:
      return new UserError(`no right to capture on ${name}: ${howToGetTheRight()}`);
    case PCAP_ERROR_IFACE_NOT_UP:
      return new UserError(`the interface ${name} is down: bring it up first, with: sudo ip link set ${name} up`);
    default:
      return new UserError(`${name} can't be captured on: ${said}`);
  }
}

/** The commands that would give this user the right, as a clause. */
export function howToGetTheRight(): string {
  if (process.geteuid?.() === 0) {
    return 'root lacks CAP_NET_RAW here, as in a container: start that with --cap-add NET_RAW, or capture from the host with --pid';
  }
  const node = quoted(process.execPath);
  const again = [process.execPath, ...process.argv.slice(1)].map(quoted).join(' ');
  return `run it as root, with: sudo ${again} — or give everybody who runs this Node the right once, with: sudo setcap cap_net_raw=ep ${node} (a group alone: sudo chgrp GROUP ${node} && sudo chmod 750 ${node} before it)`;
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
