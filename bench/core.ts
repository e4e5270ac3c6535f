/**
 * `node dist/bench/core.js [CAPTURE] [ROUNDS]`: what the core costs without its edges, in one process and one thread: a capture is read in pieces, and its packets go as far as
 *
 *   decode    the segment: container and headers
 *   track     the tracker, whose evidence nobody looks at
 *   analyse   the whole report, no record listed
 *   record    the whole report, every record made and written as text
 *
 * Each in a process of its own, in turns; what one stage costs is the difference to the one before. CPU time of all threads, which compilation and the
 * garbage collector are part of; the first million packets are left out, which the compiler takes to warm up.
 */
import { spawnSync } from 'node:child_process';
import { openSync, readSync } from 'node:fs';
import path from 'node:path';
import { Analysis } from '../src/analysis.ts';
import { sinceBase } from '../src/bytes/time.ts';
import { CaptureOpener } from '../src/capture/detect.ts';
import { Frame, STATUS } from '../src/capture/frame.ts';
import { CaptureClock } from '../src/handshake/clock.ts';
import { Tracker } from '../src/handshake/tracker.ts';
import { recordText } from '../src/report/record-text.ts';
import { Decoder } from '../src/wire/decode.ts';
import { Segment } from '../src/wire/segment.ts';
import { projectRoot } from '../test/support/paths.ts';
import { captureOf } from './captures.ts';
import { SMALL } from './generator/recipes.ts';
import { median } from './measure/median.ts';

const STAGES = ['decode', 'track', 'analyse', 'record'] as const;
type Stage = (typeof STAGES)[number];

const PIECE_OCTETS = 1 << 20;
const SMALL_PACKETS = 7e6;
const WARM_UP_PACKETS = 1e6;
const PATIENCE_SECONDS = 3;
const MAX_OPEN = 1 << 20;
const SEED = 0x5eed;
const ALL = { verdicts: [], missing: null, sort: null } as const;
const NO_FILTER = { ports: [], servers: [], clients: [], sinceNanos: null, untilNanos: null } as const;

/** What is done with each packet, and at the end. */
interface Work {
  packet(frame: Frame): void;
  end(): void;
}

function decodingWork(): Work {
  const decoder = new Decoder();
  const segment = new Segment();
  return {
    packet: ({ view, at, capturedLength, originalLength, linkType }) => {
      decoder.decode(view, at, capturedLength, originalLength, linkType, segment);
    },
    end: () => undefined,
  };
}

function trackingWork(): Work {
  const decoder = new Decoder();
  const segment = new Segment();
  const clock = new CaptureClock();
  let base = -1;
  let finished = 0;
  const options = { patienceNanos: PATIENCE_SECONDS * 1e9, maxOpen: MAX_OPEN, seed: SEED };
  const tracker = new Tracker(options, { finished: () => finished++ });
  return {
    packet: (frame) => {
      const { view, at, capturedLength, originalLength, linkType, seconds, nanos } = frame;
      if (base < 0) base = seconds;
      const time = sinceBase(seconds, nanos, base);
      const now = clock.tick(time);
      if (decoder.decode(view, at, capturedLength, originalLength, linkType, segment) !== 0) return;
      if (segment.hasFlags) tracker.observe(segment, time, now, frame.number);
    },
    end: () => tracker.flush(clock.now),
  };
}

function analysingWork(limit: number | null): Work {
  const list = { ...ALL, limit };
  const settings = {
    patienceSeconds: PATIENCE_SECONDS,
    maxOpen: MAX_OPEN,
    seed: SEED,
    list,
    early: false,
    files: 1,
    trace: null,
  };
  let octets = 0;
  const emit = (text: string): void => {
    octets += text.length;
  };
  const analysis = new Analysis(settings, { prepare: recordText, emit });
  return {
    packet: (frame) => {
      if (analysis.frames === 0) analysis.begin(frame.seconds, NO_FILTER);
      analysis.observe(frame, 0);
    },
    end: () => {
      analysis.finish();
      if (limit !== 0 && octets === 0) throw new Error('no record was written');
    },
  };
}

const WORKS: Readonly<Record<Stage, () => Work>> = {
  decode: decodingWork,
  track: trackingWork,
  analyse: () => analysingWork(0),
  record: () => analysingWork(null),
};

/** Nanoseconds of CPU time a packet, once all is compiled. */
function run(file: string, stage: Stage): number {
  const work = WORKS[stage]();
  let before = process.cpuUsage();
  let packets = 0;
  readAll(file, (frame) => {
    packets += 1;
    if (packets === WARM_UP_PACKETS) before = process.cpuUsage();
    work.packet(frame);
  });
  const { user, system } = process.cpuUsage(before);
  work.end();
  if (packets < 2 * WARM_UP_PACKETS) throw new Error(`${file} is too short: ${2 * WARM_UP_PACKETS} packets are wanted`);
  return ((user + system) * 1e3) / (packets - WARM_UP_PACKETS);
}

function readAll(file: string, visit: (frame: Frame) => void): void {
  const descriptor = openSync(file, 'r');
  const piece = new Uint8Array(PIECE_OCTETS);
  const opener = new CaptureOpener();
  const frame = new Frame();
  let reader: ReturnType<CaptureOpener['push']> = null;
  for (;;) {
    const length = readSync(descriptor, piece);
    if (length === 0) return;
    const bytes = piece.subarray(0, length);
    if (reader === null) reader = opener.push(bytes);
    else reader.append(bytes);
    while (reader !== null && reader.next(frame) === STATUS.FRAME) {
      visit(frame);
    }
  }
}

function compareStages(file: string, rounds: number): void {
  const nanos = new Map<Stage, number[]>(STAGES.map((stage) => [stage, []]));
  for (let round = 0; round < rounds; round++) {
    for (const stage of STAGES) {
      const { stdout } = spawnSync(process.execPath, [import.meta.filename, file, stage], { encoding: 'utf8' });
      nanos.get(stage)?.push(Number(stdout));
    }
  }
  let before = 0;
  for (const [stage, figures] of nanos) {
    const middle = median(figures);
    const range = `${Math.min(...figures).toFixed(0)} to ${Math.max(...figures).toFixed(0)}`;
    const more = middle - before;
    process.stdout.write(
      `${stage.padEnd(8)} ${middle.toFixed(0).padStart(6)} ns a packet (${range}), ${more.toFixed(0)} more\n`,
    );
    before = middle;
  }
}

const [given, word] = process.argv.slice(2);
const file = given === '' ? undefined : given;
const stage = STAGES.find((name) => name === word);
if (file !== undefined && stage !== undefined) process.stdout.write(`${run(file, stage).toFixed(1)}\n`);
else {
  const capture = file ?? captureOf(SMALL, SMALL_PACKETS, path.join(projectRoot, 'bench', 'captures')).file;
  compareStages(capture, Number(word ?? 5));
}
