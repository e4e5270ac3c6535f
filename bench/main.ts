/**
 * `npm run bench`: makes its captures, checks that tripod judges them right, runs it and its peers in turns, and prints ratios. README.md beside this
 * file says what the figures mean.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { projectRoot } from '../test/support/paths.ts';
import { type Capture, captureOf, compressed } from './captures.ts';
import { BULK, FLOOD, MIXED, openAtATime, type Recipe, SMALL } from './generator/recipes.ts';
import { checkAnswer } from './measure/check.ts';
import { type Comparison, compare, sideOf } from './measure/compare.ts';
import { type Run, runProcess } from './measure/run-process.ts';
import { startUp } from './measure/start-up.ts';
import { streamed } from './measure/streamed.ts';
import { comparisonTable, type Growth, growthTable, startUpTable, streamedTable } from './print.ts';
import { isInstalled, PEERS, type Peer, type Program, TRIPOD, TRIPOD_ROOMY } from './programs.ts';

const USAGE = `Usage: npm run bench -- [--quick] [--runs N] [--only WORD] [--peer WORD]

  --quick  captures of a tenth of the size, and two runs: minutes, for use while one works
  --runs   pairs of runs
  --only   only this part: small, bulk, flood, mixed, gz, zst, growth, open, stream, start
  --peer   only peers whose name has this in it
`;

/** Packets; for bulk and stream octets. */
const FULL = { small: 7e6, bulk: 4e9, flood: 5.3e6, mixed: 4e6, growth: 8e6, open: 8e6, stream: 20e9 } as const;
const QUICK_PART = 0.1;
const FULL_RUNS = 5;
const QUICK_RUNS = 2;
const RECIPES: Readonly<Record<string, Recipe>> = { small: SMALL, bulk: BULK, flood: FLOOD, mixed: MIXED };
const GROWTH_PARTS = [1 / 8, 1 / 4, 1 / 2, 1] as const;
const GROWTH_RUNS = 3;
const OPEN = [10_000, 100_000, 1_000_000] as const;
const START_ROUNDS = 15;

const benchFolder = path.join(projectRoot, 'bench');

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      runs: { type: 'string' },
      only: { type: 'string' },
      peer: { type: 'string', default: '' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return;
  }
  const part = values.quick ? QUICK_PART : 1;
  const runs = wholeNumber(values.runs ?? String(values.quick ? QUICK_RUNS : FULL_RUNS), 'runs');
  const isWanted = (name: string): boolean => values.only === undefined || values.only === name;
  const peers = choosePeers(values.peer);
  const results: Record<string, unknown> = { machine: machine() };

  if (isWanted('start')) {
    const starts = await startUp(START_ROUNDS);
    results['startUp'] = starts;
    process.stdout.write(`${startUpTable(starts)}\n`);
  }
  const comparisons: Comparison[] = [];
  for (const name of ['small', 'bulk', 'flood', 'mixed', 'gz', 'zst'].filter(isWanted)) {
    const cut = (share: number): Capture | null => capture(name, part * share);
    comparisons.push(...(await compareAll(name, cut, peers, runs)));
  }
  results['comparisons'] = comparisons;
  if (comparisons.length > 0) process.stdout.write(`${comparisonTable(comparisons)}\n`);
  if (isWanted('growth')) {
    const sizes = GROWTH_PARTS.map((share) => captureOf(SMALL, FULL.growth * part * share, capturesFolder()));
    results['growth'] = await growthOf(sizes, TRIPOD);
    process.stdout.write(`${growthTable(results['growth'] as Growth[])}\n`);
  }
  if (isWanted('open')) {
    const sizes = OPEN.map((open) => captureOf(openAtATime(open), FULL.open * part, capturesFolder()));
    results['open'] = await growthOf(sizes, TRIPOD_ROOMY);
    process.stdout.write(`${growthTable(results['open'] as Growth[])}\n`);
  }
  if (isWanted('stream')) {
    const stream = await streamed(FULL.stream * part);
    results['streamed'] = stream;
    process.stdout.write(`${streamedTable(stream)}\n`);
  }
  writeResults(results);
}

/** @param cut the capture, or a part of it; null where it can't be made. */
async function compareAll(
  name: string,
  cut: (share: number) => Capture | null,
  peers: readonly Peer[],
  runs: number,
): Promise<Comparison[]> {
  const whole = cut(1);
  if (whole === null) return [];
  checkAnswer(whole);
  const comparisons: Comparison[] = [];
  for (const peer of peers.filter(({ captures }) => captures.includes(name))) {
    process.stderr.write(`${name}: tripod and ${peer.name}\n`);
    comparisons.push(await compare(TRIPOD, whole, peer, cut(peer.part) ?? whole, runs));
  }
  return comparisons;
}

async function growthOf(captures: readonly Capture[], program: Program): Promise<Growth[]> {
  const growth: Growth[] = [];
  for (const { file, truth } of captures) {
    const runs: Run[] = [];
    for (let run = 0; run < GROWTH_RUNS; run++) runs.push(await runProcess(program.command(file)));
    growth.push({ packets: truth.packets, mostOpen: truth.mostOpen, side: sideOf(runs, truth.packets) });
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

function capture(name: string, share: number): Capture | null {
  if (name === 'gz' || name === 'zst') return compressed(captureOf(SMALL, FULL.small * share, capturesFolder()), name);
  const recipe = RECIPES[name] as Recipe;
  return captureOf(recipe, FULL[name as keyof typeof FULL] * share, capturesFolder());
}

function capturesFolder(): string {
  return path.join(benchFolder, 'captures');
}

function wholeNumber(text: string, name: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new Error(`--${name} ${text}: a whole number from 1 on is wanted`);
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
