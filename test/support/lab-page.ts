/** docs/lab.md: what was provoked, and what was said of it. */
import { release } from 'node:os';
import type { Answer } from './lab-answer.ts';
import type { LabRow } from './lab-rows.ts';

export interface LabResult {
  readonly answer: Answer;
  readonly seconds: number;
}

/** @param results by the row's name, one for each row */
export function labPage(rows: readonly LabRow[], results: ReadonlyMap<string, LabResult>): string {
  const lines = rows.map((row) => lineOf(row, results.get(row.name) as LabResult));
  const longest = Math.max(...[...results.values()].map(({ seconds }) => seconds));
  return `# The lab

<!-- Made by \`npm run lab\`: do not edit. -->

Each row was put on a real kernel (Linux ${release().split('.').slice(0, 2).join('.')}), in network namespaces of its own, and looked at with one command: \`tripod doctor 2323\` on the server while clients
connect, or \`tripod doctor ADDRESS:2323\` on the client where the row says so. The table is what the command said. The rows are data: \`test/support/lab-rows.ts\` has what each one is built
of, \`fixtures/lab/stage.py\` builds it, \`test/live/lab.test.ts\` holds what is said against what must be. The longest of these checkups took ${longest.toFixed(0)} s, with others beside it on two processors.

The letters are those of the sources that [causes.md](causes.md) names. "—" is a port that is well, on a host where something else may look like trouble: nothing may be said of it.

| row | provoked | verdict of the attempts | status | missing leg | first cause | confidence |
| --- | --- | --- | --- | --- | --- | --- |
${lines.join('\n')}
`;
}

function lineOf({ row, what, target, say }: LabRow, { answer }: LabResult): string {
  const { status, missingLeg, verdicts, first } = answer;
  const provoked = `${say === null ? 'well: ' : ''}${what}${target === undefined ? '' : ' (from the client)'}`;
  const cause = first === null ? ['', ''] : [`\`${first.cause}\``, first.confidence];
  const cells = [say === null ? '—' : row, provoked, verdicts.join(', '), status, missingLeg ?? '', ...cause];
  return `| ${cells.join(' | ')} |`;
}
