/**
 * The programme, from bytes to the report, as one sequence of steps. Read this first.
 *
 *     sources -> frames, in the order of time -> Analysis (analysis.ts) -> records to the sink, and the report
 *
 * Several files are one capture: files that overlap in time are merged packet by packet, files that follow each other (a rotated set) are read one
 * after the other, and a handshake across the seam is one handshake.
 */
import { Analysis, type AnalysisFigures } from './analysis.ts';
import type { AddressRange } from './bytes/address.ts';
import { formatEpoch, NANOS_PER_SECOND, sinceBase } from './bytes/time.ts';
import { linkTypeName } from './capture/link-type.ts';
import type { LossInterval } from './capture/reader.ts';
import { jobsOf } from './defaults.ts';
import type { Handshake } from './handshake/handshake.ts';
import type { TracedSegment } from './handshake/trace.ts';
import { askedEndpoints } from './report/asked-endpoints.ts';
import type { AttemptFilter, ServerFilter } from './report/attempt-filter.ts';
import type { ListOptions, RecordSink } from './report/record-list.ts';
import type { Report, SourceSummary } from './report/report.ts';
import type { ByteSource } from './source/byte-source.ts';
import { CaptureStream } from './source/capture-stream.ts';
import { MergedStreams } from './source/merged-streams.ts';
import type { PacketStream } from './source/packet-stream.ts';
import type { Jobs } from './threads/jobs.ts';
import type { RowStream } from './threads/row-stream.ts';

export interface AnalysisOptions {
  /** Seconds of capture after which an answer counts as missing. */
  readonly patienceSeconds: number;
  /** Most attempts that are open at a time. */
  readonly maxOpen: number;
  /** Of the hash tables; any 32-bit number. */
  readonly seed: number;
  readonly ports: readonly number[];
  readonly servers: readonly ServerFilter[];
  readonly clients: readonly AddressRange[];
  /** Epoch seconds, or seconds from the capture's first packet when `fromStart`. */
  readonly since: Moment | null;
  readonly until: Moment | null;
  readonly list: ListOptions;
  /** See AnalysisSettings. */
  readonly early: boolean;
  /** Id of the attempt whose segments are wanted. */
  readonly trace: number | null;
  /** How large files are decoded by threads; left out: by the caller's own. */
  readonly jobs?: Jobs;
  readonly version: string;
}

export interface Moment {
  readonly seconds: number;
  readonly fromStart: boolean;
}

export interface AnalysisSink {
  handshake(handshake: Handshake): void;
  /** In place of `handshake`, for who wants records as text: many of them wait for older ones, and texts take less room. */
  readonly text?: RecordSink<string>;
  progress?(bytesDone: number, bytesTotal: number | null, packets: number): void;
  /** When it resolves, reading ends, and what was read until then is judged and reported. */
  readonly stopped?: Promise<void>;
}

export interface AnalysisResult {
  readonly report: Report;
  /** Sources that ended before their end, each with the reason; what came before is in the report. */
  readonly failures: readonly Error[];
  readonly traced: { readonly handshake: Handshake; readonly segments: readonly TracedSegment[] } | null;
}

/** @throws nothing for bad input: see `failures`. */
export async function analyzeSources(
  sources: readonly ByteSource[],
  options: AnalysisOptions,
  sink: AnalysisSink,
): Promise<AnalysisResult> {
  const analysis = new Analysis(
    { ...options, files: sources.length },
    sink.text ?? ((handshake) => sink.handshake(handshake)),
  );
  const stop = new Stop(sink.stopped);
  const streams = await Promise.all(
    sources.map((source) => openStream(source, options.jobs ?? jobsOf(1), options.seed)),
  );
  const tallies = streams.map((stream) => new SourceTally<CaptureStream | RowStream>(stream));
  const merged = new MergedStreams(streams);
  while (await stop.orFalse(merged.fill())) {
    merged.drainChunk((stream, file, isAlone) => {
      const tally = tallies[file] as SourceTally<CaptureStream | RowStream>;
      const { seconds, nanos } = stream.frame;
      if (analysis.frames === 0) {
        analysis.begin(seconds, filterOf(options, seconds, nanos));
        tally.passBeginning(analysis);
      }
      tally.count();
      tally.passLosses(analysis);
      if (isAlone && isPlain(stream)) observeRun(analysis, tally, stream, file);
      else observeOne(analysis, stream, file);
    });
    sink.progress?.(
      sum(streams, ({ source }) => source.positionBytes),
      totalBytes(sources),
      analysis.frames,
    );
  }
  // A stream that nobody ends can't be let go of: it would wait for its next bytes. Threads can, and must.
  if (!stop.isStopped) await merged.close();
  else for (const stream of streams) if (isThreaded(stream)) await stream.close();
  for (const tally of tallies) {
    tally.passLosses(analysis);
    if (!stop.isStopped) tally.passEnd(analysis);
  }
  const figures = analysis.finish();
  return {
    report: makeReport(
      figures,
      tallies.map((tally) => tally.summary()),
      lostOf(tallies.map(({ stream }) => stream)),
      options,
      stop.isStopped ? ['reading was stopped before the end'] : [],
    ),
    failures: tallies.flatMap(({ stream }) => (stream.failure === null ? [] : [stream.failure])),
    traced: analysis.traced,
  };
}

