/** Everything that is chosen before a simulation starts, from one seed. */
import { Choice } from '../fuzz/choice.ts';
import { MILLISECOND, SECOND } from './agenda.ts';
import type { ClientApp, ClientPlan } from './client.ts';
import type { Filter, HalfPlan, PathPlan } from './path.ts';
import type { ServerKind, ServerPlan } from './server.ts';
import type { TapPlan } from './tap.ts';

interface AttemptPlan {
  readonly startsAt: number;
  readonly client: ClientPlan;
}

/** One pair of ports, and the attempts on it, one after the other. */
export interface FlowPlan {
  readonly server: ServerPlan;
  readonly attempts: readonly AttemptPlan[];
}

export interface Scenario {
  readonly seed: number;
  readonly flows: readonly FlowPlan[];
  readonly path: PathPlan;
  readonly tap: TapPlan;
  readonly dress: Dress;
}

/** How the packets look on the wire, which is no part of the simulation. */
interface Dress {
  readonly isIpv6: boolean;
  readonly vlan: number | null;
  /** The snap length cuts the options off. */
  readonly isCut: boolean;
}

/** The first SYN is sent here or later; the capture may have begun before. */
const START = 20 * SECOND;
export const END = 160 * SECOND;

const seconds = (...values: number[]): number[] => values.map((value) => value * SECOND);

/** What hosts wait between two SYNs: Linux (tcp_syn_retries 6, 2), Windows, macOS (tcp_keepinit 75 s), programmes with stacks of their own, scanners. */
const SYN_LADDERS: readonly (readonly number[])[] = [
  seconds(1, 2, 4, 8, 16, 32, 64),
  seconds(1, 2, 4),
  seconds(1, 2, 4, 8),
  seconds(3, 6, 12),
  seconds(1, 1, 1, 1, 1, 2, 4, 8, 16),
  seconds(0.2, 0.4, 0.8, 1.6, 3.2),
  seconds(0.1, 0.1, 0.1, 0.1),
  seconds(1),
];

/** The same for SYN-ACKs: Linux (tcp_synack_retries 5, 2, 1), Windows, a BSD. */
const SYN_ACK_LADDERS: readonly (readonly number[])[] = [
  seconds(1, 2, 4, 8, 16, 32),
  seconds(1, 2, 4, 8, 16, 32),
  seconds(1, 2, 4),
  seconds(1, 2),
  seconds(3, 6, 12),
];

export function chooseScenario(seed: number): Scenario {
  const choice = new Choice(Math.imul(seed, 0x9e3779b1) ^ 0x51ed27);
  for (let i = 0; i < 4; i++) choice.below(2);
  const tap = chooseTap(choice);
  const path = choosePath(choice, tap);
  const flows = Array.from({ length: 1 + choice.below(3) }, () => chooseFlow(choice));
  // Where ports are used again, nobody can tell whose a SYN-ACK is that was recorded before its SYN.
  const isReused = flows.some(({ attempts }) => attempts.length > 1);
  return { seed, flows, path, tap: isReused ? { ...tap, swaps: false } : tap, dress: chooseDress(seed) };
}

/** From a choice of its own: the simulations stay what they are. */
function chooseDress(seed: number): Dress {
  const choice = new Choice(Math.imul(seed, 0x85ebca6b) ^ 0x0d4e55);
  for (let i = 0; i < 4; i++) choice.below(2);
  return { isIpv6: choice.once(4), vlan: choice.once(5) ? 10 : null, isCut: choice.once(5) };
}

