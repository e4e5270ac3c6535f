/**
 * `tripod show`: one attempt as a ladder. Time runs down; the client is the left rail, the server the right one, an arrow is a segment; beside it the
 * numbers that tcpdump -S and Wireshark show. Below it each leg with what its grade rests on, and the verdict.
 */

import { utcDate, utcMoment } from '../../bytes/time.ts';
import { namedAdvice } from '../../diagnosis/advice.ts';
import type { Handshake } from '../../handshake/handshake.ts';
import type { TracedSegment } from '../../handshake/trace.ts';
import { printable } from '../escape.ts';
import { differenceWords } from '../option-words.ts';
import { changedText, framesText, network, tint } from './attempts.ts';
import { Page } from './page.ts';
import { restsOn } from './rests-on.ts';
import { count, duration, endpoint, padEnd, secondsBetween, unbroken, wrap } from './text.ts';
import { LEG_ROWS, LEG_WORDS, VERDICT_WORDS } from './words.ts';

export interface LadderOptions {
  readonly width: number;
  readonly colour: boolean;
  /** Names of the files, by the index that a segment has. */
  readonly files: readonly string[];
}

/** Columns of time and gap, of the frame number, and of the ladder with its rails. */
const TIME_WIDTH = 10;
const FRAME_WIDTH = 7;
const LADDER_NARROW = 26;
const LADDER_WIDE = 40;
/** From this width on the arrows are long. */
const WIDE = 100;
/** The trace has no more (segment-trace.ts). */
const MOST_SEGMENTS = 1000;
/** Packet numbers of a leg. */
const FRAMES_SHOWN = 8;
/** Below this the numbers stand under the arrow, not beside it. */
const BESIDE = 24;

export function renderLadder(handshake: Handshake, segments: readonly TracedSegment[], options: LadderOptions): string {
  const start = segments[0]?.time ?? handshake.legs.syn.first ?? handshake.legs.synAck.first;
  const today = start === null ? '' : utcDate(start);
  const page = new Page(options.width, options.colour, today, options.files);
  addTitle(page, handshake, start);
  addRungs(page, handshake, segments);
  addLegs(page, handshake, segments);
  addVerdict(page, handshake);
  return page.toString();
}

function addTitle(page: Page, handshake: Handshake, start: string | null): void {
  const { colours } = page;
  const around = network(handshake);
  page.add(
    `${colours.bold(`Attempt #${handshake.id}`)}  ${endpoint(handshake.client)} (client) > ${endpoint(handshake.server)} (server)${around === '' ? '' : `, ${around}`}`,
  );
  page.add(`${tint(page, handshake.verdict, handshake.verdict)}: ${printable(handshake.reason)}`);
  if (start !== null)
    page.add(
      `Begins ${page.today} ${utcMoment(start, page.today)} UTC. Numbers are relative to the ISN, the raw ones in brackets.`,
    );
}

function addRungs(page: Page, handshake: Handshake, segments: readonly TracedSegment[]): void {
  const { files } = page;
  if (segments.length === 0) return;
  const ladder = page.width >= WIDE ? LADDER_WIDE : LADDER_NARROW;
  page.blank();
  const left = `${'time'.padStart(TIME_WIDTH)}${'frame'.padStart(FRAME_WIDTH)}  `;
  page.addLines([page.colours.dim(`${left}${padEnd('client', ladder - 'server'.length)}server`)]);
  const start = segments[0]?.time ?? '0';
  const sent = new Set<string>();
  let previous: TracedSegment | null = null;
  let file = -1;
  for (const segment of segments) {
    if (files.length > 1 && segment.file !== file) {
      file = segment.file;
      page.add(page.colours.dim(`in ${printable(files[file] ?? `file ${file + 1}`)}`), ' '.repeat(left.length));
    }
    const sending = `${segment.event} ${segment.sequence}`;
    addRung(page, ladder, handshake, { segment, start, previous, isRepeated: sent.has(sending) });
    sent.add(sending);
    previous = segment;
  }
  if (segments.length >= MOST_SEGMENTS)
    page.add(`... the first ${count(segments.length)} segments; later ones are not drawn.`);
}

