/** A name into addresses, as any programme of this host would do it (getaddrinfo: /etc/hosts, DNS, both families). */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';

export interface Lookup {
  readonly addresses: readonly string[];
  readonly error: string | null;
  readonly seconds: number;
  readonly numeric: boolean;
}

export async function lookUpName(host: string): Promise<Lookup> {
  const begun = performance.now();
  const numeric = isIP(host) !== 0;
  try {
    const found = await lookup(host, { all: true, verbatim: true });
    const addresses = [...new Set(found.map(({ address }) => address))];
    return { addresses, error: null, seconds: (performance.now() - begun) / 1000, numeric };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    return { addresses: [], error: code, seconds: (performance.now() - begun) / 1000, numeric };
  }
}
