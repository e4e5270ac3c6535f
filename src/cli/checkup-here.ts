/** The checklist on the host that has the port. Gathers the facts, lets the judges of doctor/ speak, tells each step as it goes. */

import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { withNamedAdvice } from '../diagnosis/advice.ts';
import { type BeforeCapture, lostBeforeCapture } from '../diagnosis/host-programs.ts';
import type { AddressGroup } from '../diagnosis/network-facts.ts';
import { type Fact, isKnown, type Listener, type PortFacts, unknown } from '../diagnosis/port-facts.ts';
import { proveCauses } from '../diagnosis/prove.ts';
import { judgeBetween } from '../doctor/between-step.ts';
import { concludeCheckup, isWorse, type Step, type StepName, type Target, type Verdict } from '../doctor/checkup.ts';
import { type ConnectAttempt, judgeConnects } from '../doctor/connects.ts';
import { type ClientLegs, type LegsFacts, LegsFold } from '../doctor/legs.ts';
import { judgeLegs } from '../doctor/legs-step.ts';
import { judgeListener } from '../doctor/listener-step.ts';
import { judgeProcess } from '../doctor/process-step.ts';
import { redirectionOf } from '../doctor/redirect.ts';
import { judgeSockets } from '../doctor/sockets-step.ts';
import type { Diagnosis, Handshake, LegName } from '../handshake/handshake.ts';
import { type OwnAddress, ownAddresses, tryConnect } from '../host/connect.ts';
import { localAddresses } from '../host/local-addresses.ts';
import type { ClientSeen } from '../host/return-ways.ts';
import { watchPort } from '../host/watch-port.ts';
import { watchPackets } from './packet-watch.ts';

/** Seconds that a connect from the host to itself may take: the second retransmission of its SYN is then over. */
const CONNECT_SECONDS = 3;
/** Seconds of the first look: enough for processor times and for the accept queue. */
const FIRST_LOOK_SECONDS = 2;
/** Own addresses that are tried; a host of containers may have hundreds. */
const MOST_ADDRESSES = 8;
const PROBE_PAUSE_MILLIS = 500;
/** The packets of a checkup, in its folder. */
export const PACKETS_FILE = 'packets.pcap';

export interface CheckupResult {
  readonly target: Target;
  readonly steps: readonly Step[];
  readonly verdict: Verdict;
  /** What the judges saw, for whoever wants to judge anew. */
  readonly facts: Readonly<Record<string, unknown>>;
}

export interface CheckupSink {
  /** A step, when it is judged; again when later facts make it worse. */
  step(step: Step): void;
  /** What the person in front of the terminal may want to do now. */
  hint(sentence: string): void;
  /** Resolves when waiting shall end: what came until then is judged. */
  readonly stopped: Promise<void>;
}

export interface CheckupOptions {
  readonly target: Target;
  readonly durationSeconds: number;
  /** Connect to the port again and again while packets are watched. */
  readonly probe: boolean;
  /** Ask the kernel for its drop reasons. */
  readonly trace: boolean;
  /** A folder that takes the packets. */
  readonly folder: string;
}

