/** Attempts that look alike, told apart by what single packets, or the whole endpoint, say of them: written in the notation of fixtures/README.md, each beside its twin. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ServerSummary } from '../../src/index.ts';
import { analyzeWith } from '../support/analyze-with.ts';
import { parseScript } from '../support/script.ts';
import { encodeScript } from '../support/script-frames.ts';

const ENDS = `title a test
end c 10.0.0.1:40000 ttl 61
end d 10.0.0.3:40000 ttl 61
end s 10.0.0.2:80
`;

/** The first causes of the first endpoint, each with its confidence. */
async function causesOf(lines: string, header = ''): Promise<string[]> {
  const { report } = await analyzeWith(encodeScript(parseScript(`${ENDS}${header}${lines}`)));
  const [server] = report.servers as [ServerSummary];
  return server.diagnoses.map(({ cause, confidence }) => `${cause} ${confidence}`);
}

const END = '+9 other\n';

describe('after the SYN-ACK', () => {
  test('the client repeats its SYN: the SYN-ACK is lost', async () => {
    const causes = await causesOf(`0 c > s S 1000:1000(0)
+0.001 s > c S. 9000:9000(0) ack 1001
+1 c > s S 1000:1000(0)
+0.001 s > c S. 9000:9000(0) ack 1001
${END}`);
    assert.deepEqual(causes, ['return-path-loss likely']);
  });
  test('its SYNs stop: it has the SYN-ACK, or is gone', async () => {
    const causes = await causesOf(`0 c > s S 1000:1000(0)
+0.001 s > c S. 9000:9000(0) ack 1001
+1 s > c S. 9000:9000(0) ack 1001
+2 s > c S. 9000:9000(0) ack 1001
${END}`);
    assert.deepEqual(causes, ['forward-path-loss possible', 'client-gave-up possible']);
  });
});

describe('after a SYN-ACK that is repeated into silence', () => {
  const silent = (times: number): string =>
    `0 c > s S 1000:1000(0)\n+0.001 s > c S. 9000:9000(0) ack 1001\n${'+1.5 s > c S. 9000:9000(0) ack 1001\n'.repeat(times)}`;
  const complete = (end: string): string =>
    `+1 ${end} > s S 3000:3000(0)\n+0.001 s > ${end} S. 4000:4000(0) ack 3001\n+0.001 ${end} > s . ack 4001\n+0.001 ${end} > s P. (5) ack 4001\n+0.001 s > ${end} . ack 3006\n`;
  const also = 'end e 10.0.0.1:40001 ttl 61\n';
  const first = async (lines: string): Promise<string | undefined> => (await causesOf(`${lines}${END}`, also))[0];
  test('the same client completes a later handshake: it is there, and its answers get lost', async () => {
    assert.equal(await first(`${silent(3)}${complete('e')}`), 'forward-path-loss likely');
  });
  test('another client does', async () => {
    assert.equal(await first(`${silent(3)}${complete('d')}`), 'forward-path-loss possible');
  });
  test('the same client completed an earlier one: it may be gone since', async () => {
    assert.equal(await first(`${complete('e')}${silent(3).replace(/^0/, '+1')}`), 'forward-path-loss possible');
  });
  test('a single answer was lost', async () => {
    assert.equal(await first(`${silent(1)}+4 other\n${complete('e')}`), 'forward-path-loss possible');
  });
});

