/** The beginning of the table report: which leg is missing, and for each endpoint the three questions with counts. */

import { namedAdvice } from '../../diagnosis/advice.ts';
import { type LegName, VERDICTS } from '../../handshake/handshake.ts';
import { printable } from '../escape.ts';
import type { Report, ServerSummary } from '../report.ts';
import { grid } from './grid.ts';
import type { Page } from './page.ts';
import type { RenderOptions } from './renderer.ts';
import { count, counted, endpoint, padEnd } from './text.ts';
import { LEG_ROWS, LEG_WORDS, VERDICT_WORDS } from './words.ts';

/** Sentences at the top, before "and N more". */
const SENTENCES = 5;
/** With more endpoints than this the questions become columns. */
const QUESTION_BLOCKS = 3;
/** Rows of that table when no limit was given. */
const ENDPOINT_ROWS = 20;
/** Columns of the page from which the number of clients is shown there. */
const ROOM_FOR_CLIENTS = 76;

/** How many attempts of this endpoint lack the leg. */
function missing(server: ServerSummary, leg: LegName): number {
  let sum = 0;
  for (const verdict of VERDICTS) {
    if (VERDICT_WORDS[verdict].missing === leg) sum += server.byVerdict[verdict] ?? 0;
  }
  return sum;
}

function failed(server: ServerSummary): number {
  return LEG_ROWS.reduce((sum, leg) => sum + missing(server, leg.name), 0);
}

/** An endpoint that was asked for, and of which the capture has no attempt at all. */
function isSilent(server: ServerSummary): boolean {
  return server.attempts === 0 && server.missingLeg === 'syn';
}

/** An address that was asked for without a port stands alone. */
function nameOf(server: ServerSummary): string {
  return isSilent(server) && server.port === 0 && server.address !== '*' ? printable(server.address) : endpoint(server);
}

function undecided(server: ServerSummary): number {
  return server.byVerdict.undecided ?? 0;
}

/** Asked-for and silent first, then by how many attempts lack a leg, then by how many there are. */
function byTrouble(a: ServerSummary, b: ServerSummary): number {
  return (
    Number(isSilent(b)) - Number(isSilent(a)) ||
    failed(b) - failed(a) ||
    undecided(b) - undecided(a) ||
    b.attempts - a.attempts
  );
}

export function addAnswer(page: Page, report: Report, { limit, narrowed }: RenderOptions): void {
  const servers = [...report.servers].sort(byTrouble);
  addSentences(page, report, servers, narrowed);
  if (servers.length === 0) return;
  if (servers.length <= QUESTION_BLOCKS) {
    for (const server of servers) addQuestions(page, server);
  } else {
    addTable(page, servers, limit ?? ENDPOINT_ROWS);
  }
}

function addSentences(page: Page, report: Report, servers: readonly ServerSummary[], narrowed: boolean): void {
  const { colours } = page;
  const troubled = servers.filter((server) => isSilent(server) || failed(server) > 0);
  const unsure = servers.filter((server) => !troubled.includes(server) && undecided(server) > 0);
  if (report.summary.attempts === 0 && troubled.length === 0) {
    page.add(colours.yellow(nothingFound(report)));
    return;
  }
  if (troubled.length === 0 && unsure.length === 0) {
    const handshakes = counted(report.summary.complete, 'handshake');
    const all = report.summary.complete === 1 ? 'the one handshake' : `all ${handshakes}`;
    const be = report.summary.complete === 1 ? 'is' : 'are';
    page.add(colours.green(`No leg is missing: ${all} to ${counted(servers.length, 'endpoint')} ${be} complete.`));
    return;
  }
  const listed = [...troubled, ...unsure];
  const shown = listed.slice(0, SENTENCES);
  const longest = Math.max(...shown.map((server) => nameOf(server).length));
  // Long IPv6 addresses would leave no room beside them.
  const aligned = longest <= page.width / 3;
  for (const server of shown) {
    const name = colours.bold(padEnd(nameOf(server), aligned ? longest : 0));
    if (aligned) page.add(sentence(page, server, narrowed), `${name}  `);
    else page.addHanging(`${name}  ${sentence(page, server, narrowed)}`);
  }
  const rest = listed.length - shown.length;
  if (rest > 0) page.add(`... and ${counted(rest, 'more endpoint')}, below.`);
  const fine = servers.length - listed.length;
  if (fine > 0) page.add(`Nothing is missing at ${counted(fine, 'other endpoint')}.`);
}

