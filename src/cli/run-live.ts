/** What `tripod live` does, with everything resolved: verdicts as they come, and the report at the end. */
import type { Handshake } from '../handshake/handshake.ts';
import { LiveAnalysis } from '../live.ts';
import { printable } from '../report/escape.ts';
import { createRenderer } from '../report/render/index.ts';
import type { Renderer } from '../report/render/renderer.ts';
import type { Report } from '../report/report.ts';
import { streamSource } from '../source/byte-source.ts';
import { followFile } from '../source/follow.ts';
import { type LiveCapture, openLive } from '../source/live/live-capture.ts';
import { dropPrivileges } from '../source/live/privileges.ts';
import { UserError } from '../source/user-error.ts';
import type { Context } from './context.ts';
import { EXIT } from './errors.ts';
import type { ResolvedLive } from './resolve-live.ts';
import { tell } from './tell.ts';

/** Milliseconds between two looks at the clock. */
const TICK_MILLIS = 100;
/** Packets of this host are read this soon after their time, with room to spare: the kernel's ring is emptied every 10 ms. */
const READ_AFTER_MILLIS = 250;
const SECOND_MILLIS = 1000;
/** To the first column, and erase the line (ECMA-48: EL). */
const CLEAR_LINE = '\r\u001b[2K';

export async function runLive(options: ResolvedLive, context: Context): Promise<number> {
  const run = new LiveRun(options, context, await rendererOf(options));
  await run.toItsEnd();
  return run.report();
}

function rendererOf(options: ResolvedLive): Promise<Renderer> {
  const { width, colour, analysis } = options;
  return createRenderer(options.format, { version: analysis.version, width, colour, limit: null, individually: false });
}

class LiveRun {
  private readonly options: ResolvedLive;
  private readonly context: Context;
  private readonly renderer: Renderer;
  private readonly live: LiveAnalysis;
  private captures: readonly LiveCapture[] = [];
  private stopReading: () => void = () => {};
  private lossesKnownUntil = 0;
  private isStopped = false;

  constructor(options: ResolvedLive, context: Context, renderer: Renderer) {
    this.options = options;
    this.context = context;
    this.renderer = renderer;
    const stopped = new Promise<void>((resolve) => {
      this.stopReading = resolve;
    });
    const sink = {
      verdict: (handshake: Handshake): void => this.verdict(handshake),
      finished: (handshake: Handshake): void => this.finished(handshake),
      drained: (): void => this.drained(),
    };
    this.live = new LiveAnalysis(options.analysis, sink, stopped);
  }

  /** Reads until the sources end, or somebody or something says that it is enough. */
  async toItsEnd(): Promise<void> {
    const { context, options } = this;
    const read = await this.open();
    if (this.captures.length > 0) {
      const user = dropPrivileges(
        options.source.kind === 'interfaces' ? options.source.options.user : null,
        context.env,
      );
      if (user !== null) tell(context, `capturing; root was given up, and packets are read as ${printable(user)}`);
    }
    context.stdout.write(this.renderer.begin());
    const forget = [
      context.onInterrupt(() => this.stop()),
      context.onSignal('SIGTERM', () => this.stop()),
      context.onSignal('SIGUSR1', () => this.show()),
    ];
    const ticks = setInterval(() => this.tick(), TICK_MILLIS);
    const { durationSeconds } = options;
    const end = durationSeconds === null ? null : setTimeout(() => this.stop(), durationSeconds * SECOND_MILLIS);
    try {
      await read();
    } finally {
      clearInterval(ticks);
      if (end !== null) clearTimeout(end);
      for (const each of forget) each();
    }
  }

  /** The report at the end; answers the exit code. */
  report(): number {
    this.clearStatus();
    const { report, failures } = this.live.finish();
    this.context.stdout.write(this.renderer.end(report));
    this.context.stdout.flush();
    for (const failure of failures) tell(this.context, failure.message);
    if (failures.length > 0) return EXIT.COULD_NOT;
    return this.options.check && lacksLeg(report) ? EXIT.LEG_MISSING : EXIT.DONE;
  }

  /** Opens what is to be read; answers what reads it to its end. */
  private async open(): Promise<() => Promise<unknown>> {
    const { source } = this.options;
    if (source.kind === 'file') return () => this.follow(source.path);
    if (source.kind === 'stdin') {
      const { stdin } = this.context;
      if (stdin.isTTY === true) {
        throw new UserError(
          'standard input is a terminal: pipe a capture into it, as in tcpdump -U -w - | tripod live -',
        );
      }
      return () => this.live.read(streamSource(stdin));
    }
    const { interfaces, filter, snapLength, bufferBytes, promiscuous, direction } = source.options;
    this.captures = await openLive({
      interfaces,
      endpoints: this.options.analysis,
      filter: filter ?? '',
      snapLength,
      bufferBytes,
      promiscuous,
      direction,
    });
    const opened = this.context.wallClock();
    this.lossesKnownUntil = opened;
    this.live.begin(Math.floor(opened / SECOND_MILLIS), (opened % SECOND_MILLIS) * 1e6);
    return () => Promise.all(this.captures.map((capture) => this.live.read(capture)));
  }

