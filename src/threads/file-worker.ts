/** What a thread does for threaded-file.ts: every so many chunks one is its own, and goes into its slot when that is free. It ends with the file, or when it is terminated. */
import { workerData } from 'node:worker_threads';
import { readChunk, type UsualPcap } from './records.ts';
import { type RingMemory, SLOTS, type Slot, slotsOf } from './ring.ts';

export interface FileTask {
  readonly memory: RingMemory;
  /** Descriptor: they are the process's. */
  readonly file: number;
  readonly pcap: UsualPcap;
  /** The first chunk of this thread, and from one to its next. */
  readonly first: number;
  readonly step: number;
}

decodeAll(workerData as FileTask);

function decodeAll({ memory, file, pcap, first, step }: FileTask): void {
  const slots = slotsOf(memory);
  for (let chunk = first; ; chunk += step) {
    const slot = slots[chunk % SLOTS] as Slot;
    slot.awaitTurn(chunk);
    const goesOn = readChunk(file, slot, chunk, memory.chunkLength, pcap);
    slot.publish(chunk);
    if (!goesOn) return;
  }
}
