/**
 * One chunk of a pcap file into a slot: its bytes, and a row for each record that begins in it. The records are those of the usual container: little-endian, headers of
 * 16 octets with the captured length first, Ethernet (`UsualPcap`).
 *
 * Where the first record of a chunk begins is known for sure only when all before it is read. So a chunk is begun where the headers of records seem to follow each
 * other; the reader of the chunks then compares that with where the chunk before it ended, and has it done again when it was wrong.
 */
import { readSync } from 'node:fs';
import { ENDING, RECORD_HEADER, type Slot } from './ring.ts';

export interface UsualPcap {
  /** Octets of the largest packet that is no damage. */
  readonly longestPacket: number;
  /** Decimal digits of a second. */
  readonly digits: number;
  readonly unitsPerSecond: number;
  readonly nanosPerUnit: number;
  /** Of the first packet: a guess for the others. */
  readonly firstSeconds: number;
}

/** Octets. */
export const FILE_HEADER = 24;

/** In a record header. */
const FRACTION = 4;
export const CAPTURED_LENGTH = 8;
const ORIGINAL_LENGTH = 12;

/** Headers that must follow each other where a chunk is begun. */
const CHAIN = 6;
/** Seconds between the first packet and any other, for a header to be believed: ten years. */
const BELIEVED_SECONDS = 10 * 366 * 86_400;
/** Octets: no packet is as long on the wire, even with offloading. */
const BELIEVED_LENGTH = 1 << 20;

/** Puts chunk number `chunk` into the slot; false when the file ends in it. Never throws: what can't be read is UNREAD. */
export function readChunk(file: number, slot: Slot, chunk: number, chunkLength: number, pcap: UsualPcap): boolean {
  try {
    const base = chunk * chunkLength;
    const have = readAt(file, slot.bytes, 0, chunkLength, base);
    decodeFrom(
      file,
      slot,
      base,
      have,
      chunkLength,
      chunk === 0 ? FILE_HEADER : guessStart(slot.view, have, pcap),
      pcap,
    );
    return have === chunkLength;
  } catch {
    slot.count = 0;
    slot.ending = ENDING.UNREAD;
    return true;
  }
}

/** The same for a chunk whose first record begins at `start` in the file. @throws the system's error */
export function readChunkFrom(
  file: number,
  slot: Slot,
  chunk: number,
  chunkLength: number,
  start: number,
  pcap: UsualPcap,
): void {
  const base = chunk * chunkLength;
  const have = readAt(file, slot.bytes, 0, chunkLength, base);
  decodeFrom(file, slot, base, have, chunkLength, start - base, pcap);
}

/** Decodes the records that begin in [start, chunkLength); for the last of them more is read. `have` octets are there. */
function decodeFrom(
  file: number,
  slot: Slot,
  base: number,
  have: number,
  chunkLength: number,
  start: number,
  pcap: UsualPcap,
): void {
  let at = start;
  let there = have;
  slot.start = base + start;
  slot.count = 0;
  slot.ending = ENDING.GOES_ON;
  for (;;) {
    at = decodeRecords(slot, at, there, chunkLength, pcap);
    if (at >= chunkLength || slot.ending === ENDING.DAMAGED) break;
    // The file's end, or a record that goes on behind the chunk.
    const need =
      at + RECORD_HEADER > there ? RECORD_HEADER : RECORD_HEADER + slot.view.getUint32(at + CAPTURED_LENGTH, true);
    if (have === chunkLength) there += readAt(file, slot.bytes, there, at + need - there, base + there);
    if (there < at + need) {
      slot.ending = at >= there ? ENDING.END : ENDING.CUT;
      break;
    }
  }
  slot.end = base + at;
  slot.reach = base + there;
  slot.position = slot.reach;
}

/** Rows for the records that begin in [at, limit) and lie wholly before `there`. Answers where the next one begins; at a damaged one it stops. */
function decodeRecords(slot: Slot, start: number, there: number, limit: number, pcap: UsualPcap): number {
  const { view, rows } = slot;
  const { longestPacket, unitsPerSecond, nanosPerUnit, digits } = pcap;
  let count = slot.count;
  let at = start;
  while (at < limit && at + RECORD_HEADER <= there) {
    const captured = view.getUint32(at + CAPTURED_LENGTH, true);
    const next = at + RECORD_HEADER + captured;
    if (captured > longestPacket) {
      slot.ending = ENDING.DAMAGED;
      break;
    }
    if (next > there) break;
    const original = view.getUint32(at + ORIGINAL_LENGTH, true);
    let seconds = view.getUint32(at, true);
    let fraction = view.getUint32(at + FRACTION, true);
    if (fraction >= unitsPerSecond) {
      // As capture/pcap.ts.
      seconds += Math.floor(fraction / unitsPerSecond);
      fraction %= unitsPerSecond;
    }
    const frame = at + RECORD_HEADER;
    rows.writeEthernet(count, view, frame, captured, original, seconds, fraction * nanosPerUnit, digits);
    count += 1;
    at = next;
  }
  slot.count = count;
  return at;
}

/** The first place from which headers of records follow each other; `have` when there is none. */
function guessStart(view: DataView, have: number, pcap: UsualPcap): number {
  for (let at = 0; at + RECORD_HEADER <= have && at <= pcap.longestPacket + RECORD_HEADER; at++) {
    if (isChain(view, at, have, pcap)) return at;
  }
  return have;
}

function isChain(view: DataView, start: number, have: number, pcap: UsualPcap): boolean {
  let at = start;
  for (let links = 0; links < CHAIN && at + RECORD_HEADER <= have; links++) {
    const captured = view.getUint32(at + CAPTURED_LENGTH, true);
    const original = view.getUint32(at + ORIGINAL_LENGTH, true);
    if (captured === 0 || captured > pcap.longestPacket || captured > original || original > BELIEVED_LENGTH)
      return false;
    if (view.getUint32(at + FRACTION, true) >= pcap.unitsPerSecond) return false;
    if (Math.abs(view.getUint32(at, true) - pcap.firstSeconds) > BELIEVED_SECONDS) return false;
    at += RECORD_HEADER + captured;
  }
  return true;
}

/** Reads up to `length` octets into `bytes` at `at`; answers how many there were before the file's end. */
export function readAt(file: number, bytes: Uint8Array, at: number, length: number, position: number): number {
  let done = 0;
  while (done < length) {
    const read = readSync(file, bytes, at + done, length - done, position + done);
    if (read === 0) break;
    done += read;
  }
  return done;
}
