/** Step 4: the sockets of the port by state, and the limits that they run into. */
import { type NarrowPath, narrowPathIn, narrowPathWords } from '../diagnosis/host-sending.ts';
import {
  type Fact,
  isKnown,
  known,
  type PortFacts,
  type PortSockets,
  SOCKET_STATES,
  type Usage,
} from '../diagnosis/port-facts.ts';
import { count, counted } from '../report/render/text.ts';
import { type Finding, fail, makeStep, pass, type Step, unseen, warn } from './checkup.ts';

const NEAR = 0.9;
/** CLOSE-WAIT below this is everyday life. */
const MANY_CLOSE_WAIT = 100;

/** @param came clients of other hosts whose handshakes were seen to complete; null when nobody has looked yet */
export function judgeSockets(facts: PortFacts, came: ReadonlySet<string> | null): Step {
  const { sockets, port } = facts;
  const findings: Finding[] = [];
  if (isKnown(sockets)) {
    findings.push(...judgeHalfOpen(facts, sockets), ...judgeCloseWait(sockets), ...judgeSending(facts, came));
    findings.push(states(sockets));
  } else {
    findings.push(unseen('sockets', `the sockets could not be read: ${sockets.unknown}`));
  }
  findings.push(...judgeLimits(facts));
  return makeStep('sockets', findings, [
    `ss -Htan 'sport = :${port}' | awk '{print $1}' | sort | uniq -c`,
    `ss -tino 'sport = :${port}'`,
    'ss -s; sysctl net.core.somaxconn net.ipv4.tcp_max_syn_backlog net.netfilter.nf_conntrack_count net.netfilter.nf_conntrack_max',
  ]);
}

function states({ states }: PortSockets): Finding {
  const words = SOCKET_STATES.flatMap((state) =>
    states[state] === undefined ? [] : [`${count(states[state])} ${state}`],
  );
  return pass('states', words.length === 0 ? 'no socket has the port' : words.join(', '));
}

/** Half-open handshakes: a flood, or third legs that do not come. */
function judgeHalfOpen({ counters, limits }: PortFacts, sockets: PortSockets): Finding[] {
  const moved = known(counters) ?? {};
  const dropped = moved['TcpExtTCPReqQFullDrop'] ?? 0;
  const cookies = moved['TcpExtTCPReqQFullDoCookies'] ?? 0;
  const halfOpen = sockets.states['SYN-RECV'] ?? 0;
  const backlogs = sockets.listeners.map(({ backlog }) => known(backlog)).filter((backlog) => backlog !== null);
  const limit = backlogs.length === 0 ? null : backlogs.reduce((sum, backlog) => sum + backlog, 0);
  const clients = `${count(halfOpen)} handshakes of ${counted(sockets.synReceivedPeers, 'client')} wait for their third leg`;
  const most = sockets.synReceivedByPeer[0];
  const mostWords =
    most === undefined || sockets.synReceivedPeers < 2 ? '' : ` (most of them, ${most.count}, of ${most.address})`;
  if (dropped > 0) {
    return [
      fail(
        'syn-queue-full',
        `the SYN queue is full: ${counted(dropped, 'SYN')} of this host were dropped for it while it was watched; ${clients}${mostWords}`,
        'turn SYN cookies on (sysctl net.ipv4.tcp_syncookies=1), then find out whether it is a flood or whether third legs do not come (step 5)',
      ),
    ];
  }
  if (limit !== null && halfOpen >= Math.max(1, limit) && known(limits.synCookies) === 0) {
    return [
      fail(
        'syn-queue-full',
        `the SYN queue is full, and SYN cookies are off: ${clients}${mostWords}, the limit is ${limit}`,
        'turn SYN cookies on (sysctl net.ipv4.tcp_syncookies=1)',
      ),
    ];
  }
  if (cookies > 0 || (limit !== null && halfOpen >= Math.max(16, limit))) {
    return [
      warn(
        'syn-cookies',
        `the SYN queue overflows, and the kernel answers with SYN cookies (${counted(cookies, 'time')} while it was watched): ${clients}${mostWords}`,
        'it works, without some TCP options; find out whether it is a flood (step 5), or raise the backlog',
      ),
    ];
  }
  return [];
}

