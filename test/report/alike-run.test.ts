import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MARK } from '../../src/handshake/attempts.ts';
import { Evidence } from '../../src/handshake/evidence.ts';
import { SIGN } from '../../src/handshake/traits.ts';
import { VantageTally } from '../../src/handshake/vantage.ts';
import { VERDICT, type Verdict } from '../../src/handshake/verdict.ts';
import { AlikeRun } from '../../src/report/alike-run.ts';
import { StandingTable } from '../../src/report/standing.ts';
import { SummaryFold } from '../../src/report/summary.ts';
import { MAPPED } from '../../src/wire/ipv4.ts';

const PATIENCE = 3e9;

interface Attempt {
  readonly evidence: Evidence;
  readonly verdict: Verdict;
}

/** Attempts that differ in little, so that many in a row are alike, and in each thing that a figure rests on. */
const attempts = fc.array(
  fc
    .record({
      client3: fc.integer({ min: 1, max: 3 }),
      server3: fc.constantFrom(3, 0x0a000001),
      serverPort: fc.constantFrom(80, 81),
      synFirst: fc.integer({ min: 0, max: 10 }),
      published: fc.constantFrom(-1, VERDICT.NO_SYN_ACK),
      marks: fc.constantFrom(0, 0, 0, MARK.PORT_REUSED),
      signs: fc.constantFrom(0, 0, 0, SIGN.SYN_CHECKSUM_BAD),
      synMac: fc.constantFrom(7, 7, 7, 8),
      synDirection: fc.constantFrom(1, 1, 1, 2),
      stampOrder: fc.constantFrom(1, 1, 1, 2, 0),
      synAckCount: fc.constantFrom(0, 0, 0, 0, 0, 0, 1),
      isNoted: fc.constantFrom(true, true, true, false),
      verdict: fc.constantFrom(VERDICT.NO_SYN_ACK, VERDICT.NO_SYN_ACK, VERDICT.UNDECIDED),
    })
    .chain((one) => fc.record({ one: fc.constant(one), times: fc.constantFrom(1, 1, 2, 5) })),
  { maxLength: 40 },
);

function evidenceOf(of: Partial<Evidence>, shift: number): Evidence {
  const e = Object.assign(new Evidence(), of);
  e.client2 = MAPPED;
  e.server2 = MAPPED;
  e.synCount = 1;
  e.client3 = (of.client3 ?? 0) + (shift % 2);
  e.synFirst = (of.synFirst ?? 0) + shift;
  e.synLast = e.synFirst;
  return e;
}

function figures(list: readonly Attempt[], isRunning: boolean): unknown {
  const [fold, vantage, standing, run] = [
    new SummaryFold(7, PATIENCE),
    new VantageTally(),
    new StandingTable(7),
    new AlikeRun(),
  ];
  const endRun = (): void => {
    if (run.attempts > 0) {
      fold.addAlike(run);
      vantage.addAlike(run.like, run.attempts);
      standing.tell(run.like, run.verdict, run.like.published, run.attempts);
    }
    run.end();
  };
  for (const { evidence, verdict } of list) {
    if (isRunning && run.takes(evidence, verdict)) continue;
    endRun();
    fold.add(evidence, verdict);
    vantage.add(evidence);
    standing.tell(evidence, verdict, evidence.published, 1);
    run.begin(evidence, verdict);
  }
  endRun();
  return [fold.summary(), fold.servers(vantage.side(), String), vantage.conclude(), standing.all()];
}

test('attempts that are counted together have the figures of those that are counted one by one', () => {
  fc.assert(
    fc.property(attempts, (drawn) => {
      const list = drawn.flatMap(({ one: { verdict, isNoted, ...of }, times }) =>
        Array.from({ length: times }, (_, i): Attempt => {
          const evidence = evidenceOf(of, i);
          // Only a lone SYN's client is counted when it begins.
          evidence.isClientMet = isNoted && of.synAckCount === 0;
          return { evidence, verdict };
        }),
      );
      assert.deepEqual(figures(list, true), figures(list, false));
    }),
  );
});

test('the run takes what is alike, and nothing else', () => {
  const run = new AlikeRun();
  const e = (of: Partial<Evidence>): Evidence =>
    evidenceOf({ client3: 9, server3: 1, serverPort: 80, isClientMet: true, ...of }, 0);
  run.begin(e({}), VERDICT.NO_SYN_ACK);
  assert.ok(run.takes(e({ client3: 11, synFirst: 5 }), VERDICT.NO_SYN_ACK));
  assert.ok(run.takes(e({ synFirst: 3 }), VERDICT.NO_SYN_ACK));
  assert.deepEqual([run.attempts, run.firstNanos, run.lastNanos, run.hasSeveralClients], [2, 3, 5, true]);
  const others: readonly Partial<Evidence>[] = [
    { server3: 2 },
    { serverPort: 81 },
    { marks: MARK.PORT_REUSED },
    { signs: SIGN.SYN_CHECKSUM_BAD },
    { synMac: 1 },
    { synDirection: 1 },
    { stampOrder: 2 },
    { published: VERDICT.NO_SYN_ACK },
    { isClientMet: false },
    { client3: 1 },
  ];
  for (const other of others) assert.ok(!run.takes(e(other), VERDICT.NO_SYN_ACK), JSON.stringify(other));
  assert.ok(!run.takes(e({}), VERDICT.UNDECIDED));
  run.end();
  assert.ok(!run.takes(e({}), VERDICT.NO_SYN_ACK));
});
