/** Where a live capture says what it finds: verdicts and the report on the output, how matters stand on the terminal. */
import type { Handshake } from '../handshake/handshake.ts';
import type { LiveAnalysis } from '../live.ts';
import type { Together } from '../report/crowd.ts';
import type { Renderer } from '../report/render/renderer.ts';
import type { Report } from '../report/report.ts';
import type { Context } from './context.ts';
import { causeLine, statusLine, togetherLine, verdictLine } from './live-words.ts';
import type { Patience } from './patience.ts';
import type { ResolvedLive } from './resolve-live.ts';
import { StatusLine } from './status-line.ts';
import { tell } from './tell.ts';
import type { Output } from './write.ts';

/** Attempts whose line is remembered, for its amendments. */
const LINES_REMEMBERED = 10_000;
/** Causes at endpoints that are explained in a line of their own; the report has all. */
const CAUSES_EXPLAINED = 1000;
/** Milliseconds between two states of the line at the bottom of the terminal. */
const STATUS_MILLIS = 500;
const DEFAULT_COLUMNS = 80;

export class LiveTeller {
  private readonly options: ResolvedLive;
  private readonly context: Context;
  private readonly output: Output;
  private readonly renderer: Renderer;
  private readonly preview: Renderer;
  private readonly statusLine: StatusLine | null;
  private readonly terminal: Patience | null;
  /** What the last lines have said, by attempt, oldest first. */
  private readonly said = new Map<number, string>();
  private readonly causes = new Set<string>();
  private hasSaidSomething = false;
  private statusText = '';
  private statusAt = Number.NEGATIVE_INFINITY;
  private packetsThen = 0;
  private attemptsThen = 0;

  constructor(options: ResolvedLive, context: Context, output: Output, renderer: Renderer, preview: Renderer) {
    this.options = options;
    this.context = context;
    this.output = output;
    this.renderer = renderer;
    this.preview = preview;
    this.statusLine = options.showStatus && context.stderr.isTTY ? new StatusLine(context.stderr) : null;
    this.terminal = context.stderr.becomePatient?.() ?? null;
  }

  begin(): void {
    this.output.write(this.renderer.begin());
    this.output.flush();
  }

  /** A verdict that is known now, or amended. */
  verdict(handshake: Handshake): void {
    const { format } = this.options;
    if (format === 'json') return;
    this.statusLine?.clear();
    this.hasSaidSomething = true;
    if (format === 'table') this.verdictInWords(handshake);
    else this.output.write(this.renderer.handshake(handshake));
  }

  /** A line, and what its cause rests on the first time that it is met at the endpoint. That the host proves what the line has said already is no line of its own. */
  private verdictInWords(handshake: Handshake): void {
    const { id, server, verdict, missingLeg, reason, diagnoses } = handshake;
    const [first] = diagnoses;
    const said = `${verdict} ${missingLeg} ${reason} ${first?.cause}`;
    if (this.said.get(id) !== said) this.output.write(verdictLine(handshake, this.lineOptions()));
    this.said.delete(id);
    this.said.set(id, said);
    if (this.said.size > LINES_REMEMBERED) this.said.delete(this.said.keys().next().value as number);
    if (first === undefined || missingLeg === null) return;
    const cause = `${server.address} ${server.port} ${first.cause} ${first.confidence}`;
    if (this.causes.has(cause) || this.causes.size >= CAUSES_EXPLAINED) return;
    this.causes.add(cause);
    this.output.write(causeLine(handshake, first, this.lineOptions()));
  }

  /** Verdicts of a flood that are not told one by one: format table alone. */
  together(group: Together): void {
    this.statusLine?.clear();
    this.output.write(togetherLine(group, this.lineOptions()));
  }

  /** The last record of an attempt. */
  finished(handshake: Handshake): void {
    if (this.preview !== this.renderer) this.preview.handshake(handshake);
    const { format } = this.options;
    if (format === 'json' || format === 'table') this.output.write(this.renderer.handshake(handshake));
  }

  flush(): void {
    this.output.flush();
    if (this.statusText !== '') this.draw();
  }

  /** A sentence that is no result. */
  say(sentence: string): void {
    this.statusLine?.clear();
    tell(this.context, sentence);
  }

  /** How matters stand, on the terminal. */
  status(live: LiveAnalysis): void {
    if (this.statusLine === null) return;
    const now = this.context.now();
    const seconds = (now - this.statusAt) / 1000;
    if (seconds * 1000 < STATUS_MILLIS) return;
    const standing = live.stand();
    const attempts = standing.open + Object.values(standing.byVerdict).reduce((sum, count) => sum + count, 0);
    const { kernel, interface: byInterface } = live.lost;
    const facts = {
      standing,
      ports: this.options.analysis.ports,
      packets: live.packets,
      packetsPerSecond: Number.isFinite(seconds) ? (live.packets - this.packetsThen) / seconds : 0,
      attemptsPerSecond: Number.isFinite(seconds) ? Math.max(0, attempts - this.attemptsThen) / seconds : 0,
      lost: kernel === null && byInterface === null ? null : (kernel ?? 0) + (byInterface ?? 0),
    };
    this.statusText = statusLine(facts, this.context.stderr.columns ?? DEFAULT_COLUMNS);
    this.draw();
    this.statusAt = now;
    this.packetsThen = live.packets;
    this.attemptsThen = attempts;
  }

  /** A terminal that was halted (Ctrl-S) is not to show every state of the line afterwards. */
  private draw(): void {
    if ((this.terminal?.waiting ?? 0) === 0) this.statusLine?.draw(this.statusText);
  }

  clearStatus(): void {
    this.statusLine?.clear();
    this.statusText = '';
  }

  /** SIGUSR1: how matters stand, in full. A format for machines is not cut in two: then it goes to standard error. */
  show({ report, open, together }: ReturnType<LiveAnalysis['snapshot']>): void {
    const text = this.preview.preview?.(report, open, together) ?? '';
    this.statusLine?.clear();
    const output = this.preview === this.renderer ? this.output : this.context.stderr;
    output.write(`\n${text}\n`);
    output.flush();
  }

  /** @param together attempts that `finished` was not called for */
  end(report: Report, together: readonly Together[]): void {
    this.clearStatus();
    for (const group of together) this.renderer.together?.(group);
    const blank = this.options.format === 'table' && this.hasSaidSomething ? '\n' : '';
    this.output.write(`${blank}${this.renderer.end(report)}`);
    this.output.flush();
  }

  private lineOptions(): { width: number | null; colour: boolean } {
    const { lineWidth, colour } = this.options;
    return { width: lineWidth ?? (this.output.isTTY ? (this.output.columns ?? DEFAULT_COLUMNS) : null), colour };
  }
}
