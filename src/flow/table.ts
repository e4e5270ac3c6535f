/**
 * Segments to slots: an open-addressing hash table over typed arrays.
 *
 * A slot stands for one attempt to open a connection. It is a row in one buffer: the first words are the key and belong to this file, the others belong
 * to the table's owner. One row is contiguous, because most of the time of a packet goes into fetching the lines of a row that it touches:
 * columns in arrays of their own cost three to four times as much with a hundred thousand slots (docs/decisions/0003-rows.md).
 *
 *   index   2 words an entry   | hash | slot + 1 |           0 in the second word: empty. Linear probing, backward-shift deletion.
 *   row     KEY_WORDS words    | A address 0-3 | B address 4-7 | ports 8 | network 9 | hash 10 | older 11 | and then the owner's, from 12 on |
 *
 * End A is the source of the segment that made the slot: side 0; end B is side 1.
 *
 * The hash leaves the network (VLAN, tunnel) out, and the comparison has it in: equal addresses in two networks are two flows that lie in
 * neighbouring entries, so that an answer that came through another network can be found too (`findInAnyNetwork`).
 *
 * A flow of which there is little to say has a brief row in a buffer of its own, one cache line: IPv4, the plain network, one attempt. Its slot is a number below NO_SLOT. It gets a row
 * (`unfold`) as soon as there is more to say.
 *
 *   brief     BRIEF_WORDS words   | source 0 | destination 1 | ports 2 | and then the owner's, from 3 on |
 *
 * Several attempts can share one key (a client that tries again from the same port): the index leads to the newest, `older` to the one before.
 */
import { MAPPED } from '../wire/ipv4.ts';
import { DESTINATION, SOURCE } from '../wire/ipv6.ts';
import type { Segment } from '../wire/segment.ts';
import { hashIpv4, hashSegment } from './hash.ts';

/** Words at the beginning of a row that are the table's own. */
export const KEY_WORDS = 12;
const PORTS = 8;
const NETWORK = 9;
const HASH = 10;
const OLDER = 11;

export const NO_SLOT = -1;

/** Words of a brief row: a cache line. */
export const BRIEF_WORDS = 16;
/** Where the list of free brief rows goes on; the other words keep what they were. */
const BRIEF_FREE = 12;

/**
 * Slots that have their rows from the beginning, and slots that have them once these are not enough. Untouched rows of a large new buffer cost nothing, it is address space, which the
 * system fills with pages when they are written; but to get and to free it takes the time of thousands of packets, and most captures have few attempts open at a time.
 * Growing copies all rows, and for that moment needs both buffers.
 */
const FIRST_SLOTS = 1 << 10;
const SLOTS_RESERVED = 1 << 19;

export class FlowTable {
  /** The rows, as words and as doubles: row i begins at word i * rowWords, double i * rowWords / 2. Replaced when the table grows. */
  words: Int32Array;
  doubles: Float64Array;
  /** The brief rows, likewise: see `briefAt`. */
  brief: Int32Array;
  briefDoubles: Float64Array;
  readonly rowWords: number;
  private readonly seed: number;
  private readonly maxSlots: number;
  private index: Int32Array;
  private mask: number;
  private keys = 0;
  private free = NO_SLOT;
  private unused = 0;
  private slots: number;
  private used = 0;
  private freeBrief = NO_SLOT;
  private unusedBrief = 0;
  private usedBrief = 0;
  /** Kept so that the reads of `expect` are not left out as useless. */
  protected touched = 0;

  /**
   * @param seed of the hash; any 32-bit number.
   * @param rowWords words of a row, the table's KEY_WORDS among them; even, so that doubles are aligned.
   * @param maxSlots the bound on slots in use; the owner makes room (`remove`) before it adds beyond it.
   */
  constructor(seed: number, rowWords: number, maxSlots: number) {
    this.seed = seed;
    this.rowWords = rowWords;
    this.maxSlots = maxSlots;
    this.slots = Math.min(FIRST_SLOTS, maxSlots);
    this.words = new Int32Array(this.slots * rowWords);
    this.doubles = new Float64Array(this.words.buffer);
    this.brief = new Int32Array(this.slots * BRIEF_WORDS);
    this.briefDoubles = new Float64Array(this.brief.buffer);
    this.index = new Int32Array(2 << 11);
    this.mask = (1 << 11) - 1;
  }