describe('the third leg is ignored', () => {
  const begin = `0 c > s S 1000:1000(0)
+0.001 s > c S. 9000:9000(0) ack 1001
+0.001 c > s . ack 9001
`;
  const again = 's > c S. 9000:9000(0) ack 1001\n+0.001 c > s . ack 9001\n';
  test('and the SYN-ACK comes again after seven seconds: the server waits for data', async () => {
    const [first] = await causesOf(`${begin}+7 ${again}${END}`);
    assert.equal(first, 'defer-accept likely');
  });
  test('and the SYN-ACK comes again after three, as from a system whose timer begins there: it does not', async () => {
    const causes = await causesOf(`${begin}+3 ${again}+6 ${again}${END}`);
    assert.ok(!causes.includes('defer-accept likely'), causes.join(', '));
  });
  test('and the SYN-ACK comes again after one, two, four: it does not', async () => {
    const causes = await causesOf(`${begin}+1 ${again}+2 ${again}+4 ${again}${END}`);
    assert.ok(!causes.includes('defer-accept likely'), causes.join(', '));
  });

  const stamped = (echo: number): string => `0 c > s S 1000:1000(0) <mss 1460,TS val 50 ecr 0>
+0.001 s > c S. 9000:9000(0) ack 1001 <mss 1460,TS val 700 ecr 50>
+0.001 c > s . ack 9001 <TS val 51 ecr ${echo}>
+1 s > c S. 9000:9000(0) ack 1001 <mss 1460,TS val 1700 ecr 50>
+0.001 c > s . ack 9001 <TS val 1051 ecr ${echo}>
+2 s > c S. 9000:9000(0) ack 1001 <mss 1460,TS val 3700 ecr 50>
+0.001 c > s . ack 9001 <TS val 3051 ecr ${echo}>
${END}`;
  test('and echoes a timestamp of no SYN-ACK', async () => {
    assert.deepEqual(await causesOf(stamped(999_999)), ['timestamps-rejected likely']);
  });
  test('and echoes that of the SYN-ACK', async () => {
    const causes = await causesOf(stamped(700));
    assert.ok(
      causes.every((cause) => cause.endsWith('possible')),
      causes.join(', '),
    );
  });
});

describe('the SYN is refused', () => {
  const open = '0 d > s S 5000:5000(0)\n+0.001 s > d S. 7000:7000(0) ack 5001\n+0.001 d > s . ack 7001\n';
  const refusedWith = (fields: string): string => `${open}0.5 c > s S 1000:1000(0) win 64240 id 4711
+0.001 s > c R. 0:0(0) ack 1001 win 0 ${fields}
${END}`;
  test('by the server', async () => {
    const [first] = await causesOf(refusedWith(''));
    assert.equal(first, 'port-closed likely');
  });
  test('with another TTL than the SYN-ACKs that others get', async () => {
    const [first] = await causesOf(refusedWith('ttl 57'));
    assert.equal(first, 'firewall-reset likely');
  });
  test('with the identification of the SYN', async () => {
    const [first] = await causesOf(refusedWith('id 4711'));
    assert.equal(first, 'firewall-reset likely');
  });
  test('with a window: it is not as likely that a host closed its port', async () => {
    const causes = await causesOf(refusedWith('').replace('win 0', 'win 512'));
    assert.deepEqual(causes.slice(0, 2), ['port-closed possible', 'firewall-reset possible']);
  });
  test('with a wrong checksum, where that of the SYN is right', async () => {
    const [first] = await causesOf(refusedWith('checksum wrong'));
    assert.equal(first, 'firewall-reset possible');
  });
  test('with a wrong checksum, as all packets of the capture have it', async () => {
    const [first] = await causesOf(
      refusedWith('checksum wrong').replace('win 64240 id 4711', 'win 64240 id 4711 checksum wrong'),
    );
    assert.equal(first, 'port-closed likely');
  });

  /** Others that are answered after 40 ms, and the RST `nanos` after the SYN. */
  const beside = (seconds: number, fields = '', others = 4, port = 's'): string =>
    Array.from(
      { length: others },
      (_, i) =>
        `${i} o${i} > s S 5000:5000(0)\n+0.040 s > o${i} S. 7000:7000(0) ack 5001\n+0.001 o${i} > s . ack 7001\n`,
    ).join('') +
    `9 c > ${port} S 1000:1000(0) win 64240\n+${seconds} ${port} > c R. 0:0(0) ack 1001 win 0 ${fields}\n${END}`;
  const others = Array.from({ length: 4 }, (_, i) => `end o${i} 10.0.0.${20 + i}:40000\n`).join('');
  const closed = `${others}end t 10.0.0.2:81\n`;
  /** First causes of the closed port. */
  const causesOfClosed = async (lines: string): Promise<string[]> => {
    const { report, handshakes } = await analyzeWith(encodeScript(parseScript(`${ENDS}${closed}${lines}`)));
    const refused = handshakes.find(({ verdict }) => verdict === 'refused');
    const ofPort = report.servers.find(({ port }) => port === 81)?.diagnoses ?? [];
    return [refused?.diagnoses[0], ofPort[0]].map((diagnosis) => `${diagnosis?.cause} ${diagnosis?.confidence}`);
  };
  test('sooner than anything ever came from that address', async () => {
    const said = await causesOfClosed(beside(0.004, '', 4, 't'));
    assert.deepEqual(said, ['firewall-reset likely', 'firewall-reset likely']);
  });
  test('as soon as others are answered', async () => {
    assert.deepEqual(await causesOfClosed(beside(0.039, '', 4, 't')), ['port-closed likely', 'port-closed likely']);
  });
  test('sooner than two others, which may have been slow', async () => {
    assert.deepEqual(await causesOfClosed(beside(0.004, '', 2, 't')), ['port-closed likely', 'port-closed likely']);
  });
  test('with an IP identification, where SYN-ACKs have none', async () => {
    const said = await causesOfClosed(beside(0.039, 'id 77', 4, 't'));
    assert.deepEqual(said, ['firewall-reset possible', 'firewall-reset possible']);
  });
  test('a SYN that was sent twice, shortly before the RST came: it answers the first', async () => {
    const lines = beside(0.039, '', 4, 't').replace('\n+0.039', '\n+0.038 c > t S 1000:1000(0) win 64240\n+0.001');
    assert.deepEqual(await causesOfClosed(lines), ['port-closed likely', 'port-closed likely']);
  });
  test('with a checksum left to the card: the firewall comes first, and stays possible', async () => {
    const [first, second] = await causesOf(refusedWith('checksum unfilled'));
    assert.deepEqual([first, second], ['firewall-reset possible', 'port-closed possible']);
  });
});

