/**
 * `--write` and `--write-missing`: packets of a live capture, kept as pcapng, each verdict as a comment on the last packet that it rests on.
 *
 * A verdict is known some time after its packets, so packets wait (capture/packet-hold.ts): of `--write` until their verdict is due, of `--write-missing` until their
 * attempt has one that is worth keeping. What waits is bounded; a verdict whose packets are gone by then is written on the next packet, and says so.
 */
import type { Frame } from '../capture/frame.ts';
import { type HeldPacket, PacketHold } from '../capture/packet-hold.ts';
import { PcapngWriter, type WrittenStatistics } from '../capture/pcapng-writer.ts';
import type { CaptureReader, LossInterval, Moment } from '../capture/reader.ts';
import type { Handshake } from '../handshake/handshake.ts';
import type { PacketSink } from '../live.ts';
import type { ByteSource } from '../source/byte-source.ts';
import { CaptureFiles, type CaptureFilesOptions } from './capture-files.ts';
import { verdictComment } from './live-words.ts';

/** Octets that are gathered before they go to the file, unless a moment has passed. */
const GATHERED = 1 << 18;

/** What is known of an attempt whose packets may be held. */
interface Attempt {
  /** Position of its last packet. */
  last: number;
  isWanted: boolean;
  hasLeft: boolean;
  /** Packets of it that were let go of before its verdict. */
  gone: number;
}

interface KnownInterface {
  readonly number: number;
  statistics: WrittenStatistics;
}

interface EarlyStatistics {
  readonly fromSeconds: number;
  readonly toSeconds: number;
  readonly statistics: WrittenStatistics;
}

export interface KeptPacketsOptions {
  readonly files: CaptureFilesOptions;
  /** Only packets of attempts that lack a leg. */
  readonly missingOnly: boolean;
  /** How long a packet waits at most. */
  readonly holdMillis: number;
  /** Octets of packets that wait, at most. */
  readonly heldOctets: number;
  readonly application: string;
  /** Milliseconds of a clock that goes forward, and milliseconds since 1970. */
  readonly now: () => number;
  readonly wallClock: () => number;
}

export class KeptPackets implements PacketSink {
  /** Attempts of which not all packets could be held until their verdict. */
  incomplete = 0;
  private readonly options: KeptPacketsOptions;
  private readonly hold: PacketHold;
  private readonly writer: PcapngWriter;
  private readonly files: CaptureFiles;
  private readonly interfaces = new Map<string, KnownInterface>();
  /** Counters of interfaces of which no packet has been read yet, by name. */
  private readonly early = new Map<string, EarlyStatistics>();
  private readonly attempts = new Map<number, Attempt>();
  private readonly comments = new Map<number, string[]>();
  /** Of verdicts whose packets are gone. */
  private late: string[] = [];
  private now: number;
  /** Since when, and up to when, every packet was taken; null while nothing is known of it. */
  private heldFrom: Moment | null = null;
  private heldUntil: Moment | null = null;

  constructor(options: KeptPacketsOptions) {
    this.options = options;
    this.hold = new PacketHold(options.heldOctets);
    this.now = options.now();
    this.writer = new PcapngWriter(options.application);
    const frames = { begin: () => this.sectionBegin(), end: () => this.sectionEnd() };
    this.files = new CaptureFiles(options.files, frames, options.wallClock);
  }

  /** Why no more is written; null while all is well. */
  get failure(): Error | null {
    return this.files.failure;
  }

  /** @throws UserError when the file can't be made */
  open(): void {
    this.files.open();
  }

  packet(frame: Frame, source: ByteSource, reader: CaptureReader): void {
    if (this.heldUntil === null) this.passTime(frame.seconds, frame.nanos);
    while (!this.hold.hasRoomFor(frame.capturedLength)) this.release();
    this.hold.add(frame, this.interfaceOf(source, reader, frame.interfaceIndex).number, this.now);
  }

