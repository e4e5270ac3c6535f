/**
 * Step 6: what stands between the SYN in the capture and the answer on the wire. The capture sees packets before the firewall, the reverse path filter and TCP; the
 * counters of the namespace tell which of them took the SYNs (measured: kernel 6.18, one fault at a time). Counters are the whole host's: a finding fails only
 * where their numbers fit the attempts.
 */
import { type Fact, isKnown, known, type PortFacts } from '../diagnosis/port-facts.ts';
import { counted } from '../report/render/text.ts';
import { type Finding, fail, makeStep, pass, type Step, unseen, warn } from './checkup.ts';
import type { ClientLegs, LegsFacts } from './legs.ts';

type Counters = Readonly<Record<string, number>>;

/** Counters that name a drop of a SYN by themselves. */
const NAMED: readonly {
  readonly id: string;
  readonly counters: readonly string[];
  readonly words: string;
  readonly advice: string;
}[] = [
  {
    id: 'reverse-path-filter',
    counters: ['TcpExtIPReversePathFilter'],
    words: 'were dropped by the reverse path filter: the way back to their sender leads over another interface',
    advice:
      'put the routes right, or loosen the filter: sysctl net.ipv4.conf.all.rp_filter=2 (and that of the interface)',
  },
  {
    id: 'no-return-route',
    counters: ['IpOutNoRoutes', 'Ip6OutNoRoutes'],
    words: 'had no route: this host does not know the way back to the client',
    advice: 'add a route to the client: ip route get CLIENT shows what is missing',
  },
  {
    id: 'address-not-here',
    counters: ['IpInAddrErrors', 'Ip6InAddrErrors'],
    words: 'were for an address that this host does not have',
    advice: 'give this host the address (a virtual address that has moved, a load balancer): ip address',
  },
  {
    id: 'md5-or-ao-key',
    counters: [
      'TcpExtTCPMD5NotFound',
      'TcpExtTCPMD5Unexpected',
      'TcpExtTCPMD5Failure',
      'TcpExtTCPAORequired',
      'TcpExtTCPAOKeyNotFound',
      'TcpExtTCPAOBad',
    ],
    words: 'were dropped because their TCP-MD5 or TCP-AO signature is missing, unexpected or wrong',
    advice: 'give both sides the same key',
  },
  {
    id: 'bad-checksum',
    counters: ['TcpInCsumErrors'],
    words: 'had a wrong TCP checksum',
    advice: 'look for a broken offload on the way (a virtual or VXLAN interface): ethtool -K IFACE tx off',
  },
];

export function judgeBetween(facts: PortFacts, legs: Fact<LegsFacts>): Step {
  const commands = ['nstat -s', 'nft list ruleset', 'iptables -nvL; ip6tables -nvL', 'ip route get CLIENT; ip neigh'];
  const { counters } = facts;
  if (!isKnown(counters))
    return makeStep('between', [unseen('counters', `the kernel's counters: ${counters.unknown}`)], commands);
  if (!isKnown(legs)) {
    const named = NAMED.flatMap((drop) => judgeNamed(drop, counters, 0));
    return makeStep(
      'between',
      [...named, unseen('between', 'without packets nobody knows which SYNs were lost')],
      commands,
    );
  }
  const findings = [
    ...legs.clients.flatMap(judgeSender),
    ...judgeRefused(counters, legs),
    ...judgeUnanswered(facts, counters, legs),
  ];
  if (findings.length === 0) findings.push(pass('between', 'no SYN was lost on this host, and none was turned away'));
  return makeStep('between', findings, commands);
}

function judgeUnanswered(facts: PortFacts, counters: Counters, legs: LegsFacts): Finding[] {
  const syns = legs.clients.reduce((sum, { unansweredSyns }) => sum + unansweredSyns, 0);
  if (syns === 0) return [];
  const named = NAMED.flatMap((drop) => judgeNamed(drop, counters, syns));
  if (named.some(({ status }) => status === 'fail')) return named;
  // Full queues are told in steps 2 and 4.
  if (moved(counters, 'TcpExtListenOverflows') + moved(counters, 'TcpExtTCPReqQFullDrop') >= syns) {
    return [
      ...named,
      pass('queues', `the ${counted(syns, 'SYN')} without an answer reached TCP, which had no room (steps 2 and 4)`),
    ];
  }
  return [...named, ...(judgeEgress(facts, counters, legs) ?? judgeIngress(counters, syns))];
}

function judgeNamed(drop: (typeof NAMED)[number], counters: Counters, syns: number): Finding[] {
  const times = drop.counters.reduce((sum, name) => sum + moved(counters, name), 0);
  if (times === 0) return [];
  const which = drop.counters.filter((name) => moved(counters, name) > 0).join(', ');
  const evidence = `${counted(times, 'packet')} ${drop.words} (${which}${syns > 0 ? `; ${counted(syns, 'SYN')} got no answer` : ''})`;
  return [(syns > 0 && times >= syns ? fail : warn)(drop.id, evidence, drop.advice)];
}