describe('the client resets the SYN-ACK', () => {
  const begin = '0 c > s S 1000:1000(0)\n+0.001 s > c S. 9000:9000(0) ack 1001\n+0.001 c > s R 1001:1001(0)';
  test('once: it may be a scan', async () => {
    const causes = await causesOf(`${begin}\n${END}`);
    assert.deepEqual(causes, ['half-open-scan possible', 'client-gave-up possible', 'asymmetric-nat possible']);
  });
  test('and goes on with its SYN: the SYN-ACK is not of its connection, or a firewall refuses it, with the same RST', async () => {
    const causes = await causesOf(`${begin}\n+1 c > s S 1000:1000(0)
+0.001 s > c S. 9500:9500(0) ack 1001\n+0.001 c > s R 1001:1001(0)\n${END}`);
    assert.deepEqual(causes.slice(0, 2), ['asymmetric-nat possible', 'firewall-reset possible']);
  });
  test('with another TTL than its SYN: a scanner beside its kernel', async () => {
    const [first] = await causesOf(`${begin} ttl 49\n${END}`);
    assert.equal(first, 'half-open-scan likely');
  });
});

describe('a RST ends a connection', () => {
  const begin = '0 c > s S 1000:1000(0)\n+0.001 s > c S. 9000:9000(0) ack 1001\n+0.001 c > s . ack 9001\n';
  const request = '+0.001 c > s P. 1001:1101(100) ack 9001\n+0.001 s > c . ack 1101\n';
  test('in the client’s name, from another distance, in the place of its request: a box on the way', async () => {
    assert.deepEqual(await causesOf(`${begin}+0.01 c > s R 1001:1001(0) ttl 250\n${END}`), ['firewall-reset likely']);
  });
  test('the same behind a request that was taken', async () => {
    const causes = await causesOf(`${begin}${request}+0.01 c > s R 1101:1101(0) ttl 57\n${END}`);
    assert.deepEqual(causes, ['firewall-reset likely']);
  });
  test('in the name of a server that has spoken, from another distance', async () => {
    const banner = '+0.001 s > c P. 9001:9010(9) ack 1001\n+0.001 c > s . ack 9010\n';
    const causes = await causesOf(`${begin}${banner}+0.01 s > c R. 9010:9010(0) ack 1101 ttl 250\n${END}`);
    assert.deepEqual(causes, ['firewall-reset likely']);
  });
  for (const [title, ttl] of [
    ['with its own TTL', 61],
    ['over a path that is one router longer', 60],
    ['over a path that is one router shorter', 62],
    ['with another initial TTL, from the same distance', 252],
  ] as const) {
    test(`by the client, ${title}: it is its own`, async () => {
      assert.deepEqual(await causesOf(`${begin}${request}+0.01 c > s R. 1101:1101(0) ack 9001 ttl ${ttl}\n${END}`), []);
    });
  }
});

