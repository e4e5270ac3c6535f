/**
 * What the thread does for threaded-stream.ts: it reads a file of any kind, compressed or not, as the main thread would (source/capture-stream.ts), and writes what comes of it into the ring. The bytes are copied into a slot
 * first, and read there, so that packets need no copy of their own but for the few that straddle two pieces.
 */
import { type MessagePort, workerData } from 'node:worker_threads';
import type { Frame } from '../capture/frame.ts';
import { CaptureFormatError, MAXIMUM_SNAPLEN } from '../capture/reader.ts';
import { type ByteSource, fileSource } from '../source/byte-source.ts';
import { CaptureStream } from '../source/capture-stream.ts';
import type { ContainerFacts } from '../source/packet-stream.ts';
import { ENDING, type RingMemory, SLOTS, type Slot, slotsOf } from './ring.ts';

export interface StreamTask {
  readonly memory: RingMemory;
  readonly path: string;
  readonly port: MessagePort;
}

/** What has changed with a chunk. */
export interface StreamNews {
  readonly chunk: number;
  readonly source: Pick<ByteSource, 'compression' | 'truncated' | 'warnings'>;
  readonly container: Omit<ContainerFacts, 'losses'> | null;
  readonly failure: FailureNews | null;
}

/** An error, as it can be sent. */
export type FailureNews =
  | { readonly kind: 'user'; readonly message: string }
  | { readonly kind: 'format'; readonly fields: ConstructorParameters<typeof CaptureFormatError> };

/** Octets with which CaptureOpener (capture/detect.ts) decides: it takes shorter beginnings into memory of its own. */
const FIRST_PIECE = 64;

/** The chunk that is written. */
class ChunkWriter {
  private readonly slots: readonly Slot[];
  private readonly chunkLength: number;
  private slot: Slot;
  chunk = 0;
  /** Octets of the slot that hold bytes of the stream; and where the copies of straddling packets go. */
  private used = 0;
  private copies: number;
  /** Of the last packet that was written. */
  private number = 0;

  constructor(memory: RingMemory) {
    this.slots = slotsOf(memory);
    this.chunkLength = memory.chunkLength;
    this.slot = this.slots[0] as Slot;
    this.copies = this.chunkLength;
    this.slot.count = 0;
  }

  /** Octets that a piece may have. 0: the chunk is full. */
  get room(): number {
    // One packet of each piece may straddle.
    return this.copies + MAXIMUM_SNAPLEN > this.slot.bytes.length ? 0 : this.chunkLength - this.used;
  }

  /** A copy of the piece, in the slot. */
  place(piece: Uint8Array): Uint8Array {
    const at = this.used;
    this.slot.bytes.set(piece, at);
    this.used += piece.length;
    return this.slot.bytes.subarray(at, this.used);
  }

  write(frame: Frame): void {
    const { slot } = this;
    const isThere = frame.bytes.buffer === slot.bytes.buffer;
    // No header lies beyond the longest packet that a pcap has, and no IP packet is as long.
    const captured = Math.min(frame.capturedLength, MAXIMUM_SNAPLEN);
    const at = isThere ? frame.bytes.byteOffset + frame.at : this.copies;
    if (!isThere) {
      slot.bytes.set(frame.bytes.subarray(frame.at, frame.at + captured), at);
      this.copies += captured;
    }
    slot.rows.write(slot.count, frame, slot.view, at, captured, frame.number - this.number - 1);
    slot.count += 1;
    this.number = frame.number;
  }

  writeLoss(loss: ContainerFacts['losses'][number]): void {
    this.slot.rows.writeLoss(this.slot.count, loss);
    this.slot.count += 1;
  }

  publish(ending: number, reach: number, position: number): void {
    this.slot.ending = ending;
    this.slot.reach = reach;
    this.slot.position = position;
    this.slot.publish(this.chunk);
  }

