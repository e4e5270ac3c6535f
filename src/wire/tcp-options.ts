/**
 * The options of a TCP header (RFC 9293 §3.2 and the extensions that the handshake negotiates), read when somebody asks:
 * most segments are never asked. An option of known kind and wrong length is skipped, as hosts do.
 */
import { FLAG, type Segment } from './segment.ts';
import { MIN_LENGTH } from './tcp.ts';

/** https://www.iana.org/assignments/tcp-parameters. */
const END = 0;
const NO_OPERATION = 1;
const MSS = 2;
const WINDOW_SCALE = 3;
const SACK_PERMITTED = 4;
const TIMESTAMPS = 8;
const MD5 = 19;
const AUTHENTICATION = 29;
const MULTIPATH = 30;
const FAST_OPEN = 34;
/** RFC 6994: a shared kind, told apart by the 16 bits behind the length. */
const EXPERIMENT = 254;
const FAST_OPEN_EXPERIMENT = 0xf989;

/**
 * What a SYN or SYN-ACK offers, as one word, so that two of them can be held against each other: the MSS in the low 16 bits (0: none), the window scale plus one in the five
 * bits above (0: none), then a bit for each of the others. ECN is no option, and is offered and taken away as one (RFC 3168 §6.1.1).
 */
export const OFFER = {
  MSS: 0xffff,
  WINDOW_SCALE: 0x1f << 16,
  SACK_PERMITTED: 1 << 21,
  TIMESTAMPS: 1 << 22,
  FAST_OPEN: 1 << 23,
  MULTIPATH: 1 << 24,
  SIGNATURE: 1 << 25,
  ECN: 1 << 26,
  /** The SYN carries data. */
  DATA: 1 << 27,
  /** Nothing was cut: what is not offered here was not offered. The word is 0 where that is not known. */
  KNOWN: 1 << 30,
} as const;
const WINDOW_SCALE_SHIFT = 16;
/** RFC 7323 §2.3: larger ones count as 14. */
const LARGEST_SCALE = 30;

/** @param segment a SYN or SYN-ACK, with its options parsed */
export function offersWord(segment: Segment): number {
  if (segment.optionsCut) return 0;
  const isSynAck = (segment.flags & FLAG.ACK) !== 0;
  const ecn = isSynAck ? FLAG.ECE : FLAG.ECE | FLAG.CWR;
  return (
    OFFER.KNOWN |
    Math.max(0, segment.mss) |
    ((Math.min(segment.windowScale, LARGEST_SCALE) + 1) << WINDOW_SCALE_SHIFT) |
    (segment.sackPermitted ? OFFER.SACK_PERMITTED : 0) |
    (segment.hasTimestamps ? OFFER.TIMESTAMPS : 0) |
    (segment.fastOpen ? OFFER.FAST_OPEN : 0) |
    (segment.multipath ? OFFER.MULTIPATH : 0) |
    (segment.md5 || segment.authentication ? OFFER.SIGNATURE : 0) |
    ((segment.flags & ecn) === ecn ? OFFER.ECN : 0) |
    (segment.payloadLength > 0 ? OFFER.DATA : 0)
  );
}

/** The window scale of a word of offers (RFC 7323 §2.2); -1 when there is none. */
export function scaleOf(offers: number): number {
  return ((offers & OFFER.WINDOW_SCALE) >>> WINDOW_SCALE_SHIFT) - 1;
}

/** What a SYN-ACK may offer only where the SYN did: RFC 7323 §2.2 and §3.2, RFC 2018 §2, RFC 7413 §4.1.2, RFC 8684 §3.1, RFC 3168 §6.1.1. */
const ASKED_FOR = OFFER.SACK_PERMITTED | OFFER.TIMESTAMPS | OFFER.FAST_OPEN | OFFER.MULTIPATH | OFFER.ECN;

/** Whether a SYN-ACK offers what its SYN did not. @param syn and synAck words of offers */
export function offersUnasked(syn: number, synAck: number): boolean {
  if (syn === 0 || synAck === 0) return false;
  return (synAck & ~syn & ASKED_FOR) !== 0 || (scaleOf(synAck) >= 0 && scaleOf(syn) < 0);
}

/** Fills the option fields of a segment whose `view` is still valid. The second call for the same segment does nothing. */
export function parseOptions(segment: Segment): void {
  if (segment.optionsParsed) return;
  segment.optionsParsed = true;
  segment.optionsCut = false;
  segment.mss = -1;
  segment.windowScale = -1;
  segment.sackPermitted = false;
  segment.hasTimestamps = false;
  segment.timestampValue = 0;
  segment.timestampEcho = 0;
  segment.fastOpen = false;
  segment.md5 = false;
  segment.authentication = false;
  segment.multipath = false;
  if (!segment.hasFlags || segment.malformed) {
    segment.optionsCut = true;
    return;
  }
  const end = segment.tcpAt + segment.tcpHeaderLength;
  readAll(segment, segment.tcpAt + MIN_LENGTH, Math.min(end, segment.capturedEnd), end);
}

/** `end` is that of the captured octets, `headerEnd` that of the header. */
function readAll(segment: Segment, start: number, end: number, headerEnd: number): void {
  const { view } = segment;
  let at = start;
  while (at < end) {
    const kind = view.getUint8(at);
    if (kind === END) return;
    if (kind === NO_OPERATION) {
      at++;
      continue;
    }
    const length = at + 1 < end ? view.getUint8(at + 1) : 0;
    if (length < 2 || at + length > end) {
      segment.optionsCut = true;
      return;
    }
    readOne(segment, kind, at, length);
    at += length;
  }
  if (end < headerEnd) segment.optionsCut = true;
}

function readOne(segment: Segment, kind: number, at: number, length: number): void {
  const { view } = segment;
  switch (kind) {
    case MSS:
      if (length === 4) segment.mss = view.getUint16(at + 2);
      break;
    case WINDOW_SCALE:
      if (length === 3) segment.windowScale = view.getUint8(at + 2);
      break;
    case SACK_PERMITTED:
      if (length === 2) segment.sackPermitted = true;
      break;
    case TIMESTAMPS:
      if (length !== 10) break;
      segment.hasTimestamps = true;
      segment.timestampValue = view.getUint32(at + 2);
      segment.timestampEcho = view.getUint32(at + 6);
      break;
    case MD5:
      if (length === 18) segment.md5 = true;
      break;
    case AUTHENTICATION:
      if (length >= 4) segment.authentication = true;
      break;
    case MULTIPATH:
      if (length >= 3) segment.multipath = true;
      break;
    case FAST_OPEN:
      segment.fastOpen = true;
      break;
    case EXPERIMENT:
      if (length >= 4 && view.getUint16(at + 2) === FAST_OPEN_EXPERIMENT) segment.fastOpen = true;
      break;
    default:
      break;
  }
}