/** The target's host is null, or an address of this host, which is then the only one that is tried. */
export async function checkHere(options: CheckupOptions, sink: CheckupSink): Promise<CheckupResult> {
  const { target } = options;
  const own = ownAddresses();
  const steps = new StepsSoFar(sink);
  // Counters cover the time of the packets and hardly more: what is in the packets is in them, too, and their numbers are held against each other.
  const withTrace = options.trace ? {} : { drops: unknown('not asked for (--no-trace)') };
  const [watch, addresses] = await Promise.all([watchPort(target.port, withTrace), localAddresses()]);
  const fold = new LegsFold(addresses);
  const packets = await watchPackets(path.join(options.folder, PACKETS_FILE), target.port, (record) =>
    fold.add(record),
  );
  try {
    const [connects] = await Promise.all([connectHere(target, own), wait(FIRST_LOOK_SECONDS * 1000)]);
    // What takes commands is asked at the end, when it can be held against the packets.
    const first = await watch.facts([], true);
    const reachable = connects.some(({ outcome }) => outcome === 'connected');
    steps.say(judgeProcess(first));
    steps.say(judgeListener(first, reachable ? REACHED : null, target.host));
    steps.say(judgeConnects(target.port, connects, boundTo(first)));
    steps.say(judgeSockets(first, null));
    if (typeof packets !== 'string') await waitForClients(options, own, sink);
    const end = typeof packets === 'string' ? null : await packets.stop();
    watch.endOfPackets();
    const facts = await watch.facts(clientsOf(fold.seen));
    const redirected = redirectionOf(facts, fold.seen, addresses);
    const takesOwn = redirected === null ? boundTo(first) : nobody;
    const legs = end === null ? unknown(String(packets)) : fold.facts(end, takesOwn);
    steps.sayIfWorse(judgeProcess(facts));
    // The connects are of the beginning: they say nothing of a listener that has gone since.
    if (redirected === null) {
      steps.sayIfWorse(judgeListener(facts, reachable && !hasListener(first) ? REACHED : null, target.host));
    } else {
      steps.say(judgeListener(facts, redirected, target.host));
      steps.say(judgeConnects(target.port, connects, nobody));
    }
    steps.sayIfWorse(judgeSockets(facts, connectedOf(fold.seen)));
    const before = lostBeforeCapture(facts, isKnown(legs) && legs.clients.some(({ own }) => !own));
    // What is handed on goes to other addresses, and is this port's concern all the same.
    const concerned = redirected === null ? addresses : both(addresses, new Set(serversOf(fold.seen)));
    const legsStep = judgeLegs(target, legs, concerned, before);
    steps.say(legsStep);
    const found = withCause(before.diagnosis, causesOf(fold.records, concerned, facts));
    const causes = withNamedAdvice(found, { port: target.port });
    steps.say(judgeBetween(facts, legs, causes, legsStep.status === 'fail'));
    return {
      target,
      ...steps.conclude(target, missingLegOf(legs, before), causes),
      facts: { port: facts, connects, legs },
    };
  } finally {
    watch.stop();
    if (typeof packets !== 'string') await packets.stop();
  }
}

/** What went to an address that this host does not have is judged by itself: it is no trouble of the port that is here, unless that port answered it. */
function causesOf(records: readonly Handshake[], own: AddressGroup, facts: PortFacts): readonly Diagnosis[] {
  const isHere = ({ server, notes }: Handshake): boolean => own.has(server.address) || notes.includes('other-address');
  const here = records.filter(isHere);
  const elsewhere = records.filter((record) => !isHere(record));
  const ofHere = proveCauses({ diagnoses: [] }, here, facts);
  if (here.some(({ missingLeg }) => missingLeg !== null)) return ofHere;
  const misdirected = proveCauses({ diagnoses: [] }, elsewhere, facts);
  return [...misdirected.filter(({ cause }) => cause === 'wrong-destination'), ...ofHere];
}

/** What attempts in the capture lack; else what those lack that were dropped before it. */
function missingLegOf(legs: Fact<LegsFacts>, before: BeforeCapture): LegName | null {
  const leg = isKnown(legs) ? legs.missingLeg : null;
  return leg ?? (before.diagnosis?.confidence === 'proven' ? 'syn' : null);
}

/** A proven cause comes first, with whatever else speaks for it. */
function withCause(cause: Diagnosis | null, others: readonly Diagnosis[]): readonly Diagnosis[] {
  const same = others.find((other) => other.cause === cause?.cause);
  if (cause === null || (same !== undefined && cause.confidence !== 'proven')) return others;
  if (cause.confidence !== 'proven') return [...others, cause];
  const joined = { ...cause, evidence: [...cause.evidence, ...(same?.evidence ?? [])] };
  return [joined, ...others.filter((other) => other !== same)];
}

/** Those with trouble first: only so many ways are looked up. Of this host itself there is none to look up. */
function clientsOf(clients: readonly ClientLegs[]): ClientSeen[] {
  return clients
    .filter(({ own }) => !own)
    .sort((a, b) => Number(b.failed !== null) - Number(a.failed !== null))
    .map(({ client, server }) => ({ client, server: server.address, interface: null }));
}

