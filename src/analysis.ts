/**
 * The core without its edges: frames in, one after the other; records and the report out. Pure: no I/O, no clock, no randomness.
 *
 *     frame -> Decoder -> segment -> Tracker -> evidence -> judge -> SummaryFold, RecordList
 */
import { formatEpoch, sinceBase, utcMoment } from './bytes/time.ts';
import type { Frame } from './capture/frame.ts';
import { diagnosesOf } from './diagnosis/diagnose.ts';
import { SHAPE } from './diagnosis/shape.ts';
import { SAID_UNHEARD } from './handshake/attempts.ts';
import { CaptureClock } from './handshake/clock.ts';
import type { Evidence } from './handshake/evidence.ts';
import { packFrame } from './handshake/frame-lists.ts';
import type { Handshake, VerdictName } from './handshake/handshake.ts';
import { isNews, makeHandshake, type RecordContext } from './handshake/record.ts';
import { SegmentTrace } from './handshake/segment-trace.ts';
import type { TracedSegment } from './handshake/trace.ts';
import { Tracker } from './handshake/tracker.ts';
import { VantageTally } from './handshake/vantage.ts';
import { judge, MISSING_LEGS, VERDICT, VERDICT_NAMES, type Verdict } from './handshake/verdict.ts';
import { AlikeRun } from './report/alike-run.ts';
import type { AttemptFilter } from './report/attempt-filter.ts';
import { passes } from './report/attempt-filter.ts';
import { Crowd, type Together } from './report/crowd.ts';
import { type ListOptions, RecordList, type RecordSink } from './report/record-list.ts';
import type { CaptureSummary, ServerSummary, Summary } from './report/report.ts';
import { type EndpointStanding, namedCounts, StandingTable } from './report/standing.ts';
import { SummaryFold } from './report/summary.ts';
import { Decoder } from './wire/decode.ts';
import { NANOSECONDS, ROW, ROW_WORDS } from './wire/plain-row.ts';
import { DIRECTION, KIND, Segment } from './wire/segment.ts';

export interface AnalysisSettings {
  readonly patienceSeconds: number;
  readonly maxOpen: number;
  /** Of the hash tables: any 32-bit number; a random one keeps crafted traffic from aiming at it. */
  readonly seed: number;
  readonly list: ListOptions;
  /** Give each record as soon as its verdict can be told, and again, with `revision` + 1, when later packets amend it. The order is then that of the verdicts. */
  readonly early: boolean;
  /** With `early`: records of a flood are left out, and told together (`toldTogether`, `finishedTogether`). */
  readonly crowds?: boolean;
  /** Number of files that make up the capture. */
  readonly files: number;
  /** Id of the attempt whose segments are wanted, or null. */
  readonly trace: number | null;
}

/** The parts of the report that the core knows; the pipeline adds the sources. */
export interface AnalysisFigures {
  readonly capture: Omit<CaptureSummary, 'sources' | 'lost'>;
  readonly summary: Summary;
  readonly servers: readonly ServerSummary[];
}

/** What a running analysis tells beside the list of records. */
export interface AnalysisHooks {
  /** The record of an attempt that is finished: its last one. OWNED. */
  finished?(handshake: Handshake): void;
  /** The packet that is being observed belongs to this attempt. */
  belongs?(id: number): void;
  /** Nothing more will be said of this attempt, nor any packet belong to it. */
  left?(id: number): void;
}

/** How matters stand: attempts by the verdict that is out, and those that have none yet. */
export interface Standing {
  readonly byVerdict: Readonly<Record<VerdictName, number>>;
  /** The same for each server endpoint, the first 4,096 of them; only with early output. */
  readonly endpoints: readonly EndpointStanding[];
  readonly open: number;
}

/** Attempts of an endpoint and verdict that are told one by one before `toldTogether` is asked for again; of which the last record is made. */
const TOLD_ALONE = 20;
const FINISHED_ALONE = 200;

