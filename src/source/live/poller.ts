/**
 * Waits for packets on all interfaces with one call of poll(2), on a thread of libuv's pool. One, because a blocking call for each interface would take all four
 * threads of the pool, and files and names would wait behind them.
 */
import type { Libpcap, Pointer } from './libpcap.ts';

const POLLIN = 1;
const EFD_NONBLOCK = 0x800;
/** struct pollfd: descriptor 4, events 2, revents 2. */
const POLLFD = 8;

export class Poller {
  readonly #pcap: Libpcap;
  readonly #wakeDescriptor: number;
  readonly #counter: Pointer;
  #isWaiting = false;
  #isClosed = false;

  constructor(pcap: Libpcap) {
    this.#pcap = pcap;
    this.#wakeDescriptor = pcap.call.eventfd(0, EFD_NONBLOCK) as number;
    this.#counter = pcap.allocate(8);
    pcap.view(this.#counter, 8)[0] = 1;
  }

  /** Resolves when one of the descriptors has packets or an error, `wake` was called, or the time is over. Not to be called again before. */
  async wait(descriptors: readonly number[], milliseconds: number): Promise<void> {
    this.#isWaiting = true;
    try {
      await this.#poll([this.#wakeDescriptor, ...descriptors], milliseconds);
    } finally {
      this.#isWaiting = false;
      if (this.#isClosed) this.#pcap.call.close(this.#wakeDescriptor);
    }
  }

  wake(): void {
    if (!this.#isClosed) this.#pcap.call.write(this.#wakeDescriptor, this.#counter, 8);
  }

  close(): void {
    if (this.#isClosed) return;
    this.wake();
    this.#isClosed = true;
    if (!this.#isWaiting) this.#pcap.call.close(this.#wakeDescriptor);
  }

  #poll(descriptors: readonly number[], milliseconds: number): Promise<void> {
    const memory = this.#pcap.allocate(POLLFD * descriptors.length);
    const bytes = this.#pcap.view(memory, POLLFD * descriptors.length);
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    for (const [i, descriptor] of descriptors.entries()) {
      view.setInt32(POLLFD * i, descriptor, true);
      view.setInt16(POLLFD * i + 4, POLLIN, true);
    }
    return new Promise((resolve, reject) => {
      this.#pcap.call.poll.async(memory, descriptors.length, milliseconds, (error: Error | null) => {
        if (error !== null) {
          reject(error);
          return;
        }
        if (view.getInt16(6, true) !== 0) this.#pcap.call.read(this.#wakeDescriptor, memory, 8);
        this.#pcap.free(memory);
        resolve();
      });
    });
  }
}
