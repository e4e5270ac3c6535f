/**
 * Packets joined with host facts. The packets are those of faults that were built on a real kernel (fixtures/kernel); the counters are what the same fault moved on it,
 * so that a cause that is proven here was true there. Faults that look alike in the packets are told apart by nothing but these numbers.
 */
import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, test } from 'node:test';
import type { Condition, FirewallRule } from '../../src/diagnosis/firewall-facts.ts';
import { DropIndex, spokenSyns } from '../../src/diagnosis/host-drops.ts';
import type { PortFacts } from '../../src/diagnosis/port-facts.ts';
import { unknown } from '../../src/diagnosis/port-facts.ts';
import { proveCauses, proveRecord, rule } from '../../src/diagnosis/prove.ts';
import { type Seen, seenIn, TROUBLES } from '../../src/diagnosis/seen.ts';
import { analyze, type Diagnosis, type Handshake } from '../../src/index.ts';
import { analyzeWith } from '../support/analyze-with.ts';
import { chain, field, firewall, rule as firewallRule } from '../support/firewall-rules.ts';
import { fixturesFolder } from '../support/paths.ts';
import { dropOfSyn, HEALTHY, LISTENER, link, PROCESS, SOCKETS, way } from '../support/port-facts.ts';
import { parseScript } from '../support/script.ts';
import { encodeScript } from '../support/script-frames.ts';

const PORT = 2323;

/** The facts of a host on which nothing else happens. */
function quiet(counters: Readonly<Record<string, number>>, more: Partial<PortFacts> = {}): PortFacts {
  return { ...HEALTHY, port: PORT, counters, ...more };
}

interface Said {
  readonly all: readonly string[];
  readonly first: string;
}

/** The causes of the port in a fixture, with facts that are made from the number of packets that had no answer. */
async function said(
  scenario: string,
  facts: (packets: number, attempts: number, seen: Seen) => PortFacts,
): Promise<Said> {
  const { handshakes } = await analyze(path.join(fixturesFolder, 'kernel', scenario, 'server.pcap'));
  return saidOf(handshakes, facts);
}

function saidOf(
  handshakes: readonly Handshake[],
  facts: (packets: number, attempts: number, seen: Seen) => PortFacts,
): Said {
  const seen = seenIn(handshakes);
  const failed = TROUBLES.filter((trouble) => trouble !== 'complete').map((trouble) => seen[trouble]);
  const packets = failed.reduce((sum, group) => sum + group.packets, 0);
  const attempts = failed.reduce((sum, group) => sum + group.attempts, 0);
  const causes = proveCauses({ diagnoses: [] }, handshakes, facts(packets, attempts, seen));
  const all = causes.map(({ cause, confidence }) => `${cause} ${confidence}`);
  return { all, first: all[0] ?? 'nothing' };
}

/** Queue of the listener: so many wait, so many may. */
function queued(queue: number, backlog: number): Partial<PortFacts> {
  const samples = [0, 1, 2].map((atSeconds) => ({ atSeconds, listeners: 1, queue, taken: 0, halfOpen: 0 }));
  return {
    samples,
    sockets: {
      ...SOCKETS,
      listeners: [{ ...LISTENER, queue, backlog }],
      waitingForAccept: queue,
      longestWaitSeconds: 9,
    },
  };
}

function halfOpen(address: string): Partial<PortFacts> {
  return { sockets: { ...SOCKETS, synReceivedByPeer: [{ address, count: 1 }], synReceivedPeers: 1 } };
}

describe('what only routes and neighbours tell', () => {
  test('a next hop that does not answer is proven by its state', async () => {
    const { first } = await said('client_without_arp', (n) =>
      quiet(
        { IpInReceives: 2 * n, IpInDelivers: 2 * n, TcpExtTCPTimeouts: 2, TcpExtTCPSynRetrans: n },
        { ...halfOpen('10.9.0.1'), ways: [way('10.9.0.2', 's0', 'FAILED')] },
      ),
    );
    assert.equal(first, 'neighbour-unresolved proven');
  });

  test('a half-open connection of another attempt of the client speaks for nothing', async () => {
    const { all } = await said('syn_queue_full', (n) =>
      quiet({ IpInReceives: n, IpInDelivers: n, TcpExtTCPSynRetrans: n }, halfOpen('10.9.0.1')),
    );
    assert.ok(!all.some((cause) => /^neighbour-unresolved (likely|proven)/.test(cause)), all.join(', '));
  });

  test('SYN-ACKs that leave by another interface than the one whose address was asked', async () => {
    const over = (name: string): Promise<Said> =>
      said('syn_ack_lost', () =>
        quiet({}, { interfaces: [link('s0', '10.9.1.2')], ways: [way('10.9.1.2', name, 'REACHABLE')] }),
      );
    assert.equal((await over('s1')).first, 'answers-by-another-interface likely');
    assert.equal((await over('s0')).first, 'return-path-loss likely');
  });
});

