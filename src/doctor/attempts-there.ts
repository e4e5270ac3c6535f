/** Which of the attempts that a checkup from the client sees is its own. */
import type { AddressGroup } from '../diagnosis/network-facts.ts';
import type { Handshake } from '../handshake/handshake.ts';

/** Attempts of this host to the port whose records are kept: two kilobytes each. */
const MOST_RECORDS = 5000;

/** Records of attempts to the addresses of the checkup, the first `MOST_RECORDS`. */
export class AttemptsThere {
  /** Attempts of this host beyond those. */
  further = 0;
  private readonly servers: ReadonlySet<string>;
  private readonly own: AddressGroup;
  private readonly records: Handshake[] = [];
  /** From addresses that are none of this host: what it forwards, or its own under an address that it is given on its way out. */
  private readonly foreign: Handshake[] = [];

  /** @param own addresses of this host */
  constructor(servers: readonly string[], own: AddressGroup) {
    this.servers = new Set(servers);
    this.own = own;
  }

  add(record: Handshake): void {
    if (!this.servers.has(record.server.address)) return;
    const isOwn = this.own.has(record.client.address);
    const kept = isOwn ? this.records : this.foreign;
    if (kept.length < MOST_RECORDS) kept.push(record);
    else if (isOwn) this.further += 1;
  }

  /** That of the checkup's own connect. Where its port is not known any more, since it failed, the first whose SYN came after the capture had begun. */
  handshakeOf(address: string, localPort: number | null): Handshake | null {
    const of = [...this.records, ...this.foreign].filter(({ server }) => server.address === address);
    const own = of.find(({ client }) => client.port === localPort) ?? of.find(({ legs }) => legs.syn.count > 0);
    return own ?? of[0] ?? null;
  }

  /** Of this host, but for those. */
  without(taken: readonly (Handshake | null)[]): readonly Handshake[] {
    return this.records.filter((record) => !taken.includes(record));
  }
}
