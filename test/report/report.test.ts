/** The report's figures, from scripts: filters, endpoints that were asked for, latencies, clients. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { block, interfaceDescription, sectionHeader } from '../../src/capture/write.ts';
import { analyze } from '../../src/index.ts';
import { concat, words } from '../support/capture-bytes.ts';
import { readPackets } from '../support/rewrite.ts';
import { parseScript } from '../support/script.ts';
import { encodeScript } from '../support/script-frames.ts';

const SCRIPT = `
end a 10.0.0.1:40000
end b 10.0.0.2:40000
end b2 10.0.0.2:40001
end web 10.0.1.1:80
end ssh 10.0.1.1:22
end six [2001:db8::1]:5000
end seven [2001:db8::7]:80

0.000  a > web  S  1:1(0)
0.010  web > a  S. 1:1(0) ack 2
0.011  a > web  .  ack 2
1.000  b > web  S  1:1(0)
1.020  web > b  S. 1:1(0) ack 2
1.021  b > web  .  ack 2
2.000  b2 > web S  1:1(0)
3.000  b2 > web S  1:1(0)
4.000  a > ssh  S  1:1(0)
4.001  ssh > a  R. 0:0(0) ack 2
5.000  six > seven S 1:1(0)
6.000  six > seven S 1:1(0)
`;
const [capture] = encodeScript(parseScript(SCRIPT)) as [Uint8Array];
const START = 1_700_000_000;

async function clientsOf(options: Parameters<typeof analyze>[1]): Promise<string[]> {
  const { handshakes } = await analyze(capture, options);
  return handshakes.map(({ client, server }) => `${client.address}:${client.port} ${server.port}`);
}

describe('the report', () => {
  test('has a line for each endpoint, the most failed first', async () => {
    const { report } = await analyze(capture);
    const lines = report.servers.map((s) => [
      s.address,
      s.port,
      s.clients,
      s.attempts,
      s.synReceived,
      s.synAckSent,
      s.ackReceived,
      s.missingLeg,
    ]);
    assert.deepEqual(lines, [
      ['10.0.1.1', 80, 2, 3, 3, 2, 2, 'syn-ack'],
      ['10.0.1.1', 22, 1, 1, 1, 0, 0, 'syn-ack'],
      ['2001:db8::7', 80, 1, 1, 1, 0, 0, 'syn-ack'],
    ]);
    assert.deepEqual(report.summary, {
      attempts: 5,
      complete: 2,
      byVerdict: { complete: 2, 'no-syn-ack': 2, refused: 1 },
      byMissingLeg: { syn: 0, 'syn-ack': 3, ack: 0 },
    });
  });

  test('has the latencies of the endpoint', async () => {
    const { report } = await analyze(capture);
    const { synToSynAck, synAckToAck } = report.servers[0]?.latency ?? {};
    assert.deepEqual(synToSynAck, { count: 2, min: 0.01, p50: 0.01, p90: 0.02, p99: 0.02, max: 0.02 });
    assert.equal(synAckToAck?.['count'], 2);
    assert.deepEqual(report.servers[1]?.latency, { synToSynAck: {}, synAckToAck: {} });
  });

  test('is of one port, server, client or time when asked', async () => {
    assert.deepEqual(await clientsOf({ ports: [22] }), ['10.0.0.1:40000 22']);
    assert.deepEqual(await clientsOf({ servers: ['10.0.1.1:22', '[2001:db8::7]:80'] }), [
      '10.0.0.1:40000 22',
      '2001:db8::1:5000 80',
    ]);
    assert.deepEqual(await clientsOf({ servers: ['2001:db8::/32'] }), ['2001:db8::1:5000 80']);
    assert.deepEqual(await clientsOf({ clients: ['10.0.0.2'] }), ['10.0.0.2:40000 80', '10.0.0.2:40001 80']);
    assert.deepEqual(await clientsOf({ clients: ['10.0.0.0/8'], ports: [80], since: START + 1 }), [
      '10.0.0.2:40000 80',
      '10.0.0.2:40001 80',
    ]);
    assert.deepEqual(await clientsOf({ since: START + 1, until: START + 2 }), ['10.0.0.2:40000 80']);
  });

  test('filters change the figures, the choice of records does not', async () => {
    const { report } = await analyze(capture, { ports: [22] });
    assert.equal(report.summary.attempts, 1);
    const chosen = await analyze(capture, { missing: ['syn-ack'], limit: 1 });
    assert.equal(chosen.report.summary.attempts, 5);
    assert.deepEqual(
      chosen.handshakes.map(({ id }) => id),
      [3],
    );
  });

  test('an endpoint that was asked for and saw no SYN is a finding, with the proof that the capture was alive', async () => {
    const { report } = await analyze(capture, { servers: ['10.0.1.1:443'] });
    assert.equal(report.servers.length, 1);
    const [server] = report.servers;
    assert.deepEqual(
      [server?.address, server?.port, server?.missingLeg, server?.asked],
      ['10.0.1.1', 443, 'syn', true],
    );
    assert.match(server?.findings.join(' ') ?? '', /alive: it holds 12 packets/);
  });

  test('what filters leave out is counted, and a SYN that is missing is missing of the clients that were asked for alone', async () => {
    const { report } = await analyze(capture, { ports: [80], clients: ['10.9.9.9'] });
    assert.equal(report.capture.leftOut, 5);
    assert.match(
      report.servers[0]?.findings.join(' ') ?? '',
      /^No SYN of the clients and the time that were asked for, in a capture that was alive: .* It has 5 attempts that were not asked for\./,
    );
    const whole = await analyze(capture);
    assert.ok(!('leftOut' in whole.report.capture));
  });

  test('an endpoint that was asked for is marked, and is no finding when it saw SYNs', async () => {
    const { report } = await analyze(capture, { ports: [22, 23] });
    assert.deepEqual(
      report.servers.map(({ port, asked, missingLeg }) => [port, asked, missingLeg]),
      [
        [23, true, 'syn'],
        [22, true, 'syn-ack'],
      ],
    );
  });

  test('takes each record as it comes, when somebody wants it so', async () => {
    const seen: number[] = [];
    const { handshakes } = await analyze(capture, { onHandshake: ({ id }) => seen.push(id) });
    assert.deepEqual(handshakes, []);
    assert.deepEqual(seen, [1, 2, 3, 4, 5]);
  });

  test('packets without a time of their own are counted, since latencies beside them are none', async () => {
    const simple = readPackets(capture).map(({ bytes }) =>
      block(3, true, concat(words(true, bytes.length), bytes, new Uint8Array(-bytes.length & 3))),
    );
    const { report } = await analyze(concat(sectionHeader(), interfaceDescription({ linkType: 1 }), ...simple));
    assert.match(report.capture.warnings.join(), new RegExp(`^${simple.length} packets have no time of their own`));
    assert.ok(!JSON.stringify((await analyze(capture)).report.capture.warnings).includes('no time of their own'));
  });

  test('a capture without packets is a report without attempts', async () => {
    const empty = await analyze(capture.subarray(0, 24), { ports: [80] });
    assert.deepEqual(empty.failures, []);
    assert.equal(empty.report.summary.attempts, 0);
    assert.match(empty.report.servers[0]?.findings.join(' ') ?? '', /nothing shows that the capture was alive/);
  });
});