function judgeCloseWait({ states }: PortSockets): Finding[] {
  const closeWait = states['CLOSE-WAIT'] ?? 0;
  if (closeWait < MANY_CLOSE_WAIT || closeWait < (states.ESTAB ?? 0)) return [];
  return [
    warn(
      'close-wait',
      `${count(closeWait)} connections are in CLOSE-WAIT: the clients have ended them, and the application has not closed them`,
      'the application forgets to close: each one holds an open file until none is left',
    ),
  ];
}

/** Octets of the headers of IP and ICMP. */
const PING_HEADERS = 28;
const PING_HEADERS_V6 = 48;

/** Data that does not come to clients: a fault of the path, when it is so for everybody who came; of some among others, it is theirs. */
function judgeSending(facts: PortFacts, came: ReadonlySet<string> | null): Finding[] {
  const path = narrowPathIn(facts);
  if (path === null) return [];
  const [{ client, pathMtu }] = path.connections;
  const octets = pathMtu - (client.includes(':') ? PING_HEADERS_V6 : PING_HEADERS);
  const advice = `send a full-sized packet there by hand: ping -M do -s ${octets} ${client}; tracepath -n ${client}; where it does not arrive, let ICMP 3/4 (ICMPv6 2) through, or clamp the MSS on the narrow link`;
  const isEverybody = came !== null && isOfAll(path, facts, came);
  return [(isEverybody ? fail : warn)('path-mtu', narrowPathWords(path), advice)];
}

/** Nobody is known to have got more, and it is no single connection of which the size of its segments is not known to matter. */
function isOfAll({ clients, connections, isBySize }: NarrowPath, facts: PortFacts, came: ReadonlySet<string>): boolean {
  const isServing = (known(facts.sending)?.servedClients ?? 0) > 0;
  return !isServing && [...came].every((client) => clients.has(client)) && (isBySize || connections.length > 1);
}

function judgeLimits({ limits }: PortFacts): Finding[] {
  return [
    ...judgeUsage(
      'conntrack',
      limits.conntrack,
      'tracked connections (nf_conntrack)',
      'raise net.netfilter.nf_conntrack_max, or shorten its timeouts: new connections are dropped when it is full',
      true,
    ),
    ...judgeUsage(
      'files',
      limits.files,
      'open files of the whole host',
      'raise fs.file-max, and see who has them open',
      true,
    ),
    ...judgeUsage(
      'tcp-memory',
      limits.tcpMemory,
      'pages of memory for TCP',
      'raise net.ipv4.tcp_mem, and see which sockets hold unread data: ss -tm',
      false,
    ),
    ...judgeUsage(
      'orphans',
      limits.orphans,
      'connections without a process (orphans)',
      'raise net.ipv4.tcp_max_orphans, or shorten net.ipv4.tcp_fin_timeout',
      false,
    ),
    ...judgeUsage(
      'time-wait',
      limits.timeWait,
      'connections in TIME-WAIT',
      'keep connections open for more than one request; net.ipv4.tcp_max_tw_buckets is the limit, beyond which they are just forgotten',
      false,
    ),
  ];
}

/** @param fatal at the limit new connections fail */
function judgeUsage(id: string, usage: Fact<Usage>, what: string, advice: string, fatal: boolean): Finding[] {
  if (!isKnown(usage)) return [];
  const { used, limit } = usage;
  if (limit <= 0 || used < limit * NEAR) return [];
  const evidence = `${count(used)} ${what}, the limit is ${count(limit)}`;
  if (used < limit) return [warn(`${id}-near-limit`, evidence, advice)];
  return [(fatal ? fail : warn)(`${id}-exhausted`, evidence, advice)];
}
