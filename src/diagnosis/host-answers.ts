/** Who refused a SYN, who rejected it, and why a third leg was dropped: as the host's own facts tell it. */
import type { CauseName } from './causes.ts';
import { counted, excluded, FEWEST_TO_PROVE, fitOf, type HostCase, type Ruling, rulingOfCounter } from './host-case.ts';
import { known, type Listener, secondsWithoutListener } from './port-facts.ts';
import type { Troubled } from './seen.ts';

/** RSTs that answered SYNs: the kernel counts its own, and not those of its firewall or of others on the way. */
export function rulingsOnRefusals(host: HostCase): Ruling[] {
  const group = host.seen.refused;
  const moved = host.moved('TcpOutRsts');
  if (group.attempts === 0 || moved === null) return [];
  const refused = `${counted(group.attempts, 'SYN')} ${group.attempts === 1 ? 'was' : 'were'} answered with a RST`;
  if (moved === 0) {
    const evidence = [`TcpOutRsts +0, and ${refused}: TCP of this host sent none of them`];
    return [
      { cause: 'firewall-reset', confidence: 'proven', evidence, explains: group.attempts },
      excluded('port-closed'),
      excluded('bound-to-another-address'),
    ];
  }
  if (moved < group.attempts) return [];
  const evidence = [`TcpOutRsts +${moved}, and ${refused}`];
  const listeners = host.sockets?.listeners ?? null;
  // Others' connections may have been reset, too: then a firewall can still have sent these.
  const isKernel = fitOf(moved, group.attempts) === 'exact';
  const firewall = isKernel ? [excluded('firewall-reset')] : [];
  if (listeners === null) return firewall;
  const [listener] = listeners;
  if (listener === undefined) {
    const nobody = `ss -ltn: nothing listens on port ${host.facts.port}`;
    return [
      { cause: 'port-closed', confidence: 'proven', evidence: [...evidence, nobody], explains: group.attempts },
      excluded('bound-to-another-address'),
      ...firewall,
    ];
  }
  if ([...group.servers.keys()].some((server) => listeners.some((candidate) => takes(candidate, server)))) {
    // It listens there now: it was started since, or a firewall refuses.
    const absent = secondsWithoutListener(host.facts.samples);
    if (absent === 0 || !isKernel) return [excluded('bound-to-another-address')];
    const gone = `ss -ltn, again and again: for about ${absent.toFixed(1)} s nothing listened on port ${host.facts.port}, before and after something did`;
    return [
      { cause: 'port-closed', confidence: 'proven', evidence: [...evidence, gone], explains: group.attempts },
      excluded('bound-to-another-address'),
      excluded('firewall-reset'),
    ];
  }
  const bound = `ss -ltn: the listener is bound to ${listener.address}, and not to ${[...group.servers.keys()].join(', ')}`;
  return [
    {
      cause: 'bound-to-another-address',
      confidence: 'proven',
      evidence: [...evidence, bound],
      explains: group.attempts,
    },
    excluded('port-closed'),
    ...firewall,
  ];
}

/** Whether a listener takes connections to the address. One that is bound to an interface may or may not. */
function takes(listener: Listener, address: string): boolean {
  const family = address.includes(':') ? 6 : 4;
  if (listener.address === address) return true;
  if (listener.address === '0.0.0.0') return family === 4;
  return listener.address === '::' && (family === 6 || known(listener.dualStack) !== false);
}

/** ICMP errors that quoted SYNs, and that this host itself sent. */
export function rulingsOnRejections(host: HostCase): Ruling[] {
  const group = host.seen.rejected;
  if (group.attempts === 0) return [];
  const names = ['IcmpOutDestUnreachs', 'Icmp6OutDestUnreachs'];
  const moved = host.moved(...names);
  if (moved === null || moved < group.attempts) return [];
  const evidence = [`${host.words(...names)}: this host sent ICMP errors itself`];
  return [{ cause: 'rejected-by-hop', confidence: 'likely', evidence, explains: group.attempts }];
}

