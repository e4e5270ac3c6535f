/** Steps 5 and 6 from recorded facts: which leg, and what took it. The counters are those that a Linux 6.18 showed for each fault. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type PortFacts, unknown } from '../../src/diagnosis/port-facts.ts';
import { judgeBetween } from '../../src/doctor/between-step.ts';
import type { Step } from '../../src/doctor/checkup.ts';
import { type ClientLegs, type LegsFacts, LegsFold } from '../../src/doctor/legs.ts';
import { judgeLegs } from '../../src/doctor/legs-step.ts';
import type { Handshake, VerdictName } from '../../src/handshake/handshake.ts';
import { HEALTHY, SOCKETS } from '../support/port-facts.ts';

const TARGET = { host: null, port: 8080 };
const OWN = new Set(['10.9.0.2', '127.0.0.1']);
const SERVER = { address: '10.9.0.2', port: 8080 };
const LEG = { grade: 'seen', count: 1, first: null, last: null, frames: [] } as const;

function record(verdict: VerdictName, more: Partial<Handshake> = {}): Handshake {
  return {
    id: 1,
    revision: 0,
    client: { address: '10.9.0.1', port: 40_000 },
    server: SERVER,
    isn: { client: 1, server: null },
    verdict,
    missingLeg: verdict === 'complete' ? null : 'syn-ack',
    reason: 'So it is.',
    legs: { syn: { ...LEG, count: 5 }, synAck: LEG, ack: LEG },
    latency: { synToSynAck: null, synAckToAck: null },
    reset: null,
    icmp: null,
    tunnel: null,
    vlan: null,
    notes: [],
    diagnoses: [],
    ...more,
  };
}

function legsOf(...records: readonly Handshake[]): LegsFacts {
  const fold = new LegsFold(OWN, (address) => address !== '127.0.0.1');
  for (const one of records) fold.add(one);
  return fold.facts(15, 0, []);
}

function troubles(step: Step): string[] {
  return step.findings.filter(({ status }) => status !== 'pass').map(({ status, id }) => `${status} ${id}`);
}

describe('step 5, the legs', () => {
  const many = (verdict: VerdictName, times: number): Handshake[] =>
    Array.from({ length: times }, () => record(verdict));
  for (const [name, records, expected] of [
    ['all complete', many('complete', 9), []],
    ['no answer', [...many('complete', 9), record('no-syn-ack')], ['fail leg-no-syn-ack']],
    ['refused', [record('refused')], ['fail leg-refused']],
    ['no third leg, ever', [record('no-ack')], ['fail leg-no-ack']],
    ['no third leg once, else complete', [...many('complete', 9), record('no-ack')], ['warn leg-no-ack']],
    ['the client resets: a scan', [record('client-reset')], ['warn leg-client-reset']],
    ['an old connection, then complete', [record('challenged'), record('complete')], ['warn leg-challenged']],
    [
      'for an address that is not here',
      [record('no-syn-ack', { server: { address: '10.9.0.99', port: 8080 } })],
      ['warn not-our-address'],
    ],
    [
      'what this host asks of others is not its own trouble',
      [
        record('complete'),
        record('no-syn-ack', {
          client: { address: '10.9.0.2', port: 1 },
          server: { address: '192.0.2.1', port: 8080 },
        }),
      ],
      [],
    ],
    [
      'its own try of an address on which nothing listens',
      [
        record('complete'),
        record('refused', { client: { address: '127.0.0.1', port: 1 }, server: { address: '127.0.0.1', port: 8080 } }),
      ],
      [],
    ],
  ] as const) {
    test(name, () => assert.deepEqual(troubles(judgeLegs(TARGET, legsOf(...records), OWN)), expected));
  }

  test('nobody tried, no packets, packets lost: unknown, and said', () => {
    assert.deepEqual(troubles(judgeLegs(TARGET, legsOf(), OWN)), ['unknown nobody-tried']);
    assert.deepEqual(troubles(judgeLegs(TARGET, unknown('run as root'), OWN)), ['unknown legs']);
    assert.deepEqual(troubles(judgeLegs(TARGET, { ...legsOf(record('complete')), lost: 3 }, OWN)), [
      'unknown packets-lost',
    ]);
  });

  test('each client by itself, the leg that most attempts lack', () => {
    const other = { address: '10.9.0.7', port: 2 };
    const legs = legsOf(
      record('complete'),
      record('no-ack', { client: other, missingLeg: 'ack' }),
      record('no-ack', { client: other, missingLeg: 'ack' }),
    );
    assert.equal(legs.missingLeg, 'ack');
    assert.deepEqual(
      legs.clients.map(({ client, attempts }: ClientLegs) => [client, attempts]),
      [
        ['10.9.0.1', 1],
        ['10.9.0.7', 2],
      ],
    );
  });
});

describe('step 6, what took the SYNs', () => {
  const unanswered = legsOf(record('no-syn-ack'));
  const facts = (counters: Record<string, number>, more: Partial<PortFacts> = {}): PortFacts => ({
    ...HEALTHY,
    counters,
    ...more,
  });
  const halfOpen = {
    sockets: { ...SOCKETS, synReceivedByPeer: [{ address: '10.9.0.1', count: 1 }], synReceivedPeers: 1 },
  };
  for (const [name, given, legs, expected] of [
    ['healthy', HEALTHY, legsOf(record('complete')), []],
    ['input drop', facts({ IpInReceives: 5 }), unanswered, ['fail own-firewall']],
    ['ingress drop', facts({ Ip6InReceives: 2 }), unanswered, ['fail dropped-at-interface']],
    ['rp_filter', facts({ IpInReceives: 5, TcpExtIPReversePathFilter: 5 }), unanswered, ['fail reverse-path-filter']],
    [
      'rp_filter of somebody else',
      facts({ IpInReceives: 6, TcpExtIPReversePathFilter: 1 }),
      unanswered,
      ['warn reverse-path-filter', 'fail own-firewall'],
    ],
    ['address not here', facts({ IpInReceives: 5, IpInAddrErrors: 5 }), unanswered, ['fail address-not-here']],
    ['MD5', facts({ IpInReceives: 5, IpInDelivers: 5, TcpExtTCPMD5NotFound: 5 }), unanswered, ['fail md5-or-ao-key']],
    [
      'accept queue',
      facts({ IpInReceives: 5, IpInDelivers: 5, TcpExtListenOverflows: 5, TcpExtListenDrops: 5 }),
      unanswered,
      [],
    ],
    [
      'no return route',
      facts({ IpInReceives: 5, IpInDelivers: 5, IpOutNoRoutes: 5, TcpExtListenDrops: 5 }),
      unanswered,
      ['fail no-return-route'],
    ],
    [
      'own output',
      facts({ IpInReceives: 5, IpInDelivers: 5, IpOutRequests: 10, IpOutTransmits: 0, TcpExtTCPTimeouts: 5 }, halfOpen),
      unanswered,
      ['fail own-output-drop'],
    ],
    [
      'neighbour',
      facts({ IpInReceives: 5, IpInDelivers: 5, IpOutRequests: 9, IpOutTransmits: 9 }, halfOpen),
      unanswered,
      ['fail neighbour-or-egress'],
    ],
    ['checksums', facts({ IpInReceives: 5, IpInDelivers: 5, TcpInCsumErrors: 5 }), unanswered, ['fail bad-checksum']],
    ['nothing tells', facts({ IpInReceives: 5, IpInDelivers: 5 }), unanswered, ['warn unexplained']],
    ['closed port', facts({ TcpOutRsts: 1 }), legsOf(record('refused')), []],
    ['reject with reset', facts({ IpInReceives: 2 }), legsOf(record('refused')), ['fail rejected-with-reset']],
    ['no counters', { ...HEALTHY, counters: unknown('?') }, unanswered, ['unknown counters']],
    ['no packets', HEALTHY, unknown('run as root'), ['unknown between']],
  ] as const) {
    test(name, () => assert.deepEqual(troubles(judgeBetween(given, legs)), expected));
  }

  test('an ICMP error names who turned the client away: this host, or another', () => {
    const icmp = { from: '10.9.0.2', type: 3, code: 13, meaning: 'prohibited', frame: 2, quotes: 'syn' } as const;
    const own = judgeBetween(HEALTHY, legsOf(record('rejected', { icmp })));
    assert.match(own.findings[0]?.evidence ?? '', /by this host itself/);
    const router = judgeBetween(
      HEALTHY,
      legsOf(record('no-ack', { icmp: { ...icmp, from: '10.9.5.1', quotes: 'syn-ack' } })),
    );
    assert.match(
      router.findings[0]?.evidence ?? '',
      /^the SYN-ACK of 10\.9\.0\.1 was turned away .* by 10\.9\.5\.1: a router/,
    );
  });
});
