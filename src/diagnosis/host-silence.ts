/**
 * Why a host answered no SYN, as its own facts tell it (measured: one fault at a time on a real kernel). Most ways of losing a SYN have a counter of their own; what
 * no counter takes is told by where the SYN was last counted: at the interface, by IP, by TCP, or as a SYN-ACK that was made and never left.
 */
import type { CauseName } from './causes.ts';
import { counted, excluded, FEWEST_TO_PROVE, fitOf, type HostCase, type Ruling, rulingOfCounter } from './host-case.ts';
import { hasProgramAtSocket } from './host-programs.ts';
import { known } from './port-facts.ts';
import type { Troubled } from './seen.ts';

/** Counters of a signature that is missing, unexpected or wrong (net/ipv4/tcp.c tcp_inbound_hash). */
const SIGNATURE = [
  'TcpExtTCPMD5NotFound',
  'TcpExtTCPMD5Unexpected',
  'TcpExtTCPMD5Failure',
  'TcpExtTCPAORequired',
  'TcpExtTCPAOKeyNotFound',
  'TcpExtTCPAOBad',
] as const;

/** What the facts say of each cause that they can tell. */
export function rulingsOnSilence(host: HostCase): Ruling[] {
  const group = host.seen.unanswered;
  if (group.attempts === 0) return [];
  // The SYNs are in the capture of this host: none was dropped before it.
  const arrived = [excluded('upstream-drop')];
  const made = judgeMadeSynAck(host, group);
  if (made !== null) return [...made, ...arrived];
  const named = judgeNamed(host, group);
  const explained = named.reduce((sum, { explains }) => sum + explains, 0);
  // Where two causes befall one port, the kernel's word accounts for what no counter takes.
  const spoken = explained > 0 ? host.spokenSyns : 0;
  return [...named, ...judgeRest(host, group, group.packets - explained - spoken), ...arrived];
}

/** Drops that have a counter of their own. */
function judgeNamed(host: HostCase, group: Troubled): Ruling[] {
  const { packets, packetsV4, tunnelled, pending } = group;
  const silent = `${counted(packets, 'SYN')} got no answer`;
  const ofCounter = (
    cause: CauseName,
    names: readonly string[],
    due = packets,
    also: string | null = null,
  ): Ruling | null => rulingOfCounter(cause, host, names, due, silent, also, due + pending);
  const rulings = [
    judgeOverflow(host, group),
    judgeSynQueue(host, group),
    ofCounter('reverse-path-filter', ['TcpExtIPReversePathFilter'], packetsV4, notAdmitted(host, group)),
    judgeNoRoute(host, group),
    judgeNotOwn(host, group),
    judgeConntrack(host, group),
    ofCounter('bad-checksum', ['TcpInCsumErrors']),
    tunnelled === 0 ? null : unlessExcluded(ofCounter('tunnel-checksum', ['UdpInCsumErrors'], tunnelled)),
    // These counters are young, or only on kernels that check signatures: that they did not move excludes nothing that the packets suggest.
    unlessExcluded(ofCounter('signature-rejected', SIGNATURE)),
    // Kernels since 4.12 have neither this counter nor what it counts (net.ipv4.tcp_tw_recycle).
    ofCounter('timestamps-rejected', ['TcpExtPAWSPassive']),
  ];
  return rulings.filter((ruling) => ruling !== null);
}

function unlessExcluded(ruling: Ruling | null): Ruling | null {
  return ruling?.confidence === 'excluded' ? null : ruling;
}

/** ListenOverflows counts SYNs and third legs alike: both may have been dropped for want of room. */
function judgeOverflow(host: HostCase, { packets, pending }: Troubled): Ruling | null {
  const moved = host.moved('TcpExtListenOverflows');
  if (moved === null) return null;
  const fit = fitOf(moved, packets, packets + pending + host.seen.ignored.packets);
  const cause = 'accept-queue-full';
  if (fit === 'none') return excluded(cause);
  const evidence = [
    `${host.words('TcpExtListenOverflows', 'TcpExtListenDrops')}, and ${counted(packets, 'SYN')} got no answer`,
  ];
  const { queue } = host;
  if (host.queueWasFull && queue !== null) {
    evidence.push(`ss -ltn: Recv-Q ${queue.most} above Send-Q ${queue.backlog}`);
    const due = Math.max(0, packets - host.spokenSyns);
    if (due < packets)
      evidence.push(`the kernel dropped ${counted(packets - due, 'SYN')} of them before the queue, for another reason`);
    return { cause, confidence: moved < due ? 'likely' : 'proven', evidence, explains: Math.min(moved, due) };
  }
  // Another port's queue may have overflowed: this one's was seen to have room.
  if (queue !== null && 2 * queue.most <= queue.backlog && fit !== 'exact') return excluded(cause);
  if (fit === 'exact') {
    const isProven = queue === null && packets >= FEWEST_TO_PROVE;
    return { cause, confidence: isProven ? 'proven' : 'likely', evidence, explains: packets };
  }
  return { cause, confidence: 'possible', evidence, explains: fit === 'part' ? moved : 0 };
}

