/** One input: where its bytes come from, and what is known of it. The counters are live: they follow what was read. */
import { stat } from 'node:fs/promises';
import { decompressed } from './decompress.ts';
import type { Compression, Decompression } from './decompression.ts';
import { fileChunks } from './file.ts';
import { type ByteStream, streamChunks } from './stdin.ts';
import { asUserError } from './system-error.ts';
import { UserError } from './user-error.ts';

export interface ByteSource {
  /** As the user gave it; "standard input" for `-`. */
  readonly name: string;
  /** Of an ordinary file; null or left out for anything else. */
  readonly path?: string | null;
  /** Known once the first chunk was read; 'none' before. */
  readonly compression: Compression;
  /** Octets of the stored file; null for what has no size (pipes, devices, standard input). */
  readonly sizeBytes: number | null;
  /** Octets of the stored file that were read so far: with `sizeBytes`, the progress. */
  readonly positionBytes: number;
  /** True when a compressed stream ended before its own end. (A capture that is cut is the reader's `truncated`.) */
  readonly truncated: boolean;
  readonly warnings: readonly string[];
  /** True when `chunks` can be called more than once. */
  readonly isRereadable: boolean;
  /**
   * The decompressed bytes. BORROWED: a chunk is valid until the next one is asked for. Starting again starts the counters again.
   * @throws UserError when it can't be opened or read; CaptureFormatError (format gzip, zstd or lz4; offset in the stored file) when its compression is damaged
   */
  chunks(options?: ChunkOptions): AsyncIterable<Uint8Array>;
}

interface ChunkOptions {
  /** Octets of a read; for somebody who wants the beginning only. */
  readonly chunkSize?: number;
}

abstract class Source implements ByteSource, Decompression {
  readonly name: string;
  readonly sizeBytes: number | null;
  abstract readonly isRereadable: boolean;
  compression: Compression = 'none';
  positionBytes = 0;
  truncated = false;
  warnings: string[] = [];

  constructor(name: string, sizeBytes: number | null) {
    this.name = name;
    this.sizeBytes = sizeBytes;
  }

  async *chunks(options: ChunkOptions = {}): AsyncGenerator<Uint8Array, void, void> {
    this.compression = 'none';
    this.positionBytes = 0;
    this.truncated = false;
    this.warnings = [];
    try {
      yield* decompressed(this.stored(options), this);
    } catch (error) {
      throw asUserError(error, this.name);
    }
  }

  protected abstract stored(options: ChunkOptions): AsyncIterable<Uint8Array>;

  protected readonly follow = (positionBytes: number): void => {
    this.positionBytes = positionBytes;
  };
}

class FileSource extends Source {
  readonly isRereadable: boolean;
  readonly path: string | null;
  readonly #path: string;

  constructor(path: string, sizeBytes: number | null) {
    super(path, sizeBytes);
    this.#path = path;
    this.path = sizeBytes === null ? null : path;
    this.isRereadable = sizeBytes !== null;
  }

  protected override stored(options: ChunkOptions): AsyncIterable<Uint8Array> {
    return fileChunks(this.#path, this.follow, options.chunkSize);
  }
}

class StreamSource extends Source {
  readonly isRereadable = false;
  readonly #stream: ByteStream;
  #isTaken = false;

  constructor(stream: ByteStream, name: string) {
    super(name, null);
    this.#stream = stream;
  }

  protected override stored(): AsyncIterable<Uint8Array> {
    if (this.#isTaken) throw new UserError(`${this.name} can be read only once`);
    this.#isTaken = true;
    return streamChunks(this.#stream, this.follow);
  }
}

/** A file, or a pipe or device that has a path. @throws UserError when it isn't there, or can't be one */
export async function fileSource(path: string): Promise<ByteSource> {
  try {
    const status = await stat(path);
    if (status.isSocket())
      throw new UserError(`${path} is a socket: name a capture file, or pipe the bytes in and say -`);
    if (status.isDirectory()) throw new UserError(`${path} is a folder: name a capture file`);
    return new FileSource(path, status.isFile() ? status.size : null);
  } catch (error) {
    throw asUserError(error, path);
  }
}

export function streamSource(stream: ByteStream, name = 'standard input'): ByteSource {
  return new StreamSource(stream, name);
}