  /** Every packet up to this moment was taken. */
  passTime(seconds: number, nanos: number): void {
    this.heldUntil = { seconds, nanos };
    this.heldFrom ??= this.heldUntil;
  }

  belongs(id: number): void {
    const last = this.hold.assign(id);
    const attempt = this.attempts.get(id);
    if (attempt !== undefined) attempt.last = last;
    else this.attempts.set(id, { last, isWanted: false, hasLeft: false, gone: 0 });
  }

  judged(): void {
    if (this.options.missingOnly) this.hold.dropUnassigned();
  }

  /** A verdict that was told, or amended. */
  verdict(handshake: Handshake): void {
    const attempt = this.attempts.get(handshake.id);
    if (handshake.missingLeg !== null && attempt !== undefined && !attempt.isWanted) {
      attempt.isWanted = true;
      if (this.options.missingOnly && attempt.gone > 0) this.incomplete += 1;
    }
    if (this.options.missingOnly && !(attempt?.isWanted ?? false)) return;
    if (handshake.verdict === 'complete' && handshake.revision === 0) return;
    const at = attempt?.last ?? -1;
    const comment = verdictComment(handshake);
    if (this.hold.holds(at)) this.comments.set(at, [...(this.comments.get(at) ?? []), comment]);
    else this.late.push(`of packets before this one: ${comment}`);
  }

  left(id: number): void {
    const attempt = this.attempts.get(id);
    if (attempt === undefined) return;
    attempt.hasLeft = true;
    if (!this.hold.holds(attempt.last)) this.attempts.delete(id);
  }

  lost(loss: LossInterval, source: ByteSource, reader: CaptureReader): void {
    const known = this.interfaceOf(source, reader, loss.interfaceIndex);
    const { received, droppedByInterface } = known.statistics;
    const droppedByKernel = (known.statistics.droppedByKernel ?? 0) + loss.packets;
    this.count(known, loss.fromSeconds, loss.fromNanos, loss.toSeconds, loss.toNanos, {
      received,
      droppedByKernel,
      droppedByInterface,
    });
  }

  /**
   * Running counters of an interface that is captured on this host, read between two moments (epoch seconds). Losses get a block at the beginning of the stretch, too:
   * whoever reads the file knows between which two moments they were.
   */
  statistics(name: string, fromSeconds: number, toSeconds: number, statistics: WrittenStatistics): void {
    const known = [...this.interfaces].find(([key]) => key.startsWith(keyOf(name)))?.[1];
    if (known !== undefined) {
      this.countBetween(known, fromSeconds, toSeconds, statistics);
      return;
    }
    // Its first packet has not been read yet. What it has lost until then is one stretch.
    const before = this.early.get(name);
    const hadLost = before !== undefined && lossesOf(before.statistics) > 0;
    this.early.set(name, { fromSeconds: hadLost ? before.fromSeconds : fromSeconds, toSeconds, statistics });
  }

  /** Time goes on: what has waited long enough goes to the file. */
  tick(): void {
    this.now = this.options.now();
    for (let oldest = this.hold.oldest(); oldest !== null && this.isDue(oldest); oldest = this.hold.oldest()) {
      this.leave(oldest);
    }
    this.flush();
    this.files.tick();
  }

  /** The end: everything that waits goes to the file. */
  close(): void {
    for (let oldest = this.hold.oldest(); oldest !== null; oldest = this.hold.oldest()) this.leave(oldest);
    this.flush();
    this.files.close();
  }

  private isDue(oldest: HeldPacket): boolean {
    if (this.now - oldest.since >= this.options.holdMillis) return true;
    if (!this.options.missingOnly) return false;
    const attempt = this.attempts.get(oldest.attempt);
    return attempt === undefined || attempt.isWanted || attempt.hasLeft;
  }

  private release(): void {
    const oldest = this.hold.oldest();
    if (oldest !== null) this.leave(oldest);
  }

