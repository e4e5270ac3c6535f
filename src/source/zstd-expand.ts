/**
 * Expands the blocks of one zstd frame: with node:zlib where this Node has it (22.15, 23.8 and later), else with fzstd, which is slower and does
 * not verify the frame's checksum.
 */
import type { Transform } from 'node:stream';
import * as zlib from 'node:zlib';
import { Decompress } from 'fzstd';
import { OUTPUT_OPTIONS, PieceByPiece } from './piece-by-piece.ts';
import { UserError } from './user-error.ts';

/** Octets: RFC 8878 §3.1.1.2.3, Block_Maximum_Size. */
export const MAXIMUM_BLOCK = 131_072;

export interface FrameExpander {
  /** The content of the frame's next piece: its header first, then block by block (the last with the checksum). OWNED chunks.
   * @throws UserError when it is right, and can't be expanded here; Error of the library when it is damaged */
  expand(piece: Uint8Array, isLast: boolean): AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
  close(): void;
}

/** @param windowBytes octets that the frame's matches may reach back */
export function frameExpander(windowBytes: number): FrameExpander {
  // The types of Node 20 don't know it.
  const { createZstdDecompress } = zlib as {
    createZstdDecompress?: (options: object) => Transform & { bytesWritten: number };
  };
  return createZstdDecompress === undefined
    ? new FzstdExpander(windowBytes)
    : new NativeExpander(new PieceByPiece(createZstdDecompress(OUTPUT_OPTIONS)));
}

class NativeExpander implements FrameExpander {
  readonly #stream: PieceByPiece;

  constructor(stream: PieceByPiece) {
    this.#stream = stream;
  }

  async *expand(piece: Uint8Array): AsyncGenerator<Uint8Array, void, void> {
    yield* this.#stream.feed(piece);
    if (this.#stream.failure !== null) throw this.#stream.failure;
  }

  close(): void {
    this.#stream.close();
  }
}

/** RFC 8878 §3.1.1.1: magic, a descriptor (8 octets of content size, 4 of dictionary), a window of 128 KiB, zeros. fzstd takes no header shorter than 18 octets at once. */
const SMALL_WINDOW_HEADER = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0xc3, 0x38, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
const DESCRIPTOR = 4;
const CHECKSUM_FLAG = 4;

/** Octets that a match may reach back in fzstd 0.1.1: of offsets that need more than 25 bits beside their code it loses the highest, and goes on with wrong content. */
const FARTHEST_MATCH = 2 ** 26 - 4;

/** What fzstd 0.1.1 holds: pieces that wait, and of a frame the octets that matches reach back into, with their number. */
interface FzstdInsides {
  c: Uint8Array[];
  s?: number | { w: Uint8Array; e: number };
}

/**
 * fzstd moves its whole window along for each block, and keeps an empty piece of each: a forged megabyte of tiny blocks in the largest window would take an
 * hour. So it is told of a small window, and lent the true one, which moves along once in a while.
 */
class FzstdExpander implements FrameExpander {
  #pieces: Uint8Array[] = [];
  readonly #window: Window;
  readonly #decoder: Decompress;
  readonly #insides: FzstdInsides;
  #hasHeader = false;

  constructor(windowBytes: number) {
    this.#window = new Window(Math.min(windowBytes, FARTHEST_MATCH));
    this.#decoder = new Decompress((piece) => this.#take(piece));
    this.#insides = this.#decoder as unknown as FzstdInsides;
  }

  /** @throws UserError when a match could reach back further than fzstd can */
  expand(piece: Uint8Array, isLast: boolean): readonly Uint8Array[] {
    this.#pieces = [];
    const frame = this.#insides.s;
    if (typeof frame === 'object') {
      frame.w = this.#window.view();
      frame.e = frame.w.length;
      if (frame.e + MAXIMUM_BLOCK > FARTHEST_MATCH) throw windowTooLarge();
    }
    this.#decoder.push(this.#hasHeader ? piece : smallWindowHeader(piece), isLast);
    this.#hasHeader = true;
    this.#insides.c.length = 0;
    return this.#pieces;
  }

  close(): void {}

  #take(piece: Uint8Array): void {
    const frame = this.#insides.s;
    // What it moves along now is the piece itself.
    if (typeof frame === 'object') frame.w = piece;
    if (piece.length === 0) return;
    this.#window.append(piece);
    this.#pieces.push(piece);
  }
}

function windowTooLarge(): UserError {
  return new UserError(
    'its zstd window is larger than the 64 MiB that can be read with this version of Node: use Node 22.15 or later, or unpack it first with zstd -d --long=27',
  );
}

function smallWindowHeader(header: Uint8Array): Uint8Array {
  const bytes = SMALL_WINDOW_HEADER.slice();
  bytes[DESCRIPTOR] = (bytes[DESCRIPTOR] as number) | ((header[DESCRIPTOR] as number) & CHECKSUM_FLAG);
  return bytes;
}

/** The last octets of what was expanded. It grows with the content: a frame that announces much and holds little takes little. */
class Window {
  readonly #limit: number;
  #bytes = new Uint8Array(0);
  #end = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** BORROWED: until the next `append`. */
  view(): Uint8Array {
    return this.#bytes.subarray(Math.max(0, this.#end - this.#limit), this.#end);
  }

  append(piece: Uint8Array): void {
    if (this.#end + piece.length > this.#bytes.length) this.#makeRoom(piece.length);
    this.#bytes.set(piece, this.#end);
    this.#end += piece.length;
  }

  /** A quarter more than the limit: four octets are moved for each that comes. */
  #makeRoom(length: number): void {
    const kept = this.view();
    const most = this.#limit + Math.max(this.#limit >>> 2, MAXIMUM_BLOCK);
    const wanted = Math.min(most, 2 * (kept.length + length));
    const bytes = this.#bytes.length < wanted ? new Uint8Array(wanted) : this.#bytes;
    bytes.set(kept);
    this.#bytes = bytes;
    this.#end = kept.length;
  }
}