/** Half-open connections that leave no room for more (net/ipv4/tcp_input.c tcp_conn_request). */
function judgeSynQueue(host: HostCase, group: Troubled): Ruling | null {
  const { packets, pending } = group;
  const [counter, most] = [['TcpExtTCPReqQFullDrop'], packets + pending];
  const silent = `${counted(packets, 'SYN')} got no answer`;
  const full = rulingOfCounter('syn-queue-full', host, counter, packets, silent, manyHalfOpen(host), most);
  return full?.confidence === 'excluded' ? judgeLastQuarter(host, group) : full;
}

function manyHalfOpen({ mostHalfOpen, facts }: HostCase): string | null {
  const cookies = facts.limits.synCookies;
  if (cookies !== 0 || mostHalfOpen === null || mostHalfOpen === 0) return null;
  return `ss shows ${mostHalfOpen} SYN-RECV, and net.ipv4.tcp_syncookies is 0`;
}

/**
 * Without cookies the last quarter of net.ipv4.tcp_max_syn_backlog is for addresses that have completed a connection before. What is dropped for that has no counter but
 * ListenDrops, which other drops move as well.
 */
function judgeLastQuarter(host: HostCase, group: Troubled): Ruling {
  const cause = 'syn-queue-full';
  const { synCookies, maxSynBacklog } = host.facts.limits;
  const { packets, pending } = group;
  const of = (...names: readonly string[]): number => host.moved(...names) ?? 0;
  const drops = of('TcpExtListenDrops') - of('TcpExtListenOverflows') - of('IpOutNoRoutes', 'Ip6OutNoRoutes');
  const fit = fitOf(Math.max(0, drops), packets, packets + pending);
  const cookies = known(synCookies);
  if (fit === 'none' || (cookies !== null && cookies !== 0)) return excluded(cause);
  const { mostHalfOpen } = host;
  const limit = known(maxSynBacklog);
  const evidence = [
    `TcpExtListenDrops +${of('TcpExtListenDrops')}, ListenOverflows +${of('TcpExtListenOverflows')}, and ${counted(packets, 'SYN')} got no answer`,
  ];
  if (limit === null || mostHalfOpen === null || cookies === null) {
    return { cause, confidence: 'possible', evidence, explains: 0 };
  }
  // A neighbour that does not answer lets half-open connections go, and counts them as dropped.
  const isExplained = of('TcpExtTCPSynRetrans', 'IcmpInDestUnreachs', 'Icmp6InDestUnreachs') > 0;
  if (mostHalfOpen <= limit - Math.floor(limit / 4)) {
    const isOpen = fit === 'exact' && packets >= FEWEST_TO_PROVE && !isExplained;
    return isOpen ? { cause, confidence: 'possible', evidence, explains: 0 } : excluded(cause);
  }
  evidence.push(
    `ss shows ${mostHalfOpen} SYN-RECV, more than three quarters of net.ipv4.tcp_max_syn_backlog (${limit}), and net.ipv4.tcp_syncookies is 0: then only addresses are served that completed a connection before`,
  );
  const explains = Math.min(drops, packets);
  return { cause, confidence: fit === 'part' ? 'likely' : 'proven', evidence, explains };
}

/** The reverse path filter, as the kernel's own route lookup says of a client. */
function notAdmitted({ facts }: HostCase, { clients }: Troubled): string | null {
  const way = facts.ways.find(({ client, admitted }) => clients.has(client) && admitted === false);
  return way === undefined
    ? null
    : `the way back to ${way.client} leads over another interface than ${way.cameInOn}, and the filter there is strict`;
}

