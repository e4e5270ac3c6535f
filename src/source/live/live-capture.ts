/**
 * A live capture: packets of an interface as the pcap stream that a file of them would be, so that everything behind it is the same.
 */
import type { ByteSource } from '../byte-source.ts';
import { UserError } from '../user-error.ts';
import { openCap } from './cap-capture.ts';
import { Dumper, type DumpMemory, dumpMemory } from './dumper.ts';
import { isInterfaceUp, mayCapture } from './interfaces.ts';
import { type Libpcap, loadLibpcap, type Pointer } from './libpcap.ts';
import { type OpenInterface, openInterface } from './open-interface.ts';
import type { LiveOptions } from './options.ts';
import { Poller } from './poller.ts';
import { type Lane, Turns } from './turns.ts';

const SECOND_MILLIS = 1000;

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
  /** Milliseconds since 1970: every packet before it was handed out. Infinity when there will be none any more. */
  readonly readUntil: number;
  /** null when the engine does not tell. */
  statistics(): CaptureStatistics | null;
  /** Ends it: `chunks` ends after the packets that are in the ring. Returns at once. */
  stop(): void;
  /** Lets go of it, when `chunks` is not read. */
  close(): void;
}

/**
 * Opens all interfaces, or none. Their `chunks` must all be read at the same time: packets come in the order of their time, whichever interface they came through.
 * @throws UserError when one can't be opened, with what to do; when the filter is wrong, with libpcap's words
 */
export async function openLive(options: LiveOptions): Promise<readonly LiveCapture[]> {
  if (options.engine === 'cap') return openAllWithCap(options);
  let pcap: Libpcap;
  try {
    pcap = await loadLibpcap();
  } catch (error) {
    if (options.engine === 'libpcap' || !(error instanceof UserError)) throw error;
    return openInstead(options, error);
  }
  const poller = new Poller(pcap);
  const turns = new Turns(poller);
  return openAll(
    options.interfaces,
    (name) => new InterfaceCapture(name, options, pcap, { poller, turns }),
    () => poller.close(),
  );
}

function openAllWithCap(options: LiveOptions): Promise<readonly LiveCapture[]> {
  return openAll(
    options.interfaces,
    (name) => openCap(name, options),
    () => {},
  );
}

/** Without libpcap; when cap does not do either, it is libpcap that is to be installed. */
async function openInstead(options: LiveOptions, reason: UserError): Promise<readonly LiveCapture[]> {
  try {
    const opened = await openAllWithCap(options);
    options.say(`${reason.message}; until then the engine cap captures`);
    return opened;
  } catch (error) {
    if (error instanceof UserError) throw reason;
    throw error;
  }
}

async function openAll(
  names: readonly string[],
  open: (name: string) => LiveCapture | Promise<LiveCapture>,
  giveUp: () => void,
): Promise<readonly LiveCapture[]> {
  const opened: LiveCapture[] = [];
  try {
    for (const name of names) opened.push(await open(name));
  } catch (error) {
    for (const capture of opened) capture.close();
    giveUp();
    throw error;
  }
  return opened;
}

class InterfaceCapture implements LiveCapture, Lane {
  readonly name: string;
  readonly isLive = true;
  readonly compression = 'none';
  readonly sizeBytes = null;
  readonly truncated = false;
  readonly warnings: string[] = [];
  readonly isRereadable = false;
  readonly linkType: number;
  positionBytes = 0;
  isStopped = false;
  readonly #pcap: Libpcap;
  readonly #options: LiveOptions;
  readonly #poller: Poller;
  readonly #turns: Turns;
  readonly #stats: Pointer;
  readonly #memory: DumpMemory;
  #open: { readonly interface: OpenInterface; readonly dumper: Dumper } | null;
  /** Of handles that are closed. */
  #before: CaptureStatistics = { received: 0, droppedByKernel: 0, droppedByInterface: 0 };
  #caughtUpAt = Date.now();
  #lookedAt = Date.now();
  #isUp = true;
  #awaySince = 0;
  #isClosed = false;

  constructor(
    name: string,
    options: LiveOptions,
    pcap: Libpcap,
    shared: { readonly poller: Poller; readonly turns: Turns },
  ) {
    this.name = name;
    this.#options = options;
    this.#pcap = pcap;
    this.#poller = shared.poller;
    this.#turns = shared.turns;
    this.#stats = pcap.allocate(32);
    this.#memory = dumpMemory(pcap, options.snapLength);
    this.#open = this.#openIt();
    this.linkType = this.#open.interface.linkType;
    this.#turns.add(this);
  }

