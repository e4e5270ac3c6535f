/** The steps for a port of another host, judged from the client: name, route, handshake, and where SYNs get lost. */
import { type Fact, isKnown } from '../diagnosis/port-facts.ts';
import type { Handshake, LegName } from '../handshake/handshake.ts';
import { counted, duration, endpoint } from '../report/render/text.ts';
import { VERDICT_WORDS } from '../report/render/words.ts';
import { type Finding, fail, makeStep, pass, type Step, unseen, warn } from './checkup.ts';
import { outcomeWords } from './connects.ts';
import type { Hop, NameFacts, RemoteConnect, RouteFacts, TraceFacts } from './remote.ts';

/** A lookup that takes longer than this makes people believe that the connection is slow. */
const SLOW_LOOKUP_SECONDS = 2;
/** A SYN is repeated after one second at the earliest (RFC 6298 §2.1). */
const SLOW_CONNECT_SECONDS = 0.95;

const LOOKUP_ERRORS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'there is no such name, or it has no address',
  EAI_AGAIN: 'no name server answered',
  EAI_FAIL: 'the name server can not answer',
};

export function judgeName({ host, addresses, error, seconds, numeric }: NameFacts): Step {
  const commands = [`getent ahosts ${host}`, 'cat /etc/resolv.conf'];
  if (numeric) return makeStep('name', [pass('address', `${host} is an address: nothing to look up`)], []);
  if (error !== null) {
    const words = LOOKUP_ERRORS[error] ?? 'the lookup failed';
    const evidence = `${host} stands for no address: ${words} (${error}, after ${duration(seconds)})`;
    return makeStep(
      'name',
      [fail('name-not-found', evidence, 'check the spelling, /etc/hosts, and the name servers')],
      commands,
    );
  }
  const four = addresses.filter((address) => !address.includes(':')).length;
  const families = `${four} of IPv4, ${addresses.length - four} of IPv6`;
  const evidence = `${host} stands for ${counted(addresses.length, 'address', 'addresses')} (${families}): ${addresses.join(', ')}; looked up in ${duration(seconds)}`;
  const finding =
    seconds >= SLOW_LOOKUP_SECONDS
      ? warn(
          'name-slow',
          evidence,
          'the first name server does not answer, and the next one is asked after seconds: /etc/resolv.conf',
        )
      : pass('name', evidence);
  return makeStep('name', [finding], commands);
}

export function judgeRoutes(routes: readonly RouteFacts[]): Step {
  const addresses = routes.map(({ address }) => address);
  const findings = routes.map(judgeRoute);
  // A host without IPv6 has no route to the IPv6 addresses of a name, and misses nothing: programmes take the others.
  const hasWay = findings.some(({ status }) => status === 'pass');
  return makeStep('route', hasWay ? findings.map(besideAnother) : findings, [
    ...addresses.slice(0, 3).map((address) => `ip route get ${address}`),
    'ip neigh',
  ]);
}

/** What would be a fault of the only address is a warning where another one works: programmes try one after the other. */
function besideAnother(finding: Finding): Finding {
  return finding.status === 'fail' ? { ...finding, status: 'warn' } : finding;
}

function judgeRoute({ address, route }: RouteFacts): Finding {
  if (!isKnown(route)) {
    const isMissing = /unreachable|prohibited|not permitted|invalid/i.test(route.unknown);
    if (!isMissing) return unseen('route', `the route to ${address}: ${route.unknown}`);
    return fail(
      'no-route',
      `this host has no route to ${address} (${route.unknown})`,
      'add a route, or a default route: ip route',
    );
  }
  const { type, gateway, neighbour } = route;
  const way = `${address} by ${gateway === null ? '' : `${gateway} on `}${route.interface}${route.source === null ? '' : `, from ${route.source}`}`;
  if (type === 'unreachable' || type === 'prohibit' || type === 'blackhole') {
    return fail(
      'route-says-no',
      `the route to ${address} is of type ${type}: this host turns the connection away itself`,
      `look for that route: ip route show type ${type}`,
    );
  }
  if (neighbour === 'FAILED' || neighbour === 'INCOMPLETE') {
    return fail(
      'neighbour-silent',
      `${way}: the next hop ${gateway ?? address} does not answer ARP or neighbour discovery (${neighbour})`,
      'is it up, on this link, in this VLAN, with this address? arping, ndisc6',
    );
  }
  return pass('route', `${way}${neighbour === null ? '' : `, next hop ${neighbour}`}`);
}

