/**
 * The kernel's own description of its types, /sys/kernel/btf/vmlinux (Documentation/bpf/btf.rst): where the fields of its structures lie in this very kernel, and what
 * the values of an enumeration are called. Reads no more than is asked for.
 */
import { readFileSync } from 'node:fs';
import { type Fact, unknown } from '../../diagnosis/port-facts.ts';

const MAGIC = 0xeb9f;
const KIND = {
  int: 1,
  array: 3,
  struct: 4,
  union: 5,
  enum: 6,
  typedef: 8,
  volatile: 9,
  const: 10,
  restrict: 11,
  functionPrototype: 13,
  variable: 14,
  section: 15,
  declarationTag: 17,
  typeTag: 18,
  enum64: 19,
} as const;
/** Octets of a type itself; what follows depends on its kind. */
const TYPE = 12;
const MEMBER = 12;
/** Structures inside structures that are looked into: the kernel has three or four. */
const DEEPEST = 8;

export class Btf {
  private readonly bytes: Buffer;
  private readonly strings: number;
  private readonly stringsEnd: number;
  /** Where each type begins; the first one has the number 1. */
  private readonly places: number[] = [0];

  /** @throws RangeError for what is no BTF, or is cut */
  constructor(bytes: Buffer) {
    if (bytes.length < 24 || bytes.readUInt16LE(0) !== MAGIC) throw new RangeError('no BTF of this byte order');
    this.bytes = bytes;
    const header = bytes.readUInt32LE(4);
    const types = header + bytes.readUInt32LE(8);
    const typesEnd = types + bytes.readUInt32LE(12);
    this.strings = header + bytes.readUInt32LE(16);
    this.stringsEnd = this.strings + bytes.readUInt32LE(20);
    if (typesEnd > bytes.length || this.stringsEnd > bytes.length) throw new RangeError('BTF that is cut');
    for (let at = types; at + TYPE <= typesEnd; at += TYPE + this.extent(at)) this.places.push(at);
  }

  /** Octets from the beginning of the structure to the field, which may lie in nameless structures within; null when there is none. */
  offsetOf(structure: string, field: string): number | null {
    const place = this.find(structure, KIND.struct);
    const bits = place === null ? null : this.memberBits(place, field, 0);
    return bits === null || bits % 8 !== 0 ? null : bits / 8;
  }

  /** Names of an enumeration by their values; null when there is none. */
  enumeration(name: string): ReadonlyMap<number, string> | null {
    const place = this.find(name, KIND.enum);
    if (place === null) return null;
    const names = new Map<number, string>();
    for (let index = 0; index < this.count(place); index += 1) {
      const at = place + TYPE + index * 8;
      names.set(this.bytes.readUInt32LE(at + 4), this.text(this.bytes.readUInt32LE(at)));
    }
    return names;
  }

  private find(name: string, kind: number): number | null {
    const word = Buffer.from(`\0${name}\0`);
    const found = this.bytes.subarray(this.strings, this.stringsEnd).indexOf(word);
    if (found < 0) return null;
    const wanted = found + 1;
    for (const place of this.places) {
      if (place !== 0 && this.bytes.readUInt32LE(place) === wanted && this.kind(place) === kind) return place;
    }
    return null;
  }

  private memberBits(place: number, field: string, depth: number): number | null {
    const hasBitFields = (this.bytes.readUInt32LE(place + 4) & 0x80000000) !== 0;
    for (let index = 0; index < this.count(place); index += 1) {
      const at = place + TYPE + index * MEMBER;
      const raw = this.bytes.readUInt32LE(at + 8);
      const bits = hasBitFields ? raw & 0xffffff : raw;
      const name = this.text(this.bytes.readUInt32LE(at));
      if (name === field) return bits;
      if (name !== '' || depth >= DEEPEST) continue;
      const inner = this.aggregate(this.bytes.readUInt32LE(at + 4));
      const within = inner === null ? null : this.memberBits(inner, field, depth + 1);
      if (within !== null) return bits + within;
    }
    return null;
  }

  /** The structure or union behind qualifiers and other names. */
  private aggregate(type: number): number | null {
    let place = this.places[type];
    for (let depth = 0; depth < DEEPEST && place !== undefined && place !== 0; depth += 1) {
      const kind = this.kind(place);
      if (kind === KIND.struct || kind === KIND.union) return place;
      const isName =
        kind === KIND.typedef ||
        kind === KIND.const ||
        kind === KIND.volatile ||
        kind === KIND.restrict ||
        kind === KIND.typeTag;
      if (!isName) return null;
      place = this.places[this.bytes.readUInt32LE(place + 8)];
    }
    return null;
  }

  private kind(place: number): number {
    return (this.bytes.readUInt32LE(place + 4) >>> 24) & 0x1f;
  }

  private count(place: number): number {
    return this.bytes.readUInt32LE(place + 4) & 0xffff;
  }

  /** Octets behind the type itself. */
  private extent(place: number): number {
    const count = this.count(place);
    switch (this.kind(place)) {
      case KIND.int:
      case KIND.variable:
      case KIND.declarationTag:
        return 4;
      case KIND.array:
        return 12;
      case KIND.struct:
      case KIND.union:
      case KIND.section:
      case KIND.enum64:
        return 12 * count;
      case KIND.enum:
      case KIND.functionPrototype:
        return 8 * count;
      default:
        return 0;
    }
  }

  private text(offset: number): string {
    const begin = this.strings + offset;
    const end = this.bytes.indexOf(0, begin);
    return this.bytes.toString('latin1', begin, end < 0 ? this.stringsEnd : end);
  }
}

export function readBtf(file = '/sys/kernel/btf/vmlinux'): Fact<Btf> {
  try {
    return new Btf(readFileSync(file));
  } catch (error) {
    return unknown(`${file} can't be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}
