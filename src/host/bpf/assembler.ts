/** Instructions of BPF (Documentation/bpf/standardization/instruction-set.rst), with labels: as much as the programme of drop-program.ts needs. */

export type Register = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10;
type Size = 1 | 2 | 4 | 8;

const LOAD: Readonly<Record<Size, number>> = { 1: 0x71, 2: 0x69, 4: 0x61, 8: 0x79 };
const STORE: Readonly<Record<Size, number>> = { 1: 0x73, 2: 0x6b, 4: 0x63, 8: 0x7b };

interface Instruction {
  readonly operation: number;
  readonly destination: number;
  readonly source: number;
  offset: number;
  readonly immediate: number;
  readonly label: string | null;
}

export class Assembler {
  private readonly instructions: Instruction[] = [];
  private readonly labels = new Map<string, number>();

  /** to = from */
  move(to: Register, from: Register): void {
    this.add(0xbf, to, from);
  }

  moveImmediate(to: Register, value: number): void {
    this.add(0xb7, to, 0, 0, value);
  }

  addImmediate(to: Register, value: number): void {
    this.add(0x07, to, 0, 0, value);
  }

  addRegister(to: Register, from: Register): void {
    this.add(0x0f, to, from);
  }

  and(to: Register, mask: number): void {
    this.add(0x57, to, 0, 0, mask);
  }

  shiftLeft(to: Register, bits: number): void {
    this.add(0x67, to, 0, 0, bits);
  }

  shiftRight(to: Register, bits: number): void {
    this.add(0x77, to, 0, 0, bits);
  }

  /** to = *(from + offset) */
  load(size: Size, to: Register, from: Register, offset: number): void {
    this.add(LOAD[size], to, from, offset);
  }

  /** *(to + offset) = from */
  store(size: Size, to: Register, offset: number, from: Register): void {
    this.add(STORE[size], to, from, offset);
  }

  /** *(u64 *)(to + offset) = 0 */
  clear(to: Register, offset: number): void {
    this.add(0x7a, to, 0, offset, 0);
  }

  /** *(u64 *)(to + offset) += from, at once for all processors */
  addAtomically(to: Register, offset: number, from: Register): void {
    this.add(0xdb, to, from, offset);
  }

  /** to = the map of this descriptor; two instructions long */
  loadMap(to: Register, descriptor: number): void {
    this.add(0x18, to, 1, 0, descriptor);
    this.add(0, 0, 0);
  }

  call(helper: number): void {
    this.add(0x85, 0, 0, 0, helper);
  }

  exit(): void {
    this.add(0x95, 0, 0);
  }

  jump(label: string): void {
    this.add(0x05, 0, 0, 0, 0, label);
  }

  /** The whole register. */
  jumpIfEqual(register: Register, value: number, label: string): void {
    this.add(0x15, register, 0, 0, value, label);
  }

  jumpUnlessEqual(register: Register, value: number, label: string): void {
    this.add(0x55, register, 0, 0, value, label);
  }

  /** Its lower 32 bits: a value with the highest of them set is no negative number. */
  jumpUnlessEqual32(register: Register, value: number, label: string): void {
    this.add(0x56, register, 0, 0, value, label);
  }

  label(name: string): void {
    this.labels.set(name, this.instructions.length);
  }

  /** Eight octets for each instruction. */
  bytes(): Buffer {
    const bytes = Buffer.alloc(this.instructions.length * 8);
    for (const [index, each] of this.instructions.entries()) {
      const target = each.label === null ? null : this.labels.get(each.label);
      const offset = target === null ? each.offset : (target ?? index) - index - 1;
      bytes.writeUInt8(each.operation, index * 8);
      bytes.writeUInt8(each.destination | (each.source << 4), index * 8 + 1);
      bytes.writeInt16LE(offset, index * 8 + 2);
      bytes.writeInt32LE(each.immediate | 0, index * 8 + 4);
    }
    return bytes;
  }

  private add(
    operation: number,
    destination: number,
    source: number,
    offset = 0,
    immediate = 0,
    label: string | null = null,
  ): void {
    this.instructions.push({ operation, destination, source, offset, immediate, label });
  }
}