interface Rung {
  readonly segment: TracedSegment;
  /** Time of the first segment. */
  readonly start: string;
  readonly previous: TracedSegment | null;
  /** The same event with the same sequence number was there before. */
  readonly isRepeated: boolean;
}

function addRung(page: Page, ladder: number, handshake: Handshake, rung: Rung): void {
  const { segment, start, previous } = rung;
  const { colours } = page;
  const gap = previous === null ? '' : signed(secondsBetween(previous.time, segment.time));
  const left = `${signed(secondsBetween(start, segment.time)).padStart(TIME_WIDTH)}${String(segment.frame).padStart(FRAME_WIDTH)}  `;
  const under = `${(gap === '' ? '' : `(${gap})`).padStart(TIME_WIDTH)}${' '.repeat(FRAME_WIDTH + 2)}`;
  const rails = `|${' '.repeat(ladder - 2)}|`;
  const room = page.width - left.length - ladder - 2;
  const beside = room >= BESIDE;
  const details = rungDetails(page, rung, handshake).flatMap((text) =>
    wrap(text, beside ? room : page.width - left.length - 2),
  );
  const drawn = paintArrow(page, segment, arrow(segment, ladder));
  if (beside) {
    const rows = Math.max(details.length, gap === '' ? 1 : 2);
    for (let row = 0; row < rows; row += 1) {
      const margin = row === 0 ? left : row === 1 ? under : ' '.repeat(left.length);
      page.addLines([`${row === 1 ? colours.dim(margin) : margin}${row === 0 ? drawn : rails}  ${details[row] ?? ''}`]);
    }
    return;
  }
  page.addLines([`${left}${drawn}`]);
  for (const [index, detail] of details.entries())
    page.addLines([`${index === 0 ? colours.dim(under) : ' '.repeat(left.length)}  ${detail}`]);
}

function signed(seconds: number): string {
  return seconds < 0 ? duration(seconds) : `+${duration(seconds)}`;
}

/** "|----- SYN ----->|"; what an ICMP error says comes from a third party: "|<~~ ICMP ~~~~~~~|". */
function arrow(segment: TracedSegment, ladder: number): string {
  const icmp = segment.from === 'icmp';
  const label = ` ${icmp ? 'ICMP error' : printable(segment.flags)} `.slice(0, ladder - 6);
  const dashes = ladder - 3 - label.length;
  const before = Math.floor(dashes / 2);
  const line = icmp ? '~' : '-';
  const shaft = line.repeat(before) + label + line.repeat(dashes - before);
  return segment.from === 'client' ? `|${shaft}>|` : `|<${shaft}|`;
}

function paintArrow(page: Page, segment: TracedSegment, text: string): string {
  const { colours } = page;
  if (segment.event === 'copy') return colours.dim(text);
  if (segment.flags.includes('RST') || segment.from === 'icmp') return colours.red(text);
  return segment.from === 'client' ? colours.cyan(text) : colours.magenta(text);
}

/** What stands beside an arrow, a line each: what it was taken for, its numbers, its options. */
function rungDetails(page: Page, { segment, isRepeated }: Rung, { isn }: Handshake): string[] {
  const remark = isRepeated && REPEATABLE.includes(segment.event) ? 'retransmission' : remarkOn(segment.event);
  const lines = remark === '' ? [] : [page.colours.bold(remark)];
  if (segment.from === 'icmp') return [...lines, printable(segment.flags)];
  const [own, other] = segment.from === 'client' ? [isn.client, isn.server] : [isn.server, isn.client];
  const numbers: string[] = [];
  if (segment.sequence !== null) numbers.push(unbroken(`seq ${relative(segment.sequence, own)}`));
  if (segment.acknowledgment !== null && segment.flags.includes('ACK'))
    numbers.push(unbroken(`ack ${relative(segment.acknowledgment, other)}`));
  if (numbers.length > 0) lines.push(numbers.join(', '));
  const facts = [`len ${segment.payloadLength}`];
  if (segment.window !== null) facts.push(`win ${segment.window}`);
  facts.push(`ttl ${segment.ttl}`);
  lines.push(facts.join(', '));
  if (segment.options !== '') lines.push(`<${printable(segment.options).split(',').map(unbroken).join(', ')}>`);
  return lines;
}