describe('SYNs without an answer, told apart by counters alone', () => {
  const rows: readonly [scenario: string, (syns: number, attempts: number, seen: Seen) => PortFacts, first: string][] =
    [
      ['input_drop', (n) => quiet({ IpInReceives: n }), 'local-firewall-drop likely'],
      ['ingress_drop', () => quiet({}), 'local-firewall-drop likely'],
      [
        'reverse_path_filter',
        (n) => quiet({ IpInReceives: n, TcpExtIPReversePathFilter: n }),
        'reverse-path-filter proven',
      ],
      [
        'accept_queue_full',
        (n) =>
          quiet(
            { IpInReceives: n + 8, IpInDelivers: n + 8, TcpExtListenOverflows: n, TcpExtListenDrops: n },
            queued(2, 1),
          ),
        'accept-queue-full proven',
      ],
      [
        'syn_queue_full',
        (_, __, { unanswered: { packets: n } }) =>
          quiet({ IpInReceives: 60, IpInDelivers: 60, TcpExtTCPReqQFullDrop: n, TcpExtListenDrops: n }),
        'syn-queue-full proven',
      ],
      [
        'no_return_route',
        (n) => quiet({ IpInReceives: n, IpInDelivers: n, IpOutNoRoutes: n, TcpExtListenDrops: n }),
        'no-return-route proven',
      ],
      ['not_my_address', (n) => quiet({ IpInReceives: n, IpInAddrErrors: n }), 'wrong-destination proven'],
      [
        'md5_missing',
        (n) => quiet({ IpInReceives: n, IpInDelivers: n, TcpExtTCPMD5NotFound: n }),
        'signature-rejected proven',
      ],
      [
        'bad_checksum',
        (n) => quiet({ IpInReceives: n + 6, IpInDelivers: n + 6, TcpInCsumErrors: n, TcpInErrs: n }),
        'bad-checksum proven',
      ],
      [
        'output_drop',
        (n) =>
          quiet({ IpInReceives: n, IpInDelivers: n, IpOutRequests: 2 * n, TcpExtTCPTimeouts: n }, halfOpen('10.9.0.1')),
        'egress-drop proven',
      ],
      [
        'client_without_arp',
        (n) =>
          quiet(
            {
              IpInReceives: 2 * n,
              IpInDelivers: 2 * n,
              TcpExtTCPTimeouts: 2,
              TcpExtTCPSynRetrans: n,
              TcpExtListenDrops: 2,
            },
            halfOpen('10.9.0.1'),
          ),
        'neighbour-unresolved likely',
      ],
    ];
  for (const [scenario, facts, first] of rows) {
    test(`${scenario}: ${first}`, async () => {
      const { all } = await said(scenario, facts);
      assert.equal(all[0], first, all.join(', '));
      // Where the queue is full, those who came before wait in it.
      const others = all.slice(1).filter((cause) => cause.endsWith('proven') && cause !== 'not-accepted-yet proven');
      assert.deepEqual(others, []);
    });
  }

  test('where one cause accounts for every SYN, none of the others is listed', async () => {
    const { all } = await said('reverse_path_filter', (n) => quiet({ IpInReceives: n, TcpExtIPReversePathFilter: n }));
    assert.deepEqual(all, ['reverse-path-filter proven']);
  });
});

