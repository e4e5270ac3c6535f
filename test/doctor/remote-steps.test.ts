/** The steps for a port of another host, from recorded facts. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { unknown } from '../../src/diagnosis/port-facts.ts';
import { concludeCheckup, type Step } from '../../src/doctor/checkup.ts';
import type { Hop, RemoteConnect, Route } from '../../src/doctor/remote.ts';
import { causesOfRemote } from '../../src/doctor/remote-causes.ts';
import { judgeName, judgeRemoteConnects, judgeRoutes, judgeTraces } from '../../src/doctor/remote-steps.ts';
import type { Diagnosis, Handshake } from '../../src/handshake/handshake.ts';

function troubles(step: Step): string[] {
  return step.findings.filter(({ status }) => status !== 'pass').map(({ status, id }) => `${status} ${id}`);
}

describe('the name', () => {
  const name = {
    host: 'www.example.org',
    addresses: ['192.0.2.1', '2001:db8::1'],
    error: null,
    seconds: 0.01,
    numeric: false,
  };
  for (const [title, facts, expected] of [
    ['found', name, []],
    ['an address', { ...name, host: '192.0.2.1', numeric: true }, []],
    ['slow', { ...name, seconds: 5.01 }, ['warn name-slow']],
    ['not found', { ...name, addresses: [], error: 'ENOTFOUND' }, ['fail name-not-found']],
  ] as const) {
    test(title, () => assert.deepEqual(troubles(judgeName(facts)), expected));
  }

  test('every address of both families is told', () => {
    assert.match(judgeName(name).findings[0]?.evidence ?? '', /1 of IPv4, 1 of IPv6\): 192\.0\.2\.1, 2001:db8::1/);
  });
});

/** By way of a gateway that answers. */
const route: Route = {
  interface: 'eth0',
  source: '10.0.0.2',
  gateway: '10.0.0.1',
  type: 'unicast',
  neighbour: 'REACHABLE',
};

describe('the route', () => {
  for (const [title, given, expected] of [
    ['there is one', route, []],
    ['to oneself', { ...route, gateway: null, neighbour: null }, []],
    ['the gateway does not answer', { ...route, neighbour: 'FAILED' }, ['fail neighbour-silent']],
    ['blackhole', { ...route, type: 'blackhole' }, ['fail route-says-no']],
    ['none', unknown('ip route get 192.0.2.1: Network is unreachable'), ['fail no-route']],
    ['not to be read', unknown('the command ip is not installed'), ['unknown route']],
  ] as const) {
    test(title, () => assert.deepEqual(troubles(judgeRoutes([{ address: '192.0.2.1', route: given }])), expected));
  }
});

describe('one address of two works', () => {
  const works: RemoteConnect = {
    address: '192.0.2.1',
    port: 80,
    outcome: 'connected',
    seconds: 0.02,
    afterwards: 'open',
    handshake: null,
  };
  test('and this host has no IPv6: no fault of anybody', () => {
    const routes = judgeRoutes([
      { address: '192.0.2.1', route },
      { address: '2001:db8::1', route: unknown('ip route get 2001:db8::1: Network is unreachable') },
    ]);
    assert.deepEqual(troubles(routes), ['warn no-route']);
    const without: RemoteConnect = { ...works, address: '2001:db8::1', outcome: 'ENETUNREACH', afterwards: null };
    const connects = judgeRemoteConnects([works, without]);
    assert.deepEqual(troubles(connects), ['warn connect-enetunreach', 'warn syn-never-left']);
    const verdict = concludeCheckup({ host: 'www.example.org', port: 80 }, [routes, connects], null, []);
    assert.equal(verdict.status, 'healthy');
  });
  test('and SYNs to the other get lost: a warning in each step', () => {
    const silent: Hop = { ttl: 1, from: null, answer: 'silent', icmp: null };
    const lost = [{ address: '2001:db8::1', hops: [silent] }];
    assert.deepEqual(troubles(judgeTraces(80, lost, true)), ['warn filtered-at']);
    assert.deepEqual(troubles(judgeTraces(80, lost)), ['fail filtered-at']);
  });
});

describe('the connects', () => {
  const works: RemoteConnect = {
    address: '192.0.2.1',
    port: 80,
    outcome: 'connected',
    seconds: 0.02,
    afterwards: 'open',
    handshake: unknown('no right'),
  };
  const fails: RemoteConnect = { ...works, address: '2001:db8::1', outcome: 'timeout', seconds: 5, afterwards: null };
  for (const [title, connects, expected] of [
    ['works, without packets', [works], ['unknown packets']],
    [
      'one family works, the other does not',
      [works, fails],
      ['unknown packets', 'warn connect-timeout', 'unknown packets'],
    ],
    ['nothing works', [fails], ['fail connect-timeout', 'unknown packets']],
    ['the SYN never was on the wire', [{ ...fails, handshake: null }], ['fail connect-timeout', 'fail syn-never-left']],
    ['slow', [{ ...works, seconds: 1.03, handshake: null }], ['warn connect-slow']],
    ['closed at once', [{ ...works, afterwards: 'closed', handshake: null }], ['warn closed-at-once']],
  ] as const) {
    test(title, () => assert.deepEqual(troubles(judgeRemoteConnects(connects)), expected));
  }
});

