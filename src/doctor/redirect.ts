/** Whether something hands a port on of which no socket of this host knows: the published port of a container, a NodePort, a balancer in the kernel. */

import type { FirewallChain, FirewallRule } from '../diagnosis/firewall-facts.ts';
import type { AddressGroup } from '../diagnosis/network-facts.ts';
import { known, type PortFacts } from '../diagnosis/port-facts.ts';
import type { VerdictName } from '../handshake/handshake.ts';
import { counted } from '../report/render/text.ts';
import type { ClientLegs } from './legs.ts';

/** What a SYN that nobody takes comes to. (TIME-WAITs of a service that has gone still challenge.) */
const UNTAKEN: readonly VerdictName[] = ['no-syn', 'no-syn-ack', 'refused', 'rejected', 'challenged', 'undecided'];
/** Of nft and iptables, in small letters: the packet goes on to another address, or to another port of this host. */
const ONWARD: readonly string[] = ['dnat', 'redirect', 'tproxy'];

/**
 * @param clients those whose attempts were seen
 * @param own addresses of this host
 * @returns what shows it, as a clause; null when a socket listens, or nothing shows it
 */
export function redirectionOf(facts: PortFacts, clients: readonly ClientLegs[], own: AddressGroup): string | null {
  const sockets = known(facts.sockets);
  const listened = facts.samples.some(({ listeners }) => listeners > 0);
  if (sockets === null || sockets.listeners.length > 0 || listened) return null;
  const others = clients.filter((client) => !client.own && own.has(client.server.address));
  const taken = others.reduce((sum, { byVerdict }) => sum + takenOf(byVerdict), 0);
  const rule = redirectingRule(facts);
  const words = rule === null ? '' : ` (${rule})`;
  if (taken > 0) return `${counted(taken, 'attempt')} of others ${taken === 1 ? 'was' : 'were'} answered${words}`;
  // A rule for another address of the same port changes nothing for those whom the kernel refuses.
  const isRefused = others.some(({ byVerdict }) => (byVerdict.refused ?? 0) > 0);
  return rule === null || isRefused ? null : `a rule hands its packets on${words}`;
}

function takenOf(byVerdict: ClientLegs['byVerdict']): number {
  return Object.entries(byVerdict).reduce(
    (sum, [verdict, times]) => (UNTAKEN.includes(verdict as VerdictName) ? sum : sum + times),
    0,
  );
}

function redirectingRule({ firewall }: PortFacts): string | null {
  for (const chain of known(firewall)?.chains ?? []) {
    const rule = chain.rules.find(isOnward);
    if (rule !== undefined) return nameOf(chain, rule);
  }
  return null;
}

function isOnward({ verdict }: FirewallRule): boolean {
  return verdict.kind === 'translate' && ONWARD.includes(verdict.how.toLowerCase());
}

function nameOf({ tool, family, table, name }: FirewallChain, { text }: FirewallRule): string {
  return `${tool}, table ${family} ${table}, chain ${name}: ${text}`;
}
