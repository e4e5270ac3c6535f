/** Some hundred simulated cases, the same each time: `npm run model` tries as many others as wanted. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseScript } from '../support/script.ts';
import { recordAtBothEnds } from './both-ends.ts';
import { checkCase } from './check.ts';
import { faultsOf, faultsOfBothEnds, faultsOfEarly } from './oracle.ts';
import { chooseScenario } from './scenario.ts';
import { record } from './tap.ts';
import { simulate } from './world.ts';

const CASES = 400;

test(`what is said of ${CASES} simulated captures is true of what was simulated`, async () => {
  const verdicts = new Set<string>();
  for (let seed = 1; seed <= CASES; seed++) {
    const { faults, text, handshakes } = await checkCase(seed);
    assert.deepEqual(faults, [], `seed ${seed}\n${text}`);
    for (const { verdict } of handshakes) verdicts.add(verdict);
  }
  const { size } = verdicts;
  assert.equal(size, 11, `all verdicts come up: ${[...verdicts]}`);
});

test('a case is the same each time, and its capture reads as a script', () => {
  for (const seed of [7, 8, 9]) {
    const [first, second] = [0, 1].map(() => record(simulate(chooseScenario(seed))).text);
    assert.equal(first, second);
    assert.ok(parseScript(first as string).lines.length > 0);
  }
});

test('a wrong answer is found', async () => {
  let found = 0;
  for (let seed = 1; seed <= 40; seed++) {
    const world = simulate(chooseScenario(seed));
    const capture = record(world);
    if (capture.recorded.length === 0) continue;
    const { handshakes, report } = await checkCase(seed);
    const lies = handshakes.map((one) => ({ ...one, verdict: 'no-syn-ack', missingLeg: 'syn-ack' }) as const);
    const isRight = handshakes.every(({ verdict, legs }) => verdict === 'no-syn-ack' || legs.synAck.count === 0);
    if (isRight) continue;
    found += 1;
    assert.notDeepEqual(faultsOf(world, capture, lies, report), [], `seed ${seed}`);
    const told = lies.map((record) => ({ record, packets: capture.times.length + 1 }));
    assert.notDeepEqual(faultsOfEarly(world, capture, told), [], `seed ${seed}, early`);
    const ends = recordAtBothEnds(world);
    assert.notDeepEqual(faultsOfBothEnds(world, ends.capture, lies), [], `seed ${seed}, at both ends`);
    const [server] = report.servers;
    const servers = server === undefined ? [] : [{ ...server, synAckSent: server.synAckSent + 1 }];
    assert.notDeepEqual(faultsOf(world, capture, handshakes, { ...report, servers }), [], `seed ${seed}, sums`);
  }
  assert.ok(found > 10);
});
