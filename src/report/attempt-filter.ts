/** Which attempts the report speaks of at all: `--port`, `--server`, `--client`, `--since`, `--until`. */
import { type AddressRange, parseAddressRange, rangeContains } from '../bytes/address.ts';
import type { Evidence } from '../handshake/evidence.ts';

export interface ServerFilter {
  readonly range: AddressRange;
  /** null: any port. */
  readonly port: number | null;
}

const LAST_PORT = 65_535;

/** "10.0.0.1", "10.0.0.0/8", "10.0.0.0/8:443", "2001:db8::1", "[2001:db8::1]:443", "[2001:db8::/32]:443"; null for anything else. */
export function parseServerFilter(text: string): ServerFilter | null {
  const whole = parseAddressRange(text);
  if (whole !== null) return { range: whole, port: null };
  const groups = /^(?:\[(?<v6>[^\]]+)\]|(?<v4>[^:[\]]+))(?::(?<port>\d{1,5}))?$/.exec(text)?.groups;
  const range = parseAddressRange(groups?.['v6'] ?? groups?.['v4'] ?? '');
  const port = groups?.['port'] === undefined ? null : Number(groups['port']);
  return range === null || (port !== null && port > LAST_PORT) ? null : { range, port };
}

export interface AttemptFilter {
  /** Empty lists and null let everything through. */
  readonly ports: readonly number[];
  readonly servers: readonly ServerFilter[];
  readonly clients: readonly AddressRange[];
  /** Nanoseconds since the capture's base: the attempt's first packet lies in [since, until). */
  readonly sinceNanos: number | null;
  readonly untilNanos: number | null;
}

export function passes(filter: AttemptFilter, e: Evidence): boolean {
  if (filter.ports.length > 0 && !filter.ports.includes(e.serverPort)) return false;
  if (filter.servers.length > 0 && !filter.servers.some((server) => isServer(server, e))) return false;
  if (filter.clients.length > 0 && !filter.clients.some((range) => isClient(range, e))) return false;
  const began = e.synCount > 0 ? e.synFirst : e.synAckFirst;
  if (filter.sinceNanos !== null && began < filter.sinceNanos) return false;
  return filter.untilNanos === null || began < filter.untilNanos;
}

function isServer(filter: ServerFilter, e: Evidence): boolean {
  if (filter.port !== null && filter.port !== e.serverPort) return false;
  return rangeContains(filter.range, e.server0, e.server1, e.server2, e.server3);
}

function isClient(range: AddressRange, e: Evidence): boolean {
  return rangeContains(range, e.client0, e.client1, e.client2, e.client3);
}