  /** Slots in use. */
  get size(): number {
    return this.used;
  }

  /** Of these, those that have a row: the others are brief. */
  get rows(): number {
    return this.used - this.usedBrief;
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
      if (found !== NO_SLOT && this.network(entry - 1) === segment.network) return found;
    }
  }

  /** As `find`, of IPv4 addresses. @param ports the source's in the high half */
  findIpv4(source: number, destination: number, ports: number, network: number, hash: number): number {
    const { index, words, rowWords } = this;
    const answering = (ports << 16) | (ports >>> 16);
    for (let i = hash & this.mask; ; i = (i + 1) & this.mask) {
      const entry = index[2 * i + 1] as number;
      if (entry === 0) return NO_SLOT;
      if (index[2 * i] !== hash) continue;
      if (entry < 0) {
        if (network !== 0) continue;
        const found = this.compareBrief(entry - 1, source, destination, ports);
        if (found !== NO_SLOT) return found;
        continue;
      }
      const at = (entry - 1) * rowWords;
      if (words[at + NETWORK] !== network || !this.isIpv4(at) || !this.isIpv4(at + 4)) continue;
      const own = words[at + PORTS];
      if (own === ports && words[at + 3] === source && words[at + 7] === destination) return (entry - 1) * 2;
      if (own === answering && words[at + 3] === destination && words[at + 7] === source) return (entry - 1) * 2 + 1;
    }
  }

  /** As `find`, of the addresses in the IPv6 header at `header`. @param ports the source's in the high half */
  findIpv6(view: DataView, header: number, ports: number, network: number, hash: number): number {
    const { index, words, rowWords } = this;
    const answering = (ports << 16) | (ports >>> 16);
    const source = header + SOURCE;
    const destination = header + DESTINATION;
    for (let i = hash & this.mask; ; i = (i + 1) & this.mask) {
      const entry = index[2 * i + 1] as number;
      if (entry === 0) return NO_SLOT;
      if (index[2 * i] !== hash || entry < 0) continue;
      const at = (entry - 1) * rowWords;
      if (words[at + NETWORK] !== network) continue;
      const own = words[at + PORTS];
      if (own === ports && this.isAt(at, view, source) && this.isAt(at + 4, view, destination)) return (entry - 1) * 2;
      if (own === answering && this.isAt(at, view, destination) && this.isAt(at + 4, view, source))
        return (entry - 1) * 2 + 1;
    }
  }

  /** Whether the address at this word is the one at `address` of the view. */
  private isAt(at: number, view: DataView, address: number): boolean {
    const { words } = this;
    return (
      words[at + 3] === view.getInt32(address + 12) &&
      words[at + 2] === view.getInt32(address + 8) &&
      words[at + 1] === view.getInt32(address + 4) &&
      words[at] === view.getInt32(address)
    );
  }

  private isIpv4(at: number): boolean {
    const { words } = this;
    return words[at] === 0 && words[at + 1] === 0 && words[at + 2] === MAPPED;
  }

  /**
   * Reads what `find` will for hashes that stand `stride` words apart: their index entries, and then the rows that these lead to. In each of the two loops no read waits for
   * another, so the processor has many of them on their way at a time.
   */
  expect(hashes: Int32Array, at: number, stride: number, count: number): void {
    const { index, mask } = this;
    const end = at + stride * count;
    let sum = 0;
    for (let i = at; i < end; i += stride) sum ^= index[2 * ((hashes[i] as number) & mask)] as number;
    for (let i = at; i < end; i += stride) {
      const slot = this.firstOf(hashes[i] as number);
      if (slot !== NO_SLOT) sum ^= this.touch(slot);
    }
    this.touched = sum;
  }

  /** Reads the beginning of a row, so that it is on its way to the cache; answers something. */
  touch(slot: number): number {
    if (slot < NO_SLOT) return this.brief[briefAt(slot)] as number;
    return this.words[slot * this.rowWords] as number;
  }

  /** Reads the place of a hash in the index; answers something. */
  touchIndex(hash: number): number {
    return this.index[2 * (hash & this.mask)] as number;
  }

  /** The first slot of this hash. */
  private firstOf(hash: number): number {
    const { index, mask } = this;
    for (let i = hash & mask; ; i = (i + 1) & mask) {
      const entry = index[2 * i + 1] as number;
      if (entry === 0 || index[2 * i] === hash) return entry - 1;
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

  private compareBrief(slot: number, source: number, destination: number, ports: number): number {
    const { brief } = this;
    const at = briefAt(slot);
    const own = brief[at + 2];
    if (own === ports && brief[at] === source && brief[at + 1] === destination) return slot * 2;
    const answering = (ports << 16) | (ports >>> 16);
    return own === answering && brief[at] === destination && brief[at + 1] === source ? slot * 2 + 1 : NO_SLOT;
  }

  private compare(slot: number, s: Segment): number {
    if (slot < NO_SLOT) {
      if (!hasIpv4Ends(s)) return NO_SLOT;
      return this.compareBrief(slot, s.source3, s.destination3, (s.sourcePort << 16) | s.destinationPort);
    }
    const at = slot * this.rowWords;
    const ports = this.words[at + PORTS] as number;
    if (
      ports === ((s.sourcePort << 16) | s.destinationPort) &&
      this.hasEnd(at, s.source0, s.source1, s.source2, s.source3) &&
      this.hasEnd(at + 4, s.destination0, s.destination1, s.destination2, s.destination3)
    ) {
      return slot * 2;
    }
    if (
      ports === ((s.destinationPort << 16) | s.sourcePort) &&
      this.hasEnd(at, s.destination0, s.destination1, s.destination2, s.destination3) &&
      this.hasEnd(at + 4, s.source0, s.source1, s.source2, s.source3)
    ) {
      return slot * 2 + 1;
    }
    return NO_SLOT;
  }

  /** Whether the address at this word is the given one. The last word tells most addresses apart, so it comes first. */
  private hasEnd(at: number, w0: number, w1: number, w2: number, w3: number): boolean {
    const words = this.words;
    return words[at + 3] === w3 && words[at + 2] === w2 && words[at + 1] === w1 && words[at] === w0;
  }

  /** Which side of the slot sent the segment, which is one of its flow. */
  sideOf(slot: number, segment: Segment): number {
    return this.compare(slot, segment) & 1;
  }

  /** A new slot for the segment's flow, its source as side 0; the owner's words are what they were. `newest` is the slot that `find` gave for the flow, or NO_SLOT. */
  add(segment: Segment, hash: number, newest: number): number {
    const slot = this.takeSlot();
    const r = this.words;
    const at = slot * this.rowWords;
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
    if (newest === NO_SLOT) this.indexInsert(hash, slot);
    else this.index[2 * this.indexOf(newest) + 1] = slot + 1;
    return slot;
  }

  /** A new brief slot for the flow, which has none, of a segment that `isPlainIpv4`; the owner's words are what they were. */
  addBrief(segment: Segment, hash: number): number {
    const slot = this.takeBrief();
    const at = briefAt(slot);
    const { brief } = this;
    brief[at] = segment.source3;
    brief[at + 1] = segment.destination3;
    brief[at + 2] = (segment.sourcePort << 16) | segment.destinationPort;
    this.indexInsert(hash, slot);
    return slot;
  }

  /** Gives the flow of a brief slot a row: answers its slot. The owner's words of both are what they were, and the brief one is to be released. */
  unfold(briefSlot: number): number {
    const entry = this.indexOf(briefSlot);
    const slot = this.takeSlot();
    const { words, brief } = this;
    const from = briefAt(briefSlot);
    const at = slot * this.rowWords;
    words[at] = 0;
    words[at + 1] = 0;
    words[at + 2] = MAPPED;
    words[at + 3] = brief[from] as number;
    words[at + 4] = 0;
    words[at + 5] = 0;
    words[at + 6] = MAPPED;
    words[at + 7] = brief[from + 1] as number;
    words[at + PORTS] = brief[from + 2] as number;
    words[at + NETWORK] = 0;
    words[at + HASH] = this.index[2 * entry] as number;
    words[at + OLDER] = NO_SLOT;
    this.index[2 * entry + 1] = slot + 1;
    return slot;
  }

  /** The attempt before this one on the same key, or NO_SLOT. */
  older(slot: number): number {
    return this.words[slot * this.rowWords + OLDER] as number;
  }

  network(slot: number): number {
    if (slot < NO_SLOT) return 0;
    return this.words[slot * this.rowWords + NETWORK] as number;
  }

  /** The hash of the slot's key, as `hash` gave it. */
  hashOf(slot: number): number {
    if (slot < NO_SLOT) {
      const { brief } = this;
      const at = briefAt(slot);
      return hashIpv4(brief[at] as number, brief[at + 1] as number, brief[at + 2] as number, this.seed);
    }
    return this.words[slot * this.rowWords + HASH] as number;
  }

  port(slot: number, side: number): number {
    const ports = this.words[slot * this.rowWords + PORTS] as number;
    return side === 0 ? ports >>> 16 : ports & 0xffff;
  }

  /** Takes the slot out of its key's chain and the index; its number can be given out again. The owner's words stay as they are. */
  remove(slot: number): void {
    if (slot < NO_SLOT) {
      this.indexRemove(this.indexOf(slot));
      this.releaseBrief(slot);
      return;
    }
    const older = this.older(slot);
    const entry = this.indexFind(slot);
    if (entry === NO_SLOT) this.unchain(slot, older);
    else if (older === NO_SLOT) this.indexRemove(entry);
    else this.index[2 * entry + 1] = older + 1;
    this.words[slot * this.rowWords + OLDER] = this.free;
    this.free = slot;
    this.used -= 1;
  }

  private takeSlot(): number {
    this.used += 1;
    if (this.free !== NO_SLOT) {
      const slot = this.free;
      this.free = this.older(slot);
      return slot;
    }
    if (this.unused === this.slots) this.growRows();
    this.unused += 1;
    return this.unused - 1;
  }

  private takeBrief(): number {
    this.used += 1;
    this.usedBrief += 1;
    if (this.freeBrief !== NO_SLOT) {
      const slot = this.freeBrief;
      this.freeBrief = this.brief[briefAt(slot) + BRIEF_FREE] as number;
      return slot;
    }
    if (this.unusedBrief * BRIEF_WORDS === this.brief.length) this.growBrief();
    this.unusedBrief += 1;
    return NO_SLOT - this.unusedBrief;
  }

  /** The brief row can be given out again; one of its words is lost (BRIEF_FREE). */
  releaseBrief(slot: number): void {
    this.brief[briefAt(slot) + BRIEF_FREE] = this.freeBrief;
    this.freeBrief = slot;
    this.used -= 1;
    this.usedBrief -= 1;
  }

  /** Rows of a buffer that takes the place of one of so many rows. */
  private moreThan(rows: number): number {
    return Math.max(rows + 1, Math.min(Math.max(2 * rows, SLOTS_RESERVED), this.maxSlots));
  }

  private growBrief(): void {
    const grown = new Int32Array(this.moreThan(this.unusedBrief) * BRIEF_WORDS);
    grown.set(this.brief);
    this.brief = grown;
    this.briefDoubles = new Float64Array(grown.buffer);
  }

  private growRows(): void {
    this.slots = this.moreThan(this.slots);
    const grown = new Int32Array(this.slots * this.rowWords);
    grown.set(this.words);
    this.words = grown;
    this.doubles = new Float64Array(grown.buffer);
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
    const hash = this.hashOf(slot);
    for (let i = hash & this.mask; this.index[2 * i + 1] !== 0; i = (i + 1) & this.mask) {
      for (let newer = (this.index[2 * i + 1] as number) - 1; newer > NO_SLOT; newer = this.older(newer)) {
        if (this.older(newer) !== slot) continue;
        this.words[newer * this.rowWords + OLDER] = older;
        return;
      }
    }
  }
}

/** The first word of a brief row. */
export function briefAt(slot: number): number {
  return (NO_SLOT - 1 - slot) * BRIEF_WORDS;
}

/** Whether a brief row can hold the segment's key. */
export function isPlainIpv4(s: Segment): boolean {
  return s.network === 0 && hasIpv4Ends(s);
}

function hasIpv4Ends(s: Segment): boolean {
  if (s.source2 !== MAPPED || s.destination2 !== MAPPED) return false;
  return (s.source0 | s.source1 | s.destination0 | s.destination1) === 0;
}
