/** A capture that comes packet by packet, and what is said of it on the way. */
import type { Handshake } from '../../src/index.ts';
import { analyzeSources } from '../../src/pipeline.ts';
import { streamSource } from '../../src/source/byte-source.ts';
import { ANALYSIS_OPTIONS } from '../support/analyze-with.ts';
import type { Told } from './oracle.ts';

/** With early verdicts. @param file a little-endian pcap or pcapng */
export async function tellInSteps(file: Uint8Array): Promise<readonly Told[]> {
  const told: Told[] = [];
  let packets = 0;
  async function* steps(): AsyncGenerator<Uint8Array> {
    for (const { bytes, isPacket } of piecesOf(file)) {
      if (isPacket) packets += 1;
      yield bytes;
    }
    // The end: everything was looked at.
    packets += 1;
  }
  const sink = { handshake: (record: Handshake): void => void told.push({ record, packets }) };
  const options = { ...ANALYSIS_OPTIONS, maxOpen: 1000, early: true };
  const { failures } = await analyzeSources([streamSource(steps(), 'in steps')], options, sink);
  if (failures[0] !== undefined) throw failures[0];
  return told;
}

interface Piece {
  readonly bytes: Uint8Array;
  readonly isPacket: boolean;
}

/** The file's header and each of its packets; of a pcapng each block. */
function* piecesOf(file: Uint8Array): Generator<Piece> {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const isPcapng = view.getUint32(0, true) === SECTION_HEADER;
  const headerLength = isPcapng ? 0 : PCAP_HEADER;
  if (headerLength > 0) yield { bytes: file.subarray(0, headerLength), isPacket: false };
  for (let at = headerLength; at < file.length; ) {
    const length = isPcapng ? view.getUint32(at + 4, true) : PACKET_HEADER + view.getUint32(at + 8, true);
    const isPacket = !isPcapng || view.getUint32(at, true) === ENHANCED_PACKET;
    yield { bytes: file.subarray(at, at + length), isPacket };
    at += length;
  }
}

/** Octets of the headers of a pcap, and of each of its packets. */
const PCAP_HEADER = 24;
const PACKET_HEADER = 16;
/** Types of pcapng blocks. */
const SECTION_HEADER = 0x0a0d0d0a;
const ENHANCED_PACKET = 6;
