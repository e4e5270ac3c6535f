/** A large pcap file as nearly all programs write it (usual-pcap.ts): threads take its chunks by turns. */
import { closeSync, openSync } from 'node:fs';
import { Frame, STATUS } from '../capture/frame.ts';
import { PcapReader, tooLong } from '../capture/pcap.ts';
import type { ByteSource } from '../source/byte-source.ts';
import type { ContainerFacts } from '../source/packet-stream.ts';
import { asUserError } from '../source/system-error.ts';
import { UserError } from '../source/user-error.ts';
import type { FileTask } from './file-worker.ts';
import type { Jobs } from './jobs.ts';
import { CAPTURED_LENGTH, FILE_HEADER, readChunkFrom, type UsualPcap } from './records.ts';
import { ENDING, makeRing, RECORD_HEADER, type RingMemory, type Slot } from './ring.ts';
import { type MutableFacts, RowStream } from './row-stream.ts';

/** Octets that source/file.ts reads at a time: `bytes` of a damaged file says how far it was read. */
const READ_LENGTH = 1024 * 1024;

const NO_FILE = -1;

export class ThreadedFile extends RowStream {
  readonly reader: ContainerFacts;
  private readonly facts: MutableFacts;
  private readonly path: string;
  private readonly pcap: UsualPcap;
  /** That decode. */
  private readonly threads: number;
  private readonly chunkLength: number;
  private file = NO_FILE;
  /** Where the next record begins. */
  private expected = FILE_HEADER;

  /** @param header the file header. @param jobs the chunk length at least 16. @param seed of the flows' hashes */
  constructor(source: ByteSource, path: string, header: Uint8Array, pcap: UsualPcap, jobs: Jobs, seed: number) {
    super(source, seed);
    this.path = path;
    this.pcap = pcap;
    this.threads = jobs.threads - 1;
    this.chunkLength = jobs.chunkLength;
    this.facts = { ...factsOf(header), losses: this.losses };
    this.reader = this.facts;
  }

  override async close(): Promise<void> {
    await super.close();
    if (this.file !== NO_FILE) closeSync(this.file);
    this.file = NO_FILE;
  }

  protected override start(): RingMemory {
    const memory = makeRing(this.chunkLength, this.pcap.longestPacket + RECORD_HEADER, this.seed);
    try {
      this.file = openSync(this.path, 'r');
    } catch {
      // Without workers the first chunk is read here, and its failure says why.
      return memory;
    }
    const { file, pcap, threads } = this;
    for (let first = 0; first < threads; first++) {
      const task: FileTask = { memory, file, pcap, first, step: threads };
      this.startWorker(new URL('./file-worker.js', import.meta.url), task);
    }
    return memory;
  }

  /** A chunk that was begun at the wrong place, that could not be read, or whose thread is gone is read again here. */
  protected override take(slot: Slot, isThere: boolean): boolean {
    if (isThere && slot.ending !== ENDING.UNREAD && slot.start === this.expected) return true;
    try {
      if (this.file === NO_FILE) this.file = openSync(this.path, 'r');
      readChunkFrom(this.file, slot, this.chunk, this.chunkLength, this.expected, this.pcap);
      return true;
    } catch (error) {
      const cause = asUserError(error, this.source.name);
      if (!(cause instanceof UserError)) throw error;
      this.failure = cause;
      return false;
    }
  }

  protected override used(slot: Slot): boolean {
    this.expected = slot.end;
    if (slot.ending === ENDING.GOES_ON) return true;
    if (slot.ending === ENDING.CUT) this.facts.truncated = true;
    if (slot.ending === ENDING.DAMAGED) this.fail(slot);
    return false;
  }

  private fail(slot: Slot): void {
    const captured = slot.view.getUint32(slot.end - this.chunk * this.chunkLength + CAPTURED_LENGTH, true);
    this.failure = tooLong(slot.end, this.frame.number + 1, this.pcap.longestPacket, captured);
    const read = Math.ceil((slot.end + RECORD_HEADER) / READ_LENGTH) * READ_LENGTH;
    this.bytes = Math.min(read, this.source.sizeBytes as number);
  }
}

/** What a file header says. */
function factsOf(header: Uint8Array): Omit<ContainerFacts, 'losses'> {
  const reader = new PcapReader();
  reader.append(header);
  if (reader.next(new Frame()) !== STATUS.NEED_MORE) throw new Error('a file header is no packet');
  const { format, interfaces, truncated, warnings, heldFrom, heldUntil } = reader;
  return { format, interfaces, truncated, warnings, heldFrom, heldUntil };
}
