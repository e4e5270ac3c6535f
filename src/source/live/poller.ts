/**
 * Waits for packets on all interfaces with one call of poll(2), on a thread of libuv's pool. One, because a blocking call for each interface would take all four
 * threads of the pool, and files and names would wait behind them.
 */
import type { Libpcap, Pointer } from './libpcap.ts';

const POLLIN = 1;
const EFD_NONBLOCK = 0x800;
/** struct pollfd: descriptor 4, events 2, revents 2. */
const POLLFD = 8;
/** Longest wait: what was missed, if anything, is looked at after it. */
const TIMEOUT_MILLIS = 100;

export class Poller {
  readonly #pcap: Libpcap;
  readonly #wakeDescriptor: number;
  readonly #counter: Pointer;
  readonly #descriptors = new Set<number>();
  #waiting: Promise<void> | null = null;

  constructor(pcap: Libpcap) {
    this.#pcap = pcap;
    this.#wakeDescriptor = pcap.call.eventfd(0, EFD_NONBLOCK) as number;
    this.#counter = pcap.allocate(8);
    pcap.view(this.#counter, 8)[0] = 1;
  }

  add(descriptor: number): void {
    this.#descriptors.add(descriptor);
  }

  /** The last one takes the poller's own descriptor with it. */
  remove(descriptor: number): void {
    this.#descriptors.delete(descriptor);
    this.wake();
    if (this.#descriptors.size === 0) void (this.#waiting ?? Promise.resolve()).then(() => this.#close());
  }

  #close(): void {
    if (this.#descriptors.size === 0) this.#pcap.call.close(this.#wakeDescriptor);
  }

  /** Resolves when some interface has packets, `wake` was called, or a moment has passed. */
  wait(): Promise<void> {
    this.#waiting ??= this.#poll().finally(() => {
      this.#waiting = null;
    });
    return this.#waiting;
  }

  wake(): void {
    this.#pcap.call.write(this.#wakeDescriptor, this.#counter, 8);
  }

  #poll(): Promise<void> {
    const descriptors = [this.#wakeDescriptor, ...this.#descriptors];
    const memory = this.#pcap.allocate(POLLFD * descriptors.length);
    const bytes = this.#pcap.view(memory, POLLFD * descriptors.length);
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    for (const [i, descriptor] of descriptors.entries()) {
      view.setInt32(POLLFD * i, descriptor, true);
      view.setInt16(POLLFD * i + 4, POLLIN, true);
    }
    return new Promise((resolve, reject) => {
      this.#pcap.call.poll.async(memory, descriptors.length, TIMEOUT_MILLIS, (error: Error | null) => {
        if (error !== null) {
          reject(error);
          return;
        }
        if (view.getInt16(6, true) !== 0) this.#pcap.call.read(this.#wakeDescriptor, memory, 8);
        resolve();
      });
    });
  }
}
