/** The options of a segment as tcpdump prints them: "mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7". */
import type { Segment } from './segment.ts';
import { MIN_LENGTH } from './tcp.ts';

/** Allocates: for the few segments that a person looks at. The segment's `view` must still be valid. */
export function optionsText(segment: Segment): string {
  if (!segment.hasFlags) return '';
  const { view } = segment;
  const headerEnd = segment.tcpAt + segment.tcpHeaderLength;
  const end = Math.min(headerEnd, segment.capturedEnd);
  const parts: string[] = [];
  for (let at = segment.tcpAt + MIN_LENGTH; at < end; ) {
    const kind = view.getUint8(at);
    if (kind === 0) {
      parts.push('eol');
      break;
    }
    if (kind === 1) {
      parts.push('nop');
      at += 1;
      continue;
    }
    const length = at + 1 < end ? view.getUint8(at + 1) : 0;
    if (length < 2 || at + length > end) {
      parts.push('cut');
      return parts.join(',');
    }
    parts.push(optionText(view, at, kind, length));
    at += length;
  }
  if (end < headerEnd) parts.push('cut');
  return parts.join(',');
}

function optionText(view: DataView, at: number, kind: number, length: number): string {
  if (kind === 2 && length === 4) return `mss ${view.getUint16(at + 2)}`;
  if (kind === 3 && length === 3) return `wscale ${view.getUint8(at + 2)}`;
  if (kind === 4 && length === 2) return 'sackOK';
  if (kind === 5) return `sack ${(length - 2) >> 3}`;
  if (kind === 8 && length === 10) return `TS val ${view.getUint32(at + 2)} ecr ${view.getUint32(at + 6)}`;
  if (kind === 19) return 'md5';
  if (kind === 29) return 'tcp-ao';
  if (kind === 30) return 'mptcp';
  if (kind === 34) return length === 2 ? 'tfo cookiereq' : `tfo cookie ${hex(view, at + 2, length - 2)}`;
  return `unknown-${kind}`;
}

function hex(view: DataView, at: number, length: number): string {
  let text = '';
  for (let i = 0; i < length; i++)
    text += view
      .getUint8(at + i)
      .toString(16)
      .padStart(2, '0');
  return text;
}
