/** One look at all that a host counts, whichever port it is of: two of them make the facts of a time. */
import { type Fact, isKnown, type PortFacts, type Softnet, unknown } from '../diagnosis/port-facts.ts';
import { type ConntrackLook, lookAtConntrack } from './conntrack.ts';
import { type Counters, counterDeltas, readCounters } from './counters.ts';
import { type FirewallLook, lookAtFirewall } from './firewall.ts';
import { type InterfacesLook, lookAtInterfaces } from './interfaces.ts';
import { readSoftnet } from './limits.ts';
import { type HostRoot, within } from './proc.ts';

export interface HostLook {
  /** Milliseconds since the epoch, when it was complete: what happened later is not in it. */
  readonly atMillis: number;
  /** Milliseconds since the epoch, when its counters were read: what happened before is in them. */
  readonly countersMillis: number;
  readonly counters: Fact<Counters>;
  readonly softnet: Fact<Softnet>;
  readonly conntrack: Fact<ConntrackLook>;
  readonly firewall: Fact<FirewallLook>;
  readonly interfaces: Fact<InterfacesLook>;
}

/** Seconds for all commands of one look; what takes longer, on a host that has no time, is unknown. A list of a hundred thousand rules takes one. */
const LOOK_SECONDS = 10;
const LEFT_OUT = unknown('not asked for: it takes commands of the host');

/** @param isQuick without what needs the host's commands: a millisecond or two, whatever else the host has to do */
export async function lookAtHost(root: HostRoot, isQuick = false): Promise<HostLook> {
  const [firewall, interfaces] = isQuick ? [LEFT_OUT, LEFT_OUT] : await lookByCommands(within(root, LOOK_SECONDS));
  return {
    countersMillis: Date.now(),
    counters: readCounters(root),
    softnet: readSoftnet(root),
    conntrack: lookAtConntrack(root),
    firewall,
    interfaces,
    atMillis: Date.now(),
  };
}

function lookByCommands(root: HostRoot): Promise<readonly [Fact<FirewallLook>, Fact<InterfacesLook>]> {
  return Promise.all([lookAtFirewall(root), lookAtInterfaces(root)]);
}

export function softnetDelta(before: Fact<Softnet>, after: Fact<Softnet>): Fact<Softnet> {
  if (!isKnown(before)) return before;
  if (!isKnown(after)) return after;
  return { dropped: after.dropped - before.dropped, squeezed: after.squeezed - before.squeezed };
}

export function countersMoved(before: Fact<Counters>, after: Fact<Counters>): PortFacts['counters'] {
  if (!isKnown(before)) return before;
  return isKnown(after) ? counterDeltas(before, after) : after;
}