/** In this thread; or, when it is large, in others, which are loaded when they are needed. */
async function openStream(source: ByteSource, jobs: Jobs, seed: number): Promise<CaptureStream | RowStream> {
  if (jobs.threads < 2 || (source.sizeBytes ?? 0) < jobs.leastCompressed) return new CaptureStream(source);
  const { openInThreads } = await import('./threads/open.ts');
  return openInThreads(source, jobs, seed) ?? new CaptureStream(source);
}

function isThreaded(stream: CaptureStream | RowStream): stream is RowStream {
  return !(stream instanceof CaptureStream);
}

function isPlain(stream: CaptureStream | RowStream): stream is RowStream {
  return isThreaded(stream) && stream.isPlain;
}

/** The packet at hand. */
function observeOne(analysis: Analysis, stream: CaptureStream | RowStream, file: number): void {
  if (!isPlain(stream)) {
    analysis.observe(stream.frame, file);
    return;
  }
  stream.takeRun(1, (rows, at, count, view) => analysis.observeRows(rows, at, count, view, file, stream.frame.number));
}

/** The packet at hand, which has been counted, and the plain ones that follow. */
function observeRun(
  analysis: Analysis,
  tally: SourceTally<CaptureStream | RowStream>,
  stream: RowStream,
  file: number,
): void {
  const more = stream.takeRun(Number.POSITIVE_INFINITY, (rows, at, count, view) =>
    analysis.observeRows(rows, at, count, view, file, stream.frame.number),
  );
  tally.count(more - 1);
}

export function makeReport(
  figures: AnalysisFigures,
  sources: readonly SourceSummary[],
  lost: Report['capture']['lost'],
  options: AnalysisOptions,
  warnings: readonly string[],
): Report {
  const capture = {
    sources,
    lost,
    ...figures.capture,
    notTcp: withLinkTypeNames(figures.capture.notTcp),
    warnings: [...warnings, ...figures.capture.warnings],
  };
  return {
    tool: { name: 'tripod', version: options.version },
    capture,
    summary: figures.summary,
    servers: askedEndpoints(figures.servers, capture, options.ports, options.servers, isNarrowed(options)),
  };
}

/** Whether clients or a time were asked for, so that what is missing is missing of these alone. */
export function isNarrowed({ clients, since, until }: Pick<AnalysisOptions, 'clients' | 'since' | 'until'>): boolean {
  return clients.length > 0 || since !== null || until !== null;
}

/** The wire room knows link types by number alone. */
function withLinkTypeNames(counts: Readonly<Record<string, number>>): Record<string, number> {
  const named = Object.entries(counts).map(([name, count]): [string, number] => {
    const number = /^link type (\d+)$/.exec(name)?.[1];
    return [number === undefined ? name : `${name} (${linkTypeName(Number(number))})`, count];
  });
  return Object.fromEntries(named);
}

/** The word that reading shall end. */
export class Stop {
  isStopped = false;
  private wake: (() => void) | null = null;

  constructor(stopped: Promise<void> | undefined) {
    stopped?.then(() => {
      this.isStopped = true;
      this.wake?.();
    });
  }

