/**
 * Several interfaces are one capture: packets are handed out in the order of their time, whichever interface they came through. With a SYN-ACK that leaves by another interface
 * than the SYN came by (asymmetric routing, a bond's slaves), the order of the legs depends on it.
 *
 * A packet waits until every other interface was read up to its time: a few hundredths of a second. One interface alone waits for nothing.
 */
import type { Poller } from './poller.ts';

/** A run of packets, in the order of time, from one interface. BORROWED until the interface is asked for the next one. */
export interface Lane {
  /** poll(2) tells on it when packets have come; null while the interface is away. */
  readonly descriptor: number | null;
  /** Milliseconds since 1970 of the next packet that was read and not handed out; null when there is none. */
  readonly head: number | null;
  /** Milliseconds since 1970: every packet before it was read. */
  readonly readUntil: number;
  /** No packets will come any more. */
  readonly isStopped: boolean;
  /** Reads what has come, when nothing is left of what was read before. Answers whether there may be more at once. @throws UserError when the interface is gone for good */
  read(): boolean;
  /** The packets up to this time, at least the first. */
  take(until: number): Uint8Array;
}

interface Waiting {
  readonly resolve: (run: Uint8Array | null) => void;
  readonly reject: (error: unknown) => void;
}

/** Longest wait: what was missed, if anything, is looked at after it. */
const LONGEST_WAIT_MILLIS = 100;
/** A packet is held back no longer than this, whatever the clocks say. */
const LONGEST_HOLD_MILLIS = 100;

export class Turns {
  private readonly poller: Poller;
  private readonly waiting = new Map<Lane, Waiting | null>();
  private heldSince: number | null = null;
  private isBusy = false;

  constructor(poller: Poller) {
    this.poller = poller;
  }

  add(lane: Lane): void {
    this.waiting.set(lane, null);
  }

  /** The lane's packets are wanted no longer. */
  remove(lane: Lane): void {
    if (!this.waiting.delete(lane)) return;
    if (this.waiting.size === 0) this.poller.close();
    else this.goOn();
  }

  /** The next packets of this lane, when it is their turn: when all lanes have asked. null at the end. */
  next(lane: Lane): Promise<Uint8Array | null> {
    return new Promise((resolve, reject) => {
      this.waiting.set(lane, { resolve, reject });
      this.goOn();
    });
  }

  private goOn(): void {
    if (this.isBusy || this.waiting.size === 0) return;
    for (const waiting of this.waiting.values()) if (waiting === null) return;
    this.isBusy = true;
    void this.untilSomeTurn().finally(() => {
      this.isBusy = false;
      this.goOn();
    });
  }

  private async untilSomeTurn(): Promise<void> {
    while (this.waiting.size > 0) {
      const { isAnswered, isFull } = this.readLanes();
      // Timers and signals have their turn between full batches.
      if (isFull) await nextTurn();
      if (isAnswered) return;
      const [lane, until] = this.due();
      if (lane !== null) {
        this.answer(lane)?.resolve(lane.take(until));
        return;
      }
      const isHeld = this.heldSince !== null;
      const idle = [...this.waiting.keys()].filter(({ head }) => head === null);
      const descriptors = idle.flatMap(({ descriptor }) => (descriptor === null ? [] : [descriptor]));
      await this.poller.wait(descriptors, isHeld ? 5 : LONGEST_WAIT_MILLIS);
    }
  }

  /** Reads the lanes that have nothing at hand; ends those that are at their end, or broken. */
  private readLanes(): { isAnswered: boolean; isFull: boolean } {
    let [isAnswered, isFull] = [false, false];
    for (const lane of [...this.waiting.keys()]) {
      if (lane.head !== null) continue;
      try {
        if (lane.read()) isFull = true;
        if (lane.head !== null || !lane.isStopped) continue;
        this.answer(lane)?.resolve(null);
      } catch (error) {
        this.answer(lane)?.reject(error);
      }
      isAnswered = true;
    }
    return { isAnswered, isFull };
  }

  /** The lane with the earliest packet, and until when its packets are next; null when some other lane may still bring an earlier one. */
  private due(): [Lane | null, number] {
    let first: Lane | null = null;
    let [firstHead, next, known] = [Infinity, Infinity, Infinity];
    for (const lane of this.waiting.keys()) {
      const { head } = lane;
      if (head === null) {
        known = Math.min(known, lane.readUntil);
        continue;
      }
      if (head < firstHead) {
        next = firstHead;
        firstHead = head;
        first = lane;
      } else next = Math.min(next, head);
    }
    if (first === null) return [null, 0];
    if (firstHead > known && (first.isStopped || this.hasHeldLong())) known = Infinity;
    if (firstHead > known) return [null, 0];
    this.heldSince = null;
    return [first, Math.max(firstHead, Math.min(next, known))];
  }

  /** A step of the system's clock must not hold packets back for good. */
  private hasHeldLong(): boolean {
    this.heldSince ??= performance.now();
    return performance.now() - this.heldSince > LONGEST_HOLD_MILLIS;
  }

  private answer(lane: Lane): Waiting | null {
    const waiting = this.waiting.get(lane) ?? null;
    this.waiting.set(lane, null);
    return waiting;
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