describe('SYNs without an answer, beside others that complete', () => {
  const complete = (end: string, isn: number): string =>
    `${end} > s S ${isn}:${isn}(0)\n+0.001 s > ${end} S. 7000:7000(0) ack ${isn + 1}\n+0.001 ${end} > s . ack 7001\n`;
  test('of the same client: the queue is suspected first', async () => {
    const causes = await causesOf(`0 ${complete('c', 100)}+5 c > s S 1000:1000(0)
+1 c > s S 1000:1000(0)\n${END}`);
    assert.equal(causes[0], 'accept-queue-full possible');
  });
  test('of one client of two: what strikes one client is suspected first', async () => {
    const causes = await causesOf(`0 ${complete('d', 100)}+5 c > s S 1000:1000(0)
+1 c > s S 1000:1000(0)\n${END}`);
    assert.equal(causes[0], 'local-firewall-drop possible');
    assert.ok(!causes.includes('wrong-destination possible'));
  });
});

describe('complete', () => {
  const begin = '0 c > s S 1000:1000(0)\n+0.001 s > c S. 9000:9000(0) ack 1001\n+0.001 c > s . ack 9001\n';
  test('and closed by the server at once, without a word', async () => {
    assert.deepEqual(await causesOf(`${begin}+0.01 s > c F. ack 1001\n+0.001 c > s F. ack 9002\n${END}`), [
      'closed-at-once likely',
    ]);
  });
  const far = Array.from({ length: 4 }, (_, i) => `end o${i} 10.0.0.${20 + i}:40000`).join('\n');
  const endedBy = (reset: string, syn = ''): string =>
    `${Array.from({ length: 4 }, (_, i) => `${i} o${i} > s S 5000:5000(0)\n+0.040 s > o${i} S. 7000:7000(0) ack 5001\n+0.001 o${i} > s . ack 7001\n+0.05 s > o${i} P. (5) ack 5001\n`).join('')}
9 c > s S 1000:1000(0) ${syn}\n+0.040 s > c S. 9000:9000(0) ack 1001\n+0.001 c > s . ack 9001\n${reset}\n${END}`;
  test('and reset sooner than the server can have heard of it', async () => {
    const causes = await causesOf(endedBy('+0.002 s > c R. 9001:9001(0) ack 1001'), `${far}\n`);
    assert.deepEqual(causes, ['firewall-reset likely', 'closed-at-once possible']);
  });
  test('and reset when it can have', async () => {
    const causes = await causesOf(endedBy('+0.041 s > c R. 9001:9001(0) ack 1001'), `${far}\n`);
    assert.deepEqual(causes, ['closed-at-once likely']);
  });
  test('and closed by the server after a word', async () => {
    assert.deepEqual(await causesOf(`${begin}+0.01 s > c P. (5) ack 1001\n+0.001 s > c F. ack 1001\n${END}`), []);
  });
  test('and closed by the client', async () => {
    assert.deepEqual(await causesOf(`${begin}+0.01 c > s F. ack 9001\n+0.001 s > c F. ack 1002\n${END}`), []);
  });
  test('the client leaves without having got a word, and the server does not close', async () => {
    const causes = await causesOf(`${begin}+0.01 c > s P. (7) ack 9001\n+0.001 s > c . ack 1008
+0.5 c > s F. ack 9001\n+0.001 s > c . ack 1009\n${END}`);
    assert.deepEqual(causes, ['not-accepted-yet possible']);
  });
  test('a large segment comes again and again, small ones are answered', async () => {
    const large = 'c > s P. 1001:2449(1448) ack 9001\n';
    const causes = await causesOf(
      `${begin}+0.01 ${large}+0.001 s > c . ack 1001\n+0.3 ${large}+0.6 ${large}+1.2 ${large}${END}`,
    );
    assert.equal(causes[0]?.split(' ')[0], 'path-mtu');
  });
  const answer = 's > c P. 9001:10449(1448) ack 1008\n';
  const asked = `${begin}+0.01 c > s P. (7) ack 9001\n`;
  test('the first segment of the server is a large one, and comes again and again', async () => {
    const causes = await causesOf(`${asked}+0.01 ${answer}+0.2 ${answer}+0.4 ${answer}+0.8 ${answer}${END}`);
    assert.deepEqual(causes, ['path-mtu possible', 'return-path-loss possible']);
  });
  test('and when the server has acknowledged the request before', async () => {
    const heard = '+0.001 s > c . ack 1008\n';
    const causes = await causesOf(`${asked}${heard}+0.01 ${answer}+0.2 ${answer}+0.4 ${answer}+0.8 ${answer}${END}`);
    assert.deepEqual(causes, ['path-mtu possible', 'return-path-loss possible']);
  });
  test('and when it comes three times, as by chance', async () => {
    assert.deepEqual(await causesOf(`${asked}+0.01 ${answer}+0.2 ${answer}+0.4 ${answer}${END}`), []);
  });
  test('and when each of three is recorded twice', async () => {
    const twice = `${answer}+0.0001 ${answer}`;
    assert.deepEqual(await causesOf(`${asked}+0.01 ${twice}+0.2 ${twice}+0.4 ${twice}${END}`), []);
  });
  test('and when the next segments come again, which are not the first', async () => {
    const next = 's > c P. 10449:11897(1448) ack 1008\n';
    const causes = await causesOf(`${asked}+0.01 ${answer}+0.01 ${next}+0.2 ${next}+0.4 ${next}+0.8 ${next}${END}`);
    assert.deepEqual(causes, []);
  });
  test('only when the SYN offered nothing', async () => {
    const causes = await causesOf(`0 c > s S 1000:1005(5) <mss 1460,FO aabb>\n+1 c > s S 1000:1000(0) <mss 1460>
+0.001 s > c S. 9000:9000(0) ack 1001\n+0.001 c > s . ack 9001\n${END}`);
    assert.deepEqual(causes, ['syn-options-filtered possible']);
  });
});

