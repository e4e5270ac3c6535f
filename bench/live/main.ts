/**
 * `npm run bench:live`: SYNs over a veth pair at growing rates, `tripod live` beside `tcpdump -w`: packets lost, processor time for each, and how long after its packet a
 * verdict comes. `-- --soak MINUTES`: 20 thousand handshakes a second, some without a leg; every verdict is checked, and memory is watched.
 */
import os from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { median } from '../measure/median.ts';
import { measureBulk } from './bulk.ts';
import { measureFlooded } from './flooded.ts';
import { measureLatency } from './latency.ts';
import { type CaptureProgram, PROGRAMS } from './programs.ts';
import { soak } from './soak.ts';
import { missingHere, Wire } from './wire.ts';

const RATES = [50_000, 100_000, 200_000, 300_000, 0] as const;
const SECONDS = 3;
/** Packets where the rate is the sender's own. */
const UNPACED_PACKETS = 1_500_000;
const ROUNDS = 3;
/** What is still in the ring when the sender is done. */
const SETTLE_MILLIS = 500;
const QUIET_REFUSALS = 100;
const FLOODED_RATES = [20_000, 50_000, 100_000] as const;

interface Flood {
  readonly sent: number;
  /** A second, as it was reached. */
  readonly rate: number;
  readonly lost: number;
  readonly cpuMicros: number;
}

async function flood(program: CaptureProgram, rate: number): Promise<Flood> {
  const wire = new Wire();
  try {
    const capturing = program.start(wire, 80);
    await capturing.says(program.ready);
    await wait(SETTLE_MILLIS);
    const before = capturing.cpuSeconds();
    const { segments, seconds } = await wire.send('syns', rate, rate === 0 ? UNPACED_PACKETS : rate * SECONDS);
    await wait(SETTLE_MILLIS);
    const cpu = capturing.cpuSeconds() - before;
    await capturing.interrupt();
    const received = program.received(capturing);
    return { sent: segments, rate: segments / seconds, lost: segments - received, cpuMicros: (cpu / received) * 1e6 };
  } finally {
    wire.close();
  }
}

async function floods(rounds: number): Promise<void> {
  say('rate asked | programme      | rate reached | lost of sent (worst round) | µs of processor per packet');
  for (const rate of RATES) {
    const runs = new Map<CaptureProgram, Flood[]>(PROGRAMS.map((program) => [program, []]));
    for (let round = 0; round < rounds; round++) {
      for (const [program, done] of runs) done.push(await flood(program, rate));
    }
    for (const [{ name }, done] of runs) {
      const worst = done.reduce((a, b) => (b.lost > a.lost ? b : a));
      say(
        [
          (rate === 0 ? 'unpaced' : String(rate)).padStart(10),
          name.padEnd(14),
          median(done.map((run) => run.rate))
            .toFixed(0)
            .padStart(12),
          `${median(done.map(({ lost }) => lost))} (${worst.lost}) of ${worst.sent}`.padStart(26),
          median(done.map(({ cpuMicros }) => cpuMicros)).toFixed(2),
        ].join(' | '),
      );
    }
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { soak: { type: 'string' }, rounds: { type: 'string', default: String(ROUNDS) } },
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
  say(`verdict of a refused connection after its packet, at rest: ${await measureLatency(QUIET_REFUSALS)}`);
  for (const rate of FLOODED_RATES) say(`the same beside ${rate} SYNs a second: ${await measureFlooded(rate)}`);
  for (const segmented of [false, true]) {
    for (const mode of ['dropped', 'whole'] as const) {
      say(
        `a download${segmented ? ', segment by segment' : ''}, bulk data ${mode === 'dropped' ? 'left out' : 'handed over'}: ${await measureBulk(mode, segmented)}`,
      );
    }
  }
  await floods(Number(values.rounds));
}

await main();
