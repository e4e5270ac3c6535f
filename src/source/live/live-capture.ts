/**
 * A live capture: packets of an interface as the pcap stream that a file of them would be, so that everything behind it is the same.
 *
 * The kernel's ring -> pcap_dispatch with pcap_dump -> memory -> a chunk. The memory is lent to whoever reads the stream; while it is lent, packets wait in the ring,
 * and when that is full the kernel counts what it drops.
 */
import type { ByteSource } from '../byte-source.ts';
import { UserError } from '../user-error.ts';
import { type Libpcap, loadLibpcap, type Pointer } from './libpcap.ts';
import { openError } from './open-errors.ts';
import type { LiveOptions } from './options.ts';
import { Poller } from './poller.ts';
import { setFilter } from './set-filter.ts';

/** Packets that are taken from the ring at a time; between two such batches timers and signals have their turn. */
const BATCH = 2048;
/** Milliseconds that the kernel gathers packets before it wakes us: verdicts are at most so late, and idle costs nothing. */
const RING_TIMEOUT_MILLIS = 10;
const RECORD_HEADER = 16;
const ERROR_BUFFER = 256;
const NANOSECONDS = 1;
const DIRECTIONS = { inout: 0, in: 1, out: 2 } as const;
/** DLT_LINUX_SLL2: it names the interface of each packet, and its direction. */
const SLL2 = 276;
const SEEK_SET = 0;

interface CaptureStatistics {
  /** Packets handed on, and dropped by the kernel for want of room, by the interface or its driver. */
  readonly received: number;
  readonly droppedByKernel: number;
  readonly droppedByInterface: number;
}

export interface LiveCapture extends ByteSource {
  /** LINKTYPE_ number. */
  readonly linkType: number;
  readonly isLive: true;
  /** Milliseconds since 1970 at which all that was in the ring had been taken; 0 before the first time. */
  readonly emptyAt: number;
  statistics(): CaptureStatistics;
  /** Ends it: `chunks` ends after the packets that are in the ring. Returns at once. */
  stop(): void;
}

/**
 * Opens all interfaces, or none. @throws UserError when one can't be opened, with what to do; when the filter is wrong, with libpcap's words
 */
export async function openLive(options: LiveOptions): Promise<readonly LiveCapture[]> {
  const pcap = await loadLibpcap();
  const poller = new Poller(pcap);
  const opened: InterfaceCapture[] = [];
  try {
    for (const name of options.interfaces) opened.push(new InterfaceCapture(name, options, pcap, poller));
  } catch (error) {
    for (const capture of opened) capture.close();
    throw error;
  }
  return opened;
}

class InterfaceCapture implements LiveCapture {
  readonly name: string;
  readonly isLive = true;
  readonly compression = 'none';
  readonly sizeBytes = null;
  readonly truncated = false;
  readonly warnings: string[] = [];
  readonly isRereadable = false;
  readonly linkType: number;
  positionBytes = 0;
  emptyAt = 0;
  readonly #pcap: Libpcap;
  readonly #poller: Poller;
  readonly #handle: Pointer;
  readonly #descriptor: number;
  readonly #dumper: Pointer;
  readonly #file: Pointer;
  readonly #bytes: Uint8Array;
  readonly #stats: Pointer;
  #last: CaptureStatistics = { received: 0, droppedByKernel: 0, droppedByInterface: 0 };
  #isStopped = false;
  #isClosed = false;

