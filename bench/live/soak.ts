/** Handshakes for a long time, four in a hundred without a leg: none may be lost, every verdict must be right, and memory must stay where it was. */
import { setTimeout as wait } from 'node:timers/promises';
import { commandFile } from '../../test/support/paths.ts';
import type { Running } from '../../test/support/running.ts';
import { type Sent, Wire } from './wire.ts';

const PER_SECOND = 20_000;
const BUFFER_MEBI = 64;
/** What sender.c sends to ports 1000, 1001, …. */
const EXPECTED = ['complete', 'no-syn-ack', 'refused', 'no-ack', 'client-reset'] as const;
const FIRST_PORT = 1000;
const SAMPLE_MILLIS = 10_000;
/** Longer than the patience of 3 s: the last ones are judged, too. */
const AFTERWARDS_MILLIS = 5000;

export async function soak(minutes: number, say: (line: string) => void): Promise<boolean> {
  const wire = new Wire();
  try {
    const ports = `${FIRST_PORT}-${FIRST_PORT + EXPECTED.length - 1}`;
    const words = ['live', '-i', 'w', '--port', ports, '--format', 'json', '--verdict', 'undecided'];
    const capturing = wire.capture(process.execPath, [commandFile, ...words, '--buffer', String(BUFFER_MEBI)]);
    await capturing.says(/capturing on/);
    const sampling = new AbortController();
    const sampled = sample(capturing, say, sampling.signal);
    const began = capturing.cpuSeconds();
    const sent = await wire.send('handshakes', PER_SECOND, Math.round(minutes * 60 * PER_SECOND));
    await wait(AFTERWARDS_MILLIS);
    const cpu = capturing.cpuSeconds() - began;
    sampling.abort();
    const memory = await sampled;
    await capturing.interrupt();
    say(
      `sent ${sent.segments} segments in ${sent.seconds.toFixed(0)} s; ${((cpu / sent.segments) * 1e6).toFixed(2)} µs of processor for each`,
    );
    say(
      `resident memory after a sixth, in the middle, at the end: ${memory.map((mebi) => mebi.toFixed(0)).join(', ')} MiB`,
    );
    return isRight(capturing, sent, say);
  } finally {
    wire.close();
  }
}

/** Resident memory at a sixth of the time, in the middle, and at the end. */
async function sample(capturing: Running, say: (line: string) => void, signal: AbortSignal): Promise<number[]> {
  const samples: number[] = [];
  while (!signal.aborted) {
    await wait(SAMPLE_MILLIS, undefined, { signal }).catch(() => {});
    samples.push(capturing.residentMebi());
    if (samples.length % 30 === 0) say(`${samples.length / 6} minutes: ${samples.at(-1)?.toFixed(0)} MiB`);
  }
  return [1 / 6, 1 / 2, 1].map((part) => samples[Math.max(0, Math.ceil(samples.length * part) - 1)] as number);
}

interface ToldServer {
  readonly port: number;
  readonly byVerdict: Readonly<Record<string, number>>;
}

function isRight({ stdout }: Running, { segments, kinds }: Sent, say: (line: string) => void): boolean {
  const { capture, servers, handshakes } = JSON.parse(stdout);
  say(
    `TCP segments received: ${capture.tcpSegments} of ${segments}; lost: ${JSON.stringify(capture.lost)}; undecided records: ${handshakes.length}`,
  );
  let isAsExpected = capture.tcpSegments === segments && handshakes.length === 0;
  for (const [kind, verdict] of EXPECTED.entries()) {
    const port = FIRST_PORT + kind;
    const told = servers.find((server: ToldServer) => server.port === port)?.byVerdict ?? {};
    const others = Object.entries(told).filter(([name, count]) => name !== verdict && count !== 0);
    if (told[verdict] !== kinds[kind] || others.length > 0) isAsExpected = false;
    say(`port ${port}: sent ${kinds[kind]}, told ${JSON.stringify(told)}`);
  }
  for (const warning of capture.warnings) say(`warning: ${warning}`);
  say(isAsExpected ? 'every verdict is right, and nothing was lost' : 'NOT as expected');
  return isAsExpected;
}
