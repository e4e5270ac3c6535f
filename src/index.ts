/**
 * tripod as a library: the same records and the same report as the command's, from a file, a stream or chunks.
 *
 *     import { analyze } from 'tcp-tripod';
 *     const { report, handshakes } = await analyze('capture.pcap');
 *     for (const handshake of handshakes) if (handshake.missingLeg !== null) console.log(handshake.reason);
 */
import { parseAddressRange } from './bytes/address.ts';
import { checkOptions } from './checked-options.ts';
import { DEFAULT_MAX_OPEN, DEFAULT_PATIENCE_SECONDS, jobsOf } from './defaults.ts';
import type { Handshake, LegName, VerdictName } from './handshake/handshake.ts';
import { analyzeSources } from './pipeline.ts';
import { parseServerFilter, type ServerFilter } from './report/attempt-filter.ts';
import type { SortKey } from './report/record-list.ts';
import type { Report } from './report/report.ts';
import { type ByteSource, streamSource } from './source/byte-source.ts';
import { expandInputs } from './source/open.ts';
import { randomSeed } from './source/seed.ts';
import type { ByteStream } from './source/stdin.ts';
import { UserError } from './source/user-error.ts';
import { VERSION } from './version.ts';

export { CaptureFormatError } from './capture/reader.ts';
export type {
  Diagnosis,
  Endpoint,
  Grade,
  Handshake,
  IcmpError,
  Leg,
  LegName,
  OptionChange,
  OptionDifference,
  Reset,
  TunnelNote,
  VerdictName,
} from './handshake/handshake.ts';
export type {
  CaptureSummary,
  Distribution,
  MaybeDistribution,
  Report,
  ServerSummary,
  SourceSummary,
  Summary,
} from './report/report.ts';
export { UserError } from './source/user-error.ts';

/** A path, folder or glob; several of them, which are then one capture; the whole capture in memory; or its chunks, as a stream gives them. */
export type AnalyzeInput = string | readonly string[] | Uint8Array | AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

export interface AnalyzeOptions {
  /** Seconds of capture after which an answer counts as missing. Default 3. */
  readonly patienceSeconds?: number;
  /** Most attempts that are open at a time. Default 450,000: about 270 MB. */
  readonly maxOpen?: number;
  /** Only attempts to these server ports. */
  readonly ports?: readonly number[];
  /** Only attempts to these servers: "10.0.0.1", "10.0.0.0/8", with a port "10.0.0.1:443", "[2001:db8::1]:443". */
  readonly servers?: readonly string[];
  /** Only attempts of these clients: "10.0.0.1", "10.0.0.0/8". */
  readonly clients?: readonly string[];
  /** Only attempts that began in [since, until): epoch seconds. */
  readonly since?: number;
  readonly until?: number;
  /** What is listed: verdicts, missing legs, how many, in which order. The figures of the report count all attempts. */
  readonly verdicts?: readonly VerdictName[];
  readonly missing?: readonly LegName[] | 'any';
  readonly limit?: number;
  readonly sort?: SortKey;
  /** Give each record as soon as its verdict can be told, and again, with `revision` + 1, when later packets amend it. */
  readonly early?: boolean;
  /** Threads that work on large captures (from 32 MiB on); the result is the same. Default 1: the caller's own. */
  readonly jobs?: number;
  /** Takes each record as it comes; then none is kept, and `handshakes` of the result is empty. */
  readonly onHandshake?: (handshake: Handshake) => void;
}

export interface AnalyzeResult {
  readonly report: Report;
  readonly handshakes: readonly Handshake[];
  /** Damaged or unreadable sources: what came before the damage is in the report. Empty when all is well. */
  readonly failures: readonly Error[];
}

/**
 * Reads a capture to its end and judges every TCP handshake in it.
 * @throws UserError for a path that can't be opened, an address that can't be read, or an option out of its range. Damage inside a capture is no exception: see `failures`.
 */
export async function analyze(input: AnalyzeInput, options: AnalyzeOptions = {}): Promise<AnalyzeResult> {
  checkOptions(options);
  const handshakes: Handshake[] = [];
  const take = options.onHandshake ?? ((handshake: Handshake): void => void handshakes.push(handshake));
  const result = await analyzeSources(
    await sourcesOf(input),
    {
      patienceSeconds: options.patienceSeconds ?? DEFAULT_PATIENCE_SECONDS,
      maxOpen: options.maxOpen ?? DEFAULT_MAX_OPEN,
      seed: randomSeed(),
      ports: options.ports ?? [],
      servers: (options.servers ?? []).map(parseServer),
      clients: (options.clients ?? []).map(parseClient),
      since: options.since === undefined ? null : { seconds: options.since, fromStart: false },
      until: options.until === undefined ? null : { seconds: options.until, fromStart: false },
      list: {
        verdicts: options.verdicts ?? [],
        missing: options.missing ?? null,
        limit: options.limit ?? null,
        sort: options.sort ?? null,
      },
      early: options.early ?? false,
      trace: null,
      jobs: jobsOf(options.jobs ?? 1),
      version: VERSION,
    },
    { handshake: take },
  );
  return { report: result.report, handshakes, failures: result.failures };
}

async function sourcesOf(input: AnalyzeInput): Promise<readonly ByteSource[]> {
  if (typeof input === 'string') return (await expandInputs([input])).sources;
  if (input instanceof Uint8Array) return [streamSource(chunksOf([input]), 'memory')];
  if (Array.isArray(input) && input.every((item) => typeof item === 'string'))
    return (await expandInputs(input)).sources;
  if (Symbol.asyncIterator in input) return [streamSource(input as ByteStream, 'stream')];
  return [streamSource(chunksOf(input as Iterable<Uint8Array>), 'chunks')];
}

async function* chunksOf(chunks: Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

function parseClient(text: string): NonNullable<ReturnType<typeof parseAddressRange>> {
  const range = parseAddressRange(text);
  if (range === null) throw new UserError(`"${text}" is no address: write 10.0.0.1, 10.0.0.0/8 or 2001:db8::/32`);
  return range;
}

function parseServer(text: string): ServerFilter {
  const filter = parseServerFilter(text);
  if (filter !== null) return filter;
  throw new UserError(`"${text}" is no server: write 10.0.0.1, 10.0.0.0/8, 10.0.0.1:443 or [2001:db8::1]:443`);
}
