/**
 * IPv4 and IPv6 fragments (RFC 791 §3.2, RFC 8200 §4.5), as far as a TCP header can need them.
 *
 * Most first fragments hold all the headers: they are read at once, and the later ones are of no use. Only when the headers
 * run beyond the first fragment, or a later one comes before it, bytes are kept: the first `KEPT` octets of the datagram,
 * in a slot of one slab. Then the walk goes on in the slab, at the frame that completes enough.
 *
 *     slab:  | slot 0: KEPT octets | slot 1 | …        filled: two 32-bit words a slot, one bit for 8 octets
 *
 * Slots are taken in turn, so the oldest is given up first; age is counted in frames, since the clock of a capture may
 * jump. Overlapping octets: the first ones win (what Linux and BSD do with them varies; RFC 5722 forbids them).
 */
import { NUMBER_MASK, SPACE } from './layer.ts';
import { STOP } from './stop.ts';
import type { Walk } from './walk.ts';

/** Octets of a datagram's payload that are kept: tunnels, extension headers and TCP options together need fewer. */
const KEPT = 512;
const UNIT = 8;
const MIN_SLOTS = 4;
/** A slot that is older is not the same datagram: identifications come round (16 bits in IPv4). */
const MAX_AGE_FRAMES = 65_536;

// Words of a key: source 0 to 3, destination 4 to 7, identification 8, protocol and family 9, network 10.
const KEY_WORDS = 11;
const FAMILY_SHIFT = 8;

/** Protocols that can lead to TCP: ICMP, IPv4, TCP, UDP, IPv6 and its extension headers, GRE, ICMPv6, EtherIP, MPLS. */
const WORTH_KEEPING: ReadonlySet<number> = new Set([1, 4, 6, 17, 41, 43, 47, 51, 58, 60, 97, 137]);

export class Fragments {
  /** Frames seen by the decoder; it counts them here. */
  frames = 0;
  /** Datagrams given up incomplete because their slot was needed. */
  givenUp = 0;
  readonly #slots: number;
  #slab: DataView = EMPTY;
  #bytes = new Uint8Array(0);
  /** Per slot. A birth of 0 is a free slot; the hash is the first test of a key. */
  #hash = new Int32Array(0);
  #keys = new Int32Array(0);
  #filled = new Int32Array(0);
  #born = new Float64Array(0);
  /** Octets of the datagram's payload, known with the last fragment; -1 before. */
  #total = new Int32Array(0);
  /** Protocol of the datagram, known with the first fragment; -1 before. */
  #protocol = new Int16Array(0);
  #done = new Uint8Array(0);
  #next = 0;

  /** The first fragment that is being read in place, or the slot: what `waitForRest` and `settle` speak of. */
  readonly #offer = new Int32Array(KEY_WORDS);
  #offered = false;
  #offerView: DataView = EMPTY;
  #offerAt = 0;
  #offerLength = 0;
  #offerProtocol = 0;
  #slot = -1;

  constructor(bytesLimit: number) {
    this.#slots = Math.max(MIN_SLOTS, Math.floor(bytesLimit / KEPT));
  }

  /** A new frame begins. */
  forgetOffer(): void {
    this.#offered = false;
    this.#slot = -1;
  }