/** Rows whose attempts are fetched together, before the first of them is looked at. */
const ROWS_AHEAD = 32;

export class Analysis {
  /** Finished attempts that the filter does not let through. */
  private leftOut = 0;
  private filter: AttemptFilter = { ports: [], servers: [], clients: [], sinceNanos: null, untilNanos: null };
  /** Whole epoch seconds from which times count. */
  private baseSeconds = 0;
  /** Frames so far. */
  frames = 0;
  private isOpen = false;
  private readonly settings: AnalysisSettings;
  private readonly segment = new Segment();
  private readonly decoder = new Decoder();
  private readonly clock = new CaptureClock();
  private readonly tracker: Tracker;
  private readonly vantage = new VantageTally();
  private readonly fold: SummaryFold;
  private readonly list: RecordList<unknown>;
  private readonly trace: SegmentTrace | null;
  private tcpSegments = 0;
  private icmpErrors = 0;
  private cutSegments = 0;
  private timeless = 0;
  private digits = 0;
  private tracedHandshake: Handshake | null = null;
  private readonly hooks: AnalysisHooks;
  /** Attempts that pass the filter, by the verdict that is out; and attempts that have one at all. */
  private readonly standing = new Float64Array(VERDICT_NAMES.length);
  private told = 0;
  private readonly endpoints: StandingTable | null;
  /** What is told, and what is finished, of a flood; null when each has its record. */
  private readonly saying: Crowd | null;
  private readonly ending: Crowd | null;
  /** Finished attempts that are not counted yet, and whether `saying` and `ending` count them. */
  private readonly run = new AlikeRun();
  private isRunSaid = false;
  private isRunKept = false;
  /** Whether nobody wants to hear of each finished attempt. */
  private readonly mayRun: boolean;

  /** @param records takes each listed record, owned, or the text that it is made into. */
  constructor(
    settings: AnalysisSettings,
    records: ((handshake: Handshake) => void) | RecordSink<string>,
    hooks: AnalysisHooks = {},
  ) {
    this.settings = settings;
    this.hooks = hooks;
    this.fold = new SummaryFold(settings.seed, settings.patienceSeconds * 1e9);
    this.endpoints = settings.early ? new StandingTable(settings.seed) : null;
    this.mayRun = settings.early && hooks.left === undefined;
    const hasCrowds = settings.early && settings.crowds === true;
    this.saying = hasCrowds ? new Crowd(settings.seed, TOLD_ALONE) : null;
    this.ending = hasCrowds ? new Crowd(settings.seed, FINISHED_ALONE) : null;
    this.list = new RecordList<unknown>(
      settings.list,
      typeof records === 'function' ? { prepare: (handshake) => handshake, emit: records } : records,
    );
    this.trace = settings.trace === null ? null : new SegmentTrace(settings.trace);
    const sink = {
      finished: (evidence: Evidence): void => this.finished(evidence),
      ...(settings.early ? { silent: this.silent.bind(this), begun: this.begun.bind(this) } : {}),
      ...(this.trace === null ? {} : { traced: this.trace.add.bind(this.trace) }),
      ...(hooks.belongs === undefined ? {} : { traced: hooks.belongs }),
    };
    const options = { patienceNanos: settings.patienceSeconds * 1e9, maxOpen: settings.maxOpen, seed: settings.seed };
    this.tracker = new Tracker(options, sink);
  }

  /** Before anything else: the whole second of the first packet, from which all times count, those of the filter among them. */
  begin(baseSeconds: number, filter: AttemptFilter): void {
    this.baseSeconds = baseSeconds;
    this.filter = filter;
  }

  /** The capture runs since this moment, though no packet came yet: one that comes later is not near its beginning. After `begin`, before the first packet. */
  opened(seconds: number, nanos: number): void {
    this.isOpen = true;
    this.clock.tick(sinceBase(seconds, nanos, this.baseSeconds));
  }

