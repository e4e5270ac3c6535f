/** Input after input, and what is watched: exceptions, time, memory, coverage. */
import { Choice } from './choice.ts';
import { Coverage } from './coverage.ts';
import { allKinds, type Kind } from './kinds.ts';

export interface SoakOptions {
  readonly inputs: number;
  readonly seed: number;
  /** Inputs for which V8 is asked what ran, so that those that ran something new are kept; asking slows everything down. */
  readonly guided: number;
  /** Frames in a round, beside some sixty captures and what else there is. */
  readonly framesInRound: number;
  /** Called after each round. */
  readonly progress?: (tally: SoakTally) => void;
}

export interface SoakTally {
  inputs: number;
  /** By kind. */
  readonly byKind: Record<string, KindTally>;
  kept: number;
  blocks: number;
  peakResidentBytes: number;
}

interface KindTally {
  inputs: number;
  /** CPU time that an ordinary one takes, milliseconds: the median of the first. */
  ordinaryMillis: number;
  /** CPU time of the slowest one, milliseconds; 0 when none took LEAST_SLOW. */
  slowestMillis: number;
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

/** An input hangs when it takes so many times what one of its size takes. */
const HANGS = 100;
/** Milliseconds below which nothing is called slow: the collector's pauses, and code that is compiled for the first time, take as long. */
const LEAST_SLOW = 20;
/** It is tried again before it is called slow. */
const TRIES = 3;
/** Inputs that tell what is ordinary, after as many that only warm up. */
const SAMPLE = 50;

/** Octets. The process with its seeds takes 250 MB; whoever grows it past this has found something. */
const RESIDENT_LIMIT = 512 * 1024 * 1024;

/** Inputs kept beside the seeds. */
const KEPT_LIMIT = 20_000;

export async function soak(options: SoakOptions): Promise<SoakTally> {
  const choice = new Choice(options.seed);
  const { kinds, end } = allKinds(choice, options.framesInRound);
  const tally: SoakTally = { inputs: 0, byKind: {}, kept: 0, blocks: 0, peakResidentBytes: 0 };
  let coverage = options.guided > 0 ? new Coverage() : null;
  try {
    const watches = kinds.map((kind) => new Watch(kind));
    for (const watch of watches) tally.byKind[watch.kind.name] = watch.tally;
    while (tally.inputs < options.inputs) {
      for (const watch of watches) {
        const inputs = await watch.round();
        tally.inputs += inputs.length;
        if (coverage !== null && coverage.newBlocks() > 0 && watch.kind.seeds !== null) {
          tally.blocks = coverage.blocks;
          tally.kept += keep(watch.kind.seeds, inputs, choice);
        }
      }
      watchMemory(tally);
      options.progress?.(tally);
      if (coverage !== null && tally.inputs >= options.guided) {
        coverage.end();
        coverage = null;
      }
    }
    return tally;
  } finally {
    coverage?.end();
    end();
  }
}

/** One kind of input, and how long its inputs take. */
class Watch<Input> {
  readonly kind: Kind<Input>;
  readonly tally: KindTally = { inputs: 0, ordinaryMillis: 0, slowestMillis: 0 };
  private readonly sample: { readonly millis: number; readonly octets: number }[] = [];
  private ordinaryOctets = 0;
  private rounds = 0;

  constructor(kind: Kind<Input>) {
    this.kind = kind;
  }

  async round(): Promise<readonly Input[]> {
    this.rounds += 1;
    if ((this.rounds - 1) % this.kind.onceInRounds !== 0) return [];
    const inputs = Array.from({ length: this.kind.inRound }, () => this.kind.make());
    for (const input of inputs) {
      if (this.tally.inputs < 2 * SAMPLE) await this.learn(input);
      else await this.watch(input);
      this.tally.inputs += 1;
    }
    return inputs;
  }

  private async put(input: Input): Promise<void> {
    try {
      const done = this.kind.put(input);
      // Most are done at once: waiting all the same would cost as much as a frame does.
      if (done !== undefined) await done;
    } catch (error) {
      throw new Finding(`${this.kind.name}: an exception`, this.kind.bytesOf(input), error);
    }
  }

  private async learn(input: Input): Promise<void> {
    const begin = process.cpuUsage();
    await this.put(input);
    if (this.tally.inputs >= SAMPLE) {
      this.sample.push({ millis: millisSince(begin), octets: this.kind.bytesOf(input).length });
    }
    if (this.sample.length !== SAMPLE) return;
    this.tally.ordinaryMillis = median(this.sample.map(({ millis }) => millis));
    this.ordinaryOctets = Math.max(1, median(this.sample.map(({ octets }) => octets)));
  }

  /** The clock on the wall first, since asking for the CPU time costs as much as a frame; on a busy machine it proves nothing. */
  private async watch(input: Input): Promise<void> {
    const begin = performance.now();
    await this.put(input);
    if (performance.now() - begin < LEAST_SLOW) return;
    const explained = this.tally.ordinaryMillis * Math.max(1, this.kind.bytesOf(input).length / this.ordinaryOctets);
    const limit = Math.max(LEAST_SLOW, HANGS * explained);
    let least = Number.POSITIVE_INFINITY;
    for (let tries = 0; tries < TRIES; tries++) {
      const before = process.cpuUsage();
      await this.put(input);
      least = Math.min(least, millisSince(before));
      if (least < LEAST_SLOW) break;
    }
    if (least >= LEAST_SLOW) this.tally.slowestMillis = Math.max(this.tally.slowestMillis, least);
    if (least < limit) return;
    const said = `${least.toFixed(0)} ms for ${this.kind.bytesOf(input).length} octets, where ${explained.toFixed(2)} are ordinary`;
    throw new Finding(`${this.kind.name}: ${said}`, this.kind.bytesOf(input), null);
  }
}

function millisSince(begin: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(begin);
  return (user + system) / 1000;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] as number;
}

function watchMemory(tally: SoakTally): void {
  const resident = process.memoryUsage.rss();
  if (resident > tally.peakResidentBytes) tally.peakResidentBytes = resident;
  if (resident > RESIDENT_LIMIT) {
    throw new Finding(`${Math.round(resident / 1e6)} MB resident`, new Uint8Array(0), null);
  }
}

/** Something of these inputs was new. Which of them, would cost a question for each; all become seeds. */
function keep<Input>(seeds: Input[], inputs: readonly Input[], choice: Choice): number {
  // Of many a few: another round finds the rest.
  const some = inputs.length <= KEPT_OF_ROUND ? inputs : Array.from({ length: KEPT_OF_ROUND }, () => choice.of(inputs));
  for (const item of some) {
    if (seeds.length < KEPT_LIMIT) seeds.push(item);
    else seeds[choice.below(seeds.length)] = item;
  }
  return some.length;
}

const KEPT_OF_ROUND = 200;
