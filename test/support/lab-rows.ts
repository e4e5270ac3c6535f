/**
 * The rows of the lab: one fault each, put on a real kernel, and what must be said of it. Data: stage.py builds them, lab-run.ts puts `tripod doctor` beside them.
 * Letters are those of the catalogue of causes (docs/causes.md).
 */
import type { Diagnosis, LegName, VerdictName } from '../../src/handshake/handshake.ts';

type Role = 'client' | 'middle' | 'server';
/** A shell command in a namespace. */
type Fault = readonly [role: Role, command: string];

/** A function of stage.py, and its arguments. */
type Doing = { readonly does: string; readonly [option: string]: unknown };

/** What fixtures/lab/stage.py is told. */
interface Stage {
  readonly topology?: 'direct' | 'routed' | 'wired' | 'two-links' | 'twins';
  readonly wire?: string;
  readonly ipv6?: boolean;
  readonly servers: readonly Doing[];
  readonly faults?: readonly Fault[];
  /** BPF programmes that drop: kinds of programs.py, and the interface; those of a control group are put on that of the servers. */
  readonly programs?: readonly (readonly [kind: string, place: string])[];
  readonly clients: readonly Doing[];
  /** Clients that begin before anybody looks. */
  readonly early?: readonly Doing[];
}

export interface LabRow {
  readonly name: string;
  /** Rows of the catalogue. */
  readonly row: string;
  readonly what: string;
  readonly stage: Stage;
  /** The words after `tripod doctor` that name the port; a port alone runs on the server. */
  readonly target?: string;
  /** It runs on the router instead: a NAT box, or the host before a container. */
  readonly at?: 'router';
  /** What must be said; null for a port that is well: no fault, and no cause but those of `mayName`. */
  readonly say: Said | null;
  /** What `tripod live` must say, where that is less; nothing where no packet comes to a capture; well where the handshakes are. */
  readonly sayLive?: Said | 'nothing' | 'well';
  /** What it must say of the port then. */
  readonly sayOfPort?: RegExp;
  /** Findings that doctor must tell, by their name: what has no cause of its own. */
  readonly finds?: readonly string[];
  /** Causes that may be named beside: of somebody who is no client, as a warning. */
  readonly mayName?: readonly string[];
}

interface Said {
  /** Of the failed attempts; null where the handshakes complete. */
  readonly verdict: VerdictName | null;
  /** That most of them lack. */
  readonly leg: LegName | null;
  /** The first; null where the catalogue has no name for it, or that place can't tell: then none may be more than possible. */
  readonly cause: string | null;
  /** At least. */
  readonly confidence: Diagnosis['confidence'];
  /** Has to be among the causes, wherever. */
  readonly among?: string;
  /** The port itself is well: a warning, and no fault. */
  readonly harmless?: true;
}

export const LAB_PORT = 2323;

const ACCEPT = [{ does: 'accept' }];
const VISIT = [{ does: 'visit' }];

/** A table with one chain and one rule. */
function nft(hook: string, rule: string, priority = 0, role: Role = 'server'): Fault[] {
  return [
    [role, `nft 'add table inet lab'`],
    [role, `nft 'add chain inet lab ${hook} { type filter hook ${hook} priority ${priority}; }'`],
    [role, `nft 'add rule inet lab ${hook} ${rule}'`],
  ];
}

function sysctl(...settings: readonly string[]): Fault[] {
  return settings.map((setting) => ['server', `sysctl -qw ${setting}`]);
}

/** The leg that a verdict names as missing. */
function legOf(verdict: VerdictName | null): LegName | null {
  if (verdict === null) return null;
  return ['no-syn-ack', 'refused', 'rejected', 'challenged'].includes(verdict) ? 'syn-ack' : 'ack';
}

function proven(verdict: VerdictName | null, cause: string): Said {
  return { verdict, leg: legOf(verdict), cause, confidence: 'proven' };
}

function harmless(verdict: VerdictName | null, cause: string, confidence: Said['confidence']): Said {
  return { verdict, leg: legOf(verdict), cause, confidence, harmless: true };
}

function possible(verdict: VerdictName | null, cause: string): Said {
  return { verdict, leg: legOf(verdict), cause, confidence: 'possible' };
}

function likely(verdict: VerdictName | null, cause: string): Said {
  return { verdict, leg: legOf(verdict), cause, confidence: 'likely' };
}

/** What can't be told from there: causes that look alike are named as possible, `among` with them. */
function open(verdict: VerdictName | null, among?: string): Said {
  const said = { verdict, leg: legOf(verdict), cause: null, confidence: 'possible' } as const;
  return among === undefined ? said : { ...said, among };
}

/** Rewrites the address that the client asks for, and does not track it. */
const TRANSLATED = 'ip daddr 10.9.5.5 tcp dport 2323 notrack ip daddr set';
/** A host before a container: its port leads to that of the server. */
const PUBLISHED: readonly Fault[] = [
  ['middle', `nft 'add table ip nat; add chain ip nat pre { type nat hook prerouting priority -100; }'`],
  ['middle', `nft 'add rule ip nat pre iif r0 tcp dport ${LAB_PORT} dnat to 10.9.1.2:${LAB_PORT}'`],
];
/** Another port of the same host has the service. */
const REDIRECTED: readonly Fault[] = [
  ['server', `nft 'add table ip nat; add chain ip nat pre { type nat hook prerouting priority -100; }'`],
  ['server', `nft 'add rule ip nat pre iif s0 tcp dport ${LAB_PORT} redirect to :8080'`],
];
/** A NAT with four ports for everybody. */
const FOUR_PORTS: readonly Fault[] = [
  ['middle', `nft 'add table ip nat'`],
  ['middle', `nft 'add chain ip nat post { type nat hook postrouting priority 100; }'`],
  ['middle', `nft 'add rule ip nat post oif r1 tcp dport ${LAB_PORT} masquerade to :40000-40003'`],
];
/** The router answers SYNs itself, and opens the connection to the server when the client's ACK has come (nft(8), synproxy). */
const SYN_PROXY: readonly Fault[] = [
  ...nft('prerouting', `iif r0 tcp dport ${LAB_PORT} tcp flags & (syn | ack) == syn notrack`, -300, 'middle'),
  ['middle', `nft 'add chain inet lab forward { type filter hook forward priority 0; }'`],
  [
    'middle',
    `nft 'add rule inet lab forward tcp dport ${LAB_PORT} ct state invalid,untracked synproxy mss 1460 wscale 7 timestamp sack-perm'`,
  ],
  ['middle', `nft 'add rule inet lab forward ct state invalid drop'`],
  ['middle', 'sysctl -qw net.netfilter.nf_conntrack_tcp_loose=0'],
];
/** The address has two hosts, and both have the service. */
const TWO_SERVERS = {
  topology: 'twins',
  servers: [...ACCEPT, { does: 'accept', at: 'twin' }],
} as const;
const AT_ROUTER = { to: '10.9.0.254' };
/** A tunnel between the two hosts, each of whose datagrams has a checksum; what is in it has addresses of its own. */
const TUNNEL: readonly Fault[] = (['client', 'server'] as const).flatMap((role, at): Fault[] => {
  const [here, there] = [at + 1, 2 - at];
  const lower = `${role[0]}0`;
  return [
    [role, `ip link add vx0 type vxlan id 42 remote 10.9.0.${there} dstport 4789 udpcsum dev ${lower}`],
    [role, `ip addr add 10.8.0.${here}/24 dev vx0`],
    [role, `ip link set vx0 address 02:08:00:00:00:0${here} mtu 1400 up`],
    [role, `ip neigh replace 10.8.0.${there} lladdr 02:08:00:00:00:0${there} dev vx0 nud permanent`],
  ];
});

