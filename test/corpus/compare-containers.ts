/** The facts of a container: what the file is, where it ends, how many packets and TCP segments it holds. */
import { canonicalLinkType, linkTypeName } from '../../src/capture/link-type.ts';
import type { SourceSummary } from '../../src/index.ts';
import type { Ledger } from './finding.ts';
import type { TsharkCapture } from './oracles.ts';
import type { SentResult } from './reading.ts';

const COMPRESSIONS = { gz: 'gzip', zst: 'zstd', none: 'none' } as const;

export function compareContainer(ledger: Ledger, oracle: TsharkCapture, ours: SentResult): void {
  const compare = (aspect: string, theirs: string | number | null, mine: string | number | null): void =>
    ledger.compare('tshark', aspect, oracle.file, '-', theirs, mine);
  const { capture } = ours.report;
  const source = capture.sources[0];
  compare('format', oracle.format, source?.format ?? 'none');
  compare('compression', COMPRESSIONS[oracle.compression ?? 'none'], source?.compression ?? 'none');
  compare('link types', namesOf(oracle.linktypes), [...(source?.linkTypes ?? [])].sort().join(' '));
  compare('damage', damageOf(oracle), endOf(ours));
  compare('packets', oracle.packets, source?.packets ?? 0);
  if (source !== undefined && source.first !== null) {
    compare('resolution', oracle.resolution, resolutionOf(source, oracle.resolution));
  }
  compare('TCP segments', oracle.tcpPackets, capture.tcpSegments);
  const midstream = oracle.streams.filter(({ role_by }) => role_by === 'first-packet').length;
  compare('midstream', midstream, capture.midstream);
}

/**
 * Each packet keeps the digits of its own interface; the first and the last are all that the report shows. Where the capture mixes resolutions, either of the
 * mixed ones is right.
 */
function resolutionOf({ first, last }: SourceSummary, theirs: string): string {
  const digits = [first, last].map((time) => String(time?.split('.')[1]?.length ?? 0));
  const mixed = /^mixed\/other:(?<digits>[\d,]+)$/.exec(theirs)?.groups?.['digits']?.split(',');
  const allowed = mixed ?? [theirs === 'us' ? '6' : '9'];
  return digits.every((count) => allowed.includes(count)) ? theirs : digits.join();
}

function namesOf(linkTypes: readonly number[]): string {
  return linkTypes
    .map((linkType) => linkTypeName(canonicalLinkType(linkType)))
    .sort()
    .join(' ');
}

function damageOf({ damage }: TsharkCapture): string {
  if (damage === null) return 'whole';
  return damage.includes('cut at EOF') ? 'cut' : 'damaged';
}

function endOf({ report, failures }: SentResult): string {
  if (failures.length > 0) return failures.every(({ name }) => name === 'CaptureFormatError') ? 'damaged' : 'failed';
  return report.capture.sources.some(({ truncated }) => truncated) ? 'cut' : 'whole';
}
