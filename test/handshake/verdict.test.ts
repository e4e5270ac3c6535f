/** The rules of the verdict one by one, on evidence made by hand; the scripts under fixtures/written show them on packets. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { MARK, QUOTES } from '../../src/handshake/attempts.ts';
import { Evidence, RESET_FROM } from '../../src/handshake/evidence.ts';
import { LEGS, VERDICTS } from '../../src/handshake/handshake.ts';
import { reasonOf } from '../../src/handshake/reason.ts';
import {
  gradeAck,
  gradeSyn,
  gradeSynAck,
  judge,
  MISSING_LEGS,
  VERDICT,
  VERDICT_NAMES,
  type Verdict,
} from '../../src/handshake/verdict.ts';

const S = 1e9;
const PATIENCE = 3 * S;

/** A capture that had run for a minute and goes on for a minute; times in seconds. */
function evidence(fields: Partial<Evidence>): Evidence {
  return Object.assign(new Evidence(), { beganNanos: 60 * S, followedNanos: 60 * S, sinceSynAckNanos: 60 * S }, fields);
}

const SYN = { synCount: 1 };
const ANSWERED = { ...SYN, synAckCount: 1, synAckFirst: 0.1 * S, synAckLast: 0.1 * S, marks: MARK.SERVER_ISN_KNOWN };
const THREE = { ...ANSWERED, ackCount: 1, ackServedCount: 1, ackFirst: 0.2 * S, ackLast: 0.2 * S };

function judged(name: string, fields: Partial<Evidence>, wanted: string): void {
  test(`${name}: ${wanted}`, () => {
    assert.equal(VERDICT_NAMES[judge(evidence(fields), PATIENCE)], wanted);
  });
}

describe('a SYN without SYN-ACK', () => {
  judged('and nothing else', SYN, 'no-syn-ack');
  judged('and too little capture behind it', { ...SYN, followedNanos: 2.999 * S }, 'undecided');
  judged('and just enough', { ...SYN, followedNanos: 3 * S }, 'no-syn-ack');
  judged('repeated after a second, whatever follows', { synCount: 2, synLast: 1 * S, followedNanos: 0 }, 'no-syn-ack');
  judged(
    'repeated sooner than a round trip may take',
    { synCount: 2, synLast: 0.2 * S, followedNanos: 0.6 * S },
    'undecided',
  );
  judged('repeated soon, and a second over', { synCount: 2, synLast: 0.2 * S, followedNanos: 0.8 * S }, 'no-syn-ack');
  judged('where the capture lost packets', { ...SYN, lossy: true }, 'undecided');
  judged('repeated where the capture lost packets', { synCount: 2, lossy: true }, 'no-syn-ack');
  judged('repeated while the capture lost many', { synCount: 2, lossy: true, lossyMany: true }, 'undecided');
  judged('repeated while the capture lost many, not later', { ...SYN, synCount: 2, lossyMany: true }, 'no-syn-ack');
  judged('and a RST', { ...SYN, marks: MARK.REFUSED }, 'refused');
  judged('and a RST of wrong numbers', { ...SYN, marks: MARK.RESET_WRONG_NUMBERS }, 'refused');
  const late = { ...SYN, marks: MARK.RESET_WRONG_NUMBERS, resetTime: 20 * S };
  judged('and a RST of wrong numbers, too late for an answer', late, 'no-syn-ack');
  judged(
    'and a RST of wrong numbers, where an older connection may speak',
    { synCount: 2, marks: MARK.RESET_WRONG_NUMBERS | MARK.PORT_REUSED },
    'no-syn-ack',
  );
  judged('and an ICMP error about it', { ...SYN, icmpQuotes: QUOTES.SYN }, 'rejected');
  judged('and an ICMP error about something later', { ...SYN, icmpQuotes: QUOTES.LATER }, 'no-syn-ack');
  judged('and a challenge', { ...SYN, marks: MARK.CHALLENGED }, 'challenged');
  judged('and a SYN-ACK of another number', { ...SYN, strayCount: 1, marks: MARK.STRAY_SYN_ACK }, 'challenged');
  judged(
    'and a SYN-ACK of another number, which the client reset',
    { ...SYN, strayCount: 1, marks: MARK.STRAY_SYN_ACK | MARK.CLIENT_RESET },
    'client-reset',
  );
  judged('and an ACK of the server', { synCount: 3, marks: MARK.SERVER_ACKED }, 'undecided');
});

