/** The judges of the steps: each finding from recorded facts, and none for a healthy port. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type CgroupFacts,
  type PortFacts,
  type PortSockets,
  type ProcessFacts,
  unknown,
} from '../../src/diagnosis/port-facts.ts';
import { concludeCheckup, type Step } from '../../src/doctor/checkup.ts';
import { type ConnectAttempt, judgeConnects } from '../../src/doctor/connects.ts';
import { judgeLegs } from '../../src/doctor/legs-step.ts';
import { judgeListener } from '../../src/doctor/listener-step.ts';
import { judgeProcess } from '../../src/doctor/process-step.ts';
import { judgeSockets } from '../../src/doctor/sockets-step.ts';
import { stepText, verdictText } from '../../src/doctor/text.ts';
import { HEALTHY, LISTENER, PROCESS, SOCKETS, STUCK_ANSWER, withStuck } from '../support/port-facts.ts';

/** "fail not-listening": findings that are not pass. */
function troubles(step: Step): string[] {
  return step.findings.filter(({ status }) => status !== 'pass').map(({ status, id }) => `${status} ${id}`);
}

function withSockets(sockets: Partial<PortSockets>, more: Partial<PortFacts> = {}): PortFacts {
  return { ...HEALTHY, sockets: { ...SOCKETS, ...sockets }, ...more };
}

function withProcess(process: Partial<ProcessFacts>, more: Partial<PortFacts> = {}): PortFacts {
  return { ...HEALTHY, processes: [{ ...PROCESS, ...process }], ...more };
}

const STUCK_SAMPLES = [
  { atSeconds: 0, listeners: 1, queue: 2, taken: 0, halfOpen: 0 },
  { atSeconds: 1, listeners: 1, queue: 2, taken: 0, halfOpen: 0 },
  { atSeconds: 2, listeners: 1, queue: 2, taken: 0, halfOpen: 0 },
];
const STUCK: Partial<PortFacts> = {
  samples: STUCK_SAMPLES,
  sockets: { ...SOCKETS, listeners: [{ ...LISTENER, queue: 2 }], waitingForAccept: 2, longestWaitSeconds: 40 },
};
const CGROUP: CgroupFacts = {
  path: '/serve',
  version: 2,
  cpuLimit: 0.5,
  cpuPeriods: 100,
  cpuPeriodsThrottled: 0,
  memoryBytes: 1e6,
  memoryLimitBytes: 1e9,
  outOfMemoryKills: 0,
  tasks: 3,
  taskLimit: 100,
};

test('a healthy port under load has no finding in any step', () => {
  for (const step of [judgeProcess(HEALTHY), judgeListener(HEALTHY, null, null), judgeSockets(HEALTHY, new Set())]) {
    assert.deepEqual(troubles(step), []);
    assert.equal(step.status, 'pass');
  }
});

describe('step 1, the process', () => {
  const busyThread = { threads: [{ id: 71, name: 'loop', state: 'R', cpuShare: 0.99, waitShare: 0 }] };
  for (const [name, facts, expected] of [
    ['stopped', withProcess({ state: 'T' }), ['fail process-stopped']],
    [
      'blocked by a disk',
      withProcess({ threads: [{ id: 70, name: 'serve', state: 'D', cpuShare: 0, waitShare: 0 }] }),
      ['warn process-blocked'],
    ],
    ['one thread busy, and the queue is emptied', withProcess(busyThread), ['warn thread-busy']],
    ['one thread busy, and the queue is not emptied', withProcess(busyThread, STUCK), ['fail thread-busy']],
    [
      'a thread that never rests where processors are scarce',
      withProcess({ threads: [{ id: 71, name: 'loop', state: 'R', cpuShare: 0.08, waitShare: 0.9 }] }, STUCK),
      ['fail thread-busy'],
    ],
    [
      'half a processor is no finding',
      withProcess({ threads: [{ id: 71, name: 'loop', state: 'R', cpuShare: 0.5, waitShare: 0 }] }),
      [],
    ],
    ['no file left', withProcess({ openFiles: 1024 }), ['fail open-files-exhausted']],
    ['few files left', withProcess({ openFiles: 1000 }), ['warn open-files-near']],
    ['files not to be seen', withProcess({ openFiles: unknown('no permission') }), ['unknown open-files']],
    [
      'held back by its control group',
      withProcess({ cgroup: { ...CGROUP, cpuPeriodsThrottled: 60 } }),
      ['warn cpu-throttled'],
    ],
    ['held back now and then', withProcess({ cgroup: { ...CGROUP, cpuPeriodsThrottled: 3 } }), []],
    ['memory near its limit', withProcess({ cgroup: { ...CGROUP, memoryBytes: 950e6 } }), ['warn memory-near-limit']],
    ['killed for memory', withProcess({ cgroup: { ...CGROUP, outOfMemoryKills: 1 } }), ['fail out-of-memory']],
    ['no task left', withProcess({ cgroup: { ...CGROUP, tasks: 100 } }), ['warn tasks-exhausted']],
    ['processors short', { ...HEALTHY, pressure: { cpu: 0.9, memory: 0, io: 0 } }, ['warn cpu-pressure']],
    ['memory short', { ...HEALTHY, pressure: { cpu: 0, memory: 0.2, io: 0 } }, ['warn memory-pressure']],
    ['backlog of a processor full', { ...HEALTHY, softnet: { dropped: 7, squeezed: 9 } }, ['warn softnet-dropped']],
    ['not to be seen', { ...HEALTHY, processes: unknown('run as root') }, ['unknown process']],
  ] as const) {
    test(name, () => assert.deepEqual(troubles(judgeProcess(facts)), expected));
  }
});