  /** The capture had run since this moment when its first packet came. After `begin`. */
  heldFrom(seconds: number, nanos: number, firstSeconds: number, firstNanos: number): void {
    const first = sinceBase(firstSeconds, firstNanos, this.baseSeconds);
    this.clock.startAt(sinceBase(seconds, nanos, this.baseSeconds), first);
  }

  /** The next packet of the capture, which is packet `frame.number` of file `file`. */
  observe(frame: Frame, file: number): void {
    this.frames += 1;
    if (frame.digits > this.digits) this.digits = frame.digits;
    const time = sinceBase(frame.seconds, frame.nanos, this.baseSeconds);
    if (frame.timeless) this.timeless += 1;
    const clock = frame.timeless ? this.clock.now : this.clock.tick(time);
    const segment = this.segment;
    const stop = this.decoder.decode(
      frame.view,
      frame.at,
      frame.capturedLength,
      frame.originalLength,
      frame.linkType,
      segment,
    );
    if (stop !== 0) return;
    if (segment.direction === DIRECTION.UNKNOWN) segment.direction = frame.direction;
    this.track(segment, time, clock, packFrame(file, frame.number));
  }

  /**
   * The next packets of the capture: plain ones, decoded elsewhere, as rows (wire/plain-row.ts) from word `at` on. BORROWED until the call returns.
   * @param view of the chunk that the rows speak of. @param number of the first of them in file `file`
   */
  observeRows(rows: Int32Array, at: number, count: number, view: DataView, file: number, number: number): void {
    this.decoder.pass(count);
    this.frames += count;
    this.tcpSegments += count;
    for (let done = 0; done < count; done += ROWS_AHEAD) {
      const batch = Math.min(ROWS_AHEAD, count - done);
      this.tracker.expect(rows, at + done * ROW_WORDS, batch);
      for (let i = done; i < done + batch; i++)
        this.observeRow(rows, at + i * ROW_WORDS, view, packFrame(file, number + i));
    }
  }

  private observeRow(rows: Int32Array, row: number, view: DataView, number: number): void {
    const seconds = (rows[row + ROW.SECONDS] as number) >>> 0;
    const time = sinceBase(seconds, rows[row + ROW.NANOS] as number, this.baseSeconds);
    const digits = ((rows[row + ROW.SHAPE] as number) & NANOSECONDS) === 0 ? 6 : 9;
    if (digits > this.digits) this.digits = digits;
    this.trace?.at(number, time, this.baseSeconds, this.digits);
    const tags = rows[row + ROW.TAGS] as number;
    const network = tags === 0 ? 0 : this.decoder.networkOf(tags);
    this.tracker.observeRow(rows, row, view, network, this.segment, time, this.clock.tick(time), number);
  }

  /** The capture says that it lost packets between two times (epoch seconds and nanoseconds). */
  noteLoss(fromSeconds: number, fromNanos: number, toSeconds: number, toNanos: number, packets: number): void {
    this.tracker.noteLoss(
      sinceBase(fromSeconds, fromNanos, this.baseSeconds),
      sinceBase(toSeconds, toNanos, this.baseSeconds),
      packets,
    );
  }

  /** Time goes on to this moment, and every packet before it has been observed: so what has not come yet is late. */
  advance(seconds: number, nanos: number): void {
    if (this.frames > 0 || this.isOpen)
      this.tracker.elapse(this.clock.advance(sinceBase(seconds, nanos, this.baseSeconds)));
  }

  /** The moment to which the capture's clock has come. */
  get moment(): { readonly seconds: number; readonly nanos: number } {
    const whole = Math.floor(this.clock.latest / 1e9);
    return { seconds: this.baseSeconds + whole, nanos: this.clock.latest - whole * 1e9 };
  }

  /** The capture is at its end, and held every packet until this moment. */
  end(seconds: number, nanos: number): void {
    if (this.frames > 0) this.tracker.elapse(this.clock.end(sinceBase(seconds, nanos, this.baseSeconds)));
  }

