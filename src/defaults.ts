/** What holds when nobody says otherwise, for the command and the library alike. */

/** Longer than the first two pauses of any stack's retransmissions (1 s, 2 s), and no longer than an operator waits. */
export const DEFAULT_PATIENCE_SECONDS = 3;

/** Attempts that are open at a time: a flood of five million SYNs is judged in 240 MB, and so many full rows take 200 (bench/README.md). */
export const DEFAULT_MAX_OPEN = 450_000;

/** Octets of a capture that is worth threads: a smaller one is read while they would start. */
const THREADED_LENGTH = 32 * 1024 * 1024;
/** Octets that a thread decodes at a time. */
const CHUNK_LENGTH = 512 * 1024;

/** A quarter as long, when it is compressed: captures are a quarter as long then, or less. */
const THREADED_COMPRESSED = THREADED_LENGTH / 4;

/** How large captures are decoded by so many threads; with one, by the caller's own. */
export function jobsOf(threads: number): {
  readonly threads: number;
  readonly chunkLength: number;
  readonly leastLength: number;
  readonly leastCompressed: number;
} {
  return {
    threads,
    chunkLength: CHUNK_LENGTH,
    leastLength: THREADED_LENGTH,
    leastCompressed: THREADED_COMPRESSED,
  };
}