describe('counters of others accuse nobody', () => {
  test('packets to an address that nobody has, as many as SYNs to one that is this host’s are missing', async () => {
    const { all, first } = await said('input_drop', (n) =>
      quiet({ IpInReceives: 2 * n, IpInAddrErrors: n }, { interfaces: [link('s0', '10.9.0.2')] }),
    );
    assert.equal(first, 'local-firewall-drop likely');
    assert.ok(!all.some((cause) => cause.startsWith('wrong-destination')), all.join(', '));
  });

  /** Another port overflows, another network is filtered, others’ packets are dropped: by hundreds. */
  const BUSY = {
    IpInReceives: 90_000,
    IpInDelivers: 88_000,
    TcpExtListenOverflows: 700,
    TcpExtListenDrops: 700,
    TcpExtIPReversePathFilter: 300,
    IpOutNoRoutes: 40,
    IpInAddrErrors: 90,
    TcpInCsumErrors: 12,
    TcpOutRsts: 5000,
  };
  for (const scenario of ['input_drop', 'reverse_path_filter', 'output_drop', 'no_return_route']) {
    test(`${scenario} on a busy host: nothing is more than possible`, async () => {
      const { all } = await said(scenario, () => quiet(BUSY, queued(0, 128)));
      assert.deepEqual(
        all.filter((cause) => !cause.endsWith('possible')),
        [],
      );
    });
  }

  test('an overflow of another port: this one’s queue had room', async () => {
    const { all } = await said('input_drop', (n) => quiet({ ...BUSY, TcpExtListenOverflows: 50 * n }, queued(1, 128)));
    assert.ok(!all.some((cause) => cause.startsWith('accept-queue-full')), all.join(', '));
  });

  test('no counters, no change: what the packets suggest stays, and stays possible', async () => {
    const blind = { ...HEALTHY, counters: unknown('no permission'), sockets: unknown('no permission') };
    const { all } = await said('input_drop', () => blind);
    assert.ok(all.length > 5);
    assert.ok(all.every((cause) => cause.endsWith('possible')));
  });

  test('nothing failed: nothing is named, whatever the counters say', async () => {
    const { all } = await said('normal_data', () => quiet(BUSY));
    assert.deepEqual(all, []);
  });
});

describe('half-open connections beyond three quarters of the backlog', () => {
  const silent = { synCookies: 0, maxSynBacklog: 16 };
  const at = (
    halfOpen: number,
    counters: (syns: number) => Readonly<Record<string, number>>,
    limits: Partial<PortFacts['limits']> = silent,
  ): Promise<Said> =>
    said('input_drop', (n) =>
      quiet(
        { IpInReceives: n, IpInDelivers: n, ...counters(n) },
        {
          sockets: { ...SOCKETS, states: { LISTEN: 1, 'SYN-RECV': 0 } },
          samples: [{ atSeconds: 0, listeners: 1, queue: 0, taken: 0, halfOpen }],
          limits: { ...HEALTHY.limits, ...limits },
        },
      ),
    );
  const drops = (n: number): Readonly<Record<string, number>> => ({ TcpExtListenDrops: n });
  const ofQueue = ({ all }: Said): string => all.find((cause) => cause.startsWith('syn-queue-full')) ?? 'nothing';
  test('and drops without an overflow', async () => {
    assert.deepEqual((await at(13, drops)).all, ['syn-queue-full proven']);
  });
  test('no: fewer', async () => {
    assert.equal(ofQueue(await at(12, drops)), 'syn-queue-full possible');
  });
  test('no: fewer, and a neighbour that is silent makes the same drops', async () => {
    assert.equal(ofQueue(await at(12, (n) => ({ ...drops(n), TcpExtTCPSynRetrans: 3 }))), 'nothing');
  });
  test('no: cookies answer everybody', async () => {
    assert.equal(ofQueue(await at(13, drops, { synCookies: 1, maxSynBacklog: 16 })), 'nothing');
  });
  test('no: the drops are overflows of the accept queue', async () => {
    const causes = await at(13, (n) => ({ ...drops(n), TcpExtListenOverflows: n }));
    assert.equal(ofQueue(causes), 'nothing');
  });
  test('no: the drops are for want of a route', async () => {
    const causes = await at(13, (n) => ({ ...drops(n), IpOutNoRoutes: n }));
    assert.deepEqual(causes.all, ['no-return-route proven']);
  });
  test('nobody could look how many there were: it stays possible', async () => {
    assert.equal(
      ofQueue(await at(13, drops, { synCookies: 0, maxSynBacklog: unknown('?') })),
      'syn-queue-full possible',
    );
  });
});