describe('step 2, the listener', () => {
  const listening = (...listeners: readonly Partial<typeof LISTENER>[]): PortFacts =>
    withSockets({ listeners: listeners.map((listener) => ({ ...LISTENER, ...listener })) });
  const overflowing = { counters: { TcpExtListenOverflows: 13, TcpExtListenDrops: 13 } };
  for (const [name, facts, expected] of [
    ['nothing listens', withSockets({ listeners: [] }), ['fail not-listening']],
    [
      'it listens in a container',
      withSockets(
        { listeners: [] },
        {
          elsewhere: [
            {
              pid: 90,
              namespace: 'net:[2]',
              address: '0.0.0.0',
              owners: [{ pid: 91, name: 'nginx', container: 'abc' }],
            },
          ],
        },
      ),
      ['fail not-listening', 'warn listens-in-other-namespace'],
    ],
    [
      'on loopback alone',
      listening({ address: '127.0.0.1' }, { address: '::1', family: 6 }),
      ['fail bound-to-loopback'],
    ],
    ['for IPv6 alone', listening({ address: '::', family: 6, dualStack: false }), ['fail ipv6-only']],
    ['dual-stack', listening({ address: '::', family: 6, dualStack: true }), []],
    ['IPv6, and not known whether dual-stack', listening({ address: '::', family: 6, dualStack: unknown('?') }), []],
    ['on one address', listening({ address: '10.9.0.2' }), []],
    [
      'queue full, nobody empties it',
      {
        ...HEALTHY,
        ...STUCK,
        sockets: { ...SOCKETS, listeners: [{ ...LISTENER, queue: 2, backlog: 1 }], longestWaitSeconds: 9 },
      },
      ['fail accept-queue-full'],
    ],
    [
      'queue full, emptied too slowly',
      withSockets({ listeners: [{ ...LISTENER, queue: 129 }] }, overflowing),
      ['fail accept-queue-full'],
    ],
    [
      'queue full at one look, nothing dropped',
      withSockets({ listeners: [{ ...LISTENER, queue: 129 }] }),
      ['warn accept-queue-full'],
    ],
    ['queue at its backlog is not full', withSockets({ listeners: [{ ...LISTENER, queue: 128 }] }), []],
    ['some wait, none is taken', { ...HEALTHY, ...STUCK }, ['fail accept-queue-stuck']],
    [
      'the same two looks with a queue that gets shorter',
      {
        ...HEALTHY,
        ...STUCK,
        samples: [...STUCK_SAMPLES, { atSeconds: 3, listeners: 1, queue: 1, taken: 0, halfOpen: 0 }],
      },
      [],
    ],
    [
      'as many wait, but others',
      { ...HEALTHY, ...STUCK, samples: STUCK_SAMPLES.map((sample) => ({ ...sample, taken: 1 })) },
      [],
    ],
    [
      'those that wait have come just now',
      { ...HEALTHY, ...STUCK, sockets: { ...SOCKETS, longestWaitSeconds: 0.01 } },
      [],
    ],
    [
      'nothing listened for a while',
      { ...HEALTHY, samples: STUCK_SAMPLES.map((sample, index) => ({ ...sample, queue: 0, listeners: index % 2 })) },
      ['warn was-not-listening'],
    ],
    ['a queue of this host was full', { ...HEALTHY, ...overflowing }, ['warn accept-queue-overflowed']],
    ['sockets not to be read', { ...HEALTHY, sockets: unknown('no /proc') }, ['unknown listener']],
  ] as const) {
    test(name, () => assert.deepEqual(troubles(judgeListener(facts, null, null)), expected));
  }

  test('nothing listens, and connects succeed all the same: something redirects them', () => {
    assert.deepEqual(troubles(judgeListener(withSockets({ listeners: [] }), 'connects succeed', null)), []);
  });
});

