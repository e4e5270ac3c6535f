/** A large capture of any kind, compressed or not: one thread unpacks, reads and decodes it, while this one uses its packets. */
import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { CaptureFormatError, MAXIMUM_SNAPLEN } from '../capture/reader.ts';
import type { ByteSource } from '../source/byte-source.ts';
import type { ContainerFacts } from '../source/packet-stream.ts';
import { UserError } from '../source/user-error.ts';
import { ENDING, makeRing, type RingMemory, type Slot } from './ring.ts';
import { RowStream } from './row-stream.ts';
import type { FailureNews, StreamNews, StreamTask } from './stream-worker.ts';

/** Copies of straddling packets that a chunk has room for, each of the greatest length. */
const COPIES = 2;

export class ThreadedStream extends RowStream {
  reader: ContainerFacts | null = null;
  private readonly path: string;
  private readonly chunkLength: number;
  private port: MessagePort | null = null;
  /** Read, and of a later chunk. */
  private waiting: StreamNews | null = null;
  private lastFailure: FailureNews | null = null;

  /** @param chunkLength octets: at least 64. @param seed of the flows' hashes */
  constructor(source: ByteSource, path: string, chunkLength: number, seed: number) {
    super(source, seed);
    this.path = path;
    this.chunkLength = chunkLength;
  }

  override async close(): Promise<void> {
    await super.close();
    this.port?.close();
  }

  protected override start(): RingMemory {
    const memory = makeRing(this.chunkLength, COPIES * MAXIMUM_SNAPLEN, this.seed);
    const { port1, port2 } = new MessageChannel();
    this.port = port1;
    const task: StreamTask = { memory, path: this.path, port: port2 };
    this.startWorker(new URL('./stream-worker.js', import.meta.url), task, [port2]);
    return memory;
  }

  protected override take(_slot: Slot, isThere: boolean): boolean {
    if (!isThere) throw new Error('the thread that reads the capture has ended too early');
    for (let news = this.nextNews(); news !== null; news = this.nextNews()) this.note(news);
    return true;
  }

  protected override used(slot: Slot): boolean {
    if (slot.ending === ENDING.GOES_ON) return true;
    if (this.lastFailure !== null) this.failure = errorOf(this.lastFailure);
    return false;
  }

  /** The next news up to the chunk at hand. */
  private nextNews(): StreamNews | null {
    this.waiting ??= (receiveMessageOnPort(this.port as MessagePort)?.message as StreamNews | undefined) ?? null;
    const news = this.waiting;
    if (news === null || news.chunk > this.chunk) return null;
    this.waiting = null;
    return news;
  }

  private note({ source, container, failure }: StreamNews): void {
    this.source.compression = source.compression;
    this.source.truncated = source.truncated;
    this.source.warnings = source.warnings;
    this.lastFailure = failure;
    if (container !== null) this.reader = { ...container, losses: this.losses };
  }
}

function errorOf(news: FailureNews): Error {
  return news.kind === 'user' ? new UserError(news.message) : new CaptureFormatError(...news.fields);
}