  /** BORROWED: a chunk is valid until the next one is asked for. @throws UserError when the interface vanishes, and there is no right to open it again */
  async *chunks(): AsyncGenerator<Uint8Array, void, void> {
    try {
      if (this.#open === null) return;
      yield this.#count(this.#open.dumper.fileHeader);
      for (;;) {
        const run = await this.#turns.next(this);
        if (run === null) return;
        yield this.#count(run);
      }
    } finally {
      this.close();
    }
  }

  statistics(): CaptureStatistics {
    if (this.#open === null) return this.#before;
    const { call } = this.#pcap;
    if (call.pcap_stats(this.#open.interface.handle, this.#stats) !== 0) return this.#before;
    const bytes = this.#pcap.view(this.#stats, 12);
    const [received = 0, kernel = 0, driver = 0] = new Uint32Array(bytes.buffer, bytes.byteOffset, 3);
    return {
      received: this.#before.received + received,
      droppedByKernel: this.#before.droppedByKernel + kernel,
      droppedByInterface: this.#before.droppedByInterface + driver,
    };
  }

  stop(): void {
    this.isStopped = true;
    if (!this.#isClosed) this.#poller.wake();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#closeHandle();
    this.#turns.remove(this);
  }

  // --- as Turns sees it

  get descriptor(): number | null {
    return this.#open?.interface.descriptor ?? null;
  }

  get head(): number | null {
    return this.#open?.dumper.head ?? null;
  }

  /** The kernel gathers packets for a while: what was not in the ring may be on its way into it. */
  get readUntil(): number {
    if (this.#isClosed) return Infinity;
    return this.head ?? this.#caughtUpAt - 2 * this.#options.timeoutMillis;
  }

  read(): boolean {
    const now = Date.now();
    if (this.#open === null) return this.#openAgain(now);
    const { dumper } = this.#open;
    const packets = dumper.read();
    if (packets < 0) {
      this.#vanished(String(this.#pcap.call.pcap_geterr(this.#open.interface.handle)), now);
      return false;
    }
    const isFull = packets === dumper.batch;
    if (!isFull) this.#caughtUpAt = now;
    if (now - this.#lookedAt >= SECOND_MILLIS) this.#lookAtState(now);
    return isFull;
  }

  take(until: number): Uint8Array {
    return this.#open?.dumper.take(until) ?? new Uint8Array(0);
  }

  // --- the interface's own ways

  #openIt(): { readonly interface: OpenInterface; readonly dumper: Dumper } {
    const opened = openInterface(this.#pcap, this.name, this.#options);
    return { interface: opened, dumper: new Dumper(this.#pcap, opened, this.#memory) };
  }

  /** A tunnel or a VPN that is made anew has the same name: it is waited for, if it may be opened then. */
  #vanished(said: string, now: number): void {
    const sentence = `${this.name}: ${said}`;
    this.#closeHandle();
    if (mayCapture(this.#pcap) === false) {
      throw new UserError(
        `${sentence}: what came until then is reported (root was given up, so it can't be opened again: --user root keeps root, and waits for it)`,
      );
    }
    this.#tell(`${sentence}; it is captured on again when it comes back`);
    this.#awaySince = now;
    this.#lookedAt = now;
  }

  #openAgain(now: number): boolean {
    this.#caughtUpAt = now;
    if (this.isStopped || now - this.#lookedAt < SECOND_MILLIS) return false;
    this.#lookedAt = now;
    if (isInterfaceUp(this.#pcap, this.name) !== true) return false;
    try {
      this.#open = this.#openIt();
    } catch (error) {
      if (error instanceof UserError) return false;
      throw error;
    }
    if (this.#open.interface.linkType !== this.linkType) {
      throw new UserError(`${this.name} came back as an interface of another kind: what came before is reported`);
    }
    this.#options.missed(this.#awaySince, now);
    this.#tell(`${this.name} is back, and is captured on again`);
    return false;
  }

  /** The capture of an interface that goes down is just silent. */
  #lookAtState(now: number): void {
    this.#lookedAt = now;
    if (this.name === 'any') return;
    const isUp = isInterfaceUp(this.#pcap, this.name) ?? this.#isUp;
    if (isUp !== this.#isUp)
      this.#tell(isUp ? `${this.name} is up again` : `${this.name} went down: nothing passes it`);
    this.#isUp = isUp;
  }

  #tell(sentence: string): void {
    if (this.warnings.length < MOST_WARNINGS) this.warnings.push(sentence);
    this.#options.say(sentence);
  }

  #closeHandle(): void {
    if (this.#open === null) return;
    this.#before = this.statistics();
    this.#open.dumper.close();
    // Some 25 ms, most of them the kernel's: not in front of the report.
    this.#pcap.call.pcap_close.async(this.#open.interface.handle, () => {});
    this.#open = null;
  }

  #count(chunk: Uint8Array): Uint8Array {
    this.positionBytes += chunk.length;
    return chunk;
  }
}

/** Of an interface that comes and goes all day. */
const MOST_WARNINGS = 20;
