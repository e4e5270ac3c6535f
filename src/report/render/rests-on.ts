/**
 * What the grade of a leg rests on, as a sentence with packet numbers: found among the segments of the attempt by the definitions of the grades
 * (docs/record.md, "Legs"). Where the segments that were kept do not show it, the sentence says so instead of guessing.
 */
import type { Handshake, LegName } from '../../handshake/handshake.ts';
import type { TracedSegment } from '../../handshake/trace.ts';

export function restsOn(leg: LegName, handshake: Handshake, segments: readonly TracedSegment[]): string {
  const { grade } = handshake.legs[leg === 'syn-ack' ? 'synAck' : leg];
  if (grade === 'seen') return 'no later packet of the other side proves that it took effect';
  if (grade === 'not-seen') return 'neither in the capture nor to be inferred from it';
  const proof = PROOFS[leg](handshake, segments);
  if (grade === 'accepted') {
    return proof === null
      ? 'a later packet of the other side proves it'
      : `proved by frame ${proof.frame} (${proof.flags} from the ${proof.from})`;
  }
  if (grade === 'inferred') {
    return proof === null
      ? 'a later packet is impossible without it'
      : `frame ${proof.frame} (${proof.flags} from the ${proof.from}) is impossible without it`;
  }
  return leg === 'syn-ack' ? repeatedSyn(segments) : repeatedSynAck(segments);
}

/** The client goes on sending its SYN. */
function repeatedSyn(segments: readonly TracedSegment[]): string {
  const answer = segments.findIndex((segment) => segment.event === 'syn-ack');
  const again = segments.find((segment, index) => index > answer && segment.event === 'syn');
  return again === undefined
    ? 'the client goes on as if it had not come'
    : `the client repeats its SYN after it, in frame ${again.frame}`;
}

/** The server goes on sending its SYN-ACK. */
function repeatedSynAck(segments: readonly TracedSegment[]): string {
  const again = segments.find((segment) => segment.event === 'syn-ack-late');
  return again === undefined
    ? 'the server stays silent, while the client repeats what it sent'
    : `the server repeats its SYN-ACK after it, in frame ${again.frame}`;
}

type Proof = (handshake: Handshake, segments: readonly TracedSegment[]) => TracedSegment | null;

const PROOFS: Readonly<Record<LegName, Proof>> = {
  // The server acknowledges the client's ISN: it has the SYN.
  syn: ({ isn }, segments) =>
    first(segments, (s) => s.from === 'server' && (isn.client === null || beyond(s.acknowledgment, isn.client))),
  // The client acknowledges the server's ISN: it has the SYN-ACK.
  'syn-ack': ({ isn }, segments) =>
    first(
      segments,
      (s) =>
        s.from === 'client' &&
        !s.flags.includes('SYN') &&
        (isn.server === null || beyond(s.acknowledgment, isn.server)),
    ),
  // The server goes on as only an open connection does: beyond its ISN + 1, or acknowledging more than the SYN.
  ack: (_, segments) =>
    first(segments, (s) => s.event === 'server-took' || (s.from === 'server' && s.event.startsWith('fin'))),
};

function first(segments: readonly TracedSegment[], holds: (segment: TracedSegment) => boolean): TracedSegment | null {
  return segments.find((segment) => segment.event !== 'copy' && segment.event !== 'other' && holds(segment)) ?? null;
}

/** Whether an acknowledgment covers the octet after an ISN, modulo 2^32 (RFC 9293 §3.4). */
function beyond(acknowledgment: number | null, isn: number): boolean {
  return acknowledgment !== null && ((acknowledgment - isn) | 0) > 0;
}
