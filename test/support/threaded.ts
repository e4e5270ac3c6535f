/** Captures read by threads, in chunks as short as wanted, or by one thread alone. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Handshake, Report } from '../../src/index.ts';
import { type AnalysisOptions, analyzeSources } from '../../src/pipeline.ts';
import { fileSource } from '../../src/source/byte-source.ts';

/** What was said of captures. */
export interface Outcome {
  readonly report: Report;
  readonly handshakes: readonly Handshake[];
  readonly failures: readonly string[];
}

/** @param threads that decode, beside the one that tracks; 1: one does everything. */
export function optionsFor(threads: number, chunkLength: number): AnalysisOptions {
  return {
    patienceSeconds: 3,
    maxOpen: 1 << 16,
    seed: 1,
    ports: [],
    servers: [],
    clients: [],
    since: null,
    until: { seconds: 1e6, fromStart: true },
    list: { verdicts: [], missing: null, limit: null, sort: null },
    early: false,
    trace: null,
    jobs: { threads: threads === 1 ? 1 : threads + 1, chunkLength, leastLength: 0, leastCompressed: 0 },
    version: 'test',
  };
}

/**
 * @param folder for the files
 * @param captures one file, or several that are one capture
 */
export async function analyzeInThreads(
  folder: string,
  captures: readonly Uint8Array[],
  threads: number,
  chunkLength: number,
): Promise<Outcome> {
  const files = captures.map((bytes, index) => {
    const file = path.join(folder, `capture-${index}`);
    writeFileSync(file, bytes);
    return file;
  });
  const handshakes: Handshake[] = [];
  const { report, failures } = await analyzeSources(
    await Promise.all(files.map((file) => fileSource(file))),
    optionsFor(threads, chunkLength),
    { handshake: (handshake) => void handshakes.push(handshake) },
  );
  return { report, handshakes, failures: failures.map(({ message }) => message) };
}
