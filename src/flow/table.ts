/**
 * Segments to slots: an open-addressing hash table over typed arrays, and the lists in which slots wait for their time.
 *
 * A slot stands for one attempt to open a connection. Its owner keeps what it knows of the attempt in columns of its own, indexed by the slot's
 * number; this file knows keys, order and nothing of TCP.
 *
 *   index    2 words an entry   | hash | slot + 1 |            0 in the second word: empty. Linear probing, backward-shift deletion.
 *   records  16 words a slot    | A address 0-3 | B address 4-7 | ports 8 | network 9 | hash 10 | older 11 | list 12 | previous 13 | next 14 | tag 15 |
 *
 * End A is the source of the segment that made the slot: side 0; end B is side 1. A record is 64 octets, one cache line.
 *
 * The hash leaves the network (VLAN, tunnel) out, and the comparison has it in: equal addresses in two networks are two flows that lie in
 * neighbouring entries, so that an answer that came through another network can be found too (`findInAnyNetwork`).
 *
 * Several attempts can share one key (a client that tries again from the same port): the index leads to the newest, `older` to the one before.
 */
import { hashSegment } from './hash.ts';
import type { Segment } from '../wire/segment.ts';

export const RECORD_WORDS = 16;
const PORTS = 8;
const NETWORK = 9;
const HASH = 10;
const OLDER = 11;
const LIST = 12;
const PREVIOUS = 13;
const NEXT = 14;
/** A word for the table's owner, beside the key so that reading it costs no further cache line. */
export const TAG = 15;

export const NO_SLOT = -1;

export class FlowTable {
  records: Int32Array;
  private readonly seed: number;
  private readonly maxSlots: number;
  private index: Int32Array;
  private mask: number;
  private keys = 0;
  private free = NO_SLOT;
  private unused = 0;
  private slots: number;
  private readonly heads: Int32Array;
  private readonly tails: Int32Array;
  private readonly lengths: Int32Array;
  private used = 0;

  /**
   * @param seed of the hash; any 32-bit number.
   * @param lists how many waiting lists there are.
   * @param maxSlots the bound on slots in use; the owner makes room (`remove`) before it adds beyond it.
   */
  constructor(seed: number, lists: number, maxSlots: number) {
    this.seed = seed;
    this.maxSlots = maxSlots;
    this.slots = Math.min(1 << 10, maxSlots);
    this.records = new Int32Array(this.slots * RECORD_WORDS);
    this.index = new Int32Array(2 << 11);
    this.mask = (1 << 11) - 1;
    this.heads = new Int32Array(lists).fill(NO_SLOT);
    this.tails = new Int32Array(lists).fill(NO_SLOT);
    this.lengths = new Int32Array(lists);
  }

  /** Slots in use. */
  get size(): number {
    return this.used;
  }

  /** Slots that there is room for without growing: what the owner's columns must hold. */
  get capacity(): number {
    return this.slots;
  }

  get isFull(): boolean {
    return this.used >= this.maxSlots;
  }

  hash(segment: Segment): number {
    return hashSegment(segment, this.seed);
  }

  /** The newest slot of the segment's flow and the side that sent it, as slot * 2 + side; NO_SLOT when there is none. */
  find(segment: Segment, hash: number): number {
    const index = this.index;
    for (let i = hash & this.mask; ; i = (i + 1) & this.mask) {
      const entry = index[2 * i + 1] as number;
      if (entry === 0) return NO_SLOT;
      if (index[2 * i] !== hash) continue;
      const found = this.compare(entry - 1, segment);
      if (found !== NO_SLOT && this.records[(entry - 1) * RECORD_WORDS + NETWORK] === segment.network) return found;
    }
  }

  /** As `find`, for a flow of the same addresses and ports in a network other than the segment's; the first that there is. */
  findInAnyNetwork(segment: Segment, hash: number): number {
    const index = this.index;
    for (let i = hash & this.mask; ; i = (i + 1) & this.mask) {
      const entry = index[2 * i + 1] as number;
      if (entry === 0) return NO_SLOT;
      if (index[2 * i] !== hash) continue;
      const found = this.compare(entry - 1, segment);
      if (found !== NO_SLOT) return found;
    }
  }

