/** When a live verdict is told, and with which causes, as this host's facts come at once, late, or not at all. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { beforeEach, describe, test } from 'node:test';
import { HostWitness } from '../../src/cli/host-witness.ts';
import type { FirewallFacts } from '../../src/diagnosis/firewall-facts.ts';
import { type PortFacts, type StuckConnection, unknown } from '../../src/diagnosis/port-facts.ts';
import { VERDICTS } from '../../src/handshake/handshake.ts';
import type { FactsOfTime } from '../../src/host/facts-process.ts';
import { analyze, type Handshake } from '../../src/index.ts';
import type { Report } from '../../src/report/report.ts';
import type { EndpointStanding } from '../../src/report/standing.ts';
import { chain, field, firewall, rule } from '../support/firewall-rules.ts';
import { fixturesFolder } from '../support/paths.ts';
import { dropOfSyn, HEALTHY, link, SOCKETS, STUCK_ANSWER, way, withStuck } from '../support/port-facts.ts';

const SERVER = '10.9.0.2';
const LONG_AGO = 0;
const NONE: ReadonlySet<number> = new Set();
/** Later than any packet of the fixture. */
const LATE = 4e12;
const ALL_TIME = { fromMillis: LONG_AGO, untilMillis: LATE };

/** A host that answers when the test says so. */
class Host {
  readonly questions: { readonly isQuick: boolean; answer(answer: FactsOfTime | null): void }[] = [];
  stopped = false;

  ask(_port: number, _clients: unknown, isQuick: boolean): Promise<FactsOfTime | null> {
    return new Promise((resolve) => this.questions.push({ isQuick, answer: resolve }));
  }

  stop(): void {
    this.stopped = true;
  }

  /** Answers the oldest question of the kind. */
  async answer(isQuick: boolean, facts: FactsOfTime | null): Promise<void> {
    const at = this.questions.findIndex((question) => question.isQuick === isQuick);
    this.questions.splice(at, 1)[0]?.answer(facts);
    for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
  }
}

let now = 0;
let host = new Host();
let told: Handshake[] = [];
let finished: Handshake[] = [];
let sentences: string[] = [];

function witness(own = SERVER): HostWitness {
  return new HostWitness({
    process: host,
    own: new Set([own]),
    link: 'eth0',
    asked: [],
    tell: (record) => told.push(record),
    finish: (record) => finished.push(record),
    say: (sentence) => sentences.push(sentence),
    now: () => now,
  });
}

async function failedAttempt(): Promise<Handshake> {
  const { handshakes } = await analyze(path.join(fixturesFolder, 'kernel/input_drop/server.pcap'));
  const [record] = handshakes;
  assert.ok(record?.verdict === 'no-syn-ack' && record.server.address === SERVER);
  return record;
}

/** Facts in which the kernel says of each SYN that a rule dropped it. */
function dropped(record: Handshake, fromMillis: number): FactsOfTime {
  const drop = dropOfSyn(record, 'NETFILTER_DROP');
  const drops = { from: '0', to: '1', drops: new Array(record.legs.syn.count).fill(drop), lost: 0 };
  return { facts: nothing({ drops }), fromMillis, untilMillis: LATE };
}

/** A firewall one of whose rules drops what comes to the port, and counted so many. */
function dropping(packets: number): FirewallFacts {
  const onPort = rule({ kind: 'drop' }, field('destination-port', 2323));
  const counter = { moved: packets, total: packets };
  return firewall(chain('input', [{ ...onPort, text: 'tcp dport 2323 counter drop', counter }]));
}

function nothing(more: Partial<PortFacts> = {}): PortFacts {
  return { ...HEALTHY, port: 2323, counters: { unknown: 'nobody read them' }, ...more };
}

const words = (record: Handshake | undefined): string =>
  `${record?.revision} ${record?.diagnoses[0]?.cause} ${record?.diagnoses[0]?.confidence}`;

/** A witness that has told of an attempt, as proven, before the rules of the firewall came. */
async function toldBeforeRules() {
  const record = await failedAttempt();
  const subject = witness();
  subject.verdict(record);
  const { facts, ...time } = dropped(record, LONG_AGO);
  await host.answer(true, { ...time, facts: { ...facts, firewall: unknown('not asked for') } });
  now = 1600;
  subject.tick();
  assert.deepEqual(told.map(words), ['0 local-firewall-drop proven']);
  return { record, subject, facts, time };
}
const verdicts = ({ revision, verdict }: Handshake): string => `${revision} ${verdict}`;

