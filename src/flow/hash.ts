/**
 * Hashes of flow keys: seeded, so that nobody who crafts addresses and ports can aim at one bucket, and symmetric, so that both directions of a
 * connection meet. Each end is mixed on its own and the two are added.
 */
import { MAPPED } from '../wire/ipv4.ts';
import { DESTINATION, SOURCE } from '../wire/ipv6.ts';
import type { Segment } from '../wire/segment.ts';

/** The 32-bit finalizer of MurmurHash3: a bijection in which every input bit changes every output bit with probability near 1/2. */
export function mix(value: number): number {
  let h = value;
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** Signed 32-bit hash of one end. Words 0 to 2 of an IPv4-mapped address are the same for all, and skipped. */
export function hashEnd(w0: number, w1: number, w2: number, w3: number, port: number, seed: number): number {
  let h = seed;
  if (w0 !== 0 || w1 !== 0 || w2 !== MAPPED) {
    h = mix(h ^ w0);
    h = mix((h + w1) | 0);
    h = mix(h ^ w2);
  }
  h = mix(h ^ w3);
  return mix((h + Math.imul(port + 1, 0x9e3779b1)) | 0);
}

/** Signed 32-bit hash of the four-tuple, the same for both directions. The network is no part of it: see FlowTable. */
export function hashSegment(segment: Segment, seed: number): number {
  const source = hashEnd(segment.source0, segment.source1, segment.source2, segment.source3, segment.sourcePort, seed);
  const destination = hashEnd(
    segment.destination0,
    segment.destination1,
    segment.destination2,
    segment.destination3,
    segment.destinationPort,
    seed,
  );
  return (source + destination) | 0;
}

/** The same for IPv4. @param ports the source's in the high half */
export function hashIpv4(source: number, destination: number, ports: number, seed: number): number {
  const sourceHash = hashEnd(0, 0, MAPPED, source, ports >>> 16, seed);
  return (sourceHash + hashEnd(0, 0, MAPPED, destination, ports & 0xffff, seed)) | 0;
}

/** The same for the IPv6 header at `at`. @param ports the source's in the high half */
export function hashIpv6(view: DataView, at: number, ports: number, seed: number): number {
  return (
    (hashEndAt(view, at + SOURCE, ports >>> 16, seed) + hashEndAt(view, at + DESTINATION, ports & 0xffff, seed)) | 0
  );
}

function hashEndAt(view: DataView, at: number, port: number, seed: number): number {
  return hashEnd(view.getInt32(at), view.getInt32(at + 4), view.getInt32(at + 8), view.getInt32(at + 12), port, seed);
}
