/** How a large capture is divided among threads, and from which size on. */
export interface Jobs {
  /** Threads in all: one tracks, the others read and decode; below 2 one does everything. */
  readonly threads: number;
  /** Octets of a chunk. */
  readonly chunkLength: number;
  /** Octets of the smallest capture that is worth threads; of the smallest compressed one. */
  readonly leastLength: number;
  readonly leastCompressed: number;
}