/** Third legs that came, and that the host went on without. */
export function rulingsOnIgnored(host: HostCase): Ruling[] {
  const group = host.seen.ignored;
  if (group.attempts === 0) return [];
  const dropped = `the third legs of ${counted(group.attempts, 'attempt')} were ignored`;
  const thirdLegs = (cause: CauseName, names: readonly string[]): Ruling | null =>
    rulingOfCounter(cause, host, names, group.attempts, dropped, null, group.packets + group.pending);
  const deferred = thirdLegs('defer-accept', ['TcpExtTCPDeferAcceptDrop']);
  const stamps = thirdLegs('timestamps-rejected', STAMPS);
  const rulings = [judgeIgnoredForWant(host, group, dropped), clear(deferred), clear(stamps)].filter(
    (ruling) => ruling !== null,
  );
  const explained = rulings.reduce((sum, { explains }) => sum + explains, 0);
  // The third legs are in the capture of this host: none was lost before it.
  return [...rulings, ...judgeIgnoredRest(host, group, explained), excluded('forward-path-loss')];
}

/** These counters count nothing but just such a drop: whenever they fit, it was that. */
function clear(ruling: Ruling | null): Ruling | null {
  return ruling?.confidence === 'likely' ? { ...ruling, confidence: 'proven' } : ruling;
}

const STAMPS = ['TcpExtTSEcrRejected', 'TcpExtPAWSEstab', 'TcpExtPAWSEstabRejected'];

/** Each third leg that finds the queue full counts an overflow, the repeated ones as well. */
function judgeIgnoredForWant(host: HostCase, group: Troubled, dropped: string): Ruling | null {
  const moved = host.moved('TcpExtListenOverflows');
  if (moved === null) return null;
  const cause = 'accept-queue-full';
  const fit = fitOf(moved, group.attempts, group.packets + host.seen.unanswered.packets);
  if (fit === 'none') return excluded(cause);
  const evidence = [`${host.words('TcpExtListenOverflows')}, and ${dropped}`];
  const { queue } = host;
  if (host.queueWasFull && queue !== null) {
    evidence.push(`ss -ltn: Recv-Q ${queue.most} above Send-Q ${queue.backlog}`);
    return { cause, confidence: fit === 'part' ? 'likely' : 'proven', evidence, explains: group.attempts };
  }
  if (queue !== null && 2 * queue.most <= queue.backlog && fit !== 'exact') return excluded(cause);
  if (fit === 'exact') return { cause, confidence: 'likely', evidence, explains: group.attempts };
  return { cause, confidence: 'possible', evidence, explains: fit === 'part' ? moved : 0 };
}

/** No counter of TCP took them: they never came to TCP. */
function judgeIgnoredRest(host: HostCase, group: Troubled, explained: number): Ruling[] {
  if (explained >= group.attempts) return [excluded('ack-firewalled')];
  const taken = host.moved('IpInReceives', 'Ip6InReceives');
  const delivered = host.moved('IpInDelivers', 'Ip6InDelivers');
  if (taken === null || delivered === null) return [];
  const lost = taken - delivered - host.taken;
  if (2 * lost < group.attempts) return [excluded('ack-firewalled')];
  const evidence = [
    `${counted(lost, 'packet')} came to IP and never to TCP (IpInReceives, IpInDelivers), and no counter of TCP took the third legs`,
  ];
  const isClear = fitOf(lost, group.attempts, group.packets) === 'exact' && group.packets >= FEWEST_TO_PROVE;
  return [
    {
      cause: 'ack-firewalled',
      confidence: isClear ? 'likely' : 'possible',
      evidence,
      explains: isClear ? group.attempts : 0,
    },
  ];
}

/** A RST without ACK answered the third leg, or its numbers were wrong. */
export function rulingsOnRejectedThird(host: HostCase): Ruling[] {
  const group = host.seen['rejected-third'];
  if (group.attempts === 0) return [];
  const overflows = host.moved('TcpExtListenOverflows');
  const abort = known(host.facts.limits.abortOnOverflow);
  if (overflows === null) return [];
  if (overflows === 0) return [excluded('accept-queue-full')];
  if (abort === 0) return [excluded('accept-queue-full')];
  if (overflows < group.attempts) return [];
  const evidence = [
    `${host.words('TcpExtListenOverflows')}, and the third legs of ${counted(group.attempts, 'attempt')} were answered with a RST`,
    ...(abort === null ? [] : [`net.ipv4.tcp_abort_on_overflow is ${abort}`]),
  ];
  const isProven = abort !== null && (host.queueWasFull || host.queue === null);
  const explains = group.attempts;
  return [{ cause: 'accept-queue-full', confidence: isProven ? 'proven' : 'likely', evidence, explains }];
}

