/** What every record says of itself must fit together, whatever passed by: odd traffic and damaged files too. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { analyze, type Handshake, type Leg } from '../../src/index.ts';
import { captureFiles } from '../support/fixture-files.ts';
import { MISSING_LEGS } from '../support/missing-legs.ts';
import { randomScript } from '../support/random-script.ts';

function assertConsistent(handshake: Handshake, where: string): void {
  const { legs, verdict, missingLeg, latency, notes, reason, isn } = handshake;
  const says = (condition: boolean, what: string): void =>
    assert.ok(condition, `${where}: ${what}: ${JSON.stringify(handshake)}`);
  assert.equal(missingLeg, MISSING_LEGS[verdict], where);
  for (const leg of [legs.syn, legs.synAck, legs.ack]) assertLeg(leg, says);
  says(
    verdict !== 'complete' || Object.values(legs).every(({ grade }) => grade !== 'not-seen' && grade !== 'ignored'),
    'complete',
  );
  says(verdict !== 'no-syn-ack' || legs.syn.count > 0, 'a SYN that was not answered was seen');
  says(verdict !== 'no-ack' || legs.synAck.count > 0, 'a SYN-ACK that was not acknowledged was seen');
  says(verdict !== 'no-syn' || (legs.syn.count === 0 && legs.synAck.count > 0), 'a SYN-ACK without SYN');
  says(verdict !== 'refused' || handshake.reset?.from === 'server', 'a refusal has its RST');
  says(verdict !== 'client-reset' || handshake.reset !== null, 'a reset has its RST');
  says(verdict !== 'rejected' || handshake.icmp?.quotes === 'syn', 'a rejection has its error');
  says((latency.synToSynAck ?? 0) >= 0 && (latency.synAckToAck ?? 0) >= 0, 'time goes forward');
  says(latency.synToSynAck === null || (legs.syn.count > 0 && legs.synAck.count > 0), 'a gap has two ends');
  says(new Set(notes).size === notes.length, 'notes come once');
  says(isn.client !== null && isn.client >= 0 && isn.client < 2 ** 32, 'an ISN is unsigned');
  says(/^[A-Z\d].*\.$/.test(reason) && !/NaN|undefined|Infinity/.test(reason), 'a reason is a sentence');
}

function assertLeg(leg: Leg, says: (condition: boolean, what: string) => void): void {
  const seen = leg.grade === 'seen' || leg.grade === 'accepted';
  says(!seen || leg.count > 0, 'a leg that was seen is counted');
  says(leg.grade !== 'inferred' || leg.count === 0, 'a leg that is inferred was not seen');
  says(leg.grade !== 'not-seen' || leg.count === 0, 'a leg that was not seen is not counted');
  says(
    (leg.first === null) === (leg.count === 0) && (leg.last === null) === (leg.count === 0),
    'what is counted has its times',
  );
  says(
    leg.frames.length <= leg.count && (leg.count === 0 || leg.frames.length > 0),
    'no more frames than transmissions',
  );
  says(new Set(leg.frames).size === leg.frames.length, 'a frame is one transmission');
  says(leg.times === undefined || leg.times.length === leg.frames.length, 'each frame has its time');
}

async function check(capture: Uint8Array, where: string): Promise<void> {
  const { handshakes, report } = await analyze(capture);
  for (const handshake of handshakes) assertConsistent(handshake, where);
  assert.deepEqual(
    JSON.parse(JSON.stringify({ handshakes, report })),
    { handshakes, report },
    `${where}: JSON can hold it`,
  );
  assert.deepEqual(
    handshakes.map(({ id }) => id),
    handshakes.map((_, i) => i + 1),
    `${where}: ids are dense`,
  );
  const { summary } = report;
  const sum = (counts: Readonly<Partial<Record<string, number>>>): number =>
    Object.values(counts).reduce<number>((total, count) => total + (count ?? 0), 0);
  assert.equal(summary.attempts, handshakes.length, where);
  assert.equal(sum(summary.byVerdict), summary.attempts, where);
  assert.equal(sum(summary.byMissingLeg), handshakes.filter(({ missingLeg }) => missingLeg !== null).length, where);
  const servers = report.servers.map(({ attempts }) => attempts);
  assert.equal(
    servers.reduce((total, count) => total + count, 0),
    summary.attempts,
    where,
  );
}

const captures = captureFiles()
  .filter((file) => /\.pcap(ng)?$/.test(file))
  .map((file) => ({ file, bytes: new Uint8Array(readFileSync(file)) }))
  .filter(({ bytes }) => bytes.length < 20_000);

test('in the captures of fixtures/', async () => {
  for (const { file, bytes } of captures) await check(bytes, file);
});

test('in random scripts', async () => {
  await fc.assert(
    fc.asyncProperty(randomScript(25), async ({ text, capture }) => check(capture, text)),
    { numRuns: 1500, seed: 12 },
  );
});

test('in captures whose octets were changed at random: damage is told, never thrown', async () => {
  const change = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }));
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...captures),
      fc.array(change, { minLength: 1, maxLength: 12 }),
      async (sample, changes) => {
        const bytes = sample.bytes.slice();
        for (const [place, value] of changes) bytes[24 + (place % (bytes.length - 24))] = value;
        await check(bytes, sample.file);
      },
    ),
    { numRuns: 600, seed: 13 },
  );
});
