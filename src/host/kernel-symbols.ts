/** Names of the kernel's functions by address, from /proc/kallsyms. Read when the first address is asked for: it is some megabytes. */
import { isKnown } from '../diagnosis/port-facts.ts';
import { readText } from './proc.ts';

export class KernelSymbols {
  private addresses: BigUint64Array | null = null;
  private names: string[] = [];
  private readonly found = new Map<bigint, string>();

  /** The function that the address lies in, without an offset; the address itself where names may not be read. */
  nameOf(address: bigint): string {
    const known = this.found.get(address);
    if (known !== undefined) return known;
    const name = this.search(address) ?? `0x${address.toString(16)}`;
    this.found.set(address, name);
    return name;
  }

  private search(address: bigint): string | null {
    this.addresses ??= this.load();
    let [low, high] = [0, this.addresses.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.addresses[middle] as bigint) <= address) low = middle + 1;
      else high = middle;
    }
    // Without rights every address is shown as 0.
    return low === 0 || this.addresses[low - 1] === 0n ? null : (this.names[low - 1] ?? null);
  }

  /** "ffffffff81000000 T _text" */
  private load(): BigUint64Array {
    const text = readText('/proc/kallsyms');
    const rows = (isKnown(text) ? text : '')
      .split('\n')
      .map((line) => /^([0-9a-f]+) [tTwW] (\S+)/.exec(line))
      .filter((match) => match !== null)
      .map(([, address = '0', name = '']): [bigint, string] => [BigInt(`0x${address}`), name])
      .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    this.names = rows.map(([, name]) => name);
    return BigUint64Array.from(rows, ([address]) => address);
  }
}
