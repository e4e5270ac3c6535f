/**
 * The kernel's ring -> pcap_dispatch with pcap_dump -> memory: a batch of packets as octets of a pcap stream. The memory is used again for the next batch; as long as it
 * is not, packets wait in the ring, and when that is full the kernel counts what it drops.
 */
import type { Libpcap, Pointer } from './libpcap.ts';
import type { OpenInterface } from './open-interface.ts';

/** Packets that are taken from the ring at a time; between two such batches timers and signals have their turn. */
const MOST_PACKETS = 2048;
const MOST_OCTETS = 16 * 1024 * 1024;
const FILE_HEADER = 24;
const RECORD_HEADER = 16;
const SEEK_SET = 0;
const MAGIC_NANOSECONDS = 0xa1b2_3c4d;
const IS_LITTLE_ENDIAN = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

/** Memory for a batch, which one capture uses for all its handles, one after the other. */
export interface DumpMemory {
  readonly batch: number;
  readonly pointer: Pointer;
  readonly bytes: Uint8Array;
}

export function dumpMemory(pcap: Libpcap, snapLength: number): DumpMemory {
  const record = RECORD_HEADER + snapLength;
  const batch = Math.max(1, Math.min(MOST_PACKETS, Math.floor(MOST_OCTETS / record)));
  // The C library writes an octet of its own behind the last one.
  const octets = FILE_HEADER + batch * record + 8;
  const pointer = pcap.allocate(octets);
  return { batch, pointer, bytes: pcap.view(pointer, octets) };
}

export class Dumper {
  /** The octets that a pcap stream begins with. */
  readonly fileHeader: Uint8Array;
  /** Most packets of a batch. */
  readonly batch: number;
  readonly #pcap: Libpcap;
  readonly #handle: Pointer;
  readonly #file: Pointer;
  readonly #dumper: Pointer;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #fractionPerMilli: number;
  /** What was read and not taken: [at, end) of the memory. */
  #at = 0;
  #end = 0;

  constructor(pcap: Libpcap, { handle }: OpenInterface, { batch, pointer, bytes }: DumpMemory) {
    this.#pcap = pcap;
    this.#handle = handle;
    this.batch = batch;
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#file = pcap.call.fmemopen(pointer, bytes.length, 'w');
    this.#dumper = pcap.call.pcap_dump_fopen(handle, this.#file);
    this.#gather();
    this.fileHeader = this.take(Infinity).slice();
    const isNano = new DataView(this.fileHeader.buffer).getUint32(0, IS_LITTLE_ENDIAN) === MAGIC_NANOSECONDS;
    this.#fractionPerMilli = isNano ? 1e6 : 1e3;
  }

  /** Takes a batch from the ring, over what was there. Answers its packets; less than none when libpcap has an error. */
  read(): number {
    const { call, pcapDump } = this.#pcap;
    const packets = call.pcap_dispatch(this.#handle, this.batch, pcapDump, this.#dumper) as number;
    if (packets > 0) this.#gather();
    return packets;
  }

  /** Milliseconds since 1970 of the next packet; null when there is none. */
  get head(): number | null {
    return this.#at === this.#end ? null : this.#timeAt(this.#at);
  }

  /** The next packets, those of this time or before; at least one, if there is one. BORROWED until the next `read`. */
  take(untilMillis: number): Uint8Array {
    const from = this.#at;
    this.#at = this.#end;
    if (untilMillis < Infinity) {
      let at = this.#behind(from);
      while (at < this.#end && this.#timeAt(at) <= untilMillis) at = this.#behind(at);
      this.#at = at;
    }
    return this.#bytes.subarray(from, this.#at);
  }

  close(): void {
    this.#pcap.call.pcap_dump_close(this.#dumper);
  }

  #gather(): void {
    const { call } = this.#pcap;
    call.pcap_dump_flush(this.#dumper);
    this.#at = 0;
    this.#end = Number(call.pcap_dump_ftell(this.#dumper));
    call.fseek(this.#file, 0, SEEK_SET);
  }

  // A record: seconds 0, fraction 4, captured length 8, original length 12, then the packet.
  #timeAt(at: number): number {
    const fraction = this.#view.getUint32(at + 4, IS_LITTLE_ENDIAN);
    return this.#view.getUint32(at, IS_LITTLE_ENDIAN) * 1000 + fraction / this.#fractionPerMilli;
  }

  #behind(at: number): number {
    return at + RECORD_HEADER + this.#view.getUint32(at + 8, IS_LITTLE_ENDIAN);
  }
}