describe('who sent the RST', () => {
  const nobody = { sockets: { ...SOCKETS, listeners: [] } };
  const bound = { sockets: { ...SOCKETS, listeners: [{ ...LISTENER, address: '127.0.0.1' }] } };
  test('the kernel, and nobody listens', async () => {
    const { all } = await said('closed_port', (n) => quiet({ TcpOutRsts: n }, nobody));
    assert.deepEqual(all, ['port-closed proven']);
  });
  test('the kernel, and the listener is bound to another address', async () => {
    const { all } = await said('listening_on_loopback_only', (n) => quiet({ TcpOutRsts: n }, bound));
    assert.deepEqual(all, ['bound-to-another-address proven']);
  });
  test('the kernel, and for a while nobody listened', async () => {
    const samples = [1, 0, 1].map((listeners, atSeconds) => ({
      atSeconds,
      listeners,
      queue: 0,
      taken: 0,
      halfOpen: 0,
    }));
    const { all } = await said('closed_port', (n) => quiet({ TcpOutRsts: n }, { samples }));
    assert.deepEqual(all, ['port-closed proven']);
  });
  test('the kernel, and somebody has listened all the time: a firewall may refuse as well', async () => {
    const { all } = await said('closed_port', (n) => quiet({ TcpOutRsts: n }));
    assert.ok(!all.includes('port-closed proven'), all.join());
  });
  test('not the kernel', async () => {
    const { all } = await said('input_reject_reset', () => quiet({ TcpOutRsts: 0 }));
    assert.deepEqual(all, ['firewall-reset proven']);
  });
});

describe('third legs that were ignored', () => {
  const rows: readonly [scenario: string, (acks: number, attempts: number) => PortFacts, first: string][] = [
    [
      'accept_queue_fills',
      (n) => quiet({ IpInReceives: 60, IpInDelivers: 60, TcpExtListenOverflows: n }, queued(5, 4)),
      'accept-queue-full proven',
    ],
    [
      'accept_queue_fills_abort',
      (n) =>
        quiet(
          { IpInReceives: 60, IpInDelivers: 60, TcpExtListenOverflows: n },
          { ...queued(5, 4), limits: { ...HEALTHY.limits, abortOnOverflow: 1 } },
        ),
      'accept-queue-full proven',
    ],
    [
      'defer_accept_silent',
      (_, attempts) => quiet({ IpInReceives: 9, IpInDelivers: 9, TcpExtTCPDeferAcceptDrop: attempts }),
      'defer-accept proven',
    ],
    ['third_input_drop', (n) => quiet({ IpInReceives: n + 1, IpInDelivers: 1 }), 'ack-firewalled likely'],
    [
      'timestamp_echo_mangled',
      (n) => quiet({ IpInReceives: 9, IpInDelivers: 9, TcpExtTSEcrRejected: n }),
      'timestamps-rejected proven',
    ],
  ];
  for (const [scenario, facts, first] of rows) {
    test(`${scenario}: ${first}`, async () => {
      const { all } = await said(scenario, facts);
      assert.equal(all[0], first, all.join(', '));
    });
  }
});

describe('a SYN that a connection in TIME-WAIT keeps out', () => {
  const challenged = async (isn: number, counters: Readonly<Record<string, number>>): Promise<Said> => {
    const script = `end c 10.0.0.1:40000
end s 10.0.0.2:${PORT}
0 c > s S ${isn}:${isn}(0) <mss 1460,TS val 100 ecr 0>
+0.001 s > c . 9000:9000(0) ack 2000 <TS val 70000 ecr 900000>
+9 other`;
    const { handshakes } = await analyzeWith(encodeScript(parseScript(script)));
    return saidOf(handshakes, () => quiet(counters));
  };
  test('by its timestamp alone: the number of the SYN is a new one', async () => {
    const { all } = await challenged(500_000, { TcpExtPAWSTimewait: 1 });
    assert.deepEqual(all, ['timestamps-rejected proven', 'old-connection likely']);
  });
  test('by its number as well', async () => {
    assert.deepEqual((await challenged(1500, { TcpExtPAWSTimewait: 1 })).all, ['old-connection proven']);
  });
  test('no: the connection is open', async () => {
    const { all } = await challenged(500_000, { TcpExtTCPChallengeACK: 1 });
    assert.deepEqual(all, ['old-connection proven']);
  });
});