describe('step 3, connects', () => {
  const attempt = (more: Partial<ConnectAttempt>): ConnectAttempt => ({
    address: '10.9.0.2',
    port: 8080,
    via: 'own-address',
    outcome: 'connected',
    seconds: 0.0001,
    afterwards: 'open',
    ...more,
  });
  for (const [name, tried, expected] of [
    ['connected', attempt({}), []],
    ['refused', attempt({ outcome: 'ECONNREFUSED', afterwards: null }), ['fail connect-econnrefused']],
    ['refused where nothing listens', attempt({ address: '10.9.9.9', outcome: 'ECONNREFUSED' }), []],
    ['no answer', attempt({ outcome: 'timeout' }), ['fail connect-timeout']],
    ['prohibited', attempt({ outcome: 'EHOSTUNREACH' }), ['fail connect-ehostunreach']],
    ['at the second SYN', attempt({ seconds: 1.02 }), ['warn connect-slow']],
    ['closed at once', attempt({ afterwards: 'closed' }), ['warn closed-at-once']],
    ['reset at once', attempt({ afterwards: 'reset' }), ['warn reset-at-once']],
  ] as const) {
    test(name, () =>
      assert.deepEqual(troubles(judgeConnects(8080, [tried], (address) => address !== '10.9.9.9')), expected),
    );
  }

  test('no address, no judgement', () => {
    assert.equal(judgeConnects(8080, [], () => true).status, 'unknown');
  });
});

describe('step 4, sockets and limits', () => {
  const half = { states: { LISTEN: 1, 'SYN-RECV': 129 }, synReceivedPeers: 40 };
  const noCookies = { limits: { ...HEALTHY.limits, synCookies: 0 } };
  for (const [name, facts, expected] of [
    ['some half-open handshakes', withSockets({ states: { 'SYN-RECV': 5 }, synReceivedPeers: 5 }), []],
    ['SYN queue full, no cookies', withSockets(half, noCookies), ['fail syn-queue-full']],
    ['SYN queue full, cookies', withSockets(half), ['warn syn-cookies']],
    [
      'SYNs dropped for a full SYN queue',
      { ...HEALTHY, counters: { TcpExtTCPReqQFullDrop: 34 } },
      ['fail syn-queue-full'],
    ],
    ['cookies were sent', { ...HEALTHY, counters: { TcpExtTCPReqQFullDoCookies: 9 } }, ['warn syn-cookies']],
    ['never closed', withSockets({ states: { ESTAB: 10, 'CLOSE-WAIT': 900 } }), ['warn close-wait']],
    [
      'conntrack full',
      { ...HEALTHY, limits: { ...HEALTHY.limits, conntrack: { used: 10, limit: 10 } } },
      ['fail conntrack-exhausted'],
    ],
    [
      'conntrack near',
      { ...HEALTHY, limits: { ...HEALTHY.limits, conntrack: { used: 95, limit: 100 } } },
      ['warn conntrack-near-limit'],
    ],
    ['not tracked', { ...HEALTHY, limits: { ...HEALTHY.limits, conntrack: unknown('not tracked') } }, []],
    [
      'TIME-WAIT full',
      { ...HEALTHY, limits: { ...HEALTHY.limits, timeWait: { used: 10, limit: 10 } } },
      ['warn time-wait-exhausted'],
    ],
    ['sockets not to be read', { ...HEALTHY, sockets: unknown('no /proc') }, ['unknown sockets']],
    ['full-sized segments that one of many clients does not get', withStuck([STUCK_ANSWER], 4), ['warn path-mtu']],
    ['full-sized segments that nobody gets', withStuck([STUCK_ANSWER], 0), ['fail path-mtu']],
  ] as const) {
    test(name, () => assert.deepEqual(troubles(judgeSockets(facts, new Set())), expected));
  }

  const stuck = withStuck([STUCK_ANSWER], 0);
  for (const [name, came, expected] of [
    ['nobody who came gets a full-sized segment', [STUCK_ANSWER.client], 'fail'],
    ['another client came as well', [STUCK_ANSWER.client, '10.9.0.7'], 'warn'],
    ['nobody has looked who came', null, 'warn'],
  ] as const) {
    test(name, () => assert.equal(judgeSockets(stuck, came === null ? null : new Set(came)).status, expected));
  }

  test('a single answer that is not known to be lost for its size is a warning', () => {
    const heard = { ...STUCK_ANSWER, sackedSegments: 0, silentSeconds: 1 };
    assert.equal(judgeSockets(withStuck([heard], 0), new Set()).status, 'warn');
    assert.equal(judgeSockets(withStuck([heard, { ...heard, clientPort: 40_001 }], 0), new Set()).status, 'fail');
  });

  test('the command that shows it by hand has the size of the path and the address', () => {
    const [finding] = judgeSockets(stuck, new Set()).findings.filter(({ id }) => id === 'path-mtu');
    assert.match(finding?.advice ?? '', /ping -M do -s 1472 10\.9\.0\.1;/);
    const six = judgeSockets(withStuck([{ ...STUCK_ANSWER, client: '2001:db8::1' }], 0), new Set());
    assert.match(six.findings[0]?.advice ?? '', /ping -M do -s 1452 2001:db8::1;/);
  });
});

