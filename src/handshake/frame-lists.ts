/**
 * Packet numbers of the legs: short chains in one pool, so that an attempt with one SYN costs no room for ten.
 *
 * A packet number is one double that holds the index of its file too: file * 2^36 + number (68 thousand million packets a file, 131 thousand
 * files). `pack`, `fileOf` and `numberOf` are the only places that know.
 */

const FILE_UNIT = 2 ** 36;

export function packFrame(file: number, number: number): number {
  return file * FILE_UNIT + number;
}

export function fileOf(frame: number): number {
  return Math.floor(frame / FILE_UNIT);
}

export function numberOf(frame: number): number {
  return frame % FILE_UNIT;
}

/** Most packet numbers listed of one leg: a client that sends its SYN a million times shall not fill the memory. `count` tells the whole. */
export const FRAMES_LISTED = 32;

export interface ListedFrame {
  /** With the file's index. */
  readonly frame: number;
  /** Nanoseconds since the capture's base. */
  readonly time: number;
}

/** A chain is the number of its newest node; 0 is the empty chain. */
export class FrameLists {
  private frames = new Float64Array(1 << 10);
  private times = new Float64Array(1 << 10);
  private next = new Int32Array(1 << 10);
  private free = 0;
  private unused = 1;

  /** The chain with `frame`, captured at `time` (nanoseconds since the base), in front. */
  push(chain: number, frame: number, time: number): number {
    let node = this.free;
    if (node !== 0) {
      this.free = this.next[node] as number;
    } else {
      if (this.unused === this.frames.length) this.grow();
      node = this.unused;
      this.unused += 1;
    }
    this.frames[node] = frame;
    this.times[node] = time;
    this.next[node] = chain;
    return node;
  }

  /** The packet that was put in front last. @param chain not an empty one */
  newest(chain: number): number {
    return this.frames[chain] as number;
  }

  /** Oldest first. */
  read(chain: number): ListedFrame[] {
    const list: ListedFrame[] = [];
    for (let node = chain; node !== 0; node = this.next[node] as number) {
      list.push({ frame: this.frames[node] as number, time: this.times[node] as number });
    }
    return list.reverse();
  }

  release(chain: number): void {
    for (let node = chain; node !== 0; ) {
      const next = this.next[node] as number;
      this.next[node] = this.free;
      this.free = node;
      node = next;
    }
  }

  private grow(): void {
    const frames = new Float64Array(2 * this.frames.length);
    frames.set(this.frames);
    this.frames = frames;
    const times = new Float64Array(2 * this.times.length);
    times.set(this.times);
    this.times = times;
    const next = new Int32Array(2 * this.next.length);
    next.set(this.next);
    this.next = next;
  }
}