/** The server answered for an older connection. */
export function rulingsOnChallenges(host: HostCase): Ruling[] {
  const group = host.seen.challenged;
  const moved = host.moved(...CHALLENGES);
  if (group.attempts === 0 || moved === null || moved === 0) return [];
  const evidence = [
    `${host.words(...CHALLENGES)}, and ${counted(group.attempts, 'attempt')} had an answer of other numbers`,
  ];
  const stamps = judgeOutdated(host, group);
  // Of what the timestamps explain, the older connection is half of the story.
  const isProven = moved >= group.attempts && stamps === null;
  const older: Ruling = {
    cause: 'old-connection',
    confidence: isProven ? 'proven' : 'likely',
    evidence,
    explains: group.attempts,
  };
  return stamps === null ? [older] : [stamps, older];
}

/** TIME-WAIT, and a SYN whose number would have made room for it, but for its timestamp (net/ipv4/tcp_minisocks.c tcp_timewait_state_process). */
function judgeOutdated(host: HostCase, { attempts, outdated }: Troubled): Ruling | null {
  const moved = host.moved('TcpExtPAWSTimewait') ?? 0;
  if (outdated === 0 || 2 * outdated < attempts || moved < outdated) return null;
  const evidence = `TcpExtPAWSTimewait +${moved}, and ${counted(outdated, 'SYN')} had a new number and an old timestamp`;
  return { cause: 'timestamps-rejected', confidence: 'proven', evidence: [evidence], explains: outdated };
}

const CHALLENGES = [
  'TcpExtTCPChallengeACK',
  'TcpExtTCPSYNChallenge',
  'TcpExtPAWSTimewait',
  'TcpExtTCPACKSkippedTimeWait',
  'TcpExtTCPACKSkippedSynRecv',
];

/** Nobody acknowledged the SYN-ACKs: cookies tell of a flood, routes of another way back. */
export function rulingsOnUnacknowledged(host: HostCase): Ruling[] {
  const group = host.seen.unacknowledged;
  return [...judgeOtherInterface(host, group), ...judgeFlood(host, group)];
}

/** SYN-ACKs that leave by another interface than the one whose address was asked: firewalls on that way have seen no SYN, and drop them. */
function judgeOtherInterface({ facts }: HostCase, group: Troubled): Ruling[] {
  const interfaces = known(facts.interfaces) ?? [];
  for (const { client, local, route } of facts.ways) {
    const way = known(route);
    const home = interfaces.find(({ addresses }) => addresses.some(({ address }) => address === local));
    if (!group.clients.has(client) || way === null || way.interface === null || way.type === 'local') continue;
    if (home === undefined || home.linkType === 'loopback' || home.name === way.interface) continue;
    const evidence = `ip route get ${client}: the SYN-ACK leaves by ${way.interface}, and ${local} is an address of ${home.name}`;
    return [{ cause: 'answers-by-another-interface', confidence: 'likely', evidence: [evidence], explains: 0 }];
  }
  return [];
}

function judgeFlood(host: HostCase, group: Troubled): Ruling[] {
  const moved = host.moved('TcpExtTCPReqQFullDoCookies', 'TcpExtTCPReqQFullDrop');
  if (group.attempts === 0 || moved === null || moved === 0) return [];
  const evidence = [
    `${host.words('TcpExtTCPReqQFullDoCookies', 'TcpExtTCPReqQFullDrop', 'TcpExtSyncookiesSent')}: half-open connections filled the SYN queue`,
  ];
  const isMany = group.clients.size >= MANY_CLIENTS;
  return isMany ? [{ cause: 'syn-flood', confidence: 'likely', evidence, explains: group.attempts }] : [];
}

/** A flood comes from many addresses; a few clients behind a broken path are no flood. */
const MANY_CLIENTS = 30;
