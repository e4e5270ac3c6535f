/**
 * Each TCP stream of tshark against the attempts that tripod lists for it. A stream can hold several attempts (tshark begins another one only when the new SYN
 * comes after the old stream went on), and streams without SYN and SYN-ACK have none.
 */
import type { Endpoint, Handshake } from '../../src/index.ts';
import type { Ledger } from './finding.ts';
import type { TsharkCapture, TsharkStream } from './oracles.ts';
import type { SentResult } from './reading.ts';

export function compareStreams(ledger: Ledger, oracle: TsharkCapture, ours: SentResult): void {
  const attempts = assign(oracle.streams, ours.handshakes);
  for (const stream of oracle.streams) {
    const of = attempts.get(stream) ?? [];
    const compare = (aspect: string, theirs: string | number | null, mine: string | number | null): void =>
      ledger.compare('tshark', aspect, oracle.file, `stream ${stream.stream}`, theirs, mine);
    compare('legs', theirLegs(stream), ourLegs(of));
    if (stream.role_by === 'first-packet') continue;
    compare('client', endpointText(stream.client, stream.client_port), clientsOf(of));
    compare('SYNs', stream.syn_count, sum(of, ({ legs }) => legs.syn.count));
    compare('ISNs', stream.syn_distinct_seq, isnsOf(of));
    compare('SYN-ACKs', stream.synack_count, sum(of, ({ legs }) => legs.synAck.count));
    compare('third leg at', earliest([stream.client_ack_exact_frame, stream.client_ack_later_frame]), thirdLegAt(of));
  }
  for (const attempt of attempts.get(null) ?? []) {
    ledger.compare('tshark', 'stream', oracle.file, describeAttempt(attempt), 'none', attempt.verdict);
  }
}

/** To the last stream of its four-tuple that began no later than the attempt. */
function assign(
  streams: readonly TsharkStream[],
  handshakes: readonly Handshake[],
): Map<TsharkStream | null, Handshake[]> {
  const attempts = new Map<TsharkStream | null, Handshake[]>();
  for (const handshake of handshakes) {
    const key = pairText(endText(handshake.client), endText(handshake.server));
    const began = firstFrame(handshake);
    const stream =
      streams.findLast((candidate) => streamKey(candidate) === key && candidate.first_frame <= began) ?? null;
    attempts.set(stream, [...(attempts.get(stream) ?? []), handshake]);
  }
  return attempts;
}

function streamKey({ client, client_port, server, server_port }: TsharkStream): string {
  return pairText(endpointText(client, client_port), endpointText(server, server_port));
}

function pairText(one: string, other: string): string {
  return one < other ? `${one} ${other}` : `${other} ${one}`;
}

export function endpointText(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

function endText({ address, port }: Endpoint): string {
  return endpointText(address, port);
}

export function describeAttempt({ client, server }: Handshake): string {
  return `${endText(client)} > ${endText(server)}`;
}

function firstFrame({ legs }: Handshake): number {
  return Math.min(...[legs.syn, legs.synAck, legs.ack].flatMap(({ frames }) => frames));
}

function theirLegs({ legs_derived: { syn, synack, ack } }: TsharkStream): string {
  return legsText(syn, synack, ack);
}

/** The legs that were captured: those that are merely inferred are not what tshark could count. */
function ourLegs(attempts: readonly Handshake[]): string {
  const has = (leg: 'syn' | 'synAck' | 'ack'): boolean => attempts.some(({ legs }) => legs[leg].count > 0);
  return legsText(has('syn'), has('synAck'), has('ack'));
}

export function legsText(syn: boolean, synAck: boolean, ack: boolean): string {
  const names = [syn && 'SYN', synAck && 'SYN-ACK', ack && 'ACK'].filter((name) => name !== false);
  return names.length === 0 ? 'none' : names.join(' + ');
}

function clientsOf(attempts: readonly Handshake[]): string {
  return [...new Set(attempts.map(({ client }) => endText(client)))].sort().join(' ');
}

function isnsOf(attempts: readonly Handshake[]): number {
  return new Set(attempts.filter(({ legs }) => legs.syn.count > 0).map(({ isn }) => isn.client)).size;
}

function sum(attempts: readonly Handshake[], of: (attempt: Handshake) => number): number {
  return attempts.reduce((total, attempt) => total + of(attempt), 0);
}

function thirdLegAt(attempts: readonly Handshake[]): number | null {
  return earliest(attempts.map(({ legs }) => legs.ack.frames[0] ?? null));
}

function earliest(frames: readonly (number | null)[]): number | null {
  const known = frames.filter((frame) => frame !== null);
  return known.length === 0 ? null : Math.min(...known);
}
