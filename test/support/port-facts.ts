/** Facts of a healthy port, to be changed where a test says what is wrong. */
import type { DropEvent } from '../../src/diagnosis/drop-facts.ts';
import type { InterfaceFacts, ReturnWay } from '../../src/diagnosis/network-facts.ts';
import type {
  Listener,
  PortFacts,
  PortSockets,
  ProcessFacts,
  StuckConnection,
} from '../../src/diagnosis/port-facts.ts';
import { unknown } from '../../src/diagnosis/port-facts.ts';
import type { Handshake } from '../../src/handshake/handshake.ts';

export const LISTENER: Listener = {
  address: '0.0.0.0',
  family: 4,
  dualStack: false,
  interfaceIndex: 0,
  inode: 4711,
  queue: 0,
  backlog: 128,
};

export const SOCKETS: PortSockets = {
  listeners: [LISTENER],
  states: { LISTEN: 1, ESTAB: 12 },
  synReceivedByPeer: [],
  synReceivedPeers: 0,
  waitingForAccept: 0,
  longestWaitSeconds: null,
};

export const PROCESS: ProcessFacts = {
  pid: 70,
  name: 'serve',
  command: 'serve --port 8080',
  state: 'S',
  userId: 1000,
  threads: [{ id: 70, name: 'serve', state: 'S', cpuShare: 0.03, waitShare: 0 }],
  residentBytes: 20e6,
  openFiles: 20,
  openFileLimit: 1024,
  cgroup: unknown('no control group is told'),
  programs: [],
  container: null,
};

export const HEALTHY: PortFacts = {
  port: 8080,
  seconds: 2,
  sockets: SOCKETS,
  samples: [
    { atSeconds: 0, listeners: 1, queue: 0, taken: 0, halfOpen: 0 },
    { atSeconds: 1, listeners: 1, queue: 1, taken: 0, halfOpen: 0 },
    { atSeconds: 2, listeners: 1, queue: 0, taken: 1, halfOpen: 0 },
  ],
  sending: { stuck: [], stuckConnections: 0, servedClients: 3 },
  processes: [PROCESS],
  elsewhere: [],
  pressure: { cpu: 0.05, memory: 0, io: 0.1 },
  softnet: { dropped: 0, squeezed: 3 },
  counters: { TcpInSegs: 900, TcpPassiveOpens: 40 },
  limits: {
    somaxconn: 4096,
    maxSynBacklog: 2048,
    synCookies: 1,
    abortOnOverflow: 0,
    conntrack: { used: 900, limit: 262_144 },
    timeWait: { used: 5, limit: 131_072 },
    orphans: { used: 0, limit: 131_072 },
    files: { used: 5000, limit: 2_000_000 },
    tcpMemory: { used: 20, limit: 500_000 },
    localPorts: [32_768, 60_999],
  },
  firewall: { chains: [], rulesLeftOut: 0, rulesBeyondBound: 0, addresses: [], flowtables: [], unread: [] },
  conntrack: unknown('connections are not tracked here'),
  interfaces: [],
  ways: [],
  settings: {},
  drops: unknown('the kernel was not asked for its drop reasons'),
};

/** A client asked, and of the answer, two full-sized segments and a smaller one, the small one alone comes there: test/host/recorded/answer-repeated.hex. */
export const STUCK_ANSWER: StuckConnection = {
  client: '10.9.0.1',
  clientPort: 40_000,
  timeouts: 5,
  sentSeconds: 8,
  repeatedSeconds: 7.4,
  silentSeconds: 8,
  segments: 3,
  octets: 4000,
  sackedSegments: 1,
  ackedOctets: 0,
  segmentOctets: 1448,
  pathMtu: 1500,
  isServedElsewhere: false,
};

/** @param servedClients that full-sized segments came to */
export function withStuck(stuck: readonly StuckConnection[], servedClients: number): PortFacts {
  return { ...HEALTHY, sending: { stuck, stuckConnections: stuck.length, servedClients } };
}

/** The kernel's word that it dropped the SYN of an attempt. @param reason as `skb:kfree_skb` has it */
export function dropOfSyn({ client, server, isn }: Handshake, reason: string): DropEvent {
  const packet = {
    source: client,
    destination: server,
    flags: 2,
    sequence: isn.client ?? 0,
    acknowledgement: 0,
    interfaceIndex: 2,
  };
  return { time: '1', reason, location: 'somewhere', packet };
}

/** An interface that is well. */
export function link(name: string, address: string): InterfaceFacts {
  return {
    name,
    index: 2,
    linkType: 'ether',
    kind: null,
    mac: null,
    mtu: 1500,
    operState: 'up',
    isPromiscuous: false,
    master: null,
    addresses: [{ address, prefixLength: 24, state: 'permanent' }],
    reversePathFilter: 0,
    acceptLocal: 0,
    logMartians: 0,
    moved: {},
    driver: {},
    programs: [],
    filters: [],
  };
}

/** The way back from an address of the server to the client of the fixtures. @param over interface @param state of the next hop */
export function way(local: string, over: string, state: string): ReturnWay {
  return {
    client: '10.9.0.1',
    local,
    cameInOn: null,
    route: { type: 'unicast', interface: over, gateway: '10.9.0.77', source: null, table: null },
    neighbour: { address: '10.9.0.77', state, mac: null },
    admitted: null,
  };
}
