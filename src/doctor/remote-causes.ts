/** Causes of a failed connect to another host: those that its own packets suggest, and what route and trace add to them. */
import { CAUSES, type CauseName } from '../diagnosis/causes.ts';
import { isKnown, known } from '../diagnosis/port-facts.ts';
import type { Diagnosis, Handshake } from '../handshake/handshake.ts';
import type { Hop, RemoteConnect, RouteFacts, TraceFacts } from './remote.ts';

/** Of the first address that failed; most likely first. */
export function causesOfRemote(
  routes: readonly RouteFacts[],
  connects: readonly RemoteConnect[],
  traces: readonly TraceFacts[],
): readonly Diagnosis[] {
  const connect = connects.find(({ outcome }) => outcome !== 'connected') ?? connects[0];
  if (connect === undefined) return [];
  const { address, outcome } = connect;
  const handshake = known(connect.handshake);
  const route = known(routes.find((candidate) => candidate.address === address)?.route ?? null);
  if (outcome !== 'connected' && (route?.neighbour === 'FAILED' || route?.neighbour === 'INCOMPLETE')) {
    const hop = route.gateway ?? address;
    const evidence = `ip neigh: the next hop ${hop} is ${route.neighbour}, and no SYN left this host`;
    return handshake === null ? [diagnosis('neighbour-unresolved', 'proven', [evidence])] : [];
  }
  const hops = traces.find((trace) => trace.address === address)?.hops ?? null;
  const last = hops !== null && isKnown(hops) ? hops.at(-1) : undefined;
  const lastAnswered = hops !== null && isKnown(hops) ? hops.findLast(({ from }) => from !== null) : undefined;
  return handshake === null ? [] : withTrace(handshake, last, lastAnswered);
}

function withTrace(handshake: Handshake, last: Hop | undefined, lastAnswered: Hop | undefined): readonly Diagnosis[] {
  const { diagnoses, icmp, verdict } = handshake;
  const [first, ...others] = diagnoses;
  // Two packets of the same machine say the same: it is no forgery, and no accident.
  if (first !== undefined && icmp !== null && last?.answer === 'unreachable' && last.from === icmp.from) {
    const evidence = `a traceroute with SYNs is turned away by ${icmp.from} as well`;
    return [{ ...first, confidence: 'proven', evidence: [evidence, ...first.evidence] }, ...others];
  }
  // It may be the router that answered last, something behind it, or the server itself: from here the three are the same silence.
  if (verdict === 'no-syn-ack' && last?.answer === 'silent' && lastAnswered !== undefined) {
    const evidence = `a traceroute with SYNs gets no answer behind ${lastAnswered.from} (hop ${lastAnswered.ttl})`;
    return diagnoses.map((each) =>
      each.cause === 'upstream-drop' ? { ...each, evidence: [evidence, ...each.evidence] } : each,
    );
  }
  return diagnoses;
}

function diagnosis(cause: CauseName, confidence: Diagnosis['confidence'], evidence: readonly string[]): Diagnosis {
  return { cause, confidence, evidence, advice: CAUSES[cause].advice };
}
