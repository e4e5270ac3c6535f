/**
 * Captures that are still being made: the same steps as in pipeline.ts, but packets are judged as they come, time goes on between them, and the report can
 * be asked for while the capture runs.
 *
 * Time goes on with the packets. Without packets it goes on only when somebody knows that none is under way (`advance`): whoever captures on this host
 * does, whoever reads a pipe does not, since a pipe that stalls looks like one that has nothing to say.
 */
import { Analysis, type AnalysisFigures, type Standing } from './analysis.ts';
import type { Frame } from './capture/frame.ts';
import type { CaptureReader, LossInterval } from './capture/reader.ts';
import type { Handshake } from './handshake/handshake.ts';
import { type AnalysisOptions, filterOf, lostOf, makeReport, SourceTally, Stop } from './pipeline.ts';
import type { Together } from './report/crowd.ts';
import type { Report, SourceSummary } from './report/report.ts';
import type { ByteSource } from './source/byte-source.ts';
import { CaptureStream } from './source/capture-stream.ts';

export interface LiveSink {
  /** As soon as it can be told; again, with `revision` + 1, when later packets amend it. */
  verdict(handshake: Handshake): void;
  /** The last record of an attempt: nothing amends it any more. */
  finished(handshake: Handshake): void;
  /** Verdicts of a flood: of each endpoint and verdict, those that `verdict` was not called for in the latest second. Left out: it is called for each, and so is `finished`. */
  together?(group: Together): void;
  /** Packets have come, and are judged next: the time to tell of losses that they may follow (`noteLosses`). */
  arrived?(): void;
  /** The packets that came together are judged. */
  drained?(): void;
  /** Whoever takes the verdicts is behind: reading goes on when this resolves. null: nobody is. */
  behind?(): Promise<void> | null;
  /** For whoever keeps packets; null for nobody. */
  readonly packets?: PacketSink | null;
}

/** What is told of each packet and its attempt to whoever keeps packets. */
export interface PacketSink {
  /** The next packet, before it is judged. BORROWED until `judged`. `source` and the frame's `interfaceIndex` name its interface. */
  packet(frame: Frame, source: ByteSource, reader: CaptureReader): void;
  /** Every packet up to this moment was taken. */
  passTime(seconds: number, nanos: number): void;
  /** It belongs to this attempt. */
  belongs(id: number): void;
  /** It is judged. */
  judged(): void;
  /** Nothing more will be said of this attempt, nor any packet belong to it. */
  left(id: number): void;
  /** The container says that the interface lost packets. */
  lost(loss: LossInterval, source: ByteSource, reader: CaptureReader): void;
}

/** Packets lost by the capture so far, as its engine counts them. */
export interface EngineLosses {
  readonly kernel: number;
  readonly interface: number;
}

/** Finished sources that the report names; a file that is replaced every minute has many. */
const SOURCES_NAMED = 50;

export class LiveAnalysis {
  /** Packets so far. */
  packets = 0;
  /** Sentences that the report begins its own with. */
  readonly warnings: string[] = [];
  private readonly analysis: Analysis;
  private readonly options: AnalysisOptions;
  private readonly sink: LiveSink;
  private readonly stopped: Promise<void>;
  private readonly open: SourceTally<CaptureStream>[] = [];
  private readonly done: SourceSummary[] = [];
  private readonly failures: Error[] = [];
  private hasBegun = false;
  private unnamedSources = 0;
  private engineLosses: EngineLosses | null = null;
  private lostInDone: Report['capture']['lost'] = { kernel: null, interface: null };
  private readonly mostPackets: number;
  /** Several sources at a time are one capture: their packets are numbered in the order in which they come. */
  private isNumbering = false;
  private lastSeconds = 0;
  private lastNanos = 0;
  /** Packets may have been lost since the last one that was read. */
  private isTailUnread = false;
  /** The second of the capture's time in which a flood was told of last. */
  private toldSecond = 0;

  /** @param stopped when it resolves, `read` returns. @param mostPackets none is read beyond so many */
  constructor(options: AnalysisOptions, sink: LiveSink, stopped: Promise<void>, mostPackets: number | null = null) {
    this.options = options;
    this.sink = sink;
    this.stopped = stopped;
    this.mostPackets = mostPackets ?? Number.POSITIVE_INFINITY;
    const kept = sink.packets ?? null;
    const hooks = {
      finished: (handshake: Handshake): void => sink.finished(handshake),
      ...(kept === null ? {} : { belongs: (id: number) => kept.belongs(id), left: (id: number) => kept.left(id) }),
    };
    const crowds = sink.together !== undefined;
    this.analysis = new Analysis(
      { ...options, early: true, crowds, files: 1 },
      (handshake) => sink.verdict(handshake),
      hooks,
    );
  }

  /** Judges the packets of the source until it ends, or all is stopped. */
  async read(source: ByteSource): Promise<void> {
    const tally = new SourceTally(new CaptureStream(source));
    const { stream } = tally;
    const stop = new Stop(this.stopped);
    this.open.push(tally);
    if (this.open.length > 1) this.isNumbering = true;
    while (await stop.orFalse(stream.fill())) {
      this.sink.arrived?.();
      while (this.packets < this.mostPackets && stream.next()) this.observe(tally);
      this.passLosses(tally);
      this.passTime();
      this.sink.drained?.();
      const behind = this.sink.behind?.() ?? null;
      if (behind !== null) await behind;
    }
    // A stream that nobody ends can't be let go of: it would wait for its next bytes.
    if (!stop.isStopped) await stream.close();
    this.close(tally);
  }