  /** How matters stand now; cheap enough to be asked for several times a second. */
  stand(): Standing {
    this.endRun();
    return {
      byVerdict: namedCounts(this.standing),
      endpoints: this.endpoints?.all() ?? [],
      open: this.tracker.begun - this.told,
    };
  }

  /** Verdicts that are out since this was asked for last, and were not told one by one. */
  toldTogether(): readonly Together[] {
    this.endRun();
    return this.saying?.take(this.momentText) ?? [];
  }

  /** Attempts that are finished, and whose record was not made. */
  finishedTogether(): readonly Together[] {
    this.endRun();
    return this.ending?.together(this.momentText) ?? [];
  }

  /** The figures as they would be if the capture ended now; nothing is finished. @param open takes the record of each listed attempt that is open; @param together those of a flood */
  snapshot(open: (handshake: Handshake) => void, together: (group: Together) => void = () => {}): AnalysisFigures {
    this.endRun();
    const fold = this.fold.copy();
    const crowd = this.ending === null ? null : new Crowd(this.settings.seed, FINISHED_ALONE);
    const run = new AlikeRun();
    const endRun = (): void => {
      if (run.attempts > 0) {
        fold.addAlike(run);
        if (this.isListed(run.verdict)) crowd?.countAlike(run);
      }
      run.end();
    };
    let leftOut = this.leftOut;
    this.tracker.eachOpen((evidence) => {
      const verdict = judge(evidence, this.tracker.patienceNanos);
      if (run.takes(evidence, verdict)) return;
      endRun();
      if (!passes(this.filter, evidence)) {
        leftOut += 1;
        return;
      }
      fold.add(evidence, verdict);
      if (!this.isListed(verdict) || crowd?.admits(evidence, verdict) === false) {
        run.begin(evidence, verdict);
        return;
      }
      const record = this.record(evidence, verdict);
      crowd?.keep(evidence, verdict, record);
      open(record);
    });
    endRun();
    for (const group of crowd?.together(this.momentText) ?? []) together(group);
    return {
      capture: this.captureFigures(leftOut),
      summary: fold.summary(),
      servers: fold.servers(this.vantage.side(), this.utcText),
    };
  }

  /** The capture is at its end: all that is open is judged as it stands. */
  finish(): AnalysisFigures {
    this.fold.expect(this.tracker.attempts.rows);
    this.tracker.flush(this.clock.now);
    this.endRun();
    this.list.finish();
    const servers = this.fold.servers(this.vantage.side(), this.utcText);
    return { capture: this.captureFigures(this.leftOut), summary: this.fold.summary(), servers };
  }

  /** The attempt that was asked for with `trace`, or null when the capture has none of that id. */
  get traced(): { handshake: Handshake; segments: readonly TracedSegment[] } | null {
    if (this.trace === null || this.tracedHandshake === null) return null;
    return { handshake: this.tracedHandshake, segments: this.trace.segments };
  }

  private track(segment: Segment, time: number, clock: number, number: number): void {
    if (segment.kind === KIND.ICMP_ERROR) this.icmpErrors += 1;
    else {
      this.tcpSegments += 1;
      if (!segment.hasFlags) {
        this.cutSegments += 1;
        return;
      }
    }
    this.trace?.at(number, time, this.baseSeconds, this.digits);
    this.tracker.observe(segment, time, clock, number);
  }

  private finished(evidence: Evidence): void {
    const verdict = judge(evidence, this.tracker.patienceNanos);
    if (this.run.takes(evidence, verdict)) return;
    this.endRun();
    this.vantage.add(evidence);
    if (evidence.id === this.settings.trace) {
      this.tracedHandshake = this.record(evidence, verdict);
    }
    const passed = passes(this.filter, evidence);
    if (passed) this.fold.add(evidence, verdict);
    else this.leftOut += 1;
    this.tell(evidence, verdict, passed, 1);
    this.isRunSaid = false;
    this.isRunKept = false;
    const hasRecord = this.list.wantsMore && this.listFinished(evidence, verdict, passed);
    if (this.mayRun && !hasRecord) this.run.begin(evidence, verdict);
    this.hooks.left?.(evidence.id);
  }

