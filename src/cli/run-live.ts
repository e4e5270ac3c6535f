/** What `tripod live` does, with everything resolved: verdicts as they come, how matters stand, and the report at the end. */
import type { Handshake } from '../handshake/handshake.ts';
import type { EnteredNamespace } from '../host/enter-namespace.ts';
import { startFactsProcess } from '../host/facts-process.ts';
import { localAddresses } from '../host/local-addresses.ts';
import { LiveAnalysis } from '../live.ts';
import { isNarrowed } from '../pipeline.ts';
import type { Together } from '../report/crowd.ts';
import { lacksLeg } from '../report/lacks-leg.ts';
import { createRenderer } from '../report/render/index.ts';
import type { Renderer } from '../report/render/renderer.ts';
import type { Report } from '../report/report.ts';
import { streamSource } from '../source/byte-source.ts';
import { followFile } from '../source/follow.ts';
import type { LiveCapture } from '../source/live/live-capture.ts';
import { dropPrivileges } from '../source/live/privileges.ts';
import { UserError } from '../source/user-error.ts';
import { isSameFile } from './capture-files.ts';
import type { Context } from './context.ts';
import { EXIT } from './errors.ts';
import { HostWitness } from './host-witness.ts';
import { LiveTeller } from './live-teller.ts';
import { beginningSentence } from './live-words.ts';
import { enterNamespace } from './namespace.ts';
import { openCaptures } from './open-captures.ts';
import { OutputReader } from './output-reader.ts';
import { PacketKeepers } from './packet-keepers.ts';
import type { ResolvedLive } from './resolve-live.ts';
import { tell, tellDamage } from './tell.ts';
import { growingOutput } from './write.ts';

/** Milliseconds between two looks at the clock. */
const TICK_MILLIS = 100;
/** A packet that is stamped is in the ring at once; this is room to spare. */
const READ_AFTER_MILLIS = 250;
/** Packets come through a pipe this soon after their time: tcpdump -U hands them over every second. */
const PIPED_AFTER_MILLIS = 2000;
const SECOND_MILLIS = 1000;
/** Milliseconds after which endpoints are gone through for those whose queues are looked at. */
const QUEUES_MILLIS = 1000;
/** Milliseconds that SIGTERM and SIGHUP leave a reader to take the report. */
const HURRIED_MILLIS = 5000;
const SILENCE_COUNTED =
  'while the pipe was silent, time went on by the clock of this host (--clock system): a leg that was under way in the pipe may be called missing';

const READER_IS_BEHIND =
  'whoever reads the output is behind: no packet is read until it goes on; those for which the kernel has no room meanwhile are lost, and counted';

export async function runLive(options: ResolvedLive, context: Context): Promise<number> {
  const { width, colour, analysis, format } = options;
  const rendering = {
    version: analysis.version,
    width,
    colour,
    limit: null,
    individually: false,
    narrowed: isNarrowed(analysis),
  };
  const renderer = await createRenderer(format, rendering);
  // SIGUSR1 asks for a look at how matters stand: a text, whatever the format.
  const preview = format === 'table' ? renderer : await createRenderer('table', rendering);
  const run = new LiveRun(options, context, renderer, preview);
  await run.toItsEnd();
  const code = run.report();
  return (await run.isTaken()) ? code : EXIT.COULD_NOT;
}

class LiveRun {
  private readonly options: ResolvedLive;
  private readonly context: Context;
  private readonly teller: LiveTeller;
  private readonly keepers: PacketKeepers;
  private readonly live: LiveAnalysis;
  /** What this host's facts say beside its packets; null for packets of another host, and with --no-host. */
  private witness: HostWitness | null = null;
  private finished: ReturnType<LiveAnalysis['finish']> | null = null;
  private captures: readonly LiveCapture[] = [];
  private stopReading: () => void = () => {};
  private lossesKnownUntil = 0;
  private namespace: EnteredNamespace | null = null;
  private isCutShort = false;
  private isStopped = false;
  /** SIGTERM or SIGHUP: whoever sends them waits for no reader. */
  private isHurried = false;
  private readonly reader: OutputReader;
  /** What went wrong in a timer or signal handler; thrown once reading has ended. */
  private failure: unknown = null;
  private heardAt = 0;
  private lookedAtQueues = Number.NEGATIVE_INFINITY;
  private hasSaidThatTimeStands = false;

