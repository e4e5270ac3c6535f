/**
 * The short way of ordinary handshakes (src/handshake/ordinary.ts) leads to the same evidence as the long way, whatever else passes by; and so it does for segments that come as
 * rows (wire/plain-row.ts), as threads hand them over.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { generate } from '../../bench/generator/generate.ts';
import { SMALL } from '../../bench/generator/recipes.ts';
import { sinceBase } from '../../src/bytes/time.ts';
import { CaptureOpener } from '../../src/capture/detect.ts';
import { Frame, STATUS } from '../../src/capture/frame.ts';
import { writeKeys } from '../../src/flow/row-keys.ts';
import { CaptureClock } from '../../src/handshake/clock.ts';
import type { Evidence } from '../../src/handshake/evidence.ts';
import { Tracker } from '../../src/handshake/tracker.ts';
import { SIGN } from '../../src/handshake/traits.ts';
import { judge, type Verdict } from '../../src/handshake/verdict.ts';
import { Decoder } from '../../src/wire/decode.ts';
import { ROW, ROW_WORDS, writePlainRow } from '../../src/wire/plain-row.ts';
import { Segment } from '../../src/wire/segment.ts';
import { LINK } from '../support/decoding.ts';
import { captureFiles, capturesOf, writtenScripts } from '../support/fixture-files.ts';
import { randomScript, randomScriptOnAny } from '../support/random-script.ts';
import { parseScript } from '../support/script.ts';
import { encodeScript } from '../support/script-frames.ts';

interface Outcome {
  /** By id, the chains of frames resolved. */
  readonly attempts: readonly object[];
  readonly counts: readonly number[];
}

/** `lone`: each attempt is noted as a lone SYN first. `early`: with early verdicts. */
type Way = 'long' | 'short' | 'rows' | 'lone rows' | 'early long' | 'early lone';

const SEED = 7;
const OUTER_CHECKSUM = SIGN.OUTER_CHECKSUM_BAD | SIGN.OUTER_CHECKSUM_GOOD;
const PATIENCE_NANOS = 3e9;

function track(bytes: Uint8Array, way: Way): Outcome {
  const attempts: { id: number }[] = [];
  const isEarly = way.startsWith('early');
  const note = (e: Evidence): void => {
    const { synChain, synAckChain, ackChain, strayChain, ...rest } = e;
    const chains = [synChain, synAckChain, ackChain, strayChain].map((chain) => tracker.frames.read(chain));
    // Looks of single packets are taken of those that go the long way alone, and no verdict rests on them (traits.ts). With early verdicts they are taken of all; and so are
    // those of the datagram around a SYN.
    const looks = isEarly ? {} : { signs: rest.signs & OUTER_CHECKSUM, synStamp: 0, synMac: 0 };
    attempts.push({ ...rest, ...looks, chains } as unknown as { id: number });
  };
  const silent = (e: Evidence): Verdict => {
    note(e);
    return judge(e, PATIENCE_NANOS);
  };
  // No checksums: the first attempts would go the long way for them.
  const options = {
    patienceNanos: PATIENCE_NANOS,
    maxOpen: 1 << 16,
    seed: SEED,
    checksumSample: 0,
    shortcut: !way.endsWith('long'),
    ...(way === 'lone rows' ? { loneFrom: 0 } : {}),
  };
  const tracker = new Tracker(options, { finished: note, ...(isEarly ? { silent } : {}) });
  const clock = new CaptureClock();
  const decoder = new Decoder();
  const segment = new Segment();
  const scratch = new Segment();
  const row = new Int32Array(ROW_WORDS);
  const frame = new Frame();
  const reader = new CaptureOpener().push(bytes);
  assert.ok(reader !== null);
  let base = -1;
  while (reader.next(frame) === STATUS.FRAME) {
    if (base < 0) base = frame.seconds;
    const { view, at, capturedLength, originalLength, linkType } = frame;
    const time = sinceBase(frame.seconds, frame.nanos, base);
    const now = clock.tick(time);
    if (way.endsWith('rows') && linkType === LINK.ETHERNET && writePlainRow(row, 0, view, at, capturedLength)) {
      row[ROW.AT] = at;
      writeKeys(row, 0, view, scratch, SEED);
      tracker.expect(row, 0, 1);
      const network = decoder.networkOf(row[ROW.TAGS] as number);
      tracker.observeRow(row, 0, view, network, segment, time, now, frame.number);
      continue;
    }
    if (decoder.decode(view, at, capturedLength, originalLength, linkType, segment) !== 0) continue;
    if (segment.hasFlags) tracker.observe(segment, time, now, frame.number);
  }
  tracker.flush(clock.now);
  if (!isEarly) attempts.sort((a, b) => a.id - b.id);
  return { attempts, counts: [tracker.midstream, tracker.duplicates, tracker.begun, tracker.icmpJoined] };
}

