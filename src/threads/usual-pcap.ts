/** The pcap that nearly all programs on nearly all machines write; other variants are read without threads. Offsets and variants: capture/pcap.ts. */
import { MAXIMUM_SNAPLEN } from '../capture/reader.ts';
import type { UsualPcap } from './records.ts';

const MICROSECONDS = 0xa1b2c3d4;
const NANOSECONDS = 0xa1b23c4d;
const ETHERNET = 1;

const VERSION = 4;
const SNAP_LENGTH = 16;
const LINK_TYPE = 20;
const FIRST_RECORD = 24;
/** Major 2, minor 4, as one little-endian word. */
const VERSION_2_4 = 0x0004_0002;

/** What file header and first record header (40 octets) say; null when that is not usual. */
export function usualPcap(start: Uint8Array): UsualPcap | null {
  const view = new DataView(start.buffer, start.byteOffset, start.byteLength);
  const magic = view.getUint32(0, true);
  if (magic !== MICROSECONDS && magic !== NANOSECONDS) return null;
  if (view.getUint32(VERSION, true) !== VERSION_2_4 || view.getUint32(LINK_TYPE, true) !== ETHERNET) return null;
  if (view.getUint32(SNAP_LENGTH, true) > MAXIMUM_SNAPLEN) return null;
  const unitsPerSecond = magic === NANOSECONDS ? 1_000_000_000 : 1_000_000;
  return {
    longestPacket: MAXIMUM_SNAPLEN,
    digits: magic === NANOSECONDS ? 9 : 6,
    unitsPerSecond,
    nanosPerUnit: 1_000_000_000 / unitsPerSecond,
    firstSeconds: view.getUint32(FIRST_RECORD, true),
  };
}
