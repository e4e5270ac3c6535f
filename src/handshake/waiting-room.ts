/**
 * Where attempts wait for their time, in five queues:
 *
 *   FRESH     no SYN-ACK yet, last packet less than `patience` ago
 *   GOING     SYN-ACK or third leg seen, last packet less than `patience` ago
 *   WAITING   silent for `patience`: a verdict could be given, later packets may amend it; forgotten after `FORGET_NANOS`
 *   CLOSED    taken, and at its end: nothing more can change the record, but copies of its packets may still come for `COPIES_NANOS`
 *   SETTLED   the server took the third leg, or a RST ended the connection after it, `patience` ago at the most: what follows at once (RST, FIN) still belongs to the record
 *
 * A packet does not move its attempt in the queue: the attempt is looked at when its entry falls due, and queued again when it was alive since. With
 * `isEager` each packet that brings it further queues it again, so that it falls due exactly `patience` after that packet, repeated or not: live output
 * wants that. (A client that repeats its SYN each second would not be silent for `patience` before many seconds have passed.)
 */
import { AT_BASE } from '../bytes/time.ts';
import { ExpiryQueue } from '../flow/expiry-queue.ts';
import { NO_SLOT } from '../flow/table.ts';
import { type Attempts, ORDINARY, T, W } from './attempts.ts';
import { STATE } from './transitions.ts';

/** Values of W.QUEUE. */
const FRESH = 0;
const GOING = 1;
const WAITING = 2;
const SETTLED = 3;
const CLOSED = 4;

/** A flood of SYNs displaces its own, and not the handshakes that go on. */
const EVICTION_ORDER = [CLOSED, SETTLED, WAITING, FRESH, GOING] as const;

/** A client repeats its SYN for 127 s (Linux: tcp_syn_retries 6), with at most 64 s between two; a server its SYN-ACK for 63 s. */
const FORGET_NANOS = 120e9;

/** Longer than any copy takes (copies.ts). */
const COPIES_NANOS = 250e6;

/** Unless each moment counts, attempts are looked at so much later: by then most handshakes have been over for `patience`, and one look is enough. */
const LATE_NANOS = 250e6;

/** Queues are looked at this often on the capture's clock. */
const SWEEP_NANOS = 20e6;

/** Attempts that are announced together. */
const ANNOUNCED = 64;

export interface Visitor {
  /** No packet came for `patience`, or none but repeated ones. */
  silent(slot: number): void;
  /** Nothing more is expected of the attempt. */
  finish(slot: number): void;
  /** One of the other two will soon be called for these attempts, unless something happens to them: what they will read can be fetched. The processor waits for the rows of
   * many attempts at a time, and not for each. @param slots the first `count` of them */
  announced(slots: Int32Array, count: number): void;
}

export class WaitingRoom {
  isEager = false;
  private readonly queues: readonly ExpiryQueue[] = [FRESH, GOING, WAITING, SETTLED, CLOSED].map(
    () => new ExpiryQueue(),
  );
  private readonly attempts: Attempts;
  private readonly patienceNanos: number;
  private nextSweep = AT_BASE;
  /** Of each slot: the ticket of its entry that counts. Not in the rows, since most entries are dead when their turn comes, and what they point to is in no cache. */
  private tickets = new Int32Array(1 << 12);
  /** Of each brief slot (flow/table.ts), counted from 0: the number of its entry, shifted by one bit, and in the lowest bit whether that waits in WAITING, and not in FRESH. */
  private briefEntries = new Int32Array(1 << 12);
  private readonly announced = new Int32Array(ANNOUNCED);

  constructor(attempts: Attempts, patienceNanos: number) {
    this.attempts = attempts;
    this.patienceNanos = patienceNanos;
  }

  /** The attempt has just begun. */
  enter(slot: number, clock: number): void {
    this.attempts.setTime(slot, T.ACTIVE, clock);
    this.enqueue(slot, this.isUnanswered(slot) ? FRESH : GOING, clock);
  }

  /** The same of a lone SYN. Its entry moves on when it falls due, and is renamed when there is more to say: so it always counts. */
  enterBrief(slot: number, clock: number): void {
    this.enqueueBrief(slot, FRESH, clock);
  }

