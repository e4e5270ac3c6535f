/**
 * Expands the blocks of one zstd frame: with node:zlib where this Node has it (22.15, 23.8 and later), else with fzstd, which is slower and does
 * not verify the frame's checksum.
 */
import type { Transform } from 'node:stream';
import * as zlib from 'node:zlib';
import { Decompress } from 'fzstd';
import { OUTPUT_OPTIONS, PieceByPiece } from './piece-by-piece.ts';

export interface FrameExpander {
  /** The content of the frame's next piece: its header first, then block by block (the last with the checksum). OWNED chunks.
   * @throws Error of the library when the piece is damaged */
  expand(piece: Uint8Array, isLast: boolean): AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
  close(): void;
}

export function frameExpander(): FrameExpander {
  // The types of Node 20 don't know it.
  const { createZstdDecompress } = zlib as {
    createZstdDecompress?: (options: object) => Transform & { bytesWritten: number };
  };
  return createZstdDecompress === undefined
    ? new FzstdExpander()
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

class FzstdExpander implements FrameExpander {
  #pieces: Uint8Array[] = [];
  readonly #decoder = new Decompress((piece) => {
    if (piece.length > 0) this.#pieces.push(piece);
  });

  expand(piece: Uint8Array, isLast: boolean): readonly Uint8Array[] {
    this.#pieces = [];
    this.#decoder.push(piece, isLast);
    return this.#pieces;
  }

  close(): void {}
}
