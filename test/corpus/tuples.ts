/** Four-tuples as text, in either direction alike: by them the streams and connections of other tools are found among tripod's attempts. */
import type { Handshake } from '../../src/index.ts';

export function endpointText(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

export function pairText(one: string, other: string): string {
  return one < other ? `${one} ${other}` : `${other} ${one}`;
}

export function clientText({ client: { address, port } }: Handshake): string {
  return endpointText(address, port);
}

export function serverText({ server: { address, port } }: Handshake): string {
  return endpointText(address, port);
}

export function attemptPair(attempt: Handshake): string {
  return pairText(clientText(attempt), serverText(attempt));
}

export function attemptText(attempt: Handshake): string {
  return `${clientText(attempt)} > ${serverText(attempt)}`;
}

export function legsText(syn: boolean, synAck: boolean, ack: boolean): string {
  const names = [syn && 'SYN', synAck && 'SYN-ACK', ack && 'ACK'].filter((name) => name !== false);
  return names.length === 0 ? 'none' : names.join(' + ');
}

/** Whether the leg was captured in any of the attempts: one that is merely inferred is none that another tool could count. */
export function hasLeg(attempts: readonly Handshake[], leg: keyof Handshake['legs']): boolean {
  return attempts.some(({ legs }) => legs[leg].count > 0);
}

export function total(attempts: readonly Handshake[], of: (attempt: Handshake) => number): number {
  return attempts.reduce((sum, attempt) => sum + of(attempt), 0);
}