function assertSame(bytes: Uint8Array, what: string): number {
  const long = track(bytes, 'long');
  assert.deepEqual(track(bytes, 'short'), long, what);
  assert.deepEqual(track(bytes, 'rows'), long, `${what}, as rows`);
  assert.deepEqual(track(bytes, 'lone rows'), long, `${what}, of lone SYNs, as rows`);
  assert.deepEqual(
    track(bytes, 'early lone'),
    track(bytes, 'early long'),
    `${what}, of lone SYNs, with early verdicts`,
  );
  return long.attempts.length;
}

describe('the short way and the long way', () => {
  test('agree on every capture of fixtures/', () => {
    for (const file of captureFiles()) if (!/\.(gz|zst|lz4)$/.test(file)) assertSame(readFileSync(file), file);
  });

  test('agree on every written script', () => {
    for (const script of writtenScripts()) for (const { file, bytes } of capturesOf(script)) assertSame(bytes, file);
  });

  test('agree on random scripts', () => {
    fc.assert(
      fc.property(randomScript(24), ({ capture, text }) => {
        assertSame(capture, text);
      }),
      { numRuns: 200 },
    );
  });

  test('agree on all interfaces of a host that translates addresses', () => {
    fc.assert(
      fc.property(randomScriptOnAny(16), ({ capture, text }) => {
        assertSame(capture, text);
      }),
      { numRuns: 500 },
    );
  });

  test('agree where the same ports come in several networks', () => {
    for (const networks of [
      ['', '', '', ' vlan 5'],
      [' vlan 5', ' vlan 5', ' vlan 5,6'],
      [' vlan 5,6', ' vlan 6,5', ' vxlan 5'],
    ]) {
      fc.assert(
        fc.property(randomScript(24, networks), ({ capture, text }) => {
          assertSame(capture, text);
        }),
        { numRuns: 50 },
      );
    }
  });

  test('agree where a connection ends in one network while its ports begin another one in the next', () => {
    const connection = (vlan: string): readonly string[] => [
      `c > s S 1000:1000(0)${vlan}`,
      `s > c S. 9000:9000(0) ack 1001${vlan}`,
      `c > s . ack 9001${vlan}`,
      `c > s P. 1001:1011(10) ack 9001${vlan}`,
      `s > c F. 9001:9001(0) ack 1011${vlan}`,
      `c > s F. 1011:1011(0) ack 9002${vlan}`,
    ];
    const ends = ['end c 10.0.0.1:40000', 'end s 10.0.0.2:80'];
    for (const [first, second] of [
      ['', ' vlan 5'],
      [' vlan 5', ' vlan 6'],
      [' vlan 5,6', ''],
    ] as const) {
      for (const gap of [0.01, 0.3, 3.5]) {
        for (let between = 0; between <= 6; between++) {
          const one = connection(first);
          const steps = [...one.slice(0, between), ...connection(second), ...one.slice(between)];
          const text = [...ends, ...steps.map((step) => `+${gap} ${step}`)].join('\n');
          for (const bytes of encodeScript(parseScript(text))) assert.equal(assertSame(bytes, text), 2);
        }
      }
    }
  });

  test('agree where a step comes after a silence in which a verdict could be given', () => {
    const steps = [
      'c > s S 1000:1000(0)',
      's > c S. 9000:9000(0) ack 1001',
      'c > s . ack 9001',
      'c > s P. 1001:1011(10) ack 9001',
      's > c P. 9001:9011(10) ack 1011',
      'c > s F. 1011:1011(0) ack 9011',
      's > c F. 9011:9011(0) ack 1012',
    ];
    const reset = ['c > s R. 1001:1001(0) ack 9001', 'c > s . ack 9001'];
    for (const script of [steps, [...steps.slice(0, 3), ...reset], steps.slice(0, 4)]) {
      for (const [late] of script.entries()) {
        const lines = script.map((step, index) => `+${index === late ? 5 : 0.01} ${step}`);
        // Time goes on with other clients, a second at a time, so that it shows when the attempt is let go.
        const ends = ['end c 10.0.0.1:40000', 'end s 10.0.0.2:80'];
        const text = [...ends, ...lines, '+1 flood 150 every 1 from 10.1.0.0:1024 to s'].join('\n');
        for (const bytes of encodeScript(parseScript(text))) assert.equal(assertSame(bytes, text), 151);
      }
    }
  });

  test('agree on sixty thousand packets of many connections', () => {
    const chunks: Uint8Array[] = [];
    generate(SMALL, 60_000, (bytes) => chunks.push(bytes.slice()));
    assert.ok(assertSame(Buffer.concat(chunks), 'the bench recipe') > 10_000);
  });
});
