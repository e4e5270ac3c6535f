/** Captures in gzip, zstd and lz4: whole frames with right checksums around broken captures, several members behind each other, nested, cut; and broken streams. */
import { gzipSync } from 'node:zlib';
import { XxHash32 } from '../../src/source/xxhash32.ts';
import { concat, words } from '../support/capture-bytes.ts';
import { LZ4_SAMPLES, ZSTD_SAMPLES } from '../support/compressed-samples.ts';
import type { Choice } from './choice.ts';
import { mutateBytes } from './mutate.ts';

const SAMPLES = [...Object.values(ZSTD_SAMPLES), ...Object.values(LZ4_SAMPLES)].map(
  (text) => new Uint8Array(Buffer.from(text, 'base64')),
);

/** A compressed stream with this capture in it, or what is left of one. */
export function packCapture(capture: Uint8Array, choice: Choice): Uint8Array {
  if (choice.once(8)) return mutateBytes(choice.of(SAMPLES), choice, choice.of(SAMPLES));
  let packed = packOnce(capture, choice);
  if (choice.once(12)) packed = packOnce(packed, choice);
  return choice.once(3) ? mutateBytes(packed, choice, choice.of(SAMPLES)) : packed;
}

function packOnce(capture: Uint8Array, choice: Choice): Uint8Array {
  const pack = choice.of([gzipMember, zstdFrame, lz4Frame, legacyFrame]);
  const cut = choice.once(3) ? choice.below(capture.length) : capture.length;
  const members = [pack(capture.subarray(0, cut), choice)];
  if (choice.once(6)) members.unshift(skippable(choice));
  if (cut < capture.length) members.push(pack(capture.subarray(cut), choice));
  if (choice.once(10)) members.push(new Uint8Array(choice.below(40)));
  return concat(...members);
}

/** With the header's optional parts (RFC 1952 §2.3.1). */
function gzipMember(bytes: Uint8Array, choice: Choice): Uint8Array {
  const plain = new Uint8Array(gzipSync(bytes, { level: 1 }));
  if (!choice.once(4)) return plain;
  const text = Uint8Array.from({ length: choice.of([0, 1, 300, 9000]) }, () => 1 + choice.below(255));
  const header = plain.slice(0, 10);
  header[3] = 0b1_1000;
  return concat(header, text, Uint8Array.of(0), text, Uint8Array.of(0), plain.subarray(10));
}

function skippable(choice: Choice): Uint8Array {
  const length = choice.of([0, 4, 100, 0xffff_ffff]);
  return concat(words(true, 0x184d2a50 + choice.below(16), length), new Uint8Array(Math.min(length, 100)));
}

/** RFC 8878 §3.1.1: blocks as they are, and blocks of one octet many times. */
function zstdFrame(bytes: Uint8Array, choice: Choice): Uint8Array {
  const windowDescriptor = choice.of([0x58, 0x58, 0x70, 0x88, 0xb8, 0xff]);
  const blocks: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const piece = bytes.subarray(at, at + 1 + choice.below(2000));
    blocks.push(zstdBlock(0, piece.length, piece));
    at += piece.length;
    if (choice.once(20))
      blocks.push(zstdBlock(choice.of([1, 2, 3]), choice.of([0, 1, 131_072, 131_073, 0x1f_ffff]), Uint8Array.of(0)));
  }
  const last = zstdBlock(0, 0, new Uint8Array(0));
  last[0] = 1;
  return concat(
    words(true, 0xfd2fb528),
    Uint8Array.of(choice.once(10) ? choice.below(256) : 0, windowDescriptor),
    ...blocks,
    last,
  );
}

function zstdBlock(type: number, size: number, content: Uint8Array): Uint8Array {
  const header = (size << 3) | (type << 1);
  return concat(Uint8Array.of(header & 0xff, (header >>> 8) & 0xff, (header >>> 16) & 0xff), content);
}

/** Blocks as they are and blocks of literals; the header's checksum is right, those of blocks and content are there now and then. */
function lz4Frame(bytes: Uint8Array, choice: Choice): Uint8Array {
  const descriptor = Uint8Array.of(
    0x40 | choice.of([0x20, 0, 0x30, 0x24, 0x14]),
    choice.of([0x40, 0x50, 0x60, 0x70, 0x70, 0x30]),
  );
  const flags = descriptor[0] as number;
  const check = (new XxHash32().update(descriptor).digest() >>> 8) & 0xff;
  const blocks: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const piece = bytes.subarray(at, at + 1 + choice.below(2000));
    at += piece.length;
    const data = choice.once(2) ? piece : literals(piece, choice);
    const size = (data === piece ? 0x8000_0000 : 0) + data.length;
    const checksum = (flags & 0b1_0000) === 0 ? new Uint8Array(0) : words(true, new XxHash32().update(data).digest());
    blocks.push(concat(words(true, choice.once(80) ? 0x7fff_ffff : size), data, checksum));
  }
  const content = (flags & 0b100) === 0 ? new Uint8Array(0) : words(true, new XxHash32().update(bytes).digest());
  return concat(words(true, 0x184d2204), descriptor, Uint8Array.of(check), ...blocks, words(true, 0), content);
}

function legacyFrame(bytes: Uint8Array, choice: Choice): Uint8Array {
  const data = literals(bytes, choice);
  return concat(words(true, 0x184d2102, choice.once(20) ? 0x0080_8000 : data.length), data);
}

/** One sequence of literals (lz4_Block_format.md); now and then with a match before them that reaches back further than there is. */
function literals(bytes: Uint8Array, choice: Choice): Uint8Array {
  const length: number[] = [];
  for (let left = bytes.length - 15; left >= 0; left -= 255) length.push(Math.min(left, 255));
  const token = Math.min(bytes.length, 15) << 4;
  const before = choice.once(30)
    ? Uint8Array.of(0x1f, 0x41, choice.below(256), choice.below(2), 255, 255, 10)
    : new Uint8Array(0);
  return concat(before, Uint8Array.of(token, ...length), bytes);
}