describe('the verdict', () => {
  const target = { host: null, port: 8080 };
  const connected = judgeConnects(
    8080,
    [{ address: '127.0.0.1', port: 8080, via: 'loopback', outcome: 'connected', seconds: 1e-4, afterwards: 'open' }],
    () => true,
  );

  test('healthy, when nothing failed and a connect was seen', () => {
    const verdict = concludeCheckup(target, [judgeProcess(HEALTHY), connected], null, []);
    assert.equal(verdict.status, 'healthy');
    assert.equal(verdict.sentence, 'port 8080: no fault found');
  });

  test('the earliest step explains the later ones', () => {
    const facts = withProcess({ state: 'T' }, STUCK);
    const verdict = concludeCheckup(target, [judgeProcess(facts), judgeListener(facts, null, null)], null, []);
    assert.equal(verdict.status, 'fault');
    assert.deepEqual(verdict.findings, ['process-stopped', 'accept-queue-stuck']);
    assert.match(verdict.sentence, /^port 8080: serve \(pid 70\) is stopped/);
  });

  const unseenLegs = judgeLegs(target, unknown('root alone may capture'), new Set());
  test('unclear, when packets could not be looked at, although the host itself gets through', () => {
    const verdict = concludeCheckup(target, [judgeProcess(HEALTHY), connected, unseenLegs], null, []);
    assert.equal(verdict.status, 'unclear');
    assert.match(verdict.sentence, /no fault found, but the packets could not be looked at/);
  });

  test('healthy, when the address is one of loopback, where nobody else comes from', () => {
    const verdict = concludeCheckup({ host: '127.0.0.1', port: 8080 }, [connected, unseenLegs], null, []);
    assert.equal(verdict.status, 'healthy');
  });

  test('a fault is a fault, whether packets could be looked at or not', () => {
    const facts = withProcess({ state: 'T' }, STUCK);
    const verdict = concludeCheckup(target, [judgeProcess(facts), connected, unseenLegs], null, []);
    assert.equal(verdict.status, 'fault');
  });

  test('healthy, when packets were looked at and nobody tried; it says so', () => {
    const nobody = judgeLegs(
      target,
      { clients: [], furtherAttempts: 0, missingLeg: null, records: [], seconds: 15, lost: 0, warnings: [] },
      new Set(),
    );
    const verdict = concludeCheckup(target, [connected, nobody], null, []);
    assert.equal(verdict.status, 'healthy');
    assert.equal(
      verdict.sentence,
      'port 8080: no fault found on this host; no SYN of another host came while it watched',
    );
  });

  test('unclear, when neither a connect nor a handshake could be looked at', () => {
    const verdict = concludeCheckup(target, [judgeProcess(HEALTHY), judgeConnects(8080, [], () => true)], null, []);
    assert.equal(verdict.status, 'unclear');
    assert.deepEqual(verdict.notSeen, ['no connect was tried: this host has no address']);
  });
});

test('a step as text: status, evidence, what to do, and the command that shows it by hand; no control character of a process name', () => {
  const step = judgeProcess(withProcess({ name: 'evil\u001b[2J', state: 'T' }));
  const text = stepText(step, 1, { width: 80, colour: false });
  assert.match(text, /^1\. Is the process well\? {2}fail\n {3}fail {4}evil\\x1b\[2J \(pid 70\) is stopped/);
  assert.match(text, /what to do: let it go on: kill -CONT 70\n/);
  assert.match(text, / {3}by hand: ss -ltnp 'sport = :8080'\n/);
  const verdict = concludeCheckup({ host: '2001:db8::1', port: 80 }, [step], null, []);
  assert.match(verdictText(verdict, { width: 80, colour: false }), /^Verdict: fault\. \[2001:db8::1\]:80: evil/);
});
