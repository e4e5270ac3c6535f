/** What the kernel says of the data that programmes of this host have sent to a port of others, in one look. */
import { type Fact, isKnown, type SendingFacts } from '../diagnosis/port-facts.ts';
import { SendingWatch } from './sending.ts';
import { readDiagSockets } from './sock-diag.ts';

/** @param addresses of the hosts; in each `StuckConnection` such an address, and the port, stand in the client's place */
export async function sendingTo(addresses: ReadonlySet<string>, port: number): Promise<Fact<SendingFacts>> {
  const sockets = await readDiagSockets(port, 'remote');
  if (!isKnown(sockets)) return sockets;
  const there = sockets.filter(({ remote }) => addresses.has(remote));
  const watch = new SendingWatch();
  watch.look(there, 0);
  return watch.facts(there);
}