describe('SYNs of several clocks behind one address, at a host', () => {
  const ends = Array.from({ length: 20 }, (_, i) => `end n${i} 10.0.0.9:${1000 + i}`);
  const lines = Array.from({ length: 20 }, (_, i) => {
    const syn = `n${i} > s S 1000:1000(0) <mss 1460,TS val ${i % 2 === 0 ? 9_000_000 + i : i} ecr 0>`;
    if (i % 2 === 1) return `${i} ${syn}\n+0.3 ${syn}`;
    return `${i} ${syn}\n+0.001 s > n${i} S. 9000:9000(0) ack 1001\n+0.001 n${i} > s . ack 9001`;
  });
  const script = [`end s 10.0.0.2:${PORT}`, ...ends, ...lines, '+9 other'].join('\n');
  const causes = async (counters: Readonly<Record<string, number>>): Promise<Said> => {
    const { handshakes } = await analyzeWith(encodeScript(parseScript(script)));
    return saidOf(handshakes, () => quiet({ IpInReceives: 50, IpInDelivers: 50, ...counters }));
  };
  test('whose kernel counts them', async () => {
    assert.equal((await causes({ TcpExtPAWSPassive: 20 })).first, 'timestamps-rejected proven');
  });
  test('whose kernel knows nothing of it', async () => {
    const { all } = await causes({});
    assert.ok(!all.some((cause) => cause.startsWith('timestamps-rejected')), all.join(', '));
  });
});

test('third legs that were dropped before one was taken are in the counter, too', async () => {
  const { handshakes } = await analyze(path.join(fixturesFolder, 'kernel/defer_accept_silent/server.pcap'));
  const ignored = handshakes.filter(({ verdict }) => verdict === 'ack-ignored');
  const [first] = ignored;
  assert.ok(first !== undefined);
  const { packets } = seenIn(ignored).ignored;
  const taken = (count: number): Handshake[] =>
    Array.from({ length: 20 }, (_, index) => ({
      ...first,
      id: 1000 + index,
      verdict: 'complete',
      missingLeg: null,
      legs: { ...first.legs, ack: { ...first.legs.ack, grade: 'accepted', count } },
      diagnoses: [],
    }));
  const facts = (): PortFacts => quiet({ IpInReceives: 99, IpInDelivers: 99, TcpExtTCPDeferAcceptDrop: packets + 20 });
  assert.equal(saidOf([...ignored, ...taken(2)], facts).first, 'defer-accept proven');
  // Each was taken at once: others moved the counter.
  assert.notEqual(saidOf([...ignored, ...taken(1)], facts).first, 'defer-accept proven');
});

test('a full table of tracked connections', async () => {
  const conntrack = { count: 100, max: 100, earlyDrop: 0, insertFailed: 0, invalid: 0, clashResolved: 0 };
  const { all } = await said('input_drop', (n) => quiet({ IpInReceives: n }, { conntrack: { ...conntrack, drop: n } }));
  assert.deepEqual(all, ['nat-exhausted proven']);
});

test('a table with room that drops as many connections as SYNs are missing has no port left for them', async () => {
  const conntrack = { count: 4, max: 262_144, earlyDrop: 0, insertFailed: 0, invalid: 0, clashResolved: 0 };
  const dropping = (drop: (n: number) => number): Promise<{ readonly first: string | undefined }> =>
    said('input_drop', (n) => quiet({ IpInReceives: n }, { conntrack: { ...conntrack, drop: drop(n) } }));
  assert.equal((await dropping((n) => n)).first, 'nat-exhausted likely');
  // Others' as well as these, or some of these: it may be something else.
  assert.notEqual((await dropping((n) => 9 * n)).first, 'nat-exhausted likely');
  assert.notEqual((await dropping((n) => Math.floor(n / 2))).first, 'nat-exhausted likely');
});

test('a process that can open no further file is named before the queue that it leaves full', async () => {
  const poor = { processes: [{ ...PROCESS, openFiles: 1024, openFileLimit: 1024 }] };
  const { all } = await said('accept_queue_full', (n) =>
    quiet({ IpInReceives: n, IpInDelivers: n, TcpExtListenOverflows: n }, { ...queued(2, 1), ...poor }),
  );
  assert.deepEqual(all.slice(0, 2), ['file-limit proven', 'accept-queue-full proven']);
});