/** On a mirror port every address is another's, and says nothing of what the counter has counted: its number has to fit. */
function judgeNotOwn(host: HostCase, group: Troubled): Ruling | null {
  const { packets, pending } = group;
  const [names, most] = [['IpInAddrErrors', 'Ip6InAddrErrors'], packets + pending];
  if (areAllOwn(host, group)) return host.moved(...names) === null ? null : excluded('wrong-destination');
  const isFit = fitOf(host.moved(...names) ?? 0, packets, most) === 'exact';
  const silent = `${counted(packets, 'SYN')} got no answer`;
  return rulingOfCounter('wrong-destination', host, names, packets, silent, isFit ? notOwn(host, group) : null, most);
}

/** What the counter has counted went to others: each address that was tried is on an interface of this host. */
function areAllOwn({ facts }: HostCase, { servers }: Troubled): boolean {
  const own = new Set(
    (known(facts.interfaces) ?? []).flatMap(({ addresses }) => addresses.map(({ address }) => address)),
  );
  return servers.size > 0 && [...servers.keys()].every((server) => own.has(server));
}

/** The addresses that were tried are not this host's. */
function notOwn({ facts }: HostCase, { servers }: Troubled): string | null {
  const links = known(facts.interfaces);
  const own = new Set((links ?? []).flatMap(({ addresses }) => addresses.map(({ address }) => address)));
  const [foreign] = [...servers.keys()].filter((server) => !own.has(server));
  return own.size === 0 || foreign === undefined ? null : `${foreign} is on no interface of this host`;
}

/**
 * A full table of tracked connections takes no new one (net/netfilter/nf_conntrack_core.c early_drop). One that has room drops a connection for which no port is left: as it is
 * to leave, it would be the same as another (nf_conntrack_confirm; measured with a masquerade to four ports, each SYN counts).
 */
function judgeConntrack({ facts }: HostCase, { packets }: Troubled): Ruling | null {
  const tracked = known(facts.conntrack);
  if (tracked === null) return null;
  const cause = 'nat-exhausted';
  const fit = fitOf(tracked.drop, packets);
  if (fit === 'none') return excluded(cause);
  const evidence = [
    `conntrack -S: drop +${tracked.drop}, with ${tracked.count} of ${tracked.max} connections tracked, and ${counted(packets, 'SYN')} got no answer`,
  ];
  const isFull = tracked.count >= TRACKED_FULL * tracked.max;
  if (isFull) {
    return {
      cause,
      confidence: fit === 'part' ? 'possible' : 'proven',
      evidence,
      explains: Math.min(tracked.drop, packets),
    };
  }
  const isAll = fit === 'exact' && packets >= FEWEST_TO_PROVE;
  return { cause, confidence: isAll ? 'likely' : 'possible', evidence, explains: isAll ? packets : 0 };
}

/** A table that drops is full, or was a moment ago. */
const TRACKED_FULL = 0.95;

/** A SYN without a way back is counted twice: OutNoRoutes of any packet, ListenDrops of the SYN. */
function judgeNoRoute(host: HostCase, { packets, pending }: Troubled): Ruling | null {
  const names = ['IpOutNoRoutes', 'Ip6OutNoRoutes'];
  const drops = host.moved('TcpExtListenDrops');
  const overflows = host.moved('TcpExtListenOverflows');
  if (drops === null || overflows === null) return null;
  const words = `${counted(packets, 'SYN')} got no answer`;
  const also = drops - overflows >= packets ? `TcpExtListenDrops +${drops}, ListenOverflows +${overflows}` : null;
  return rulingOfCounter('no-return-route', host, names, packets, words, also, packets + pending);
}

/** The kernel holds a half-open connection of a client whose SYN-ACK never was on the wire: TCP took the SYN, so nothing before it is to blame. */
function judgeMadeSynAck(host: HostCase, group: Troubled): Ruling[] | null {
  const halfOpen = host.halfOpen(group);
  const [first] = halfOpen;
  // Somebody else may be silent for another reason.
  if (first === undefined || halfOpen.length < group.clients.size) return null;
  const held = `ss shows SYN-RECV for ${first}: the kernel made its SYN-ACK, and none was on the wire`;
  const repeats = host.moved('TcpExtTCPSynRetrans') ?? 0;
  const others = BEFORE_TCP.map(excluded);
  if (repeats === 0 && (host.moved('TcpExtTCPTimeouts') ?? 0) > 0) {
    const timers = `TcpExtTCPTimeouts +${host.moved('TcpExtTCPTimeouts')}, TCPSynRetrans +0: each attempt to send it failed`;
    const explains = group.packets;
    return [
      { cause: 'egress-drop', confidence: 'proven', evidence: [held, timers], explains },
      excluded('neighbour-unresolved'),
      excluded('answers-by-another-interface'),
      ...others,
    ];
  }
  const sent = `TcpExtTCPSynRetrans +${repeats}: IP took it each time`;
  const silent = silentNeighbour(host, first);
  if (silent !== null) {
    return [
      { cause: 'neighbour-unresolved', confidence: 'proven', evidence: [held, silent], explains: group.packets },
      excluded('answers-by-another-interface'),
      excluded('egress-drop'),
      ...others,
    ];
  }
  return [
    { cause: 'neighbour-unresolved', confidence: 'likely', evidence: [held, sent], explains: group.packets },
    { cause: 'answers-by-another-interface', confidence: 'possible', evidence: [held, sent], explains: 0 },
    ...others,
  ];
}

