/**
 * The memory that threads share: a ring of slots, each with a chunk of a capture and what was decoded of it. Slot i takes the chunks i, i + SLOTS, i + 2 SLOTS, …
 *
 *     slot   octets of the chunk | rows (rows.ts), one a packet
 *     turn   2 n: chunk n may be written by the thread whose chunk it is; 2 n + 1: it is there, and may be read until the turn goes on to 2 (n + SLOTS)
 */
import { ROW_WORDS } from '../wire/plain-row.ts';
import { Rows } from './rows.ts';

/** Chunks under way at a time: enough that neither side waits for the other's hiccups. */
export const SLOTS = 6;

/** Octets of a record header of a pcap; the blocks of a pcapng with a packet are no shorter. */
export const RECORD_HEADER = 16;

/** How a chunk ends. */
export const ENDING = {
  /** The next chunk follows. */
  GOES_ON: 0,
  /** The file ends here, between two records; or inside of one. */
  END: 1,
  CUT: 2,
  /** The record at `end` can't be one. */
  DAMAGED: 3,
  /** The file could not be read: whoever reads it again is told why. */
  UNREAD: 4,
} as const;

/** What can be handed to another thread. */
export interface RingMemory {
  readonly control: SharedArrayBuffer;
  readonly slots: readonly SharedArrayBuffer[];
  readonly chunkLength: number;
  readonly spareLength: number;
  /** Of the flows' hashes. */
  readonly seed: number;
}

/** 32-bit words of a slot's part of the control block: the turn, rows, ENDING; then doubles. */
const TURN = 0;
const ROWS = 1;
const ENDS = 2;
const CONTROL_WORDS = 16;
const START_DOUBLE = 2;
const END_DOUBLE = 3;
const REACH_DOUBLE = 4;
const POSITION_DOUBLE = 5;

/** @param chunkLength octets; records that begin in them belong to the chunk. @param spareLength octets behind them. @param seed of the flows' hashes */
export function makeRing(chunkLength: number, spareLength: number, seed: number): RingMemory {
  const octets = bytesOf(chunkLength, spareLength);
  const slotOctets = octets + rowsOf(octets) * ROW_WORDS * 4;
  const control = new SharedArrayBuffer(SLOTS * CONTROL_WORDS * 4);
  const words = new Int32Array(control);
  for (let index = 0; index < SLOTS; index++) words[index * CONTROL_WORDS + TURN] = 2 * index;
  return {
    control,
    slots: Array.from({ length: SLOTS }, () => new SharedArrayBuffer(slotOctets)),
    chunkLength,
    spareLength,
    seed,
  };
}

/** One slot, as a thread sees it. */
export class Slot {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly rows: Rows;
  private readonly words: Int32Array;
  private readonly doubles: Float64Array;

  constructor(memory: RingMemory, index: number) {
    const buffer = memory.slots[index] as SharedArrayBuffer;
    const octets = bytesOf(memory.chunkLength, memory.spareLength);
    this.bytes = new Uint8Array(buffer, 0, octets);
    this.view = new DataView(buffer, 0, octets);
    this.rows = new Rows(buffer, octets, rowsOf(octets), memory.seed);
    this.words = new Int32Array(memory.control, index * CONTROL_WORDS * 4, CONTROL_WORDS);
    this.doubles = new Float64Array(memory.control, index * CONTROL_WORDS * 4, CONTROL_WORDS / 2);
  }

  get count(): number {
    return this.words[ROWS] as number;
  }
  set count(rows: number) {
    this.words[ROWS] = rows;
  }
  get ending(): number {
    return this.words[ENDS] as number;
  }
  set ending(ending: number) {
    this.words[ENDS] = ending;
  }
  /** Offsets in the file: of the chunk's first record, and of the record after its last one. */
  get start(): number {
    return this.doubles[START_DOUBLE] as number;
  }
  set start(offset: number) {
    this.doubles[START_DOUBLE] = offset;
  }
  get end(): number {
    return this.doubles[END_DOUBLE] as number;
  }
  set end(offset: number) {
    this.doubles[END_DOUBLE] = offset;
  }
  /** How far the capture was read for it; and, where it is compressed, the file. */
  get reach(): number {
    return this.doubles[REACH_DOUBLE] as number;
  }
  set reach(offset: number) {
    this.doubles[REACH_DOUBLE] = offset;
  }
  get position(): number {
    return this.doubles[POSITION_DOUBLE] as number;
  }
  set position(offset: number) {
    this.doubles[POSITION_DOUBLE] = offset;
  }

  /** Waits until the chunk may be written. */
  awaitTurn(chunk: number): void {
    for (;;) {
      const turn = Atomics.load(this.words, TURN);
      if (turn === 2 * chunk) return;
      Atomics.wait(this.words, TURN, turn);
    }
  }

  /** Waits for the chunk, at most so long; answers whether it is there. */
  awaitChunk(chunk: number, milliseconds: number): boolean {
    const turn = Atomics.load(this.words, TURN);
    if (turn === 2 * chunk + 1) return true;
    Atomics.wait(this.words, TURN, turn, milliseconds);
    return Atomics.load(this.words, TURN) === 2 * chunk + 1;
  }

  /** The chunk is written. */
  publish(chunk: number): void {
    this.turn(2 * chunk + 1);
  }

  /** The chunk was read. */
  release(chunk: number): void {
    this.turn(2 * (chunk + SLOTS));
  }

  private turn(value: number): void {
    Atomics.store(this.words, TURN, value);
    Atomics.notify(this.words, TURN);
  }
}

export function slotsOf(memory: RingMemory): Slot[] {
  return memory.slots.map((_, index) => new Slot(memory, index));
}

function bytesOf(chunkLength: number, spareLength: number): number {
  return Math.ceil((chunkLength + spareLength) / 64) * 64;
}

/** As many rows as there can be records, or blocks that tell of losses. Memory that is not written costs nothing. */
function rowsOf(octets: number): number {
  return Math.ceil(octets / RECORD_HEADER) + 1;
}
