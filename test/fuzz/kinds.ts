/** The kinds of input: how one is made, what it is put through, how many there are of each for one another. */

import { AnsweringHost, type CommandAnswer, commandAnswer, putSocketList, socketList } from './answers.ts';
import type { Choice } from './choice.ts';
import { type CommandInput, commandWords, putCommand, spawnCommand } from './commands.ts';
import { conversation } from './conversation.ts';
import { forgePcap, forgePcapng } from './forge.ts';
import { bytesOf, checkupDocument, type HostFile, HostFiles, hostFile, putCheckup } from './hosts.ts';
import { mutateCapture, mutateFrame, varied } from './mutate.ts';
import { packCapture } from './packed.ts';
import { captureSeeds, type FrameSeed, frameSeeds, framesOf } from './seeds.ts';
import { FrameTarget, readByLibrary, readCapture } from './targets.ts';
import { ThreadedReading } from './threaded.ts';

export interface Kind<Input> {
  readonly name: string;
  /** Inputs in a round. A frame costs microseconds, a capture a hundred times as much, a command line a thousand times, a process ten thousand times. */
  readonly inRound: number;
  /** Of so many rounds one has them. */
  readonly onceInRounds: number;
  make(): Input;
  put(input: Input): void | Promise<void>;
  /** What is written down of a finding. */
  bytesOf(input: Input): Uint8Array;
  /** Where inputs that ran something new are put, so that others are made of them. */
  readonly seeds: Input[] | null;
}

/** Rounds to one process. */
const ROUNDS_TO_PROCESS = 10;
/** And to threads, which have to be started. */
const ROUNDS_TO_THREADS = 5;
const VARIATIONS = 8;

// biome-ignore lint/suspicious/noExplicitAny: each kind has inputs of its own, which nobody else looks into.
export function allKinds(choice: Choice, framesInRound: number): { readonly kinds: readonly Kind<any>[]; end(): void } {
  const captures = captureSeeds();
  const frames = [...frameSeeds(), ...framesOf(captures)];
  const host = new HostFiles();
  const answering = new AnsweringHost();
  const threaded = new ThreadedReading();
  const capture = (): Uint8Array => anyCapture(captures, frames, choice);
  const kinds = [
    frameKind(frames, framesInRound, choice),
    captureKind('captures', captures, () => mutateCapture(choice.of(captures), choice, choice.of(captures)), choice),
    captureKind('forged captures', null, () => forgeCapture(frames, choice), choice),
    {
      name: 'compressed captures',
      inRound: 8,
      onceInRounds: 1,
      make: () => packCapture(capture(), choice),
      put: readByLibrary,
      bytesOf: same,
      seeds: null,
    },
    commandKind('commands', 1, capture, choice),
    processKind(capture, choice),
    {
      name: 'captures in threads',
      inRound: 2,
      onceInRounds: ROUNDS_TO_THREADS,
      make: capture,
      put: (input: Uint8Array) => threaded.put(input),
      bytesOf: same,
      seeds: null,
    },
    {
      name: 'files of a host',
      inRound: 3,
      onceInRounds: 1,
      make: () => hostFile(choice),
      put: (file: HostFile) => host.put(file),
      bytesOf: ({ bytes }: HostFile) => bytes,
      seeds: null,
    },
    {
      name: 'answers of commands',
      inRound: 3,
      onceInRounds: 1,
      make: () => commandAnswer(choice),
      put: (answer: CommandAnswer) => answering.put(answer),
      bytesOf: ({ text }: CommandAnswer) => bytesOf(text),
      seeds: null,
    },
    {
      name: 'lists of sockets',
      inRound: 20,
      onceInRounds: 1,
      make: () => socketList(choice),
      put: putSocketList,
      bytesOf: same,
      seeds: null,
    },
    {
      name: 'checkups',
      inRound: 20,
      onceInRounds: 1,
      make: () => checkupDocument(choice),
      put: putCheckup,
      bytesOf: same,
      seeds: null,
    },
  ];
  const end = (): void => {
    host.remove();
    answering.remove();
    threaded.remove();
  };
  return { kinds, end };
}

/** Each frame that was made is varied a few times: making one costs more than putting it. */
function frameKind(seeds: FrameSeed[], inRound: number, choice: Choice): Kind<FrameSeed> {
  const target = new FrameTarget();
  let last = seeds[0] as FrameSeed;
  return {
    name: 'frames',
    inRound,
    onceInRounds: 1,
    make() {
      last = choice.once(VARIATIONS) ? mutateFrame(choice.of(seeds), choice, choice.of(seeds)) : varied(last, choice);
      return last;
    },
    put: (frame) => target.put(frame),
    bytesOf: ({ bytes }) => bytes,
    seeds,
  };
}

/** Whole, and in pieces: the same is said. */
function captureKind(
  name: string,
  seeds: Uint8Array[] | null,
  make: () => Uint8Array,
  choice: Choice,
): Kind<Uint8Array> {
  return {
    name,
    inRound: 20,
    onceInRounds: 1,
    make,
    put(capture) {
      const manner = { early: choice.once(4), trace: choice.once(4) ? 1 + choice.below(3) : null };
      const whole = readCapture(capture, Math.max(1, capture.length), manner);
      if (!choice.once(4)) return;
      const pieces = 1 + choice.below(200);
      if (readCapture(capture, pieces, manner) !== whole) {
        throw new Error(`in pieces of ${pieces} octets something else is said`);
      }
    },
    bytesOf: same,
    seeds,
  };
}

function commandKind(name: string, inRound: number, capture: () => Uint8Array, choice: Choice): Kind<CommandInput> {
  return {
    name,
    inRound,
    onceInRounds: 1,
    make: () => ({ words: commandWords(choice), capture: capture() }),
    put: (input) => putCommand(input, choice),
    bytesOf: (input) => input.capture,
    seeds: null,
  };
}

function processKind(capture: () => Uint8Array, choice: Choice): Kind<CommandInput> {
  return { ...commandKind('processes', 1, capture, choice), onceInRounds: ROUNDS_TO_PROCESS, put: spawnCommand };
}

function anyCapture(captures: readonly Uint8Array[], frames: readonly FrameSeed[], choice: Choice): Uint8Array {
  const capture = choice.once(2) ? forgeCapture(frames, choice) : choice.of(captures);
  return choice.once(2) ? mutateCapture(capture, choice, choice.of(captures)) : capture;
}

/** Segments that belong together, or frames of any sort; in any container. */
function forgeCapture(seeds: readonly FrameSeed[], choice: Choice): Uint8Array {
  const length = 1 + choice.below(30);
  const { linkType } = choice.of(seeds);
  const frames = choice.once(3)
    ? Array.from({ length }, () => mutateFrame(choice.of(seeds), choice, choice.of(seeds)).bytes)
    : conversation(choice, length);
  const linked = choice.once(6) ? linkType : 1;
  return choice.once(2) ? forgePcap(frames, linked, choice) : forgePcapng(frames, linked, choice);
}

function same(bytes: Uint8Array): Uint8Array {
  return bytes;
}