export const LAB_ROWS: readonly LabRow[] = [
  // The SYN comes, and nothing leaves.
  {
    name: 'nft-input-drop',
    row: 'B1',
    what: 'the host’s nftables drop the SYNs on input',
    stage: { servers: ACCEPT, faults: nft('input', `tcp dport ${LAB_PORT} counter drop`), clients: VISIT },
    say: proven('no-syn-ack', 'local-firewall-drop'),
  },
  {
    name: 'nft-drop-uncounted',
    row: 'B1',
    what: 'the same by a rule without a counter',
    stage: { servers: ACCEPT, faults: nft('input', `iif s0 tcp dport ${LAB_PORT} drop`), clients: VISIT },
    say: proven('no-syn-ack', 'local-firewall-drop'),
  },
  {
    name: 'nft-prerouting-drop',
    row: 'B1',
    what: 'nftables drop the SYNs before routing, by a set of ports',
    stage: {
      servers: ACCEPT,
      faults: nft('prerouting', `tcp dport { 22, ${LAB_PORT}, 8080 } counter drop`, -300),
      clients: VISIT,
    },
    say: proven('no-syn-ack', 'local-firewall-drop'),
  },
  {
    name: 'nft-policy-drop',
    row: 'B1',
    what: 'a chain whose policy is drop forgets the port',
    stage: {
      servers: ACCEPT,
      faults: [
        [
          'server',
          `nft 'add table inet lab; add chain inet lab input { type filter hook input priority 0; policy drop; }'`,
        ],
        ['server', `nft 'add rule inet lab input iif lo accept; add rule inet lab input tcp dport 22 accept'`],
        ['server', `nft 'add rule inet lab input ct state established,related accept'`],
      ],
      clients: VISIT,
    },
    say: proven('no-syn-ack', 'local-firewall-drop'),
  },
  {
    name: 'iptables-drop',
    row: 'B1',
    what: 'iptables (nf_tables) drop the SYNs',
    stage: {
      servers: ACCEPT,
      faults: [['server', `iptables -A INPUT -i s0 -p tcp --dport ${LAB_PORT} -j DROP`]],
      clients: VISIT,
    },
    say: proven('no-syn-ack', 'local-firewall-drop'),
  },
  {
    name: 'iptables-legacy-drop',
    row: 'B1',
    what: 'iptables (legacy) drop the SYNs',
    stage: {
      servers: ACCEPT,
      faults: [['server', `iptables-legacy -A INPUT -i s0 -p tcp --dport ${LAB_PORT} -j DROP`]],
      clients: VISIT,
    },
    say: proven('no-syn-ack', 'local-firewall-drop'),
  },
  {
    name: 'one-client-dropped',
    row: 'B1',
    what: 'nftables drop one client of two',
    stage: {
      servers: ACCEPT,
      faults: [
        ['client', 'ip addr add 10.9.0.3/24 dev c0'],
        ...nft('input', `ip saddr 10.9.0.3 tcp dport ${LAB_PORT} counter drop`),
      ],
      clients: [{ does: 'visit' }, { does: 'visit', source: '10.9.0.3' }],
    },
    say: proven('no-syn-ack', 'local-firewall-drop'),
  },
  {
    name: 'some-dropped-some-queued',
    row: 'B1',
    what: 'nftables drop clients of a set of addresses, and the others find a full accept queue',
    stage: {
      servers: [{ does: 'never-accept', backlog: 2 }],
      faults: [
        ['client', 'ip addr add 10.9.0.65/24 dev c0; ip addr add 10.9.0.66/24 dev c0'],
        [
          'server',
          `nft 'add table inet lab; add set inet lab bad { type ipv4_addr; flags interval; elements = { 10.9.0.64/26 }; }'`,
        ],
        ['server', `nft 'add chain inet lab input { type filter hook input priority 0; }'`],
        ['server', `nft 'add rule inet lab input ip saddr @bad tcp dport ${LAB_PORT} counter drop'`],
      ],
      clients: [
        { does: 'visit', every: 1.2 },
        { does: 'visit', source: '10.9.0.65', every: 1.2 },
        { does: 'visit', source: '10.9.0.66', every: 1.2 },
      ],
    },
    say: { ...proven('no-syn-ack', 'local-firewall-drop'), among: 'accept-queue-full' },
  },
  {
    name: 'connection-limit',
    row: 'B1',
    what: 'nftables allow two connections at a time',
    stage: {
      servers: ACCEPT,
      faults: nft('input', `iif s0 tcp dport ${LAB_PORT} ct state new ct count over 2 counter drop`),
      clients: [{ does: 'visit', grow: 2, linger: 30 }],
    },
    say: proven('no-syn-ack', 'local-firewall-drop'),
  },
  {
    name: 'nft-input-drop-v6',
    row: 'B1',
    what: 'nftables drop the SYNs, IPv6',
    stage: {
      ipv6: true,
      servers: ACCEPT,
      faults: nft('input', `iif s0 tcp dport ${LAB_PORT} counter drop`),
      clients: VISIT,
    },
    say: proven('no-syn-ack', 'local-firewall-drop'),
  },
  {
    name: 'netdev-ingress-drop',
    row: 'B25',
    what: 'a rule at the interface’s ingress hook drops the SYNs before IP',
    stage: {
      servers: ACCEPT,
      faults: [
        [
          'server',
          `nft 'add table netdev lab; add chain netdev lab in { type filter hook ingress device s0 priority 0; }'`,
        ],
        ['server', `nft 'add rule netdev lab in tcp dport ${LAB_PORT} counter drop'`],
      ],
      clients: VISIT,
    },
    say: proven('no-syn-ack', 'local-firewall-drop'),
  },
  {
    name: 'tcx-ingress-drop',
    row: 'B25',
    what: 'a BPF programme at the interface’s tcx ingress drops the SYNs before IP',
    stage: { servers: ACCEPT, programs: [['tcx-ingress', 's0']], clients: VISIT },
    say: proven('no-syn-ack', 'local-firewall-drop'),
  },
  {
    name: 'cgroup-ingress-drop',
    row: 'B25',
    what: 'a BPF programme of the service’s control group drops the SYNs',
    stage: { servers: ACCEPT, programs: [['cgroup-ingress', '']], clients: VISIT },
    say: proven('no-syn-ack', 'local-firewall-drop'),
  },
  {
    name: 'xdp-drop',
    row: 'B25',
    what: 'an XDP programme drops the SYNs before any capture sees them',
    stage: { servers: ACCEPT, programs: [['xdp', 's0']], clients: VISIT },
    say: { verdict: null, leg: 'syn', cause: 'local-firewall-drop', confidence: 'proven' },
    sayLive: 'nothing',
    sayOfPort: /no SYN came as far as this capture: local-firewall-drop \(proven\)/,
  },
  {
    name: 'reverse-path-filter',
    row: 'B2',
    what: 'strict rp_filter, and the route to the client leads over another interface',
    stage: {
      topology: 'two-links',
      servers: ACCEPT,
      faults: [
        ['server', `ip neigh replace 10.9.0.1 lladdr 02:09:00:00:00:01 dev s0`],
        ['client', `ip neigh replace 10.9.0.2 lladdr 02:09:00:00:00:02 dev c0 nud permanent`],
        ['server', 'ip route add 10.9.0.1/32 via 10.9.7.1 dev s1'],
        ...sysctl('net.ipv4.conf.all.rp_filter=1'),
      ],
      clients: VISIT,
    },
    say: proven('no-syn-ack', 'reverse-path-filter'),
  },
  {
    name: 'wrong-mac',
    row: 'B3',
    what: 'frames come with another host’s MAC address',
    stage: {
      servers: ACCEPT,
      faults: [['client', 'ip neigh replace 10.9.0.2 lladdr 02:09:00:00:00:99 dev c0 nud permanent']],
      clients: VISIT,
    },
    say: proven('no-syn-ack', 'wrong-mac'),
  },
  {
    name: 'bad-checksum',
    row: 'B4',
    what: 'SYNs come with a wrong TCP checksum',
    stage: { servers: ACCEPT, clients: [{ does: 'bad-checksum' }] },
    say: proven('no-syn-ack', 'bad-checksum'),
  },
  {
    name: 'address-not-here',
    row: 'B5',
    what: 'SYNs come for an address that the host does not have',
    stage: {
      servers: ACCEPT,
      faults: [['client', 'ip route add 10.9.5.5/32 via 10.9.0.2 dev c0']],
      clients: [{ does: 'visit', to: '10.9.5.5' }],
    },
    say: proven('no-syn-ack', 'wrong-destination'),
  },
  {
    name: 'accept-queue-full',
    row: 'B6',
    what: 'the application never calls accept()',
    stage: { servers: [{ does: 'never-accept', backlog: 2 }], clients: VISIT },
    say: proven('no-syn-ack', 'accept-queue-full'),
  },
  {
    name: 'accept-queue-full-v6',
    row: 'B6',
    what: 'the same, IPv6',
    stage: { ipv6: true, servers: [{ does: 'never-accept', backlog: 2 }], clients: VISIT },
    say: proven('no-syn-ack', 'accept-queue-full'),
  },
  {
    name: 'application-busy',
    row: 'B6',
    what: 'the only thread of the application computes without end',
    stage: { servers: [{ does: 'busy', backlog: 2 }], clients: VISIT },
    say: proven('no-syn-ack', 'accept-queue-full'),
  },
  {
    name: 'application-stopped',
    row: 'B6',
    what: 'the application is stopped (SIGSTOP)',
    stage: { servers: [{ does: 'stopped', backlog: 2 }], clients: VISIT },
    say: proven('no-syn-ack', 'accept-queue-full'),
  },
  {
    name: 'accepts-too-slowly',
    row: 'B6',
    what: 'the application takes five connections a second, and twenty come',
    stage: { servers: [{ does: 'slow-accept', backlog: 3 }], clients: [{ does: 'visit', every: 0.05 }] },
    say: proven('no-syn-ack', 'accept-queue-full'),
  },
  {
    name: 'no-file-left',
    row: 'B7',
    what: 'accept() fails with EMFILE',
    stage: {
      servers: [{ does: 'out-of-files', backlog: 2 }],
      clients: [{ does: 'visit', grow: 60, every: 0.1, send: false }],
    },
    say: proven('no-syn-ack', 'file-limit'),
  },
  {
    name: 'syn-queue-full',
    row: 'B8',
    what: 'the SYN queue is full of silent clients, without SYN cookies',
    stage: {
      servers: [{ does: 'accept', backlog: 8 }],
      faults: sysctl('net.ipv4.tcp_syncookies=0'),
      clients: [{ does: 'silent', count: 20 }, { does: 'visit' }],
    },
    say: proven('no-syn-ack', 'syn-queue-full'),
  },
  {
    name: 'syn-queue-last-quarter',
    row: 'B9',
    what: 'three quarters of the SYN backlog are taken, without SYN cookies: only addresses are served that completed a connection before',
    stage: {
      servers: [{ does: 'accept', backlog: 64 }],
      faults: sysctl('net.ipv4.tcp_syncookies=0', 'net.ipv4.tcp_max_syn_backlog=16'),
      clients: [
        { does: 'silent', count: 20 },
        { does: 'visit', after: 1 },
      ],
    },
    say: proven('no-syn-ack', 'syn-queue-full'),
  },
  {
    name: 'no-return-route',
    row: 'B10',
    what: 'the server has no route to the client',
    stage: {
      topology: 'routed',
      servers: ACCEPT,
      faults: [['server', 'ip route del default']],
      clients: VISIT,
    },
    say: proven('no-syn-ack', 'no-return-route'),
  },
  {
    name: 'no-return-route-v6',
    row: 'B10',
    what: 'the same, IPv6',
    stage: {
      topology: 'routed',
      ipv6: true,
      servers: ACCEPT,
      faults: [['server', 'ip -6 route del default']],
      clients: VISIT,
    },
    say: proven('no-syn-ack', 'no-return-route'),
  },
  {
    name: 'gateway-silent',
    row: 'B11',
    what: 'the server’s gateway does not answer ARP',
    stage: {
      topology: 'routed',
      servers: ACCEPT,
      faults: [['server', 'ip route replace default via 10.9.1.77']],
      clients: VISIT,
    },
    say: proven('no-syn-ack', 'neighbour-unresolved'),
  },
  {
    name: 'gateway-silent-v6',
    row: 'B11',
    what: 'the server’s gateway does not answer neighbour discovery',
    stage: {
      topology: 'routed',
      ipv6: true,
      servers: ACCEPT,
      faults: [['server', 'ip -6 route replace default via fd00:9:1::77']],
      clients: VISIT,
    },
    say: proven('no-syn-ack', 'neighbour-unresolved'),
  },
  {
    name: 'output-drop',
    row: 'B12',
    what: 'nftables drop the SYN-ACK on output',
    stage: { servers: ACCEPT, faults: nft('output', `oif s0 tcp sport ${LAB_PORT} counter drop`), clients: VISIT },
    say: proven('no-syn-ack', 'egress-drop'),
  },
  {
    name: 'postrouting-drop-iptables',
    row: 'B12',
    what: 'iptables drop the SYN-ACK after routing',
    stage: {
      servers: ACCEPT,
      faults: [['server', `iptables -t mangle -A POSTROUTING -o s0 -p tcp --sport ${LAB_PORT} -j DROP`]],
      clients: VISIT,
    },
    say: proven('no-syn-ack', 'egress-drop'),
  },
  {
    name: 'output-drop-v6',
    row: 'B12',
    what: 'nftables drop the SYN-ACK on output, IPv6',
    stage: {
      ipv6: true,
      servers: ACCEPT,
      faults: nft('output', `oif s0 tcp sport ${LAB_PORT} counter drop`),
      clients: VISIT,
    },
    say: proven('no-syn-ack', 'egress-drop'),
  },
  {
    name: 'netdev-egress-drop',
    row: 'B12',
    what: 'a rule at the interface’s egress hook drops the SYN-ACK',
    stage: {
      servers: ACCEPT,
      faults: [
        [
          'server',
          `nft 'add table netdev lab; add chain netdev lab out { type filter hook egress device s0 priority 0; }'`,
        ],
        ['server', `nft 'add rule netdev lab out tcp sport ${LAB_PORT} counter drop'`],
      ],
      clients: VISIT,
    },
    say: proven('no-syn-ack', 'egress-drop'),
  },
  {
    name: 'timestamp-behind-time-wait',
    row: 'B14',
    what: 'the server has the four-tuple in TIME-WAIT, and a SYN of a new number and an older timestamp comes, as of another client behind the same address',
    stage: { servers: [{ does: 'answer-and-close' }], clients: [{ does: 'old-syn-in-time-wait', isn: 100_000 }] },
    say: proven('challenged', 'timestamps-rejected'),
  },
  {
    name: 'tcx-egress-drop',
    row: 'B12',
    what: 'a BPF programme at the interface’s tcx egress drops the SYN-ACK',
    stage: { servers: ACCEPT, programs: [['tcx-egress', 's0']], clients: VISIT },
    say: proven('no-syn-ack', 'egress-drop'),
  },
  {
    name: 'cgroup-egress-drop',
    row: 'B12',
    what: 'a BPF programme of the service’s control group drops the SYN-ACK',
    stage: { servers: ACCEPT, programs: [['cgroup-egress', '']], clients: VISIT },
    say: proven('no-syn-ack', 'egress-drop'),
  },
  {
    name: 'signature-missing',
    row: 'B24',
    what: 'the service wants TCP-MD5 signatures, and the client sends none',
    stage: { servers: [{ does: 'accept', md5: '10.9.0.1' }], clients: VISIT },
    say: proven('no-syn-ack', 'signature-rejected'),
  },
  {
    name: 'old-connection-time-wait',
    row: 'B15',
    what: 'the server has the four-tuple in TIME-WAIT, and an older SYN comes',
    stage: { servers: [{ does: 'answer-and-close' }], clients: [{ does: 'old-syn-in-time-wait' }] },
    say: likely('challenged', 'old-connection'),
  },
  {
    name: 'old-connection-established',
    row: 'B16',
    what: 'the client has forgotten its connection, and its RST does not get through',
    stage: { topology: 'wired', wire: 'rst-lost', servers: ACCEPT, clients: [{ does: 'forgotten' }] },
    say: likely('challenged', 'old-connection'),
  },
  {
    name: 'second-isn',
    row: 'B17',
    what: 'a SYN with another ISN comes while the first is half open',
    stage: { servers: ACCEPT, clients: [{ does: 'second-isn' }] },
    say: likely('challenged', 'old-connection'),
  },
  {
    name: 'closed-port',
    row: 'B19',
    what: 'nothing listens',
    stage: { servers: [], clients: VISIT },
    say: proven('refused', 'port-closed'),
  },
  {
    name: 'closed-port-v6',
    row: 'B19',
    what: 'nothing listens, IPv6',
    stage: { ipv6: true, servers: [], clients: VISIT },
    say: proven('refused', 'port-closed'),
  },
  {
    name: 'service-restarts',
    row: 'B19',
    what: 'the service ends and is started anew again and again',
    stage: { servers: [{ does: 'restarts' }], clients: [{ does: 'visit', every: 0.2 }] },
    say: proven('refused', 'port-closed'),
    // Its facts are of the moment: then it may listen again.
    sayLive: possible('refused', 'port-closed'),
  },
  {
    name: 'bound-to-loopback',
    row: 'B20',
    what: 'the service listens on 127.0.0.1 alone',
    stage: { servers: [{ does: 'accept', address: '127.0.0.1' }], clients: VISIT },
    say: proven('refused', 'bound-to-another-address'),
  },
  {
    name: 'bound-to-ipv6-only',
    row: 'B20',
    what: 'the service listens for IPv6 alone, and an IPv4 client comes',
    stage: {
      ipv6: true,
      servers: [{ does: 'accept', address: '::', v6only: true }],
      clients: [{ does: 'visit', to: '10.9.0.2' }],
    },
    say: proven('refused', 'bound-to-another-address'),
  },
  {
    name: 'nft-reject-reset',
    row: 'B21',
    what: 'nftables reject with a TCP reset',
    stage: {
      servers: ACCEPT,
      faults: nft('input', `iif s0 tcp dport ${LAB_PORT} counter reject with tcp reset`),
      clients: VISIT,
    },
    say: proven('refused', 'firewall-reset'),
  },
  {
    name: 'iptables-reject-reset',
    row: 'B21',
    what: 'iptables reject with a TCP reset',
    stage: {
      servers: ACCEPT,
      faults: [['server', `iptables -A INPUT -i s0 -p tcp --dport ${LAB_PORT} -j REJECT --reject-with tcp-reset`]],
      clients: VISIT,
    },
    say: proven('refused', 'firewall-reset'),
  },
  {
    name: 'nft-reject-icmp',
    row: 'B22',
    what: 'nftables reject with ICMP “administratively prohibited”',
    stage: {
      servers: ACCEPT,
      faults: nft('input', `iif s0 tcp dport ${LAB_PORT} counter reject with icmpx admin-prohibited`),
      clients: VISIT,
    },
    say: proven('rejected', 'rejected-by-hop'),
  },
  {
    name: 'iptables-reject-icmp',
    row: 'B22',
    what: 'iptables reject with ICMP “port unreachable”, as firewalld and ufw do',
    stage: {
      servers: ACCEPT,
      faults: [['server', `iptables -A INPUT -i s0 -p tcp --dport ${LAB_PORT} -j REJECT`]],
      clients: VISIT,
    },
    say: proven('rejected', 'rejected-by-hop'),
  },
  {
    name: 'nft-reject-icmpv6',
    row: 'B22',
    what: 'nftables reject with ICMPv6',
    stage: {
      ipv6: true,
      servers: ACCEPT,
      faults: nft('input', `iif s0 tcp dport ${LAB_PORT} counter reject with icmpv6 admin-prohibited`),
      clients: VISIT,
    },
    say: proven('rejected', 'rejected-by-hop'),
  },

  // Between two hosts with tunnels, translations, proxies.
  {
    name: 'tunnel-checksum',
    row: 'A8',
    what: 'the datagrams of a VXLAN tunnel come with a wrong UDP checksum, and the SYN inside is well',
    stage: {
      topology: 'wired',
      wire: 'vxlan-spoiled',
      servers: ACCEPT,
      faults: TUNNEL,
      clients: [{ does: 'visit', to: '10.8.0.2', source: '10.8.0.1' }],
    },
    say: proven('no-syn-ack', 'tunnel-checksum'),
  },
  {
    name: 'tunnel-well',
    row: 'A8',
    what: 'a VXLAN tunnel whose datagrams have right checksums',
    stage: {
      topology: 'wired',
      wire: 'plain',
      servers: ACCEPT,
      faults: TUNNEL,
      clients: [{ does: 'visit', to: '10.8.0.2', source: '10.8.0.1' }],
    },
    say: null,
  },
  {
    name: 'nat-not-undone-here',
    row: 'C16',
    what: 'the host translates the address that was asked for, and not that of its answers',
    stage: {
      servers: ACCEPT,
      faults: [
        ['client', 'ip route add 10.9.5.5/32 via 10.9.0.2 dev c0'],
        ...nft('prerouting', `${TRANSLATED} 10.9.0.2`, -300),
      ],
      clients: [{ does: 'visit', to: '10.9.5.5' }],
    },
    say: likely('no-syn-ack', 'asymmetric-nat'),
  },
  {
    name: 'nat-not-undone',
    row: 'C16',
    what: 'a router translates the address that was asked for, and not that of the answers',
    stage: {
      topology: 'routed',
      servers: ACCEPT,
      faults: nft('prerouting', `${TRANSLATED} 10.9.1.2`, -300, 'middle'),
      clients: [{ does: 'visit', to: '10.9.5.5' }],
    },
    // The server's own packets are of one address. That the client tries on shows when its verdict is out.
    say: possible('client-reset', 'asymmetric-nat'),
    sayLive: open('client-reset', 'asymmetric-nat'),
  },
  {
    name: 'answer-renumbered',
    row: 'C15',
    what: 'a middlebox alters the acknowledgement number of the SYN-ACK',
    stage: { topology: 'wired', wire: 'answer-renumbered', servers: ACCEPT, clients: VISIT },
    say: possible('client-reset', 'sequence-rewritten'),
  },
  {
    name: 'two-servers',
    row: 'C15',
    what: 'two hosts have the address, and both answer each SYN',
    stage: { ...TWO_SERVERS, clients: VISIT },
    say: likely('ack-rejected', 'sequence-rewritten'),
  },
  {
    name: 'two-balancers',
    row: 'B28',
    what: 'two load balancers keep the client’s address and port, and it asks both from one port',
    stage: {
      topology: 'routed',
      servers: ACCEPT,
      faults: [
        ...nft('prerouting', 'ip daddr { 10.9.5.1, 10.9.5.2 } notrack ip daddr set 10.9.1.2', -300, 'middle'),
        ['middle', `nft 'add rule inet lab prerouting iif r1 tcp sport ${LAB_PORT} notrack ip saddr set 10.9.5.1'`],
      ],
      clients: [{ does: 'two-balancers' }],
    },
    say: likely('challenged', 'old-connection'),
  },
  {
    name: 'answer-invalid',
    row: 'B27',
    what: 'connection tracking has not seen the SYN, and a rule drops the SYN-ACK as invalid',
    stage: {
      servers: ACCEPT,
      faults: [
        ...nft('prerouting', `iif s0 tcp dport ${LAB_PORT} notrack`, -300),
        ['server', `nft 'add chain inet lab output { type filter hook output priority 0; }'`],
        ['server', `nft 'add rule inet lab output oif s0 ct state invalid counter drop'`],
      ],
      clients: VISIT,
    },
    say: proven('no-syn-ack', 'egress-drop'),
  },
  {
    name: 'container-nat-not-undone',
    row: 'B27',
    what: 'the host before a container translates the SYN, and not the SYN-ACK',
    stage: {
      topology: 'routed',
      servers: ACCEPT,
      faults: [...PUBLISHED, ...nft('prerouting', `iif r1 tcp sport ${LAB_PORT} notrack`, -300, 'middle')],
      clients: [{ does: 'visit', ...AT_ROUTER }],
    },
    at: 'router',
    // It sees the client's answer to a SYN-ACK of an address that it did not ask.
    say: possible('client-reset', 'asymmetric-nat'),
    sayLive: open('client-reset', 'asymmetric-nat'),
  },
  {
    name: 'container-answer-dropped',
    row: 'B27',
    what: 'the host before a container drops the SYN-ACK, of which its connection tracking knows nothing',
    stage: {
      topology: 'routed',
      servers: ACCEPT,
      faults: [
        ...PUBLISHED,
        ...nft('prerouting', `iif r1 tcp sport ${LAB_PORT} notrack`, -300, 'middle'),
        ['middle', `nft 'add chain inet lab forward { type filter hook forward priority 0; }'`],
        ['middle', `nft 'add rule inet lab forward ct state invalid,untracked counter drop'`],
      ],
      clients: [{ does: 'visit', ...AT_ROUTER }],
    },
    at: 'router',
    // It is there on the way to the host.
    say: proven('no-ack', 'egress-drop'),
    // What goes to other hosts, it tells from packets alone.
    sayLive: likely('no-ack', 'return-path-loss'),
  },
  {
    name: 'container-port-closed',
    row: 'B19',
    what: 'a host whose port leads to a container in which nothing listens',
    stage: { topology: 'routed', servers: [], faults: PUBLISHED, clients: [{ does: 'visit', ...AT_ROUTER }] },
    at: 'router',
    say: likely('refused', 'port-closed'),
  },
  {
    name: 'container-drops',
    row: 'B1',
    what: 'a host whose port leads to a container whose own rules drop the SYNs',
    stage: {
      topology: 'routed',
      servers: ACCEPT,
      faults: [...PUBLISHED, ...nft('input', `tcp dport ${LAB_PORT} drop`)],
      clients: [{ does: 'visit', ...AT_ROUTER }],
    },
    at: 'router',
    // The host has sent them on: what became of them there, the container tells.
    say: open('no-syn-ack'),
  },
  {
    name: 'redirected-queue-full',
    row: 'B6',
    what: 'a rule leads the port to another one of the host, whose application never calls accept()',
    stage: {
      servers: [{ does: 'never-accept', port: 8080, backlog: 2 }],
      faults: REDIRECTED,
      clients: VISIT,
    },
    say: likely('no-syn-ack', 'accept-queue-full'),
    // Whose queue it was shows at the other port.
    sayLive: possible('no-syn-ack', 'accept-queue-full'),
  },
  {
    name: 'redirected-well',
    row: 'B19',
    what: 'a rule leads the port to another one of the host, where the service listens',
    stage: { servers: [{ does: 'accept', port: 8080 }], faults: REDIRECTED, clients: VISIT },
    say: null,
  },
  {
    name: 'container-well',
    row: 'B27',
    what: 'a host whose port leads to a container',
    stage: { topology: 'routed', servers: ACCEPT, faults: PUBLISHED, clients: [{ does: 'visit', ...AT_ROUTER }] },
    at: 'router',
    say: null,
  },
  {
    name: 'nat-out-of-ports',
    row: 'A3',
    what: 'the host before a container has no port left for new connections to it',
    stage: {
      topology: 'routed',
      servers: ACCEPT,
      faults: [...PUBLISHED, ...FOUR_PORTS.slice(1)],
      clients: [{ does: 'visit', grow: 4, every: 0.3, linger: 30, ...AT_ROUTER }],
    },
    at: 'router',
    say: likely('no-syn-ack', 'nat-exhausted'),
    sayLive: possible('no-syn-ack', 'nat-exhausted'),
  },
  {
    name: 'nat-out-of-ports-behind-it',
    row: 'A3',
    what: 'a NAT before the server has no port left for new connections: those that come are served',
    stage: {
      topology: 'routed',
      servers: ACCEPT,
      faults: FOUR_PORTS,
      clients: [{ does: 'visit', every: 0.3, linger: 2 }],
    },
    say: null,
  },
  {
    name: 'signature-unexpected',
    row: 'B24',
    what: 'the client signs its segments (TCP-MD5), and the service expects no signature',
    stage: { servers: ACCEPT, clients: [{ does: 'visit', md5: 'key' }] },
    say: proven('no-syn-ack', 'signature-rejected'),
  },
  {
    name: 'signature-wrong',
    row: 'B24',
    what: 'client and service have different keys for their signatures (TCP-MD5)',
    stage: { servers: [{ does: 'accept', md5: '10.9.0.1' }], clients: [{ does: 'visit', md5: 'another' }] },
    say: proven('no-syn-ack', 'signature-rejected'),
  },
  {
    name: 'cookies-forgotten',
    row: 'C6',
    what: 'the server answers with SYN cookies, and does not know them again when the third leg comes',
    stage: { topology: 'wired', wire: 'third-late', servers: ACCEPT, clients: [{ does: 'cookies-forgotten' }] },
    say: open('ack-rejected'),
  },
  {
    name: 'cookies-renumbered',
    row: 'C6',
    what: 'SYN cookies, and a middlebox alters the acknowledgement number of the third leg',
    stage: {
      topology: 'wired',
      wire: 'wrong-acknowledgement',
      servers: ACCEPT,
      faults: sysctl('net.ipv4.tcp_syncookies=2'),
      clients: VISIT,
    },
    say: likely('ack-rejected', 'sequence-rewritten'),
  },
  {
    name: 'third-leg-invalid',
    row: 'C9',
    what: 'connection tracking has seen no SYN, and a rule drops the third leg as invalid',
    stage: {
      servers: ACCEPT,
      faults: [
        ...nft('prerouting', `iif s0 tcp dport ${LAB_PORT} tcp flags & (syn | ack) == syn notrack`, -300),
        ['server', `nft 'add chain inet lab before { type filter hook output priority -300; }'`],
        ['server', `nft 'add rule inet lab before tcp sport ${LAB_PORT} tcp flags & (syn | ack) == syn | ack notrack'`],
        ['server', `nft 'add chain inet lab input { type filter hook input priority 0; }'`],
        ['server', `nft 'add rule inet lab input iif s0 ct state invalid counter drop'`],
        ...sysctl('net.netfilter.nf_conntrack_tcp_loose=0'),
      ],
      clients: VISIT,
    },
    say: proven('ack-ignored', 'ack-firewalled'),
  },
  {
    name: 'proxy-to-closed-port',
    row: 'C18',
    what: 'a proxy on the host takes each connection, and its backend refuses',
    stage: { servers: [{ does: 'proxy-to-closed-port' }], clients: VISIT },
    say: likely(null, 'closed-at-once'),
  },
  // The SYN-ACK leaves, and the third leg does not come, or is not taken.
  {
    name: 'syn-ack-lost',
    row: 'C1',
    what: 'a router on the way back drops the SYN-ACK',
    stage: {
      topology: 'routed',
      servers: ACCEPT,
      faults: nft('forward', `tcp sport ${LAB_PORT} tcp flags & (syn | ack) == syn | ack drop`, 0, 'middle'),
      clients: VISIT,
    },
    say: likely('no-ack', 'return-path-loss'),
  },
  {
    name: 'third-leg-lost',
    row: 'C2',
    what: 'a router on the way drops what the client sends after its SYN',
    stage: {
      topology: 'routed',
      servers: ACCEPT,
      faults: nft('forward', `tcp dport ${LAB_PORT} tcp flags & (syn | ack) == ack drop`, 0, 'middle'),
      clients: VISIT,
    },
    // At the server a client whose ACK is lost looks like one that is gone.
    say: possible('no-ack', 'forward-path-loss'),
  },
  {
    name: 'third-leg-lost-on-one-path',
    row: 'C2',
    what: 'one of two paths, between which connections are spread by their ports, loses what the client sends after its SYN',
    stage: {
      topology: 'routed',
      servers: ACCEPT,
      faults: nft('forward', `tcp dport ${LAB_PORT} tcp sport & 2 == 2 tcp flags & syn == 0 drop`, 0, 'middle'),
      clients: VISIT,
    },
    say: likely('no-ack', 'forward-path-loss'),
  },
  {
    name: 'answers-by-another-interface',
    row: 'B13',
    what: 'the SYN-ACK leaves by another interface, and does not get through there',
    stage: {
      topology: 'two-links',
      servers: ACCEPT,
      faults: [
        ['server', 'ip route add 10.9.0.1/32 via 10.9.7.1 dev s1'],
        ['server', 'ip neigh replace 10.9.7.1 lladdr 02:09:00:00:00:04 dev s1 nud permanent'],
        ['client', 'sysctl -qw net.ipv4.conf.all.rp_filter=1'],
      ],
      clients: VISIT,
    },
    say: likely('no-ack', 'answers-by-another-interface'),
  },
  {
    name: 'accept-queue-fills',
    row: 'C3',
    what: 'the accept queue fills between SYN-ACK and ACK',
    stage: {
      topology: 'wired',
      wire: 'third-late',
      servers: [{ does: 'never-accept', backlog: 10 }],
      faults: sysctl('net.ipv4.tcp_syncookies=0'),
      clients: [
        { does: 'visit', every: 0.01, times: 8, grow: 8, send: false, linger: 30 },
        { does: 'visit', after: 0.7, every: 0.01, times: 6, grow: 6, send: false, linger: 30 },
      ],
    },
    say: proven('ack-ignored', 'accept-queue-full'),
  },
  {
    name: 'accept-queue-fills-abort',
    row: 'C4',
    what: 'the same with tcp_abort_on_overflow',
    stage: {
      topology: 'wired',
      wire: 'third-late',
      servers: [{ does: 'never-accept', backlog: 10 }],
      faults: sysctl('net.ipv4.tcp_syncookies=0', 'net.ipv4.tcp_abort_on_overflow=1'),
      clients: [
        { does: 'visit', every: 0.01, times: 8, grow: 8, send: false, linger: 30 },
        { does: 'visit', after: 0.7, every: 0.01, times: 6, grow: 6, send: false, linger: 30 },
      ],
    },
    say: proven('ack-rejected', 'accept-queue-full'),
  },
  {
    name: 'cookies-and-full-queue',
    row: 'C5',
    what: 'SYN cookies answer, and the accept queue has no room for the third leg',
    stage: {
      topology: 'wired',
      wire: 'third-late',
      servers: [{ does: 'never-accept', backlog: 4 }],
      faults: sysctl('net.ipv4.tcp_syncookies=2'),
      clients: [{ does: 'visit', every: 0.01, times: 12, grow: 12, linger: 30, wait: 12 }],
    },
    say: proven('ack-ignored', 'accept-queue-full'),
  },
  {
    name: 'flood',
    row: 'C7',
    what: 'SYNs of sources that are not there',
    stage: { servers: [{ does: 'accept', backlog: 64 }], clients: [{ does: 'spoofed' }] },
    say: harmless('no-ack', 'syn-flood', 'likely'),
  },
  {
    name: 'defer-accept-silent',
    row: 'C8',
    what: 'the service uses TCP_DEFER_ACCEPT, and its clients say nothing',
    stage: {
      servers: [{ does: 'accept', defer: 1 }],
      clients: [{ does: 'visit', send: false, linger: 30, grow: 40, every: 0.8 }],
    },
    say: proven('ack-ignored', 'defer-accept'),
  },
  {
    name: 'third-leg-dropped-here',
    row: 'C9',
    what: 'the host’s nftables let SYNs in and drop the third leg',
    stage: {
      servers: ACCEPT,
      faults: nft('input', `iif s0 tcp dport ${LAB_PORT} tcp flags & (syn | ack) == ack counter drop`),
      clients: VISIT,
    },
    say: proven('ack-ignored', 'ack-firewalled'),
  },
  {
    name: 'wrong-acknowledgement',
    row: 'C10',
    what: 'a middlebox alters the acknowledgement number of the third leg',
    stage: { topology: 'wired', wire: 'wrong-acknowledgement', servers: ACCEPT, clients: VISIT },
    say: possible('ack-rejected', 'sequence-rewritten'),
  },
  {
    name: 'out-of-window',
    row: 'C11',
    what: 'a middlebox alters the sequence number of the third leg',
    stage: { topology: 'wired', wire: 'out-of-window', servers: ACCEPT, clients: VISIT },
    say: likely('ack-rejected', 'sequence-rewritten'),
  },
  {
    name: 'timestamp-echo-mangled',
    row: 'C12',
    what: 'a middlebox spoils the echoed timestamp of the third leg',
    stage: { topology: 'wired', wire: 'echo-mangled', servers: ACCEPT, clients: VISIT },
    say: proven('ack-ignored', 'timestamps-rejected'),
  },
  {
    name: 'timestamp-older',
    row: 'C13',
    what: 'the third leg’s timestamp is older than the SYN’s',
    stage: { topology: 'wired', wire: 'older-timestamp', servers: ACCEPT, clients: VISIT },
    say: proven('ack-ignored', 'timestamps-rejected'),
  },
  {
    name: 'half-open-scan',
    row: 'C14',
    what: 'a scanner resets each SYN-ACK; nobody else comes',
    stage: { servers: ACCEPT, clients: [{ does: 'scan' }] },
    say: harmless('client-reset', 'half-open-scan', 'possible'),
  },

  // The handshake completes, and it fails all the same.
  {
    name: 'resets-at-once',
    row: 'D1',
    what: 'the application resets each connection at once',
    stage: { servers: [{ does: 'reset-at-once' }], clients: VISIT },
    say: likely(null, 'closed-at-once'),
  },
  {
    name: 'closes-at-once',
    row: 'D1',
    what: 'the application closes each connection at once, and the client has sent its request',
    stage: { servers: [{ does: 'close-at-once' }], clients: VISIT },
    say: likely(null, 'closed-at-once'),
  },
  {
    name: 'reads-and-closes',
    row: 'D1',
    what: 'the application reads the request, and closes without a word',
    stage: { servers: [{ does: 'read-and-close' }], clients: VISIT },
    say: likely(null, 'closed-at-once'),
  },
  {
    name: 'not-accepted-yet',
    row: 'D2',
    what: 'the application never calls accept(), and its queue has room',
    stage: { servers: [{ does: 'never-accept', backlog: 512 }], clients: VISIT },
    say: proven(null, 'not-accepted-yet'),
  },

  // Seen from the client.
  {
    name: 'client-router-rejects',
    row: 'A4',
    what: 'a router rejects with ICMP',
    stage: {
      topology: 'routed',
      servers: ACCEPT,
      faults: nft('forward', `tcp dport ${LAB_PORT} counter reject with icmp admin-prohibited`, 0, 'middle'),
      clients: [],
    },
    target: '10.9.1.2:2323',
    say: proven('rejected', 'rejected-by-hop'),
    sayLive: likely('rejected', 'rejected-by-hop'),
  },
  {
    name: 'client-router-drops',
    row: 'A1',
    what: 'a router drops the SYNs',
    stage: {
      topology: 'routed',
      servers: ACCEPT,
      faults: nft('forward', `tcp dport ${LAB_PORT} counter drop`, 0, 'middle'),
      clients: [],
    },
    target: '10.9.1.2:2323',
    // The catalogue: both ends together tell; from the client it looks like `client-server-drops` and `client-answers-lost`.
    say: possible('no-syn-ack', 'upstream-drop'),
  },
  {
    name: 'client-no-route-at-router',
    row: 'A5',
    what: 'the router has no route to the server',
    stage: {
      topology: 'routed',
      servers: ACCEPT,
      faults: [['middle', 'ip link set r1 down']],
      clients: [],
    },
    target: '10.9.1.2:2323',
    say: proven('rejected', 'host-unreachable'),
    sayLive: likely('rejected', 'host-unreachable'),
  },
  {
    name: 'client-neighbour-silent',
    row: 'A6',
    what: 'the server does not answer the client’s ARP',
    stage: {
      servers: ACCEPT,
      faults: [['server', 'sysctl -qw net.ipv4.conf.all.arp_ignore=8']],
      clients: [],
    },
    target: '10.9.0.2:2323',
    say: proven(null, 'neighbour-unresolved'),
    // The kernel holds the SYN back until it knows where to send it.
    sayLive: 'nothing',
  },
  {
    name: 'client-router-resets',
    row: 'B23',
    what: 'a router answers the SYNs with a TCP reset in the server’s name',
    stage: {
      topology: 'routed',
      servers: [{ does: 'accept' }, { does: 'accept', port: 8081 }],
      faults: nft('forward', `tcp dport ${LAB_PORT} counter reject with tcp reset`, 0, 'middle'),
      clients: [],
    },
    target: '10.9.1.2:2323',
    say: possible('refused', 'port-closed'),
  },
  {
    name: 'client-offers-filtered',
    row: 'A7',
    what: 'a box on the way drops SYNs that offer ECN',
    stage: {
      topology: 'wired',
      wire: 'decorated-lost',
      servers: ACCEPT,
      faults: [['client', 'sysctl -qw net.ipv4.tcp_ecn=1']],
      clients: [],
    },
    target: '10.9.0.2:2323',
    // The SYN that the kernel repeats without the offer gets through.
    say: harmless(null, 'syn-options-filtered', 'possible'),
  },
  {
    name: 'client-no-answer-behind-router',
    row: 'A5',
    what: 'the server does not answer the ARP of the router before it',
    stage: {
      topology: 'routed',
      servers: ACCEPT,
      faults: [['server', 'sysctl -qw net.ipv4.conf.all.arp_ignore=8']],
      clients: [],
    },
    target: '10.9.1.2:2323',
    say: proven('rejected', 'host-unreachable'),
    sayLive: likely('rejected', 'host-unreachable'),
  },
  {
    name: 'client-server-drops',
    row: 'B1',
    what: 'the server’s own nftables drop the SYNs',
    stage: { topology: 'routed', servers: ACCEPT, faults: nft('input', `tcp dport ${LAB_PORT} drop`), clients: [] },
    target: '10.9.1.2:2323',
    // Beyond the last router that answers: it, a box behind it, or the server. The server can tell.
    say: open('no-syn-ack', 'local-firewall-drop'),
  },
  {
    name: 'client-queue-full',
    row: 'B6',
    what: 'the application never calls accept(), and its queue is full',
    stage: {
      topology: 'routed',
      servers: [{ does: 'never-accept', backlog: 1 }],
      early: [{ does: 'visit', every: 0.1, times: 3, grow: 3, send: false, linger: 60 }],
      clients: [],
    },
    target: '10.9.1.2:2323',
    say: open('no-syn-ack', 'accept-queue-full'),
  },
  {
    name: 'client-answers-lost',
    row: 'C1',
    what: 'a router on the way back drops the SYN-ACK',
    stage: {
      topology: 'routed',
      servers: ACCEPT,
      faults: nft('forward', `tcp sport ${LAB_PORT} tcp flags & (syn | ack) == syn | ack drop`, 0, 'middle'),
      clients: [],
    },
    target: '10.9.1.2:2323',
    say: open('no-syn-ack'),
  },
  {
    name: 'client-wrong-host',
    row: 'A2',
    what: 'the SYNs go to a host that does not have the address',
    stage: {
      servers: ACCEPT,
      faults: [['client', 'ip route add 10.9.5.5/32 via 10.9.0.2 dev c0']],
      clients: [],
    },
    target: '10.9.5.5:2323',
    say: open('no-syn-ack', 'wrong-destination'),
  },
  {
    name: 'client-nat-out-of-ports',
    row: 'A3',
    what: 'a NAT on the way has no port left for new connections',
    stage: {
      topology: 'routed',
      servers: ACCEPT,
      faults: FOUR_PORTS,
      early: [{ does: 'visit', every: 0.1, times: 4, grow: 4, send: false, linger: 60 }],
      clients: [],
    },
    target: '10.9.1.2:2323',
    say: open('no-syn-ack', 'nat-exhausted'),
  },
  {
    name: 'client-nat-not-undone',
    row: 'C16',
    what: 'the SYN-ACK comes from another address than the SYN went to',
    stage: {
      topology: 'routed',
      servers: ACCEPT,
      faults: nft('prerouting', `${TRANSLATED} 10.9.1.2`, -300, 'middle'),
      clients: [],
    },
    target: '10.9.5.5:2323',
    say: likely('no-syn-ack', 'asymmetric-nat'),
  },
  {
    name: 'client-answer-renumbered',
    row: 'C15',
    what: 'the SYN-ACK acknowledges another number than that of the SYN',
    stage: { topology: 'wired', wire: 'answer-renumbered', servers: ACCEPT, clients: [] },
    target: '10.9.0.2:2323',
    say: possible('client-reset', 'sequence-rewritten'),
  },
  {
    name: 'client-two-servers',
    row: 'C15',
    what: 'two hosts have the address of the server, and both answer each SYN',
    stage: { ...TWO_SERVERS, clients: VISIT },
    target: '10.9.0.2:2323',
    say: likely('ack-rejected', 'sequence-rewritten'),
  },
  {
    name: 'client-large-requests-lost',
    row: 'D3',
    what: 'full segments of a client get lost on the way, small ones do not',
    stage: {
      topology: 'wired',
      wire: 'large-requests-lost',
      servers: ACCEPT,
      clients: [{ does: 'visit', octets: 1400, also: true }],
    },
    target: '10.9.0.2:2323',
    say: likely(null, 'path-mtu'),
  },
  {
    name: 'client-first-request-lost',
    row: 'D3',
    what: 'full segments of a client get lost on the way, and the first that it says is one',
    stage: {
      topology: 'wired',
      wire: 'large-requests-lost',
      servers: ACCEPT,
      clients: [{ does: 'visit', octets: 1400 }],
    },
    target: '10.9.0.2:2323',
    say: possible('ack-ignored', 'path-mtu'),
  },
  {
    name: 'client-fast-open-filtered',
    row: 'A7',
    what: 'a box on the way drops SYNs that carry data',
    stage: {
      topology: 'wired',
      wire: 'data-syns-lost',
      servers: ACCEPT,
      faults: [['client', 'sysctl -qw net.ipv4.tcp_fastopen=5']],
      clients: [{ does: 'visit', fast: true }],
    },
    target: '10.9.0.2:2323',
    // Doctor's own SYN is an ordinary one.
    say: harmless(null, 'syn-options-filtered', 'possible'),
    sayLive: possible(null, 'syn-options-filtered'),
  },
  {
    name: 'client-multipath-filtered',
    row: 'A7',
    what: 'a box on the way drops SYNs that offer Multipath TCP',
    stage: {
      topology: 'wired',
      wire: 'multipath-lost',
      servers: ACCEPT,
      clients: [{ does: 'visit', multipath: true }],
    },
    target: '10.9.0.2:2323',
    say: null,
    sayLive: possible(null, 'syn-options-filtered'),
  },
  {
    name: 'client-reset-at-data',
    row: 'D4',
    what: 'a box on the way resets each connection at the first that the client says',
    stage: { topology: 'wired', wire: 'reset-at-data', servers: ACCEPT, clients: VISIT },
    target: '10.9.0.2:2323',
    say: likely(null, 'firewall-reset'),
  },
  // Ports that are well, on hosts where something else looks like trouble.
  {
    name: 'client-gives-up',
    row: 'A9',
    what: 'the path takes 1.2 s, and the client waits for one',
    stage: { topology: 'wired', wire: 'slow', servers: ACCEPT, clients: [{ does: 'visit', wait: 0.9 }] },
    say: likely('client-reset', 'client-gave-up'),
  },
  {
    name: 'healthy',
    row: '—',
    what: 'a healthy port',
    stage: { servers: ACCEPT, clients: VISIT },
    say: null,
  },
  {
    name: 'healthy-v6',
    row: '—',
    what: 'a healthy port, IPv6',
    stage: { ipv6: true, servers: ACCEPT, clients: VISIT },
    say: null,
  },
  {
    name: 'healthy-under-load',
    row: '—',
    what: 'a healthy port with a hundred connections a second',
    stage: { servers: [{ does: 'accept', backlog: 512 }], clients: [{ does: 'visit', every: 0.01, linger: 0.01 }] },
    say: null,
  },
  {
    name: 'healthy-on-a-lossy-path',
    row: '—',
    what: 'a healthy port with thirty connections a second, and one packet in twenty lost on the way in either direction',
    stage: {
      topology: 'wired',
      wire: 'lossy',
      servers: [{ does: 'accept', backlog: 512 }],
      clients: [{ does: 'visit', every: 0.033, linger: 0.01 }],
    },
    say: null,
  },
  {
    name: 'unrelated-drops',
    row: 'B1',
    what: 'nftables drop another port, to which somebody goes on sending SYNs',
    stage: {
      servers: [{ does: 'accept' }, { does: 'accept', port: 8081 }],
      faults: nft('input', `tcp dport 8081 counter drop`),
      clients: [{ does: 'visit' }, { does: 'visit', port: 8081, every: 0.1 }],
    },
    say: null,
  },
  {
    name: 'unrelated-overflow',
    row: 'B6',
    what: 'the accept queue of another port overflows',
    stage: {
      servers: [{ does: 'accept' }, { does: 'never-accept', port: 8081, backlog: 1 }],
      clients: [{ does: 'visit' }, { does: 'visit', port: 8081, every: 0.2 }],
    },
    say: null,
  },
  {
    name: 'scan-of-another-port',
    row: 'B19',
    what: 'somebody scans a closed port',
    stage: { servers: ACCEPT, clients: [{ does: 'visit' }, { does: 'scan', to: 8081, every: 0.02 }] },
    say: null,
  },
  {
    name: 'many-time-waits',
    row: 'B15',
    what: 'the server closes first, and has thousands of TIME-WAITs',
    stage: {
      servers: [{ does: 'answer-and-close', backlog: 512 }],
      clients: [{ does: 'visit', every: 0.005, linger: 0 }],
    },
    say: null,
  },
  {
    name: 'defer-accept-works',
    row: 'C8',
    what: 'TCP_DEFER_ACCEPT, and clients that send their request at once',
    stage: { servers: [{ does: 'accept', defer: 5 }], clients: VISIT },
    say: null,
  },
  {
    name: 'cookies-work',
    row: 'C7',
    what: 'SYN cookies answer everybody',
    stage: { servers: ACCEPT, faults: sysctl('net.ipv4.tcp_syncookies=2'), clients: [{ does: 'visit', every: 0.1 }] },
    say: null,
  },
  {
    name: 'impatient-client',
    row: 'B18',
    what: 'a client repeats its SYN faster than the kernel answers',
    stage: { servers: ACCEPT, clients: [{ does: 'visit' }, { does: 'impatient' }] },
    say: null,
  },
  {
    name: 'scan-among-clients',
    row: 'C14',
    what: 'a scanner among clients who are served',
    stage: {
      servers: ACCEPT,
      faults: [['client', 'ip addr add 10.9.0.3/24 dev c0']],
      clients: [{ does: 'visit' }, { does: 'scan', source: '10.9.0.3' }],
    },
    say: null,
    mayName: ['half-open-scan', 'client-gave-up', 'asymmetric-nat'],
  },
  {
    name: 'silent-among-clients',
    row: 'C7',
    what: 'forged sources among clients who are served',
    stage: { servers: [{ does: 'accept', backlog: 512 }], clients: [{ does: 'visit' }, { does: 'spoofed', count: 5 }] },
    say: null,
    mayName: ['syn-flood', 'forward-path-loss', 'return-path-loss', 'client-gave-up'],
  },
  {
    name: 'one-client-gives-up',
    row: 'A9',
    what: 'one client resets each answer, others are served',
    stage: { servers: ACCEPT, clients: [{ does: 'visit' }, { does: 'scan', every: 3 }] },
    say: null,
    mayName: ['half-open-scan', 'client-gave-up', 'asymmetric-nat'],
  },
  {
    name: 'health-checks-among-clients',
    row: 'C14',
    what: 'a load balancer’s check resets each SYN-ACK, among clients who are served',
    stage: {
      servers: ACCEPT,
      faults: [['client', 'ip addr add 10.9.0.3/24 dev c0']],
      clients: [{ does: 'visit' }, { does: 'health-check', source: '10.9.0.3' }],
    },
    say: null,
    mayName: ['half-open-scan', 'client-gave-up'],
  },
  {
    name: 'options-taken-on-the-way',
    row: 'A7',
    what: 'a box on the way takes window scale, SACK and timestamps from the SYNs',
    stage: { topology: 'wired', wire: 'options-taken', servers: ACCEPT, clients: VISIT },
    say: null,
  },
  {
    name: 'nobody-arrives',
    row: 'A1',
    what: 'a router drops the SYNs, and none comes to the server',
    stage: {
      topology: 'routed',
      servers: ACCEPT,
      faults: nft('forward', `tcp dport ${LAB_PORT} counter drop`, 0, 'middle'),
      clients: VISIT,
    },
    say: null,
    sayLive: 'nothing',
  },
  {
    name: 'reset-at-data',
    row: 'D4',
    what: 'a box on the way resets each connection in the client’s name, at the first that it says',
    stage: { topology: 'wired', wire: 'reset-at-data', servers: ACCEPT, clients: VISIT },
    say: likely(null, 'firewall-reset'),
  },
  {
    name: 'clients-abort',
    row: '—',
    what: 'clients end their connections by a RST, which comes over another path, one router longer',
    stage: {
      topology: 'routed',
      servers: ACCEPT,
      faults: nft('forward', 'iif r0 tcp flags & rst == rst ip ttl set 62', 0, 'middle'),
      clients: [{ does: 'visit', abort: true, linger: 0 }],
    },
    say: null,
  },
  {
    name: 'large-answers-lost',
    row: 'D3',
    what: 'full segments of the server get lost on the way, small ones do not, and no ICMP error says so',
    stage: {
      topology: 'wired',
      wire: 'large-answers-lost',
      servers: [{ does: 'answer-at-length' }],
      clients: [{ does: 'visit', linger: 5 }],
    },
    // The server's data stays in the kernel (docs/decisions/0008), whose list of sockets says what of it is acknowledged.
    say: likely(null, 'path-mtu'),
  },
  {
    name: 'narrow-link-icmp-filtered',
    row: 'D3',
    what: 'a link behind the router takes 1300 octets, and the router’s ICMP errors are filtered',
    stage: {
      topology: 'routed',
      servers: [{ does: 'answer-at-length' }],
      faults: [['middle', 'ip link set r0 mtu 1300'], ...nft('output', 'meta l4proto icmp counter drop', 0, 'middle')],
      clients: [{ does: 'visit', linger: 5 }],
    },
    say: likely(null, 'path-mtu'),
  },
  {
    name: 'narrow-link',
    row: 'D3',
    what: 'a link behind the router takes 1300 octets, and the router says so',
    stage: {
      topology: 'routed',
      servers: [{ does: 'answer-at-length' }],
      faults: [['middle', 'ip link set r0 mtu 1300']],
      clients: [{ does: 'visit', read: 4000, linger: 5 }],
    },
    say: null,
  },
  {
    name: 'large-pages-lost',
    row: 'D3',
    what: 'full segments of the server get lost on the way, and each answer is so long that nothing but full segments is on its way',
    stage: {
      topology: 'wired',
      wire: 'large-answers-lost',
      servers: [{ does: 'answer-with-a-page' }],
      clients: [{ does: 'visit', wait: 4 }],
    },
    // Nothing small comes there behind them: whether it is for their size, no fact of the server tells.
    say: possible(null, 'path-mtu'),
  },
  {
    name: 'large-answers-to-one-lost',
    row: 'D3',
    what: 'full segments to one client get lost on the way, those to another arrive',
    stage: {
      topology: 'wired',
      wire: 'large-answers-to-one-lost',
      servers: [{ does: 'answer-at-length' }],
      faults: [['client', 'ip addr add 10.9.0.3/24 dev c0']],
      clients: [
        { does: 'visit', read: 4000 },
        { does: 'visit', source: '10.9.0.3' },
      ],
    },
    say: harmless(null, 'path-mtu', 'likely'),
  },
  {
    name: 'one-vanishes',
    row: 'D3',
    what: 'one of two clients is switched off when its request has come',
    stage: {
      topology: 'wired',
      wire: 'one-vanishes',
      servers: [{ does: 'answer-at-length' }],
      faults: [['client', 'ip addr add 10.9.0.3/24 dev c0']],
      clients: [
        { does: 'visit', read: 4000 },
        { does: 'visit', source: '10.9.0.3' },
      ],
    },
    say: null,
  },
  {
    name: 'all-vanish',
    row: 'D3',
    what: 'the only client is switched off when its request has come',
    stage: {
      topology: 'wired',
      wire: 'one-vanishes',
      servers: [{ does: 'answer-with-a-page' }],
      faults: [['client', 'ip addr add 10.9.0.3/24 dev c0']],
      clients: [{ does: 'visit', source: '10.9.0.3' }],
    },
    say: null,
  },
  {
    name: 'pages-on-a-lossy-path',
    row: 'D3',
    what: 'pages of thirty segments, and one packet in twenty lost on the way in either direction',
    stage: {
      topology: 'wired',
      wire: 'lossy',
      servers: [{ does: 'answer-with-a-page', backlog: 512 }],
      clients: [{ does: 'visit', read: 45_000, every: 0.1 }],
    },
    say: null,
  },
  {
    name: 'answers-on-a-very-lossy-path',
    row: 'D3',
    what: 'answers of some segments, and one packet in five lost on the way in either direction',
    stage: {
      topology: 'wired',
      wire: 'very-lossy',
      servers: [{ does: 'answer-at-length', backlog: 512 }],
      clients: [{ does: 'visit', read: 4000, every: 0.1 }],
    },
    say: null,
    // Of a hundred attempts one or two lose what they answer twice, and the capture may end before the third time.
    mayName: ['return-path-loss', 'forward-path-loss'],
  },
  {
    name: 'slow-readers',
    row: 'D3',
    what: 'clients that read nothing of a long answer: their window is closed',
    stage: {
      topology: 'wired',
      wire: 'plain',
      servers: [{ does: 'answer-with-a-page' }],
      clients: [
        { does: 'visit', read: 0, linger: 8, window: 8000 },
        { does: 'visit', read: 0, linger: 8, window: 2304 },
      ],
    },
    say: null,
  },
  {
    name: 'pages-on-a-slow-path',
    row: 'D3',
    what: 'pages of thirty segments over a path that takes 1.2 s',
    stage: {
      topology: 'wired',
      wire: 'slow',
      servers: [{ does: 'answer-with-a-page' }],
      clients: [{ does: 'visit', read: 45_000 }],
    },
    say: null,
  },
  {
    name: 'late-news-forgotten',
    row: 'D5',
    what: 'a firewall on the way forgets connections that are silent for two seconds, and what the server sends later is lost',
    stage: {
      topology: 'wired',
      wire: 'idle-forgotten',
      servers: [{ does: 'push-after-a-while' }],
      clients: [{ does: 'visit', wait: 8 }],
    },
    say: null,
  },
  {
    name: 'large-requests-lost',
    row: 'D3',
    what: 'full segments of the clients get lost before they come to the server',
    stage: {
      topology: 'wired',
      wire: 'large-requests-lost',
      servers: [{ does: 'greet' }],
      clients: [{ does: 'visit', octets: 1400, listen: true }],
    },
    say: null,
    // Nothing of what is lost comes here, but the client's good-bye may.
    mayName: ['not-accepted-yet'],
  },
  {
    name: 'idle-forgotten',
    row: 'D5',
    what: 'a firewall on the way forgets connections that are silent for two seconds',
    stage: { topology: 'wired', wire: 'idle-forgotten', servers: ACCEPT, clients: [{ does: 'idle' }] },
    say: null,
  },
  {
    name: 'client-idle-forgotten',
    row: 'D5',
    what: 'a firewall on the way forgets connections that are silent for two seconds',
    stage: { topology: 'wired', wire: 'idle-forgotten', servers: ACCEPT, clients: [{ does: 'idle' }] },
    target: '10.9.0.2:2323',
    say: null,
    finds: ['unanswered-after-silence'],
  },
  {
    name: 'cookies-and-lost-thirds',
    row: 'C6',
    what: 'SYN cookies answer everybody, and a third leg without data never comes: the request behind it stands for it',
    stage: {
      topology: 'wired',
      wire: 'bare-thirds-lost',
      servers: ACCEPT,
      faults: sysctl('net.ipv4.tcp_syncookies=2'),
      clients: VISIT,
    },
    say: null,
  },
  {
    name: 'old-connection-reset',
    row: 'B16',
    what: 'the client has forgotten its connection, and its RST makes room for a new one',
    stage: { servers: ACCEPT, clients: [{ does: 'forgotten' }] },
    say: null,
    mayName: ['old-connection'],
  },
  {
    name: 'slow-path',
    row: 'B26',
    what: 'the path takes 1.2 s, and clients wait for it',
    stage: { topology: 'wired', wire: 'slow', servers: ACCEPT, clients: VISIT },
    say: null,
  },
  {
    name: 'client-slow-path',
    row: 'B26',
    what: 'the SYN-ACK comes after 1.2 s',
    stage: { topology: 'wired', wire: 'slow', servers: ACCEPT, clients: [] },
    target: '10.9.0.2:2323',
    say: null,
  },
  {
    name: 'behind-syn-proxy',
    row: 'C17',
    what: 'a SYN proxy before the server takes the connection first',
    stage: { topology: 'routed', servers: ACCEPT, faults: SYN_PROXY, clients: VISIT },
    say: null,
  },
  {
    name: 'client-behind-syn-proxy',
    row: 'C17',
    what: 'a SYN proxy takes the connection in the server’s name',
    stage: { topology: 'routed', servers: ACCEPT, faults: SYN_PROXY, clients: VISIT },
    target: '10.9.1.2:2323',
    say: null,
    finds: ['answered-by-proxy'],
  },
  {
    name: 'client-syn-proxy-alone',
    row: 'C17',
    what: 'a SYN proxy takes the connection in the name of a server that drops it',
    stage: {
      topology: 'routed',
      servers: ACCEPT,
      faults: [...SYN_PROXY, ...nft('input', `tcp dport ${LAB_PORT} drop`)],
      clients: [],
    },
    target: '10.9.1.2:2323',
    // The handshake is complete, and the proxy never opens its window.
    say: open(null),
    sayLive: 'well',
    finds: ['window-not-opened'],
  },
  {
    name: 'proxy-to-silence',
    row: 'C18',
    what: 'a proxy on the host takes each connection, and learns after three seconds that its backend is not there',
    stage: { servers: [{ does: 'proxy-to-silence', backlog: 512 }], clients: [{ does: 'visit', linger: 4 }] },
    say: null,
    // The kernel knows after the first that its backend is not there, and those that come then are closed at once.
    mayName: ['not-accepted-yet', 'closed-at-once'],
  },
  {
    name: 'client-sees-health',
    row: '—',
    what: 'a healthy port, seen from the client',
    stage: { topology: 'routed', servers: ACCEPT, clients: [] },
    target: '10.9.1.2:2323',
    say: null,
  },
];
