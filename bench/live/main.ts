/**
 * `npm run bench:live`: SYNs over a veth pair at growing rates, `tripod live` beside `tcpdump -w`: packets lost, processor time for each, and how long after its packet a
 * verdict comes. `-- --quick` for some of it, `-- --rounds N`; `-- --soak MINUTES`: 20 thousand handshakes a second, some without a leg; every verdict is checked, and memory is watched.
 */
import { createRequire } from 'node:module';
import os from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { median } from '../measure/median.ts';
import { measureBulk } from './bulk.ts';
import { measureFlooded } from './flooded.ts';
import { measureLatency } from './latency.ts';
import { type CaptureProgram, programs, TCPDUMP, TRIPOD_LIVE } from './programs.ts';
import { soak } from './soak.ts';
import { missingHere, Wire } from './wire.ts';

interface Extent {
  /** SYNs a second; 0: as fast as the sender can. */
  readonly rates: readonly number[];
  readonly seconds: number;
  /** Packets where the rate is the sender's own. */
  readonly unpacedPackets: number;
  readonly rounds: number;
  readonly refusals: number;
  readonly floodedRates: readonly number[];
}

/** Some ten minutes on two quiet cores. */
const WHOLE: Extent = {
  rates: [50_000, 100_000, 200_000, 300_000, 0],
  seconds: 3,
  unpacedPackets: 1_500_000,
  rounds: 3,
  refusals: 100,
  floodedRates: [20_000, 50_000, 100_000],
};
/** Some two minutes. */
const QUICK: Extent = {
  rates: [50_000, 200_000, 300_000],
  seconds: 2,
  unpacedPackets: 500_000,
  rounds: 1,
  refusals: 20,
  floodedRates: [50_000],
};
/** What is still in the ring when the sender is done. */
const SETTLE_MILLIS = 500;
/** The bars. */
const MOST_LATENCY_MILLIS = 50;
const MOST_TIMES_TCPDUMP = 1.5;

interface Flood {
  readonly sent: number;
  /** A second, as it was reached. */
  readonly rate: number;
  readonly lost: number;
  readonly cpuMicros: number;
}

async function flood(program: CaptureProgram, rate: number, extent: Extent): Promise<Flood> {
  const wire = new Wire();
  try {
    const capturing = program.start(wire, 80);
    await capturing.says(program.ready);
    await wait(SETTLE_MILLIS);
    const before = capturing.cpuSeconds();
    const { segments, seconds } = await wire.send(
      'syns',
      rate,
      rate === 0 ? extent.unpacedPackets : rate * extent.seconds,
    );
    await wait(SETTLE_MILLIS);
    const cpu = capturing.cpuSeconds() - before;
    await capturing.interrupt();
    const received = program.received(capturing);
    return { sent: segments, rate: segments / seconds, lost: segments - received, cpuMicros: (cpu / received) * 1e6 };
  } finally {
    wire.close();
  }
}

async function floods(extent: Extent): Promise<void> {
  const hasCap = isCapBuilt();
  if (!hasCap) say('NOT MEASURED: the engine cap, since npm cap was not built here (npm rebuild cap)');
  say('rate asked | programme      | rate reached | lost of sent (worst round) | µs of processor per packet');
  const [keepsUp, isCheap]: [string[], string[]] = [[], []];
  for (const rate of extent.rates) {
    const runs = new Map<CaptureProgram, Flood[]>(programs(hasCap).map((program) => [program, []]));
    for (let round = 0; round < extent.rounds; round++) {
      for (const [program, done] of runs) done.push(await flood(program, rate, extent));
    }
    for (const [{ name }, done] of runs) say(rowOf(rate, name, done));
    const [tcpdump = [], tripod = []] = [runs.get(TCPDUMP), runs.get(TRIPOD_LIVE)];
    const asked = rate === 0 ? 'unpaced' : String(rate);
    const [lost, lostByTcpdump] = [worstOf(tripod).lost, worstOf(tcpdump).lost];
    keepsUp.push(`${asked}: ${lost > 0 && lostByTcpdump === 0 ? 'NOT held' : 'held'}`);
    const times = cpuOf(tripod) / cpuOf(tcpdump);
    isCheap.push(`${asked}: ${times.toFixed(1)}, ${times > MOST_TIMES_TCPDUMP ? 'NOT held' : 'held'}`);
  }
  say(`bar: no packet lost where tcpdump loses none: ${keepsUp.join('; ')}`);
  say(`bar: at most ${MOST_TIMES_TCPDUMP} times tcpdump's processor time a packet: ${isCheap.join('; ')}`);
}

function rowOf(rate: number, name: string, done: readonly Flood[]): string {
  const worst = worstOf(done);
  return [
    (rate === 0 ? 'unpaced' : String(rate)).padStart(10),
    name.padEnd(14),
    median(done.map((run) => run.rate))
      .toFixed(0)
      .padStart(12),
    `${median(done.map(({ lost }) => lost))} (${worst.lost}) of ${worst.sent}`.padStart(26),
    cpuOf(done).toFixed(2),
  ].join(' | ');
}

function worstOf(done: readonly Flood[]): Flood {
  return done.reduce((a, b) => (b.lost > a.lost ? b : a));
}

function cpuOf(done: readonly Flood[]): number {
  return median(done.map(({ cpuMicros }) => cpuMicros));
}

async function latencies(refusals: number): Promise<void> {
  for (const server of ['of this host', 'of another'] as const) {
    const { came, of, median, p99, most } = await measureLatency(refusals, server);
    const isHeld = came === of && most <= MOST_LATENCY_MILLIS;
    say(
      `verdict of a refused connection after its packet, at rest, server ${server}: ${came} of ${of} came, median ${median.toFixed(1)} ms, p99 ${p99.toFixed(1)}, most ${most.toFixed(1)}; bar of ${MOST_LATENCY_MILLIS} ms: ${isHeld ? 'held' : 'NOT held'}`,
    );
  }
}

async function downloads(): Promise<void> {
  for (const segmented of [false, true]) {
    for (const mode of ['dropped', 'whole'] as const) {
      say(
        `a download${segmented ? ', segment by segment' : ''}, bulk data ${mode === 'dropped' ? 'left out' : 'handed over'}: ${await measureBulk(mode, segmented)}`,
      );
    }
  }
}

function isCapBuilt(): boolean {
  try {
    createRequire(import.meta.url)('cap');
    return true;
  } catch {
    return false;
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { soak: { type: 'string' }, rounds: { type: 'string' }, quick: { type: 'boolean', default: false } },
  });
  const missing = missingHere();
  if (missing !== null) {
    process.stderr.write(`bench:live can't run here: ${missing}\n`);
    process.exitCode = 2;
    return;
  }
  say(
    `Linux ${os.release()}, Node ${process.version}, ${os.cpus().length} processors, load ${os.loadavg()[0]?.toFixed(1)}`,
  );
  if (values.soak !== undefined) {
    process.exitCode = (await soak(Number(values.soak), say)) ? 0 : 1;
    return;
  }
  const extent = values.quick ? QUICK : WHOLE;
  const rounds = values.rounds === undefined ? extent.rounds : Number(values.rounds);
  await latencies(extent.refusals);
  for (const rate of extent.floodedRates) {
    for (const link of ['w', 'any'])
      say(`refused connections beside ${rate} SYNs a second, -i ${link}: ${await measureFlooded(rate, link)}`);
  }
  if (!values.quick) await downloads();
  await floods({ ...extent, rounds });
}

await main();
