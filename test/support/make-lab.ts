/**
 * `npm run lab`: puts every row of the lab on, and writes docs/lab.md with what was said. `npm run lab NAME …` puts some on, and shows it. A row that comes out wrong beside
 * others is put on once more, loudly, and the table says so.
 */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { answerOf, liveAnswerOf, wrongIn } from './lab-answer.ts';
import { type LabResult, labPage } from './lab-page.ts';
import { LAB_ROWS } from './lab-rows.ts';
import { AT_ONCE, lackingFor, runRowTwice } from './lab-run.ts';
import { projectRoot } from './paths.ts';

const wanted = process.argv.slice(2);
const rows = LAB_ROWS.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
const results = new Map<string, LabResult>();
const queue = [...rows.entries()];
let failures = 0;

async function work(): Promise<void> {
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const [number, row] = next;
    try {
      const lacks = lackingFor(row);
      if (lacks !== null) throw new Error(`NOT PUT ON: it needs ${lacks}`);
      const { checkup, firstTime } = await runRowTwice(row, number, (line) => process.stdout.write(`${line}\n`));
      const wrong = wrongIn(row, checkup);
      const { seconds, live, liveSaid } = checkup;
      const isSecond = firstTime !== null;
      results.set(row.name, {
        answer: answerOf(checkup),
        live: liveAnswerOf(row, live, liveSaid),
        seconds,
        isSecond,
      });
      if (wrong.length > 0) failures += 1;
      process.stdout.write(wrong.length === 0 ? `${row.name}: as it must be\n` : `${wrong.join('\n')}\n`);
    } catch (error) {
      failures += 1;
      process.stdout.write(`${row.name}: ${error instanceof Error ? error.message : String(error)}\n`);
    }
  }
}

await Promise.all(Array.from({ length: AT_ONCE }, work));
if (failures > 0) process.exitCode = 1;
else if (wanted.length === 0) writeFileSync(path.join(projectRoot, 'docs/lab.md'), labPage(LAB_ROWS, results));
