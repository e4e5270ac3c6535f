/**
 * 802.11 frames (IEEE 802.11 §9.2, §9.3.2) and the headers that capture drivers put in front: radiotap
 * (https://www.radiotap.org), Prism and AVS. A data frame carries LLC/SNAP, unless it is encrypted or a fragment; of an
 * aggregate the first subframe is read.
 */
import { LAYER } from './layer.ts';
import { STOP } from './stop.ts';
import type { Walk } from './walk.ts';

// MAC header: frame control 0 (two octets, the first with the type), duration 2, addresses 4, 10, 16, sequence control 22.
const TYPE = 0;
const FLAGS = 1;
const SEQUENCE_CONTROL = 22;
const HEADER_LENGTH = 24;
const FOURTH_ADDRESS_LENGTH = 6;
const QOS_LENGTH = 2;
const HT_CONTROL_LENGTH = 4;

const TYPE_MASK = 0x0c;
const TYPE_DATA = 0x08;
/** Subtype bits of data frames: no payload (null function, CF-Ack), QoS. */
const NO_DATA = 0x40;
const QOS = 0x80;
const TO_AND_FROM_DS = 0x03;
const PROTECTED = 0x40;
const HT_CONTROL = 0x80;
/** In the first octet of QoS control. */
const AGGREGATE = 0x80;
const FRAGMENT_NUMBER = 0x0f;
/** Subframe header: destination, source, length. */
const SUBFRAME_HEADER_LENGTH = 14;
const SUBFRAME_LENGTH = 12;
const FCS_LENGTH = 4;

// Radiotap: version 0, length 2 (little-endian), presence words from 4; the first fields are TSFT (bit 0) and flags (bit 1).
const RADIOTAP_LENGTH = 2;
const RADIOTAP_PRESENT = 4;
const RADIOTAP_MIN_LENGTH = 8;
const PRESENT_TSFT = 0x1;
const PRESENT_FLAGS = 0x2;
const PRESENT_MORE = 0x80000000 | 0;
const TSFT_LENGTH = 8;
const FLAG_FCS = 0x10;
const FLAG_DATAPAD = 0x20;

// Prism: message code 0, length 4, in the order of the host. AVS: version 0, length 4, in network order.
const PRISM_LENGTH = 4;
const PRISM_MIN_LENGTH = 8;
const AVS_MAGIC = 0x80211000;
const AVS_MAGIC_MASK = 0xfffff000;

export function readIeee80211(walk: Walk): number {
  return readMac(walk, false);
}

function readMac(walk: Walk, dataPad: boolean): number {
  const { view, at } = walk;
  if (walk.end - at < HEADER_LENGTH) return STOP.CUT;
  const type = view.getUint8(at + TYPE);
  const flags = view.getUint8(at + FLAGS);
  if ((type & TYPE_MASK) !== TYPE_DATA || (type & NO_DATA) !== 0) return STOP.WIRELESS_WITHOUT_DATA;
  if ((flags & PROTECTED) !== 0) return STOP.WIRELESS_PROTECTED;
  if ((view.getUint8(at + SEQUENCE_CONTROL) & FRAGMENT_NUMBER) !== 0) return STOP.FRAGMENT;
  let length = HEADER_LENGTH;
  if ((flags & TO_AND_FROM_DS) === TO_AND_FROM_DS) length += FOURTH_ADDRESS_LENGTH;
  let aggregate = false;
  if ((type & QOS) !== 0) {
    if (walk.end - at < length + QOS_LENGTH) return STOP.CUT;
    aggregate = (view.getUint8(at + length) & AGGREGATE) !== 0;
    length += QOS_LENGTH + ((flags & HT_CONTROL) !== 0 ? HT_CONTROL_LENGTH : 0);
  }
  if (dataPad) length = (length + 3) & ~3;
  walk.at = at + length;
  return aggregate ? readSubframe(walk) : LAYER.LLC;
}

function readSubframe(walk: Walk): number {
  const { view, at } = walk;
  if (walk.end - at < SUBFRAME_HEADER_LENGTH) return STOP.CUT;
  const wireEnd = at + SUBFRAME_HEADER_LENGTH + view.getUint16(at + SUBFRAME_LENGTH);
  if (wireEnd < walk.wireEnd) walk.limit(wireEnd);
  return walk.past(SUBFRAME_HEADER_LENGTH, LAYER.LLC);
}

export function readRadiotap(walk: Walk): number {
  const { view, at } = walk;
  if (walk.end - at < RADIOTAP_MIN_LENGTH) return STOP.CUT;
  const length = view.getUint16(at + RADIOTAP_LENGTH, true);
  if (view.getUint8(at) !== 0 || length < RADIOTAP_MIN_LENGTH) return STOP.MALFORMED_LINK;
  const flags = radiotapFlags(walk, Math.min(at + length, walk.end));
  if ((flags & FLAG_FCS) !== 0) walk.limit(walk.wireEnd - FCS_LENGTH);
  walk.at = at + length;
  return readMac(walk, (flags & FLAG_DATAPAD) !== 0);
}

/** The flags field, 0 when the header has none. `end` is that of the header. */
function radiotapFlags(walk: Walk, end: number): number {
  const { view, at } = walk;
  const present = view.getInt32(at + RADIOTAP_PRESENT, true);
  if ((present & PRESENT_FLAGS) === 0) return 0;
  let field = at + RADIOTAP_PRESENT;
  while (field + 4 <= end && (view.getInt32(field, true) & PRESENT_MORE) !== 0) field += 4;
  field += 4;
  if ((present & PRESENT_TSFT) !== 0) {
    // Fields are aligned to their size, counted from the header's beginning.
    field = at + ((field - at + TSFT_LENGTH - 1) & ~(TSFT_LENGTH - 1)) + TSFT_LENGTH;
  }
  return field < end ? view.getUint8(field) : 0;
}

/** LINKTYPE_IEEE802_11_PRISM; some drivers write AVS headers under it. */
export function readPrism(walk: Walk): number {
  const { view, at } = walk;
  if (walk.end - at < PRISM_MIN_LENGTH) return STOP.CUT;
  if ((view.getUint32(at) & AVS_MAGIC_MASK) === (AVS_MAGIC | 0)) return readAvs(walk);
  const little = view.getUint32(at + PRISM_LENGTH, true);
  return skipHeader(walk, little < 0x10000 ? little : view.getUint32(at + PRISM_LENGTH));
}

export function readAvs(walk: Walk): number {
  const { view, at } = walk;
  if (walk.end - at < PRISM_MIN_LENGTH) return STOP.CUT;
  return skipHeader(walk, view.getUint32(at + PRISM_LENGTH));
}

function skipHeader(walk: Walk, length: number): number {
  if (length < PRISM_MIN_LENGTH) return STOP.MALFORMED_LINK;
  if (length > walk.end - walk.at) return STOP.CUT;
  return walk.past(length, LAYER.IEEE80211);
}