describe('SYNs of several clocks behind one address', () => {
  const ENDS_OF_NAT = Array.from({ length: 60 }, (_, i) => `end n${i} 10.0.0.9:${1000 + i} ttl 61`).join('\n');
  interface Syn {
    readonly stamp: number;
    readonly answered: boolean;
  }
  const attempts = (syns: readonly Syn[]): string =>
    syns
      .map(({ stamp, answered }, i) => {
        const syn = `n${i} > s S 1000:1000(0) <mss 1460,TS val ${stamp} ecr 0>`;
        if (!answered) return `${i} ${syn}\n+0.3 ${syn}`;
        return `${i} ${syn}\n+0.001 s > n${i} S. 9000:9000(0) ack 1001\n+0.001 n${i} > s . ack 9001`;
      })
      .join('\n');
  /** By turns of a clock that is ahead and of one that is behind. */
  const byTurns = (count: number, isAnswered: (turn: number) => boolean): Syn[] =>
    Array.from({ length: count }, (_, i) => ({
      stamp: i * 1000 + (i % 2 === 0 ? 9_000_000 : 5_000),
      answered: isAnswered(i),
    }));
  const causes = (syns: readonly Syn[]): Promise<string[]> => causesOf(`${attempts(syns)}\n${END}`, `${ENDS_OF_NAT}\n`);

  test('those of the clock that is behind go unanswered, the others do not', async () => {
    const [first] = await causes(byTurns(16, (i) => i % 2 === 0));
    assert.equal(first, 'timestamps-rejected likely');
  });
  test('and a record says so as soon as there are enough of them', async () => {
    const lines = `${ENDS}${ENDS_OF_NAT}\n${attempts(byTurns(20, (i) => i % 2 === 0))}\n${END}`;
    const { handshakes } = await analyzeWith(encodeScript(parseScript(lines)));
    const firsts = handshakes.filter(({ missingLeg }) => missingLeg !== null).map(({ diagnoses }) => diagnoses[0]);
    assert.notEqual(firsts[0]?.cause, 'timestamps-rejected');
    assert.equal(firsts.at(-1)?.cause, 'timestamps-rejected');
  });
  test('all of them are answered: no fault', async () => {
    assert.deepEqual(await causes(byTurns(16, () => true)), []);
  });
  test('some of either go unanswered: it is not the clocks', async () => {
    const all = await causes(byTurns(16, (i) => i % 3 !== 0));
    assert.ok(!all.some((cause) => cause.startsWith('timestamps-rejected')), all.join(', '));
  });
  test('all of either go unanswered after a while: it is not the clocks', async () => {
    const all = await causes(byTurns(30, (i) => i < 20));
    assert.ok(!all.some((cause) => cause.startsWith('timestamps-rejected')), all.join(', '));
  });
  test('one of the clock behind is answered as often as not: it is not the clocks', async () => {
    const all = await causes(byTurns(24, (i) => i % 2 === 0 || i % 4 === 1));
    assert.ok(!all.some((cause) => cause.startsWith('timestamps-rejected')), all.join(', '));
  });
  test('two of them are too few to tell', async () => {
    const all = await causes(byTurns(12, (i) => i % 2 === 0 || i < 8));
    assert.ok(!all.some((cause) => cause.startsWith('timestamps-rejected')), all.join(', '));
  });
});

