/**
 * The options of a TCP header (RFC 9293 §3.2 and the extensions that the handshake negotiates), read when somebody asks:
 * most segments are never asked. An option of known kind and wrong length is skipped, as hosts do.
 */
import type { Segment } from './segment.ts';
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
