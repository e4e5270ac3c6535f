/**
 * Programs of the classic BSD packet filter, which the kernel runs on each packet before it copies any of it (McCanne and Jacobson, 1993; linux/filter.h;
 * Documentation/networking/filter.rst). An instruction is a code, two jump distances of 8 bits, and a number of 32 bits. Jumps go forward alone.
 */

/** Codes of linux/bpf_common.h, put together. `[x + k]` counts from the beginning of the packet. */
export const OP = {
  /** A = octet, half word, word at [k]. */
  LOAD_BYTE: 0x30,
  LOAD_HALF: 0x28,
  /** A = octet, half word, word at [x + k]. */
  LOAD_BYTE_AT_X: 0x50,
  LOAD_HALF_AT_X: 0x48,
  LOAD_WORD_AT_X: 0x40,
  /** A = length of the packet on the wire. */
  LOAD_LENGTH: 0x80,
  LOAD_MEMORY: 0x60,
  STORE_MEMORY: 0x02,
  LOAD_X: 0x01,
  LOAD_X_MEMORY: 0x61,
  STORE_X_MEMORY: 0x03,
  A_TO_X: 0x07,
  X_TO_A: 0x87,
  ADD: 0x04,
  ADD_X: 0x0c,
  SUBTRACT_X: 0x1c,
  AND: 0x54,
  SHIFT_LEFT: 0x64,
  SHIFT_RIGHT: 0x74,
  JUMP: 0x05,
  IF_EQUAL: 0x15,
  IF_GREATER_OR_EQUAL: 0x35,
  IF_ANY_BIT: 0x45,
  RETURN: 0x06,
} as const;

export interface Instruction {
  readonly code: number;
  /** Instructions to skip when the condition holds, and when it does not. */
  readonly ifTrue: number;
  readonly ifFalse: number;
  /** Unsigned. */
  readonly k: number;
}

/** BPF_MAXINSNS */
export const MOST_INSTRUCTIONS = 4096;
/** struct sock_filter, and struct bpf_insn: code 2, distances 1 and 1, number 4. */
export const INSTRUCTION_LENGTH = 8;
const FARTHEST = 0xff;

/** A place in a program that is being written; unique, and compared as an object. */
export class Label {}

type Line =
  | { readonly kind: 'label'; readonly label: Label }
  | { readonly kind: 'plain'; readonly code: number; readonly k: number }
  | { readonly kind: 'jump'; readonly code: number; readonly k: number; readonly target: Label };

/** Writes a program line by line; a condition jumps to a label when it holds, and goes on with the next line when not. */
export class Assembler {
  private readonly lines: Line[] = [];

  put(code: number, k = 0): void {
    this.lines.push({ kind: 'plain', code, k });
  }

  /** Jumps when A compared with k says so. */
  when(code: number, k: number, target: Label): void {
    this.lines.push({ kind: 'jump', code, k, target });
  }

  jump(target: Label): void {
    this.lines.push({ kind: 'jump', code: OP.JUMP, k: 0, target });
  }

  /** The next line is the label's place. */
  place(label: Label): void {
    this.lines.push({ kind: 'label', label });
  }

  assemble(): Instruction[] {
    const far = this.farConditions();
    const places = this.places(far);
    const program: Instruction[] = [];
    for (const line of this.lines) {
      if (line.kind === 'plain') program.push({ code: line.code, ifTrue: 0, ifFalse: 0, k: line.k >>> 0 });
      if (line.kind !== 'jump') continue;
      const target = places.get(line.target) as number;
      if (line.code !== OP.JUMP && !far.has(line)) {
        program.push({ code: line.code, ifTrue: target - program.length - 1, ifFalse: 0, k: line.k >>> 0 });
        continue;
      }
      if (line.code !== OP.JUMP) program.push({ code: line.code, ifTrue: 0, ifFalse: 1, k: line.k >>> 0 });
      program.push({ code: OP.JUMP, ifTrue: 0, ifFalse: 0, k: target - program.length - 1 });
    }
    return program;
  }

  /** Conditions whose target is too far for 8 bits: they take a jump of their own. Each that is found moves the others apart, so it is repeated. */
  private farConditions(): ReadonlySet<Line> {
    const far = new Set<Line>();
    for (let before = -1; before !== far.size; ) {
      before = far.size;
      const places = this.places(far);
      let at = 0;
      for (const line of this.lines) {
        if (line.kind === 'label') continue;
        const isShort = line.kind === 'jump' && line.code !== OP.JUMP && !far.has(line);
        if (isShort && (places.get(line.target) as number) - at - 1 > FARTHEST) far.add(line);
        at += far.has(line) ? 2 : 1;
      }
    }
    return far;
  }

  private places(far: ReadonlySet<Line>): ReadonlyMap<Label, number> {
    const places = new Map<Label, number>();
    let at = 0;
    for (const line of this.lines) {
      if (line.kind === 'label') places.set(line.label, at);
      else at += far.has(line) ? 2 : 1;
    }
    return places;
  }
}

/** One program after the other: what the first lets through is the second's to judge. Both must be loop-free programs that end in returns of a number. */
export function chain(first: readonly Instruction[], second: readonly Instruction[]): Instruction[] {
  const passing = first.map((instruction, at): Instruction => {
    if (instruction.code !== OP.RETURN || instruction.k === 0) return instruction;
    return { code: OP.JUMP, ifTrue: 0, ifFalse: 0, k: first.length - at - 1 };
  });
  return [...passing, ...second];
}

/** As the C side has them: little-endian or not, as this machine is. */
export function encodeProgram(program: readonly Instruction[]): Uint8Array {
  const bytes = new Uint8Array(program.length * INSTRUCTION_LENGTH);
  const halves = new Uint16Array(bytes.buffer);
  const words = new Uint32Array(bytes.buffer);
  for (const [i, { code, ifTrue, ifFalse, k }] of program.entries()) {
    halves[4 * i] = code;
    bytes[INSTRUCTION_LENGTH * i + 2] = ifTrue;
    bytes[INSTRUCTION_LENGTH * i + 3] = ifFalse;
    words[2 * i + 1] = k;
  }
  return bytes;
}

export function decodeProgram(bytes: Uint8Array): Instruction[] {
  const copy = bytes.slice();
  const halves = new Uint16Array(copy.buffer);
  const words = new Uint32Array(copy.buffer);
  const count = Math.floor(copy.length / INSTRUCTION_LENGTH);
  return Array.from({ length: count }, (_, i) => ({
    code: halves[4 * i] as number,
    ifTrue: copy[INSTRUCTION_LENGTH * i + 2] as number,
    ifFalse: copy[INSTRUCTION_LENGTH * i + 3] as number,
    k: words[2 * i + 1] as number,
  }));
}
