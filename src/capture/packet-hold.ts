/**
 * Packets that wait for the verdict on their attempt: a ring of octets, in the order in which they came. A packet leaves when it has waited long enough, when its
 * attempt's verdict lets it go, or when the ring is full; then it is written, or let go of.
 *
 *     8 doubles: length | captured | original | interface, direction | seconds | nanos | attempt | since      one record, 64 octets
 *     the packet, padded to 8
 *
 * Positions count on for ever; a position modulo the size is the place. A record that would not fit before the end begins at the beginning, and a negative length
 * says how much is left unused before it.
 */
import type { Frame } from './frame.ts';
import type { StoredPacket } from './pcapng-writer.ts';

const HEAD_DOUBLES = 8;
const HEAD = 8 * HEAD_DOUBLES;
const H = { LENGTH: 0, CAPTURED: 1, ORIGINAL: 2, LINK: 3, SECONDS: 4, NANOS: 5, ATTEMPT: 6, SINCE: 7 } as const;

export interface HeldPacket extends StoredPacket {
  readonly position: number;
  readonly interfaceNumber: number;
  /** The octets, and where in `bytes` they begin. BORROWED until the next packet comes. */
  readonly bytes: Uint8Array;
  readonly at: number;
  readonly captured: number;
  /** Id of its attempt; 0 for none. */
  readonly attempt: number;
  /** Milliseconds of the clock that `add` was given. */
  readonly since: number;
}

export class PacketHold {
  private readonly bytes: Uint8Array;
  private readonly doubles: Float64Array;
  private readonly size: number;
  private head = 0;
  private tail = 0;
  private newest = -1;

  /** @param octets of the ring; a multiple of 8 that a packet of any length fits in */
  constructor(octets: number) {
    this.size = octets;
    const memory = new ArrayBuffer(octets);
    this.bytes = new Uint8Array(memory);
    this.doubles = new Float64Array(memory);
  }

  /** Whether a packet of so many octets fits in without another one leaving. */
  hasRoomFor(captured: number): boolean {
    const length = lengthOf(captured);
    const place = this.head % this.size;
    const skipped = place + length > this.size ? this.size - place : 0;
    return this.head - this.tail + skipped + length <= this.size;
  }

  /** Copies the packet in. There is room (`hasRoomFor`). Answers its position. @param since milliseconds of a clock that goes forward */
  add(frame: Frame, interfaceNumber: number, since: number): number {
    const { capturedLength } = frame;
    const length = lengthOf(capturedLength);
    let place = this.head % this.size;
    if (place + length > this.size) {
      this.doubles[place / 8] = place - this.size;
      this.head += this.size - place;
      place = 0;
    }
    const at = place / 8;
    const { doubles } = this;
    doubles[at + H.LENGTH] = length;
    doubles[at + H.CAPTURED] = capturedLength;
    doubles[at + H.ORIGINAL] = frame.originalLength;
    doubles[at + H.LINK] = 4 * interfaceNumber + (frame.direction & 3);
    doubles[at + H.SECONDS] = frame.seconds;
    doubles[at + H.NANOS] = frame.nanos;
    doubles[at + H.ATTEMPT] = 0;
    doubles[at + H.SINCE] = since;
    this.bytes.set(frame.bytes.subarray(frame.at, frame.at + capturedLength), place + HEAD);
    this.newest = this.head;
    this.head += length;
    return this.newest;
  }

  /** The newest packet belongs to this attempt. Answers its position. */
  assign(attempt: number): number {
    this.doubles[(this.newest % this.size) / 8 + H.ATTEMPT] = attempt;
    return this.newest;
  }

  /** Takes the newest packet back when it belongs to no attempt. */
  dropUnassigned(): void {
    if (this.newest < 0 || this.doubles[(this.newest % this.size) / 8 + H.ATTEMPT] !== 0) return;
    this.head = this.newest;
    this.newest = -1;
  }

  /** Whether the packet of this position is still held. */
  holds(position: number): boolean {
    return position >= this.tail && position < this.head;
  }

  /** The oldest packet; null when there is none. */
  oldest(): HeldPacket | null {
    if (this.head === this.tail) return null;
    let place = this.tail % this.size;
    const skipped = this.doubles[place / 8] as number;
    if (skipped < 0) {
      this.tail -= skipped;
      if (this.head === this.tail) return null;
      place = 0;
    }
    const at = place / 8;
    const { doubles } = this;
    const link = doubles[at + H.LINK] as number;
    return {
      position: this.tail,
      interfaceNumber: Math.floor(link / 4),
      direction: link % 4,
      seconds: doubles[at + H.SECONDS] as number,
      nanos: doubles[at + H.NANOS] as number,
      originalLength: doubles[at + H.ORIGINAL] as number,
      captured: doubles[at + H.CAPTURED] as number,
      bytes: this.bytes,
      at: place + HEAD,
      attempt: doubles[at + H.ATTEMPT] as number,
      since: doubles[at + H.SINCE] as number,
    };
  }

  /** Lets go of the oldest packet. */
  shift(): void {
    this.tail += this.doubles[(this.tail % this.size) / 8] as number;
  }
}

function lengthOf(captured: number): number {
  return HEAD + Math.ceil(captured / 8) * 8;
}
