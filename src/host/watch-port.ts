/** All facts of one port over a time: a look at the beginning, samples of the accept queue, a look at the end. */
import {
  type Fact,
  isKnown,
  known,
  type PortFacts,
  type ProcessFacts,
  type QueueSample,
  unknown,
} from '../diagnosis/port-facts.ts';
import { conntrackFacts } from './conntrack.ts';
import { type DropWatch, watchDrops } from './drops.ts';
import { firewallFacts } from './firewall.ts';
import { countersMoved, type HostLook, lookAtHost, softnetDelta } from './host-look.ts';
import { interfaceFacts } from './interfaces.ts';
import { readLimits, readPressure } from './limits.ts';
import { findForeignListeners } from './namespaces.ts';
import { HOST_ROOT, type HostRoot } from './proc.ts';
import { findOwners, lookAt, type Owners, type ProcessLook, processFacts } from './processes.ts';
import { type ClientSeen, returnWays } from './return-ways.ts';
import { SendingWatch } from './sending.ts';
import { readSettings } from './settings.ts';
import type { Socket } from './socket.ts';
import { isWaiting, readSockets, summarizeSockets } from './sockets.ts';

/** Milliseconds from one look at the accept queue to the next. */
const SAMPLE_MILLIS = 250;
/** Samples that are kept: after that every second one is let go of, and they are taken half as often. */
const MOST_SAMPLES = 480;
/** A watch without end rests for so many times what a look takes: a host with 20,000 sockets is to spend two hundredths of a processor on it at the most. */
const REST_TIMES = 50;
const LONGEST_PAUSE_MILLIS = 2000;

export interface WatchOptions {
  readonly root?: HostRoot;
  /**
   * The watch of the kernel's drops of this port and others, which whoever opened it stops; or why there is none. Without it the port gets one of its own, where the
   * facts are this host's.
   */
  readonly drops?: Fact<DropWatch>;
  /** The look that the facts are counted from, at each call; without it one is taken when the watch begins. */
  readonly before?: () => HostLook;
  /** Of a watch that has no end: samples of the accept queue are let go of when they are older, and taken less often where each takes long. Without it they are thinned out. */
  readonly keptSeconds?: number;
}

export interface PortWatch {
  /**
   * The facts from the beginning of the watch until now; may be asked for again and again.
   * @param clients whose way back is looked up, and for whom large sets of the firewall are looked through
   * @param isQuick without firewall, interfaces and ways, which take commands of the host
   */
  facts(clients?: readonly ClientSeen[], isQuick?: boolean): Promise<PortFacts>;
  /** Milliseconds since the epoch, when the counters of the last answer were read: of what happened later they say nothing. */
  readonly countersMillis: number;
  /** Milliseconds since the epoch, from which on the last answer counts. */
  readonly fromMillis: number;
  /** The packets beside which the facts are held end now: what counters do from now on is left out. */
  endOfPackets(): void;
  stop(): void;
}

/** Looks at the port from now until it is stopped. Never throws for what can't be read. */
export async function watchPort(port: number, options: WatchOptions = {}): Promise<PortWatch> {
  const { root = HOST_ROOT } = options;
  const begun = Date.now();
  const sampler = new SocketSampler(root, port, performance.now(), options.keptSeconds ?? null);
  const first = await sampler.look();
  const owners = ownersOf(root, first);
  const looks = new Map<number, ProcessLook>((known(owners)?.pids ?? []).map((pid) => [pid, lookAt(root, pid)]));
  // Whoever waits for the watch to begin may send packets then: what they move must not be in the first look.
  const own = options.before === undefined ? await lookAtHost(root) : null;
  const drops = options.drops ?? (await ownDrops(root, port));
  sampler.start();
  let end: Promise<HostLook> | null = null;
  let countersMillis = begun;
  let fromMillis = begun;
  return {
    get countersMillis() {
      return countersMillis;
    },
    get fromMillis() {
      return fromMillis;
    },
    endOfPackets() {
      end = lookAtOnce(root);
    },
    stop() {
      sampler.stop();
      if (options.drops === undefined && isKnown(drops)) drops.stop();
    },
    async facts(clients = [], isQuick = false) {
      const sockets = await sampler.look();
      const before = own ?? options.before?.();
      const now = await (end ?? lookAtHost(root, isQuick));
      const first = before ?? now;
      countersMillis = now.countersMillis;
      fromMillis = first.atMillis;
      const interfaces = interfaceFacts(first.interfaces, now.interfaces);
      const isListening = isKnown(sockets) && sockets.some(({ state }) => state === 'LISTEN');
      return {
        port,
        seconds: Math.max(0, now.atMillis - first.atMillis) / 1000,
        sockets: isKnown(sockets) ? summarizeSockets(sockets) : sockets,
        // A queue that was full before that time says nothing of what counters did in it.
        samples: sampler.since((first.atMillis - begun) / 1000),
        sending: isKnown(sockets) ? sampler.sending.facts(sockets) : sockets,
        processes: await readProcesses(root, ownersOf(root, sockets), looks, (Date.now() - begun) / 1000),
        elsewhere: isListening ? [] : findForeignListeners(root, port),
        pressure: readPressure(root),
        softnet: softnetDelta(first.softnet, now.softnet),
        counters: countersMoved(first.counters, now.counters),
        limits: readLimits(root),
        firewall: firewallFacts(first.firewall, now.firewall, port, addressesOf(clients)),
        conntrack: conntrackFacts(root, first.conntrack, now.conntrack),
        interfaces,
        ways: isQuick ? [] : await returnWays(root, clients, interfaces),
        settings: readSettings(root),
        drops: isKnown(drops) ? drops.facts(port) : drops,
      };
    },
  };
}

