/**
 * What a row says beside a plain packet's segment (wire/plain-row.ts): time, direction, and the keys (flow/row-keys.ts); and in place of a segment any other packet, or a stretch in
 * which the capture lost packets.
 *
 *     plain    AT, seconds, nanos, SHAPE with DIRECTION and NANOSECONDS, segment, hash, print
 *     other    AT, skipped, -, 0, captured length, original length, link type, direction and so on, seconds (double), nanos (double)
 *     loss     packets (double), -, LOSS, from (two doubles), to (two doubles)
 */
import type { Frame } from '../capture/frame.ts';
import type { LossInterval } from '../capture/reader.ts';
import { writeKeys } from '../flow/row-keys.ts';
import { DIRECTION_MASK, DIRECTION_SHIFT, NANOSECONDS, ROW, ROW_WORDS, writePlainRow } from '../wire/plain-row.ts';
import { Segment } from '../wire/segment.ts';

/** SHAPE of rows that stand for no segment. */
const OTHER = 0;
const LOSS = 1;

/** What a row is. */
export const ROW_KIND = { PLAIN: 0, OTHER: 1, LOSS: 2 } as const;
type RowKind = (typeof ROW_KIND)[keyof typeof ROW_KIND];

const ETHERNET = 1;

/** Words and doubles of the other rows. SKIPPED: numbers before the packet's that were given to blocks without a packet (capture/pcapng-blocks.ts). */
const SKIPPED = ROW.SECONDS;
const CAPTURED = 4;
const ORIGINAL = 5;
const LINK_TYPE = 6;
const STATED = 7;
const SECONDS_DOUBLE = 4;
const NANOS_DOUBLE = 5;
const LOSS_DOUBLE = 2;

/** In STATED: direction, and then these. */
const TIMELESS = 1 << 2;
const DIGITS_SHIFT = 8;

/** Rows one behind the other, in shared memory. */
export class Rows {
  readonly words: Int32Array;
  private readonly doubles: Float64Array;
  private readonly seed: number;
  private readonly scratch = new Segment();

  /** @param seed of the flows' hashes. */
  constructor(buffer: SharedArrayBuffer, offset: number, rows: number, seed: number) {
    this.seed = seed;
    this.words = new Int32Array(buffer, offset, rows * ROW_WORDS);
    this.doubles = new Float64Array(buffer, offset, (rows * ROW_WORDS) / 2);
  }

  /**
   * Makes the row the packet of `frame`, whose octets lie at `at` of `view`, `captured` of them.
   * @param skipped packet numbers between the row before and this one
   */
  write(index: number, frame: Frame, view: DataView, at: number, captured: number, skipped: number): void {
    const row = index * ROW_WORDS;
    this.words[row + ROW.AT] = at;
    const canBePlain = skipped === 0 && hasPlainTime(frame) && frame.linkType === ETHERNET;
    if (canBePlain && writePlainRow(this.words, row, view, at, captured)) {
      this.stamp(row, frame.seconds, frame.nanos, frame.digits === 9, frame.direction);
      writeKeys(this.words, row, view, this.scratch, this.seed);
    } else {
      this.writeOther(row, frame, captured, skipped);
    }
  }

  /** Makes the row the packet at `at`, of an Ethernet pcap. @param digits 6 or 9 */
  writeEthernet(
    index: number,
    view: DataView,
    at: number,
    captured: number,
    original: number,
    seconds: number,
    nanos: number,
    digits: number,
  ): void {
    const { words } = this;
    const row = index * ROW_WORDS;
    words[row + ROW.AT] = at;
    // A fraction that runs on can carry the seconds beyond 32 bits.
    if (seconds >>> 0 === seconds && writePlainRow(words, row, view, at, captured)) {
      this.stamp(row, seconds, nanos, digits === 9, 0);
      writeKeys(words, row, view, this.scratch, this.seed);
      return;
    }
    words[row + ROW.SHAPE] = OTHER;
    words[row + SKIPPED] = 0;
    words[row + CAPTURED] = captured;
    words[row + ORIGINAL] = Math.max(original, captured);
    words[row + LINK_TYPE] = ETHERNET;
    words[row + STATED] = digits << DIGITS_SHIFT;
    this.doubles[row / 2 + SECONDS_DOUBLE] = seconds;
    this.doubles[row / 2 + NANOS_DOUBLE] = nanos;
  }

