/** Changes that break things: octets, lengths, counts, nesting; in frames, in the records and blocks of captures, in compressed streams. */
import { concat } from '../support/packet-bytes.ts';
import type { Choice } from './choice.ts';
import { type FrameSeed, TUNNELS } from './seeds.ts';

const OCTETS = [
  0, 1, 2, 4, 5, 6, 8, 15, 16, 17, 41, 43, 44, 47, 50, 51, 58, 60, 63, 64, 127, 128, 129, 254, 255,
] as const;
const WORDS = [
  0, 1, 4, 8, 12, 16, 20, 28, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0x0004_0000, 0x0004_0001, 0x1000_0000,
] as const;

/** Octets that an input may grow to. */
const LONGEST = 65_536;

/** One to eight changes anywhere. */
export function mutateBytes(bytes: Uint8Array, choice: Choice, other: Uint8Array): Uint8Array {
  let result: Uint8Array = bytes.slice();
  for (let left = 1 + choice.below(8); left > 0; left--) result = changeOnce(result, choice, other);
  return result.length > LONGEST ? result.slice(0, LONGEST) : result;
}

function changeOnce(bytes: Uint8Array, choice: Choice, other: Uint8Array): Uint8Array {
  const { length } = bytes;
  if (length < 4) return concat(bytes, other.slice(0, 64));
  const at = choice.below(length);
  switch (choice.below(10)) {
    case 0:
      return bytes.slice(0, at);
    case 1:
      return concat(bytes, other.slice(choice.below(other.length)));
    case 2:
      return concat(bytes.slice(0, at), other.slice(choice.below(other.length)));
    case 3: {
      // A stretch twice: headers within headers.
      const end = at + 1 + choice.below(Math.min(64, length - at));
      return concat(bytes.slice(0, end), bytes.slice(at));
    }
    case 4: {
      const end = at + 1 + choice.below(Math.min(16, length - at));
      return concat(bytes.slice(0, at), bytes.slice(end));
    }
    case 5:
      new DataView(bytes.buffer, bytes.byteOffset).setUint16(Math.min(at, length - 2), choice.of(WORDS) & 0xffff);
      return bytes;
    case 6:
      new DataView(bytes.buffer, bytes.byteOffset).setUint32(
        Math.min(at, length - 4),
        choice.of(WORDS),
        choice.once(2),
      );
      return bytes;
    case 7:
      bytes[at] = (bytes[at] as number) ^ (1 << choice.below(8));
      return bytes;
    case 8:
      bytes[at] = choice.of(OCTETS);
      return bytes;
    default:
      bytes[at] = choice.below(256);
      return bytes;
  }
}

/** A frame with changes, sometimes as the inside of tunnels, sometimes under another link type. */
export function mutateFrame(seed: FrameSeed, choice: Choice, other: FrameSeed): FrameSeed {
  let bytes = seed.bytes;
  if (choice.once(6) && seed.linkType === 1 && bytes.length > 14) {
    let packet: Uint8Array = bytes.slice(14);
    for (let depth = 1 + choice.below(6); depth > 0 && packet.length < 4000; depth--)
      packet = choice.of(TUNNELS)(packet);
    bytes = concat(
      bytes.slice(0, 12),
      Uint8Array.of((packet[0] as number) >> 4 === 6 ? 0x86 : 8, (packet[0] as number) >> 4 === 6 ? 0xdd : 0),
      packet,
    );
  }
  const linkType = choice.once(40) ? other.linkType : seed.linkType;
  return { linkType, bytes: mutateBytes(bytes, choice, other.bytes) };
}

/** One to three octets of it are others. */
export function varied({ linkType, bytes }: FrameSeed, choice: Choice): FrameSeed {
  const copy = bytes.slice();
  if (copy.length > 0) {
    for (let left = 1 + choice.below(3); left > 0; left--) {
      copy[choice.below(copy.length)] = choice.once(2) ? choice.of(OCTETS) : choice.below(256);
    }
  }
  return { linkType, bytes: copy };
}

/** Where a capture's structures begin: records of a pcap, blocks of a pcapng. Of a damaged one, as far as they can be followed. */
function boundaries(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found: number[] = [];
  if (bytes.length < 28) return [0];
  const isBlocks = view.getUint32(0) === 0x0a0d0d0a;
  const little = isBlocks ? bytes[8] === 0x4d : (bytes[0] as number) !== 0xa1;
  for (let at = isBlocks ? 0 : 24; at + 16 <= bytes.length && found.length < 1000; ) {
    found.push(at);
    const length = isBlocks ? view.getUint32(at + 4, little) : 16 + view.getUint32(at + 8, little);
    if (length < 12 || length > bytes.length) break;
    at += length;
  }
  return found.length === 0 ? [0] : found;
}

/** Records dropped, doubled, exchanged; their headers changed; two captures behind each other; and octets changed anywhere. */
export function mutateCapture(seed: Uint8Array, choice: Choice, other: Uint8Array): Uint8Array {
  const starts = boundaries(seed);
  const pick = choice.below(starts.length);
  const from = starts[pick] as number;
  const to = starts[pick + 1] ?? seed.length;
  switch (choice.below(7)) {
    case 0:
      return concat(seed.slice(0, from), seed.slice(to));
    case 1:
      return concat(seed.slice(0, to), seed.slice(from));
    case 2:
      return concat(seed, other).slice(0, LONGEST);
    case 3: {
      const again = choice.of(starts);
      return concat(seed.slice(0, from), seed.slice(again, again + 256), seed.slice(from));
    }
    case 4:
    case 5: {
      const changed = seed.slice();
      const at = Math.min(from + 4 * choice.below(8), seed.length - 4);
      if (at >= 0) new DataView(changed.buffer).setUint32(at, choice.of(WORDS), choice.once(2));
      return choice.once(2) ? changed : mutateBytes(changed, choice, other);
    }
    default:
      return mutateBytes(seed, choice, other);
  }
}