describe('a verdict', () => {
  beforeEach(() => {
    now = 0;
    host = new Host();
    told = [];
    finished = [];
    sentences = [];
  });

  test('waits for the facts, and is told once, with the cause that they prove', async () => {
    const record = await failedAttempt();
    const subject = witness();
    subject.verdict(record);
    assert.equal(told.length, 0);
    await host.answer(true, dropped(record, LONG_AGO));
    assert.equal(told.length, 0, 'the whole answer names the rule');
    await host.answer(false, dropped(record, LONG_AGO));
    assert.deepEqual(told.map(words), ['0 local-firewall-drop proven']);
    subject.finished(record);
    assert.deepEqual(finished.map(words), ['0 local-firewall-drop proven'], 'its last record, too');
  });

  test('that rests on a packet is told at once, and amended when the facts prove its cause', async () => {
    const record = { ...(await failedAttempt()), verdict: 'refused' as const };
    const subject = witness();
    subject.verdict(record);
    assert.equal(told.length, 1);
    assert.notEqual(told[0]?.diagnoses[0]?.confidence, 'proven');
    await host.answer(true, dropped(record, LONG_AGO));
    await host.answer(false, dropped(record, LONG_AGO));
    assert.deepEqual(
      told.slice(1).map(words),
      ['1 firewall-reset proven'],
      'the kernel’s firewall took what was reset',
    );
    subject.verdict({ ...record, revision: 1 });
    assert.deepEqual(told.slice(2).map(words), ['2 firewall-reset proven'], 'what is proven stays so');
  });

  test('that rests on a packet is looked into, too, when it came while the host rested', async () => {
    const record = { ...(await failedAttempt()), verdict: 'refused' as const };
    const subject = witness();
    for (const id of [1, 2]) {
      subject.verdict({ ...record, id });
      await host.answer(true, null);
      await host.answer(false, null);
    }
    assert.equal(host.questions.length, 0, 'the second one came too soon after the first question');
    now = 1600;
    subject.tick();
    assert.equal(host.questions.length, 2);
  });

  test('waits no longer than a moment: then what came at once has to do', async () => {
    const { record, subject, facts, time } = await toldBeforeRules();
    await host.answer(false, dropped(record, LONG_AGO));
    assert.equal(told.length, 1, 'nothing new');
    now = 7000;
    subject.verdict({ ...record, id: record.id + 1 });
    const later = { ...time, facts: { ...facts, firewall: dropping(2 * record.legs.syn.count) } };
    for (const isQuick of [true, false]) await host.answer(isQuick, later);
    assert.deepEqual(
      told.slice(1).map(({ id }) => id),
      [record.id + 1],
      'what was held against the rules once is not told again for those of later attempts',
    );
  });

  test('that was proven before the rules of the firewall came is amended when they name the rule, its last record too', async () => {
    const { record, subject, facts, time } = await toldBeforeRules();
    subject.finished(record);
    assert.equal(finished.length, 0, 'the question is under way');
    await host.answer(false, { ...time, facts: { ...facts, firewall: dropping(record.legs.syn.count) } });
    assert.deepEqual(told.slice(1).map(words), ['1 local-firewall-drop proven']);
    assert.deepEqual(finished.map(words), ['1 local-firewall-drop proven']);
    for (const { diagnoses } of [...told.slice(1), ...finished]) {
      assert.match(diagnoses[0]?.evidence.join('; ') ?? '', /the rule "tcp dport 2323 counter drop"/);
    }
  });

  test('that is amended while it waits is not told after its amendment', async () => {
    const record = await failedAttempt();
    const subject = witness();
    subject.verdict(record);
    subject.verdict({ ...record, revision: 1, verdict: 'complete', missingLeg: null });
    assert.deepEqual(told.map(verdicts), ['1 complete'], 'at once');
    await host.answer(true, dropped(record, LONG_AGO));
    await host.answer(false, dropped(record, LONG_AGO));
    now = 1600;
    subject.tick();
    assert.deepEqual(told.map(verdicts), ['1 complete'], 'the last word stands');
  });

  test('whose amendment lacks a leg, too, is told once, after the time that the first one waited', async () => {
    const record = await failedAttempt();
    const subject = witness();
    subject.verdict(record);
    now = 1000;
    subject.verdict({ ...record, revision: 1 });
    now = 1600;
    subject.tick();
    assert.deepEqual(told.map(verdicts), ['1 no-syn-ack']);
  });

  test('that was told without facts is amended when they prove its cause', async () => {
    const record = await failedAttempt();
    const subject = witness();
    subject.verdict(record);
    now = 1600;
    subject.tick();
    assert.equal(told.length, 1);
    assert.notEqual(told[0]?.diagnoses[0]?.confidence, 'proven');
    await host.answer(true, dropped(record, LONG_AGO));
    await host.answer(false, dropped(record, LONG_AGO));
    assert.deepEqual(told.slice(1).map(words), ['1 local-firewall-drop proven']);
    subject.finished({ ...record, revision: 1 });
    assert.equal(finished[0]?.revision, 2, 'amendments of later packets count on');
  });

  test('that was told without the host’s commands is amended when they name another cause first, once', async () => {
    const [record] = (await analyze(path.join(fixturesFolder, 'kernel/syn_ack_lost/server.pcap'))).handshakes;
    assert.ok(record !== undefined);
    const { address } = record.server;
    const quick = { ...ALL_TIME, facts: nothing({ firewall: unknown('not asked for') }) };
    const ways = [way(address, 's1', 'REACHABLE')];
    const whole = { ...ALL_TIME, facts: nothing({ interfaces: [link('s0', address)], ways }) };
    const subject = witness(address);
    subject.verdict(record);
    await host.answer(true, quick);
    now = 1600;
    subject.tick();
    assert.deepEqual(told.map(words), ['0 return-path-loss likely']);
    await host.answer(false, whole);
    assert.deepEqual(told.slice(1).map(words), ['1 answers-by-another-interface likely']);
    now = 10_000;
    subject.verdict({ ...record, id: record.id + 1 });
    await host.answer(true, quick);
    await host.answer(false, whole);
    assert.deepEqual(
      told.slice(2).map(words),
      ['0 answers-by-another-interface likely'],
      'the other one, and not this one again',
    );
    subject.finished(record);
    await subject.settle(true, NONE);
    assert.deepEqual(finished.map(words), ['1 answers-by-another-interface likely'], 'its last record, too');
  });

  test('stays as its packets have it when nobody answers, or the facts began after it', async () => {
    for (const facts of [null, LATE]) {
      told = [];
      host = new Host();
      const record = await failedAttempt();
      witness().verdict(record);
      const answer = facts === null ? null : dropped(record, facts);
      await host.answer(true, answer);
      await host.answer(false, answer);
      assert.equal(told.length, 1);
      assert.ok(
        !told[0]?.diagnoses.some(({ confidence, cause }) => confidence === 'proven' || cause === 'upstream-drop'),
      );
    }
  });

  test('of another host’s port is told as it is: this host knows nothing of it, and looks no further', async () => {
    const record = await failedAttempt();
    witness('10.9.0.77').verdict(record);
    await host.answer(true, { facts: nothing({ counters: { IpInReceives: 900 } }), ...ALL_TIME });
    assert.deepEqual(told, [record]);
    assert.equal(host.questions.length, 0);
  });

  test('of another host’s port that the server refused is told at once', async () => {
    const record = { ...(await failedAttempt()), verdict: 'refused' as const };
    witness('10.9.0.77').verdict(record);
    assert.deepEqual(told, [record]);
    assert.equal(host.questions.length, 0);
  });

  test('of another host’s port that is amended while it waits is not told after its amendment', async () => {
    const record = await failedAttempt();
    const subject = witness('10.9.0.77');
    subject.verdict(record);
    subject.verdict({ ...record, revision: 1, verdict: 'rejected' });
    assert.deepEqual(told.map(verdicts), ['1 rejected'], 'at once');
    await host.answer(true, { facts: nothing({ counters: { IpInReceives: 900 } }), ...ALL_TIME });
    now = 1600;
    subject.tick();
    assert.deepEqual(told.map(verdicts), ['1 rejected'], 'the last word stands');
  });

  test('of an address that this host should have: its IP layer took the SYNs, and had no use for them', async () => {
    const record = await failedAttempt();
    const subject = witness('10.9.0.77');
    subject.verdict(record);
    const counters = { IpInReceives: 9, IpInAddrErrors: record.legs.syn.count };
    await host.answer(true, { facts: nothing({ counters }), ...ALL_TIME });
    assert.equal(told.length, 0, 'the whole answer has the addresses');
    await host.answer(false, { facts: nothing({ counters }), ...ALL_TIME });
    assert.deepEqual(told.map(words), ['0 wrong-destination proven']);
    subject.finished(record);
    assert.deepEqual(finished.map(words), ['0 wrong-destination proven']);
  });

  test('of another host’s port, while this one gets many packets for addresses that nobody has', async () => {
    const record = await failedAttempt();
    witness('10.9.0.77').verdict(record);
    const facts = nothing({ counters: { IpInReceives: 9000, IpInAddrErrors: 5000 } });
    await host.answer(true, { facts, ...ALL_TIME });
    await host.answer(false, { facts, ...ALL_TIME });
    assert.deepEqual(told, [record]);
  });

  test('is over before the host has answered: its last record waits for the answer', async () => {
    const record = await failedAttempt();
    const subject = witness();
    subject.verdict(record);
    subject.finished(record);
    assert.equal(finished.length, 0);
    await host.answer(true, dropped(record, LONG_AGO));
    await host.answer(false, dropped(record, LONG_AGO));
    assert.deepEqual(finished.map(words), ['0 local-firewall-drop proven']);
  });

  test('that goes on after it was told is held against counters with all that it sent', async () => {
    const whole = await failedAttempt();
    const { count } = whole.legs.syn;
    const early = { ...whole, legs: { ...whole.legs, syn: { ...whole.legs.syn, count: count - 2 } } };
    const filtered = (packets: number): FactsOfTime => ({
      facts: nothing({ counters: { IpInReceives: packets, TcpExtIPReversePathFilter: packets } }),
      ...ALL_TIME,
    });
    const subject = witness();
    subject.verdict(early);
    for (const isQuick of [true, false]) await host.answer(isQuick, filtered(early.legs.syn.count));
    subject.finished(whole);
    const end = subject.settle(false, NONE);
    await Promise.resolve();
    assert.equal(host.questions.length, 2, 'asked once more');
    for (const isQuick of [true, false]) await host.answer(isQuick, filtered(count));
    await end;
    const server = { address: SERVER, port: 2323, attempts: 1, diagnoses: [] };
    const { servers } = subject.dressReport({ servers: [server] } as unknown as Report);
    assert.match(
      servers[0]?.diagnoses[0]?.evidence[0] ?? '',
      new RegExp(`IPReversePathFilter \\+${count}, and ${count} SYNs got no answer`),
    );
  });

  test('that was decided after the counters were read is not judged by them: they stand still for every cause', async () => {
    const unanswered = await failedAttempt();
    const millis = Number(unanswered.legs.syn.first) * 1000;
    const reset = { from: 'server', time: unanswered.legs.syn.first ?? '', frame: 2, ttl: 64, suspect: null } as const;
    const record = { ...unanswered, verdict: 'refused' as const, reset };
    const facts = (moved: number, untilMillis: number): FactsOfTime => ({
      facts: nothing({ counters: { TcpOutRsts: moved }, sockets: { ...SOCKETS, listeners: [] } }),
      fromMillis: LONG_AGO,
      untilMillis,
    });
    const subject = witness();
    subject.verdict(record);
    for (const isQuick of [true, false]) await host.answer(isQuick, facts(0, millis - 1));
    assert.equal(told.length, 1, 'no firewall is accused');
    now = 1600;
    subject.tick();
    for (const isQuick of [true, false]) await host.answer(isQuick, facts(1, millis + 1000));
    assert.deepEqual(told.slice(1).map(words), ['1 port-closed proven']);
  });

  test('that rests on silence and came after the counters were read waits for the next answer', async () => {
    const record = await failedAttempt();
    const early = { ...dropped(record, LONG_AGO), untilMillis: Number(record.legs.syn.first) * 1000 - 1 };
    const subject = witness();
    subject.verdict(record);
    for (const isQuick of [true, false]) await host.answer(isQuick, early);
    assert.equal(told.length, 0);
    now = 1100;
    subject.tick();
    for (const isQuick of [true, false]) await host.answer(isQuick, dropped(record, LONG_AGO));
    assert.deepEqual(told.map(words), ['0 local-firewall-drop proven']);
  });

  test('that completes is told at once', async () => {
    const record = { ...(await failedAttempt()), verdict: 'complete' as const, missingLeg: null };
    witness().verdict(record);
    assert.equal(told.length, 1);
    assert.equal(host.questions.length, 0);
  });

  test('that waits at the end is told at the end, and the other process with it', async () => {
    const record = await failedAttempt();
    const subject = witness();
    subject.verdict(record);
    const settled = subject.settle(false, NONE);
    await host.answer(true, dropped(record, LONG_AGO));
    await host.answer(false, dropped(record, LONG_AGO));
    await settled;
    assert.deepEqual(told.map(words), ['0 local-firewall-drop proven']);
    assert.ok(host.stopped);
  });

  test('that waits at the end is told without facts that do not come, and it is said that they did not', async () => {
    // The wait itself does not keep a process alive.
    const awake = setTimeout(() => undefined, 60_000);
    const record = await failedAttempt();
    const subject = witness();
    subject.verdict(record);
    await subject.settle(false, NONE);
    clearTimeout(awake);
    assert.deepEqual(told.map(verdicts), ['0 no-syn-ack']);
    assert.equal(sentences.length, 1);
    assert.match(sentences[0] ?? '', /^port 2323: this host's facts were not there 5 s after the end/);
    assert.ok(host.stopped);
  });

  test('that waits at the end of a flood is told with what the host has said, and is not asked for once more', async () => {
    const record = await failedAttempt();
    const subject = witness();
    subject.verdict(record);
    await host.answer(true, dropped(record, LONG_AGO));
    await host.answer(false, dropped(record, LONG_AGO));
    const asked = host.questions.length;
    subject.verdict({ ...record, id: record.id + 1 });
    await subject.settle(true, NONE);
    assert.deepEqual(told.map(words), ['0 local-firewall-drop proven', '0 local-firewall-drop proven']);
    assert.equal(host.questions.length, asked);
    assert.ok(host.stopped);
  });

  test('of a flood of attempts does not wait without end: the oldest go without', async () => {
    const record = await failedAttempt();
    const subject = witness();
    for (let id = 1; id <= 1100; id += 1) subject.verdict({ ...record, id });
    assert.equal(told.length, 500);
    assert.equal(host.questions.length, 2, 'one question at a time');
  });
});

describe('a port whose handshakes complete', () => {
  beforeEach(() => {
    now = 0;
    host = new Host();
    sentences = [];
  });

  const none = Object.fromEntries(VERDICTS.map((verdict) => [verdict, 0])) as EndpointStanding['byVerdict'];
  const standing = (complete: number, address = SERVER): EndpointStanding[] => [
    { address, port: 2323, byVerdict: { ...none, complete } },
  ];
  const queued = (queue: number, taken: number): FactsOfTime => ({
    facts: nothing({
      samples: [0, 1, 2, 3].map((atSeconds) => ({ atSeconds, listeners: 1, queue, taken, halfOpen: 0 })),
      sockets: { ...SOCKETS, waitingForAccept: queue, longestWaitSeconds: queue === 0 ? null : 3 },
    }),
    ...ALL_TIME,
  });

  test('and whose application takes no connection: said once, and in the report', async () => {
    const subject = witness();
    const { report } = await analyze(path.join(fixturesFolder, 'kernel/normal_data/server.pcap'));
    for (const at of [0, 3000, 6000]) {
      now = at;
      subject.watch(standing(4));
      await host.answer(true, queued(3, 0));
    }
    assert.equal(sentences.length, 1);
    assert.match(sentences[0] ?? '', /^port 2323: .*not-accepted-yet \(proven\)\. 3 connections completed/);
    const causes = subject.dressReport(report).servers.flatMap(({ diagnoses }) => diagnoses.map(({ cause }) => cause));
    assert.deepEqual(causes, ['not-accepted-yet']);
  });

  test('and whose application takes them', async () => {
    const subject = witness();
    subject.watch(standing(4));
    await host.answer(true, queued(3, 1));
    now = 6000;
    subject.watch(standing(4));
    await host.answer(true, queued(0, 0));
    assert.deepEqual(sentences, []);
  });

  test('and whose answers do not come to the client for their size: said when it is known, and in the report', async () => {
    const subject = witness();
    const { report } = await analyze(path.join(fixturesFolder, 'kernel/normal_data/server.pcap'));
    const stuck = (more: Partial<StuckConnection>): FactsOfTime => ({
      facts: nothing({ sending: withStuck([{ ...STUCK_ANSWER, ...more }], 0).sending }),
      ...ALL_TIME,
    });
    for (const [at, answer] of [
      [0, stuck({ sackedSegments: 0 })],
      [5000, stuck({ sackedSegments: 0, silentSeconds: 1 })],
      [10_000, stuck({})],
      [15_000, stuck({ timeouts: 6 })],
    ] as const) {
      now = at;
      subject.watch(standing(4));
      await host.answer(true, answer);
    }
    assert.equal(
      sentences.length,
      2,
      'a client that may have gone, one that was heard, one that got the smaller segment, the same again',
    );
    assert.match(
      sentences[0] ?? '',
      /does not arrive: path-mtu \(possible\) or return-path-loss \(possible\)\. ss -tino/,
    );
    assert.match(sentences[1] ?? '', /does not arrive: path-mtu \(likely\)\. ss -tino/);
    const causes = subject.dressReport(report).servers.flatMap(({ diagnoses }) => diagnoses.map(({ cause }) => cause));
    assert.deepEqual(causes, ['path-mtu']);
  });

  test('of another host, or none that completes: nobody is asked', () => {
    const subject = witness();
    subject.watch([...standing(4, '10.9.0.77'), ...standing(0)]);
    assert.equal(host.questions.length, 0);
  });
});