test('connections that complete and are never taken: the application does not accept', async () => {
  const { all } = await said('application_stopped', () => quiet({ TcpPassiveOpens: 2 }, queued(2, 128)));
  assert.deepEqual(all, ['not-accepted-yet proven']);
});

test('connections that wait for moments alone: the application takes and ends them', async () => {
  const standing = queued(1, 128);
  const sockets = { ...SOCKETS, ...(standing.sockets as typeof SOCKETS), longestWaitSeconds: 0.1 };
  const { all } = await said('close_after_accept', () => quiet({ TcpPassiveOpens: 2 }, { ...standing, sockets }));
  assert.deepEqual(all, ['closed-at-once likely']);
});

test('of one record: the causes of attempts like it, as the host has them', async () => {
  const { handshakes } = await analyze(path.join(fixturesFolder, 'kernel', 'reverse_path_filter', 'server.pcap'));
  const seen = seenIn(handshakes);
  const facts = quiet({ IpInReceives: 9, TcpExtIPReversePathFilter: seen.unanswered.packets });
  const rulings = rule(seen, facts);
  for (const record of handshakes) {
    const causes = proveRecord(record, rulings, seen, new DropIndex(facts)).map(
      ({ cause, confidence }) => `${cause} ${confidence}`,
    );
    assert.deepEqual(causes, ['reverse-path-filter proven']);
  }
});

test('two causes on one port: each attempt has its own, and both are proven of the port', async () => {
  const { handshakes } = await analyze(path.join(fixturesFolder, 'kernel', 'reverse_path_filter', 'server.pcap'));
  const [one] = handshakes;
  assert.ok(one?.verdict === 'no-syn-ack');
  const attempt = (id: number, address: string): Handshake => ({
    ...one,
    id,
    client: { ...one.client, address, port: 4000 + id },
  });
  const [filtered, queuedUp] = [
    [1, 2, 3],
    [4, 5, 6, 7],
  ].map((ids, index) => ids.map((id) => attempt(id, `10.9.${index}.1`)));
  const all = [...(filtered ?? []), ...(queuedUp ?? [])];
  const syns = one.legs.syn.count;
  // Of the last SYN the kernel's word has not come yet.
  const drops = (filtered ?? []).flatMap((record) => new Array(syns - 1).fill(dropOfSyn(record, 'NETFILTER_DROP')));
  const facts = quiet(
    {
      IpInReceives: 7 * syns,
      IpInDelivers: 4 * syns,
      TcpExtListenOverflows: 4 * syns + 3,
      TcpExtListenDrops: 4 * syns + 3,
    },
    { ...queued(4, 3), drops: { from: '1', to: '2', drops, lost: 0 } },
  );
  const named = (causes: readonly Diagnosis[]): string[] =>
    causes.map(({ cause, confidence }) => `${cause} ${confidence}`);
  assert.deepEqual(
    named(proveCauses({ diagnoses: [] }, all, facts))
      .slice(0, 2)
      .sort(),
    ['accept-queue-full proven', 'local-firewall-drop proven'],
  );
  const seen = seenIn(all);
  const index = new DropIndex(facts);
  const rulings = rule(seen, facts, spokenSyns(index.rulings(all)));
  for (const record of filtered ?? []) {
    assert.deepEqual(named(proveRecord(record, rulings, seen, index)), ['local-firewall-drop proven']);
  }
  for (const record of queuedUp ?? []) {
    assert.deepEqual(named(proveRecord(record, rulings, seen, index)), ['accept-queue-full proven']);
  }
});

