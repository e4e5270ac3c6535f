/** `npm run fuzz`: the soak. A finding ends it, is written to a file, and says how to come back to it. */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Finding, type SoakTally, soak } from './soak.ts';

const USAGE = `Usage: npm run fuzz -- [--inputs N] [--seed N] [--unguided]

  --inputs    inputs to try (10000000)
  --seed      of the choices (the time)
  --unguided  without coverage: some times as fast
`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      inputs: { type: 'string', default: '10000000' },
      seed: { type: 'string', default: String(Date.now() % 1e9) },
      unguided: { type: 'boolean', default: false },
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
    const tally = await soak({ inputs: Number(values.inputs), seed, guided: !values.unguided, progress });
    process.stdout.write(`clean: ${line(tally)}\n`);
  } catch (error) {
    if (!(error instanceof Finding)) throw error;
    writeFileSync('finding.bin', error.input);
    process.stdout.write(`${error.message} (seed ${seed}); the input is in finding.bin\n`);
    if (error.cause instanceof Error) process.stdout.write(`${error.cause.stack}\n`);
    process.exitCode = 1;
  }
}

function line({ frames, captures, compressed, kept, blocks, slowestMillis, peakResidentBytes }: SoakTally): string {
  const parts = [
    `${frames} frames`,
    `${captures} captures`,
    `${compressed} compressed`,
    `${kept} kept`,
    `${blocks} blocks`,
  ];
  return `${parts.join(', ')}; slowest ${slowestMillis.toFixed(0)} ms, ${(peakResidentBytes / 1e6).toFixed(0)} MB`;
}

await main();
