/** The system call bpf(2): maps, programmes, and hanging a programme onto a tracepoint. All of it is gone when its descriptors are closed, also by a crash. */
import { type Fact, isKnown, unknown } from '../../diagnosis/port-facts.ts';
import { type Libc, loadLibc } from '../libc.ts';

/** Number of the call by the machine (arch/…/syscall.tbl). */
const CALL_NUMBER: Readonly<Record<string, number>> = {
  x64: 321,
  arm64: 280,
  riscv64: 280,
  loong64: 280,
  arm: 386,
  ia32: 357,
};

/** enum bpf_cmd, bpf_map_type, bpf_prog_type (include/uapi/linux/bpf.h). */
const COMMAND = {
  mapCreate: 0,
  mapLookup: 1,
  programLoad: 5,
  programById: 13,
  infoByDescriptor: 15,
  programQuery: 16,
  tracepointOpen: 17,
  mapPop: 21,
} as const;
export const MAP = { array: 2, queue: 22 } as const;
const RAW_TRACEPOINT = 17;
const ATTRIBUTES = 128;
/** Where the kernel calls helpers that are for GPL programmes alone, it asks for a licence that is compatible. */
const LICENCE = 'Dual MIT/GPL';
const LOG_OCTETS = 1 << 16;
const EPERM = 1;
const ENOENT = 2;
const EINVAL = 22;
/** Also what is attached to the control groups above. */
const QUERY_EFFECTIVE = 1;
const MOST_PROGRAMS = 64;
/** struct bpf_prog_info, as far as the name. */
const INFO = { length: 80, name: 64, nameLength: 16 } as const;

/** Where programmes are attached: an interface of this namespace, or a control group by a descriptor of its folder. */
export type ProgramTarget = { readonly interfaceIndex: number } | { readonly group: number };

export interface BpfMap {
  readonly descriptor: number;
  readonly valueLength: number;
}

export class Bpf {
  private readonly libc: Libc;
  private readonly number: number;
  private readonly syscall: ReturnType<Libc['function']>;
  private readonly closeCall: ReturnType<Libc['function']>;

  private constructor(libc: Libc, number: number) {
    this.libc = libc;
    this.number = number;
    this.syscall = libc.function('long syscall(long number, int command, uint8_t *attributes, unsigned int size)');
    this.closeCall = libc.function('int close(int fd)');
  }

  static async load(): Promise<Fact<Bpf>> {
    const number = CALL_NUMBER[process.arch];
    if (number === undefined) return unknown(`tripod does not know the call bpf on ${process.arch}`);
    const libc = await loadLibc();
    return isKnown(libc) ? new Bpf(libc, number) : libc;
  }

  createMap(type: number, keyLength: number, valueLength: number, entries: number): Fact<number> {
    const attributes = Buffer.alloc(ATTRIBUTES);
    for (const [index, value] of [type, keyLength, valueLength, entries].entries()) {
      attributes.writeUInt32LE(value, index * 4);
    }
    const descriptor = this.call(COMMAND.mapCreate, attributes);
    return descriptor < 0 ? this.refused('BPF maps') : descriptor;
  }

  /** A programme for a raw tracepoint. */
  loadProgram(instructions: Buffer): Fact<number> {
    const code = this.libc.memory(instructions.length);
    const licence = this.libc.memory(LICENCE.length + 1);
    const log = this.libc.memory(LOG_OCTETS);
    try {
      Buffer.from(code.bytes).set(instructions);
      Buffer.from(licence.bytes).write(`${LICENCE}\0`, 'latin1');
      const attributes = Buffer.alloc(ATTRIBUTES);
      attributes.writeUInt32LE(RAW_TRACEPOINT, 0);
      attributes.writeUInt32LE(instructions.length / 8, 4);
      attributes.writeBigUInt64LE(code.address, 8);
      attributes.writeBigUInt64LE(licence.address, 16);
      const descriptor = this.call(COMMAND.programLoad, attributes);
      if (descriptor >= 0) return descriptor;
      if (this.libc.errno() === EPERM) return this.refused('BPF programmes');
      // Once more, to hear why: level 1, length, place.
      attributes.writeUInt32LE(1, 24);
      attributes.writeUInt32LE(LOG_OCTETS, 28);
      attributes.writeBigUInt64LE(log.address, 32);
      this.call(COMMAND.programLoad, attributes);
      const lines = Buffer.from(log.bytes).toString('latin1').split('\0')[0]?.trim().split('\n') ?? [];
      return unknown(`the kernel refuses the BPF programme: ${lines.at(-2) ?? lines.at(-1) ?? 'it does not say why'}`);
    } finally {
      for (const memory of [code, licence, log]) memory.free();
    }
  }

