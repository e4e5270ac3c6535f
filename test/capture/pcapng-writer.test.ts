/** What is written while packets come is read as it was, and packets that wait leave in their order. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Frame, STATUS } from '../../src/capture/frame.ts';
import { PacketHold } from '../../src/capture/packet-hold.ts';
import { PcapngReader } from '../../src/capture/pcapng.ts';
import { PcapngWriter } from '../../src/capture/pcapng-writer.ts';

interface Written {
  readonly seconds: number;
  readonly nanos: number;
  readonly bytes: Uint8Array;
  readonly beyond: number;
  readonly direction: number;
  readonly comments: readonly string[];
  readonly digits: 6 | 9;
}

const PACKETS = fc.array(
  fc.record({
    seconds: fc.integer({ min: 0, max: 0xffff_ffff }),
    nanos: fc.integer({ min: 0, max: 999_999_999 }),
    bytes: fc.uint8Array({ maxLength: 70 }),
    beyond: fc.integer({ min: 0, max: 2000 }),
    direction: fc.integer({ min: 0, max: 2 }),
    comments: fc.array(fc.string(), { maxLength: 2 }),
    digits: fc.constantFrom(6, 9),
  }),
  { maxLength: 20 },
);

function framesOf(bytes: Uint8Array): Frame[] {
  const reader = new PcapngReader();
  reader.append(bytes);
  reader.end();
  const frames: Frame[] = [];
  for (let frame = new Frame(); reader.next(frame) === STATUS.FRAME; frame = new Frame()) frames.push(frame);
  assert.equal(reader.truncated, false);
  assert.deepEqual(reader.warnings, []);
  return frames;
}

function contentOf({ bytes, at, capturedLength }: Frame): number[] {
  return [...bytes.subarray(at, at + capturedLength)];
}

describe('PcapngWriter', () => {
  test('every packet is read as it was written, to the digits of its interface', () => {
    const check = (packets: readonly Written[]): void => {
      const writer = new PcapngWriter('test 1');
      writer.beginSection();
      const micro = writer.addInterface({ linkType: 1, snapLength: 256, name: 'eth0', digits: 6 });
      const nano = writer.addInterface({ linkType: 276, snapLength: 0, name: null, digits: 9 });
      for (const { seconds, nanos, bytes, beyond, direction, comments, digits } of packets) {
        const packet = { seconds, nanos, originalLength: bytes.length + beyond, direction };
        writer.packet(digits === 6 ? micro : nano, packet, bytes, 0, bytes.length, comments);
      }
      const frames = framesOf(writer.take().slice());
      assert.equal(frames.length, packets.length);
      for (const [index, { seconds, nanos, bytes, beyond, direction, digits }] of packets.entries()) {
        const frame = frames[index] as Frame;
        assert.equal(frame.seconds, seconds);
        assert.equal(frame.nanos, digits === 9 ? nanos : nanos - (nanos % 1000));
        assert.equal(frame.digits, digits);
        assert.equal(frame.linkType, digits === 6 ? 1 : 276);
        assert.equal(frame.originalLength, bytes.length + beyond);
        assert.equal(frame.direction, direction);
        assert.deepEqual(contentOf(frame), [...bytes]);
      }
    };
    fc.assert(fc.property(PACKETS, check), { seed: 7, numRuns: 500 });
  });

  test('a further section knows the interfaces of the first', () => {
    const writer = new PcapngWriter('test 1');
    writer.beginSection();
    const number = writer.addInterface({ linkType: 1, snapLength: 0, name: 'eth0', digits: 9 });
    writer.take();
    writer.beginSection();
    const packet = { seconds: 1, nanos: 2, originalLength: 3, direction: 0 };
    writer.packet(number, packet, Uint8Array.of(1, 2, 3), 0, 3, []);
    assert.deepEqual(framesOf(writer.take()).map(contentOf), [[1, 2, 3]]);
  });
});

describe('PacketHold', () => {
  /** Lengths of packets to put in; -1 takes the oldest out, -2 takes the newest back. */
  const STEPS = fc.array(fc.integer({ min: -2, max: 120 }), { maxLength: 200 });

  test('gives packets back in their order, whatever their lengths and wherever the ring ends', () => {
    const check = (steps: readonly number[]): void => {
      const hold = new PacketHold(1024);
      const model: { readonly bytes: number[]; readonly attempt: number }[] = [];
      let next = 1;
      for (const step of steps) {
        if (step === -1) take(hold, model);
        else if (step >= 0) {
          while (!hold.hasRoomFor(step)) take(hold, model);
          const frame = frameOf(step, next);
          const position = hold.add(frame, next % 5, next);
          assert.ok(hold.holds(position));
          if (next % 3 === 0) {
            hold.dropUnassigned();
            assert.ok(!hold.holds(position));
          } else {
            assert.equal(hold.assign(next), position);
            hold.dropUnassigned();
            model.push({ bytes: [...frame.bytes], attempt: next });
          }
          next += 1;
        }
      }
      while (model.length > 0) take(hold, model);
      assert.equal(hold.oldest(), null);
    };
    fc.assert(fc.property(STEPS, check), { seed: 8, numRuns: 500 });
  });

  function take(hold: PacketHold, model: { readonly bytes: number[]; readonly attempt: number }[]): void {
    const oldest = hold.oldest();
    const wanted = model.shift();
    if (wanted === undefined) {
      assert.equal(oldest, null);
      return;
    }
    assert.ok(oldest !== null);
    assert.deepEqual([...oldest.bytes.subarray(oldest.at, oldest.at + oldest.captured)], wanted.bytes);
    assert.equal(oldest.attempt, wanted.attempt);
    assert.equal(oldest.interfaceNumber, wanted.attempt % 5);
    assert.equal(oldest.since, wanted.attempt);
    assert.equal(oldest.direction, 2);
    hold.shift();
    assert.ok(!hold.holds(oldest.position));
  }

  function frameOf(length: number, seed: number): Frame {
    const frame = new Frame();
    frame.bytes = new Uint8Array(length).fill(seed);
    frame.capturedLength = length;
    frame.originalLength = length;
    frame.direction = 2;
    return frame;
  }
});
