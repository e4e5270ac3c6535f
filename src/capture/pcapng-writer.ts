/**
 * A pcapng section as it is written while packets come: blocks are put one after the other into memory, and whoever writes them takes what is there. The blocks
 * themselves are made in write.ts; an enhanced packet without comments, the one that comes by the hundred thousand, is put down here without allocating.
 */

import { BLOCK, OPTION, padded } from './pcapng-blocks.ts';
import type { Packet } from './write.ts';
import { enhancedPacket, interfaceDescription, interfaceStatistics, sectionHeader } from './write.ts';

/** if_tsresol: negative powers of ten. */
const MICROSECONDS = 6;
const NANOSECONDS = 9;
const INITIAL_SIZE = 1 << 18;
/** Block type, length, interface, time, two lengths; and the length once more. */
const PACKET_HEAD = 28;
const TRAILER = 4;
/** epb_flags with its header, and opt_endofopt. */
const FLAGS_OPTION = 12;

export interface WrittenInterface {
  readonly linkType: number;
  readonly snapLength: number;
  readonly name: string | null;
  /** Decimal digits of a second that its clock has. */
  readonly digits: number;
}

/** Running counters; null where they are not known. */
export interface WrittenStatistics {
  readonly received: number | null;
  readonly droppedByKernel: number | null;
  readonly droppedByInterface: number | null;
}

/** A packet in somebody's memory. */
export interface StoredPacket {
  readonly seconds: number;
  readonly nanos: number;
  readonly originalLength: number;
  /** 0 unknown, 1 inbound, 2 outbound. */
  readonly direction: number;
}

export class PcapngWriter {
  private bytes = new Uint8Array(INITIAL_SIZE);
  private view = new DataView(this.bytes.buffer);
  private used = 0;
  private readonly interfaces: WrittenInterface[] = [];
  private readonly application: string;

  /** @param application what shb_userappl says */
  constructor(application: string) {
    this.application = application;
  }

  /** Octets that wait to be taken. */
  get waiting(): number {
    return this.used;
  }

  /** The blocks since the last call. BORROWED until the next block is put in. */
  take(): Uint8Array {
    const taken = this.bytes.subarray(0, this.used);
    this.used = 0;
    return taken;
  }

  /** A section with the interfaces that are known so far. */
  beginSection(): void {
    this.put(sectionHeader({ application: this.application }));
    for (const one of this.interfaces) this.describe(one);
  }

  /** Describes an interface, and answers its number. */
  addInterface(one: WrittenInterface): number {
    this.interfaces.push(one);
    this.describe(one);
    return this.interfaces.length - 1;
  }

  /** One packet of an interface, whose octets lie at `from` in `source`. */
  packet(
    interfaceNumber: number,
    packet: StoredPacket,
    source: Uint8Array,
    from: number,
    captured: number,
    comments: readonly string[],
  ): void {
    const { seconds, nanos, originalLength, direction } = packet;
    const resolution = this.resolutionOf(interfaceNumber);
    if (comments.length > 0 || seconds < 0) {
      const whole: Packet = { seconds, nanos, originalLength, bytes: source.subarray(from, from + captured) };
      this.put(
        enhancedPacket(whole, { interfaceNumber, resolution, comments, ...(direction === 0 ? {} : { direction }) }),
      );
      return;
    }
    const length = PACKET_HEAD + padded(captured) + (direction === 0 ? 0 : FLAGS_OPTION) + TRAILER;
    const at = this.room(length);
    const { view, bytes } = this;
    view.setUint32(at, BLOCK.ENHANCED_PACKET, true);
    view.setUint32(at + 4, length, true);
    view.setUint32(at + 8, interfaceNumber, true);
    this.putTime(at + 12, seconds, nanos, resolution);
    view.setUint32(at + 20, captured, true);
    view.setUint32(at + 24, originalLength, true);
    bytes.set(source.subarray(from, from + captured), at + PACKET_HEAD);
    let end = at + PACKET_HEAD + captured;
    while (end % 4 !== at % 4) bytes[end++] = 0;
    if (direction !== 0) {
      view.setUint16(end, OPTION.PACKET_FLAGS, true);
      view.setUint16(end + 2, 4, true);
      view.setUint32(end + 4, direction, true);
      view.setUint32(end + 8, 0, true);
      end += FLAGS_OPTION;
    }
    view.setUint32(end, length, true);
  }

  /** What the interface has received and lost up to a moment (epoch seconds and nanoseconds). */
  statistics(
    interfaceNumber: number,
    seconds: number,
    nanos: number,
    counters: WrittenStatistics,
    comments: readonly string[] = [],
  ): void {
    const { received, droppedByKernel, droppedByInterface } = counters;
    this.put(
      interfaceStatistics({
        interfaceNumber,
        seconds,
        nanos,
        resolution: this.resolutionOf(interfaceNumber),
        comments,
        ...(received === null ? {} : { received }),
        ...(droppedByInterface === null ? {} : { droppedByInterface }),
        ...(droppedByKernel === null ? {} : { droppedBySystem: droppedByKernel }),
      }),
    );
  }

  private describe({ linkType, snapLength, name, digits }: WrittenInterface): void {
    const resolution = digits > MICROSECONDS ? NANOSECONDS : MICROSECONDS;
    this.put(interfaceDescription({ linkType, snapLength, resolution, ...(name === null ? {} : { name }) }));
  }

  private resolutionOf(interfaceNumber: number): number {
    return (this.interfaces[interfaceNumber] as WrittenInterface).digits > MICROSECONDS ? NANOSECONDS : MICROSECONDS;
  }

  /** 64-bit ticks since 1970 from two doubles: the seconds are taken in two parts, so that no product leaves the 53 bits that a double holds exactly. */
  private putTime(at: number, seconds: number, nanos: number, resolution: number): void {
    const perSecond = 10 ** resolution;
    const fraction = Math.floor(resolution === NANOSECONDS ? nanos : nanos / 1000);
    const upper = Math.floor(seconds / 0x1_0000) * perSecond;
    const lower = (seconds % 0x1_0000) * perSecond + fraction + (upper % 0x1_0000) * 0x1_0000;
    this.view.setUint32(at, Math.floor(upper / 0x1_0000) + Math.floor(lower / 0x1_0000_0000), true);
    this.view.setUint32(at + 4, lower % 0x1_0000_0000, true);
  }

  private put(block: Uint8Array): void {
    const at = this.room(block.length);
    this.bytes.set(block, at);
  }

  /** Makes room, and answers where it begins. */
  private room(length: number): number {
    if (this.used + length > this.bytes.length) {
      const larger = new Uint8Array(Math.max(2 * this.bytes.length, this.used + length));
      larger.set(this.bytes.subarray(0, this.used));
      this.bytes = larger;
      this.view = new DataView(larger.buffer);
    }
    const at = this.used;
    this.used += length;
    return at;
  }
}
