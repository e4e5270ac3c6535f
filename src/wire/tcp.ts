/**
 * TCP (RFC 9293 §3.1): the fixed part of the header into the segment. Options are read on demand: tcp-options.ts.
 */
import type { Segment } from './segment.ts';
import { STOP } from './stop.ts';
import type { Walk } from './walk.ts';

export const PORTS = 0;
export const SEQUENCE = 4;
export const ACKNOWLEDGMENT = 8;
/** Data offset (4 bits), reserved (3), AE, flags (8), window (16): one word. */
export const OFFSET_FLAGS_WINDOW = 12;
export const CHECKSUM = 16;
export const MIN_LENGTH = 20;

const PORTS_LENGTH = 4;
const SEQUENCE_END = 8;
const FLAGS_END = 14;
const WINDOW_END = 16;

/**
 * The hot case: at least 20 octets of header are there, and the datagram is whole. An impossible data offset (RFC 9293 §3.1: at least 5
 * words, and no more than there is) is read as the nearest possible one and noted: hosts drop such a segment, but it was sent.
 */
export function fillWhole(segment: Segment, view: DataView, at: number, capturedEnd: number, tcpLength: number): void {
  const ports = view.getInt32(at + PORTS);
  const word = view.getInt32(at + OFFSET_FLAGS_WINDOW);
  let headerLength = (word >>> 28) * 4;
  segment.malformed = headerLength < MIN_LENGTH || headerLength > tcpLength;
  if (segment.malformed) headerLength = MIN_LENGTH;
  segment.sourcePort = ports >>> 16;
  segment.destinationPort = ports & 0xffff;
  segment.sequence = view.getUint32(at + SEQUENCE);
  segment.acknowledgment = view.getUint32(at + ACKNOWLEDGMENT);
  segment.flags = (word >>> 16) & 0xff;
  segment.window = word & 0xffff;
  segment.payloadLength = tcpLength - headerLength;
  segment.hasSequence = true;
  segment.hasFlags = true;
  segment.view = view;
  segment.tcpAt = at;
  segment.capturedEnd = capturedEnd;
  segment.tcpLength = tcpLength;
  segment.tcpHeaderLength = headerLength;
  segment.optionsParsed = false;
}

/** Any case: cut by the snapshot length, by an ICMP quotation, or at the end of a fragment. */
export function readTcp(walk: Walk): number {
  const { view, at, segment } = walk;
  const tcpLength = walk.wireEnd - at;
  const captured = walk.end - at;
  const headerLength = captured > OFFSET_FLAGS_WINDOW ? (view.getUint8(at + OFFSET_FLAGS_WINDOW) >> 4) * 4 : 0;
  if (walk.mayWait && captured < Math.max(headerLength, MIN_LENGTH)) return STOP.CUT;
  if (captured < PORTS_LENGTH) return STOP.CUT;
  if (captured >= MIN_LENGTH) fillWhole(segment, view, at, walk.end, tcpLength);
  else fillCut(walk, captured, tcpLength, headerLength);
  return STOP.SEGMENT;
}

function fillCut(walk: Walk, captured: number, tcpLength: number, headerLength: number): void {
  const { view, at, segment } = walk;
  const hasFlags = captured >= FLAGS_END;
  segment.malformed = tcpLength < MIN_LENGTH || (headerLength !== 0 && headerLength < MIN_LENGTH);
  segment.sourcePort = view.getUint16(at + PORTS);
  segment.destinationPort = view.getUint16(at + PORTS + 2);
  segment.hasSequence = captured >= SEQUENCE_END;
  segment.hasFlags = hasFlags;
  segment.sequence = segment.hasSequence ? view.getUint32(at + SEQUENCE) : 0;
  segment.acknowledgment = hasFlags ? view.getUint32(at + ACKNOWLEDGMENT) : 0;
  segment.flags = hasFlags ? view.getUint8(at + OFFSET_FLAGS_WINDOW + 1) : 0;
  segment.window = captured >= WINDOW_END ? view.getUint16(at + OFFSET_FLAGS_WINDOW + 2) : 0;
  segment.tcpHeaderLength = Math.max(headerLength, MIN_LENGTH);
  segment.payloadLength = hasFlags ? Math.max(0, tcpLength - segment.tcpHeaderLength) : 0;
  segment.view = view;
  segment.tcpAt = at;
  segment.capturedEnd = walk.end;
  segment.tcpLength = tcpLength;
  segment.optionsParsed = false;
}
