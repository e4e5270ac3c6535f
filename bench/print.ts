/** Results as Markdown tables, aligned: they read in a terminal, and can be put into README.md as they are. */
import type { Comparison, Side } from './measure/compare.ts';
import type { StartUp } from './measure/start-up.ts';
import type { Streamed } from './measure/streamed.ts';

export interface Growth {
  readonly packets: number;
  /** Connections going on at a time, at most. */
  readonly mostOpen: number;
  readonly side: Side;
}

export function comparisonTable(comparisons: readonly Comparison[]): string {
  const rows = comparisons.map(({ capture, peer, tripod, other, ratio, leastRatio, mostRatio }) => [
    capture,
    peer,
    `${factor(ratio)} ×`,
    `${factor(leastRatio)} to ${factor(mostRatio)}`,
    millions(tripod.packetsPerSecond),
    millions(other.packetsPerSecond),
    `${tripod.cpuMicrosPerPacket.toFixed(2)} / ${other.cpuMicrosPerPacket.toFixed(2)}`,
    `${megabytes(tripod.peakBytes)} / ${megabytes(other.peakBytes)}`,
    thousands(other.packets),
    String(other.runs.length),
  ]);
  const head = [
    'capture',
    'peer',
    'tripod is',
    'least, most',
    'tripod Mp/s',
    'peer Mp/s',
    'CPU µs a packet',
    'peak MB',
    'peer’s packets',
    'pairs',
  ];
  return table(head, rows);
}

export function growthTable(growth: readonly Growth[]): string {
  const rows = growth.map(({ packets, mostOpen, side }) => [
    thousands(packets),
    thousands(mostOpen),
    (packets / side.packetsPerSecond).toFixed(2),
    (1e9 / side.packetsPerSecond).toFixed(0),
    side.cpuMicrosPerPacket.toFixed(2),
    megabytes(side.peakBytes),
  ]);
  return table(['packets', 'open at a time', 'seconds', 'ns a packet', 'CPU µs a packet', 'peak MB'], rows);
}

export function startUpTable(starts: readonly StartUp[]): string {
  const rows = starts.map(({ what, milliseconds, ratio, leastRatio, mostRatio }) => [
    what,
    milliseconds.toFixed(0),
    `${factor(ratio)} ×`,
    `${factor(leastRatio)} to ${factor(mostRatio)}`,
  ]);
  return table(['start-up', 'ms', 'of `node -e 0`', 'least, most'], rows);
}

export function streamedTable({ packets, bytes, seconds, peakBytes }: Streamed): string {
  const row = [(bytes / 1e9).toFixed(0), thousands(packets), seconds.toFixed(0), megabytes(peakBytes)];
  return table(['streamed GB', 'packets', 'seconds, making it included', 'peak MB'], [row]);
}

function table(head: readonly string[], given: readonly (readonly string[])[]): string {
  const rows = given.map((row) => row.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = head.map((_, column) => Math.max(3, ...[head, ...rows].map((row) => (row[column] ?? '').length)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`;
  return `${[line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n')}\n`;
}

/** Two digits that count. */
function factor(ratio: number): string {
  return ratio >= 10 ? ratio.toFixed(0) : ratio.toFixed(ratio >= 1 ? 1 : 2);
}

function millions(perSecond: number): string {
  return (perSecond / 1e6).toFixed(perSecond >= 1e5 ? 2 : 3);
}

function megabytes(bytes: number | null): string {
  return bytes === null ? '?' : (bytes / 1e6).toFixed(0);
}

function thousands(count: number): string {
  return count.toLocaleString('en-US');
}
