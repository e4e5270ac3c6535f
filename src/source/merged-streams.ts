/**
 * Several captures as one, in the order of time. A source is opened when the time of its first packet comes, and closed at its end: a rotated set of a thousand
 * files has one of them open, two at a seam.
 */
import type { PacketStream } from './packet-stream.ts';
import { type FirstTime, firstTime } from './peek.ts';

export type FrameUser<S extends PacketStream> = (stream: S, file: number) => void;

interface Part<S extends PacketStream> {
  readonly stream: S;
  /** Index of the source, as it was given. */
  readonly file: number;
  /** null: unknown, so it is opened at once. */
  readonly first: FirstTime | null;
  /** `stream.frame` holds a packet that was not handed out yet. */
  hasFrame: boolean;
}

export class MergedStreams<S extends PacketStream> {
  private readonly streams: readonly S[];
  private waiting: Part<S>[] | null = null;
  private readonly open: Part<S>[] = [];

  /** @param streams their order is that of the files' numbers. */
  constructor(streams: readonly S[]) {
    this.streams = streams;
  }

  /** Sees to it that every open stream has a packet at hand; false when all are at their end. */
  async fill(): Promise<boolean> {
    this.waiting ??= await inOrder(this.streams);
    for (;;) {
      this.activate(this.waiting);
      const part = this.open.find(({ hasFrame }) => !hasFrame);
      if (part === undefined) return this.open.length > 0;
      part.hasFrame = part.stream.next();
      if (part.hasFrame) continue;
      if (await part.stream.fill()) continue;
      await part.stream.close();
      this.open.splice(this.open.indexOf(part), 1);
    }
  }

  /** Hands out packets, the earliest first, until some stream needs more bytes. */
  drainChunk(use: FrameUser<S>): void {
    for (;;) {
      const part = this.earliest();
      if (part === null) return;
      const limit = this.horizonOf(part);
      do {
        use(part.stream, part.file);
        part.hasFrame = part.stream.next();
      } while (part.hasFrame && (limit === null || isWithin(part.stream.frame, limit)));
      if (!part.hasFrame || this.isDue(part)) return;
    }
  }

  async close(): Promise<void> {
    for (const { stream } of this.open) await stream.close();
  }

  /** Opens the next source when nothing is open, or when an open one has come to its time. */
  private activate(waiting: Part<S>[]): void {
    while (waiting.length > 0) {
      const next = waiting[0] as Part<S>;
      const isTime = this.open.length === 0 || next.first === null || this.open.some((part) => reaches(part, next));
      if (!isTime) return;
      this.open.push(next);
      waiting.shift();
    }
  }

  private isDue(part: Part<S>): boolean {
    const next = this.waiting?.[0];
    return next !== undefined && reaches(part, next);
  }

  private earliest(): Part<S> | null {
    let best: Part<S> | null = null;
    for (const part of this.open) {
      if (!part.hasFrame) return null;
      if (best === null || compare(part.stream.frame, best.stream.frame) < 0) best = part;
    }
    return best;
  }

  /** Up to this time the part's packets are the earliest; null when there is nobody else. Of packets of one time those of the part that was opened first come first. */
  private horizonOf(part: Part<S>): Horizon | null {
    const next = this.waiting?.[0]?.first ?? null;
    let horizon: Horizon | null = next === null ? null : { ...next, isWithin: true };
    let isLater = false;
    for (const other of this.open) {
      if (other === part) {
        isLater = true;
        continue;
      }
      const { seconds, nanos } = other.stream.frame;
      const order = horizon === null ? -1 : compare({ seconds, nanos }, horizon);
      if (order < 0) horizon = { seconds, nanos, isWithin: isLater };
      else if (order === 0 && horizon !== null && !isLater) horizon = { ...horizon, isWithin: false };
    }
    return horizon;
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

async function inOrder<S extends PacketStream>(streams: readonly S[]): Promise<Part<S>[]> {
  const parts: Part<S>[] = [];
  for (const [file, stream] of streams.entries()) {
    const first = streams.length > 1 ? await firstTime(stream.source) : null;
    parts.push({ stream, file, first, hasFrame: false });
  }
  return parts.sort((a, b) =>
    a.first === null || b.first === null
      ? Number(b.first === null) - Number(a.first === null)
      : compare(a.first, b.first),
  );
}

function reaches(part: Part<PacketStream>, next: Part<PacketStream>): boolean {
  return part.hasFrame && next.first !== null && compare(part.stream.frame, next.first) >= 0;
}

function compare(a: FirstTime, b: FirstTime): number {
  return a.seconds - b.seconds || a.nanos - b.nanos;
}