  /**
   * A fragment was met: the walk stands at its payload, the segment has its addresses and identification. `protocol` is
   * that of its own header, `offset` in octets. Answers an IP protocol to go on with (in place, or in the slab), or
   * STOP.FRAGMENT.
   */
  meet(walk: Walk, protocol: number, offset: number, more: boolean): number {
    walk.segment.fragmented = true;
    if (walk.quoted) return offset === 0 ? SPACE.IP_PROTOCOL | protocol : STOP.FRAGMENT;
    const claimed = walk.wireEnd - walk.at;
    const there = Math.min(claimed, walk.end - walk.at);
    if (offset >= KEPT || !WORTH_KEEPING.has(protocol) || there <= 0) return STOP.FRAGMENT;
    this.#writeKey(walk, protocol);
    let slot = this.#find();
    if (slot < 0) {
      if (offset === 0) return this.#readInPlace(walk, protocol, claimed, there);
      slot = this.#take();
    }
    if (this.#done[slot] === 1 && offset !== 0) return STOP.FRAGMENT;
    const endKnown = !more && (this.#total[slot] ?? 0) < 0;
    if (endKnown) this.#total[slot] = offset + claimed;
    const grew = this.#store(slot, walk.view, walk.at, offset, there);
    if (!grew && !endKnown) return STOP.FRAGMENT;
    if (offset === 0) this.#protocol[slot] = protocol;
    return this.#readSlot(walk, slot);
  }

  /** The headers run beyond the fragment that was read in place, or beyond what the slot has so far: keeps it for later. */
  waitForRest(): void {
    if (!this.#offered) return;
    const slot = this.#take();
    this.#protocol[slot] = this.#offerProtocol;
    this.#store(slot, this.#offerView, this.#offerAt, 0, this.#offerLength);
  }

  /** The walk came to an end in the slot: the datagram's later fragments have nothing to add. */
  settle(): void {
    if (this.#slot >= 0) this.#done[this.#slot] = 1;
  }

  #readInPlace(walk: Walk, protocol: number, claimed: number, there: number): number {
    this.#offered = true;
    this.#slot = -1;
    this.#offerView = walk.view;
    this.#offerAt = walk.at;
    this.#offerLength = there;
    this.#offerProtocol = protocol;
    // A fragment that the snapshot length cut can't be completed by the next one.
    walk.mayWait = there === claimed;
    return SPACE.IP_PROTOCOL | protocol;
  }

  #readSlot(walk: Walk, slot: number): number {
    const protocol = this.#protocol[slot] ?? -1;
    const total = this.#total[slot] ?? -1;
    const prefix = total < 0 ? this.#prefix(slot) : Math.min(this.#prefix(slot), total);
    if (protocol < 0 || prefix === 0) return STOP.FRAGMENT;
    this.#offered = false;
    this.#slot = slot;
    walk.view = this.#slab;
    walk.at = slot * KEPT;
    walk.end = walk.at + prefix;
    walk.wireEnd = walk.at + (total < 0 ? prefix : total);
    walk.mayWait = prefix !== total && prefix < KEPT;
    walk.segment.ethernetAt = -1;
    // The IP header stays behind in the frame.
    walk.segment.ipAt = -1;
    return SPACE.IP_PROTOCOL | (protocol & NUMBER_MASK);
  }

  #writeKey(walk: Walk, protocol: number): void {
    const { segment } = walk;
    const key = this.#offer;
    key[0] = segment.source0;
    key[1] = segment.source1;
    key[2] = segment.source2;
    key[3] = segment.source3;
    key[4] = segment.destination0;
    key[5] = segment.destination1;
    key[6] = segment.destination2;
    key[7] = segment.destination3;
    key[8] = segment.ipId | 0;
    // The protocol is part of IPv4's key (RFC 791 §3.2), and not of IPv6's.
    key[9] = (segment.family << FAMILY_SHIFT) | (segment.family === 4 ? protocol : 0);
    key[10] = walk.vlanCount === 0 ? 0 : (walk.vlans[walk.vlanCount - 1] ?? 0);
  }

  /** The slot of the offered key, or -1. */
  #find(): number {
    const hash = hashOf(this.#offer);
    for (let slot = 0; slot < this.#hash.length; slot++) {
      if (this.#hash[slot] !== hash || !this.#isAlive(slot) || !this.#hasKey(slot)) continue;
      return slot;
    }
    return -1;
  }

  #isAlive(slot: number): boolean {
    const born = this.#born[slot] ?? 0;
    return born > 0 && this.frames - born <= MAX_AGE_FRAMES;
  }

  #hasKey(slot: number): boolean {
    for (let word = 0; word < KEY_WORDS; word++) {
      if (this.#keys[slot * KEY_WORDS + word] !== this.#offer[word]) return false;
    }
    return true;
  }

  /** The next slot in turn, emptied and given the offered key. */
  #take(): number {
    if (this.#hash.length === 0) this.#allocate();
    const slot = this.#next;
    this.#next = (slot + 1) % this.#slots;
    if (this.#isAlive(slot) && this.#done[slot] === 0) this.givenUp++;
    this.#hash[slot] = hashOf(this.#offer);
    this.#keys.set(this.#offer, slot * KEY_WORDS);
    this.#filled[slot * 2] = 0;
    this.#filled[slot * 2 + 1] = 0;
    this.#born[slot] = Math.max(this.frames, 1);
    this.#total[slot] = -1;
    this.#protocol[slot] = -1;
    this.#done[slot] = 0;
    return slot;
  }

  /** Once, at the first fragment that has to be kept. */
  #allocate(): void {
    const slots = this.#slots;
    this.#bytes = new Uint8Array(slots * KEPT);
    this.#slab = new DataView(this.#bytes.buffer);
    this.#hash = new Int32Array(slots);
    this.#keys = new Int32Array(slots * KEY_WORDS);
    this.#filled = new Int32Array(slots * 2);
    this.#born = new Float64Array(slots);
    this.#total = new Int32Array(slots);
    this.#protocol = new Int16Array(slots);
    this.#done = new Uint8Array(slots);
  }

  /** Copies what the slot lacks, in units of 8 octets (the last one of a datagram may be shorter). True when the slot has more than before. */
  #store(slot: number, view: DataView, at: number, offset: number, length: number): boolean {
    const total = this.#total[slot] ?? -1;
    const end = Math.min(offset + length, KEPT);
    let grew = false;
    for (let from = offset; from < end; from += UNIT) {
      const octets = Math.min(UNIT, end - from);
      if (octets < UNIT && from + octets !== total) break;
      const unit = from / UNIT;
      const word = slot * 2 + (unit >> 5);
      const bit = 1 << (unit & 31);
      const filled = this.#filled[word] ?? 0;
      if ((filled & bit) !== 0) continue;
      this.#filled[word] = filled | bit;
      grew = true;
      for (let index = 0; index < octets; index++) {
        this.#bytes[slot * KEPT + from + index] = view.getUint8(at + from - offset + index);
      }
    }
    return grew;
  }

  /** Octets from the beginning without a gap. */
  #prefix(slot: number): number {
    const low = trailingOnes(this.#filled[slot * 2] ?? 0);
    return UNIT * (low < 32 ? low : 32 + trailingOnes(this.#filled[slot * 2 + 1] ?? 0));
  }
}

const EMPTY = new DataView(new ArrayBuffer(0));

function trailingOnes(word: number): number {
  const zeros = ~word;
  return zeros === 0 ? 32 : 31 - Math.clz32(zeros & -zeros);
}

function hashOf(key: Int32Array): number {
  let hash = 0;
  for (let word = 0; word < KEY_WORDS; word++) hash = Math.imul(hash ^ (key[word] ?? 0), 0x9e3779b1) ^ (hash >>> 15);
  return hash;
}
