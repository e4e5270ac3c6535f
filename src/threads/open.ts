/** Which captures are worth threads, and of which kind. */
import { closeSync, openSync } from 'node:fs';
import type { ByteSource } from '../source/byte-source.ts';
import { compressionOf } from '../source/decompress.ts';
import type { Jobs } from './jobs.ts';
import { FILE_HEADER, readAt } from './records.ts';
import { RECORD_HEADER } from './ring.ts';
import type { RowStream } from './row-stream.ts';
import { ThreadedFile } from './threaded-file.ts';
import { ThreadedStream } from './threaded-stream.ts';
import { usualPcap } from './usual-pcap.ts';

/** The capture of the source in threads; null when it is no file, or too small: then it is read as any other. @param seed of the flows' hashes */
export function openInThreads(source: ByteSource, jobs: Jobs, seed: number): RowStream | null {
  const { path } = source;
  if (path === null || path === undefined) return null;
  const start = beginningOf(path);
  if (start === null) return null;
  const isCompressed = compressionOf(start) !== 'none';
  if ((source.sizeBytes ?? 0) < (isCompressed ? jobs.leastCompressed : jobs.leastLength)) return null;
  const pcap = isCompressed ? null : usualPcap(start);
  if (pcap === null) return new ThreadedStream(source, path, jobs.chunkLength, seed);
  return new ThreadedFile(source, path, start.subarray(0, FILE_HEADER), pcap, jobs, seed);
}

/** The headers of the file and its first record; null when it can't be read or has not so much: whoever reads it says why. */
function beginningOf(path: string): Uint8Array | null {
  const start = new Uint8Array(FILE_HEADER + RECORD_HEADER);
  try {
    const file = openSync(path, 'r');
    try {
      return readAt(file, start, 0, start.length, 0) === start.length ? start : null;
    } finally {
      closeSync(file);
    }
  } catch {
    return null;
  }
}