  constructor(options: ResolvedLive, context: Context, renderer: Renderer, preview: Renderer) {
    this.options = options;
    this.context = context;
    const output = options.out === null ? context.stdout : growingOutput(options.out);
    this.reader = new OutputReader(output, context);
    this.teller = new LiveTeller(options, context, output, renderer, preview);
    this.keepers = new PacketKeepers(options, context);
    const stopped = new Promise<void>((resolve) => {
      this.stopReading = resolve;
    });
    const sink = {
      verdict: (handshake: Handshake): void => this.verdict(handshake),
      finished: (handshake: Handshake): void => this.lastRecord(handshake),
      arrived: (): void => this.noteLosses(this.context.wallClock()),
      drained: (): void => this.drained(),
      behind: (): Promise<void> | null => (this.reader.isBehind ? this.untilTaken() : null),
      packets: this.keepers.sink,
      // Records for programs, and comments beside packets, are wanted of each.
      ...(options.format === 'table' && this.keepers.sink === null
        ? { together: (group: Together): void => this.teller.together(group) }
        : {}),
    };
    this.live = new LiveAnalysis(options.analysis, sink, stopped, options.packets);
  }

  /** Reads until the sources end, or somebody or something says that it is enough. */
  async toItsEnd(): Promise<void> {
    const { context, options } = this;
    const read = await this.open();
    const user = this.captures.length === 0 ? null : dropPrivileges(options.user, context.env);
    this.keepers.open(user);
    tell(context, beginningSentence(options, user));
    this.teller.begin();
    const forget = [
      context.onInterrupt(() => this.stop()),
      context.onSignal('SIGTERM', () => this.hurry()),
      context.onSignal('SIGHUP', () => this.hurry()),
      context.onSignal('SIGUSR1', () => this.guard(() => this.teller.show(this.live.snapshot()))),
    ];
    this.heardAt = context.now();
    const ticks = setInterval(() => this.guard(() => this.tick()), TICK_MILLIS);
    const { durationSeconds } = options;
    const end = durationSeconds === null ? null : setTimeout(() => this.stop(), durationSeconds * SECOND_MILLIS);
    try {
      await read();
      if (this.failure !== null) throw this.failure;
      await this.finish();
    } finally {
      clearInterval(ticks);
      if (end !== null) clearTimeout(end);
      for (const each of forget) each();
      this.teller.clearStatus();
    }
  }

  /** The last verdicts, and what this host says of them. */
  private async finish(): Promise<void> {
    this.noteLosses(this.context.wallClock());
    this.finished = this.live.finish();
    const { report, together } = this.finished;
    const silent = report.servers.filter(({ attempts }) => attempts === 0).map(({ port }) => port);
    await this.witness?.settle(together.length > 0, new Set(silent));
  }

  /** The report at the end; answers the exit code. */
  report(): number {
    const { report: own, failures, together } = this.finished ?? this.live.finish();
    const report = this.witness?.dressReport(own) ?? own;
    this.keepers.close((sentence) => this.teller.say(sentence));
    this.teller.end(report, together);
    const failed = [...failures, ...this.keepers.failures];
    tellDamage(this.context, report.capture.sources);
    this.tellLosses(report);
    if (failed.length > 0 || this.isCutShort) return EXIT.COULD_NOT;
    return this.options.check && lacksLeg(report) ? EXIT.LEG_MISSING : EXIT.DONE;
  }

  /** Records alone do not say it. */
  private tellLosses({ capture: { lost } }: Report): void {
    const { format } = this.options;
    const packets = (lost.kernel ?? 0) + (lost.interface ?? 0);
    if (packets === 0 || (format !== 'ndjson' && format !== 'csv')) return;
    const were = packets === 1 ? '1 packet was' : `${packets} packets were`;
    tell(this.context, `${were} lost by the capture: what could have been otherwise for it is undecided`);
  }

