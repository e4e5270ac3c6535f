/** Two captures of one simulation, at the client and at the server: what each host sends, and what reaches it. Read as one, what gets through is there twice. */
import { SECOND } from './agenda.ts';
import type { Packet, Side } from './packet.ts';
import { type Capture, COPIES_WITHIN, type Entry, type Recorded, Writer } from './tap.ts';
import type { World } from './world.ts';

export interface TwoCaptures {
  /** Each file in the notation of fixtures/README.md. */
  readonly texts: readonly string[];
  /** Of both together, in the order of time. */
  readonly capture: Capture;
}

/** Other traffic goes on at both hosts until then. */
const GOES_ON = 150 * SECOND;

export function recordAtBothEnds(world: World): TwoCaptures {
  const files = (['client', 'server'] as const).map((side) => entriesAt(world, side));
  const texts = files.map((entries, index) => {
    const { near, far } = world.scenario.path;
    const hops = near.hops + far.hops;
    const writer = new Writer(world, index === 0 ? [0, hops] : [hops, 0], true);
    writer.write(entries);
    return writer.lines.join('\n');
  });
  return { texts, capture: captureOf(files.flat().sort((a, b) => a.at - b.at)) };
}

function entriesAt(world: World, side: Side): Entry[] {
  const entries: Entry[] = [];
  for (const packet of world.attempts.flatMap(({ packets }) => packets)) {
    const at = momentAt(packet, side);
    if (at !== null) entries.push({ at, packet, isLost: false, isCopy: false });
  }
  for (let at = 0; at <= GOES_ON; at += 5 * SECOND) entries.push({ at, packet: null, isLost: false, isCopy: false });
  return entries.sort((a, b) => a.at - b.at);
}

/** What a box on the way makes is at the host that it reaches alone. */
function momentAt({ from, role, sentAt, arrivedAt }: Packet, side: Side): number | null {
  if (from !== side) return arrivedAt;
  return role === 'injected-reset' || role === 'icmp' ? null : sentAt;
}

function captureOf(entries: readonly Entry[]): Capture {
  const recorded: Recorded[] = [];
  const met = new Set<Packet>();
  for (const [index, { at, packet }] of entries.entries()) {
    if (packet === null) continue;
    recorded.push({ packet, at, frame: index + 1, isCopy: met.has(packet) });
    met.add(packet);
  }
  const times = entries.map(({ at }) => at);
  return {
    text: '',
    recorded,
    first: times[0] ?? 0,
    last: times.at(-1) ?? 0,
    times,
    losses: new Set(),
    copiesWithin: COPIES_WITHIN,
  };
}
