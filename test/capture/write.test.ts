import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { Readable } from 'node:stream';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  enhancedPacket,
  interfaceDescription,
  interfaceStatistics,
  type Packet,
  pcapHeader,
  pcapRecord,
  sectionHeader,
} from '../../src/capture/write.ts';
import { concat, type OwnedFrame, readPieces, readWhole } from '../support/capture-bytes.ts';

const packets = (maximumSeconds: number) =>
  fc.array(
    fc.record({
      seconds: fc.integer({ min: 0, max: maximumSeconds }),
      nanos: fc.integer({ min: 0, max: 999_999_999 }),
      bytes: fc.uint8Array({ maxLength: 60 }),
      originalLength: fc.integer({ min: 60, max: 0xffff_ffff }),
    }),
    { maxLength: 12 },
  );

describe('write -> read', () => {
  it('pcap: what was written is read, however it is cut', () => {
    fc.assert(
      fc.property(
        packets(0xffff_ffff),
        fc.boolean(),
        fc.constantFrom('microseconds', 'nanoseconds'),
        fc.nat(400),
        (written, littleEndian, resolution, linkType) => {
          const options = { linkType: linkType + 20, resolution, littleEndian } as const;
          const bytes = concat(pcapHeader(options), ...written.map((packet) => pcapRecord(packet, options)));
          const unit = resolution === 'nanoseconds' ? 1 : 1000;
          compare(readWhole(bytes).frames, written, unit);
          compare(readPieces(inPieces(bytes, linkType + 1)).frames, written, unit);
        },
      ),
    );
  });

  it('pcapng: what was written is read, in both byte orders, resolutions and offsets', () => {
    fc.assert(
      fc.property(
        packets(2_000_000_000),
        fc.boolean(),
        fc.constantFrom(0, 3, 6, 9, 12, 0x80 | 10, 0x80 | 30),
        fc.integer({ min: -2_000_000_000, max: 0 }),
        fc.integer({ min: 1, max: 200 }),
        (written, littleEndian, resolution, offsetSeconds, size) => {
          // 2^64 ticks of 10^-12 s are seven months: times of that resolution stay near their offset.
          const near =
            resolution === 12
              ? written.map((packet) => ({ ...packet, seconds: packet.seconds % 10_000_000 }))
              : written;
          const offset = resolution === 12 ? Math.max(offsetSeconds, -5_000_000) : offsetSeconds;
          const clock = { littleEndian, resolution, offsetSeconds: offset };
          const bytes = concat(
            sectionHeader({ littleEndian, application: 'test' }),
            interfaceDescription({ ...clock, linkType: 1, name: 'eth0' }),
            ...near.map((packet) => enhancedPacket(packet, clock)),
            interfaceStatistics({ ...clock, seconds: 1, nanos: 0, received: 7 }),
          );
          const frames = readPieces(inPieces(bytes, size)).frames;
          if ((resolution & 0x80) === 0) return compare(frames, near, Math.max(1, 10 ** (9 - resolution)));
          const tick = 1e9 / 2 ** (resolution & 0x7f);
          near.forEach((packet, i) => {
            const frame = frames[i] as OwnedFrame;
            const late = (packet.seconds - frame.seconds) * 1e9 + packet.nanos - frame.nanos;
            assert.ok(late >= 0 && late <= tick + 1, `${late} ns late`);
          });
        },
      ),
    );
  });
});