function nothingFound(report: Report): string {
  const { tcpSegments, midstream, leftOut = 0 } = report.capture;
  if (tcpSegments === 0) return 'No TCP segment is in this capture.';
  if (leftOut > 0)
    return `None of the ${counted(leftOut, 'attempt')} in this capture is of the clients and the time that were asked for.`;
  const open = midstream === 0 ? '' : ` (${counted(midstream, 'connection')} already open when the capture began)`;
  return `No handshake is in this capture: none of its ${counted(tcpSegments, 'TCP segment')} opens a connection${open}.`;
}

/** "the SYN-ACK is missing in 214 of 214 attempts (200 refused, 14 no-syn-ack)". */
function sentence(page: Page, server: ServerSummary, narrowed: boolean): string {
  const { colours } = page;
  if (isSilent(server)) {
    const whose = narrowed ? ' of the clients and the time that were asked for' : '';
    return `${colours.red('the SYN is missing')}: no SYN${whose} to this ${server.port === 0 ? 'address' : 'port'} is in the capture`;
  }
  const parts: string[] = [];
  for (const { name } of LEG_ROWS) {
    const lacking = missing(server, name);
    if (lacking === 0) continue;
    const which = colours.red(`the ${LEG_WORDS[name]} is missing`);
    const verdicts = VERDICTS.filter((verdict) => VERDICT_WORDS[verdict].missing === name)
      .map((verdict) => ({ verdict, times: server.byVerdict[verdict] ?? 0 }))
      .filter(({ times }) => times > 0);
    const [only, another] = verdicts;
    const names =
      another === undefined && only !== undefined
        ? [`${only.verdict}: ${VERDICT_WORDS[only.verdict].phrase}`]
        : verdicts.map(({ verdict, times }) => `${count(times)} ${verdict}`);
    parts.push(`${which} in ${ofAttempts(lacking, server.attempts)} (${names.join(', ')})`);
  }
  const open = undecided(server);
  if (open > 0) {
    const text =
      parts.length === 0
        ? `${ofAttempts(open, server.attempts)} undecided: the capture can't tell`
        : `${count(open)} undecided`;
    parts.push(colours.yellow(text));
  }
  return parts.join('; ');
}

/** "214 of 214 attempts"; "the one attempt" where there was no other. */
function ofAttempts(part: number, all: number): string {
  return all === 1 ? 'the one attempt' : `${count(part)} of ${counted(all, 'attempt')}`;
}

interface Answer {
  readonly word: 'yes' | 'partly' | 'no' | '-';
  readonly text: string;
}

function answers(server: ServerSummary): readonly [Answer, Answer, Answer] {
  const { synReceived, synAckSent, ackReceived, attempts } = server;
  const refusedAck = (server.byVerdict['ack-ignored'] ?? 0) + (server.byVerdict['ack-rejected'] ?? 0);
  const clients = `from ${counted(server.clients, 'client')}`;
  const syn: Answer =
    synReceived === attempts && attempts > 0
      ? { word: 'yes', text: `${counted(attempts, 'attempt')} ${clients}` }
      : {
          word: grade(synReceived, attempts),
          text: attempts === 0 ? 'none in the capture' : `${outOf(synReceived, attempts)} ${clients}`,
        };
  const synAck: Answer =
    attempts === 0
      ? { word: '-', text: 'nothing to answer' }
      : { word: grade(synAckSent, attempts), text: outOf(synAckSent, attempts) };
  if (synAckSent === 0 && ackReceived === 0) return [syn, synAck, { word: '-', text: 'no SYN-ACK to acknowledge' }];
  const answered = Math.max(synAckSent, ackReceived);
  const taken = Math.max(0, ackReceived - refusedAck);
  const lost = refusedAck === 0 ? '' : ` (${count(refusedAck)} in the capture, but not taken by the server)`;
  return [syn, synAck, { word: grade(taken, answered), text: `${outOf(taken, answered)}${lost}` }];
}

