/** Which connections speak of a narrow path, and which look alike. Numbers are those that a real kernel gave, row by row of the lab. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { rulingsOnSending } from '../../src/diagnosis/host-sending.ts';
import { type StuckConnection, unknown } from '../../src/diagnosis/port-facts.ts';
import { HEALTHY, STUCK_ANSWER, withStuck } from '../support/port-facts.ts';

/** Causes and how sure, of connections that are as `STUCK_ANSWER` but for this. */
function said(...connections: readonly Partial<StuckConnection>[]): string[] {
  const stuck = connections.map((more) => ({ ...STUCK_ANSWER, ...more }));
  return rulingsOnSending(withStuck(stuck, 0)).map(({ cause, confidence }) => `${cause} ${confidence}`);
}

const BY_SIZE = ['path-mtu likely', 'return-path-loss excluded'];
const OPEN = ['path-mtu possible', 'return-path-loss possible'];
/** A page: ten full-sized segments are on their way, and nothing small behind them. */
const PAGE = { segments: 10, octets: 14_480, sackedSegments: 0 };

describe('full-sized segments do not come there', () => {
  test('and a smaller one behind them did: it is their size', () => {
    assert.deepEqual(said({}), BY_SIZE);
    assert.deepEqual(said({ segments: 2, octets: 1948, ackedOctets: 200 }), BY_SIZE, 'a header came before');
  });

  test('and nothing small is behind them: the client has said something since, its FIN', () => {
    assert.deepEqual(said({ ...PAGE, silentSeconds: 3 }), OPEN);
    assert.deepEqual(said({ segments: 1, octets: 1300, sackedSegments: 0, silentSeconds: 3 }), OPEN);
  });

  test('or has asked again, with as little success', () => {
    const again = { ...PAGE, clientPort: 40_001, sentSeconds: 2, repeatedSeconds: 1.4, silentSeconds: 2 };
    assert.deepEqual(said(PAGE, again), OPEN);
  });
});

describe('and of these nothing is said', () => {
  for (const [name, connections] of [
    ['a client that may have been switched off', [PAGE]],
    ['its connections of one page, all at once', [PAGE, { ...PAGE, sentSeconds: 7.9, silentSeconds: 7.9 }]],
    [
      'another client that asks later',
      [PAGE, { ...PAGE, client: '10.9.0.7', sentSeconds: 2, repeatedSeconds: 1.4, silentSeconds: 2 }],
    ],
    [
      'news that come long after the client was heard: a firewall may have forgotten the connection',
      [
        { ...PAGE, silentSeconds: 10.5 },
        { ...PAGE, clientPort: 40_001, sentSeconds: 2, repeatedSeconds: 1.4, silentSeconds: 4.5 },
      ],
    ],
    ['the client was heard after the first repetition alone', [{ ...PAGE, silentSeconds: 7.5 }]],
    ['full-sized segments came there by another connection', [{ isServedElsewhere: true }]],
    ['full-sized segments came there by this one', [{ ackedOctets: 30_000 }]],
    ['some chance losses', [{ timeouts: 2, silentSeconds: 1 }]],
    ['what came there behind it is full-sized, too: a lossy path', [{ segments: 3, octets: 4344 }]],
    ['so is one of two', [{ segments: 4, octets: 4700, sackedSegments: 3 }]],
    ['a small segment', [{ segments: 1, octets: 300, sackedSegments: 0, silentSeconds: 3 }]],
    ['segments that are small already', [{ segmentOctets: 536, octets: 1300, silentSeconds: 3 }]],
  ] as const) {
    test(name, () => assert.deepEqual(said(...connections), []));
  }

  test('sockets that could not be read', () => {
    assert.deepEqual(rulingsOnSending({ ...HEALTHY, sending: unknown('no netlink') }), []);
  });
});

test('the evidence has the numbers, and the command that shows them', () => {
  const [ruling] = rulingsOnSending(withStuck([STUCK_ANSWER, { ...STUCK_ANSWER, client: '10.9.0.7' }], 0));
  assert.deepEqual(ruling?.evidence, [
    'ss -tino: the first full-sized segment of 2 connections of 2 clients (the first, of 10.9.0.1:40000: 1448 octets for a path of 1500, repeated 5 times in 8.0 s) is not acknowledged, and smaller ones behind it are (SACK)',
  ]);
});
