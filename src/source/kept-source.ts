/** A source whose bytes go into a file as they are read: what a checkup judges is what it keeps. */
import { closeSync, openSync, writeSync } from 'node:fs';
import type { ByteSource } from './byte-source.ts';
import { asUserError, codeOf } from './system-error.ts';

/** Reads `source`, and writes its first octets to a new file. A full disk ends the writing, not the reading. */
export class KeptSource implements ByteSource {
  readonly name: string;
  readonly sizeBytes = null;
  readonly isRereadable = false;
  readonly #source: ByteSource;
  readonly #mostBytes: number;
  readonly #descriptor: number;
  #kept = 0;
  #notKept: string | null = null;

  /** @throws UserError when the file can't be made */
  constructor(source: ByteSource, file: string, mostBytes: number) {
    this.name = source.name;
    this.#source = source;
    this.#mostBytes = mostBytes;
    try {
      this.#descriptor = openSync(file, 'wx', 0o600);
    } catch (error) {
      throw asUserError(error, file);
    }
  }

  get compression(): ByteSource['compression'] {
    return this.#source.compression;
  }

  get positionBytes(): number {
    return this.#source.positionBytes;
  }

  get truncated(): boolean {
    return this.#source.truncated;
  }

  get warnings(): readonly string[] {
    return this.#source.warnings;
  }

  /** Why the file has not everything that was read, as a clause; null when it has. */
  get notKept(): string | null {
    return this.#notKept;
  }

  async *chunks(): AsyncGenerator<Uint8Array, void, void> {
    try {
      for await (const chunk of this.#source.chunks()) {
        if (this.#notKept === null) this.#keep(chunk);
        yield chunk;
      }
    } finally {
      closeSync(this.#descriptor);
    }
  }

  /** Chunks of a live capture are whole records: the file ends between two of them. */
  #keep(chunk: Uint8Array): void {
    if (this.#kept + chunk.length > this.#mostBytes) {
      this.#notKept = `only the first ${this.#kept} octets of packets are kept, more would be too large a file`;
      return;
    }
    try {
      for (let at = 0; at < chunk.length; ) at += writeSync(this.#descriptor, chunk, at);
      this.#kept += chunk.length;
    } catch (error) {
      this.#notKept = `only the first ${this.#kept} octets of packets are kept: the disk takes no more (${codeOf(error) ?? 'no reason is told'})`;
    }
  }
}