  writeLoss(index: number, loss: LossInterval): void {
    const row = index * ROW_WORDS;
    this.words[row + ROW.SHAPE] = LOSS;
    const at = row / 2 + LOSS_DOUBLE;
    this.doubles[row / 2] = loss.packets;
    this.doubles[at] = loss.fromSeconds;
    this.doubles[at + 1] = loss.fromNanos;
    this.doubles[at + 2] = loss.toSeconds;
    this.doubles[at + 3] = loss.toNanos;
  }

  /** Fills `frame` with the packet of a row, and counts its number on by those that were skipped before it; of a plain one, its time alone. */
  read(index: number, frame: Frame): RowKind {
    const { words } = this;
    const row = index * ROW_WORDS;
    const shape = words[row + ROW.SHAPE] as number;
    if (shape === OTHER) {
      this.readOther(row, frame);
      return ROW_KIND.OTHER;
    }
    if (shape === LOSS) return ROW_KIND.LOSS;
    frame.seconds = (words[row + ROW.SECONDS] as number) >>> 0;
    frame.nanos = words[row + ROW.NANOS] as number;
    frame.digits = (shape & NANOSECONDS) === 0 ? 6 : 9;
    return ROW_KIND.PLAIN;
  }

  /** How many plain packets the rows from `index` on are, up to `most` of them. */
  plainFrom(index: number, most: number): number {
    const { words } = this;
    let count = 0;
    while (count < most) {
      const shape = words[(index + count) * ROW_WORDS + ROW.SHAPE] as number;
      if (shape === OTHER || shape === LOSS) break;
      count += 1;
    }
    return count;
  }

  readLoss(index: number): LossInterval {
    const row = (index * ROW_WORDS) / 2;
    const at = row + LOSS_DOUBLE;
    const [fromSeconds = 0, fromNanos = 0, toSeconds = 0, toNanos = 0] = this.doubles.subarray(at, at + 4);
    return { interfaceIndex: 0, fromSeconds, fromNanos, toSeconds, toNanos, packets: this.doubles[row] as number };
  }

  private stamp(row: number, seconds: number, nanos: number, isNanoseconds: boolean, direction: number): void {
    const { words } = this;
    words[row + ROW.SECONDS] = seconds;
    words[row + ROW.NANOS] = nanos;
    words[row + ROW.SHAPE] =
      (words[row + ROW.SHAPE] as number) | (isNanoseconds ? NANOSECONDS : 0) | (direction << DIRECTION_SHIFT);
  }

  private writeOther(row: number, frame: Frame, captured: number, skipped: number): void {
    const { words, doubles } = this;
    words[row + ROW.SHAPE] = OTHER;
    words[row + SKIPPED] = skipped;
    words[row + CAPTURED] = captured;
    words[row + ORIGINAL] = frame.originalLength;
    words[row + LINK_TYPE] = frame.linkType;
    words[row + STATED] = frame.direction | (frame.timeless ? TIMELESS : 0) | (frame.digits << DIGITS_SHIFT);
    doubles[row / 2 + SECONDS_DOUBLE] = frame.seconds;
    doubles[row / 2 + NANOS_DOUBLE] = frame.nanos;
  }

  private readOther(row: number, frame: Frame): void {
    const { words, doubles } = this;
    const stated = words[row + STATED] as number;
    frame.number += words[row + SKIPPED] as number;
    frame.at = words[row + ROW.AT] as number;
    frame.capturedLength = words[row + CAPTURED] as number;
    frame.originalLength = (words[row + ORIGINAL] as number) >>> 0;
    frame.linkType = words[row + LINK_TYPE] as number;
    frame.direction = stated & DIRECTION_MASK;
    frame.timeless = (stated & TIMELESS) !== 0;
    frame.digits = stated >>> DIGITS_SHIFT;
    frame.seconds = doubles[row / 2 + SECONDS_DOUBLE] as number;
    frame.nanos = doubles[row / 2 + NANOS_DOUBLE] as number;
  }
}

/** Whether a plain packet's row can hold its time. */
function hasPlainTime({ timeless, digits, seconds, nanos }: Frame): boolean {
  return !timeless && (digits === 6 || digits === 9) && seconds >>> 0 === seconds && (nanos | 0) === nanos;
}
