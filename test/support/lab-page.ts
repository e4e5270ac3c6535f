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
connect, or \`tripod doctor ADDRESS:2323\` on the client where the row says so; \`tripod live --port 2323\` watched beside it. The table is what the commands said;
of live, what it said of attempts that lack a leg: of those that the row is about where there are any, else of most; of handshakes that complete, what it said of them or of their port; nothing where none lacks a leg. At the client it sees the SYNs of doctor's traceroute as well. The rows are data: \`test/support/lab-rows.ts\` has what each one is built
of, \`fixtures/lab/stage.py\` builds it, \`test/support/lab-answer.ts\` holds what is said against what must be: the table is written only when all of it is right.
A checkup took ${middle.toFixed(0)} s in the median and ${longest.toFixed(0)} s at the most, with others beside it on the same processors. ${secondWords(second)}

The letters are those of the sources that [causes.md](causes.md) names. "—" is a port that is well, on a host where something else may look like trouble: nothing may be said of it.

| row | provoked | verdict of the attempts | status | missing leg | first cause | confidence | live: verdict | live: first cause | live: confidence |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
${lines.join('\n')}
`;
}

function secondWords(names: readonly string[]): string {
  if (names.length === 0) return 'Each row was put on once.';
  return `Put on once more, because the first time something else was said: ${names.map((name) => `\`${name}\``).join(', ')}.`;
}

function lineOf({ row, what, target, say }: LabRow, { answer, live }: LabResult): string {
  const { status, missingLeg, verdicts, first } = answer;
  const provoked = `${say === null ? 'well: ' : ''}${what}${target === undefined ? '' : ' (from the client)'}`;
  const cells = [
    say === null ? '—' : row,
    provoked,
    verdicts.join(', '),
    status,
    missingLeg ?? '',
    ...causeCells(first),
  ];
  cells.push(live?.verdict ?? '', ...causeCells(live?.first ?? null));
  return `| ${cells.join(' | ')} |`;
}

function causeCells(first: Answer['first']): string[] {
  return first === null ? ['', ''] : [`\`${first.cause}\``, first.confidence];
}
