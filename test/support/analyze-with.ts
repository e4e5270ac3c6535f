/** The pipeline with everything given, the hash seed too: for tests of what must not depend on it. */
import type { Handshake, Report } from '../../src/index.ts';
import { type AnalysisOptions, type AnalysisResult, analyzeSources } from '../../src/pipeline.ts';
import { type ByteSource, streamSource } from '../../src/source/byte-source.ts';

/** With a fixed seed, and nothing filtered. */
export const ANALYSIS_OPTIONS: AnalysisOptions = {
  patienceSeconds: 3,
  maxOpen: 1_000_000,
  seed: 1,
  ports: [],
  servers: [],
  clients: [],
  since: null,
  until: null,
  list: { verdicts: [], missing: null, limit: null, sort: null },
  early: false,
  trace: null,
  version: 'test',
};

export interface Analyzed {
  readonly report: Report;
  /** In the order of their ids. */
  readonly handshakes: readonly Handshake[];
  /** With the option `trace`: the segments of that attempt. */
  readonly segments: NonNullable<AnalysisResult['traced']>['segments'];
}

/** @param captures whole files, in memory. Damage is an exception here. */
export async function analyzeWith(
  captures: readonly Uint8Array[],
  options: Partial<AnalysisOptions> = {},
): Promise<Analyzed> {
  const handshakes: Handshake[] = [];
  const sources = captures.map((bytes, index) => inMemory(bytes, `file ${index}`));
  const sink = { handshake: (handshake: Handshake): void => void handshakes.push(handshake) };
  const { report, failures, traced } = await analyzeSources(sources, { ...ANALYSIS_OPTIONS, ...options }, sink);
  if (failures[0] !== undefined) throw failures[0];
  return { report, handshakes: handshakes.sort((a, b) => a.id - b.id), segments: traced?.segments ?? [] };
}

function inMemory(bytes: Uint8Array, name: string): ByteSource {
  return streamSource(oneChunk(bytes), name);
}

async function* oneChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