  constructor(name: string, options: LiveOptions, pcap: Libpcap, poller: Poller) {
    this.name = name;
    this.#pcap = pcap;
    this.#poller = poller;
    this.#handle = activate(pcap, name, options);
    this.linkType = pcap.call.pcap_datalink(this.#handle) as number;
    this.#descriptor = pcap.call.pcap_get_selectable_fd(this.#handle) as number;
    const octets = BATCH * (RECORD_HEADER + options.snapLength) + 64;
    const memory = pcap.allocate(octets);
    this.#bytes = pcap.view(memory, octets);
    this.#file = pcap.call.fmemopen(memory, octets, 'w');
    this.#dumper = pcap.call.pcap_dump_fopen(this.#handle, this.#file);
    this.#stats = pcap.allocate(32);
    poller.add(this.#descriptor);
  }

  /** BORROWED: a chunk is valid until the next one is asked for. @throws UserError when the interface vanishes */
  async *chunks(): AsyncGenerator<Uint8Array, void, void> {
    try {
      yield this.#take();
      for (;;) {
        const before = Date.now();
        const packets = this.#dispatch();
        if (packets < BATCH) this.emptyAt = before;
        if (packets > 0) yield this.#take();
        if (packets === BATCH) await nextTurn();
        else if (this.#isStopped && packets === 0) return;
        else if (packets === 0) await this.#poller.wait();
      }
    } finally {
      this.close();
    }
  }

  statistics(): CaptureStatistics {
    if (this.#isClosed || this.#pcap.call.pcap_stats(this.#handle, this.#stats) !== 0) return this.#last;
    const view = this.#pcap.view(this.#stats, 12);
    const [received = 0, droppedByKernel = 0, droppedByInterface = 0] = new Uint32Array(
      view.buffer,
      view.byteOffset,
      3,
    );
    this.#last = { received, droppedByKernel, droppedByInterface };
    return this.#last;
  }

  stop(): void {
    this.#isStopped = true;
    if (!this.#isClosed) this.#poller.wake();
  }

  close(): void {
    if (this.#isClosed) return;
    this.statistics();
    this.#isClosed = true;
    this.#poller.remove(this.#descriptor);
    this.#pcap.call.pcap_dump_close(this.#dumper);
    // Some 25 ms, most of them the kernel's: not in front of the report.
    this.#pcap.call.pcap_close.async(this.#handle, () => {});
  }

  /** Takes what is in the ring, a batch at most; answers how many packets. */
  #dispatch(): number {
    const { call, pcapDump } = this.#pcap;
    const packets = call.pcap_dispatch(this.#handle, BATCH, pcapDump, this.#dumper) as number;
    if (packets >= 0) return packets;
    throw new UserError(`${this.name}: ${call.pcap_geterr(this.#handle)}: what came until then is reported`);
  }

  /** The bytes that libpcap has written since the last call. */
  #take(): Uint8Array {
    const { call } = this.#pcap;
    call.pcap_dump_flush(this.#dumper);
    const length = Number(call.pcap_dump_ftell(this.#dumper));
    call.fseek(this.#file, 0, SEEK_SET);
    this.positionBytes += length;
    return this.#bytes.subarray(0, length);
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** An open handle: activated, filtered, not blocking. */
function activate(pcap: Libpcap, name: string, options: LiveOptions): Pointer {
  const { call } = pcap;
  const errors = pcap.allocate(ERROR_BUFFER);
  const handle: Pointer = call.pcap_create(name, errors);
  if (handle === null) throw openError(name, 0, textOf(pcap.view(errors, ERROR_BUFFER)));
  call.pcap_set_snaplen(handle, options.snapLength);
  call.pcap_set_promisc(handle, options.promiscuous ? 1 : 0);
  call.pcap_set_timeout(handle, RING_TIMEOUT_MILLIS);
  call.pcap_set_buffer_size(handle, options.bufferBytes);
  call.pcap_set_tstamp_precision(handle, NANOSECONDS);
  try {
    const status = call.pcap_activate(handle) as number;
    if (status < 0) throw openError(name, status, saidOf(pcap, handle, status));
    if (name === 'any') call.pcap_set_datalink(handle, SLL2);
    setFilter(pcap, handle, options);
    if (options.direction !== 'inout' && call.pcap_setdirection(handle, DIRECTIONS[options.direction]) !== 0) {
      throw new UserError(`${name}: one direction alone can't be captured here: ${call.pcap_geterr(handle)}`);
    }
    call.pcap_setnonblock(handle, 1, errors);
  } catch (error) {
    call.pcap_close(handle);
    throw error;
  }
  return handle;
}

function saidOf(pcap: Libpcap, handle: Pointer, status: number): string {
  const said = pcap.call.pcap_geterr(handle) as string;
  return said === '' ? (pcap.call.pcap_statustostr(status) as string) : said;
}

function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(bytes.slice(0, end < 0 ? bytes.length : end));
}
