/** A capture with npm `cap`, where libpcap can't be called through koffi, or where it is asked for: a child process sends a pcap stream (cap-process.ts). */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { UserError } from '../user-error.ts';
import type { WantedEndpoints } from './kernel-filter.ts';
import type { LiveCapture } from './live-capture.ts';
import { howToGetTheRight } from './open-errors.ts';
import type { LiveOptions } from './options.ts';

/** What the child is told. */
export interface CapTask {
  readonly name: string;
  readonly filter: string;
  readonly bufferBytes: number;
  readonly snapLength: number;
  readonly user: string | null;
}

/** What no report of such a capture must hide. */
const CAP_WARNING =
  'captured with cap, which has neither timestamps of the kernel nor counts of losses: packets may be missing without a word, and latencies below a few milliseconds mean nothing';

/** Packets are under way through the child and a pipe for less than this; more only when the machine is overloaded. */
const UNDER_WAY_MILLIS = 1000;
/** GTP-U, Teredo, GRE, VXLAN, Geneve, MPLS: see kernel-filter.ts. */
const TUNNELS = [2152, 3544, 4754, 4789, 4790, 6081, 6635, 8472].map((port) => `udp port ${port}`).join(' or ');
const FRAGMENTS = 'ip[6:2] & 0x3fff != 0';

/** @throws UserError when it can't be opened, or cap is not installed */
export async function openCap(name: string, options: LiveOptions): Promise<LiveCapture> {
  const task: CapTask = {
    name,
    filter: capFilter(options.filter, options.endpoints),
    bufferBytes: options.bufferBytes,
    snapLength: options.snapLength,
    user: options.user,
  };
  const program = new URL('./cap-process.js', import.meta.url).pathname;
  const child = spawn(process.execPath, [program, JSON.stringify(task)], { stdio: ['ignore', 'pipe', 'pipe'] });
  const capture = new CapCapture(name, child);
  await capture.begun();
  return capture;
}

/** cap takes an expression alone: the wanted ports, and whatever is neither TCP nor UDP. */
export function capFilter(theirs: string, endpoints: WantedEndpoints | null): string {
  const ports = endpoints?.ports ?? [];
  const wanted = ports.length === 0 ? 'tcp' : ports.map((port) => `tcp port ${port}`).join(' or ');
  const ours = endpoints === null ? '' : `${wanted} or not (tcp or udp) or ${FRAGMENTS} or ${TUNNELS}`;
  if (theirs === '' || ours === '') return theirs + ours;
  return `(${theirs}) and (${ours})`;
}

class CapCapture implements LiveCapture {
  readonly name: string;
  readonly isLive = true;
  readonly compression = 'none';
  readonly sizeBytes = null;
  readonly truncated = false;
  readonly warnings: string[] = [CAP_WARNING];
  readonly isRereadable = false;
  linkType = 0;
  positionBytes = 0;
  readonly #child: ChildProcess;
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #ended: Promise<unknown>;
  #first: Uint8Array = new Uint8Array(0);
  #said = '';
  #isStopped = false;
  #isEnded = false;

  constructor(name: string, child: ChildProcess) {
    this.name = name;
    this.#child = child;
    this.#chunks = (child.stdout as NodeJS.ReadableStream)[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
    this.#ended = once(child, 'close');
    child.stderr?.on('data', (text) => {
      this.#said += String(text).slice(0, MOST_SAID - this.#said.length);
    });
  }

  /** The header of the stream has come: the interface is open. */
  async begun(): Promise<void> {
    const { value } = await this.#chunks.next();
    if (value === undefined) {
      await this.#ended;
      throw this.#openError();
    }
    this.#first = value;
    this.linkType = new DataView(value.buffer, value.byteOffset).getUint32(20, true);
  }

  get readUntil(): number {
    return this.#isEnded ? Number.POSITIVE_INFINITY : Date.now() - UNDER_WAY_MILLIS;
  }

  /** OWNED chunks. @throws UserError when the child ends by itself: cap aborts when its interface goes down */
  async *chunks(): AsyncGenerator<Uint8Array, void, void> {
    try {
      let chunk: Uint8Array | undefined = this.#first;
      while (chunk !== undefined) {
        this.positionBytes += chunk.length;
        yield chunk;
        chunk = (await this.#chunks.next()).value;
      }
      await this.#ended;
      if (!this.#isStopped) throw this.#aborted();
    } finally {
      this.#isEnded = true;
      this.#child.kill('SIGKILL');
    }
  }

  statistics(): null {
    return null;
  }

  stop(): void {
    this.#isStopped = true;
    this.#child.kill('SIGTERM');
  }

  close(): void {
    this.#child.kill('SIGKILL');
  }

  #openError(): UserError {
    const said = this.#said.trim().split('\n')[0] ?? '';
    if (/Cannot find (module|package) 'cap'/.test(said)) {
      return new UserError(
        "the engine cap is not installed: it is compiled when tripod is, if a compiler and libpcap's headers are there (Debian: g++ make python3 libpcap-dev); then npm rebuild cap",
      );
    }
    if (/permi/i.test(said)) return new UserError(`no right to capture on ${this.name}: ${howToGetTheRight()}`);
    return new UserError(`${this.name} can't be captured on with cap: ${said}`);
  }

  #aborted(): UserError {
    const { signalCode, exitCode } = this.#child;
    const how = signalCode === null ? `with ${exitCode}` : `by ${signalCode}`;
    return new UserError(
      `${this.name}: the engine cap ended ${how}, as it does when its interface goes down: what came until then is reported`,
    );
  }
}

/** Characters of what the child says that are kept. */
const MOST_SAID = 4096;
