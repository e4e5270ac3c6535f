/**
 * Capture files that are written while packets come: one, or a set that is begun anew by size or time (named as dumpcap names a set), of which the oldest may be deleted.
 * A write that fails is told of once; whoever captures goes on without the file.
 */
import { closeSync, ftruncateSync, openSync, realpathSync, unlinkSync, writeSync } from 'node:fs';
import path from 'node:path';
import { UserError } from '../source/user-error.ts';
import { writeError } from './write.ts';

export interface Rotation {
  /** Octets after which a new file is begun; null: never. */
  readonly octets: number | null;
  /** Seconds after which a new file is begun; null: never. */
  readonly seconds: number | null;
  /** Most files that stay; null: all. */
  readonly files: number | null;
}

export interface CaptureFilesOptions extends Rotation {
  readonly file: string;
  /** The option that named it, for sentences. */
  readonly option: string;
}

/** The blocks that every file of a set begins and ends with. BORROWED until the next call. */
export interface Frames {
  begin(): Uint8Array;
  end(): Uint8Array;
}

export class CaptureFiles {
  /** Why no more is written; null while all is well. */
  failure: Error | null = null;
  private readonly options: CaptureFilesOptions;
  private readonly frames: Frames;
  private readonly wallClock: () => number;
  private readonly kept: string[] = [];
  private descriptor = -1;
  private name = '';
  private written = 0;
  private began = 0;
  private number = 0;
  private isOpen = false;
  /** The file has its beginning alone. */
  private isBare = true;

  /** @param wallClock milliseconds since 1970 */
  constructor(options: CaptureFilesOptions, frames: Frames, wallClock: () => number) {
    this.options = options;
    this.frames = frames;
    this.wallClock = wallClock;
  }

  get isRotating(): boolean {
    return this.options.octets !== null || this.options.seconds !== null;
  }

  /** No other file of the set was begun before the one that is written. */
  get isFirst(): boolean {
    return this.number <= 1;
  }

  /** Makes the first file. @throws UserError when it can't be made */
  open(): void {
    this.begin();
    if (this.failure !== null) throw this.failure;
    this.isOpen = true;
  }

  /** Whole blocks. */
  write(blocks: Uint8Array): void {
    if (this.failure !== null || blocks.length === 0) return;
    // One that has waited long for its first packet has its time from then on.
    if (this.isBare && this.isOld()) this.began = this.wallClock();
    this.isBare = false;
    this.put(blocks);
    const { octets } = this.options;
    if (octets !== null && this.written >= octets) this.turn();
  }

  /**
   * Time goes on: a file that is old enough makes way for the next one. One without a packet stays: a night in which nothing happens must not push the files out that were worth
   * keeping.
   */
  tick(): void {
    if (this.failure === null && !this.isBare && this.isOld()) this.turn();
  }

  close(): void {
    if (this.descriptor < 0) return;
    this.put(this.frames.end());
    this.letGo();
  }

  private isOld(): boolean {
    const { seconds } = this.options;
    return seconds !== null && this.wallClock() - this.began >= seconds * 1000;
  }

  private turn(): void {
    this.close();
    if (this.failure === null) this.begin();
  }

  private begin(): void {
    this.began = this.wallClock();
    this.number += 1;
    this.name = this.isRotating ? setName(this.options.file, this.number, this.began) : this.options.file;
    this.written = 0;
    this.isBare = true;
    try {
      this.descriptor = openSync(this.name, 'w');
    } catch (error) {
      this.fail(error);
      return;
    }
    this.kept.push(this.name);
    this.deleteOldest();
    this.put(this.frames.begin());
  }

  private deleteOldest(): void {
    const { files } = this.options;
    while (files !== null && this.kept.length > files) {
      try {
        unlinkSync(this.kept.shift() as string);
      } catch {
        // Somebody else has taken it away: there is one file less, which was the aim.
      }
    }
  }

  private put(blocks: Uint8Array): void {
    if (this.failure !== null) return;
    try {
      for (let at = 0; at < blocks.length; ) at += writeSync(this.descriptor, blocks, at);
      this.written += blocks.length;
    } catch (error) {
      this.fail(error);
    }
  }

  /** The file ends with its last whole block, so that every tool reads it. */
  private fail(error: unknown): void {
    const reason = writeError(error as NodeJS.ErrnoException, this.name).message;
    const goesOn = `: ${this.options.option} writes no more, and the analysis goes on`;
    this.failure = new UserError(`${reason}${this.isOpen ? goesOn : ''}`);
    if (this.descriptor < 0) return;
    try {
      ftruncateSync(this.descriptor, this.written);
    } catch {
      // A pipe or a device can't be cut.
    }
    this.letGo();
  }

  private letGo(): void {
    try {
      closeSync(this.descriptor);
    } catch (error) {
      // Some file systems tell only here that the disk is full.
      this.failure ??= writeError(error as NodeJS.ErrnoException, this.name);
    }
    this.descriptor = -1;
  }
}

/** ring.pcapng -> ring_00001_20261125184500.pcapng, the moment in UTC. */
export function setName(file: string, number: number, millis: number): string {
  const { dir, name, ext } = path.parse(file);
  const moment = new Date(millis)
    .toISOString()
    .replace(/\.\d+Z$/, '')
    .replace(/\D/g, '');
  return path.join(dir, `${name}_${String(number).padStart(5, '0')}_${moment}${ext}`);
}

/** Whether both names are the same file. */
export function isSameFile(one: string, other: string): boolean {
  try {
    return realpathSync(one) === realpathSync(other);
  } catch {
    return false;
  }
}
