/** Input after input, and what is watched: exceptions, time, memory, coverage. */
import { gzipSync } from 'node:zlib';
import { LZ4_SAMPLES, ZSTD_SAMPLES } from '../support/compressed-samples.ts';
import { Choice } from './choice.ts';
import { Coverage } from './coverage.ts';
import { mutateBytes, mutateCapture, mutateFrame } from './mutate.ts';
import { captureSeeds, type FrameSeed, frameSeeds, framesOf } from './seeds.ts';
import { FrameTarget, readByLibrary, readCapture } from './targets.ts';

export interface SoakOptions {
  readonly inputs: number;
  readonly seed: number;
  /** Ask V8 what ran, and keep inputs that ran something new. */
  readonly guided: boolean;
  /** Called now and then. */
  readonly progress?: (tally: SoakTally) => void;
}

export interface SoakTally {
  frames: number;
  captures: number;
  compressed: number;
  kept: number;
  blocks: number;
  slowestMillis: number;
  peakResidentBytes: number;
}

export class Finding extends Error {
  /** The input, so that it can be made a fixture. */
  readonly input: Uint8Array;

  constructor(what: string, input: Uint8Array, cause: unknown) {
    super(what, { cause });
    this.name = 'Finding';
    this.input = input;
  }
}

/** Of a round: frames are cheap, captures cost some hundred times as much, the library's whole way more still. */
const FRAMES_IN_ROUND = 200;
const CAPTURES_IN_ROUND = 20;
const COMPRESSED_IN_ROUND = 1;

/** An ordinary input takes less than 1 ms for each 64 KiB that it may have; a pause of the machine or the collector is no finding, so it is tried again. */
const SLOW_MILLIS = 100;
const TRIES = 3;

/** The process with its seeds takes some 150 MB. */
const RESIDENT_LIMIT = 1e9;

/** Inputs kept beside the seeds. */
const KEPT_LIMIT = 20_000;

export async function soak(options: SoakOptions): Promise<SoakTally> {
  const choice = new Choice(options.seed);
  const tally: SoakTally = {
    frames: 0,
    captures: 0,
    compressed: 0,
    kept: 0,
    blocks: 0,
    slowestMillis: 0,
    peakResidentBytes: 0,
  };
  const captures = captureSeeds();
  const frames = [...frameSeeds(), ...framesOf(captures)];
  const packed = packedSeeds(captures);
  const coverage = options.guided ? new Coverage() : null;
  const target = new FrameTarget();
  while (tally.frames + tally.captures + tally.compressed < options.inputs) {
    const newFrames = Array.from({ length: FRAMES_IN_ROUND }, () =>
      mutateFrame(choice.of(frames), choice, choice.of(frames)),
    );
    for (const frame of newFrames) watch(frame.bytes, tally, () => target.put(frame));
    tally.frames += newFrames.length;
    if (learns(coverage, tally)) keep(frames, newFrames, tally, choice);
    const newCaptures = Array.from({ length: CAPTURES_IN_ROUND }, () =>
      mutateCapture(choice.of(captures), choice, choice.of(captures)),
    );
    for (const capture of newCaptures) putCapture(capture, choice, tally);
    tally.captures += newCaptures.length;
    if (learns(coverage, tally)) keep(captures, newCaptures, tally, choice);
    for (let i = 0; i < COMPRESSED_IN_ROUND; i++)
      await putPacked(mutateBytes(choice.of(packed), choice, choice.of(packed)));
    tally.compressed += COMPRESSED_IN_ROUND;
    watchMemory(tally);
    options.progress?.(tally);
  }
  return tally;
}

/** Whole and in pieces: the same is said. */
function putCapture(capture: Uint8Array, choice: Choice, tally: SoakTally): void {
  let whole = '';
  watch(capture, tally, () => {
    whole = readCapture(capture, Math.max(1, capture.length));
  });
  if (!choice.once(4)) return;
  const pieces = 1 + choice.below(200);
  watch(capture, tally, () => {
    if (readCapture(capture, pieces) !== whole) throw new Error(`in pieces of ${pieces} octets something else is said`);
  });
}

async function putPacked(bytes: Uint8Array): Promise<void> {
  try {
    await readByLibrary(bytes);
  } catch (error) {
    throw new Finding('an exception from the library', bytes, error);
  }
}

function watch(input: Uint8Array, tally: SoakTally, put: () => void): void {
  let millis = 0;
  for (let tries = 0; tries < TRIES; tries++) {
    const begin = performance.now();
    try {
      put();
    } catch (error) {
      throw new Finding('an exception', input, error);
    }
    millis = performance.now() - begin;
    if (millis < SLOW_MILLIS) break;
  }
  if (millis > tally.slowestMillis) tally.slowestMillis = millis;
  if (millis >= SLOW_MILLIS) throw new Finding(`${Math.round(millis)} ms for ${input.length} octets`, input, null);
}

function watchMemory(tally: SoakTally): void {
  const resident = process.memoryUsage.rss();
  if (resident > tally.peakResidentBytes) tally.peakResidentBytes = resident;
  if (resident > RESIDENT_LIMIT)
    throw new Finding(`${Math.round(resident / 1e6)} MB resident`, new Uint8Array(0), null);
}

function learns(coverage: Coverage | null, tally: SoakTally): boolean {
  if (coverage === null || coverage.newBlocks() === 0) return false;
  tally.blocks = coverage.blocks;
  return true;
}

/** Something of the round was new. Which, would cost a question for each; a few of them go on. */
function keep<T extends FrameSeed | Uint8Array>(
  seeds: T[],
  round: readonly T[],
  tally: SoakTally,
  choice: Choice,
): void {
  for (const item of round)
    if (seeds.length < KEPT_LIMIT) seeds.push(item);
    else seeds[choice.below(seeds.length)] = item;
  tally.kept += round.length;
}

function packedSeeds(captures: readonly Uint8Array[]): Uint8Array[] {
  const decode = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'));
  return [
    ...captures.slice(0, 40).map((capture) => new Uint8Array(gzipSync(capture))),
    ...Object.values(ZSTD_SAMPLES).map(decode),
    ...Object.values(LZ4_SAMPLES).map(decode),
  ];
}
