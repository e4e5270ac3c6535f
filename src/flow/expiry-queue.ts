/**
 * The order in which slots fall due: a ring of entries, each a slot, its ticket and a time. Times only grow from entry to entry, so the first entry is
 * the next one due.
 *
 * An entry is never taken out of the middle. Each slot has a ticket: whoever queues a slot again, or frees it, changes the ticket, and the
 * old entry is passed over when its turn comes. That costs a few words of memory for each dead entry and saves the two neighbours that a linked
 * list must fetch to unlink a slot, which were the dearest cache misses of the tracker.
 */

const INITIAL_ENTRIES = 1 << 10;

/** Entries are numbered up to this, and then from 0 again: more of them than a queue can hold. */
const MOST_NUMBER = 0x7fff_ffff;

export class ExpiryQueue {
  private slots = new Int32Array(INITIAL_ENTRIES);
  private tickets = new Int32Array(INITIAL_ENTRIES);
  private times = new Float64Array(INITIAL_ENTRIES);
  private mask = INITIAL_ENTRIES - 1;
  private head = 0;
  private length = 0;
  /** Number of the first entry: entries are numbered as they are pushed, modulo 2^31. */
  private firstNumber = 0;
  /** For the owner: so many entries from the first on need no preparation any more. */
  prepared = 0;

  get isEmpty(): boolean {
    return this.length === 0;
  }

  /** Entries, dead ones included. */
  get size(): number {
    return this.length;
  }

  /** Of the first entry. Only while the queue is not empty. */
  get firstSlot(): number {
    return this.slots[this.head] as number;
  }

  get firstTicket(): number {
    return this.tickets[this.head] as number;
  }

  get firstTime(): number {
    return this.times[this.head] as number;
  }

  /** Of entry `index`, from 0, the first, up to size - 1. */
  slotAt(index: number): number {
    return this.slots[(this.head + index) & this.mask] as number;
  }

  ticketAt(index: number): number {
    return this.tickets[(this.head + index) & this.mask] as number;
  }

  /** Answers the entry's number, by which `rename` finds it. */
  push(slot: number, ticket: number, time: number): number {
    if (this.length > this.mask) this.grow();
    const at = (this.head + this.length) & this.mask;
    this.slots[at] = slot;
    this.tickets[at] = ticket;
    this.times[at] = time;
    this.length += 1;
    return (this.firstNumber + this.length - 1) & MOST_NUMBER;
  }

  /** The entry stands for another slot from now on. @param number of an entry that was not shifted out */
  rename(number: number, slot: number, ticket: number): void {
    const at = (this.head + ((number - this.firstNumber) & MOST_NUMBER)) & this.mask;
    this.slots[at] = slot;
    this.tickets[at] = ticket;
  }

  /** Every entry from the first on, dead ones included. */
  each(visit: (slot: number, ticket: number) => void): void {
    for (let i = 0; i < this.length; i++) {
      const at = (this.head + i) & this.mask;
      visit(this.slots[at] as number, this.tickets[at] as number);
    }
  }

  /** Takes the first entry off. */
  shift(): void {
    this.head = (this.head + 1) & this.mask;
    this.length -= 1;
    this.firstNumber = (this.firstNumber + 1) & MOST_NUMBER;
    if (this.prepared > 0) this.prepared -= 1;
  }

  private grow(): void {
    const entries = this.mask + 1;
    const slots = new Int32Array(2 * entries);
    const tickets = new Int32Array(2 * entries);
    const times = new Float64Array(2 * entries);
    for (let i = 0; i < entries; i++) {
      const at = (this.head + i) & this.mask;
      slots[i] = this.slots[at] as number;
      tickets[i] = this.tickets[at] as number;
      times[i] = this.times[at] as number;
    }
    this.slots = slots;
    this.tickets = tickets;
    this.times = times;
    this.mask = 2 * entries - 1;
    this.head = 0;
  }
}
