/** The way back to each client: the kernel's own route lookup, the state of the next hop, and whether the reverse path filter lets the client in. By `ip`. */
import type { InterfaceFacts, ReturnWay } from '../diagnosis/network-facts.ts';
import { type Fact, isKnown, known, unknown } from '../diagnosis/port-facts.ts';
import { type Json, jsonList, textIn } from './json-answer.ts';
import { type HostRoot, within } from './proc.ts';

/** Clients whose way back is looked up, three commands each. */
const WAYS_KEPT = 16;
/** Seconds for all of these commands. */
const WAYS_SECONDS = 5;

/** A client that tried to connect. */
export interface ClientSeen {
  readonly client: string;
  /** Address of this host that it tried. */
  readonly server: string;
  /** Interface on which its packets came in; null when it is not known. */
  readonly interface: string | null;
}

/** What the kernel answers where there is no way (include/uapi/asm-generic/errno.h): each is an answer, not a failure to look. */
const NO_WAY: readonly (readonly [words: string, type: string])[] = [
  ['Network is unreachable', 'none'],
  ['No route to host', 'unreachable'],
  ['Permission denied', 'prohibit'],
  ['Invalid argument', 'blackhole'],
];

export async function returnWays(
  root: HostRoot,
  clients: readonly ClientSeen[],
  interfaces: Fact<readonly InterfaceFacts[]>,
): Promise<readonly ReturnWay[]> {
  const links = known(interfaces) ?? [];
  const inTime = within(root, WAYS_SECONDS);
  return Promise.all(clients.slice(0, WAYS_KEPT).map((seen) => returnWay(inTime, seen, links)));
}

async function returnWay(
  root: HostRoot,
  { client, server, interface: cameInOn }: ClientSeen,
  links: readonly InterfaceFacts[],
): Promise<ReturnWay> {
  const route = await routeTo(root, client, server);
  const hop = isKnown(route) && route.type !== 'local' ? (route.gateway ?? client) : null;
  return {
    client,
    local: server,
    cameInOn,
    route,
    neighbour:
      hop === null || !isKnown(route) || route.interface === null
        ? unknown('there is no next hop')
        : await neighbourOf(root, hop, route.interface),
    admitted: await isAdmitted(root, client, server, links.find(({ name }) => name === cameInOn) ?? null),
  };
}

async function routeTo(root: HostRoot, client: string, server: string): Promise<ReturnWay['route']> {
  const routes = await jsonList(root.run, 'ip', '-j', 'route', 'get', client, 'from', server);
  if (!isKnown(routes)) {
    const type = NO_WAY.find(([words]) => routes.unknown.includes(words))?.[1];
    return type === undefined ? routes : { type, interface: null, gateway: null, source: null, table: null };
  }
  const [route] = routes;
  if (route === undefined) return unknown('the kernel names no route');
  const via = route['via'] as Json | null | undefined;
  return {
    type: textIn(route, 'type') ?? 'unicast',
    interface: textIn(route, 'dev'),
    gateway: textIn(route, 'gateway') ?? (via ? textIn(via, 'host') : null),
    source: textIn(route, 'prefsrc') ?? textIn(route, 'from'),
    table: textIn(route, 'table'),
  };
}

async function neighbourOf(root: HostRoot, address: string, device: string): Promise<ReturnWay['neighbour']> {
  const entries = await jsonList(root.run, 'ip', '-j', 'neigh', 'show', address, 'dev', device);
  if (!isKnown(entries)) return entries;
  const [entry] = entries;
  const states = entry?.['state'];
  return {
    address,
    state: Array.isArray(states) && typeof states[0] === 'string' ? states[0] : null,
    mac: entry === undefined ? null : textIn(entry, 'lladdr'),
  };
}

/** The kernel looks a packet's route up as if it came in there: the reverse path filter is part of the lookup (fib_validate_source in net/ipv4/fib_frontend.c). */
async function isAdmitted(
  root: HostRoot,
  client: string,
  server: string,
  link: InterfaceFacts | null,
): Promise<ReturnWay['admitted']> {
  // IPv6 has no such filter of its own; on loopback it is never asked.
  if (link === null || link.linkType === 'loopback' || client.includes(':')) return null;
  const answer = await jsonList(root.run, 'ip', '-j', 'route', 'get', server, 'from', client, 'iif', link.name);
  if (isKnown(answer)) return true;
  const isFiltered = /cross-device link|Invalid argument/.test(answer.unknown);
  return isFiltered && (known(link.reversePathFilter) ?? 0) > 0 ? false : answer;
}
