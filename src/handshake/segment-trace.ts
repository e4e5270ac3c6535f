/** Collects the segments of one attempt, for its ladder diagram. */
import { formatEpoch } from '../bytes/time.ts';
import { optionsText } from '../wire/options-text.ts';
import { FLAG, KIND, type Segment } from '../wire/segment.ts';

import { EVENT_NAMES, type Event } from './event.ts';
import { fileOf, numberOf } from './frame-lists.ts';
import { icmpMeaning } from './icmp-meaning.ts';
import type { TracedSegment } from './trace.ts';

/** A ladder of more rungs helps nobody. */
const TRACED_SEGMENTS = 1000;

/** In Wireshark's order. */
const FLAG_NAMES = [
  [FLAG.FIN, 'FIN'],
  [FLAG.SYN, 'SYN'],
  [FLAG.RST, 'RST'],
  [FLAG.PSH, 'PSH'],
  [FLAG.ACK, 'ACK'],
  [FLAG.URG, 'URG'],
  [FLAG.ECE, 'ECE'],
  [FLAG.CWR, 'CWR'],
] as const;

export class SegmentTrace {
  readonly segments: TracedSegment[] = [];
  private readonly wanted: number;
  private frame = 0;
  private time = 0;
  private baseSeconds = 0;
  private digits = 0;

  constructor(id: number) {
    this.wanted = id;
  }

  /** The packet that the next segments come from. */
  at(frame: number, time: number, baseSeconds: number, digits: number): void {
    this.frame = frame;
    this.time = time;
    this.baseSeconds = baseSeconds;
    this.digits = digits;
  }

  add(id: number, segment: Segment, fromClient: boolean, event: Event, isCopy: boolean): void {
    if (id !== this.wanted || this.segments.length >= TRACED_SEGMENTS) return;
    const isTcp = segment.kind === KIND.TCP;
    this.segments.push({
      frame: numberOf(this.frame),
      file: fileOf(this.frame),
      time: formatEpoch(this.time, this.baseSeconds, this.digits),
      from: isTcp ? (fromClient ? 'client' : 'server') : 'icmp',
      flags: isTcp ? flagsText(segment) : icmpMeaning(segment.icmpFamily, segment.icmpType, segment.icmpCode),
      sequence: segment.hasSequence && isTcp ? segment.sequence : null,
      acknowledgment: isTcp && (segment.flags & FLAG.ACK) !== 0 ? segment.acknowledgment : null,
      payloadLength: isTcp ? segment.payloadLength : 0,
      window: isTcp && segment.hasFlags ? segment.window : null,
      ttl: segment.ttl,
      options: isTcp ? optionsText(segment) : '',
      event: isCopy ? 'copy' : (EVENT_NAMES[event] ?? 'other'),
    });
  }
}

function flagsText(segment: Segment): string {
  if (!segment.hasFlags) return 'cut';
  const names = FLAG_NAMES.filter(([bit]) => (segment.flags & bit) !== 0).map(([, name]) => name);
  return names.length > 0 ? names.join(', ') : 'no flags';
}
