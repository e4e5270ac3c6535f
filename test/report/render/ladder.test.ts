import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TracedSegment } from '../../../src/handshake/trace.ts';
import { renderLadder } from '../../../src/report/render/ladder.ts';
import { restsOn } from '../../../src/report/render/rests-on.ts';
import { visibleLength } from '../../../src/report/render/text.ts';
import { assertGolden } from '../../support/golden.ts';
import { leg, unanswered } from '../../support/report-samples.ts';

const OPTIONS = 'mss 1460,sackOK,TS val 2489809724 ecr 0,nop,wscale 10';

function segment(frame: number, change: Partial<TracedSegment>): TracedSegment {
  return {
    frame,
    file: 0,
    time: '1793613601.000000',
    from: 'client',
    flags: 'SYN',
    sequence: 4_294_967_295,
    acknowledgment: null,
    payloadLength: 0,
    window: 64_240,
    ttl: 64,
    options: '',
    event: 'syn',
    ...change,
  };
}

/** The client's ISN is the last number of all, so that its next one wraps around. */
const SEGMENTS = [
  segment(1, { options: OPTIONS }),
  segment(2, { time: '1793613602.020000', options: OPTIONS }),
  segment(3, { time: '1793613602.020000', event: 'copy' }),
  segment(4, {
    time: '1793613602.020150',
    from: 'server',
    flags: 'SYN, ACK',
    sequence: 9000,
    acknowledgment: 0,
    event: 'syn-ack',
  }),
  segment(5, { time: '1793613602.020350', flags: 'ACK', sequence: 0, acknowledgment: 9001, event: 'third-leg' }),
  segment(6, {
    time: '1793613603.030000',
    from: 'server',
    flags: 'SYN, ACK',
    sequence: 9000,
    acknowledgment: 0,
    event: 'syn-ack-late',
  }),
  segment(7, {
    time: '1793613603.040000',
    from: 'icmp',
    flags: 'host unreachable',
    sequence: null,
    window: null,
    event: 'icmp-later',
  }),
];
const HANDSHAKE = unanswered(1, {
  isn: { client: 4_294_967_295, server: 9000 },
  verdict: 'ack-ignored',
  missingLeg: 'ack',
  reason: 'The third leg is there, but the server repeats its SYN-ACK.',
  legs: {
    syn: leg(['1793613601.000000', '1793613602.020000'], [1, 2], 'accepted'),
    synAck: leg(['1793613602.020150', '1793613603.030000'], [4, 6], 'accepted'),
    ack: leg(['1793613602.020350'], [5], 'ignored'),
  },
});

for (const width of [60, 80, 120]) {
  test(`an ignored third leg as a ladder of ${width} columns`, () => {
    const text = renderLadder(HANDSHAKE, SEGMENTS, { width, colour: false, files: ['a.pcap'] });
    assertGolden(text, `report/render/golden/ladder-${width}.txt`);
    for (const line of text.split('\n')) assert.ok(visibleLength(line) <= width, line);
  });
}

test('numbers are relative to the ISN modulo 2^32, the raw ones beside them', () => {
  const text = renderLadder(HANDSHAKE, SEGMENTS, { width: 120, colour: false, files: ['a.pcap'] });
  assert.match(text, /seq 0 \(4294967295\)/);
  assert.match(text, /seq 1 \(0\), ack 1 \(9001\)/);
});

test('each grade names the frame that it rests on', () => {
  assert.equal(restsOn('syn', HANDSHAKE, SEGMENTS), 'proved by frame 4 (SYN, ACK from the server)');
  assert.equal(restsOn('syn-ack', HANDSHAKE, SEGMENTS), 'proved by frame 5 (ACK from the client)');
  assert.equal(restsOn('ack', HANDSHAKE, SEGMENTS), 'the server repeats its SYN-ACK after it, in frame 6');
});

test('several files are named where their segments begin', () => {
  const seam = SEGMENTS.map((one, index) => ({ ...one, file: index < 3 ? 0 : 1 }));
  const text = renderLadder(HANDSHAKE, seam, { width: 80, colour: false, files: ['a.pcap', 'b\u001b.pcap'] });
  assert.match(text, /in a\.pcap\n[\s\S]*in b\\x1b\.pcap\n/);
});

test('an attempt without segments still has its legs and its verdict', () => {
  const text = renderLadder(HANDSHAKE, [], { width: 80, colour: false, files: [] });
  assert.match(text, /Legs\n {2}SYN {6}accepted/);
});