  /** A lone SYN got a row, and goes on from where it waits. */
  unfold(briefSlot: number, slot: number, clock: number): void {
    const entry = this.briefEntries[placeOf(briefSlot)] as number;
    const queue = (entry & 1) === 0 ? FRESH : WAITING;
    this.attempts.setTime(slot, T.ACTIVE, clock);
    this.attempts.setWord(slot, W.QUEUE, queue);
    (this.queues[queue] as ExpiryQueue).rename(entry >>> 1, slot, this.draw(slot));
  }

  /** A packet of the handshake came. */
  touch(slot: number, clock: number): void {
    this.attempts.setTime(slot, T.ACTIVE, clock);
    const queue = this.attempts.word(slot, W.QUEUE);
    if (this.isEager || queue === WAITING || queue === SETTLED) this.enter(slot, clock);
  }

  /** A packet of the handshake came again: the next leg is due when it was due before. */
  repeat(slot: number, clock: number): void {
    const queue = this.attempts.word(slot, W.QUEUE);
    if (this.isEager && (queue === FRESH || queue === GOING)) this.attempts.setTime(slot, T.ACTIVE, clock);
    else this.touch(slot, clock);
  }

  /** A RST ended the connection after its third leg: nothing but what was under way can follow. */
  end(slot: number, clock: number): void {
    if (this.isPlain(slot)) this.settle(slot, clock);
    else this.touch(slot, clock);
  }

  /** The third leg was taken. */
  settle(slot: number, clock: number): void {
    this.attempts.setTime(slot, T.ACTIVE, clock);
    this.enqueue(slot, this.isPlain(slot) ? SETTLED : WAITING, clock);
  }

  /** The third leg was taken, and the connection is at its end. */
  close(slot: number, clock: number): void {
    this.enqueue(slot, this.isPlain(slot) ? CLOSED : WAITING, clock);
  }

  /** Nothing was repeated. Where something was, an answer may still be under way, or a server that lost go on repeating its SYN-ACK. */
  private isPlain(slot: number): boolean {
    if ((this.attempts.word(slot, W.LINK) & ORDINARY) !== 0) return true;
    return this.attempts.word(slot, W.SYN_COUNT) <= 1 && this.attempts.word(slot, W.SYN_ACK_COUNT) <= 1;
  }

  /** The slot is given back: its entries die. */
  leave(slot: number): void {
    if (slot > NO_SLOT) {
      this.draw(slot);
      return;
    }
    const entry = this.briefEntries[placeOf(slot)] as number;
    (this.queues[(entry & 1) === 0 ? FRESH : WAITING] as ExpiryQueue).rename(entry >>> 1, NO_SLOT, 0);
  }

  /** Looks at the attempts whose time has come. */
  sweep(clock: number, visitor: Visitor): void {
    if (clock < this.nextSweep) return;
    this.nextSweep = clock + SWEEP_NANOS;
    this.sweepPending(FRESH, clock, visitor);
    this.sweepPending(GOING, clock, visitor);
    this.sweepEnding(WAITING, clock - FORGET_NANOS, visitor);
    this.sweepEnding(SETTLED, clock - this.patienceNanos, visitor);
    this.sweepEnding(CLOSED, clock - COPIES_NANOS, visitor);
  }

  /** Every attempt that waits. */
  each(visit: (slot: number) => void): void {
    for (const queue of this.queues) {
      queue.each((slot, ticket) => {
        if (this.counts(slot, ticket)) visit(slot);
      });
    }
  }

  /** The attempt that is given up first when there is no room; NO_SLOT when nobody waits. */
  firstToGo(clock: number, visitor: Visitor): number {
    for (const queue of EVICTION_ORDER) {
      const entries = this.queues[queue] as ExpiryQueue;
      for (let slot = this.first(queue); slot !== NO_SLOT; slot = this.first(queue)) {
        if (queue !== FRESH || this.isUnanswered(slot)) {
          if (entries.prepared === 0) this.announce(entries, visitor);
          return slot;
        }
        this.enqueue(slot, GOING, clock);
      }
    }
    return NO_SLOT;
  }