  private compare(slot: number, segment: Segment): number {
    const r = this.records;
    const at = slot * RECORD_WORDS;
    const ports = r[at + PORTS] as number;
    if (
      ports === ((segment.sourcePort << 16) | segment.destinationPort) &&
      r[at + 3] === segment.source3 &&
      r[at + 7] === segment.destination3 &&
      r[at + 2] === segment.source2 &&
      r[at + 6] === segment.destination2 &&
      r[at + 1] === segment.source1 &&
      r[at + 5] === segment.destination1 &&
      r[at] === segment.source0 &&
      r[at + 4] === segment.destination0
    ) {
      return slot * 2;
    }
    if (
      ports === ((segment.destinationPort << 16) | segment.sourcePort) &&
      r[at + 3] === segment.destination3 &&
      r[at + 7] === segment.source3 &&
      r[at + 2] === segment.destination2 &&
      r[at + 6] === segment.source2 &&
      r[at + 1] === segment.destination1 &&
      r[at + 5] === segment.source1 &&
      r[at] === segment.destination0 &&
      r[at + 4] === segment.source0
    ) {
      return slot * 2 + 1;
    }
    return NO_SLOT;
  }

  /** Which side of the slot sent the segment, which is one of its flow. */
  sideOf(slot: number, segment: Segment): number {
    return this.compare(slot, segment) & 1;
  }

  /** A new slot for the segment's flow, its source as side 0, in no list. `newest` is the slot that `find` gave for the flow, or NO_SLOT. */
  add(segment: Segment, hash: number, newest: number): number {
    const slot = this.takeSlot();
    const r = this.records;
    const at = slot * RECORD_WORDS;
    r[at] = segment.source0;
    r[at + 1] = segment.source1;
    r[at + 2] = segment.source2;
    r[at + 3] = segment.source3;
    r[at + 4] = segment.destination0;
    r[at + 5] = segment.destination1;
    r[at + 6] = segment.destination2;
    r[at + 7] = segment.destination3;
    r[at + PORTS] = (segment.sourcePort << 16) | segment.destinationPort;
    r[at + NETWORK] = segment.network;
    r[at + HASH] = hash;
    r[at + OLDER] = newest;
    r[at + LIST] = NO_SLOT;
    r[at + TAG] = 0;
    if (newest === NO_SLOT) this.indexInsert(hash, slot);
    else this.index[2 * this.indexOf(newest) + 1] = slot + 1;
    return slot;
  }

  /** The attempt before this one on the same key, or NO_SLOT. */
  older(slot: number): number {
    return this.records[slot * RECORD_WORDS + OLDER] as number;
  }

  network(slot: number): number {
    return this.records[slot * RECORD_WORDS + NETWORK] as number;
  }

  /** The hash of the slot's key, as `hash` gave it. */
  hashOf(slot: number): number {
    return this.records[slot * RECORD_WORDS + HASH] as number;
  }

  port(slot: number, side: number): number {
    const ports = this.records[slot * RECORD_WORDS + PORTS] as number;
    return side === 0 ? ports >>> 16 : ports & 0xffff;
  }

  /** Takes the slot out of its list, its key's chain and the index; its number can be given out again. */
  remove(slot: number): void {
    this.leaveList(slot);
    const r = this.records;
    const older = r[slot * RECORD_WORDS + OLDER] as number;
    const entry = this.indexFind(slot);
    if (entry !== NO_SLOT) {
      if (older === NO_SLOT) this.indexRemove(entry);
      else this.index[2 * entry + 1] = older + 1;
    } else {
      this.unchain(slot, older);
    }
    r[slot * RECORD_WORDS + NEXT] = this.free;
    this.free = slot;
    this.used -= 1;
  }

  /** Puts the slot at the end of `list`, out of the one that it is in. */
  enqueue(slot: number, list: number): void {
    this.leaveList(slot);
    const r = this.records;
    const at = slot * RECORD_WORDS;
    const tail = this.tails[list] as number;
    r[at + LIST] = list;
    r[at + PREVIOUS] = tail;
    r[at + NEXT] = NO_SLOT;
    if (tail === NO_SLOT) this.heads[list] = slot;
    else r[tail * RECORD_WORDS + NEXT] = slot;
    this.tails[list] = slot;
    this.lengths[list] = (this.lengths[list] as number) + 1;
  }