describe('a SYN-ACK without third leg', () => {
  judged('and nothing else', ANSWERED, 'no-ack');
  judged(
    'and too little capture behind it',
    { ...ANSWERED, followedNanos: 2 * S, sinceSynAckNanos: 2 * S },
    'undecided',
  );
  judged(
    'repeated after a second, whatever follows',
    { ...ANSWERED, synAckCount: 2, synAckLast: 1.1 * S, followedNanos: 0, sinceSynAckNanos: 0 },
    'no-ack',
  );
  judged(
    'repeated for a SYN that came again, sooner than a round trip may take',
    {
      ...ANSWERED,
      synCount: 2,
      synAckCount: 2,
      synAckLast: 0.2 * S,
      followedNanos: 0.1 * S,
      sinceSynAckNanos: 0.1 * S,
    },
    'undecided',
  );
  judged('where the capture lost packets', { ...ANSWERED, lossy: true }, 'undecided');
  judged('and a RST of the client', { ...ANSWERED, marks: MARK.CLIENT_RESET }, 'client-reset');
  const wrong = { ...ANSWERED, wrongCount: 1 };
  judged('and a segment of wrong numbers', wrong, 'ack-rejected');
  judged('and one where the capture lost packets before it', { ...wrong, lossyBeforeWrong: true }, 'undecided');
  judged('and one that was reset there', { ...wrong, lossyBeforeWrong: true, marks: MARK.RESET_BARE }, 'ack-rejected');
  judged('without SYN, deep in the capture', { ...ANSWERED, synCount: 0 }, 'no-syn');
  judged('without SYN, just inside patience', { ...ANSWERED, synCount: 0, beganNanos: 2.9 * S }, 'no-ack');
  judged(
    'without SYN at the start, whose SYN went to another address',
    { ...ANSWERED, synCount: 0, beganNanos: 1 * S, marks: MARK.OTHER_ADDRESS },
    'no-syn',
  );
});

describe('a third leg', () => {
  judged('and nothing else', THREE, 'complete');
  judged('at the very end of the capture', { ...THREE, followedNanos: 0 }, 'complete');
  judged('without SYN-ACK in the capture', { ...THREE, synAckCount: 0 }, 'complete');
  judged('without SYN in the capture', { ...THREE, synCount: 0 }, 'complete');
  judged('and SYN-ACKs repeated', { ...THREE, repeatsAfterAck: 2, synAckCount: 3, ackServedCount: 0 }, 'ack-ignored');
  judged(
    'and SYN-ACKs repeated, but taken in the end',
    { ...THREE, repeatsAfterAck: 2, synAckCount: 3, marks: MARK.TOOK },
    'complete',
  );
  judged('and data repeated in silence', { ...THREE, againCount: 2, unansweredNanos: 4 * S }, 'ack-ignored');
  judged('and data repeated, not yet for long', { ...THREE, againCount: 2, unansweredNanos: 2 * S }, 'complete');
  judged('and data sent once into silence', { ...THREE, againCount: 0, unansweredNanos: 30 * S }, 'complete');
  judged(
    'and data repeated in silence, where no SYN-ACK was captured: a capture of one direction',
    { ...THREE, synAckCount: 0, againCount: 2, unansweredNanos: 4 * S },
    'complete',
  );
  judged('and a bare RST', { ...THREE, marks: MARK.RESET_BARE }, 'ack-rejected');
  judged('and a RST of a connection', { ...THREE, marks: MARK.RESET_OF_CONNECTION }, 'complete');
  const repeated = {
    ...THREE,
    repeatsAfterAck: 2,
    synAckCount: 3,
    synAckLast: 3.1 * S,
    marks: MARK.RESET_OF_CONNECTION,
  };
  const [byServer, byClient] = [{ resetFrom: RESET_FROM.SERVER }, { resetFrom: RESET_FROM.CLIENT }];
  judged('and a RST of the server after repeated SYN-ACKs', { ...repeated, ...byServer, resetTime: 5 * S }, 'complete');
  judged('and a RST of the server among them', { ...repeated, ...byServer, resetTime: 2 * S }, 'ack-ignored');
  judged('and a RST of the client after them', { ...repeated, ...byClient, resetTime: 5 * S }, 'ack-ignored');
});

test('names and missing legs are those of the contract, in the same order', () => {
  assert.deepEqual(VERDICT_NAMES, VERDICTS);
  assert.deepEqual(
    Object.values(VERDICT),
    VERDICTS.map((_, i) => i),
  );
  assert.equal(MISSING_LEGS.length, VERDICTS.length);
  for (const leg of MISSING_LEGS) assert.ok(leg === null || LEGS.includes(leg));
});

