/**
 * The addresses that the kernel takes packets for: its own table of them has those that no list of interfaces that are up tells of, as link-local ones, those of an interface that
 * is down (kube-ipvs0), and whole networks (`ip route add local 192.0.2.0/24 dev lo`).
 */
import { networkInterfaces } from 'node:os';
import { type AddressRange, parseAddress, parseAddressRange, rangeContains } from '../bytes/address.ts';
import type { AddressGroup } from '../diagnosis/network-facts.ts';
import { known } from '../diagnosis/port-facts.ts';
import { jsonList, textIn } from './json-answer.ts';
import { HOST_ROOT, type HostRoot, within } from './proc.ts';

/** Seconds for both commands. */
const LOOK_SECONDS = 5;

/** As they are now. Where the table can't be read, those of interfaces that are up. */
export async function localAddresses(root: HostRoot = HOST_ROOT): Promise<AddressGroup> {
  const { run } = within(root, LOOK_SECONDS);
  const tables = await Promise.all(
    ['-4', '-6'].map((family) => jsonList(run, 'ip', '-j', family, 'route', 'show', 'table', 'local')),
  );
  const destinations = tables
    .flatMap((routes) => known(routes) ?? [])
    .filter((route) => textIn(route, 'type') === 'local')
    .flatMap((route) => textIn(route, 'dst') ?? []);
  const up = Object.values(networkInterfaces()).flatMap((links) => (links ?? []).map(({ address }) => address));
  return new LocalAddresses([...up, ...destinations]);
}

class LocalAddresses implements AddressGroup {
  private readonly single: ReadonlySet<string>;
  private readonly ranges: readonly AddressRange[];

  /** @param destinations addresses, and networks with their prefix length */
  constructor(destinations: readonly string[]) {
    this.single = new Set(destinations.filter((destination) => !destination.includes('/')));
    this.ranges = destinations
      .filter((destination) => destination.includes('/'))
      .flatMap((text) => parseAddressRange(text) ?? []);
  }

  has(address: string): boolean {
    if (this.single.has(address)) return true;
    const parsed = this.ranges.length === 0 ? null : parseAddress(address);
    return (
      parsed !== null &&
      this.ranges.some((range) => range.family === parsed.family && rangeContains(range, ...parsed.words))
    );
  }
}