  /** Runs the programme at the tracepoint until the descriptor is closed. */
  attach(tracepoint: string, program: number): Fact<number> {
    const name = this.libc.memory(tracepoint.length + 1);
    try {
      Buffer.from(name.bytes).write(`${tracepoint}\0`, 'latin1');
      const attributes = Buffer.alloc(ATTRIBUTES);
      attributes.writeBigUInt64LE(name.address, 0);
      attributes.writeUInt32LE(program, 8);
      const descriptor = this.call(COMMAND.tracepointOpen, attributes);
      return descriptor < 0 ? this.refused(`the tracepoint ${tracepoint}`) : descriptor;
    } finally {
      name.free();
    }
  }

  /**
   * Identifiers of the programmes that are attached there, at most `MOST_PROGRAMS`.
   * @param type enum bpf_attach_type; one that this kernel does not know has none
   */
  attached(target: ProgramTarget, type: number): Fact<readonly number[]> {
    const ids = this.libc.memory(MOST_PROGRAMS * 4);
    try {
      const attributes = Buffer.alloc(ATTRIBUTES);
      const isGroup = 'group' in target;
      attributes.writeUInt32LE(isGroup ? target.group : target.interfaceIndex, 0);
      attributes.writeUInt32LE(type, 4);
      if (isGroup) attributes.writeUInt32LE(QUERY_EFFECTIVE, 8);
      attributes.writeBigUInt64LE(ids.address, 16);
      attributes.writeUInt32LE(MOST_PROGRAMS, 24);
      const result = this.call(COMMAND.programQuery, attributes);
      if (result < 0) return this.libc.errno() === EINVAL ? [] : this.refused('lists of attached BPF programmes');
      const count = Math.min(attributes.readUInt32LE(24), MOST_PROGRAMS);
      return [...new Uint32Array(ids.bytes.slice(0, count * 4))];
    } finally {
      ids.free();
    }
  }

  /** As it was loaded, cut by the kernel to 15 octets; null when it has none, or may not be asked. */
  programName(id: number): string | null {
    const attributes = Buffer.alloc(ATTRIBUTES);
    attributes.writeUInt32LE(id, 0);
    const descriptor = this.call(COMMAND.programById, attributes);
    if (descriptor < 0) return null;
    const info = this.libc.memory(INFO.length);
    try {
      Buffer.from(info.bytes).fill(0);
      attributes.fill(0);
      attributes.writeUInt32LE(descriptor, 0);
      attributes.writeUInt32LE(INFO.length, 4);
      attributes.writeBigUInt64LE(info.address, 8);
      if (this.call(COMMAND.infoByDescriptor, attributes) < 0) return null;
      const name = Buffer.from(info.bytes).toString('latin1', INFO.name, INFO.name + INFO.nameLength);
      return name.split('\0')[0] || null;
    } finally {
      info.free();
      this.close(descriptor);
    }
  }

  /** The oldest values of a queue, taken out of it; at most `most`. */
  pop(map: BpfMap, most: number): Buffer[] {
    return this.values(map, COMMAND.mapPop, most);
  }

  /** A number of 64 bits in a map of one entry. */
  readNumber(map: BpfMap): number {
    const [value] = this.values(map, COMMAND.mapLookup, 1);
    return value === undefined ? 0 : Number(value.readBigUInt64LE(0));
  }

  close(descriptor: number): void {
    this.closeCall(descriptor);
  }

  private values(map: BpfMap, command: number, most: number): Buffer[] {
    const key = this.libc.memory(8);
    const value = this.libc.memory(map.valueLength);
    const attributes = Buffer.alloc(ATTRIBUTES);
    attributes.writeUInt32LE(map.descriptor, 0);
    // A queue has no keys.
    if (command === COMMAND.mapLookup) attributes.writeBigUInt64LE(key.address, 8);
    attributes.writeBigUInt64LE(value.address, 16);
    Buffer.from(key.bytes).fill(0);
    const found: Buffer[] = [];
    try {
      while (found.length < most && this.call(command, attributes) === 0) {
        found.push(Buffer.from(Buffer.from(value.bytes)));
      }
    } finally {
      key.free();
      value.free();
    }
    return found;
  }

  private call(command: number, attributes: Buffer): number {
    return Number(this.syscall(this.number, command, attributes, attributes.length));
  }

  private refused(what: string): Fact<never> {
    const errno = this.libc.errno();
    if (errno === EPERM) return unknown(`no permission for ${what}: run as root`);
    return unknown(errno === ENOENT ? `this kernel has no ${what}` : `this kernel refuses ${what} (errno ${errno})`);
  }
}