describe('random bytes', () => {
  it('after a valid beginning: frames or CaptureFormatError, nothing else, and the same in pieces', () => {
    const beginnings = [true, false].flatMap((littleEndian) => [
      pcapHeader({ linkType: 1, littleEndian }),
      concat(sectionHeader({ littleEndian }), interfaceDescription({ littleEndian, linkType: 1 })),
    ]);
    fc.assert(
      fc.property(fc.constantFrom(...beginnings), fc.uint8Array({ maxLength: 300 }), (beginning, rest) => {
        const bytes = concat(beginning, rest);
        assert.deepEqual(readPieces(inPieces(bytes, 13)), readWhole(bytes));
      }),
      { numRuns: 500 },
    );
  });

  it('any octet of a valid file changed', () => {
    const packet = { seconds: 1, nanos: 2, bytes: Uint8Array.of(1, 2, 3, 4, 5) };
    for (const littleEndian of [true, false]) {
      const pcapng = concat(
        sectionHeader({ littleEndian, application: 'x' }),
        interfaceDescription({ littleEndian, linkType: 1, resolution: 9, offsetSeconds: -1, name: 'y' }),
        enhancedPacket(packet, { littleEndian, resolution: 9, direction: 1, comments: ['z'] }),
        interfaceStatistics({ littleEndian, seconds: 1, nanos: 0, droppedBySystem: 1 }),
        enhancedPacket(packet, { littleEndian }),
      );
      const options = { linkType: 1, littleEndian };
      const pcap = concat(pcapHeader(options), pcapRecord(packet, options), pcapRecord(packet, options));
      for (const bytes of [pcap, pcapng]) {
        for (let at = 0; at < bytes.length; at++) {
          for (const value of [0, 1, 0x7f, 0x80, 0xff]) {
            const forged = Uint8Array.from(bytes);
            forged[at] = value;
            assert.deepEqual(readPieces(inPieces(forged, 5)), readWhole(forged));
          }
        }
      }
    }
  });
});

describe('pcap-parser, an independent reader', () => {
  for (const littleEndian of [true, false]) {
    it(`yields the same packets, ${littleEndian ? 'little' : 'big'}-endian`, async () => {
      const options = { linkType: 1, littleEndian };
      const written = Array.from({ length: 200 }, (_, i) => ({
        seconds: 1_700_000_000 + i,
        nanos: (i * 4_999_999_000) % 1_000_000_000,
        bytes: new Uint8Array(i * 7).fill(i),
        originalLength: i * 9,
      }));
      const bytes = concat(pcapHeader(options), ...written.map((packet) => pcapRecord(packet, options)));
      const theirs = await readWithPcapParser(bytes);
      const ours = readWhole(bytes).frames.map((frame) => [
        frame.seconds,
        frame.nanos / 1000,
        frame.originalLength,
        frame.bytes,
      ]);
      assert.equal(ours.length, 200);
      assert.deepEqual(ours, theirs);
    });
  }
});

function compare(frames: readonly OwnedFrame[], written: readonly Packet[], unitNanos: number): void {
  assert.deepEqual(
    frames.map((frame) => [frame.seconds, frame.nanos, frame.originalLength, frame.bytes]),
    written.map((packet) => [
      packet.seconds,
      Math.floor(packet.nanos / unitNanos) * unitNanos,
      packet.originalLength,
      Buffer.from(packet.bytes).toString('hex'),
    ]),
  );
}

function* inPieces(bytes: Uint8Array, size: number): Iterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

interface TheirPacket {
  readonly header: {
    timestampSeconds: number;
    timestampMicroseconds: number;
    capturedLength: number;
    originalLength: number;
  };
  readonly data: Buffer;
}

async function readWithPcapParser(bytes: Uint8Array): Promise<unknown[]> {
  const { parse } = createRequire(import.meta.url)('pcap-parser') as {
    parse(stream: Readable): {
      on(event: 'packet', listener: (packet: TheirPacket) => void): void;
      on(event: 'end' | 'error', listener: (error?: Error) => void): void;
    };
  };
  const packets: unknown[] = [];
  await new Promise<void>((resolve, reject) => {
    const parser = parse(Readable.from([Buffer.from(bytes)], { objectMode: false }));
    parser.on('packet', ({ header, data }) => {
      packets.push([
        header.timestampSeconds,
        header.timestampMicroseconds,
        header.originalLength,
        data.toString('hex'),
      ]);
    });
    parser.on('end', () => resolve());
    parser.on('error', reject);
  });
  return packets;
}