  /** The capture runs from this moment on, if that is known: before the first `read`. */
  begin(seconds: number, nanos: number): void {
    this.hasBegun = true;
    this.analysis.begin(seconds, filterOf(this.options, seconds, nanos));
    this.analysis.opened(seconds, nanos);
    this.passTime();
  }

  /** Time has gone on to this moment, and every packet before it was read. */
  advance(seconds: number, nanos: number): void {
    this.analysis.advance(seconds, nanos);
    this.passTime();
  }

  /** The same for so many seconds after the latest packet. */
  advanceBeyondLast(seconds: number): void {
    const nanos = this.lastNanos + seconds * 1e9;
    this.advance(this.lastSeconds + Math.floor(nanos / 1e9), nanos % 1e9);
  }

  /** The engine lost packets between two moments (epoch seconds). @param losses all that it has lost so far */
  noteLosses(losses: EngineLosses, fromSeconds: number, toSeconds: number): void {
    const before = this.engineLosses ?? { kernel: 0, interface: 0 };
    const hasLost = losses.kernel > before.kernel || losses.interface > before.interface;
    this.engineLosses = losses;
    if (!hasLost) return;
    this.noteGap(fromSeconds, toSeconds, losses.kernel + losses.interface - before.kernel - before.interface);
  }

  /** Between two moments (epoch seconds) packets passed, or may have passed, that the capture has not seen. @param packets how many; Infinity when all of them */
  noteGap(fromSeconds: number, toSeconds: number, packets: number): void {
    if (!this.hasBegun) return;
    const [from, to] = [Math.floor(fromSeconds), Math.floor(toSeconds)];
    this.analysis.noteLoss(from, (fromSeconds - from) * 1e9, to, (toSeconds - to) * 1e9, packets);
  }

  /** Whatever came between the last packet and the next one to be read is lost. */
  noteUnread(): void {
    this.isTailUnread = true;
  }

  /** Packets that the capture lost; null when nothing tells. */
  get lost(): Report['capture']['lost'] {
    if (this.engineLosses !== null) return this.engineLosses;
    const running = lostOf(this.open.map(({ stream }) => stream));
    return {
      kernel: plus(this.lostInDone.kernel, running.kernel),
      interface: plus(this.lostInDone.interface, running.interface),
    };
  }

  stand(): Standing {
    return this.analysis.stand();
  }

  /** The report as it would be if the capture ended now, and the records of the listed attempts that are open; everything goes on. */
  snapshot(): { readonly report: Report; readonly open: readonly Handshake[]; readonly together: readonly Together[] } {
    const open: Handshake[] = [];
    const together: Together[] = [...this.analysis.finishedTogether()];
    const figures = this.analysis.snapshot(
      (handshake) => open.push(handshake),
      (group) => together.push(group),
    );
    return { report: this.report(figures), open, together };
  }

  /** The end. `failures`: sources that ended before their end; `together`: attempts that `finished` was not called for. */
  finish(): {
    readonly report: Report;
    readonly failures: readonly Error[];
    readonly together: readonly Together[];
  } {
    const report = this.report(this.analysis.finish());
    this.tellTogether();
    return { report, failures: this.failures, together: this.analysis.finishedTogether() };
  }

  private tellTogether(): void {
    for (const group of this.analysis.toldTogether()) this.sink.together?.(group);
  }

  private observe(tally: SourceTally<CaptureStream>): void {
    const { frame, source, reader } = tally.stream;
    if (!this.hasBegun) {
      this.hasBegun = true;
      this.analysis.begin(frame.seconds, filterOf(this.options, frame.seconds, frame.nanos));
    }
    if (this.isTailUnread) this.noteGapBefore(frame);
    tally.count();
    this.packets += 1;
    this.lastSeconds = frame.seconds;
    this.lastNanos = frame.nanos;
    if (this.isNumbering) frame.number = this.packets;
    const kept = this.sink.packets ?? null;
    if (reader !== null) kept?.packet(frame, source, reader);
    this.analysis.observe(frame, 0);
    kept?.judged();
  }

  private noteGapBefore({ seconds, nanos }: Frame): void {
    this.isTailUnread = false;
    if (this.packets === 0) return;
    const { lastSeconds, lastNanos } = this;
    this.analysis.noteLoss(lastSeconds, lastNanos, seconds, nanos, Number.POSITIVE_INFINITY);
  }

  private passTime(): void {
    const { seconds, nanos } = this.analysis.moment;
    if (this.hasBegun) this.sink.packets?.passTime(seconds, nanos);
    if (seconds === this.toldSecond) return;
    this.toldSecond = seconds;
    this.tellTogether();
  }

  private passLosses(tally: SourceTally<CaptureStream>): void {
    const { source, reader } = tally.stream;
    tally.passLosses(this.analysis, (loss) => {
      if (reader !== null) this.sink.packets?.lost(loss, source, reader);
    });
  }

  private close(tally: SourceTally<CaptureStream>): void {
    const { stream } = tally;
    this.passLosses(tally);
    const lost = lostOf([stream]);
    this.lostInDone = {
      kernel: plus(this.lostInDone.kernel, lost.kernel),
      interface: plus(this.lostInDone.interface, lost.interface),
    };
    if (stream.failure !== null) this.failures.push(stream.failure);
    if (this.done.length < SOURCES_NAMED) this.done.push(tally.summary());
    else this.unnamedSources += 1;
    this.open.splice(this.open.indexOf(tally), 1);
  }

  private report(figures: AnalysisFigures): Report {
    const sources = [...this.done, ...this.open.map((tally) => tally.summary())];
    const warnings =
      this.unnamedSources > 0 ? [`${this.unnamedSources} further files were read, which are not named here`] : [];
    return makeReport(figures, sources, this.lost, this.options, [...warnings, ...this.warnings]);
  }
}

function plus(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : a + b;
}
