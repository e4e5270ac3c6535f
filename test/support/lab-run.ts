/** One row of the lab: the world is built, `tripod doctor` is put on it, and `tripod live` beside it on the same host; what they say is brought back. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import type { Step, Verdict } from '../../src/doctor/checkup.ts';
import type { LegsFacts } from '../../src/doctor/legs.ts';
import type { OthersFacts } from '../../src/doctor/others.ts';
import type { Handshake, VerdictName } from '../../src/handshake/handshake.ts';
import { wrongIn } from './lab-answer.ts';
import { LAB_PORT, type LabRow } from './lab-rows.ts';
import { commandFile, projectRoot } from './paths.ts';

/** Of packets, after the first look: an unanswered SYN is told after three. */
const WATCHED = '10s';
/** Seconds of live, at least, where clients beside doctor are what a row is about. */
const LIVE_SECONDS = 10;
/** Namespaces and links are named after the process: two runs at the same time do not meet. */
const OWN = process.pid.toString(36);

export interface Checkup {
  readonly status: number;
  readonly verdict: Verdict;
  readonly steps: readonly Step[];
  readonly facts: {
    readonly legs?: LegsFacts;
    readonly others?: OthersFacts;
    readonly connects?: readonly { readonly handshake?: { readonly verdict?: VerdictName } | null }[];
  };
  /** From the beginning of the command to its end. */
  readonly seconds: number;
  /** What `tripod live` said of the attempts of clients, each once in its last revision. */
  readonly live: readonly Handshake[];
  /** What it said beside, on standard error. */
  readonly liveSaid: string;
}

/** Rows at a time: each mostly waits, and takes some three seconds of a processor in fifteen. */
export const AT_ONCE = 4 * availableParallelism();

/** Of rows that came out wrong beside others, one at a time: a host without processor time drops and delays what no fault does. */
let last: Promise<unknown> = Promise.resolve();

function alone<T>(run: () => Promise<T>): Promise<T> {
  const next = last.then(run);
  last = next.catch(() => {});
  return next;
}

/**
 * Puts the row on, and once more when it came out wrong.
 * @param say takes a line about the first time, when there is a second
 * @returns what was said the last time, and what was wrong the first time; null when nothing was
 * @throws Error as `runRow` does, of the second time
 */
export async function runRowTwice(
  row: LabRow,
  number: number,
  say: (line: string) => void,
): Promise<{ readonly checkup: Checkup; readonly firstTime: string | null }> {
  let wrong: string;
  try {
    const checkup = await runRow(row, number);
    wrong = wrongIn(row, checkup).join('; ');
    if (wrong === '') return { checkup, firstTime: null };
  } catch (error) {
    wrong = `${row.name}: ${error instanceof Error ? error.message : String(error)}`;
  }
  say(`PUT ON ONCE MORE: ${wrong}`);
  return { checkup: await alone(() => runRow(row, number)), firstTime: wrong };
}

/** What this machine lacks for the row; null when nothing. */
export function lackingFor({ stage }: LabRow): string | null {
  if (!stage.programs?.some(([kind]) => kind.startsWith('cgroup'))) return null;
  const mount = /^\S+ (\S+) cgroup2 /m.exec(readFileSync('/proc/mounts', 'utf8'))?.[1];
  try {
    if (mount !== undefined) accessSync(mount, constants.W_OK);
  } catch {
    return 'control groups of version 2 that may be written';
  }
  return mount === undefined ? 'control groups of version 2' : null;
}

/** @throws Error with what was said when the world can't be built, or doctor says nothing that can be read */
async function runRow(row: LabRow, number: number): Promise<Checkup> {
  const prefix = `tridoc-${OWN}-${number}-`;
  const stage = start('python3', [
    path.join(projectRoot, 'fixtures/lab/stage.py'),
    JSON.stringify({ prefix, ...row.stage }),
  ]);
  const complaints = collect(stage.stderr);
  const ended = once(stage, 'close');
  try {
    const lines = createInterface({ input: stage.stdout });
    const ready = await Promise.race([once(lines, 'line'), ended.then(() => null)]);
    if (ready === null) throw new Error(`the world of ${row.name} was not built:\n${complaints.text}`);
    const place = `${prefix}${row.target !== undefined ? 'c' : row.at === 'router' ? 'm' : 's'}`;
    return await examine(row, place, () => stage.stdin.write('go\n'), complaints);
  } finally {
    stage.stdin.end();
    await ended;
  }
}

