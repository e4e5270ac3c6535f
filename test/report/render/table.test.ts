import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Handshake } from '../../../src/handshake/handshake.ts';
import type { RenderOptions } from '../../../src/report/render/renderer.ts';
import { tableRenderer } from '../../../src/report/render/table.ts';
import { visibleLength } from '../../../src/report/render/text.ts';
import type { Report } from '../../../src/report/report.ts';
import { assertGolden } from '../../support/golden.ts';
import { completeOne, HEALTHY, leg, NO_LEG, report, server, unanswered } from '../../support/report-samples.ts';

const OPTIONS = { version: '0.0.0', width: 80, colour: false, limit: null, individually: false, narrowed: false };

function render(handshakes: readonly Handshake[], of: Report, change: Partial<RenderOptions> = {}): string {
  const renderer = tableRenderer({ ...OPTIONS, ...change });
  const parts = [renderer.begin(), ...handshakes.map((handshake) => renderer.handshake(handshake))];
  return parts.join('') + renderer.end(of);
}

const REFUSED = unanswered(4, {
  server: { address: '2001:db8:1234:5678:9abc:def0:1234:5678', port: 443 },
  client: { address: '2001:db8::1', port: 50_000 },
  verdict: 'refused',
  reason: 'A RST answers the SYN after 12 ms.',
  legs: { syn: leg(['1793613700.000000'], [20]), synAck: NO_LEG, ack: NO_LEG },
  reset: { from: 'server', time: '1793613700.012000', frame: 21, ttl: 250, suspect: 'middlebox' },
  vlan: 12,
  notes: ['fast-open'],
});
const IGNORED = unanswered(5, {
  server: { address: '10.9.0.3', port: 25 },
  verdict: 'ack-ignored',
  missingLeg: 'ack',
  reason: 'The third leg is there, but the server repeats its SYN-ACK.',
  legs: {
    syn: leg(['1793613601.000000'], [1], 'accepted'),
    synAck: leg(['1793613601.000020', '1793613602.000020'], [2, 4], 'accepted'),
    ack: leg(['1793613601.000040'], [3], 'ignored'),
  },
});
const UNDECIDED = unanswered(6, {
  verdict: 'undecided',
  missingLeg: null,
  reason: 'The capture ends 0.2 s after the SYN.',
  icmp: { from: '10.1.1.1', type: 3, code: 13, meaning: 'administratively prohibited', frame: 30, quotes: 'syn' },
});
const SOME = [unanswered(1), unanswered(2), unanswered(3), REFUSED, IGNORED, UNDECIDED];
const TROUBLED = report(
  [
    server(),
    HEALTHY,
    server({
      address: REFUSED.server.address,
      port: 443,
      clients: 1,
      attempts: 1,
      synReceived: 1,
      byVerdict: { refused: 1 },
    }),
    server({
      address: '10.9.0.3',
      port: 25,
      clients: 1,
      attempts: 2,
      synReceived: 2,
      synAckSent: 2,
      ackReceived: 2,
      missingLeg: 'ack',
      byVerdict: { 'ack-ignored': 1, complete: 1 },
    }),
    server({
      port: 8080,
      clients: 0,
      attempts: 0,
      synReceived: 0,
      missingLeg: 'syn',
      byVerdict: {},
      asked: true,
      findings: ['The capture was alive: 1,200 other TCP segments, no drops.'],
    }),
  ],
  {
    duplicates: 3,
    lost: { kernel: 12, interface: 0 },
    icmpErrors: { seen: 2, joined: 1 },
    clock: { backwardSteps: 1, forwardSteps: 0, largestBackwardSeconds: 0.25 },
    givenUp: 7,
    vantage: { side: 'server', evidence: ['TTL 64 on what the server sends'] },
    warnings: ['so many clients came that their numbers are lower bounds'],
  },
);

for (const width of [60, 80, 120]) {
  test(`a troubled capture at ${width} columns`, () => {
    const text = render(SOME, TROUBLED, { width });
    assertGolden(text, `report/render/golden/troubled-${width}.txt`);
    for (const line of text.split('\n')) assert.ok(visibleLength(line) <= width, line);
  });

  test(`one unanswered endpoint at ${width} columns`, () => {
    const text = render([unanswered(1), unanswered(2), unanswered(3)], report([server()]), { width });
    assertGolden(text, `report/render/golden/unanswered-${width}.txt`);
    for (const line of text.split('\n')) assert.ok(visibleLength(line) <= width, line);
  });
}

test('the first line is the answer', () => {
  const [line = '', next = ''] = render([], report([server()])).split('\n');
  assert.match(
    `${line} ${next.trim()}`,
    /^10\.9\.0\.2:2323 {2}the SYN-ACK is missing in 214 of 214 attempts \(no-syn-ack: no answer to the SYN\)/,
  );
});

test('when all is well one line says so', () => {
  const text = render([], report([HEALTHY]));
  assert.match(text, /^No leg is missing: all 3 handshakes to 1 endpoint are complete\.\n/);
});