  /** The end: nobody waits any more. The attempts are finished in the order in which they would be given up. */
  drain(clock: number, visitor: Visitor): void {
    for (const queue of EVICTION_ORDER) {
      const entries = this.queues[queue] as ExpiryQueue;
      for (let slot = this.first(queue); slot !== NO_SLOT; slot = this.first(queue)) {
        if (queue === FRESH && !this.isUnanswered(slot)) {
          this.enqueue(slot, GOING, clock);
          continue;
        }
        if (entries.prepared === 0) this.announce(entries, visitor);
        entries.shift();
        visitor.finish(slot);
      }
    }
  }

  private sweepPending(queue: number, clock: number, visitor: Visitor): void {
    const entries = this.queues[queue] as ExpiryQueue;
    const due = clock - this.patienceNanos;
    const seen = this.isEager ? due : due - LATE_NANOS;
    for (let slot = this.first(queue); slot !== NO_SLOT && entries.firstTime <= seen; slot = this.first(queue)) {
      if (entries.prepared === 0) this.announce(entries, visitor);
      if (slot < NO_SLOT) {
        visitor.silent(slot);
        entries.shift();
        this.enqueueBrief(slot, WAITING, clock);
        continue;
      }
      if (this.attempts.time(slot, T.ACTIVE) > due) {
        if (this.isEager) visitor.silent(slot);
        this.enqueue(slot, this.isUnanswered(slot) ? FRESH : GOING, clock);
        continue;
      }
      visitor.silent(slot);
      this.enqueue(slot, WAITING, clock);
    }
  }

  private sweepEnding(queue: number, due: number, visitor: Visitor): void {
    const entries = this.queues[queue] as ExpiryQueue;
    for (let slot = this.first(queue); slot !== NO_SLOT && entries.firstTime <= due; slot = this.first(queue)) {
      if (entries.prepared === 0) this.announce(entries, visitor);
      visitor.finish(slot);
    }
  }

  /** Names the next attempts of a queue: see `Visitor.announced`. */
  private announce(entries: ExpiryQueue, visitor: Visitor): void {
    const { announced } = this;
    const most = Math.min(entries.size, ANNOUNCED);
    let count = 0;
    for (let i = 0; i < most; i++) {
      const slot = entries.slotAt(i);
      if (this.counts(slot, entries.ticketAt(i))) announced[count++] = slot;
    }
    visitor.announced(announced, count);
    entries.prepared = most;
  }

  /** The first slot of the queue whose entry counts; entries that do not are dropped. */
  private first(queue: number): number {
    const entries = this.queues[queue] as ExpiryQueue;
    while (!entries.isEmpty) {
      const slot = entries.firstSlot;
      if (this.counts(slot, entries.firstTicket)) return slot;
      entries.shift();
    }
    return NO_SLOT;
  }

  /** Whether an entry of a queue counts. */
  private counts(slot: number, ticket: number): boolean {
    return slot < NO_SLOT || (slot !== NO_SLOT && this.tickets[slot] === ticket);
  }

  private enqueueBrief(slot: number, queue: typeof FRESH | typeof WAITING, clock: number): void {
    const place = placeOf(slot);
    if (place >= this.briefEntries.length) this.briefEntries = grownFor(this.briefEntries, place);
    const number = (this.queues[queue] as ExpiryQueue).push(slot, 0, clock);
    this.briefEntries[place] = (number << 1) | (queue === WAITING ? 1 : 0);
  }

  private enqueue(slot: number, queue: number, clock: number): void {
    this.attempts.setWord(slot, W.QUEUE, queue);
    (this.queues[queue] as ExpiryQueue).push(slot, this.draw(slot), clock);
  }

  /** A new ticket: the slot's entry, if there is one, is dead. */
  private draw(slot: number): number {
    if (slot >= this.tickets.length) this.tickets = grownFor(this.tickets, slot);
    const ticket = ((this.tickets[slot] as number) + 1) | 0;
    this.tickets[slot] = ticket;
    return ticket;
  }

  private isUnanswered(slot: number): boolean {
    return slot < NO_SLOT || this.attempts.word(slot, W.STATE) <= STATE.CROSSED;
  }
}

/** Brief slots from 0 on. */
function placeOf(briefSlot: number): number {
  return NO_SLOT - 1 - briefSlot;
}

function grownFor(column: Int32Array, index: number): Int32Array<ArrayBuffer> {
  const grown = new Int32Array(2 * Math.max(index, column.length));
  grown.set(column);
  return grown;
}