  /** Counts the finished attempts that are like the one before them: they are to be known now. */
  private endRun(): void {
    const { run } = this;
    if (run.attempts > 0) {
      this.vantage.addAlike(run.like, run.attempts);
      this.fold.addAlike(run);
      this.tell(run.like, run.verdict, true, run.attempts);
      if (this.isRunSaid) this.saying?.countAlike(run);
      if (this.isRunKept) this.ending?.countAlike(run);
    }
    run.end();
  }

  /** Answers whether a record was made. */
  private listFinished(evidence: Evidence, verdict: Verdict, passed: boolean): boolean {
    const isListed = passed && this.isListed(verdict);
    // Early output has said it already, unless there is more to say now.
    const isToBeSaid =
      passed && isNews(evidence, verdict, this.isUnheard(evidence, verdict)) && this.isToBeSaid(evidence, verdict);
    const isSaid = isToBeSaid && (this.saying?.admits(evidence, verdict) ?? true);
    const isToBeKept = isListed && this.hooks.finished !== undefined;
    const isKept = isToBeKept && (this.ending?.admits(evidence, verdict) ?? true);
    this.isRunSaid = isToBeSaid;
    this.isRunKept = isToBeKept;
    const record = isSaid || isKept ? this.record(evidence, verdict) : null;
    if (!this.settings.early) this.list.done(evidence.id, record);
    else if (isSaid && record !== null) this.say(evidence, verdict, record);
    if (!isKept || record === null) return record !== null;
    this.ending?.keep(evidence, verdict, record);
    this.hooks.finished?.(record);
    return true;
  }

  private begun(evidence: Evidence): boolean {
    return passes(this.filter, evidence) && this.fold.meetClient(evidence);
  }

  /** An attempt for which a verdict can be given, and may be amended. A packet that decides nothing after all is no reason to say so. */
  private silent(evidence: Evidence, isDecided: boolean): number | null {
    this.endRun();
    const verdict = judge(evidence, this.tracker.patienceNanos);
    if (isDecided && verdict === VERDICT.UNDECIDED) return null;
    const isUnheard = this.isUnheard(evidence, verdict);
    if (evidence.published === verdict && !(isUnheard && !evidence.isSaidUnheard)) return verdict;
    const passed = passes(this.filter, evidence);
    this.tell(evidence, verdict, passed, 1);
    if (passed && verdict === VERDICT.COMPLETE) this.fold.noteComplete(evidence);
    if (passed && this.list.wantsMore && this.isToBeSaid(evidence, verdict)) {
      if (this.saying?.admits(evidence, verdict) ?? true) this.say(evidence, verdict, this.record(evidence, verdict));
    }
    return isUnheard ? verdict | SAID_UNHEARD : verdict;
  }

  /** The third leg is missing, and the client is there: its later handshakes complete. That makes likely what was possible before. */
  private isUnheard(evidence: Evidence, verdict: Verdict): boolean {
    return verdict === VERDICT.NO_ACK && this.fold.shapeOf(evidence, verdict) === SHAPE.SYN_ACK_HEARD_BY_LIVE_CLIENT;
  }

  private say(evidence: Evidence, verdict: Verdict, record: Handshake): void {
    this.saying?.keep(evidence, verdict, record);
    this.list.atOnce(record);
  }

  private readonly momentText = (nanos: number): string => formatEpoch(nanos, this.baseSeconds, this.digits);

  /** For sentences, which people read. */
  private readonly utcText = (nanos: number): string => `${utcMoment(this.momentText(nanos), '')} UTC`;