describe('the SYN is answered for an older connection', () => {
  const older = (
    isn: number,
    stamp: number,
    echo: number,
  ): string => `0 c > s S ${isn}:${isn}(0) <mss 1460,TS val ${stamp} ecr 0>
+0.001 s > c . 9000:9000(0) ack 2000 <TS val 70000 ecr ${echo}>
${END}`;
  test('whose numbers the SYN is beyond, and whose clock is ahead', async () => {
    assert.deepEqual(await causesOf(older(500_000, 100, 900_000)), [
      'old-connection likely',
      'timestamps-rejected possible',
    ]);
  });
  test('whose numbers it is not beyond', async () => {
    assert.deepEqual(await causesOf(older(1500, 100, 900_000)), ['old-connection likely']);
  });
  test('whose clock is behind', async () => {
    assert.deepEqual(await causesOf(older(500_000, 900_100, 900_000)), ['old-connection likely']);
  });
});

test('a SYN of wrong checksum that came in', async () => {
  const complete = '0 d > s S 5000:5000(0)\n+0.1 s > d S. 7000:7000(0) ack 5001\n+0.1 d > s . ack 7001\n';
  const [first] = await causesOf(
    `${complete}+1 c > s S 1000:1000(0) checksum wrong\n+1 c > s S 1000:1000(0) checksum wrong\n${END}`,
  );
  assert.equal(first?.split(' ')[0], 'bad-checksum');
});

describe('a SYN that came through a tunnel', () => {
  const tunnelled = (outer: string, inner = 'right'): Promise<string[]> =>
    causesOf(`0 d > s S 5000:5000(0) vxlan 7
+0.1 s > d S. 7000:7000(0) ack 5001 vxlan 7
+0.1 d > s . ack 7001 vxlan 7
+1 c > s S 1000:1000(0) vxlan 7 outer-checksum ${outer} checksum ${inner}
+1 c > s S 1000:1000(0) vxlan 7 outer-checksum ${outer} checksum ${inner}
${END}`);
  test('whose datagram has a wrong checksum', async () => {
    assert.equal((await tunnelled('wrong'))[0], 'tunnel-checksum likely');
  });
  test('whose datagram has none, or a right one', async () => {
    for (const outer of ['none', 'right']) {
      const causes = await tunnelled(outer);
      assert.ok(causes.length > 3 && !causes.some((cause) => cause.startsWith('tunnel-checksum')), causes.join(', '));
    }
  });
  test('whose own checksum is wrong, and not that of the datagram', async () => {
    const [first] = await tunnelled('right', 'wrong');
    assert.equal(first?.split(' ')[0], 'bad-checksum');
  });
});

test('frames for another host’s MAC, by what the link layer says', async () => {
  const answered =
    '0 d > s S 5000:5000(0) direction in\n+0.001 s > d S. 7000:7000(0) ack 5001 direction out\n+0.001 d > s . ack 7001 direction in\n';
  const [first] = await causesOf(
    `${answered}+1 c > s S 1000:1000(0) direction other\n+1 c > s S 1000:1000(0) direction other\n${END}`,
    'link sll\n',
  );
  assert.equal(first, 'wrong-mac likely');
});

test('many clients, each with one SYN, none of which acknowledges: a flood', async () => {
  const flood = Array.from({ length: 40 }, (_, i) => `end f${i} 172.16.0.${i + 1}:${1000 + i}`).join('\n');
  const lines = Array.from(
    { length: 40 },
    (_, i) => `${i / 10} f${i} > s S 1000:1000(0)\n+0.001 s > f${i} S. 9000:9000(0) ack 1001`,
  ).join('\n');
  const [first] = await causesOf(`${lines}\n${END}`, `${flood}\n`);
  assert.equal(first, 'syn-flood likely');
});