  private leave(oldest: HeldPacket): void {
    const attempt = this.attempts.get(oldest.attempt);
    if (!this.options.missingOnly || (attempt?.isWanted ?? false)) this.write(oldest);
    else if (attempt !== undefined && !attempt.hasLeft) attempt.gone += 1;
    if (attempt?.hasLeft && attempt.last === oldest.position) this.attempts.delete(oldest.attempt);
    this.comments.delete(oldest.position);
    this.hold.shift();
  }

  private write(packet: HeldPacket): void {
    const comments = [...(this.comments.get(packet.position) ?? []), ...this.late];
    if (this.late.length > 0) this.late = [];
    this.writer.packet(packet.interfaceNumber, packet, packet.bytes, packet.at, packet.captured, comments);
    if (this.writer.waiting >= GATHERED) this.flush();
  }

  private flush(): void {
    this.files.write(this.writer.take());
  }

  private countBetween(
    known: KnownInterface,
    fromSeconds: number,
    toSeconds: number,
    statistics: WrittenStatistics,
  ): void {
    const [from, to] = [Math.floor(fromSeconds), Math.floor(toSeconds)];
    this.count(known, from, Math.round((fromSeconds - from) * 1e9), to, Math.round((toSeconds - to) * 1e9), statistics);
  }

  private count(
    known: KnownInterface,
    fromSeconds: number,
    fromNanos: number,
    toSeconds: number,
    toNanos: number,
    statistics: WrittenStatistics,
  ): void {
    const before = known.statistics;
    known.statistics = statistics;
    if (lossesOf(statistics) <= lossesOf(before)) return;
    const nothing = { received: null, droppedByKernel: 0, droppedByInterface: 0 };
    const none = before.droppedByKernel === null && before.droppedByInterface === null ? nothing : before;
    this.writer.statistics(known.number, fromSeconds, fromNanos, none);
    this.writer.statistics(known.number, toSeconds, toNanos, statistics);
  }

  private interfaceOf(source: ByteSource, reader: CaptureReader, index: number): KnownInterface {
    const described = reader.interfaces[index];
    const key = `${keyOf(source.name)}${index} ${described?.linkType} ${described?.digits} ${described?.name}`;
    const known = this.interfaces.get(key);
    if (known !== undefined) return known;
    const number = this.writer.addInterface({
      linkType: described?.linkType ?? 0,
      snapLength: described?.snapLength ?? 0,
      digits: described?.digits ?? 6,
      name: described?.name ?? (isLive(source) ? source.name : null),
    });
    const added = { number, statistics: { received: null, droppedByKernel: null, droppedByInterface: null } };
    this.interfaces.set(key, added);
    const early = this.early.get(source.name);
    this.sayHeld(added, this.files.isFirst ? this.heldFrom : this.heldUntil, []);
    if (early !== undefined) this.countBetween(added, early.fromSeconds, early.toSeconds, early.statistics);
    return added;
  }

  /** What the interface has received and lost so far, and the moment up to which every packet was taken: a reader may count the time until then (capture/reader.ts). */
  private sayHeld(known: KnownInterface, moment: Moment | null, comments: readonly string[]): void {
    const { number, statistics } = known;
    const { seconds, nanos } = moment ?? { seconds: 0, nanos: 0 };
    this.writer.statistics(number, seconds, nanos, statistics, comments);
  }

  private sectionBegin(): Uint8Array {
    this.writer.beginSection();
    for (const known of this.interfaces.values()) this.sayHeld(known, this.heldUntil, []);
    return this.writer.take();
  }

  private sectionEnd(): Uint8Array {
    for (const known of this.interfaces.values()) {
      this.sayHeld(known, this.heldUntil, this.late);
      this.late = [];
    }
    return this.writer.take();
  }
}

/** How the keys of all interfaces of a source begin. */
function keyOf(sourceName: string): string {
  return `${sourceName}\n`;
}

function lossesOf({ droppedByKernel, droppedByInterface }: WrittenStatistics): number {
  return (droppedByKernel ?? 0) + (droppedByInterface ?? 0);
}

function isLive(source: ByteSource): boolean {
  return 'isLive' in source;
}
