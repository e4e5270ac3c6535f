/**
 * Packets that other threads have decoded, in the order of the capture: this side of the ring (ring.ts). It is a stream of packets like any other (source/packet-stream.ts), but that
 * plain packets come as rows.
 */
import { type MessagePort, Worker } from 'node:worker_threads';
import { Frame } from '../capture/frame.ts';
import type { LossInterval } from '../capture/reader.ts';
import type { ByteSource } from '../source/byte-source.ts';
import type { Compression } from '../source/decompression.ts';
import type { ContainerFacts, PacketStream } from '../source/packet-stream.ts';
import { ROW_WORDS } from '../wire/plain-row.ts';
import { type RingMemory, SLOTS, type Slot, slotsOf } from './ring.ts';
import { ROW_KIND } from './rows.ts';

/** Milliseconds that this thread waits for a chunk before it looks after signals and timers. */
const WAIT_MILLIS = 20;
/** Chunks after which it does so anyway. */
const CHUNKS_AT_A_TIME = 8;

/** MiB: a worker allocates little but buffers that are used at once, and would let them lie about (measured 2026-11: 8 MB less on a gzip of 200 MB). */
const WORKER_LIMITS = { maxYoungGenerationSizeMb: 2 };

/** What is known of a source that another thread reads. */
export class RemoteSource implements ByteSource {
  readonly name: string;
  readonly sizeBytes: number | null;
  readonly isRereadable = true;
  compression: Compression = 'none';
  positionBytes = 0;
  truncated = false;
  warnings: readonly string[] = [];
  private readonly source: ByteSource;

  constructor(source: ByteSource) {
    this.name = source.name;
    this.sizeBytes = source.sizeBytes;
    this.source = source;
  }

  /** In this thread: for a look at the beginning. */
  chunks(options?: Parameters<ByteSource['chunks']>[0]): AsyncIterable<Uint8Array> {
    return this.source.chunks(options);
  }
}

export type MutableFacts = { -readonly [K in keyof ContainerFacts]: ContainerFacts[K] };

export abstract class RowStream implements PacketStream {
  readonly source: RemoteSource;
  readonly frame = new Frame();
  /** Of the packet at hand `frame` has number and time alone: the rest is in its row (`takeRun`). */
  isPlain = false;
  bytes = 0;
  failure: Error | null = null;
  /** Stretches in which the capture lost packets. */
  protected readonly losses: LossInterval[] = [];
  /** Number of the chunk that is read. */
  protected chunk = 0;
  private slots: readonly Slot[] = [];
  /** Chunk n is the work of worker n modulo their number; null: that one has ended. */
  private readonly workers: (Worker | null)[] = [];
  private bug: Error | null = null;
  /** null: none is at hand. */
  private slot: Slot | null = null;
  private row = 0;
  private isStarted = false;
  private isOver = false;
  /** Of the flows' hashes. */
  protected readonly seed: number;

  constructor(source: ByteSource, seed: number) {
    this.source = new RemoteSource(source);
    this.seed = seed;
  }

  abstract readonly reader: ContainerFacts | null;

  next(): boolean {
    const { slot } = this;
    if (slot === null) return false;
    while (this.row < slot.count) {
      const kind = slot.rows.read(this.row, this.frame);
      this.row += 1;
      if (kind === ROW_KIND.LOSS) {
        this.losses.push(slot.rows.readLoss(this.row - 1));
        continue;
      }
      this.isPlain = kind === ROW_KIND.PLAIN;
      this.frame.number += 1;
      return true;
    }
    return false;
  }

  /**
   * Hands out the packet at hand, which `isPlain`, and those behind it that are plain too, `most` in all, in one go. The last of them is at hand then. Answers how many.
   * @param most at least 1
   * @param use takes rows (wire/plain-row.ts), the word at which the first of them begins, and how many they are. BORROWED until it returns.
   */
  takeRun(most: number, use: (rows: Int32Array, at: number, count: number, view: DataView) => void): number {
    const { rows, view, count } = this.slot as Slot;
    const first = this.row - 1;
    const run = rows.plainFrom(first, Math.min(most, count - first));
    use(rows.words, first * ROW_WORDS, run, view);
    if (run === 1) return run;
    this.row = first + run;
    rows.read(this.row - 1, this.frame);
    this.frame.number += run - 1;
    return run;
  }

  async fill(): Promise<boolean> {
    if (this.isOver) return false;
    if (!this.isStarted) {
      this.isStarted = true;
      this.slots = slotsOf(this.start());
    }
    if (this.slot !== null) this.leave(this.slot);
    if (this.isOver) return false;
    const slot = this.slots[this.chunk % SLOTS] as Slot;
    if (this.chunk % CHUNKS_AT_A_TIME === 0) await breathe();
    while (this.workerOfChunk() !== null && !slot.awaitChunk(this.chunk, WAIT_MILLIS)) await breathe();
    if (this.bug !== null) {
      // The other threads would wait for ever, and the process with them.
      await this.close();
      throw this.bug;
    }
    if (!this.take(slot, slot.awaitChunk(this.chunk, 0))) {
      this.isOver = true;
      return false;
    }
    this.slot = slot;
    this.row = 0;
    this.frame.bytes = slot.bytes;
    this.frame.view = slot.view;
    this.bytes = slot.reach;
    this.source.positionBytes = slot.position;
    return true;
  }

  async close(): Promise<void> {
    this.isOver = true;
    this.slot = null;
    this.slots = [];
    await Promise.all(this.workers.map((worker) => worker?.terminate()));
  }

  /** Starts the workers. */
  protected abstract start(): RingMemory;

  /** Makes ready the chunk that was waited for; false when there is none any more. @param isThere false: its worker has ended without it. */
  protected abstract take(slot: Slot, isThere: boolean): boolean;

  /** All packets of the chunk were taken out; answers whether another one follows. */
  protected abstract used(slot: Slot): boolean;

  protected startWorker(script: URL, task: object, transferList: MessagePort[] = []): void {
    const index = this.workers.length;
    const worker = new Worker(script, { workerData: task, transferList, resourceLimits: WORKER_LIMITS });
    worker.once('error', (error) => {
      this.bug = error;
    });
    worker.once('exit', () => {
      this.workers[index] = null;
    });
    this.workers.push(worker);
  }

  private leave(slot: Slot): void {
    this.isOver = !this.used(slot);
    slot.release(this.chunk);
    this.slot = null;
    this.chunk += 1;
  }

  private workerOfChunk(): Worker | null {
    return this.workers[this.chunk % this.workers.length] ?? null;
  }
}

/** Signals, timers and messages have their turn. */
function breathe(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