/** The time in which a colleague tries to connect, or tripod itself does. */
async function waitForClients(
  { target, durationSeconds, probe }: CheckupOptions,
  own: readonly OwnAddress[],
  sink: CheckupSink,
): Promise<void> {
  const address = target.host ?? own.find(({ loopback }) => !loopback)?.address ?? '127.0.0.1';
  const ended = new AbortController();
  const end = Promise.race([wait(durationSeconds * 1000, undefined, { signal: ended.signal }), sink.stopped]);
  try {
    if (probe) await probeUntil(end, target, own, durationSeconds);
    else {
      sink.hint(
        `let somebody try to connect now, within ${durationSeconds} s: telnet ${address} ${target.port} (Ctrl-C goes on at once)`,
      );
      await end;
    }
  } finally {
    ended.abort();
  }
}

/** Connects again and again; the last ones early enough that their SYNs can be repeated while packets are still watched. */
async function probeUntil(
  end: Promise<void>,
  target: Target,
  own: readonly OwnAddress[],
  seconds: number,
): Promise<void> {
  let ended = false;
  const stop = end.then(() => {
    ended = true;
  });
  const last = performance.now() + (seconds - CONNECT_SECONDS) * 1000;
  while (!ended && performance.now() < last) {
    await Promise.race([Promise.all([connectHere(target, own), wait(PROBE_PAUSE_MILLIS)]), stop]);
  }
  await stop;
}

/** The steps that were told, each in its last form. */
export class StepsSoFar {
  private readonly steps = new Map<StepName, Step>();
  private readonly sink: CheckupSink;

  constructor(sink: CheckupSink) {
    this.sink = sink;
  }

  say(step: Step): void {
    this.steps.set(step.name, step);
    this.sink.step(step);
  }

  /** Facts of a longer time: told again only when they show a fault that was not told. */
  sayIfWorse(step: Step): void {
    const before = this.steps.get(step.name);
    if (before === undefined || isWorse(step.status, before.status)) this.say(step);
  }

  conclude(
    target: Target,
    missingLeg: LegName | null,
    causes: readonly Diagnosis[],
  ): { steps: readonly Step[]; verdict: Verdict } {
    const steps = [...this.steps.values()];
    return { steps, verdict: concludeCheckup(target, steps, missingLeg, causes) };
  }
}

/** Shows, where no socket has the port, that something hands it on. */
const REACHED = 'connects succeed';
/** No connect of this host to itself should succeed: what is handed on is what comes from others. */
const nobody = (): boolean => false;

/** Clients of other hosts whose handshakes completed. */
function connectedOf(clients: readonly ClientLegs[]): ReadonlySet<string> {
  const complete = clients.filter(({ own, byVerdict }) => !own && (byVerdict.complete ?? 0) > 0);
  return new Set(complete.map(({ client }) => client));
}

function both(one: AddressGroup, other: AddressGroup): AddressGroup {
  return { has: (address) => one.has(address) || other.has(address) };
}

function serversOf(clients: readonly ClientLegs[]): string[] {
  return clients.map(({ server }) => server.address);
}

function hasListener({ sockets }: PortFacts): boolean {
  return isKnown(sockets) && sockets.listeners.length > 0;
}

/** Whether a connect to the address should succeed: some listener takes it, or nothing listens at all, which is a fault of its own. */
function boundTo({ sockets }: PortFacts): (address: string) => boolean {
  const listeners = isKnown(sockets) ? sockets.listeners : [];
  return (address) => listeners.length === 0 || listeners.some(takes(address));
}

/** Whether a listener takes connections to the address. */
function takes(address: string): (listener: Listener) => boolean {
  const family = address.includes(':') ? 6 : 4;
  return (listener) => {
    if (isKnown(listener.interfaceIndex) && listener.interfaceIndex !== 0) return false;
    if (listener.address === address) return true;
    if (listener.address === '0.0.0.0') return family === 4;
    return listener.address === '::' && (family === 6 || !isKnown(listener.dualStack) || listener.dualStack);
  };
}

async function connectHere({ host, port }: Target, own: readonly OwnAddress[]): Promise<ConnectAttempt[]> {
  const chosen = host === null ? own.slice(0, MOST_ADDRESSES) : own.filter(({ address }) => address === host);
  return Promise.all(
    chosen.map(async ({ address, loopback }) => {
      const { outcome, seconds, afterwards } = await tryConnect(address, port, CONNECT_SECONDS);
      return { address, port, via: loopback ? 'loopback' : 'own-address', outcome, seconds, afterwards };
    }),
  );
}