const evidences = fc
  .record({
    synCount: fc.integer({ min: 0, max: 3 }),
    synAckCount: fc.integer({ min: 0, max: 3 }),
    synLast: fc.constantFrom(0, 0.2 * S, 1 * S),
    synAckLast: fc.constantFrom(0, 0.2 * S, 1 * S),
    sinceSynAckNanos: fc.constantFrom(0, 0.5 * S, 10 * S),
    strayCount: fc.integer({ min: 0, max: 1 }),
    ackCount: fc.integer({ min: 0, max: 3 }),
    ackServedCount: fc.integer({ min: 0, max: 1 }),
    wrongCount: fc.integer({ min: 0, max: 1 }),
    againCount: fc.integer({ min: 0, max: 2 }),
    repeatsAfterAck: fc.integer({ min: 0, max: 2 }),
    marks: fc
      .array(fc.constantFrom(...Object.values(MARK)), { maxLength: 5 })
      .map((marks) => marks.reduce((a, b) => a | b, 0)),
    icmpQuotes: fc.integer({ min: 0, max: 3 }),
    beganNanos: fc.constantFrom(0, 10 * S),
    followedNanos: fc.constantFrom(0, 0.5 * S, 10 * S),
    unansweredNanos: fc.constantFrom(0, 10 * S),
    lossy: fc.boolean(),
    lossyMany: fc.boolean(),
    lossyBefore: fc.boolean(),
    lossyBeforeWrong: fc.boolean(),
  })
  .filter(({ synCount, synAckCount }) => synCount + synAckCount > 0)
  .map((fields) => evidence(fields));

describe('whatever the evidence', () => {
  const holds = (check: (e: Evidence, verdict: Verdict) => void): void => {
    fc.assert(
      fc.property(evidences, (e) => check(e, judge(e, PATIENCE))),
      { seed: 4, numRuns: 5000 },
    );
  };

  test('the reason is one sentence or more, and prints no NaN', () => {
    holds((e, verdict) => assert.match(reasonOf(e, verdict, PATIENCE), /^(?!.*(NaN|undefined|Infinity))[A-Z\d].*\.$/));
  });

  test('a complete handshake lacks no leg, by their grades', () => {
    holds((e, verdict) => {
      if (verdict !== VERDICT.COMPLETE) return;
      const grades = [gradeSyn(e, verdict), gradeSynAck(e), gradeAck(e, verdict)];
      assert.ok(!grades.includes('not-seen') && grades[2] !== 'ignored', grades.join());
    });
  });

  test('a leg that is missing has no grade that says that it took effect', () => {
    holds((e, verdict) => {
      const grades = { syn: gradeSyn(e, verdict), 'syn-ack': gradeSynAck(e), ack: gradeAck(e, verdict) };
      const missing = MISSING_LEGS[verdict] ?? null;
      if (missing === null) return;
      // The server's ACK infers a SYN-ACK, which a RST or an ICMP error then contradicts: two of them speak.
      if (missing === 'syn-ack' && (e.marks & MARK.SERVER_ACKED) !== 0) return;
      assert.ok(
        ['not-seen', 'ignored'].includes(grades[missing]),
        `${VERDICT_NAMES[verdict]}: ${missing} is ${grades[missing]}`,
      );
    });
  });

  test('what the server took is complete', () => {
    holds((e, verdict) => {
      if ((e.marks & MARK.TOOK) !== 0) assert.equal(verdict, VERDICT.COMPLETE);
    });
  });

  test('a capture that lost packets, or ends too soon, calls no leg missing on the strength of one transmission', () => {
    holds((e, verdict) => {
      const silence: readonly Verdict[] = [VERDICT.NO_SYN_ACK, VERDICT.NO_ACK];
      if (!silence.includes(verdict)) return;
      const isRepeated = (verdict === VERDICT.NO_ACK ? e.synAckCount : e.synCount) > 1;
      const followed = verdict === VERDICT.NO_ACK ? e.sinceSynAckNanos : e.followedNanos;
      const span = verdict === VERDICT.NO_ACK ? e.synAckLast - e.synAckFirst : e.synLast - e.synFirst;
      const isInVain = isRepeated && !e.lossyMany && span + followed >= 0.9 * S;
      assert.ok(isInVain || (!e.lossy && followed >= PATIENCE));
    });
  });
});