test('a capture without a handshake says what it holds instead', () => {
  assert.match(
    render([], report([])).replaceAll('\n', ' '),
    /^No handshake is in this capture: none of its 1,200 TCP segments opens a connection \(2 connections already open/,
  );
  assert.match(render([], report([], { tcpSegments: 0 })), /^No TCP segment is in this capture\.\n/);
});

test('an endpoint that was asked for and saw no SYN leads, with its findings', () => {
  const text = render([], TROUBLED);
  assert.match(text, /^10\.9\.0\.2:8080 +the SYN is missing/);
  assert.match(text, /The capture was alive/);
});

test('with filters no more is said to be missing than what was asked for', () => {
  const none = report([], { leftOut: 3 });
  assert.match(
    render([], none, { width: 120 }),
    /^None of the 3 attempts in this capture is of the clients and the time that were asked/,
  );
  const text = render([], TROUBLED, { narrowed: true, width: 120 });
  assert.match(text, /no SYN of the clients and the time that were asked for to this port is in the capture/);
});

test('an address that was asked for without a port stands alone', () => {
  const silent = server({
    port: 0,
    clients: 0,
    attempts: 0,
    synReceived: 0,
    missingLeg: 'syn',
    byVerdict: {},
    asked: true,
  });
  assert.match(
    render([], report([silent])),
    /^10\.9\.0\.2 +the SYN is missing: no SYN to this address is in the capture/,
  );
});

test('colour changes nothing but the colour', () => {
  const plain = render(SOME, TROUBLED);
  const coloured = render(SOME, TROUBLED, { colour: true });
  assert.ok(coloured.includes('\u001b[31m'));
  // biome-ignore lint/suspicious/noControlCharactersInRegex: ESC begins every escape sequence.
  assert.equal(coloured.replaceAll(/\u001b\[\d+m/g, ''), plain);
});

test('what a capture or a file name says can not steer the terminal', () => {
  const [source] = report([HEALTHY]).capture.sources;
  assert.ok(source !== undefined);
  const evil = report([HEALTHY], {
    sources: [{ ...source, name: 'a\u001b]0;owned\u0007.pcap', warnings: ['\u202eevil'] }],
  });
  const text = render([unanswered(1, { reason: '\u001b[2Jgone' })], evil);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
  assert.doesNotMatch(text, /[\u001b\u0007\u202e]/);
});

test('a hundred thousand attempts from as many clients are one group, in bounded memory', () => {
  const renderer = tableRenderer(OPTIONS);
  const { heapUsed } = process.memoryUsage();
  for (let id = 1; id <= 100_000; id += 1) {
    renderer.handshake(
      unanswered(id, { client: { address: `10.${id >> 16}.${(id >> 8) & 255}.${id & 255}`, port: 1024 } }),
    );
  }
  const text = renderer.end(
    report([server({ attempts: 100_000, synReceived: 100_000, byVerdict: { 'no-syn-ack': 100_000 } })]),
  );
  assert.match(text.replaceAll(/\s+/g, ' '), /100,000 attempts from 1,000 clients or more/);
  assert.match(text.replaceAll(/\s+/g, ' '), /numbers 1, 2, 3, 4, 5, 6, 7, 8, and 99,992 more/);
  assert.ok(process.memoryUsage().heapUsed - heapUsed < 50e6);
});

test('a scan of many ports of one address is one group, with the ports as ranges', () => {
  const scan = Array.from({ length: 50 }, (_, index) =>
    unanswered(index + 1, { server: { address: '10.9.0.2', port: 20 + index } }),
  );
  const text = render(scan, report([server({ attempts: 50 })]));
  assert.match(text, /50 attempts from 1 client, to 50 ports \(20-69\)/);
  assert.equal(text.match(/no-syn-ack: no answer to the SYN\n {2}50/g)?.length, 1);
});

test('attempts beyond the bound of groups are counted, not lost', () => {
  const many = Array.from({ length: 1500 }, (_, index) =>
    unanswered(index + 1, { server: { address: `10.1.${index >> 8}.${index & 255}`, port: 80 } }),
  );
  const text = render(many, report([server({ attempts: 1500 })]));
  assert.match(text.replaceAll('\n', ' '), /\.\.\. and 1,490 more attempts like these/);
});

test('--limit says how many groups and endpoints are shown', () => {
  const servers = Array.from({ length: 30 }, (_, index) =>
    server({ port: index + 1, attempts: 1, byVerdict: { 'no-syn-ack': 1 } }),
  );
  const handshakes = Array.from({ length: 30 }, (_, index) =>
    unanswered(index + 1, { server: { address: `10.1.1.${index}`, port: 1 } }),
  );
  const text = render(handshakes, report(servers), { limit: 2 });
  assert.match(text, /\.\.\. and 28 more endpoints \(--limit 30 shows all\)/);
  assert.match(text, /\.\.\. and 28 more attempts like these/);
});

test('with --sort the attempts stand one by one, in the order given', () => {
  const text = render([completeOne(9), unanswered(3)], report([HEALTHY]), { individually: true });
  assertGolden(text, 'report/render/golden/one-by-one-80.txt');
  assert.ok(text.indexOf('#9') < text.indexOf('#3'));
});