describe('who answered the SYN', () => {
  const seen = (...notes: string[]): RemoteConnect => ({
    address: '192.0.2.1',
    port: 80,
    outcome: 'connected',
    seconds: 0.02,
    afterwards: 'open',
    handshake: { verdict: 'complete', reason: 'So it is.', reset: null, notes } as unknown as Handshake,
  });
  for (const [title, connects, expected] of [
    ['the server', [seen()], []],
    ['somebody without a window, which is opened', [seen('syn-ack-no-window')], ['warn answered-by-proxy']],
    ['somebody at another distance', [seen('answered-from-elsewhere')], ['warn answered-by-proxy']],
    ['nobody opens the window', [seen('syn-ack-no-window', 'window-not-opened')], ['fail window-not-opened']],
    [
      'the same of one address, while another works',
      [seen('syn-ack-no-window', 'window-not-opened'), seen()],
      ['warn window-not-opened'],
    ],
    ['two hosts', [seen('several-syn-acks')], ['warn several-answers']],
  ] as const) {
    test(title, () => assert.deepEqual(troubles(judgeRemoteConnects(connects)), expected));
  }
});

describe('the trace', () => {
  const router = (ttl: number): Hop => ({
    ttl,
    from: `10.0.${ttl}.1`,
    answer: 'time-exceeded',
    icmp: { type: 11, code: 0 },
  });
  const silent = (ttl: number): Hop => ({ ttl, from: null, answer: 'silent', icmp: null });
  for (const [title, hops, expected, says] of [
    [
      'reached',
      [router(1), silent(2), { ...silent(3), answer: 'connected' }],
      [],
      /hop 3: 1 10\.0\.1\.1 -> 2 \* -> 3 connected/,
    ],
    ['a RST', [router(1), { ...silent(2), answer: 'refused' }], [], /RST comes from hop 2/],
    [
      'lost on the way',
      [router(1), router(2), silent(3)],
      ['fail filtered-at'],
      /lost behind 10\.0\.2\.1 \(hop 2\), the last that answered; hop 3/,
    ],
    ['lost at once', [silent(1)], ['fail filtered-at'], /at the first hop/],
    [
      'turned away',
      [router(1), { ...router(2), answer: 'unreachable', icmp: { type: 3, code: 13 } }],
      ['fail turned-away-at'],
      /by 10\.0\.2\.1 \(hop 2\) with ICMP type 3 code 13/,
    ],
  ] as const) {
    test(title, () => {
      const step = judgeTraces(80, [{ address: '192.0.2.1', hops }]);
      assert.deepEqual(troubles(step), expected);
      assert.match(step.findings[0]?.evidence ?? '', says);
    });
  }

  test('not possible: unknown, with the reason', () => {
    assert.deepEqual(troubles(judgeTraces(80, [{ address: '192.0.2.1', hops: unknown('no koffi') }])), [
      'unknown trace',
    ]);
  });
});

describe('causes of a SYN without an answer, behind the last router that answers', () => {
  const hop: Hop = { ttl: 1, from: '10.0.0.1', answer: 'time-exceeded', icmp: null };
  const traces = [{ address: '192.0.2.1', hops: [hop, { ttl: 2, from: null, answer: 'silent', icmp: null } as const] }];
  const causes = (...named: readonly (readonly [string, Diagnosis['confidence']])[]): string[] => {
    const diagnoses = named.map(([cause, confidence]) => ({ cause, confidence, evidence: ['so'], advice: 'look' }));
    const handshake = { verdict: 'no-syn-ack', icmp: null, diagnoses } as unknown as Handshake;
    const connect = { address: '192.0.2.1', port: 80, outcome: 'timeout', seconds: 3, afterwards: null, handshake };
    return causesOfRemote([], [connect], traces).map(({ cause, confidence }) => `${cause} ${confidence}`);
  };
  test('it may be the server itself as well: nothing is more than possible', () => {
    const packets = [
      ['upstream-drop', 'possible'],
      ['local-firewall-drop', 'possible'],
    ] as const;
    assert.deepEqual(causes(...packets), ['upstream-drop possible', 'local-firewall-drop possible']);
  });
  test('what the packets prove is not pushed aside', () => {
    assert.deepEqual(causes(['asymmetric-nat', 'likely']), ['asymmetric-nat likely']);
  });
});