describe('rules that take the packets of some clients alone', () => {
  const named = (causes: readonly Diagnosis[]): string[] =>
    causes.map(({ cause, confidence }) => `${cause} ${confidence}`);
  const port = field('destination-port', PORT);
  const counting = (packets: number, text: string, ...conditions: Condition[]): FirewallRule => ({
    ...firewallRule({ kind: 'drop' }, port, ...conditions),
    text,
    counter: { moved: packets, total: packets },
  });

  /** Three clients, each with one attempt; whose SYNs have no answer. */
  async function clients() {
    const { handshakes } = await analyze(path.join(fixturesFolder, 'kernel', 'input_drop', 'server.pcap'));
    const [one] = handshakes;
    assert.ok(one?.verdict === 'no-syn-ack');
    const all = ['10.9.1.1', '10.9.2.1', '10.9.3.1'].map(
      (address, index): Handshake => ({ ...one, id: index + 1, client: { address, port: 40_000 + index } }),
    );
    return { all, syns: one.legs.syn.count };
  }

  function prove(all: readonly Handshake[], facts: PortFacts): { port: readonly Diagnosis[]; each: string[][] } {
    const seen = seenIn(all);
    const index = new DropIndex(facts);
    const rulings = rule(seen, facts, spokenSyns(index.rulings(all)));
    return {
      port: proveCauses({ diagnoses: [] }, all, facts),
      each: all.map((record) => named(proveRecord(record, rulings, seen, index))),
    };
  }

  test('one rule and a full queue: each client has its own cause, and the kernel need not say so', async () => {
    const { all, syns } = await clients();
    const rules = [counting(2 * syns, 'ip saddr @bad drop', field('source-address', '10.9.1.1', '10.9.2.1'))];
    const counters = {
      IpInReceives: 3 * syns,
      IpInDelivers: syns,
      TcpExtListenOverflows: syns,
      TcpExtListenDrops: syns,
    };
    const { port, each } = prove(all, quiet(counters, { ...queued(4, 3), firewall: firewall(chain('input', rules)) }));
    assert.deepEqual(named(port), ['local-firewall-drop proven', 'accept-queue-full proven']);
    assert.match(port[0]?.evidence[0] ?? '', /"ip saddr @bad drop".* and \d+ of 10\.9\.1\.1, 10\.9\.2\.1 went missing/);
    assert.deepEqual(each, [
      ['local-firewall-drop proven'],
      ['local-firewall-drop proven'],
      ['accept-queue-full proven'],
    ]);
  });

  test('two rules, and a third client that is lost elsewhere: no rule is held against it', async () => {
    const { all, syns } = await clients();
    const rules = [
      counting(syns, 'one', field('source-address', '10.9.1.1')),
      counting(syns, 'two', field('source-address', '10.9.2.1')),
    ];
    const counters = { IpInReceives: 3 * syns, IpInDelivers: syns, TcpExtTCPMD5NotFound: syns };
    const { port, each } = prove(all, quiet(counters, { firewall: firewall(chain('input', rules)) }));
    assert.deepEqual(named(port), ['local-firewall-drop proven', 'signature-rejected proven']);
    assert.match(port[0]?.evidence.join('; ') ?? '', /"one".*10\.9\.1\.1.*"two".*10\.9\.2\.1/);
    assert.deepEqual(each, [
      ['local-firewall-drop proven'],
      ['local-firewall-drop proven'],
      ['signature-rejected proven'],
    ]);
  });

  test('a rule on one of two interfaces, when nobody knows on which the client came in: its number is said, and proves nothing', async () => {
    const { all, syns } = await clients();
    const rules = [counting(3 * syns, 'iif eth1 drop', field('in-interface', 'eth1'))];
    const interfaces = [link('eth0', '10.9.0.2'), link('eth1', '10.9.8.2')];
    const { port } = prove(
      all,
      quiet({ IpInReceives: 3 * syns }, { interfaces, firewall: firewall(chain('input', rules)) }),
    );
    assert.equal(named(port)[0], 'local-firewall-drop likely');
    assert.match(port[0]?.evidence[0] ?? '', /"iif eth1 drop"/);
  });
});

test('evidence carries the numbers', async () => {
  const { handshakes } = await analyze(path.join(fixturesFolder, 'kernel', 'reverse_path_filter', 'server.pcap'));
  const syns = seenIn(handshakes).unanswered.packets;
  const facts = quiet({ IpInReceives: syns, TcpExtIPReversePathFilter: syns });
  const [first] = proveCauses({ diagnoses: [] }, handshakes, facts);
  assert.match(
    first?.evidence[0] ?? '',
    new RegExp(`^TcpExtIPReversePathFilter \\+${syns}, and ${syns} SYNs got no answer$`),
  );
  assert.match(first?.evidence.join('\n') ?? '', /packet 1, 2/);
});
