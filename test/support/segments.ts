/** Segments without bytes: for tests of what comes after decoding. */
import { FLAG, KIND, Segment } from '../../src/wire/segment.ts';

export interface SegmentFields {
  /** IPv4 addresses as numbers. */
  readonly source: number;
  readonly destination: number;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly flags?: number;
  readonly sequence?: number;
  readonly acknowledgment?: number;
  readonly network?: number;
  readonly ipId?: number;
}

/** Fills `into`, or a new segment. */
export function segmentOf(fields: SegmentFields, into = new Segment()): Segment {
  into.kind = KIND.TCP;
  into.family = 4;
  into.source0 = 0;
  into.source1 = 0;
  into.source2 = 0xffff;
  into.source3 = fields.source | 0;
  into.destination0 = 0;
  into.destination1 = 0;
  into.destination2 = 0xffff;
  into.destination3 = fields.destination | 0;
  into.sourcePort = fields.sourcePort;
  into.destinationPort = fields.destinationPort;
  into.flags = fields.flags ?? FLAG.SYN;
  into.sequence = fields.sequence ?? 1000;
  into.acknowledgment = fields.acknowledgment ?? 0;
  into.network = fields.network ?? 0;
  into.ipId = fields.ipId ?? 0;
  into.ttl = 64;
  into.hasSequence = true;
  into.hasFlags = true;
  // Nothing to parse: there are no octets.
  into.optionsParsed = true;
  return into;
}

/** The same segment, sent by the other end. */
export function mirrored(fields: SegmentFields): SegmentFields {
  const { source, destination, sourcePort, destinationPort } = fields;
  return {
    ...fields,
    source: destination,
    destination: source,
    sourcePort: destinationPort,
    destinationPort: sourcePort,
  };
}