describe('a SYN with ECN is answered only when it comes again without', () => {
  const lost = (end: string): string =>
    `+1 ${end} > s SEW 1000:1000(0)\n+1 ${end} > s S 1000:1000(0)\n+0.001 s > ${end} S. 9000:9000(0) ack 1001\n+0.001 ${end} > s . ack 9001\n+0.001 ${end} > s P. (5) ack 9001\n+0.001 s > ${end} . ack 1006\n`;
  const taken = (end: string): string =>
    `+1 ${end} > s SEW 3000:3000(0)\n+0.001 s > ${end} S.E 4000:4000(0) ack 3001\n+0.001 ${end} > s . ack 4001\n+0.001 ${end} > s P. (5) ack 4001\n+0.001 s > ${end} . ack 3006\n`;
  const clients = 'end e 10.0.0.1:40001\nend f 10.0.0.3:40001\nend g 10.0.0.3:40002\n';
  const said = (lines: string): Promise<string[]> => causesOf(`0 other\n${lines}${END}`, clients);
  test('time and again: something drops it', async () => {
    assert.deepEqual(await said(`${lost('c')}${lost('e')}${lost('d')}`), ['syn-options-filtered likely']);
  });
  test('and once more with ECN from another client, which is answered: it may be chance', async () => {
    assert.deepEqual(await said(`${lost('c')}${lost('e')}${taken('d')}`), ['syn-options-filtered possible']);
  });
  test('and as often with ECN: packets get lost, as everywhere', async () => {
    assert.deepEqual(await said(`${lost('c')}${lost('e')}${taken('d')}${taken('f')}`), []);
  });
  const both = (lines: string): string =>
    lines
      .replaceAll(/^(.*)c > s(.*)$/gm, '$1c > s$2\n+0 d > s$2')
      .replaceAll(/^(.*)s > c(.*)$/gm, '$1s > c$2\n+0 s > d$2');
  test('of two clients at the same moment: the server was away', async () => {
    assert.deepEqual(await said(both(lost('c'))), ['syn-options-filtered possible']);
  });
  test('and another without had to come twice, too', async () => {
    assert.deepEqual(await said(`${lost('c')}${lost('e')}${lost('d').replace('SEW', 'S')}`), [
      'syn-options-filtered possible',
    ]);
  });
  test('and the same client got its ECN through before: nothing is said of the attempt', async () => {
    const { handshakes } = await analyzeWith(
      encodeScript(parseScript(`${ENDS}${clients}0 other\n${taken('e')}${lost('c')}${END}`)),
    );
    assert.deepEqual(
      handshakes.map(({ diagnoses }) => diagnoses.length),
      [0, 0],
    );
  });
});

describe('the client answers the SYN-ACK with a RST', () => {
  const said = (reset: string): Promise<string[]> =>
    causesOf(`0 c > s S 1000:1000(0)\n+0.001 s > c S. 9000:9000(0) ack 1001\n+0.001 c > s ${reset}\n${END}`);
  test('that acknowledges it, as the check of a load balancer does', async () => {
    assert.equal((await said('R. 1001:1001(0) ack 9001'))[0], 'half-open-scan likely');
  });
  test('that does not, as a host without such a connection', async () => {
    assert.deepEqual(await said('R 1001:1001(0)'), [
      'half-open-scan possible',
      'client-gave-up possible',
      'asymmetric-nat possible',
    ]);
  });
});

test('SYNs of a traceroute, which are to end on the way, do not make their sender the far end', async () => {
  const probe = (end: string, isn: number): string =>
    `+0.1 ${end} > s S ${isn}:${isn}(0)\n+0.001 s > ${end} S. 9000:9000(0) ack ${isn + 1}\n+0.001 ${end} > s . ack 9001\n`;
  const ends = `title a test
end a 10.0.0.1:40000 ttl 1
end b 10.0.0.1:40001 ttl 2
end c 10.0.0.1:40002 ttl 64
end s 10.0.0.2:80 ttl 63
`;
  const lines = probe('a', 1000) + probe('b', 2000) + probe('c', 3000);
  const { report } = await analyzeWith(encodeScript(parseScript(`${ends}${lines.replace('+0.1', '0')}${END}`)));
  assert.equal(report.capture.vantage.side, 'client');
});
