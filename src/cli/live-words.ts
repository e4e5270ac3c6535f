/** The words of a live capture: the line of a verdict, the comment of a written packet, the line that says how matters stand. All of it pure. */
import { utcMoment } from '../bytes/time.ts';
import { namedAdvice } from '../diagnosis/advice.ts';
import type { Diagnosis, Handshake, LegName, VerdictName } from '../handshake/handshake.ts';
import { VERDICTS } from '../handshake/handshake.ts';
import type { LiveAnalysis } from '../live.ts';
import type { Together } from '../report/crowd.ts';
import { printable } from '../report/escape.ts';
import { count, endpoint, palette, wrap } from '../report/render/text.ts';
import { LEG_WORDS, VERDICT_WORDS } from '../report/render/words.ts';
import type { ResolvedLive } from './resolve-live.ts';

export interface LineOptions {
  /** Columns of the terminal; null where lines are not broken (a pipe, a file). */
  readonly width: number | null;
  readonly colour: boolean;
}

/**
 * A terminal: "12:00:01.123 #7 10.0.0.1:40000 > 10.0.0.2:443  SYN-ACK missing (no-syn-ack): One SYN, and … Likely: syn-queue-full.", broken to its width. Elsewhere
 * one line, and the time in full. Times in UTC, as in every report.
 */
export function verdictLine(handshake: Handshake, options: LineOptions): string {
  const { id, client, server, revision } = handshake;
  const colours = palette(options.colour);
  const began = beginningOf(handshake);
  const time = began === null ? '' : options.width === null ? isoTime(began) : clockTime(began);
  const amended = revision === 0 ? '' : 'amended: ';
  const finding = tinted(handshake, colours);
  const words = `${time} #${id} ${endpoint(client)} > ${endpoint(server)}  ${amended}${finding}: ${printable(said(handshake))}`;
  // `wrap` takes blanks for places to break, two of them for an empty word.
  return options.width === null ? `${words}\n` : `${hanging(words, options.width)}\n`;
}

/** Sentences of evidence in a line; the report has all. */
const EVIDENCE_SAID = 2;

/** "10.0.0.2:443  port-closed (proven): no process listens on port 443. Next: ss -ltn …": what a cause rests on, and what to do about it. */
export function causeLine({ client, server }: Handshake, diagnosis: Diagnosis, options: LineOptions): string {
  const { cause, confidence, evidence } = diagnosis;
  const names = { client: client.address, server: server.address, port: server.port };
  const because = evidence.slice(0, EVIDENCE_SAID).join('; ');
  const text = `${because === '' ? '' : `${because}. `}Next: ${namedAdvice(diagnosis.advice, names)}`;
  const words = `${endpoint(server)}  ${palette(options.colour).bold(cause)} (${confidence}): ${printable(text)}`;
  return options.width === null ? `${words}\n` : `${hanging(words, options.width)}\n`;
}

/** "12:00:01.123 and 49,980 more > 10.0.0.2:443  SYN-ACK missing (no-syn-ack), the last begun at 12:00:02.122": of a flood, what is not told one by one. */
export function togetherLine({ sample, attempts, first, last }: Together, options: LineOptions): string {
  const time = options.width === null ? isoTime : clockTime;
  const finding = tinted(sample, palette(options.colour));
  const words = `${time(first)} and ${count(attempts)} more > ${endpoint(sample.server)}  ${finding}, the last begun at ${time(last)}`;
  return options.width === null ? `${words}\n` : `${hanging(words, options.width)}\n`;
}

/** What Wireshark shows beside the packet. */
export function verdictComment(handshake: Handshake): string {
  const { client, server, revision } = handshake;
  const amended = revision === 0 ? '' : 'amended: ';
  const began = beginningOf(handshake);
  const time = began === null ? '' : `, begun ${isoTime(began)}`;
  return `tripod: ${endpoint(client)} > ${endpoint(server)}${time}: ${amended}${findingOf(handshake)}: ${said(handshake)}`;
}

/** "SYN-ACK missing (no-syn-ack)", "complete". */
function findingOf({ verdict, missingLeg }: Handshake): string {
  return missingLeg === null ? verdict : `${LEG_WORDS[missingLeg]} missing (${verdict})`;
}

function tinted(handshake: Handshake, colours: ReturnType<typeof palette>): string {
  const finding = findingOf(handshake);
  if (handshake.missingLeg !== null) return colours.red(colours.bold(finding));
  return handshake.verdict === 'complete' ? colours.green(finding) : colours.yellow(finding);
}

const HOW_SURE = { possible: 'Possibly', likely: 'Likely', proven: 'Proven' } as const;

/** The reason, and the first of the causes. */
function said({ reason, diagnoses }: Handshake): string {
  const [first] = diagnoses;
  return first === undefined ? reason : `${reason} ${HOW_SURE[first.confidence]}: ${first.cause}.`;
}

function beginningOf({ legs }: Handshake): string | null {
  return legs.syn.first ?? legs.synAck.first ?? legs.ack.first;
}

