/** The end of the table report: what the capture holds, and what in it weakens the answer. One line a subject; nothing is left out because it is fine. */
import { utcDate, utcMoment } from '../../bytes/time.ts';
import { printable } from '../escape.ts';
import type { CaptureSummary, Report, SourceSummary } from '../report.ts';
import type { Page } from './page.ts';
import { count, counted, duration, octets, padEnd, secondsBetween } from './text.ts';

/** Files that are named one by one. */
const FILES_SHOWN = 5;
/** Names of what was not TCP. */
const OTHERS_SHOWN = 6;
/** Warnings of one file. */
const WARNINGS_SHOWN = 3;
const LABEL_WIDTH = 12;

export function addSelfCheck(page: Page, report: Report): void {
  page.heading('Self-check');
  const { capture } = report;
  const files = capture.sources.slice(0, FILES_SHOWN);
  for (const [index, source] of files.entries()) row(page, index === 0 ? 'files' : '', file(page, source));
  const rest = capture.sources.length - files.length;
  if (rest > 0) row(page, '', `... and ${counted(rest, 'more file')}`);
  row(page, 'packets', packets(capture));
  if (capture.icmpErrors.seen > 0) {
    row(
      page,
      'ICMP',
      `${counted(capture.icmpErrors.seen, 'error')} about TCP, ${count(capture.icmpErrors.joined)} of them about a handshake of this capture`,
    );
  }
  row(page, 'losses', losses(page, capture));
  row(
    page,
    'copies',
    capture.duplicates === 0
      ? 'no frame twice'
      : `${counted(capture.duplicates, 'frame')} captured again, counted once`,
  );
  row(
    page,
    'midstream',
    capture.midstream === 0
      ? 'none'
      : `${counted(capture.midstream, 'connection')} without the beginning in the capture, not judged`,
  );
  for (const text of ends(page, capture)) row(page, 'ends', text);
  row(page, 'clock', clock(page, capture));
  row(page, 'vantage', vantage(capture));
  for (const warning of capture.warnings) row(page, 'warning', page.colours.yellow(printable(warning)));
  if (capture.givenUp > 0) {
    row(
      page,
      'given up',
      page.colours.yellow(
        `${counted(capture.givenUp, 'attempt')} judged early, because too many were open at once (--max-open)`,
      ),
    );
  }
}

function row(page: Page, label: string, text: string): void {
  page.add(text, padEnd(`  ${label}`, LABEL_WIDTH));
}

function file(page: Page, source: SourceSummary): string {
  const packed = source.compression === 'none' ? '' : ` in ${source.compression}`;
  const parts = [
    `${source.format}${packed}`,
    ...source.linkTypes.map(printable),
    counted(source.packets, 'packet'),
    octets(source.bytes),
  ];
  if (source.first !== null && source.last !== null) {
    const span = secondsBetween(source.first, source.last);
    const day = utcDate(source.first) === page.today ? page.today : '';
    parts.push(
      `from ${day === '' ? '' : `${day} `}${utcMoment(source.first, page.today)} UTC, ${span <= 0 ? 'no time long' : duration(span)}`,
    );
  }
  return `${printable(source.name)}: ${parts.join(', ')}`;
}

function packets(capture: CaptureSummary): string {
  const total = capture.sources.reduce((sum, source) => sum + source.packets, 0);
  const others = Object.entries(capture.notTcp).filter(([, times]) => times > 0);
  const shown = others.slice(0, OTHERS_SHOWN).map(([name, times]) => `${count(times)} ${printable(name)}`);
  if (others.length > shown.length) shown.push(`${others.length - shown.length} other kinds`);
  return `${counted(total, 'packet')}, ${counted(capture.tcpSegments, 'TCP segment')}${shown.length === 0 ? '' : `; not TCP: ${shown.join(', ')}`}`;
}

function losses(page: Page, capture: CaptureSummary): string {
  const { kernel, interface: card } = capture.lost;
  if (kernel === null && card === null) return 'unknown: the capture has no statistics of its own losses';
  const lost = (kernel ?? 0) + (card ?? 0);
  if (lost === 0) return 'none, by the statistics in the capture';
  return page.colours.yellow(
    `${counted(lost, 'packet')} lost by the capture itself (kernel ${kernel ?? '?'}, interface ${card ?? '?'}): a leg may be among them`,
  );
}

/** How the files end, and what their readers warn of. */
function ends(page: Page, capture: CaptureSummary): string[] {
  const lines: string[] = [];
  const cut = capture.sources.filter((source) => source.truncated);
  const damaged = capture.sources.filter((source) => source.damage !== null);
  if (cut.length + damaged.length === 0) lines.push('complete');
  for (const { name, damage } of damaged.slice(0, FILES_SHOWN)) {
    lines.push(page.colours.red(`${printable(name)}: ${printable(damage ?? '')}; all before it was read`));
  }
  if (damaged.length > FILES_SHOWN) lines.push(`... and ${counted(damaged.length - FILES_SHOWN, 'more file')} damaged`);
  for (const source of cut.slice(0, FILES_SHOWN)) {
    lines.push(page.colours.yellow(`${printable(source.name)} is cut off in its last packet; all before it was read`));
  }
  if (cut.length > FILES_SHOWN) lines.push(`... and ${counted(cut.length - FILES_SHOWN, 'more file')} cut off`);
  for (const source of capture.sources.slice(0, FILES_SHOWN)) {
    for (const warning of source.warnings.slice(0, WARNINGS_SHOWN))
      lines.push(page.colours.yellow(printable(named(source.name, warning))));
    const rest = source.warnings.length - WARNINGS_SHOWN;
    if (rest > 0) lines.push(page.colours.yellow(`${printable(source.name)}: ${counted(rest, 'more warning')}`));
  }
  return lines;
}

/** What is told at once, of an interface, has its name already. */
function named(name: string, warning: string): string {
  return warning.startsWith(`${name} `) || warning.startsWith(`${name}:`) ? warning : `${name}: ${warning}`;
}

function clock(page: Page, capture: CaptureSummary): string {
  const { backwardSteps, forwardSteps, largestBackwardSeconds } = capture.clock;
  if (backwardSteps === 0 && forwardSteps === 0) return 'no steps';
  const parts: string[] = [];
  if (backwardSteps > 0)
    parts.push(`${counted(backwardSteps, 'step')} back, by up to ${duration(largestBackwardSeconds)}`);
  if (forwardSteps > 0) parts.push(`${counted(forwardSteps, 'step')} forward by more than a day`);
  return page.colours.yellow(`${parts.join('; ')}: gaps near them are not to be trusted`);
}

const SIDES: Readonly<Record<CaptureSummary['vantage']['side'], string>> = {
  server: 'captured at the server',
  client: 'captured at the client',
  middle: 'captured between client and server',
  loopback: 'captured on the loopback interface',
  unknown: 'unknown where it was captured',
};

function vantage(capture: CaptureSummary): string {
  const { side, evidence } = capture.vantage;
  return `${SIDES[side]}${evidence.length === 0 ? '' : `: ${evidence.map(printable).join('; ')}`}`;
}