  /** Resolves when whoever reads has taken all of it; false when that was not waited for. */
  async isTaken(): Promise<boolean> {
    if (await this.reader.hasTakenAll(this.isHurried ? HURRIED_MILLIS : Number.POSITIVE_INFINITY)) return true;
    tell(this.context, 'nobody reads the output: the rest of it was left');
    return false;
  }

  /** Opens what is to be read; answers what reads it to its end. */
  private async open(): Promise<() => Promise<unknown>> {
    const { source } = this.options;
    if (source.kind === 'file') {
      this.refuseToWriteOver(source.path);
      return () => this.follow(source.path);
    }
    if (source.kind === 'stdin') {
      const { stdin } = this.context;
      if (stdin.isTTY === true) {
        throw new UserError(
          'standard input is a terminal: pipe a capture into it, as in tcpdump -U -w - | tripod live -',
        );
      }
      return () => this.live.read(streamSource(stdin));
    }
    this.namespace = await enterNamespace(source.options.namespace);
    this.witness = await this.startWitness();
    this.captures = await openCaptures({
      ...source.options,
      user: this.options.user,
      endpoints: this.options.analysis,
      say: (sentence) => this.teller.say(sentence),
      missed: (from, to) => this.live.noteGap(from / SECOND_MILLIS, to / SECOND_MILLIS, Number.POSITIVE_INFINITY),
    });
    const opened = this.context.wallClock();
    this.lossesKnownUntil = opened;
    this.live.begin(Math.floor(opened / SECOND_MILLIS), (opened % SECOND_MILLIS) * 1e6);
    return () => Promise.all(this.captures.map((capture) => this.live.read(capture)));
  }

  /** Facts are read by a process of their own, which keeps the rights that this one gives up. */
  private async startWitness(): Promise<HostWitness | null> {
    const { host, trace, analysis, source } = this.options;
    if (!host || source.kind !== 'interfaces') return null;
    const [link, ...others] = source.options.interfaces;
    const ports = [...new Set([...analysis.ports, ...analysis.servers.flatMap(({ port }) => port ?? [])])];
    const [process, own] = await Promise.all([startFactsProcess(ports, trace), localAddresses()]);
    if (process === null) {
      tell(this.context, 'this host’s facts can’t be read: the process that reads them did not start');
      return null;
    }
    return new HostWitness({
      process,
      asked: ports,
      own,
      link: link === undefined || link === 'any' || others.length > 0 ? null : link,
      tell: (record) => this.teller.verdict(record),
      finish: (record) => this.teller.finished(record),
      say: (sentence) => this.teller.say(sentence),
      now: () => this.context.now(),
    });
  }

  private refuseToWriteOver(path: string): void {
    for (const file of [this.options.out, this.options.write, this.options.writeMissing]) {
      if (file !== null && isSameFile(file, path)) {
        throw new UserError(`${file} is the file that is read: name another one to write to`);
      }
    }
  }

  /** One capture after the other, as the file is replaced. */
  private async follow(path: string): Promise<void> {
    const say = (sentence: string): void => this.teller.say(sentence);
    for await (const source of followFile(path, say, () => this.live.noteUnread())) {
      await this.live.read(source);
      if (this.isStopped) return;
    }
  }

  private verdict(handshake: Handshake): void {
    this.keepers.verdict(handshake);
    if (this.witness === null) this.teller.verdict(handshake);
    else this.witness.verdict(handshake);
    if (this.options.untilMissing && handshake.missingLeg !== null) this.stop();
  }

  private lastRecord(handshake: Handshake): void {
    if (this.witness === null) this.teller.finished(handshake);
    else this.witness.finished(handshake);
  }

  private drained(): void {
    this.heardAt = this.context.now();
    this.teller.flush();
    const { packets } = this.options;
    if (packets !== null && this.live.packets >= packets) this.stop();
  }

  private lookAtQueues(witness: HostWitness): void {
    const now = this.context.now();
    if (now - this.lookedAtQueues < QUEUES_MILLIS) return;
    this.lookedAtQueues = now;
    witness.watch(this.live.stand().endpoints);
  }

