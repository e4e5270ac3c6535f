/** A capture on `any` of one host (Linux cooked, version 2): each packet is recorded on every interface that it passes, and not everywhere, if the capture loses some. */
import { Choice } from '../fuzz/choice.ts';
import { MILLISECOND, SECOND } from './agenda.ts';
import type { Packet } from './packet.ts';
import { type Capture, COPIES_WITHIN, type Recorded, Writer } from './tap.ts';
import type { World } from './world.ts';

const GOES_ON = 150 * SECOND;

/** What a packet needs from one interface to the next, microseconds; or a ring that is emptied later than another. */
const BETWEEN = [2, 30, 400];
const LATE = 40 * MILLISECOND;

/** Where some are lost, an equal packet on another interface is a copy within this time, or the next transmission: src/handshake/copies.ts. */
const ELSEWHERE_WITHIN = 901 * MILLISECOND;

interface Line {
  readonly at: number;
  readonly packet: Packet | null;
  readonly text: string;
  readonly isCopy: boolean;
}

export interface OnAny {
  readonly text: string;
  readonly capture: Capture;
  /** No copy is lost. */
  readonly isWhole: boolean;
  /** The simulation, as if its capture had been this one. */
  readonly world: World;
}

export function recordOnAny(world: World): OnAny {
  const { seed, tap } = world.scenario;
  const choice = new Choice(seed ^ 0x0a4b1c);
  const interfaces = 2 + choice.below(3);
  const losesPerMille = choice.of([0, 0, 100, 400]);
  // What is lost at the first and recorded late at the second would be on its way for longer than simulated.
  const between = losesPerMille === 0 && choice.once(4) ? LATE : choice.of(BETWEEN);
  const whole = wholeOf(world, losesPerMille > 0);
  const { near, far } = world.scenario.path;
  const writer = new Writer(whole, [near.hops, far.hops], true);
  const header = ['link sll2', ...writer.lines.splice(0)];
  const lines: Line[] = [];
  const last = new Map<string, number>();
  const first = new Map<Packet, number>();
  for (const { packet, at, isDouble } of world.passes) {
    const isUp = packet.from === 'client';
    const places = Array.from({ length: interfaces }, (_, index) => (isUp ? index : interfaces - 1 - index));
    const kept = places.filter(() => choice.below(1000) >= losesPerMille);
    for (const [step, place] of (kept.length === 0 ? places.slice(0, 1) : kept).entries()) {
      // An interface has one queue: what comes later leaves it later.
      const queue = `${place} ${packet.from}`;
      const late = step === 0 ? 0 : 1 + choice.below(between);
      // An error is recorded behind what it quotes.
      const quoted = packet.icmp === null ? 0 : (first.get(packet.icmp.quotes) ?? 0);
      const moment = Math.max(at + late, quoted + 1, (last.get(queue) ?? 0) + 1);
      last.set(queue, moment);
      if (!first.has(packet)) first.set(packet, moment);
      const where = `on ${place + 1} direction ${directionOf(tap.side, isUp, step)}`;
      lines.push({ at: moment, packet, text: where, isCopy: isDouble || step > 0 });
    }
  }
  for (let at = 0; at <= GOES_ON; at += 5 * SECOND) lines.push({ at, packet: null, text: '', isCopy: false });
  lines.sort((a, b) => a.at - b.at);
  writer.write(lines.map(({ at, packet, isCopy }) => ({ at, packet, isLost: false, isCopy })));
  const text = [...header, ...writer.lines.map((line, index) => `${line} ${(lines[index] as Line).text}`)].join('\n');
  return {
    text,
    capture: captureOf(lines, writer.recorded, losesPerMille > 0 ? ELSEWHERE_WITHIN : COPIES_WITHIN),
    isWhole: losesPerMille === 0,
    world: whole,
  };
}

/** Nothing is lost but copies, whose order is then that of none; and no snap length cuts anything: it would have to be another one than that of Ethernet. */
function wholeOf(world: World, losesCopies: boolean): World {
  const { scenario } = world;
  const { dress, tap } = scenario;
  return {
    ...world,
    scenario: { ...scenario, dress: { ...dress, isCut: false }, tap: { ...tap, ...WHOLE, copies: losesCopies } },
  };
}

const WHOLE = {
  begins: 0,
  ends: 160 * SECOND,
  lossPerMille: 0,
  tells: false,
  direction: 'both',
  swaps: false,
  keepsAlive: true,
} as const;

/** A host on the way takes a packet in on one interface, and sends it out on the others; an end of the way hands it through its own. */
function directionOf(side: World['scenario']['tap']['side'], isUp: boolean, step: number): 'in' | 'out' {
  if (side === 'middle') return step === 0 ? 'in' : 'out';
  return (side === 'server') === isUp ? 'in' : 'out';
}

function captureOf(lines: readonly Line[], recorded: readonly Recorded[], copiesWithin: number): Capture {
  const times = lines.map(({ at }) => at);
  return { text: '', recorded, first: times[0] ?? 0, last: times.at(-1) ?? 0, times, losses: new Set(), copiesWithin };
}
