/** `npm run fuzz`: the soak. A finding ends it, is written to a file, and says how to come back to it. */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Finding, type SoakTally, soak } from './soak.ts';

const USAGE = `Usage: npm run fuzz -- [--inputs N] [--seed N] [--guided N]

  --inputs    inputs to try (10000000)
  --seed      of the choices (the time)
  --guided    of the first so many, coverage decides what is kept (500000); none is faster
`;

const FRAMES_IN_ROUND = 10_000;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      inputs: { type: 'string', default: '10000000' },
      seed: { type: 'string', default: String(Date.now() % 1e9) },
      guided: { type: 'string', default: '500000' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return;
  }
  const seed = Number(values.seed);
  process.stdout.write(`seed ${seed}\n`);
  let told = performance.now();
  const progress = (tally: SoakTally): void => {
    if (performance.now() - told < 10_000) return;
    told = performance.now();
    process.stdout.write(`${line(tally)}\n`);
  };
  try {
    const tally = await soak({
      inputs: Number(values.inputs),
      seed,
      guided: Number(values.guided),
      framesInRound: FRAMES_IN_ROUND,
      progress,
    });
    process.stdout.write(`clean: ${line(tally)}\n${table(tally)}`);
  } catch (error) {
    if (!(error instanceof Finding)) throw error;
    writeFileSync('finding.bin', error.input);
    process.stdout.write(`${error.message} (seed ${seed}); the input is in finding.bin\n`);
    if (error.cause instanceof Error) process.stdout.write(`${error.cause.stack}\n`);
    process.exitCode = 1;
  }
}

function line({ inputs, kept, blocks, peakResidentBytes }: SoakTally): string {
  const seconds = Math.round(process.uptime());
  return `${inputs} inputs, ${kept} kept, ${blocks} blocks, ${(peakResidentBytes / 1e6).toFixed(0)} MB, ${seconds} s`;
}

function table({ byKind }: SoakTally): string {
  const rows = Object.entries(byKind).map(([name, { inputs, ordinaryMillis, slowestMillis }]) => {
    const slow = slowestMillis === 0 ? 'none over 20 ms' : `slowest ${slowestMillis.toFixed(0)} ms`;
    return `${name.padEnd(20)} ${String(inputs).padStart(9)}  ordinary ${ordinaryMillis.toFixed(3)} ms, ${slow}\n`;
  });
  return rows.join('');
}

await main();
