/** The checklist for a port of another host, from here. */

import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { withNamedAdvice } from '../diagnosis/advice.ts';
import { type Fact, isKnown, known, unknown } from '../diagnosis/port-facts.ts';
import { AttemptsThere } from '../doctor/attempts-there.ts';
import { causesOfOthers, missingLegOfOthers, type OthersFacts, othersFacts } from '../doctor/others.ts';
import { judgeOthers } from '../doctor/others-step.ts';
import type { NameFacts, RemoteConnect, RouteFacts, TraceFacts } from '../doctor/remote.ts';
import { causesOfRemote } from '../doctor/remote-causes.ts';
import { judgeName, judgeRemoteConnects, judgeRoutes, judgeTraces, missingLegOf } from '../doctor/remote-steps.ts';
import type { Diagnosis } from '../handshake/handshake.ts';
import { tryConnect } from '../host/connect.ts';
import { localAddresses } from '../host/local-addresses.ts';
import { sendingTo } from '../host/sending-to.ts';
import { tcpTraceroute } from '../host/tcp-traceroute.ts';
import { wayTo } from '../host/way-to.ts';
import { type CheckupOptions, type CheckupResult, type CheckupSink, PACKETS_FILE, StepsSoFar } from './checkup-here.ts';
import { type PacketWatch, watchPackets } from './packet-watch.ts';

/** Seconds of a connect: SYNs of a current Linux are then sent five times. */
const CONNECT_SECONDS = 5;
/** Addresses of a name that are tried. */
const MOST_ADDRESSES = 8;
/** Addresses that are traced: those that fail first. */
const MOST_TRACES = 2;

/** @param name what the host's name stands for, looked up already */
export async function checkRemote(options: CheckupOptions, name: NameFacts, sink: CheckupSink): Promise<CheckupResult> {
  const { target } = options;
  const { port } = target;
  const steps = new StepsSoFar(sink);
  steps.say(judgeName(name));
  const addresses = name.addresses.slice(0, MOST_ADDRESSES);
  if (addresses.length === 0) return { target, ...steps.conclude(target, null, []), facts: { name } };
  const records = new AttemptsThere(addresses, await localAddresses());
  const packets = await watchPackets(path.join(options.folder, PACKETS_FILE), port, (record) => records.add(record));
  const tried = await Promise.all(
    addresses.map(async (address) => ({ address, port, ...(await tryConnect(address, port, CONNECT_SECONDS)) })),
  );
  const routes = await Promise.all(
    addresses.map(async (address): Promise<RouteFacts> => ({ address, route: await wayTo(address) })),
  );
  steps.say(judgeRoutes(routes));
  const works = tried.some(({ outcome }) => outcome === 'connected');
  if (works && typeof packets !== 'string') await waitForOthers(options, sink);
  const sending = await sendingTo(new Set(addresses), port);
  const end = typeof packets === 'string' ? null : await endOf(packets);
  const handshakes = tried.map(({ address, localPort }) => records.handshakeOf(address, localPort));
  const connects: RemoteConnect[] = tried.map(({ localPort, ...connect }, at) => ({
    ...connect,
    handshake: typeof packets === 'string' ? unknown(packets) : (handshakes[at] ?? null),
  }));
  steps.say(judgeRemoteConnects(connects));
  const others: Fact<OthersFacts> =
    end === null
      ? unknown(String(packets))
      : othersFacts(records.without(handshakes), records.further, end.seconds, end.at);
  // Where no connect succeeds, there is nothing behind it that could have been tried.
  if (works || (isKnown(others) && others.attempts > 0)) {
    const reached = tried.filter(({ outcome }) => outcome === 'connected').map(({ address }) => address);
    steps.say(judgeOthers(port, others, sending, new Set(reached)));
  }
  const failed = connects.filter(({ outcome }) => outcome !== 'connected');
  const traced = (failed.length > 0 ? failed : connects)
    .filter(({ address }) => hasWay(routes, address))
    .slice(0, MOST_TRACES);
  const traces = await Promise.all(
    traced.map(async ({ address }): Promise<TraceFacts> => ({ address, hops: await tcpTraceroute(address, port) })),
  );
  if (traces.length > 0) steps.say(judgeTraces(port, traces, failed.length < connects.length));
  const otherCauses = isKnown(others) ? causesOfOthers(others) : [];
  const causes = withNamedAdvice(withFurther(causesOfRemote(routes, connects, traces), otherCauses), { port });
  const seen = known(others);
  const missingLeg = missingLegOf(connects) ?? (seen === null ? null : missingLegOfOthers(seen));
  return {
    target,
    ...steps.conclude(target, missingLeg, causes),
    facts: { name, routes, connects, others, sending, traces },
  };
}

/** The time in which other programmes of this host connect to the port. */
async function waitForOthers({ target, durationSeconds }: CheckupOptions, sink: CheckupSink): Promise<void> {
  const port = target.port;
  sink.hint(
    `a connect succeeds, and tripod says nothing behind it: let the programme that fails try now, within ${durationSeconds} s: its packets to port ${port} are watched (Ctrl-C goes on at once)`,
  );
  const ended = new AbortController();
  const end = wait(durationSeconds * 1000, undefined, { signal: ended.signal }).catch(() => undefined);
  await Promise.race([end, sink.stopped]);
  ended.abort();
}

/** @returns seconds of packets, and their end in epoch seconds */
async function endOf(packets: PacketWatch): Promise<{ seconds: number; at: number }> {
  const at = Date.now() / 1000;
  const { seconds } = await packets.stop();
  return { seconds, at };
}

/** Those of the own connects come first. */
function withFurther(causes: readonly Diagnosis[], others: readonly Diagnosis[]): readonly Diagnosis[] {
  return [...causes, ...others.filter((other) => causes.every(({ cause }) => cause !== other.cause))];
}

/** A SYN gets further than this host: else there is nothing to trace. */
function hasWay(routes: readonly RouteFacts[], address: string): boolean {
  return judgeRoutes(routes.filter((route) => route.address === address)).status !== 'fail';
}
