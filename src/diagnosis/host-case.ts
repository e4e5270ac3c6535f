/** What the judges of host facts look at, and how a counter is held against a number of packets. */
import type { CauseName } from './causes.ts';
import { known, type PortFacts, type PortSockets } from './port-facts.ts';
import { type Seen, type Trouble, type Troubled, withoutPairs } from './seen.ts';

/** What a judge says of one cause of one trouble. `excluded`: it was not that. */
export interface Ruling {
  readonly cause: CauseName;
  readonly confidence: 'proven' | 'likely' | 'possible' | 'excluded';
  /** Sentences with the numbers; empty for an excluded one. */
  readonly evidence: readonly string[];
  /** Packets of the trouble that it accounts for. */
  readonly explains: number;
  /** Left out: it is on all attempts of the trouble. */
  readonly scope?: Scope;
}

/** Whose attempts a ruling is on, where it is not on all: one client runs into a rule, the next into a full queue. */
export interface Scope {
  /** Clients and the addresses that they asked for: `pairKey` of seen.ts. */
  readonly pairs: ReadonlySet<string>;
  /** All but those. */
  readonly isRest: boolean;
  /** Their packets of the trouble. */
  readonly packets: number;
}

/** The counters of a kernel are the whole namespace's: a number means something only beside a number of packets. */
export type Fit =
  /** It did not move. */
  | 'none'
  /** It moved by less than the packets: it can't have been all of them. */
  | 'part'
  /** By as much, or hardly more: a packet or two of others may be in it. */
  | 'exact'
  /** By more: other ports have their part in it, and perhaps all of it. */
  | 'more';

/** By a fourth more than the packets a counter still fits: attempts that the capture was too late or too early for. */
const MARGIN = 0.25;

/** Fewer packets than this fit a counter by chance. */
export const FEWEST_TO_PROVE = 3;

/** @param most packets that the counter may have counted in all, when that is more than `packets` */
export function fitOf(moved: number, packets: number, most = packets): Fit {
  if (moved === 0) return 'none';
  if (moved < packets) return 'part';
  return moved <= most + Math.max(1, MARGIN * most) ? 'exact' : 'more';
}

/** Seconds of samples that tell whether a queue stands: what was taken before that says nothing of an application that hangs now. */
const STANDING_SECONDS = 15;

export class HostCase {
  readonly seen: Seen;
  readonly facts: PortFacts;
  /** SYNs without an answer that the kernel itself says it dropped, and why: no counter of anything else has to account for them. */
  readonly spokenSyns: number;
  /** Packets that are not in `seen`, since rules of the firewall took them on their way in: counters have them all the same. */
  readonly taken: number;
  private readonly counters: Readonly<Record<string, number>> | null;

  constructor(seen: Seen, facts: PortFacts, spokenSyns = 0, taken = 0) {
    this.seen = seen;
    this.facts = facts;
    this.spokenSyns = spokenSyns;
    this.taken = taken;
    this.counters = known(facts.counters);
  }

  /** The attempts of others. @param taken packets of these pairs that never came to TCP */
  without(trouble: Trouble, pairs: ReadonlySet<string>, taken: number): HostCase {
    const spoken = trouble === 'unanswered' ? Math.max(0, this.spokenSyns - taken) : this.spokenSyns;
    return new HostCase(withoutPairs(this.seen, trouble, pairs), this.facts, spoken, taken);
  }

  get sockets(): PortSockets | null {
    return known(this.facts.sockets);
  }

  /** By how much the counters moved in all; null when they could not be read. */
  moved(...names: readonly string[]): number | null {
    const { counters } = this;
    return counters === null ? null : names.reduce((sum, name) => sum + (counters[name] ?? 0), 0);
  }

  /** "TcpExtListenOverflows +13": those of the counters that moved. */
  words(...names: readonly string[]): string {
    return names
      .filter((name) => (this.moved(name) ?? 0) > 0)
      .map((name) => `${name} +${this.moved(name)}`)
      .join(', ');
  }

  /** Clients of the trouble for whom the kernel holds a half-open connection now, and who never got a SYN-ACK: it is not that of another attempt. */
  halfOpen({ clients }: Troubled): string[] {
    const peers = (this.sockets?.synReceivedByPeer ?? []).map(({ address }) => address);
    return peers.filter((peer) => clients.has(peer) && !this.seen.answered.has(peer));
  }

  /** Most connections that waited for their third leg at one time (SYN-RECV); null when nobody looked. */
  get mostHalfOpen(): number | null {
    const { sockets } = this;
    if (sockets === null) return null;
    return Math.max(sockets.states['SYN-RECV'] ?? 0, ...this.facts.samples.map(({ halfOpen }) => halfOpen));
  }

  /** Most connections that waited for accept() at one time, and the least queue that would be full; null when nobody looked, or nothing listens. */
  get queue(): { readonly most: number; readonly backlog: number } | null {
    const { sockets } = this;
    const backlogs = (sockets?.listeners ?? []).map(({ backlog }) => known(backlog));
    if (backlogs.length === 0 || backlogs.includes(null)) return null;
    const now = Math.max(...(sockets?.listeners ?? []).map(({ queue }) => queue));
    const sampled = backlogs.length === 1 ? this.facts.samples.map(({ queue }) => queue) : [];
    return { most: Math.max(now, ...sampled), backlog: Math.min(...(backlogs as number[])) };
  }

  /** Some queue of the port was full: the kernel lets `backlog` + 1 wait. */
  get queueWasFull(): boolean {
    return this.queue !== null && this.queue.most > this.queue.backlog;
  }

  /** Of late nothing was taken out of the queue in at least two looks, although somebody waited. */
  get queueStood(): boolean {
    const last = this.facts.samples.at(-1)?.atSeconds ?? 0;
    const samples = this.facts.samples.filter(({ atSeconds }) => atSeconds >= last - STANDING_SECONDS);
    const waiting = samples.filter(({ queue }, index) => index > 0 && queue > 0);
    return waiting.length >= 2 && samples.every(({ taken }) => taken === 0) && (samples.at(-1)?.queue ?? 0) > 0;
  }
}

export function excluded(cause: CauseName): Ruling {
  return { cause, confidence: 'excluded', evidence: [], explains: 0 };
}

/** "13 SYNs", "1 SYN". */
export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

/**
 * Of a counter that counts just this kind of drop.
 * @param packets that it should have counted
 * @param corroboration another fact, of this very port, speaks for the cause: then a counter that others moved, too, is enough
 * @param most packets that it may have counted, when repeated ones may have been counted as well
 */
export function rulingOfCounter(
  cause: CauseName,
  host: HostCase,
  names: readonly string[],
  packets: number,
  words: string,
  corroboration: string | null = null,
  most = packets,
): Ruling | null {
  const moved = host.moved(...names);
  if (moved === null) return null;
  const fit = fitOf(moved, packets, most);
  if (fit === 'none') return excluded(cause);
  const evidence = [`${host.words(...names)}, and ${words}`, ...(corroboration === null ? [] : [corroboration])];
  const explains = Math.min(moved, packets);
  if (fit === 'exact' && (packets >= FEWEST_TO_PROVE || corroboration !== null)) {
    return { cause, confidence: 'proven', evidence, explains };
  }
  if (corroboration !== null) return { cause, confidence: fit === 'part' ? 'likely' : 'proven', evidence, explains };
  if (fit === 'exact') return { cause, confidence: 'likely', evidence, explains };
  return { cause, confidence: 'possible', evidence, explains: fit === 'part' ? explains : 0 };
}