/** "2026-11-02T10:00:00.123456Z": --since takes it. */
function isoTime(time: string): string {
  return `${utcMoment(time, '').replace(' ', 'T')}Z`;
}

/** "10:00:00.123" */
function clockTime(time: string): string {
  return utcMoment(time, '')
    .replace(/^\S+ /, '')
    .replace(/(\.\d{3})\d+$/, '$1');
}

function hanging(text: string, width: number): string {
  const [first = '', ...rest] = wrap(text, width);
  return rest.length === 0 ? first : [first, ...wrap(rest.join(' '), width, '    ')].join('\n');
}

/** What is said once the capture is open. @param user who the process has become; null when it still is who it was */
export function beginningSentence({ source, analysis, format, out }: ResolvedLive, user: string | null): string {
  const where =
    source.kind === 'interfaces'
      ? `capturing on ${source.options.interfaces.join(', ')}${user === null ? '' : ` as ${user}: root was given up`}`
      : `reading ${source.kind === 'stdin' ? 'standard input' : source.path} as it comes`;
  const { ports } = analysis;
  const asked = ports.length === 0 ? '' : `, ${ports.length === 1 ? 'port' : 'ports'} ${ports.join(', ')}`;
  const utc = format === 'table' && out === null ? '; times are in UTC' : '';
  return `${where}${asked}${utc}; Ctrl-C ends it with the report`;
}

export interface StatusFacts {
  readonly standing: ReturnType<LiveAnalysis['stand']>;
  /** Ports that were asked for. */
  readonly ports: readonly number[];
  readonly packets: number;
  /** Since the last status. */
  readonly packetsPerSecond: number;
  readonly attemptsPerSecond: number;
  /** null when nothing tells. */
  readonly lost: number | null;
}

/** One line of less than `width` columns: what fits of it, the three questions first. */
export function statusLine(facts: StatusFacts, width: number): string {
  const { standing, packets, packetsPerSecond, attemptsPerSecond, lost } = facts;
  const pieces = [
    ...questionsOf(facts),
    `${count(standing.open)} open`,
    lost === null ? '' : `${count(lost)} lost`,
    `${count(Math.round(packetsPerSecond))} packets/s`,
    `${count(Math.round(attemptsPerSecond))} SYN/s`,
    `${count(packets)} packets`,
  ].filter((piece) => piece !== '');
  let line = '';
  for (const piece of pieces) {
    const longer = line === '' ? piece : `${line} | ${piece}`;
    if (longer.length < width) line = longer;
  }
  return line === '' ? (pieces[0] ?? '').slice(0, Math.max(0, width - 1)) : line;
}

/** Endpoints of which the status speaks. */
const QUESTIONS = 2;

/** ":443 SYN 12, SYN-ACK 10, ACK 10, 2 lack a leg" for the ports that were asked for, else for the endpoints with the most attempts. */
function questionsOf({ standing, ports }: StatusFacts): string[] {
  const rows =
    ports.length === 0
      ? standing.endpoints.map((one) => ({ name: endpoint(one), byVerdict: one.byVerdict }))
      : ports.map((port) => ({
          name: `:${port}`,
          byVerdict: sumOf(standing.endpoints.filter((one) => one.port === port)),
        }));
  rows.sort((a, b) => attemptsOf(b.byVerdict) - attemptsOf(a.byVerdict));
  return rows.slice(0, QUESTIONS).map(({ name, byVerdict }) => {
    const { syn, synAck, ack, lacking } = legsOf(byVerdict);
    return `${name} SYN ${count(syn)}, SYN-ACK ${count(synAck)}, ACK ${count(ack)}${lacking === 0 ? '' : `, ${count(lacking)} lack a leg`}`;
  });
}

type Counts = Readonly<Record<VerdictName, number>>;

function sumOf(endpoints: readonly { readonly byVerdict: Counts }[]): Counts {
  const sum = Object.fromEntries(VERDICTS.map((verdict) => [verdict, 0])) as Record<VerdictName, number>;
  for (const { byVerdict } of endpoints) for (const verdict of VERDICTS) sum[verdict] += byVerdict[verdict];
  return sum;
}

function attemptsOf(counts: Counts): number {
  return VERDICTS.reduce((sum, verdict) => sum + counts[verdict], 0);
}

/** By the verdicts that are out: how many had each leg. An undecided one is known to have its SYN alone. */
function legsOf(counts: Counts): { syn: number; synAck: number; ack: number; lacking: number } {
  const lack = (leg: LegName): number =>
    VERDICTS.reduce((sum, verdict) => sum + (VERDICT_WORDS[verdict].missing === leg ? counts[verdict] : 0), 0);
  const syn = attemptsOf(counts) - lack('syn');
  const synAck = attemptsOf(counts) - lack('syn-ack') - counts.undecided;
  const ignored = counts['ack-ignored'];
  return { syn, synAck, ack: counts.complete + ignored, lacking: lack('syn') + lack('syn-ack') + lack('ack') };
}