/** Everything, and the counters as they are at this moment: commands of the host take a while. */
async function lookAtOnce(root: HostRoot): Promise<HostLook> {
  const counters = lookAtHost(root, true);
  const { firewall, interfaces } = await lookAtHost(root);
  return { ...(await counters), firewall, interfaces };
}

async function ownDrops(root: HostRoot, port: number): Promise<Fact<DropWatch>> {
  return root === HOST_ROOT ? watchDrops([port]) : unknown('these are recorded facts');
}

function addressesOf(clients: readonly ClientSeen[]): readonly string[] {
  return [...new Set(clients.flatMap(({ client, server }) => [client, server]))];
}

function ownersOf(root: HostRoot, sockets: Fact<readonly Socket[]>): Fact<Owners> {
  if (!isKnown(sockets)) return sockets;
  return findOwners(root, new Set(sockets.filter(({ state }) => state === 'LISTEN').map(({ inode }) => inode)));
}

async function readProcesses(
  root: HostRoot,
  owners: Fact<Owners>,
  looks: ReadonlyMap<number, ProcessLook>,
  seconds: number,
): Promise<Fact<readonly ProcessFacts[]>> {
  if (!isKnown(owners)) return owners;
  const { pids, hidden } = owners;
  if (pids.length === 0 && hidden > 0) return unknown(`no permission to look at ${hidden} processes: run as root`);
  const facts = await Promise.all(pids.map((pid) => processFacts(root, pid, looks.get(pid), seconds)));
  return facts.filter((each) => each !== null);
}

/** Looks at the sockets again and again: does the application still take connections out of the accept queues, and what of its data comes to clients? */
class SocketSampler {
  private readonly samples: QueueSample[] = [];
  readonly sending = new SendingWatch();
  private readonly root: HostRoot;
  private readonly port: number;
  private readonly begun: number;
  private readonly keptSeconds: number | null;
  private waiting: ReadonlySet<string> = new Set();
  private timer: ReturnType<typeof setTimeout> | null = null;
  private pause = SAMPLE_MILLIS;

  constructor(root: HostRoot, port: number, begun: number, keptSeconds: number | null) {
    this.root = root;
    this.port = port;
    this.begun = begun;
    this.keptSeconds = keptSeconds;
  }

  async look(): Promise<Fact<readonly Socket[]>> {
    const sockets = await readSockets(this.root, this.port);
    if (isKnown(sockets)) this.add(sockets);
    return sockets;
  }

  /** Samples of the time from then on. */
  since(atSeconds: number): readonly QueueSample[] {
    return this.samples.filter((sample) => sample.atSeconds >= atSeconds);
  }

  start(): void {
    this.timer = setTimeout(async () => {
      const begun = performance.now();
      await this.look();
      if (this.keptSeconds !== null) this.restFor(performance.now() - begun);
      if (this.timer !== null) this.start();
    }, this.pause);
  }

  private restFor(lookMillis: number): void {
    this.pause = Math.min(LONGEST_PAUSE_MILLIS, Math.max(SAMPLE_MILLIS, REST_TIMES * lookMillis));
  }

  stop(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  private add(sockets: readonly Socket[]): void {
    const waiting = new Set<string>();
    const present = new Set<string>();
    let queue = 0;
    let halfOpen = 0;
    let listeners = 0;
    for (const socket of sockets) {
      const key = `${socket.local} ${socket.remote} ${socket.remotePort}`;
      if (socket.state === 'LISTEN') {
        queue += socket.queue;
        listeners += 1;
      } else if (socket.state === 'SYN-RECV') halfOpen += 1;
      else if (isWaiting(socket)) waiting.add(key);
      else present.add(key);
    }
    // A connection that is gone altogether was taken and closed, or given up by the client: only one that is still there with an owner counts.
    const taken = [...this.waiting].filter((key) => !waiting.has(key) && present.has(key)).length;
    const atSeconds = (performance.now() - this.begun) / 1000;
    this.samples.push({ atSeconds, listeners, queue, taken, halfOpen });
    this.sending.look(sockets, atSeconds);
    this.waiting = waiting;
    if (this.keptSeconds !== null) this.letGo(this.keptSeconds);
    else if (this.samples.length >= MOST_SAMPLES) this.thinOut();
  }

  private letGo(keptSeconds: number): void {
    const from = (this.samples.at(-1)?.atSeconds ?? 0) - keptSeconds;
    while (this.samples.length > MOST_SAMPLES || (this.samples[0]?.atSeconds ?? from) < from) this.samples.shift();
  }

  private thinOut(): void {
    const kept = this.samples.filter((_, index) => index % 2 === 0);
    this.samples.splice(0, this.samples.length, ...kept);
    this.pause *= 2;
  }
}