  private record(evidence: Evidence, verdict: Verdict): Handshake {
    const shape = this.fold.shapeOf(evidence, verdict);
    const isUnheard = shape === SHAPE.SYN_ACK_HEARD_BY_LIVE_CLIENT;
    const handshake = makeHandshake(evidence, verdict, isUnheard, this.context());
    const diagnoses = diagnosesOf(handshake, shape, this.vantage.side());
    return diagnoses.length === 0 ? handshake : { ...handshake, diagnoses };
  }

  private tell(evidence: Evidence, verdict: Verdict, passed: boolean, attempts: number): void {
    const { published } = evidence;
    if (published < 0) this.told += attempts;
    if (!passed) return;
    if (published >= 0) this.standing[published] = (this.standing[published] as number) - attempts;
    this.standing[verdict] = (this.standing[verdict] as number) + attempts;
    this.endpoints?.tell(evidence, verdict, published, attempts);
  }

  /** Whoever was told of a verdict is told when it is another one after all, whichever it is. */
  private isToBeSaid(evidence: Evidence, verdict: Verdict): boolean {
    return this.isListed(verdict) || (evidence.published >= 0 && this.isListed(evidence.published as Verdict));
  }

  private isListed(verdict: Verdict): boolean {
    return this.list.wants(VERDICT_NAMES[verdict] as Handshake['verdict'], MISSING_LEGS[verdict] ?? null);
  }

  private context(): RecordContext {
    return {
      patienceNanos: this.tracker.patienceNanos,
      baseSeconds: this.baseSeconds,
      digits: this.digits,
      networks: this.decoder.networks,
      frames: this.tracker.frames,
      severalFiles: this.settings.files > 1,
    };
  }

  private captureFigures(leftOut: number): AnalysisFigures['capture'] {
    return {
      tcpSegments: this.tcpSegments,
      duplicates: this.tracker.duplicates,
      midstream: this.tracker.midstream,
      vantage: this.vantage.conclude(),
      notTcp: this.decoder.notTcp(),
      icmpErrors: { seen: this.icmpErrors, joined: this.tracker.icmpJoined },
      clock: {
        backwardSteps: this.clock.backwardSteps,
        forwardSteps: this.clock.forwardSteps,
        largestBackwardSeconds: this.clock.largestBackwardNanos / 1e9,
      },
      givenUp: this.tracker.givenUp,
      ...(leftOut > 0 ? { leftOut } : {}),
      warnings: this.warnings(),
    };
  }

  private warnings(): string[] {
    const warnings: string[] = [];
    if (this.cutSegments > 0) {
      warnings.push(
        `${this.cutSegments} TCP segments were cut before their flags, so nothing can be said of them: capture with a longer snapshot length (tcpdump -s 128)`,
      );
    }
    if (this.timeless > 0) {
      warnings.push(
        `${this.timeless} packets have no time of their own (pcapng simple packet blocks): they count at the time of the packet before them, and latencies and pauses beside them are not to be trusted`,
      );
    }
    if (this.decoder.networksShared > 0) {
      warnings.push(
        `${this.decoder.networksShared} packets came through more VLANs and tunnels than are told apart, and count to the last of them`,
      );
    }
    if (this.decoder.fragmentsGivenUp > 0) {
      warnings.push(
        `${this.decoder.fragmentsGivenUp} fragmented datagrams were given up incomplete: their TCP segments are not in this report`,
      );
    }
    if (this.tracker.givenUp > 0) {
      warnings.push(
        `${this.tracker.givenUp} attempts were given up before their end, to make room for others: --max-open raises the bound, at 600 octets each`,
      );
    }
    if (this.fold.unlistedAttempts > 0) {
      warnings.push(`${this.fold.unlistedAttempts} attempts went to further servers, which are not listed one by one`);
    }
    if (this.fold.uncountedClients) warnings.push('so many clients came that their numbers are lower bounds');
    if (this.list.left > 0) warnings.push(`${this.list.left} attempts are not listed: sorting them all needs --limit`);
    return warnings;
  }
}
