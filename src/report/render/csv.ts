/**
 * `--format csv`: a header, then a row for each attempt. Fields are separated and quoted as in RFC 4180; lines end in a line feed, as the tools of a
 * shell want them. Numbers and times stand bare; an unknown value is empty; a list (frames, notes) is one field, separated by spaces.
 */
import type { Handshake, Leg } from '../../handshake/handshake.ts';
import { csvText } from '../escape.ts';
import type { Renderer } from './renderer.ts';

type Cell = string | number | null;
interface Column {
  readonly name: string;
  /** A text is quoted and made safe; a number, or a time (digits), is written as it is. */
  readonly kind: 'text' | 'number';
  readonly value: (handshake: Handshake) => Cell;
}

const text = (name: string, value: Column['value']): Column => ({ name, kind: 'text', value });
const number = (name: string, value: Column['value']): Column => ({ name, kind: 'number', value });

/** In the order of the record in docs/record.md. New ones go to the end: readers may count. */
export const COLUMNS: readonly Column[] = [
  number('id', (h) => h.id),
  number('revision', (h) => h.revision),
  text('client_address', (h) => h.client.address),
  number('client_port', (h) => h.client.port),
  text('server_address', (h) => h.server.address),
  number('server_port', (h) => h.server.port),
  number('client_isn', (h) => h.isn.client),
  number('server_isn', (h) => h.isn.server),
  text('verdict', (h) => h.verdict),
  text('missing_leg', (h) => h.missingLeg),
  text('reason', (h) => h.reason),
  ...legColumns('syn', (h) => h.legs.syn),
  ...legColumns('syn_ack', (h) => h.legs.synAck),
  ...legColumns('ack', (h) => h.legs.ack),
  number('syn_to_syn_ack_seconds', (h) => h.latency.synToSynAck),
  number('syn_ack_to_ack_seconds', (h) => h.latency.synAckToAck),
  text('reset_from', (h) => h.reset?.from ?? null),
  number('reset_time', (h) => h.reset?.time ?? null),
  number('reset_frame', (h) => h.reset?.frame ?? null),
  number('reset_ttl', (h) => h.reset?.ttl ?? null),
  text('reset_suspect', (h) => h.reset?.suspect ?? null),
  text('icmp_from', (h) => h.icmp?.from ?? null),
  number('icmp_type', (h) => h.icmp?.type ?? null),
  number('icmp_code', (h) => h.icmp?.code ?? null),
  text('icmp_meaning', (h) => h.icmp?.meaning ?? null),
  number('icmp_frame', (h) => h.icmp?.frame ?? null),
  text('tunnel', (h) => h.tunnel?.kind ?? null),
  number('tunnel_id', (h) => h.tunnel?.id ?? null),
  text('tunnel_outer', (h) => h.tunnel?.outer.join(' ') ?? null),
  number('vlan', (h) => h.vlan),
  text('notes', (h) => h.notes.join(' ')),
  text('causes', (h) => h.diagnoses.map((diagnosis) => diagnosis.cause).join(' ')),
];

function legColumns(name: string, leg: (handshake: Handshake) => Leg): Column[] {
  return [
    text(`${name}_grade`, (h) => leg(h).grade),
    number(`${name}_count`, (h) => leg(h).count),
    number(`${name}_first`, (h) => leg(h).first),
    number(`${name}_last`, (h) => leg(h).last),
    text(`${name}_frames`, (h) => leg(h).frames.join(' ')),
  ];
}

export function csvRenderer(): Renderer {
  return {
    begin: () => `${COLUMNS.map((column) => column.name).join(',')}\n`,
    handshake: (handshake) => `${COLUMNS.map((column) => cell(column, handshake)).join(',')}\n`,
    end: () => '',
  };
}

function cell(column: Column, handshake: Handshake): string {
  const value = column.value(handshake);
  if (value === null) return '';
  return column.kind === 'number' ? String(value) : csvText(String(value));
}