function outOf(part: number, whole: number): string {
  return `${count(part)} of ${count(whole)}`;
}

function grade(part: number, whole: number): Answer['word'] {
  if (part === 0) return 'no';
  return part < whole ? 'partly' : 'yes';
}

const QUESTIONS = [
  '1. Did the port receive a SYN?',
  '2. Did it answer with a SYN-ACK?',
  '3. Did it receive the third leg?',
] as const;
const QUESTION_WIDTH = Math.max(...QUESTIONS.map((question) => question.length));

function addQuestions(page: Page, server: ServerSummary): void {
  page.heading(nameOf(server));
  for (const [index, answer] of answers(server).entries()) {
    const word = paint(page, answer.word, padEnd(answer.word, 'partly'.length));
    page.add(answer.text, `  ${padEnd(QUESTIONS[index] ?? '', QUESTION_WIDTH)}  ${word}  `);
  }
  for (const finding of server.findings) page.add(printable(finding), '     ');
  addDiagnoses(page, server);
}

/** Diagnoses that are written out; the others are named. */
const WRITTEN_OUT = 3;

function addDiagnoses(page: Page, server: ServerSummary): void {
  for (const { cause, confidence, evidence, advice } of server.diagnoses.slice(0, WRITTEN_OUT)) {
    page.add(
      `${page.colours.bold(printable(cause))} (${confidence}): ${evidence.map(printable).join('; ')}`,
      '  why: ',
    );
    page.add(printable(namedAdvice(advice, { server: server.address, port: server.port })), '       ');
  }
  const others = server.diagnoses.slice(WRITTEN_OUT).map(({ cause }) => printable(cause));
  if (others.length > 0) page.add(`${others.join(', ')} (--format json has what settles each)`, '  or:  ');
}

function paint(page: Page, word: Answer['word'], text: string): string {
  const { colours } = page;
  if (word === 'yes') return colours.green(text);
  if (word === 'no') return colours.red(text);
  return word === 'partly' ? colours.yellow(text) : text;
}

function addTable(page: Page, servers: readonly ServerSummary[], rows: number): void {
  page.heading(
    'Endpoints: did the port receive (1) a SYN, answer it with (2) a SYN-ACK, and receive (3) the third leg?',
  );
  const shown = servers.slice(0, rows);
  const cells = shown.map((server) => [
    nameOf(server),
    ...(page.width < ROOM_FOR_CLIENTS ? [] : [count(server.clients)]),
    count(server.attempts),
    ...answers(server).map((answer) => short(page, answer)),
    lacking(page, server),
  ]);
  const columns = [
    { title: 'endpoint' },
    ...(page.width < ROOM_FOR_CLIENTS ? [] : [{ title: 'clients', alignment: 'right' } as const]),
    { title: 'attempts', alignment: 'right' },
    { title: '1 SYN' },
    { title: '2 SYN-ACK' },
    { title: '3 ACK' },
    { title: 'missing' },
  ] as const;
  page.addLines(grid(columns, cells, page.width));
  const rest = servers.length - shown.length;
  if (rest > 0) page.add(`... and ${counted(rest, 'more endpoint')} (--limit ${servers.length} shows all).`);
  for (const server of shown) {
    for (const finding of server.findings) page.add(printable(finding), `${nameOf(server)}: `);
    if (server.diagnoses.length === 0) continue;
    page.add(nameOf(server));
    addDiagnoses(page, server);
  }
}

/** "yes", "no", "-", or the count when it is in between. */
function short(page: Page, answer: Answer): string {
  return paint(
    page,
    answer.word,
    answer.word === 'partly' ? (answer.text.split(' (')[0]?.split(' from')[0] ?? '') : answer.word,
  );
}

function lacking(page: Page, server: ServerSummary): string {
  const { colours } = page;
  if (server.missingLeg !== null) return colours.red(LEG_WORDS[server.missingLeg]);
  return undecided(server) > 0 ? colours.yellow('undecided') : '';
}
