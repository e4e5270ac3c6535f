/** What a checkup from the client says of connections of other programmes, from records of their attempts. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type SendingFacts, type StuckConnection, unknown } from '../../src/diagnosis/port-facts.ts';
import { concludeCheckup, makeStep, pass, type Step } from '../../src/doctor/checkup.ts';
import { causesOfOthers, missingLegOfOthers, othersFacts } from '../../src/doctor/others.ts';
import { judgeOthers } from '../../src/doctor/others-step.ts';
import type { Diagnosis, Handshake, LegName, VerdictName } from '../../src/handshake/handshake.ts';

const END = 1_800_000_100;
const NOTHING_SENT: SendingFacts = { stuck: [], stuckConnections: 0, servedClients: 0 };
const REACHED = new Set(['10.9.0.2']);

interface Given {
  readonly verdict?: VerdictName;
  readonly missingLeg?: LegName;
  readonly cause?: string;
  readonly confidence?: Diagnosis['confidence'];
  /** Seconds before the end at which the SYN came. */
  readonly age?: number;
}

function records(count: number, given: Given): Handshake[] {
  const { verdict = 'complete', missingLeg = null, cause, confidence = 'likely', age = 8 } = given;
  const first = `${END - age}.000000`;
  return Array.from({ length: count }, (_, at) => ({
    id: at + 1,
    client: { address: '10.9.0.1', port: 40_000 + at },
    server: { address: '10.9.0.2', port: 2323 },
    verdict,
    missingLeg,
    reason: 'A sentence.',
    reset: null,
    legs: { syn: { first } },
    diagnoses: cause === undefined ? [] : [{ cause, confidence, evidence: ['because of this'], advice: 'do that' }],
  })) as unknown as Handshake[];
}

function facts(...groups: readonly Handshake[][]): ReturnType<typeof othersFacts> {
  return othersFacts(groups.flat(), 0, 10, END);
}

function troubles(step: Step): string[] {
  return step.findings.filter(({ status }) => status !== 'pass').map(({ status, id }) => `${status} ${id}`);
}

const LOST = { cause: 'path-mtu' };
const IGNORED: Given = { verdict: 'ack-ignored', missingLeg: 'ack', cause: 'path-mtu', confidence: 'possible' };
const MAYBE: Given = { cause: 'syn-options-filtered', confidence: 'possible' };

for (const [title, groups, expected, causes, leg] of [
  ['all are well', [records(4, {})], [], [], null],
  ['large segments of all get lost', [records(3, LOST)], ['fail others-path-mtu'], ['path-mtu'], null],
  [
    'of two: too few to say that nobody gets anywhere',
    [records(2, LOST)],
    ['warn others-path-mtu'],
    ['path-mtu'],
    null,
  ],
  ['of some, while others are well', [records(9, LOST), records(1, {})], ['warn others-path-mtu'], ['path-mtu'], null],
  [
    'of all that were seen long enough',
    [records(3, LOST), records(5, { age: 2 })],
    ['fail others-path-mtu'],
    ['path-mtu'],
    null,
  ],
  ['a leg of all is missing', [records(3, IGNORED)], ['fail others-ack-ignored'], ['path-mtu'], 'ack'],
  [
    'a leg of some is missing, and others are well',
    [records(3, IGNORED), records(3, {})],
    ['warn others-ack-ignored'],
    ['path-mtu'],
    null,
  ],
  [
    'a cause of all is possible',
    [records(5, MAYBE)],
    ['warn others-syn-options-filtered'],
    ['syn-options-filtered'],
    null,
  ],
  ['a cause of one among many is possible, as on a lossy path', [records(1, MAYBE), records(9, {})], [], [], null],
  ['a cause of less than half is possible', [records(3, MAYBE), records(9, {})], [], [], null],
  ['attempts at the end of the packets', [records(3, { verdict: 'undecided' })], [], [], null],
] as const) {
  test(title, () => {
    const seen = facts(...groups);
    assert.deepEqual(troubles(judgeOthers(2323, seen, NOTHING_SENT, REACHED)), expected);
    assert.deepEqual(
      causesOfOthers(seen).map(({ cause }) => cause),
      causes,
    );
    assert.equal(missingLegOfOthers(seen), leg);
  });
}

test('the evidence counts the attempts, and keeps that of the cause', () => {
  const [cause] = causesOfOthers(facts(records(3, LOST), records(2, { age: 1 })));
  assert.deepEqual(cause?.evidence, ['3 of 5 attempts of other programmes of this host: because of this']);
});

describe('nobody tries', () => {
  const handshake = makeStep('handshake', [pass('connected', 'a connect succeeded')], []);
  const target = { host: '10.9.0.2', port: 2323 };
  for (const [title, step] of [
    ['while it watches', judgeOthers(2323, facts(), NOTHING_SENT, REACHED)],
    ['that it could see', judgeOthers(2323, unknown('no right to capture'), NOTHING_SENT, REACHED)],
  ] as const) {
    test(`${title}: healthy, and no more is claimed than what was seen`, () => {
      const { status, sentence } = concludeCheckup(target, [handshake, step], null, []);
      assert.equal(status, 'healthy');
      assert.match(sentence, /no fault found: the handshake completes, what comes after it was not tried/);
    });
  }
});

test('attempts beyond those that are kept are told', () => {
  assert.deepEqual(troubles(judgeOthers(2323, othersFacts(records(5, {}), 7, 10, END), NOTHING_SENT, REACHED)), [
    'unknown others-further',
  ]);
});

describe('data that is not acknowledged on a connection that had worked', () => {
  /** As a kernel showed it of a connection that a firewall had forgotten after two seconds. */
  const FORGOTTEN: StuckConnection = {
    client: '10.9.0.2',
    clientPort: 2323,
    timeouts: 4,
    sentSeconds: 3.1,
    repeatedSeconds: 2.5,
    silentSeconds: 6.6,
    segments: 1,
    octets: 5,
    sackedSegments: 0,
    ackedOctets: 6,
    segmentOctets: 1448,
    pathMtu: 1500,
    isServedElsewhere: false,
  };
  for (const [title, change, expected] of [
    ['after a silence: a warning', {}, ['warn unanswered-after-silence', 'unknown not-tried']],
    ['at once behind what came before: lost on the way', { silentSeconds: 3.2 }, ['unknown not-tried']],
    ['of a connection on which nothing had worked', { ackedOctets: 1 }, ['unknown not-tried']],
    ['repeated twice: it may be chance', { timeouts: 2 }, ['unknown not-tried']],
    ['and others behind it are: its size', { sackedSegments: 1, segments: 2 }, ['unknown not-tried']],
    ['with a host to which new connections do not succeed', { client: '10.9.0.3' }, ['unknown not-tried']],
  ] as const) {
    test(title, () => {
      const sending = { ...NOTHING_SENT, stuck: [{ ...FORGOTTEN, ...change }], stuckConnections: 1 };
      assert.deepEqual(troubles(judgeOthers(2323, facts(), sending, REACHED)), expected);
    });
  }
});
