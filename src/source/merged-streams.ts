/**
 * Several captures as one, in the order of time. A source is opened when the time of its first packet comes, and closed at its end: a rotated set of a thousand
 * files has one of them open, two at a seam. Where ten thousand overlap, the next packet is found by a heap.
 */
import type { PacketStream } from './packet-stream.ts';
import { type FirstTime, firstTime } from './peek.ts';

/** @param isAlone the packets at hand that follow in this stream are the next ones of all: they may be taken out of it in one go. */
export type FrameUser<S extends PacketStream> = (stream: S, file: number, isAlone: boolean) => void;

/** Octets. One file is read in large pieces; the more of them overlap, the smaller are those of the next one, so that their sum grows slowly. */
const MOST_CHUNK = 1024 * 1024;
const LEAST_CHUNK = 16 * 1024;
const READ_AHEAD = 8 * 1024 * 1024;

interface Part<S extends PacketStream> {
  readonly stream: S;
  /** Index of the source, as it was given. */
  readonly file: number;
  /** null: unknown, so it is opened at once. */
  readonly first: FirstTime | null;
  /** Place in the order of opening: of packets of one time the first opened comes first. */
  order: number;
}

export class MergedStreams<S extends PacketStream> {
  private readonly streams: readonly S[];
  /** Not opened yet, the latest first. */
  private waiting: Part<S>[] | null = null;
  /** Open, with a packet at hand in `stream.frame`. */
  private readonly ready = new EarliestFirst<S>();
  /** Open, and out of bytes. */
  private readonly hungry: Part<S>[] = [];
  private opened = 0;

  /** @param streams their order is that of the files' numbers. */
  constructor(streams: readonly S[]) {
    this.streams = streams;
  }

  /** Sees to it that every open stream has a packet at hand; false when all are at their end. */
  async fill(): Promise<boolean> {
    this.waiting ??= (await inOrder(this.streams)).reverse();
    for (;;) {
      this.activate(this.waiting);
      const part = this.hungry[0];
      if (part === undefined) return this.ready.earliest !== null;
      const hasFrame = part.stream.next();
      if (!hasFrame && (await part.stream.fill())) continue;
      this.hungry.shift();
      if (hasFrame) this.ready.add(part);
      else await part.stream.close();
    }
  }

  /** Hands out packets, the earliest first, until some stream needs more bytes. */
  drainChunk(use: FrameUser<S>): void {
    while (this.hungry.length === 0 && !this.isDue()) {
      const part = this.ready.take();
      if (part === null) return;
      const horizon = this.horizonOf(part);
      let hasFrame = true;
      do {
        use(part.stream, part.file, horizon === null);
        hasFrame = part.stream.next();
      } while (hasFrame && (horizon === null || isWithin(part.stream.frame, horizon)));
      if (hasFrame) this.ready.add(part);
      else this.hungry.push(part);
    }
  }

  async close(): Promise<void> {
    for (const { stream } of [...this.ready.all, ...this.hungry]) await stream.close();
  }

  /** Opens the next source when nothing is open, or when the open ones have come to its time. */
  private activate(waiting: Part<S>[]): void {
    for (;;) {
      const next = waiting.at(-1);
      if (next === undefined || (this.open > 0 && next.first !== null && !this.isDue())) return;
      waiting.pop();
      next.order = this.opened++;
      this.hungry.push(next);
      next.stream.chunkSize = Math.max(LEAST_CHUNK, Math.min(MOST_CHUNK, Math.floor(READ_AHEAD / this.open)));
    }
  }

  private get open(): number {
    return this.ready.all.length + this.hungry.length;
  }

  /** The earliest packet at hand is no earlier than the first of a source that is not open yet. */
  private isDue(): boolean {
    const next = this.waiting?.at(-1)?.first ?? null;
    const earliest = this.ready.earliest;
    return next !== null && earliest !== null && compare(earliest.stream.frame, next) >= 0;
  }

  /** Up to this time the packets of the part just taken are the earliest; null when there is nobody else. Of packets of one time those of the part that was opened first come first. */
  private horizonOf(part: Part<S>): Horizon | null {
    const next = this.waiting?.at(-1)?.first ?? null;
    const other = this.ready.earliest;
    if (other === null || (next !== null && compare(next, other.stream.frame) < 0)) {
      return next === null ? null : { ...next, isWithin: true };
    }
    const { seconds, nanos } = other.stream.frame;
    return { seconds, nanos, isWithin: part.order < other.order };
  }
}

interface Horizon extends FirstTime {
  /** Whether packets of this very time come before it. */
  readonly isWithin: boolean;
}

function isWithin(frame: FirstTime, horizon: Horizon): boolean {
  const order = compare(frame, horizon);
  return order < 0 || (order === 0 && horizon.isWithin);
}

/** A binary heap of parts, by the time of the packet at hand. */
class EarliestFirst<S extends PacketStream> {
  readonly all: Part<S>[] = [];

  get earliest(): Part<S> | null {
    return this.all[0] ?? null;
  }

  add(part: Part<S>): void {
    const { all } = this;
    let at = all.length;
    all.push(part);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(part, all[parent] as Part<S>)) break;
      all[at] = all[parent] as Part<S>;
      at = parent;
    }
    all[at] = part;
  }

  take(): Part<S> | null {
    const { all } = this;
    const first = all[0];
    const last = all.pop();
    if (first === undefined || last === undefined) return null;
    if (first === last) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= all.length) break;
      if (child + 1 < all.length && isBefore(all[child + 1] as Part<S>, all[child] as Part<S>)) child += 1;
      if (!isBefore(all[child] as Part<S>, last)) break;
      all[at] = all[child] as Part<S>;
      at = child;
    }
    all[at] = last;
    return first;
  }
}

function isBefore(a: Part<PacketStream>, b: Part<PacketStream>): boolean {
  const difference = compare(a.stream.frame, b.stream.frame);
  return difference < 0 || (difference === 0 && a.order < b.order);
}

async function inOrder<S extends PacketStream>(streams: readonly S[]): Promise<Part<S>[]> {
  const parts: Part<S>[] = [];
  for (const [file, stream] of streams.entries()) {
    const first = streams.length > 1 ? await firstTime(stream.source) : null;
    parts.push({ stream, file, first, order: 0 });
  }
  return parts.sort((a, b) =>
    a.first === null || b.first === null
      ? Number(b.first === null) - Number(a.first === null)
      : compare(a.first, b.first),
  );
}

function compare(a: FirstTime, b: FirstTime): number {
  return a.seconds - b.seconds || a.nanos - b.nanos;
}