  private lookAfterNamespace(): void {
    if (this.namespace?.isGone() !== true || this.isStopped) return;
    this.isCutShort = true;
    this.teller.say(`${this.namespace.description} is gone: what came until then is reported`);
    this.stop();
  }

  /** Packets wait in the ring or the pipe meanwhile, and what has no room there is counted by the kernel. */
  private async untilTaken(): Promise<void> {
    while (this.reader.isBehind && !this.isStopped) {
      await this.reader.pause();
      this.guard(() => this.reader.handOver());
    }
  }

  private lookAfterReader(): void {
    // Nothing is read meanwhile: that is no silence of the pipe.
    if (this.reader.isBehind) this.heardAt = this.context.now();
    if (this.reader.isBehindForLong()) this.teller.say(READER_IS_BEHIND);
  }

  private tick(): void {
    this.lookAfterReader();
    if (this.captures.length > 0) this.passTimeOfThisHost();
    else this.passTimeOfPipe();
    this.witness?.tick();
    if (this.witness !== null) this.lookAtQueues(this.witness);
    this.keepers.tick((sentence) => this.teller.say(sentence));
    this.teller.flush();
    this.teller.status(this.live);
  }

  /** On this host time goes on by itself, as far as the ring has been emptied. Losses first: they weaken what is told next. */
  private passTimeOfThisHost(): void {
    const now = this.context.wallClock();
    this.noteLosses(now);
    this.lookAfterNamespace();
    const read = Math.min(now, ...this.captures.map(({ readUntil }) => readUntil)) - READ_AFTER_MILLIS;
    this.live.advance(Math.floor(read / SECOND_MILLIS), (read % SECOND_MILLIS) * 1e6);
  }

  /** What comes through a pipe brings its own time, unless its silence is to be trusted (docs/decisions/0005). */
  private passTimeOfPipe(): void {
    const silentSeconds = (this.context.now() - this.heardAt - PIPED_AFTER_MILLIS) / SECOND_MILLIS;
    if (silentSeconds <= 0 || this.live.packets === 0) return;
    if (this.options.clock === 'system') {
      this.warnOnce(SILENCE_COUNTED);
      this.live.advanceBeyondLast(silentSeconds);
    } else if (!this.hasSaidThatTimeStands && silentSeconds >= this.options.analysis.patienceSeconds) {
      const { open } = this.live.stand();
      if (open === 0) return;
      this.hasSaidThatTimeStands = true;
      this.teller.say(
        `${open === 1 ? 'a handshake waits' : `${open} handshakes wait`} for an answer, and nothing has come for ${Math.round(silentSeconds + PIPED_AFTER_MILLIS / SECOND_MILLIS)} s: time goes on with the next packet; --clock system counts the silence, where every packet comes at once (tcpdump -U)`,
      );
    }
  }

  /** Of a pipe, the container tells. */
  private warnOnce(sentence: string): void {
    if (!this.live.warnings.includes(sentence)) this.live.warnings.push(sentence);
  }

  private noteLosses(now: number): void {
    if (this.captures.length === 0) return;
    const losses = { kernel: 0, interface: 0 };
    const [from, to] = [this.lossesKnownUntil / SECOND_MILLIS, now / SECOND_MILLIS];
    let isKnown = true;
    for (const capture of this.captures) {
      const statistics = capture.statistics();
      if (statistics === null) {
        isKnown = false;
        continue;
      }
      losses.kernel += statistics.droppedByKernel;
      losses.interface += statistics.droppedByInterface;
      this.keepers.statistics(capture.name, from, to, statistics);
    }
    if (isKnown) this.live.noteLosses(losses, from, to);
    // Some packets may be lost at any time.
    else this.live.noteGap(from, to, 0);
    this.lossesKnownUntil = now;
  }

  /** Timers and signals have no caller that could catch: what goes wrong there ends the reading, and is thrown then. */
  private guard(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.failure ??= error;
      this.stop();
    }
  }

  private hurry(): void {
    this.isHurried = true;
    this.stop();
  }

  private stop(): void {
    this.isStopped = true;
    if (this.captures.length === 0) this.stopReading();
    for (const capture of this.captures) capture.stop();
  }
}
