/** The checklist for a port of another host, from here. */

import path from 'node:path';
import { withNamedAdvice } from '../diagnosis/advice.ts';
import { type Fact, unknown } from '../diagnosis/port-facts.ts';
import type { NameFacts, RemoteConnect, RouteFacts, TraceFacts } from '../doctor/remote.ts';
import { causesOfRemote } from '../doctor/remote-causes.ts';
import { judgeName, judgeRemoteConnects, judgeRoutes, judgeTraces, missingLegOf } from '../doctor/remote-steps.ts';
import type { Handshake } from '../handshake/handshake.ts';
import { tryConnect } from '../host/connect.ts';
import { tcpTraceroute } from '../host/tcp-traceroute.ts';
import { wayTo } from '../host/way-to.ts';
import { type CheckupOptions, type CheckupResult, type CheckupSink, PACKETS_FILE, StepsSoFar } from './checkup-here.ts';
import { watchPackets } from './packet-watch.ts';

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
  const records: Handshake[] = [];
  const packets = await watchPackets(path.join(options.folder, PACKETS_FILE), port, (record) => records.push(record));
  const tried = await Promise.all(
    addresses.map(async (address) => ({ address, port, ...(await tryConnect(address, port, CONNECT_SECONDS)) })),
  );
  const routes = await Promise.all(
    addresses.map(async (address): Promise<RouteFacts> => ({ address, route: await wayTo(address) })),
  );
  steps.say(judgeRoutes(routes));
  if (typeof packets !== 'string') await packets.stop();
  const connects: RemoteConnect[] = tried.map(({ localPort, ...connect }) => ({
    ...connect,
    handshake: typeof packets === 'string' ? unknown(packets) : handshakeOf(records, connect.address, localPort),
  }));
  steps.say(judgeRemoteConnects(connects));
  const failed = connects.filter(({ outcome }) => outcome !== 'connected');
  const traced = (failed.length > 0 ? failed : connects)
    .filter(({ address }) => hasWay(routes, address))
    .slice(0, MOST_TRACES);
  const traces = await Promise.all(
    traced.map(async ({ address }): Promise<TraceFacts> => ({ address, hops: await tcpTraceroute(address, port) })),
  );
  if (traces.length > 0) steps.say(judgeTraces(port, traces, failed.length < connects.length));
  const causes = withNamedAdvice(causesOfRemote(routes, connects, traces), { port });
  return {
    target,
    ...steps.conclude(target, missingLegOf(connects), causes),
    facts: { name, routes, connects, traces },
  };
}

/** A SYN gets further than this host: else there is nothing to trace. */
function hasWay(routes: readonly RouteFacts[], address: string): boolean {
  return judgeRoutes(routes.filter((route) => route.address === address)).status !== 'fail';
}

/** Of several attempts from the same port (there are none, as a rule) the first. */
function handshakeOf(records: readonly Handshake[], address: string, localPort: number | null): Fact<Handshake | null> {
  const of = records.filter(({ server }) => server.address === address);
  return of.find(({ client }) => client.port === localPort) ?? of[0] ?? null;
}