  /** The answer of `filled`, or false as soon as reading is stopped. (`Promise.race` would leave something behind in the long-lived promise for every chunk.) */
  orFalse(filled: Promise<boolean>): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.wake = () => resolve(false);
      filled.then((more) => resolve(more && !this.isStopped), reject);
    });
  }
}

/** Packets and times of one source. */
export class SourceTally<S extends PacketStream> {
  readonly stream: S;
  private packets = 0;
  private first: string | null = null;
  private lastSeconds = 0;
  private lastNanos = 0;
  private lastDigits = 0;
  private losses = 0;

  constructor(stream: S) {
    this.stream = stream;
  }

  /** So many packets, the last of which is at hand; of the source's first ones just the first. */
  count(packets = 1): void {
    const { frame } = this.stream;
    this.packets += packets;
    if (this.first === null) this.first = formatEpoch(frame.nanos, frame.seconds, frame.digits);
    this.lastSeconds = frame.seconds;
    this.lastNanos = frame.nanos;
    this.lastDigits = frame.digits;
  }

  /** Tells the core, and whoever else wants to hear, of losses that the container has spoken of since. */
  passLosses(analysis: Analysis, also?: (loss: LossInterval) => void): void {
    const losses = this.stream.reader?.losses;
    if (losses === undefined || losses.length === this.losses) return;
    for (const loss of losses.slice(this.losses)) {
      analysis.noteLoss(loss.fromSeconds, loss.fromNanos, loss.toSeconds, loss.toNanos, loss.packets);
      also?.(loss);
    }
    this.losses = losses.length;
  }

  /** The capture's first packet is the source's first, and the source may say since when it held every packet. */
  passBeginning(analysis: Analysis): void {
    const { heldFrom } = this.stream.reader ?? { heldFrom: null };
    const { seconds, nanos } = this.stream.frame;
    if (heldFrom !== null) analysis.heldFrom(heldFrom.seconds, heldFrom.nanos, seconds, nanos);
  }

  /** The source is at its end, and may say up to when it held every packet. */
  passEnd(analysis: Analysis): void {
    const { heldUntil } = this.stream.reader ?? { heldUntil: null };
    if (heldUntil !== null) analysis.end(heldUntil.seconds, heldUntil.nanos);
  }

  summary(): SourceSummary {
    const { source, reader, failure } = this.stream;
    const linkTypes = new Set(reader?.interfaces.map(({ linkType }) => linkTypeName(linkType)));
    return {
      name: source.name,
      format: reader?.format ?? 'pcap',
      compression: source.compression,
      linkTypes: [...linkTypes],
      packets: this.packets,
      bytes: this.stream.bytes,
      first: this.first,
      last: this.packets === 0 ? null : formatEpoch(this.lastNanos, this.lastSeconds, this.lastDigits),
      truncated: source.truncated || (reader?.truncated ?? false),
      damage: failure?.message ?? null,
      warnings: [...source.warnings, ...(reader?.warnings ?? [])],
    };
  }
}

export function filterOf(options: AnalysisOptions, startSeconds: number, startNanos: number): AttemptFilter {
  const nanos = (moment: Moment | null): number | null => {
    if (moment === null) return null;
    if (moment.fromStart) return startNanos + moment.seconds * NANOS_PER_SECOND;
    const whole = Math.floor(moment.seconds);
    return sinceBase(whole, (moment.seconds - whole) * NANOS_PER_SECOND, startSeconds);
  };
  return {
    ports: options.ports,
    servers: options.servers,
    clients: options.clients,
    sinceNanos: nanos(options.since),
    untilNanos: nanos(options.until),
  };
}

/** Packets that the containers say were lost; null when no interface of any stream tells. */
export function lostOf(streams: readonly PacketStream[]): Report['capture']['lost'] {
  const interfaces = streams.flatMap(({ reader }) => [...(reader?.interfaces ?? [])]);
  const total = (counts: readonly (number | null)[]): number | null =>
    counts.reduce((lost, count) => (count === null ? lost : (lost ?? 0) + count), null);
  return {
    kernel: total(interfaces.map(({ lostByKernel }) => lostByKernel)),
    interface: total(interfaces.map(({ lostByInterface }) => lostByInterface)),
  };
}

function totalBytes(sources: readonly ByteSource[]): number | null {
  return sources.some(({ sizeBytes }) => sizeBytes === null) ? null : sum(sources, (source) => source.sizeBytes ?? 0);
}

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}