export function judgeRemoteConnects(connects: readonly RemoteConnect[]): Step {
  const [first] = connects;
  const works = connects.some((connect) => connect.outcome === 'connected' && !isWithoutWindow(connect));
  const findings = connects.flatMap((connect) => judgeRemoteConnect(connect, works));
  const port = first?.port ?? 0;
  return makeStep('handshake', findings, [
    ...connects.slice(0, 2).map(({ address }) => `nc -vz ${address} ${port}`),
    `tcpdump -ni any 'tcp port ${port} or icmp or icmp6 or arp'`,
  ]);
}

function judgeRemoteConnect(connect: RemoteConnect, works: boolean): Finding[] {
  const { outcome, seconds, handshake, afterwards } = connect;
  const where = `a connect to ${endpoint(connect)}`;
  const seen = isKnown(handshake) ? handshake : null;
  const packets =
    seen === null ? '' : ` On the wire: ${seen.verdict} (${VERDICT_WORDS[seen.verdict].phrase}). ${seen.reason}`;
  const findings: Finding[] = [];
  if (outcome !== 'connected') {
    const evidence = `${where} failed after ${duration(seconds)}: ${outcomeWords(outcome)}.${packets}`;
    findings.push(fail(`connect-${outcome.toLowerCase()}`, evidence, adviceFor(connect, seen)));
  } else if (afterwards === 'closed' || afterwards === 'reset') {
    findings.push(
      warn(
        `${afterwards}-at-once`,
        `${where} succeeded in ${duration(seconds)}, and the server ${afterwards} it at once.${packets}`,
        'the way is free: look into the log of the service',
      ),
    );
  } else if (seconds >= SLOW_CONNECT_SECONDS) {
    findings.push(
      warn(
        'connect-slow',
        `${where} succeeded only after ${duration(seconds)}: a SYN or SYN-ACK was lost, or the answer takes that long.${packets}`,
        'look for loss or delay on the way, or a full accept queue on the server',
      ),
    );
  } else {
    findings.push(pass('connected', `${where} succeeded in ${duration(seconds)}.${packets}`));
  }
  findings.push(...judgePackets(connect, handshake));
  return works ? findings.map(besideAnother) : findings;
}

/** What only the packets tell. */
function judgePackets(connect: RemoteConnect, handshake: Fact<Handshake | null>): Finding[] {
  if (!isKnown(handshake))
    return [unseen('packets', `the handshake with ${endpoint(connect)} could not be seen: ${handshake.unknown}`)];
  if (handshake === null) {
    if (connect.outcome === 'connected') return [];
    return [
      fail(
        'syn-never-left',
        `no SYN to ${endpoint(connect)} was ever on the wire: this host itself keeps it (a rule of its own firewall, no neighbour, no free port)`,
        'look at nft list ruleset (output), ip neigh, ss -s',
      ),
    ];
  }
  const answers = judgeAnswer(connect, handshake);
  if (handshake.reset?.suspect === 'middlebox') {
    return [
      ...answers,
      warn(
        'reset-by-middlebox',
        `the RST has a TTL (${handshake.reset.ttl}) that does not fit the server's other packets: something on the way sent it`,
        'capture on the server, too: if it sent no RST, a firewall did',
      ),
    ];
  }
  return answers;
}

/** Who answered the SYN: others than the server may. */
function judgeAnswer(connect: RemoteConnect, { notes }: Handshake): Finding[] {
  const findings = notes.includes('several-syn-acks') ? [severalAnswers(connect)] : [];
  const hasNoWindow = notes.includes('syn-ack-no-window');
  if (isWithoutWindow(connect)) {
    const evidence = `the SYN-ACK of ${endpoint(connect)} offers no window, as that of a SYN proxy does, and none was opened behind it: that it connects proves nothing, and nothing can be sent`;
    return [...findings, fail('window-not-opened', evidence, adviceOnProxy(connect))];
  }
  const isElsewhere = notes.includes('answered-from-elsewhere');
  if (!hasNoWindow && !isElsewhere) return findings;
  const looks = [
    ...(hasNoWindow ? ['offers no window, as that of a SYN proxy does'] : []),
    ...(isElsewhere ? ['has crossed another number of routers than what the server sends next'] : []),
  ];
  const evidence = `the SYN-ACK of ${endpoint(connect)} ${looks.join(', and ')}: something before the server may answer in its name, and then it proves nothing that it connects`;
  return [...findings, warn('answered-by-proxy', evidence, adviceOnProxy(connect))];
}

