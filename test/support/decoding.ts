/**
 * Decoding one frame in a test: the frame is put between other bytes, so that a reader that looks beyond its frame shows.
 */
import { formatAddress } from '../../src/bytes/address.ts';
import { Decoder } from '../../src/wire/decode.ts';
import type { Network } from '../../src/wire/network.ts';
import { Segment } from '../../src/wire/segment.ts';
import type { Stop } from '../../src/wire/stop.ts';
import { concat, fill } from './packet-bytes.ts';

export const LINK = {
  NULL: 0,
  ETHERNET: 1,
  PPP: 9,
  FDDI: 10,
  RAW_OPENBSD: 14,
  PPP_HDLC: 50,
  PPP_ETHER: 51,
  RAW: 101,
  C_HDLC: 104,
  IEEE802_11: 105,
  LOOP: 108,
  SLL: 113,
  PRISM: 119,
  RADIOTAP: 127,
  AVS: 163,
  PPP_WITH_DIRECTION: 204,
  IPV4: 228,
  IPV6: 229,
  NFLOG: 239,
  SLL2: 276,
} as const;

export interface Decoded {
  readonly stop: Stop;
  readonly segment: Segment;
  readonly decoder: Decoder;
  /** "10.0.0.1:40000 > 10.0.0.2:80" */
  readonly ends: string;
  readonly network: Network;
}

export interface DecodeOptions {
  readonly originalLength?: number;
  readonly decoder?: Decoder;
  /** What lies around the frame. */
  readonly around?: number;
}

const AROUND = 64;

export function decodeFrame(frame: Uint8Array, linkType: number, options: DecodeOptions = {}): Decoded {
  const around = fill(AROUND, options.around ?? 0xaa);
  const bytes = concat(around, frame, around);
  const decoder = options.decoder ?? new Decoder();
  const segment = new Segment();
  const view = new DataView(bytes.buffer);
  const stop = decoder.decode(view, AROUND, frame.length, options.originalLength ?? frame.length, linkType, segment);
  const network = decoder.networks[segment.network];
  if (network === undefined) throw new Error(`no network ${segment.network}`);
  return { stop, segment, decoder, ends: endsOf(segment), network };
}

function endsOf(s: Segment): string {
  const source = formatAddress(s.source0, s.source1, s.source2, s.source3, s.family);
  const target = formatAddress(s.destination0, s.destination1, s.destination2, s.destination3, s.family);
  return `${source}:${s.sourcePort} > ${target}:${s.destinationPort}`;
}