function chooseTap(choice: Choice): TapPlan {
  const isFaultless = choice.once(2);
  const side = choice.of(['client', 'middle', 'server'] as const);
  const keepsAlive = !choice.once(4);
  const whole = {
    side,
    begins: 0,
    ends: END,
    lossPerMille: 0,
    tells: false,
    direction: 'both',
    copies: false,
    swaps: false,
    keepsAlive,
  } as const;
  if (isFaultless) return whole;
  const near = START + choice.of([0, 1, 200, 1500, 4000]) * MILLISECOND + choice.below(200 * MILLISECOND);
  return {
    ...whole,
    begins: choice.once(3) ? near - 400 * MILLISECOND : 0,
    ends: choice.once(2) ? near + choice.of([30, 300, 1200, 3500, 8000]) * MILLISECOND : END,
    lossPerMille: choice.of([0, 0, 0, 50, 300]),
    tells: choice.once(2),
    direction: choice.of(['both', 'both', 'both', 'both', 'up', 'down']),
    copies: choice.once(5),
    swaps: choice.once(5),
  };
}

const NOWHERE: HalfPlan = { delay: 0, jitter: 0, lossPerMille: 0, doublesPerMille: 0, hops: 0 };

function choosePath(choice: Choice, tap: TapPlan): PathPlan {
  const loses = choice.once(3);
  const half = (): HalfPlan => {
    const delay = choice.of([100, 1000, 5000, 20_000, 80_000, 150_000]);
    return {
      delay,
      jitter: choice.of([10, Math.floor(delay / 10), choice.once(4) ? delay : 10]),
      lossPerMille: loses ? choice.of([20, 150, 400]) : 0,
      doublesPerMille: choice.once(8) ? 100 : 0,
      hops: 1 + choice.below(12),
    };
  };
  return {
    near: tap.side === 'client' ? NOWHERE : half(),
    far: tap.side === 'server' ? NOWHERE : half(),
    filters: choice.once(2) ? [] : [chooseFilter(choice)],
  };
}

function chooseFilter(choice: Choice): Filter {
  const from = choice.once(3) ? START + choice.below(4 * SECOND) : 0;
  const until = choice.once(2) ? END : START + choice.of([500, 2000, 5000, 20_000]) * MILLISECOND;
  const direction = choice.of(['up', 'down'] as const);
  return {
    half: choice.of(['near', 'far']),
    direction,
    what: choice.of(
      direction === 'up' ? ['syn', 'third', 'third', 'data', 'all'] : ['syn-ack', 'syn-ack', 'data', 'all'],
    ),
    from,
    until,
    how: choice.of(['drops', 'drops', 'drops', 'poses', 'says']),
  };
}

function chooseFlow(choice: Choice): FlowPlan {
  const count = choice.once(4) ? 2 + choice.below(2) : 1;
  const client = chooseClient(choice);
  const attempts: AttemptPlan[] = [];
  let startsAt = START + choice.below(2 * SECOND);
  for (let i = 0; i < count; i++) {
    attempts.push({ startsAt, client: choice.once(2) ? client : chooseClient(choice) });
    startsAt += choice.of([1.3, 4, 20]) * SECOND;
  }
  return { server: chooseServer(choice), attempts };
}

function chooseClient(choice: Choice): ClientPlan {
  const app = choice.of<ClientApp>([
    'speaks',
    'speaks',
    'speaks late',
    'listens',
    'is idle',
    'closes',
    'resets',
    'probes',
  ]);
  return {
    ladder: choice.of(SYN_LADDERS),
    patience: choice.once(3) ? choice.of([0.3, 1.2, 2, 5]) * SECOND : null,
    synData: choice.once(12) ? 40 : 0,
    scans: choice.once(12),
    piggybacks: choice.once(3),
    app,
    triesOn: choice.once(6),
  };
}

function chooseServer(choice: Choice): ServerPlan {
  const kind = choice.of<ServerKind>([
    'listens',
    'listens',
    'listens',
    'listens',
    'closed',
    'dead',
    'overflows',
    'aborts',
    'cookies',
    'defers',
    'is old',
    'gone',
  ]);
  return {
    kind,
    ladder: choice.of(SYN_ACK_LADDERS),
    app: choice.of(['answers', 'answers', 'greets', 'closes', 'resets', 'is silent']),
    changesAt: START + choice.of([0.05, 0.5, 2, 6, 30, 200]) * SECOND,
  };
}
