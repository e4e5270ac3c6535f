/**
 * The interfaces of a pcapng: those of the current section (which packets name by number), and the list over all sections that the
 * reader shows. The same interface described again in a later section (captures put one after the other) is the same entry of the list.
 */
import { TickClock } from './pcapng-clock.ts';
import type { CaptureInterface, LossInterval } from './reader.ts';

export class InterfaceTable {
  /** Interfaces in a file; real ones have a few dozen. A bound, because descriptions are small and a file is not. */
  static readonly LIMIT = 65_536;

  readonly interfaces: ListedInterface[] = [];
  readonly losses: Mutable<LossInterval>[] = [];
  section: SectionInterface[] = [];
  readonly #known = new Map<string, number>();

  startSection(): void {
    this.section = [];
  }

  /** False when there are too many. */
  add(linkType: number, snapLength: number, name: string | null, resolution: number, offsetSeconds: number): boolean {
    if (this.section.length >= InterfaceTable.LIMIT) return false;
    const clock = new TickClock(resolution, offsetSeconds);
    const key = JSON.stringify([this.section.length, linkType, snapLength, name, resolution, offsetSeconds]);
    let index = this.#known.get(key);
    if (index === undefined) {
      if (this.interfaces.length >= InterfaceTable.LIMIT) return false;
      index = this.interfaces.length;
      this.interfaces.push(new ListedInterface(linkType, snapLength, clock.digits, name));
      this.#known.set(key, index);
    }
    this.section.push(new SectionInterface(index, linkType, snapLength, clock));
    return true;
  }

  /** Adds an interval; beyond `MAXIMUM_INTERVALS` the last one is widened, so that no loss is forgotten. */
  addLoss(
    interfaceIndex: number,
    fromSeconds: number,
    fromNanos: number,
    toSeconds: number,
    toNanos: number,
    packets: number,
  ): void {
    if (isBefore(toSeconds, toNanos, fromSeconds, fromNanos)) {
      // Clocks step back: an interval runs forward all the same.
      this.addLoss(interfaceIndex, toSeconds, toNanos, fromSeconds, fromNanos, packets);
      return;
    }
    const last = this.losses.at(-1);
    if (last === undefined || this.losses.length < MAXIMUM_INTERVALS) {
      this.losses.push({ interfaceIndex, fromSeconds, fromNanos, toSeconds, toNanos, packets });
      return;
    }
    if (isBefore(fromSeconds, fromNanos, last.fromSeconds, last.fromNanos)) {
      last.fromSeconds = fromSeconds;
      last.fromNanos = fromNanos;
    }
    if (isBefore(last.toSeconds, last.toNanos, toSeconds, toNanos)) {
      last.toSeconds = toSeconds;
      last.toNanos = toNanos;
    }
    last.packets += packets;
  }
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const MAXIMUM_INTERVALS = 4096;

class ListedInterface implements CaptureInterface {
  readonly linkType: number;
  readonly snapLength: number;
  readonly digits: number;
  readonly name: string | null;
  received: number | null = null;
  lostByKernel: number | null = null;
  lostByInterface: number | null = null;

  constructor(linkType: number, snapLength: number, digits: number, name: string | null) {
    this.linkType = linkType;
    this.snapLength = snapLength;
    this.digits = digits;
    this.name = name;
  }
}

/** One interface of the current section. */
export class SectionInterface {
  /** In the list over all sections. */
  readonly index: number;
  readonly linkType: number;
  readonly snapLength: number;
  readonly clock: TickClock;
  /** Where the next loss interval begins: the first packet, then the last statistics. */
  hasTime = false;
  #seconds = 0;
  #nanos = 0;
  #received = 0;
  #lostByInterface = 0;
  #lostBySystem = 0;

  constructor(index: number, linkType: number, snapLength: number, clock: TickClock) {
    this.index = index;
    this.linkType = linkType;
    this.snapLength = snapLength;
    this.clock = clock;
  }

  startAt(seconds: number, nanos: number): void {
    this.hasTime = true;
    this.#seconds = seconds;
    this.#nanos = nanos;
  }

  /** Statistics taken at `clock`'s time: running counters, -1 where the block has none. */
  observe(table: InterfaceTable, received: number, byInterface: number, bySystem: number): void {
    const listed = table.interfaces[this.index] as ListedInterface;
    const { seconds, nanos } = this.clock;
    if (received >= 0) {
      listed.received = (listed.received ?? 0) + increase(this.#received, received);
      this.#received = received;
    }
    let lost = 0;
    if (byInterface >= 0) {
      const more = increase(this.#lostByInterface, byInterface);
      listed.lostByInterface = (listed.lostByInterface ?? 0) + more;
      this.#lostByInterface = byInterface;
      lost += more;
    }
    if (bySystem >= 0) {
      const more = increase(this.#lostBySystem, bySystem);
      listed.lostByKernel = (listed.lostByKernel ?? 0) + more;
      this.#lostBySystem = bySystem;
      lost += more;
    }
    if (!this.hasTime) this.startAt(seconds, nanos);
    if (lost > 0) table.addLoss(this.index, this.#seconds, this.#nanos, seconds, nanos, lost);
    this.startAt(seconds, nanos);
  }

  /** Packets lost between the packet before and this one (the obsolete packet block counts them). */
  lostBefore(
    table: InterfaceTable,
    packets: number,
    fromSeconds: number,
    fromNanos: number,
    toSeconds: number,
    toNanos: number,
  ): void {
    const listed = table.interfaces[this.index] as ListedInterface;
    listed.lostByKernel = (listed.lostByKernel ?? 0) + packets;
    if (packets > 0) table.addLoss(this.index, fromSeconds, fromNanos, toSeconds, toNanos, packets);
  }
}

/** A counter that went back was started again: all of its new value is new. */
function increase(before: number, now: number): number {
  return now >= before ? now - before : now;
}

function isBefore(seconds: number, nanos: number, otherSeconds: number, otherNanos: number): boolean {
  return seconds < otherSeconds || (seconds === otherSeconds && nanos < otherNanos);
}