  /** The slot that has waited longest in `list`, or NO_SLOT. */
  first(list: number): number {
    return this.heads[list] as number;
  }

  listOf(slot: number): number {
    return this.records[slot * RECORD_WORDS + LIST] as number;
  }

  private leaveList(slot: number): void {
    const r = this.records;
    const at = slot * RECORD_WORDS;
    const list = r[at + LIST] as number;
    if (list === NO_SLOT) return;
    const previous = r[at + PREVIOUS] as number;
    const next = r[at + NEXT] as number;
    if (previous === NO_SLOT) this.heads[list] = next;
    else r[previous * RECORD_WORDS + NEXT] = next;
    if (next === NO_SLOT) this.tails[list] = previous;
    else r[next * RECORD_WORDS + PREVIOUS] = previous;
    r[at + LIST] = NO_SLOT;
    this.lengths[list] = (this.lengths[list] as number) - 1;
  }

  private takeSlot(): number {
    this.used += 1;
    if (this.free !== NO_SLOT) {
      const slot = this.free;
      this.free = this.records[slot * RECORD_WORDS + NEXT] as number;
      return slot;
    }
    if (this.unused === this.slots) this.growRecords();
    this.unused += 1;
    return this.unused - 1;
  }

  private growRecords(): void {
    this.slots = Math.max(this.slots + 1, Math.min(2 * this.slots, this.maxSlots));
    const grown = new Int32Array(this.slots * RECORD_WORDS);
    grown.set(this.records);
    this.records = grown;
  }

  private indexInsert(hash: number, slot: number): void {
    this.keys += 1;
    if (2 * this.keys > this.mask) this.growIndex();
    this.place(hash, slot + 1);
  }

  private place(hash: number, entry: number): void {
    let i = hash & this.mask;
    while (this.index[2 * i + 1] !== 0) i = (i + 1) & this.mask;
    this.index[2 * i] = hash;
    this.index[2 * i + 1] = entry;
  }

  private growIndex(): void {
    const old = this.index;
    this.index = new Int32Array(2 * old.length);
    this.mask = old.length - 1;
    for (let at = 0; at < old.length; at += 2) {
      const entry = old[at + 1] as number;
      if (entry !== 0) this.place(old[at] as number, entry);
    }
  }

  /** The index entry that leads to this very slot, or NO_SLOT when a newer attempt has it. */
  private indexFind(slot: number): number {
    const hash = this.hashOf(slot);
    for (let i = hash & this.mask; ; i = (i + 1) & this.mask) {
      const entry = this.index[2 * i + 1] as number;
      if (entry === slot + 1) return i;
      if (entry === 0) return NO_SLOT;
    }
  }

  private indexOf(newest: number): number {
    const entry = this.indexFind(newest);
    if (entry === NO_SLOT) throw new Error(`slot ${newest} is not the newest of its key`);
    return entry;
  }

  /** Backward-shift deletion: entries behind the hole move up as far as their home allows, so that no probe ends too early. */
  private indexRemove(hole: number): void {
    const index = this.index;
    const mask = this.mask;
    let empty = hole;
    for (let i = (hole + 1) & mask; index[2 * i + 1] !== 0; i = (i + 1) & mask) {
      const home = (index[2 * i] as number) & mask;
      if (((i - home) & mask) >= ((i - empty) & mask)) {
        index[2 * empty] = index[2 * i] as number;
        index[2 * empty + 1] = index[2 * i + 1] as number;
        empty = i;
      }
    }
    index[2 * empty + 1] = 0;
    this.keys -= 1;
  }

  /** Takes an attempt that is not the newest out of its key's chain. */
  private unchain(slot: number, older: number): void {
    const r = this.records;
    const hash = this.hashOf(slot);
    for (let i = hash & this.mask; this.index[2 * i + 1] !== 0; i = (i + 1) & this.mask) {
      for (
        let newer = (this.index[2 * i + 1] as number) - 1;
        newer !== NO_SLOT;
        newer = r[newer * RECORD_WORDS + OLDER] as number
      ) {
        if (r[newer * RECORD_WORDS + OLDER] === slot) {
          r[newer * RECORD_WORDS + OLDER] = older;
          return;
        }
      }
    }
  }
}
