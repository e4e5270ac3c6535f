/**
 * Each TCP stream of tshark against the attempts that tripod lists for it. A stream can hold several attempts (tshark begins another one only when the new SYN
 * comes after the old stream went on), and streams without SYN and SYN-ACK have none.
 */
import type { Handshake } from '../../src/index.ts';
import type { Ledger } from './finding.ts';
import type { TsharkCapture, TsharkStream } from './oracles.ts';
import type { SentResult } from './reading.ts';
import { attemptPair, attemptText, clientText, endpointText, hasLeg, legsText, pairText, total } from './tuples.ts';

export function compareStreams(ledger: Ledger, oracle: TsharkCapture, ours: SentResult): void {
  const attempts = assign(oracle.streams, ours.handshakes);
  for (const stream of oracle.streams) {
    const of = attempts.get(stream) ?? [];
    const compare = (aspect: string, theirs: string | number | null, mine: string | number | null): void =>
      ledger.compare('tshark', aspect, oracle.file, `stream ${stream.stream}`, theirs, mine);
    compare('legs', theirLegs(stream), ourLegs(of));
    if (stream.role_by === 'first-packet') continue;
    compare('client', endpointText(stream.client, stream.client_port), clientsOf(of));
    compare(
      'SYNs',
      stream.syn_count,
      total(of, ({ legs }) => legs.syn.count),
    );
    compare('ISNs', stream.syn_distinct_seq, isnsOf(of));
    compare(
      'SYN-ACKs',
      stream.synack_count,
      total(of, ({ legs }) => legs.synAck.count),
    );
    compare('third leg at', earliest([stream.client_ack_exact_frame, stream.client_ack_later_frame]), thirdLegAt(of));
  }
  for (const attempt of ours.handshakes) {
    const hasStream = !(attempts.get(null) ?? []).includes(attempt);
    ledger.compare('tshark', 'attempt', oracle.file, attemptText(attempt), hasStream ? 'a stream' : 'none', 'a stream');
  }
}

/** To the last stream of its four-tuple that began no later than the attempt. */
function assign(
  streams: readonly TsharkStream[],
  handshakes: readonly Handshake[],
): Map<TsharkStream | null, Handshake[]> {
  const attempts = new Map<TsharkStream | null, Handshake[]>();
  for (const handshake of handshakes) {
    const key = attemptPair(handshake);
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

function firstFrame({ legs }: Handshake): number {
  return Math.min(...[legs.syn, legs.synAck, legs.ack].flatMap(({ frames }) => frames));
}

function theirLegs({ legs_derived: { syn, synack, ack } }: TsharkStream): string {
  return legsText(syn, synack, ack);
}

function ourLegs(attempts: readonly Handshake[]): string {
  return legsText(hasLeg(attempts, 'syn'), hasLeg(attempts, 'synAck'), hasLeg(attempts, 'ack'));
}

function clientsOf(attempts: readonly Handshake[]): string {
  return [...new Set(attempts.map(clientText))].sort().join(' ') || 'none';
}

function isnsOf(attempts: readonly Handshake[]): number {
  return new Set(attempts.filter(({ legs }) => legs.syn.count > 0).map(({ isn }) => isn.client)).size;
}

function thirdLegAt(attempts: readonly Handshake[]): number | null {
  return earliest(attempts.map(({ legs }) => legs.ack.frames[0] ?? null));
}

function earliest(frames: readonly (number | null)[]): number | null {
  const known = frames.filter((frame) => frame !== null);
  return known.length === 0 ? null : Math.min(...known);
}