  begin(): void {
    this.chunk += 1;
    this.slot = this.slots[this.chunk % SLOTS] as Slot;
    this.slot.awaitTurn(this.chunk);
    this.slot.count = 0;
    this.used = 0;
    this.copies = this.chunkLength;
  }
}

class StreamReader {
  private readonly source: ByteSource;
  private readonly port: MessagePort;
  private readonly writer: ChunkWriter;
  private readonly stream: CaptureStream;
  private losses = 0;
  private received = 0;
  private told = '';

  constructor(source: ByteSource, { memory, port }: StreamTask) {
    this.source = source;
    this.port = port;
    this.writer = new ChunkWriter(memory);
    // What CaptureStream sees of the source: its bytes, in the slots.
    this.stream = new CaptureStream({ ...namesOf(source), chunks: () => this.placed() });
  }

  async readAll(): Promise<void> {
    const { stream, writer } = this;
    while (await stream.fill()) {
      while (stream.next()) {
        this.writeLosses();
        writer.write(stream.frame);
      }
      this.writeLosses();
    }
    this.tell(stream.failure);
    writer.publish(ENDING.END, this.received, this.source.positionBytes);
  }

  private async *placed(): AsyncGenerator<Uint8Array, void, void> {
    const { writer } = this;
    for await (const chunk of atLeast(FIRST_PIECE, this.source.chunks())) {
      this.received += chunk.length;
      for (let at = 0; at < chunk.length; ) {
        if (writer.room === 0) this.turnOver();
        const piece = chunk.subarray(at, at + writer.room);
        at += piece.length;
        yield writer.place(piece);
      }
    }
  }

  private turnOver(): void {
    this.tell(null);
    this.writer.publish(ENDING.GOES_ON, this.received, this.source.positionBytes);
    this.writer.begin();
  }

  private writeLosses(): void {
    const losses = this.stream.reader?.losses ?? [];
    for (; this.losses < losses.length; this.losses++) {
      this.writer.writeLoss(losses[this.losses] as ContainerFacts['losses'][number]);
    }
  }

  /** Sends what is new of the source and the container. */
  private tell(failure: Error | null): void {
    const { reader } = this.stream;
    const { compression, truncated, warnings } = this.source;
    const container =
      reader === null
        ? null
        : {
            format: reader.format,
            interfaces: reader.interfaces.map((each) => ({ ...each })),
            truncated: reader.truncated,
            warnings: [...reader.warnings],
            heldFrom: reader.heldFrom,
            heldUntil: reader.heldUntil,
          };
    const news: StreamNews = {
      chunk: this.writer.chunk,
      source: { compression, truncated, warnings: [...warnings] },
      container,
      failure: failure === null ? null : failureNews(failure),
    };
    const text = JSON.stringify({ ...news, chunk: 0 });
    if (text === this.told) return;
    this.told = text;
    this.port.postMessage(news);
  }
}

function namesOf({ name, sizeBytes, isRereadable }: ByteSource): Omit<ByteSource, 'chunks'> {
  return { name, sizeBytes, isRereadable, compression: 'none', positionBytes: 0, truncated: false, warnings: [] };
}

/** The same bytes, the first chunk of at least `length` octets unless there are no more. BORROWED as the chunks are. */
async function* atLeast(length: number, chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  let first: Uint8Array | null = new Uint8Array(0);
  for await (const chunk of chunks) {
    if (first === null) {
      yield chunk;
      continue;
    }
    const joined: Uint8Array = new Uint8Array(first.length + chunk.length);
    joined.set(first);
    joined.set(chunk, first.length);
    first = joined;
    if (first.length < length) continue;
    yield first;
    first = null;
  }
  if (first !== null && first.length > 0) yield first;
}

function failureNews(failure: Error): FailureNews {
  if (!(failure instanceof CaptureFormatError)) return { kind: 'user', message: failure.message };
  return { kind: 'format', fields: failure.fields };
}

const task = workerData as StreamTask;
await new StreamReader(await fileSource(task.path), task).readAll();
task.port.close();