/** The kernel asked for the next hop's MAC address, and nobody answered. */
function silentNeighbour({ facts }: HostCase, client: string): string | null {
  const way = facts.ways.find((candidate) => candidate.client === client);
  const neighbour = way === undefined ? null : known(way.neighbour);
  if (neighbour === null || (neighbour.state !== 'FAILED' && neighbour.state !== 'INCOMPLETE')) return null;
  return `ip neigh: the next hop ${neighbour.address} is ${neighbour.state}: it does not answer ARP or neighbour discovery`;
}

/** What can't be when TCP took the SYN. */
const BEFORE_TCP = [
  'accept-queue-full',
  'syn-queue-full',
  'local-firewall-drop',
  'reverse-path-filter',
  'no-return-route',
  'wrong-destination',
  'wrong-mac',
  'bad-checksum',
  'signature-rejected',
  'file-limit',
] as const;

/** SYNs that no counter of their own accounts for: where were they last counted? */
function judgeRest(host: HostCase, group: Troubled, rest: number): Ruling[] {
  if (rest <= 0) return [excluded('local-firewall-drop'), excluded('wrong-mac'), excluded('egress-drop')];
  const taken = host.moved('IpInReceives', 'Ip6InReceives');
  const gone = undelivered(host);
  if (taken === null || gone === null) return [];
  // What a rule takes at the interface's ingress hook never comes to IP.
  const lost = gone >= host.taken ? gone - host.taken : gone;
  const words = `${counted(group.packets, 'SYN')} got no answer`;
  if (2 * taken < rest) {
    const evidence = [`IpInReceives +${taken} for ${counted(rest, 'SYN')} that the capture has: IP never saw them`];
    return [
      { cause: 'local-firewall-drop', confidence: 'likely', evidence, explains: rest },
      { cause: 'wrong-mac', confidence: 'possible', evidence, explains: 0 },
      ...WITH_TCP.map(excluded),
    ];
  }
  const fit = fitOf(lost, rest, rest + group.pending);
  // A SYN or two may have come before the counters were read.
  if (2 * lost < rest) return hasProgramAtSocket(host.facts) ? [] : [excluded('local-firewall-drop')];
  const evidence = [
    `${counted(lost, 'packet')} came to IP and never to TCP (IpInReceives, IpInDelivers), and ${words}`,
  ];
  const isClear = fit === 'exact' && rest >= FEWEST_TO_PROVE;
  const firewall: Ruling = {
    cause: 'local-firewall-drop',
    confidence: isClear ? 'likely' : 'possible',
    evidence,
    explains: isClear ? rest : 0,
  };
  return isClear ? [firewall, ...WITH_TCP.map(excluded)] : [firewall];
}

/** What needs a SYN that TCP has taken. */
const WITH_TCP = ['neighbour-unresolved', 'egress-drop', 'answers-by-another-interface'] as const;

/** Packets that IP took in and did not hand on, less those that counters of their own explain; null when nobody could look. */
function undelivered(host: HostCase): number | null {
  const of = (family: string, name: string): number => host.moved(family + name) ?? 0;
  if (host.moved() === null) return null;
  return ['Ip', 'Ip6'].reduce((sum, family) => {
    const explained =
      of(family, 'ForwDatagrams') +
      of(family, 'InHdrErrors') +
      of(family, 'InAddrErrors') +
      of(family, 'InDiscards') +
      of(family, 'InNoRoutes') +
      (of(family, 'ReasmReqds') - of(family, 'ReasmOKs'));
    const filtered = family === 'Ip' ? (host.moved('TcpExtIPReversePathFilter') ?? 0) : 0;
    return sum + Math.max(0, of(family, 'InReceives') - of(family, 'InDelivers') - explained - filtered);
  }, 0);
}
