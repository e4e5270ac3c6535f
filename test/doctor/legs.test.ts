/** Steps 5 and 6 from recorded facts: which leg, and what took it. The counters are those that a Linux 6.18 showed for each fault. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { unknown } from '../../src/diagnosis/port-facts.ts';
import { judgeBetween } from '../../src/doctor/between-step.ts';
import type { Step } from '../../src/doctor/checkup.ts';
import { type ClientLegs, type LegsFacts, LegsFold } from '../../src/doctor/legs.ts';
import { judgeLegs } from '../../src/doctor/legs-step.ts';
import type { Diagnosis, Handshake, VerdictName } from '../../src/handshake/handshake.ts';
import { HEALTHY } from '../support/port-facts.ts';

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

const ONCE: Partial<Handshake> = { legs: { syn: LEG, synAck: LEG, ack: LEG } };

function suspect(cause: string): Diagnosis {
  return { cause, confidence: 'likely', evidence: ['so it looks'], advice: 'look there' };
}

function legsOf(...records: readonly Handshake[]): LegsFacts {
  const fold = new LegsFold(OWN);
  for (const one of records) fold.add(one);
  return fold.facts({ seconds: 15, lost: 0, warnings: [] }, (address) => address !== '127.0.0.1');
}

test('a SYN-ACK from another address is told with the SYN that it answers', () => {
  const translated = { notes: ['other-address'], diagnoses: [suspect('asymmetric-nat')] } as const;
  const asked = record('no-syn-ack', { ...translated, server: { address: '10.9.5.5', port: 8080 } });
  const legs = legsOf(asked, record('no-syn', translated));
  assert.deepEqual(troubles(judgeLegs(TARGET, legs, OWN)), ['fail leg-no-syn-ack']);
  assert.equal(legs.missingLeg, 'syn-ack');
});

test('connections that somebody on the way resets: a fault where no client has another one, else the way of some', () => {
  const reset = record('complete', { diagnoses: [suspect('firewall-reset')] });
  const other = { client: { address: '10.9.0.3', port: 40_000 } };
  assert.deepEqual(troubles(judgeLegs(TARGET, legsOf(reset, reset), OWN)), ['fail leg-reset-on-the-way']);
  const beside = judgeLegs(TARGET, legsOf(reset, reset, record('complete', other)), OWN);
  assert.deepEqual(troubles(beside), ['warn leg-reset-on-the-way']);
  assert.match(beside.findings[0]?.evidence ?? '', /^2 of 3 connections, of 10\.9\.0\.1, ended by a RST/);
});

test('a client that resets each SYN-ACK and goes on repeating its SYN is no scanner, whatever its last attempt looks like', () => {
  const scan = { ...ONCE, missingLeg: 'ack', diagnoses: [suspect('half-open-scan')] } as const;
  const insistent = record('client-reset', { missingLeg: 'ack', diagnoses: [suspect('asymmetric-nat')] });
  const once = record('client-reset', scan);
  assert.deepEqual(troubles(judgeLegs(TARGET, legsOf(insistent, once), OWN)), ['fail leg-client-reset']);
  assert.deepEqual(troubles(judgeLegs(TARGET, legsOf(once, once), OWN)), ['warn leg-client-reset']);
});

function troubles(step: Step): string[] {
  return step.findings.filter(({ status }) => status !== 'pass').map(({ status, id }) => `${status} ${id}`);
}

describe('step 5, the legs', () => {
  const many = (verdict: VerdictName, times: number): Handshake[] =>
    Array.from({ length: times }, () => record(verdict));
  const lost = record('no-ack', { ...ONCE, diagnoses: [suspect('forward-path-loss')] });
  const closed = record('complete', { diagnoses: [suspect('closed-at-once')] });
  for (const [name, records, expected] of [
    ['all complete', many('complete', 9), []],
    ['no answer', [...many('complete', 9), record('no-syn-ack')], ['fail leg-no-syn-ack']],
    ['all complete, and closed at once', [closed, closed], ['fail leg-closed-at-once']],
    ['complete, and one closed at once', [...many('complete', 9), closed], ['warn leg-closed-at-once']],
    ['refused', [record('refused')], ['fail leg-refused']],
    ['no third leg, ever', [record('no-ack')], ['fail leg-no-ack']],
    [
      'answers of a client that is there get lost, again and again',
      [...many('complete', 9), lost, lost, lost],
      ['fail leg-no-ack'],
    ],
    ['answers get lost, seldom', [...many('complete', 90), lost, lost, lost], ['warn leg-no-ack']],
    ['no third leg once, else complete', [...many('complete', 9), record('no-ack')], ['warn leg-no-ack']],
    [
      'the client resets: a scan',
      [record('client-reset', { diagnoses: [suspect('half-open-scan')] })],
      ['warn leg-client-reset'],
    ],
    [
      'the client resets: it had given up',
      [record('client-reset', { diagnoses: [suspect('client-gave-up')] })],
      ['fail leg-client-reset'],
    ],
    [
      'one SYN and never heard of again, where others are served',
      [record('complete'), record('no-ack', { ...ONCE, client: { address: '10.9.0.7', port: 2 } })],
      ['warn leg-no-ack'],
    ],
    [
      'a client that repeats its SYN, where others are served',
      [record('complete'), record('no-ack', { client: { address: '10.9.0.7', port: 2 } })],
      ['fail leg-no-ack'],
    ],
    ['an old connection, then complete', [record('challenged', ONCE), record('complete')], ['warn leg-challenged']],
    ['an old connection again and again', [record('complete'), record('challenged')], ['fail leg-challenged']],
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

describe('step 6, what is in between', () => {
  test('what step 5 only warns of is no fault here; SYNs for another host are', () => {
    const said = (cause: string): string[] => {
      const likely = [{ cause, confidence: 'likely', evidence: ['so it looks'], advice: 'look there' }] as const;
      return troubles(judgeBetween(HEALTHY, legsOf(record('no-ack')), likely, false));
    };
    assert.deepEqual(said('return-path-loss'), ['warn return-path-loss']);
    assert.deepEqual(said('wrong-destination'), ['fail wrong-destination']);
  });

  const failed = legsOf(record('no-syn-ack'));
  const cause = (name: string, confidence: Diagnosis['confidence']): Diagnosis => ({
    cause: name,
    confidence,
    evidence: ['so many packets'],
    advice: 'look there',
  });
  for (const [name, facts, legs, causes, expected] of [
    ['healthy', HEALTHY, legsOf(record('complete')), [], []],
    [
      'a cause that is proven',
      HEALTHY,
      failed,
      [cause('reverse-path-filter', 'proven'), cause('local-firewall-drop', 'possible')],
      ['fail reverse-path-filter'],
    ],
    ['a cause that the steps before have told of', HEALTHY, failed, [cause('accept-queue-full', 'proven')], []],
    ['no fault of the port', HEALTHY, failed, [cause('half-open-scan', 'likely')], ['warn half-open-scan']],
    [
      'nothing but suspects',
      HEALTHY,
      failed,
      [cause('local-firewall-drop', 'possible'), cause('wrong-mac', 'possible')],
      ['warn undetermined'],
    ],
    ['not even a suspect', HEALTHY, failed, [], ['warn unexplained']],
    [
      'without packets the counters alone',
      { ...HEALTHY, counters: { TcpExtIPReversePathFilter: 5 } },
      unknown('run as root'),
      [],
      ['warn counters', 'unknown between'],
    ],
    ['without counters', { ...HEALTHY, counters: unknown('no permission') }, failed, [], ['unknown counters']],
  ] as const) {
    test(name, () => assert.deepEqual(troubles(judgeBetween(facts, legs, causes, true)), expected));
  }
});
