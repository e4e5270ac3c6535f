/**
 * What the kernel's list of sockets says of a path that takes small packets and no full-sized ones. The handshake is complete and the request has come; the first full-sized
 * segment of the answer is repeated and repeated. A client that was switched off, or a path that is gone, looks alike but for one thing: nothing is heard of the client since.
 */
import { counted, excluded, type Ruling } from './host-case.ts';
import { known, LARGE_OCTETS, type PortFacts, type StuckConnection } from './port-facts.ts';

/** Repetitions that no chance takes any more: a path that loses three packets of ten loses a segment and three repetitions once in a hundred times. */
export const TIMEOUTS = 3;
/** Repetitions after which a smaller segment that came there says what it is that does not. */
const TIMEOUTS_TO_TELL = 4;
/** Seconds between the client's last word and the answer: one that was silent for longer may have gone, or a firewall have forgotten the connection. */
const PROMPT_SECONDS = 1;

/** Connections whose first full-sized segment does not come to the client, which is still there. */
export interface NarrowPath {
  readonly connections: readonly [StuckConnection, ...StuckConnection[]];
  /** By address. */
  readonly clients: ReadonlySet<string>;
  /** Smaller segments come there: some were acknowledged selectively behind the full-sized ones. */
  readonly isBySize: boolean;
}

/** null where there is none, or nobody could look. */
export function narrowPathIn({ sending }: PortFacts): NarrowPath | null {
  const stuck = (known(sending)?.stuck ?? []).filter(isFirstFullSized);
  const bySize = stuck.filter(isSmallerTaken);
  const connections = bySize.length > 0 ? bySize : stuck.filter((connection) => isHeardSince(connection, stuck));
  const [first, ...others] = connections;
  if (first === undefined) return null;
  const clients = new Set(connections.map(({ client }) => client));
  return { connections: [first, ...others], clients, isBySize: bySize.length > 0 };
}

export function rulingsOnSending(facts: PortFacts): Ruling[] {
  const path = narrowPathIn(facts);
  if (path === null) return [];
  const evidence = [narrowPathWords(path)];
  if (path.isBySize) {
    return [{ cause: 'path-mtu', confidence: 'likely', evidence, explains: 0 }, excluded('return-path-loss')];
  }
  return (['path-mtu', 'return-path-loss'] as const).map((cause) => ({
    cause,
    confidence: 'possible',
    evidence,
    explains: 0,
  }));
}

/** With the numbers of the connection that has waited longest. */
export function narrowPathWords({ connections, clients, isBySize }: NarrowPath): string {
  const [first] = connections;
  const { client, clientPort, timeouts, sentSeconds, segmentOctets, pathMtu } = first;
  const most = connections.length === 1 ? `${client}:${clientPort}` : `the first, of ${client}:${clientPort}`;
  const which = `${counted(connections.length, 'connection')} of ${counted(clients.size, 'client')}`;
  const since = isBySize ? 'smaller ones behind it are (SACK)' : 'the client has been heard since';
  return `ss -tino: the first full-sized segment of ${which} (${most}: ${segmentOctets} octets for a path of ${pathMtu}, repeated ${timeouts} times in ${sentSeconds.toFixed(1)} s) is not acknowledged, and ${since}`;
}

/** Too little was acknowledged for one full-sized segment, of this connection or others of the client. */
function isFirstFullSized({
  timeouts,
  ackedOctets,
  octets,
  segmentOctets,
  isServedElsewhere,
}: StuckConnection): boolean {
  const isFirst = ackedOctets < segmentOctets && !isServedElsewhere;
  return timeouts >= TIMEOUTS && isFirst && segmentOctets >= LARGE_OCTETS && octets >= LARGE_OCTETS;
}

/** What is not acknowledged can be full-sized, and then nothing of what is acknowledged behind it is. */
function isSmallerTaken({ timeouts, segments, sackedSegments, octets, segmentOctets }: StuckConnection): boolean {
  const sackedOctets = octets - (segments - sackedSegments) * segmentOctets;
  return timeouts >= TIMEOUTS_TO_TELL && sackedOctets > 0 && sackedOctets < segmentOctets;
}

/** After the second repetition, with nothing acknowledged: on this connection; or because the client asked again on another one, with as little success. Who goes away goes once. */
function isHeardSince(connection: StuckConnection, others: readonly StuckConnection[]): boolean {
  const { client, silentSeconds, repeatedSeconds } = connection;
  if (silentSeconds < repeatedSeconds) return true;
  const isRetry = (other: StuckConnection): boolean => other.client === client && other.sentSeconds < repeatedSeconds;
  return isPrompt(connection) && others.some((other) => isRetry(other) && isPrompt(other));
}

function isPrompt({ silentSeconds, sentSeconds }: StuckConnection): boolean {
  return silentSeconds - sentSeconds < PROMPT_SECONDS;
}