async function examine(row: LabRow, namespace: string, go: () => void, complaints: Text): Promise<Checkup> {
  const words = [row.target ?? String(LAB_PORT), '--duration', WATCHED, '--format', 'json'];
  const watcher = watchLive(row, namespace);
  // At the client doctor itself tries, and at once.
  if (row.target !== undefined) await watcher.begun;
  const begun = performance.now();
  const doctor = tripod(namespace, 'doctor', ...words);
  const ended = once(doctor, 'close');
  const said = collect(doctor.stdout);
  const hints = collect(doctor.stderr);
  try {
    // Somebody tries as soon as doctor asks for it.
    if (row.target === undefined)
      await Promise.all([Promise.race([once(doctor.stderr, 'data'), ended]), watcher.begun]);
    go();
    const [status] = await ended;
    const seconds = (performance.now() - begun) / 1000;
    // What becomes of others' connections takes longer than doctor's look from the client.
    if (row.target !== undefined && row.stage.clients.length > 0)
      await wait(1000 * Math.max(0, LIVE_SECONDS - seconds));
    const live = await watcher.end();
    try {
      const { verdict, steps, facts } = JSON.parse(said.text) as Checkup;
      return {
        status: status as number,
        verdict,
        steps,
        facts,
        seconds,
        live: live.records,
        liveSaid: live.said,
      };
    } catch {
      throw new Error(`doctor on ${row.name} ended with ${status}: ${hints.text}${said.text}\n${complaints.text}`);
    }
  } finally {
    watcher.kill();
  }
}

interface LiveWatcher {
  /** Packets are captured from now on. */
  readonly begun: Promise<unknown>;
  end(): Promise<{ readonly records: readonly Handshake[]; readonly said: string }>;
  kill(): void;
}

/** On the links between client and server: what doctor sends at the server goes by loopback, and is not seen. */
function watchLive(row: LabRow, namespace: string): LiveWatcher {
  const { name } = row;
  const links = linksOf(row);
  const interfaces = links.flatMap((link) => ['-i', link]);
  const live = tripod(namespace, 'live', ...interfaces, '--port', `${LAB_PORT}`, '--all', '--format', 'ndjson');
  const closed = once(live, 'close');
  const said = collect(live.stdout);
  const hints = collect(live.stderr);
  return {
    begun: Promise.race([once(live.stderr, 'data'), closed]),
    async end() {
      live.kill('SIGINT');
      const [status] = await closed;
      if (status !== 0) throw new Error(`live on ${name} ended with ${status}: ${hints.text}`);
      const last = new Map<number, Handshake>();
      for (const line of said.text.split('\n').filter((text) => text.startsWith('{'))) {
        const record = JSON.parse(line) as Handshake;
        last.set(record.id, record);
      }
      return { records: [...last.values()], said: hints.text };
    },
    kill: () => live.kill('SIGKILL'),
  };
}

function linksOf({ stage, target, at }: LabRow): readonly string[] {
  if (target !== undefined) return ['c0'];
  if (at === 'router') return ['r0', 'r1'];
  return stage.topology === 'two-links' ? ['s0', 's1'] : ['s0'];
}

function tripod(namespace: string, ...words: readonly string[]): ChildProcessWithoutNullStreams {
  return start('ip', ['netns', 'exec', namespace, process.execPath, commandFile, ...words]);
}

function start(command: string, words: readonly string[]): ChildProcessWithoutNullStreams {
  return spawn(command, words, { stdio: ['pipe', 'pipe', 'pipe'] });
}

interface Text {
  text: string;
}

function collect(stream: NodeJS.ReadableStream): Text {
  const collected = { text: '' };
  stream.setEncoding('utf8').on('data', (text: string) => {
    collected.text += text;
  });
  return collected;
}
