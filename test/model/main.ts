/** `npm run model`: many cases, one after the other; each that disagrees with the truth is printed with its capture, and how to come back to it. */
import { parseArgs } from 'node:util';
import { checkCase } from './check.ts';

const USAGE = `Usage: npm run model -- [--cases N] [--from SEED] [--show N]

  --cases   cases to try (100000)
  --from    seed of the first, the others follow (the time)
  --show    cases of each broken rule that are printed (1)
  --brief   without their captures
`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      cases: { type: 'string', default: '100000' },
      from: { type: 'string', default: String(Date.now() % 1e9) },
      show: { type: 'string', default: '1' },
      brief: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return;
  }
  const [cases, from, show] = [Number(values.cases), Number(values.from), Number(values.show)];
  process.stdout.write(`seeds from ${from}\n`);
  const broken = new Map<string, number>();
  const verdicts = new Map<string, number>();
  for (let seed = from; seed < from + cases; seed++) {
    const { text, faults, handshakes } = await checkCase(seed);
    for (const { verdict } of handshakes) count(verdicts, verdict);
    for (const { rule, what } of faults) {
      if (count(broken, rule) > show) continue;
      process.stdout.write(`\n# seed ${seed}: ${rule}: ${what}\n${values.brief ? '' : `${text}\n`}`);
    }
  }
  const rows = (counts: ReadonlyMap<string, number>): string =>
    [...counts].map(([name, number]) => `${String(number).padStart(9)}  ${name}\n`).join('');
  process.stdout.write(`\n${cases} cases; their attempts by verdict:\n${rows(verdicts)}`);
  process.stdout.write(broken.size === 0 ? 'no rule is broken\n' : `rules broken:\n${rows(broken)}`);
  if (broken.size > 0) process.exitCode = 1;
}

function count(counts: Map<string, number>, name: string): number {
  const number = (counts.get(name) ?? 0) + 1;
  counts.set(name, number);
  return number;
}

await main();
