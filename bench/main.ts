/**
 * `npm run bench`: makes its captures, checks that tripod judges them right, runs it and its peers in turns, and prints ratios. README.md beside this
 * file says what the figures mean.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { projectRoot } from '../test/support/paths.ts';
import { type Capture, captureOf } from './captures.ts';
import { BULK, type Recipe, SMALL } from './generator/recipes.ts';
import { checkAnswer } from './measure/check.ts';
import { type Comparison, compare, sideOf } from './measure/compare.ts';
import { type Run, runProcess } from './measure/run-process.ts';
import { comparisonTable, type Growth, growthTable } from './print.ts';
import { isInstalled, PEERS, type Peer, TRIPOD } from './programs.ts';

const USAGE = `Usage: npm run bench -- [--packets N] [--bulk-bytes N] [--runs N] [--peer WORD]

  --packets     packets of the small capture (2000000; the full one has 7000000)
  --bulk-bytes  octets of the bulk capture (500000000; the full one has 4000000000); 0 for none
  --runs        pairs of runs (5)
  --peer        only peers whose name has this in it
`;
/** Parts of the small capture, for the cost as work grows. */
const GROWTH_PARTS = [0.25, 0.5, 1] as const;
const GROWTH_RUNS = 3;

const benchFolder = path.join(projectRoot, 'bench');

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      packets: { type: 'string', default: '2000000' },
      'bulk-bytes': { type: 'string', default: '500000000' },
      runs: { type: 'string', default: '5' },
      peer: { type: 'string', default: '' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return;
  }
  const packets = count(values.packets, 'packets', 1000);
  const bulkBytes = count(values['bulk-bytes'], 'bulk-bytes', 0);
  const runs = count(values.runs, 'runs', 1);
  const peers = choosePeers(values.peer);

  const comparisons = await compareAll(SMALL, packets, peers, runs);
  if (bulkBytes > 0) comparisons.push(...(await compareAll(BULK, bulkBytes, peers, runs)));
  process.stdout.write(`${comparisonTable(comparisons)}\n`);
  const growth = await growthOf(packets);
  process.stdout.write(`${growthTable(growth)}\n`);
  writeResults({ machine: machine(), comparisons, growth });
}

async function compareAll(recipe: Recipe, size: number, peers: readonly Peer[], runs: number): Promise<Comparison[]> {
  const whole = capture(recipe, size);
  checkAnswer(whole);
  const comparisons: Comparison[] = [];
  for (const peer of peers) {
    const part = peer.part === 1 ? whole : capture(recipe, size * peer.part);
    process.stderr.write(`${recipe.name}: tripod and ${peer.name}\n`);
    comparisons.push(await compare(TRIPOD, whole, peer, part, Math.min(runs, peer.mostRuns)));
  }
  return comparisons;
}

async function growthOf(packets: number): Promise<Growth[]> {
  const growth: Growth[] = [];
  for (const part of GROWTH_PARTS) {
    const { file, truth } = capture(SMALL, packets * part);
    const runs: Run[] = [];
    for (let run = 0; run < GROWTH_RUNS; run++) runs.push(await runProcess(TRIPOD.command(file)));
    growth.push({ packets: truth.packets, side: sideOf(runs, truth.packets) });
  }
  return growth;
}

function choosePeers(word: string): readonly Peer[] {
  const wanted = PEERS.filter(({ name }) => name.includes(word));
  const missing = wanted.filter((peer) => !isInstalled(peer));
  for (const { name, debian } of missing) {
    process.stderr.write(
      `not installed, left out: ${name} (${debian === null ? 'npm ci' : `Debian package ${debian}`})\n`,
    );
  }
  const packages = new Set(missing.flatMap(({ debian }) => (debian === null ? [] : [debian])));
  if (packages.size > 0) process.stderr.write(`  sudo apt-get install ${[...packages].join(' ')}\n`);
  return wanted.filter((peer) => !missing.includes(peer));
}

function capture(recipe: Recipe, size: number): Capture {
  return captureOf(recipe, size, path.join(benchFolder, 'captures'));
}

function count(text: string, name: string, least: number): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new Error(`--${name} ${text}: a whole number from ${least} on is wanted`);
}

function machine(): Record<string, unknown> {
  const [cpu] = os.cpus();
  return {
    cpu: cpu?.model ?? 'unknown',
    cores: os.cpus().length,
    memoryBytes: os.totalmem(),
    system: `${os.type()} ${os.release()}`,
    node: process.version,
    loadAverage: os.loadavg(),
  };
}

function writeResults(results: Record<string, unknown>): void {
  const folder = path.join(benchFolder, 'results');
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, `${new Date().toISOString().replaceAll(':', '-')}.json`);
  writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`);
  process.stderr.write(`written: ${path.relative(process.cwd(), file)}\n`);
}

await main();
