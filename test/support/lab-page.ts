/** docs/lab.md: what was provoked, and what was said of it. */
import { release } from 'node:os';
import type { Answer, LiveAnswer } from './lab-answer.ts';
import type { LabRow } from './lab-rows.ts';

export interface LabResult {
  readonly answer: Answer;
  /** What live said beside; null where no attempt lacked a leg. */
  readonly live: LiveAnswer | null;
  readonly seconds: number;
  /** It came out wrong the first time, and was put on once more. */
  readonly isSecond: boolean;
}

/** @param results by the row's name, one for each row */
export function labPage(rows: readonly LabRow[], results: ReadonlyMap<string, LabResult>): string {
  const lines = rows.map((row) => lineOf(row, results.get(row.name) as LabResult));
  const times = [...results.values()].map(({ seconds }) => seconds).sort((a, b) => a - b);
  const middle = times[times.length >> 1] as number;
  const longest = times.at(-1) as number;
  const second = rows.filter(({ name }) => results.get(name)?.isSecond).map(({ name }) => name);
  return `# The lab

<!-- Made by \`npm run lab\`: do not edit. -->

Each row was put on a real kernel (Linux ${release().split('.').slice(0, 2).join('.')}), in network namespaces of its own, and looked at with one command: \`tripod doctor 2323\` on the server while clients
connect, on the router before it or \`tripod doctor ADDRESS:2323\` on the client where the row says so; \`tripod live --port 2323\` watched beside it. The table is what the commands said;
of live, what it said of attempts that lack a leg: of those that the row is about where there are any, else of most; of handshakes that complete, what it said of them or of their port; nothing where none lacks a leg. At the client it sees the SYNs of doctor's traceroute as well. The rows are data: \`test/support/lab-rows.ts\` has what each one is built
of, \`fixtures/lab/stage.py\` builds it, \`test/support/lab-answer.ts\` holds what is said against what must be: the table is written only when all of it is right.
A checkup took ${middle.toFixed(0)} s in the median and ${longest.toFixed(0)} s at the most, with others beside it on the same processors. ${secondWords(second)}

The letters are those of the sources that [causes.md](causes.md) names. "well" is a port that is well, beside something that may look like trouble, or trouble that nobody can see from there: nothing may be said of it.

| row | provoked | verdict of the attempts | status | missing leg | first cause | confidence | live: verdict | live: first cause | live: confidence |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
${lines.join('\n')}

## What is not put on

| row | what | why not | held instead by |
| --- | --- | --- | --- |
${NOT_PUT_ON.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}
`;
}

/** Row, what, why one machine can't show it in a minute and in namespaces, and the test from captures or recorded facts. */
const NOT_PUT_ON: readonly (readonly [string, string, string, string])[] = [
  [
    'A3, B27',
    'a table of tracked connections that is full',
    'its size is the whole machine’s',
    '`test/diagnosis/prove.test.ts`; a NAT that is out of ports is put on',
  ],
  [
    'B14',
    'tcp_tw_recycle behind a NAT',
    'kernels since 4.12 do not have it; the row is of TIME-WAIT',
    '`test/diagnosis/look-alikes.test.ts`, `test/diagnosis/prove.test.ts`',
  ],
  ['B24', 'TCP-AO', 'not in every kernel; the rows are of TCP-MD5', '`test/diagnosis/host-drops.test.ts`'],
  [
    'B25',
    'a security module that drops the SYNs',
    'its policy is the whole machine’s',
    '`test/diagnosis/host-drops.test.ts`',
  ],
  [
    'B26',
    'processors that have no time for packets',
    'they are the whole machine’s, and what waits in the backlog has come to no capture yet: from the client it is a slow path, which is put on',
    '`test/doctor/steps.test.ts`',
  ],
  [
    'C6',
    'a SYN cookie that is older than two minutes',
    'it takes as long; the rows have cookies that the server no longer knows, and altered ones',
    '`test/handshake/verdict.test.ts`, by the same packets',
  ],
  [
    'D3',
    'full segments of the server that get lost, told from a saved capture',
    'the rows have live and doctor, which leave the server’s data in the kernel and read its list of sockets',
    '`test/diagnosis/look-alikes.test.ts`, `fixtures/written/large_answer_lost.script`',
  ],
  [
    'D3',
    'full segments that get lost when others have come there before',
    'no leg is missing, and what is said later on a connection is not followed: nothing is told of it',
    'rows of ports that are well',
  ],
];

function secondWords(names: readonly string[]): string {
  if (names.length === 0) return 'Each row was put on once.';
  return `Put on once more, because the first time something else was said: ${names.map((name) => `\`${name}\``).join(', ')}.`;
}

function lineOf({ row, what, target, at, say }: LabRow, { answer, live }: LabResult): string {
  const { status, missingLeg, verdicts, first } = answer;
  const where = target !== undefined ? ' (from the client)' : at === 'router' ? ' (from the router)' : '';
  const provoked = `${say === null ? 'well: ' : ''}${what}${where}`;
  const cells = [row, provoked, verdicts.join(', '), status, missingLeg ?? '', ...causeCells(first)];
  cells.push(live?.verdict ?? '', ...causeCells(live?.first ?? null));
  return `| ${cells.join(' | ')} |`;
}

function causeCells(first: Answer['first']): string[] {
  return first === null ? ['', ''] : [`\`${first.cause}\``, first.confidence];
}