/** It connects, and nothing can be said. */
function isWithoutWindow({ handshake }: RemoteConnect): boolean {
  return (isKnown(handshake) && handshake?.notes.includes('window-not-opened')) === true;
}

function adviceOnProxy({ port }: RemoteConnect): string {
  return `find what protects it from SYN floods on the way (a firewall, a balancer); on the server itself, tripod doctor ${port} tells what comes through`;
}

function severalAnswers(connect: RemoteConnect): Finding {
  return warn(
    'several-answers',
    `different SYN-ACKs answered the SYN to ${endpoint(connect)}: two hosts have the address, a balancer sent it to two, or the server began anew in between`,
    `on the link of ${connect.address}: arping -D -c 3 -I INTERFACE ${connect.address} shows whether two hosts have it; compare what ARP and ND say (ip neigh) with the server's own MAC address`,
  );
}

function adviceFor({ outcome, port }: RemoteConnect, handshake: Handshake | null): string {
  if (handshake?.icmp)
    return `${handshake.icmp.from} turned it away with ICMP "${handshake.icmp.meaning}": ask whoever runs it`;
  if (outcome === 'ECONNREFUSED')
    return `nothing listens there, or a firewall rejects: on the server, tripod doctor ${port}`;
  if (handshake?.verdict === 'no-ack')
    return 'the SYN-ACK came, and this host did not take it: look at its own firewall';
  if (outcome === 'timeout')
    return `something drops without a word: see where in the next step; on the server, tripod doctor ${port}`;
  return 'see which hop says so in the next step';
}

/** The leg that the own handshakes lack; null when none failed, or none was seen. */
export function missingLegOf(connects: readonly RemoteConnect[]): LegName | null {
  for (const { handshake } of connects) {
    if (isKnown(handshake) && handshake !== null && handshake.missingLeg !== null) return handshake.missingLeg;
  }
  return null;
}

/** @param works another address of the name takes connections */
export function judgeTraces(port: number, traces: readonly TraceFacts[], works = false): Step {
  const findings = traces.map((trace) => judgeTrace(port, trace));
  const commands = traces.map(({ address }) => `tcptraceroute ${address} ${port}`);
  return makeStep('trace', works ? findings.map(besideAnother) : findings, commands);
}

function judgeTrace(port: number, { address, hops }: TraceFacts): Finding {
  const target = endpoint({ address, port });
  if (!isKnown(hops)) return unseen('trace', `no trace to ${target}: ${hops.unknown}`);
  const last = hops.at(-1);
  const answered = hops.findLast(({ from }) => from !== null);
  const way = hops.map(hopWords).join(' -> ');
  if (last?.answer === 'connected') return pass('reached', `${target} is reached at hop ${last.ttl}: ${way}`);
  if (last?.answer === 'refused') {
    const nearer =
      last.ttl <= 1
        ? ' (that near, it is a firewall on the first hop that refuses in its name, or the host is on this link)'
        : '';
    return pass('refused-at', `a RST comes from hop ${last.ttl}${nearer}: ${way}`);
  }
  if (last?.answer === 'unreachable') {
    // A router that forwards the SYN's TTL and then says no was met one hop before, too.
    const ttl = hops.find(({ from }) => from === last.from)?.ttl;
    return fail(
      'turned-away-at',
      `SYNs to ${target} are turned away by ${last.from} (hop ${ttl}) with ICMP type ${last.icmp?.type} code ${last.icmp?.code}: ${way}`,
      `ask whoever runs ${last.from}: a rule or a missing route there`,
    );
  }
  if (answered === undefined) {
    return fail(
      'filtered-at',
      `SYNs to ${target} get lost at the first hop: nobody answers, not even the nearest router`,
      "look at this host's own firewall and at the next hop: nft list ruleset; ip neigh",
    );
  }
  return fail(
    'filtered-at',
    `SYNs to ${target} get lost behind ${answered.from} (hop ${answered.ttl}), the last that answered; hop ${answered.ttl + 1} or what is behind it filters them: ${way}`,
    `ask whoever runs ${answered.from} and what is behind it; with a port that works the trace shows the hops that follow: tcptraceroute ${address} 443`,
  );
}

function hopWords({ ttl, from, answer, icmp }: Hop): string {
  switch (answer) {
    case 'time-exceeded':
      return `${ttl} ${from}`;
    case 'unreachable':
      return `${ttl} ${from} (ICMP ${icmp?.type}/${icmp?.code})`;
    case 'connected':
      return `${ttl} connected`;
    case 'refused':
      return `${ttl} RST`;
    case 'silent':
      return `${ttl} *`;
  }
}