/** Events that are a retransmission when they come a second time. */
const REPEATABLE: readonly string[] = ['syn', 'syn-ack'];

function remarkOn(event: string): string {
  return EVENT_WORDS[event] ?? printable(event).replaceAll('-', ' ');
}

/** Modulo 2^32, and the raw number in brackets; a number before the ISN, or with the ISN unknown, stays recognisable. */
function relative(raw: number, isn: number | null): string {
  return isn === null ? `${raw} (raw)` : `${(raw - isn) | 0} (${raw})`;
}

/** What a segment was taken for (the events of the state machine), in words; "" where the arrow says it all. */
const EVENT_WORDS: Readonly<Record<string, string>> = {
  syn: '',
  'syn-new': '',
  'syn-crossing': 'simultaneous open',
  'syn-ack': '',
  'syn-ack-late': 'SYN-ACK again, after the third leg',
  'syn-ack-stray': 'acknowledges another SYN',
  'third-leg': 'third leg',
  'third-leg-wrong': 'third leg with wrong numbers',
  'client-again': 'sent again by the client',
  'server-took': 'the server has the third leg',
  'server-ack': 'acknowledges the SYN',
  challenge: 'challenge ACK: numbers of another connection',
  'client-rst': 'reset by the client',
  'server-rst-answer': 'refused',
  'server-rst-bare': 'reset: no connection was there',
  'server-rst': 'reset of an open connection',
  'icmp-syn': 'quotes the SYN',
  'icmp-syn-ack': 'quotes the SYN-ACK',
  'icmp-later': 'quotes a later segment',
  fin: 'first FIN',
  'fin-last': 'last FIN',
  copy: 'copy of a frame before it',
  other: '',
};

function addLegs(page: Page, handshake: Handshake, segments: readonly TracedSegment[]): void {
  page.heading('Legs');
  for (const { key, name, label } of LEG_ROWS) {
    const leg = handshake.legs[key];
    const where = leg.count === 0 ? '' : `${framesText(leg, page.files, FRAMES_SHOWN)}; `;
    const word =
      leg.grade === 'not-seen' && handshake.missingLeg === name
        ? page.colours.red('missing')
        : gradeTint(page, leg.grade);
    page.add(
      `${where}${restsOn(name, handshake, segments)}`,
      `  ${label.padEnd(8)} ${padEnd(word, 'accepted'.length)}  `,
    );
  }
}

function gradeTint(page: Page, grade: string): string {
  if (grade === 'accepted') return page.colours.green(grade);
  return grade === 'ignored' ? page.colours.red(grade) : page.colours.yellow(grade);
}

function addVerdict(page: Page, handshake: Handshake): void {
  const { client, server, latency, notes, diagnoses } = handshake;
  page.heading('Verdict');
  page.add(
    `${tint(page, handshake.verdict, handshake.verdict)} (${VERDICT_WORDS[handshake.verdict].phrase}): ${printable(handshake.reason)}`,
    '  ',
  );
  const gaps: string[] = [];
  if (latency.synToSynAck !== null) gaps.push(`SYN to SYN-ACK ${duration(latency.synToSynAck)}`);
  if (latency.synAckToAck !== null) gaps.push(`SYN-ACK to ACK ${duration(latency.synAckToAck)}`);
  if (gaps.length > 0) page.add(gaps.join(', '), '  ');
  for (const change of handshake.optionChanges ?? []) {
    page.add(`${LEG_WORDS[change.leg]} ${changedText(change, page.files)}: ${differenceWords(change)}`, '  ');
  }
  if (notes.length > 0) page.add(`notes: ${notes.map(printable).join(', ')}`, '  ');
  for (const { cause, confidence, evidence, advice } of diagnoses) {
    page.add(`${printable(cause)} (${confidence}): ${evidence.map(printable).join('; ')}`, '  why: ');
    const names = { client: client.address, server: server.address, port: server.port };
    page.add(printable(namedAdvice(advice, names)), '       ');
  }
}
