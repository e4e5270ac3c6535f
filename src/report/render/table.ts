/**
 * `--format table`: the report for a person. The answer first (which leg is missing, the three questions), then the attempts, the latencies, and what the
 * capture itself was like. Nothing is printed before the report is there; what is kept until then is bounded.
 */
import { utcDate, utcMoment } from '../../bytes/time.ts';
import type { Handshake } from '../../handshake/handshake.ts';
import type { MaybeDistribution, Report } from '../report.ts';
import { addAnswer } from './answer.ts';
import { Attempts, tint } from './attempts.ts';
import { grid } from './grid.ts';
import { Page } from './page.ts';
import type { Renderer, RenderOptions } from './renderer.ts';
import { addSelfCheck } from './self-check.ts';
import { count, counted, duration, endpoint } from './text.ts';

/** Attempts kept for the list that is asked for with --sort, when no limit was given. */
const INDIVIDUALS = 20;
/** Endpoints in the table of latencies. */
const LATENCY_ROWS = 5;

const FIGURES = ['p50', 'p90', 'p99', 'max'] as const;
type Figure = (typeof FIGURES)[number];
/** Columns of the page from which all of them are shown. */
const ROOM_FOR_FIGURES = 72;

export function tableRenderer(options: RenderOptions): Renderer {
  const attempts = new Attempts();
  const individuals: Handshake[] = [];
  let unlisted = 0;
  const lay = (report: Report, grouped: Attempts): string => {
    const first = report.capture.sources.find((source) => source.first !== null)?.first ?? null;
    const page = new Page(
      options.width,
      options.colour,
      first === null ? '' : utcDate(first),
      report.capture.sources.map(({ name }) => name),
    );
    addAnswer(page, report, options);
    if (options.individually) addList(page, individuals, unlisted);
    else grouped.print(page, options.limit);
    addLatencies(page, report, options.limit ?? LATENCY_ROWS);
    addSelfCheck(page, report);
    return page.toString();
  };
  return {
    begin: () => '',
    handshake(handshake) {
      if (!options.individually) attempts.add(handshake);
      else if (individuals.length < (options.limit ?? INDIVIDUALS)) individuals.push(handshake);
      else unlisted += 1;
      return '';
    },
    end: (report) => lay(report, attempts),
    together: (group) => attempts.addTogether(group),
    preview(report, open, together) {
      const copy = attempts.copy();
      for (const handshake of open) copy.add(handshake);
      for (const group of together) copy.addTogether(group);
      return lay(report, copy);
    },
  };
}

/** Attempts one by one, a row each. */
function addList(page: Page, handshakes: readonly Handshake[], unlisted: number): void {
  if (handshakes.length === 0) return;
  page.heading(`Attempts (times in UTC${page.today === '' ? '' : `, ${page.today}`})`);
  const rows = handshakes.map((handshake) => {
    const { client, server, legs, latency } = handshake;
    const began = legs.syn.first ?? legs.synAck.first ?? legs.ack.first;
    return [
      `${endpoint(client)}\n> ${endpoint(server)}`,
      `#${handshake.id}`,
      began === null ? '' : utcMoment(began, page.today).replace(' ', '\n'),
      tint(page, handshake.verdict, handshake.verdict),
      latency.synToSynAck === null ? '' : duration(latency.synToSynAck),
      latency.synAckToAck === null ? '' : duration(latency.synAckToAck),
    ];
  });
  const columns = [
    { title: 'client > server' },
    { title: 'id', alignment: 'right' },
    { title: 'start' },
    { title: 'verdict' },
    { title: 'SYN-ACK\nafter', alignment: 'right' },
    { title: 'ACK\nafter', alignment: 'right' },
  ] as const;
  page.addLines(grid(columns, rows, page.width));
  if (unlisted > 0) page.add(`... and ${counted(unlisted, 'more attempt')}.`);
}

function addLatencies(page: Page, report: Report, limit: number): void {
  const rows: string[][] = [];
  const figures = page.width < ROOM_FOR_FIGURES ? FIGURES.filter((figure) => figure !== 'p99') : FIGURES;
  const measured = report.servers.filter(
    (server) => size(server.latency.synToSynAck) + size(server.latency.synAckToAck) > 0,
  );
  measured.sort((a, b) => size(b.latency.synToSynAck) - size(a.latency.synToSynAck));
  for (const server of measured.slice(0, limit)) {
    const name = endpoint(server);
    const legs = [
      latencyRow('SYN to SYN-ACK', server.latency.synToSynAck, figures),
      latencyRow('SYN-ACK to ACK', server.latency.synAckToAck, figures),
    ];
    for (const [index, leg] of legs.filter((cells) => cells !== null).entries())
      rows.push([index === 0 ? name : '', ...leg]);
  }
  if (rows.length === 0) return;
  page.heading('Latency');
  const titles = figures.map((title) => ({ title, alignment: 'right' }) as const);
  page.addLines(
    grid(
      [{ title: 'endpoint' }, { title: 'legs' }, { title: 'count', alignment: 'right' }, ...titles],
      rows,
      page.width,
    ),
  );
  const rest = measured.length - limit;
  if (rest > 0) page.add(`... and ${counted(rest, 'more endpoint')}.`);
}

function size(distribution: MaybeDistribution): number {
  return 'count' in distribution ? (distribution.count ?? 0) : 0;
}

function latencyRow(legs: string, distribution: MaybeDistribution, figures: readonly Figure[]): string[] | null {
  if (!isMeasured(distribution)) return null;
  return [legs, count(distribution.count), ...figures.map((figure) => duration(distribution[figure]))];
}

function isMeasured(distribution: MaybeDistribution): distribution is Extract<MaybeDistribution, { count: number }> {
  return size(distribution) > 0;
}