  /** One capture after the other, as the file is replaced. */
  private async follow(path: string): Promise<void> {
    for await (const source of followFile(path, (sentence) => tell(this.context, sentence))) {
      await this.live.read(source);
      if (this.isStopped) return;
    }
  }

  private verdict(handshake: Handshake): void {
    const { format, untilMissing } = this.options;
    this.clearStatus();
    if (format === 'ndjson') this.context.stdout.write(this.renderer.handshake(handshake));
    else if (format === 'table') this.context.stdout.write(lineOf(handshake));
    if (untilMissing && handshake.missingLeg !== null) this.stop();
  }

  private finished(handshake: Handshake): void {
    if (this.options.format !== 'ndjson') this.context.stdout.write(this.renderer.handshake(handshake));
  }

  private drained(): void {
    this.context.stdout.flush();
    const { packets } = this.options;
    if (packets !== null && this.live.packets >= packets) this.stop();
  }

  /** On this host time goes on by itself; what comes through a pipe brings its own. */
  private tick(): void {
    if (this.captures.length === 0) return;
    const now = this.context.wallClock();
    if (now - this.lossesKnownUntil >= SECOND_MILLIS) this.noteLosses(now);
    const read = now - READ_AFTER_MILLIS;
    this.live.advance(Math.floor(read / SECOND_MILLIS), (read % SECOND_MILLIS) * 1e6);
    this.context.stdout.flush();
    this.status();
  }

  /** On a terminal: a line that stays in place, how matters stand. */
  private status(): void {
    const { context, options, live } = this;
    if (!context.stderr.isTTY || options.progress === false) return;
    const { byVerdict, open } = live.stand();
    const told = Object.values(byVerdict).reduce((sum, count) => sum + count, 0);
    const failed = told - byVerdict.complete - byVerdict.undecided;
    const lost = (live.lost.kernel ?? 0) + (live.lost.interface ?? 0);
    const words = `${live.packets} packets, ${lost} lost; ${open} open, ${byVerdict.complete} complete, ${failed} lack a leg`;
    context.stderr.write(`${CLEAR_LINE}${words}`);
    context.stderr.flush();
  }

  /** Whatever is said next begins where the status line stands. */
  private clearStatus(): void {
    if (!this.context.stderr.isTTY) return;
    this.context.stderr.write(CLEAR_LINE);
    this.context.stderr.flush();
  }

  private noteLosses(now: number): void {
    const losses = { kernel: 0, interface: 0 };
    for (const capture of this.captures) {
      const { droppedByKernel, droppedByInterface } = capture.statistics();
      losses.kernel += droppedByKernel;
      losses.interface += droppedByInterface;
    }
    this.live.noteLosses(losses, this.lossesKnownUntil / SECOND_MILLIS, now / SECOND_MILLIS);
    this.lossesKnownUntil = now;
  }

  /** SIGUSR1: how matters stand, in full. */
  private show(): void {
    const { report, open } = this.live.snapshot();
    if (this.renderer.preview === undefined) tell(this.context, 'only --format table can show a report before the end');
    else this.context.stdout.write(this.renderer.preview(report, open));
    this.context.stdout.flush();
  }

  private stop(): void {
    this.isStopped = true;
    if (this.captures.length === 0) this.stopReading();
    for (const capture of this.captures) capture.stop();
  }
}

/** "1700000000.000001 10.0.0.1:40000 > 10.0.0.2:80  no-syn-ack, the SYN-ACK is missing: …" */
function lineOf({ client, server, verdict, missingLeg, reason, legs, revision }: Handshake): string {
  const time = legs.syn.first ?? legs.synAck.first ?? '';
  const leg = missingLeg === null ? '' : `, the ${missingLeg.toUpperCase()} is missing`;
  const amended = revision === 0 ? '' : ' (amended)';
  return `${time} ${endOf(client)} > ${endOf(server)}  ${verdict}${leg}${amended}: ${printable(reason)}\n`;
}

function endOf({ address, port }: Handshake['client']): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

function lacksLeg(report: Report): boolean {
  const attempts = Object.values(report.summary.byMissingLeg).some((times) => times > 0);
  return attempts || report.servers.some((server) => server.asked && server.missingLeg !== null);
}