/** The kernel holds a half-open connection of a client whose SYN-ACK never was on the wire: it made the SYN-ACK, and lost it on the way out. */
function judgeEgress({ sockets }: PortFacts, counters: Counters, { clients }: LegsFacts): Finding[] | null {
  const halfOpen = new Set((known(sockets)?.synReceivedByPeer ?? []).map(({ address }) => address));
  const silent = clients.filter(({ client, unansweredSyns }) => unansweredSyns > 0 && halfOpen.has(client));
  const [first] = silent;
  if (first === undefined) return null;
  const held = `the kernel answered ${first.client} (ss shows SYN-RECV), and its SYN-ACK never left this host`;
  const untransmitted = moved(counters, 'IpOutRequests') - moved(counters, 'IpOutTransmits');
  if (counters['IpOutTransmits'] !== undefined && untransmitted > 0) {
    return [
      fail(
        'own-output-drop',
        `${held}: ${counted(untransmitted, 'packet')} were dropped on their way out (IpOutRequests - IpOutTransmits)`,
        'look for the rule: nft list ruleset (output and postrouting), tc filter show dev IFACE egress, BPF programs of the control group',
      ),
    ];
  }
  return [
    fail(
      'neighbour-or-egress',
      `${held}: the next hop does not answer ARP or neighbour discovery, or something drops behind the IP layer`,
      `look at the neighbour: ip route get ${first.client}; ip neigh`,
    ),
  ];
}

/** Packets that IP took in and did not hand to TCP, less those that other counters explain. */
function judgeIngress(counters: Counters, syns: number): Finding[] {
  const lost = ['Ip', 'Ip6'].reduce((sum, family) => sum + Math.max(0, undelivered(counters, family)), 0);
  const advice =
    'look for the rule: nft list ruleset, iptables -nvL (its counters move with each SYN); firewall-cmd --list-all, ufw status';
  if (lost >= syns) {
    return [
      fail(
        'own-firewall',
        `${counted(syns, 'SYN')} came in and got no answer, and ${counted(lost, 'packet')} never reached TCP: a rule of this host's firewall drops them (input, prerouting)`,
        advice,
      ),
    ];
  }
  const taken = moved(counters, 'IpInReceives') + moved(counters, 'Ip6InReceives');
  if (taken < syns) {
    return [
      fail(
        'dropped-at-interface',
        `${counted(syns, 'SYN')} are in the capture, and IP took in only ${counted(taken, 'packet')}: they were dropped at the interface (tc or nft ingress), or are for another host's MAC`,
        'look at the interface: tc filter show dev IFACE ingress; nft list ruleset netdev; ip -d link show IFACE',
      ),
    ];
  }
  return [
    warn(
      'unexplained',
      `${counted(syns, 'SYN')} got no answer, and no counter tells why`,
      'watch the drops of the kernel: perf trace -e skb:kfree_skb, dropwatch',
    ),
  ];
}

function undelivered(counters: Counters, family: string): number {
  const of = (name: string): number => moved(counters, family + name);
  const explained = of('ForwDatagrams') + of('InHdrErrors') + of('InAddrErrors') + of('InDiscards') + of('InNoRoutes');
  const reassembled = of('ReasmReqds') - of('ReasmOKs');
  const filtered = family === 'Ip' ? moved(counters, 'TcpExtIPReversePathFilter') : 0;
  return of('InReceives') - of('InDelivers') - explained - reassembled - filtered;
}

/** Who sent the RSTs: TCP of this host counts its own. */
function judgeRefused(counters: Counters, { clients }: LegsFacts): Finding[] {
  const refused = clients.reduce((sum, { byVerdict }) => sum + (byVerdict.refused ?? 0), 0);
  if (refused === 0) return [];
  const resets = moved(counters, 'TcpOutRsts');
  if (resets >= refused) {
    return [
      pass(
        'refused-by-kernel',
        `TCP of this host itself sent the resets (TcpOutRsts moved by ${resets}): nothing listens on that address and port (step 2)`,
      ),
    ];
  }
  return [
    fail(
      'rejected-with-reset',
      `${counted(refused, 'attempt')} were answered with a RST that TCP of this host did not send (TcpOutRsts moved by ${resets}): a firewall rule rejects with a TCP reset`,
      "look for the rule: nft list ruleset | grep 'reject with tcp reset'; iptables -nvL | grep tcp-reset",
    ),
  ];
}

/** Where the packets themselves name who turned the client away. */
function judgeSender({ client, failed, server }: ClientLegs): Finding[] {
  const icmp = failed?.icmp ?? null;
  if (icmp !== null) {
    const leg = icmp.quotes === 'syn-ack' ? 'the SYN-ACK' : 'the SYN';
    const who =
      icmp.from === server.address
        ? 'this host itself: a rule of its firewall rejects'
        : `${icmp.from}: a router or firewall on the way`;
    return [
      fail(
        'rejected-by',
        `${leg} of ${client} was turned away with ICMP "${icmp.meaning}" by ${who}`,
        icmp.from === server.address
          ? 'look for the rule: nft list ruleset | grep reject'
          : `ask whoever runs ${icmp.from}`,
      ),
    ];
  }
  if (failed?.reset?.suspect === 'middlebox') {
    return [
      warn(
        'reset-by-middlebox',
        `the RST to ${client} has a TTL (${failed.reset.ttl}) that does not fit that side's other packets: something on the way sent it`,
        'capture at both ends: only one of them has the RST',
      ),
    ];
  }
  return [];
}

function moved(counters: Counters, name: string): number {
  return counters[name] ?? 0;
}
