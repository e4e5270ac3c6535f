import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pcapHeader, pcapRecord } from '../../src/capture/write.ts';
import { concat, halves, payload, pcapFileHeader, readWhole, words } from '../support/capture-bytes.ts';
import { readEveryCut, readEveryWay } from '../support/every-split.ts';

const ORDERS = [
  { littleEndian: true, order: 'little-endian' },
  { littleEndian: false, order: 'big-endian' },
] as const;

for (const { littleEndian, order } of ORDERS) {
  describe(`pcap, ${order}`, () => {
    for (const [resolution, digits, nanos] of [
      ['microseconds', 6, 123_456_000],
      ['nanoseconds', 9, 123_456_789],
    ] as const) {
      it(`${resolution}: frames, times and lengths`, () => {
        const options = { linkType: 113, resolution, littleEndian, snapLength: 96 };
        const bytes = concat(
          pcapHeader(options),
          pcapRecord({ seconds: 1_700_000_000, nanos: 123_456_789, bytes: payload(60) }, options),
          pcapRecord(
            { seconds: 4_294_967_295, nanos: 999_999_999, bytes: payload(96, 1), originalLength: 1514 },
            options,
          ),
          pcapRecord({ seconds: 0, nanos: 0, bytes: new Uint8Array(0) }, options),
        );
        const { frames, truncated, error, interfaces } = readEveryWay(bytes);
        assert.equal(error, null);
        assert.equal(truncated, false);
        assert.deepEqual(interfaces, [
          {
            linkType: 113,
            snapLength: 96,
            digits,
            name: null,
            received: null,
            lostByKernel: null,
            lostByInterface: null,
          },
        ]);
        assert.deepEqual(
          frames.map((frame) => [
            frame.number,
            frame.seconds,
            frame.nanos,
            frame.digits,
            frame.originalLength,
            frame.linkType,
          ]),
          [
            [1, 1_700_000_000, nanos, digits, 60, 113],
            [2, 4_294_967_295, digits === 9 ? 999_999_999 : 999_999_000, digits, 1514, 113],
            [3, 0, 0, digits, 0, 113],
          ],
        );
        assert.equal(frames[1]?.bytes, Buffer.from(payload(96, 1)).toString('hex'));
      });
    }

    it('cut at every byte: the frames before it, and truncated inside a record', () => {
      const options = { linkType: 1, littleEndian };
      const record = pcapRecord({ seconds: 1, nanos: 0, bytes: payload(20) }, options);
      readEveryCut(concat(pcapHeader(options), record, record, record), new Set([24, 60, 96]));
    });

    it('Kuznetzov’s variant has eight octets more in each record', () => {
      const record = concat(
        words(littleEndian, 5, 7, 4, 4, 2),
        halves(littleEndian, 8),
        Uint8Array.of(4, 0),
        payload(4),
      );
      const { frames, error } = readEveryWay(
        concat(pcapFileHeader({ littleEndian, magic: 0xa1b2cd34 }), record, record),
      );
      assert.equal(error, null);
      assert.deepEqual(
        frames.map(({ seconds, nanos, bytes }) => [seconds, nanos, bytes]),
        Array(2).fill([5, 7000, Buffer.from(payload(4)).toString('hex')]),
      );
    });

    for (const [magic, digits, nanos] of [
      [0x1c0001ac, 9, 7],
      [0x1c0001ab, 6, 7000],
    ] as const) {
      it(`Ixia’s variant ${magic.toString(16)} has a size after the file header`, () => {
        const record = concat(words(littleEndian, 5, 7, 4, 4), payload(4));
        const header = concat(pcapFileHeader({ littleEndian, magic }), words(littleEndian, 40));
        const { frames } = readEveryWay(concat(header, record, record));
        assert.deepEqual(
          frames.map((frame) => [frame.seconds, frame.nanos, frame.digits]),
          Array(2).fill([5, nanos, digits]),
        );
      });
    }

    for (const [major, minor] of [
      [2, 0],
      [2, 2],
      [543, 0],
    ] as const) {
      it(`version ${major}.${minor} has the original length first`, () => {
        const record = concat(words(littleEndian, 5, 7, 100, 4), payload(4));
        const { frames } = readEveryWay(concat(pcapFileHeader({ littleEndian, major, minor }), record, record));
        assert.deepEqual(
          frames.map((frame) => [frame.bytes.length / 2, frame.originalLength]),
          Array(2).fill([4, 100]),
        );
      });
    }

    it('version 2.3 may have the lengths in either order: the smaller one was captured', () => {
      const swapped = concat(words(littleEndian, 5, 7, 100, 4), payload(4));
      const straight = concat(words(littleEndian, 5, 7, 4, 100), payload(4));
      const { frames } = readEveryWay(concat(pcapFileHeader({ littleEndian, minor: 3 }), swapped, straight));
      assert.deepEqual(
        frames.map((frame) => [frame.bytes.length / 2, frame.originalLength]),
        Array(2).fill([4, 100]),
      );
    });

    it('a fraction of a second or more is carried', () => {
      for (const [magic, fraction, seconds, nanos] of [
        [0xa1b2c3d4, 1_000_000, 11, 0],
        [0xa1b2c3d4, 2_500_001, 12, 500_001_000],
        [0xa1b2c3d4, 4_294_967_295, 4304, 967_295_000],
        [0xa1b23c4d, 1_000_000_000, 11, 0],
        [0xa1b23c4d, 4_294_967_295, 14, 294_967_295],
      ] as const) {
        const bytes = concat(pcapFileHeader({ littleEndian, magic }), words(littleEndian, 10, fraction, 0, 0));
        const [frame] = readWhole(bytes).frames;
        assert.deepEqual([frame?.seconds, frame?.nanos], [seconds, nanos]);
      }
    });

    it('a captured length beyond the original one raises the original one', () => {
      const [frame] = readWhole(
        concat(pcapFileHeader({ littleEndian }), words(littleEndian, 1, 1, 8, 4), payload(8)),
      ).frames;
      assert.equal(frame?.bytes.length, 16);
      assert.equal(frame?.originalLength, 8);
    });

    it('a packet longer than the snapshot length is read whole, up to 262144 octets', () => {
      const header = pcapFileHeader({ littleEndian, snapLength: 96 });
      const record = concat(words(littleEndian, 1, 1, 262_144, 262_144), payload(262_144));
      assert.equal(readWhole(concat(header, record)).frames[0]?.originalLength, 262_144);
      const { error, frames } = readWhole(
        concat(header, words(littleEndian, 1, 1, 0, 0), words(littleEndian, 1, 1, 262_145, 262_145)),
      );
      assert.equal(frames.length, 1);
      assert.equal(
        error,
        'pcap damaged at byte 40: expected packet 2 with a captured length of at most 262144, found 262145',
      );
    });

    it('a snapshot length beyond that allows longer packets, up to 16 MiB', () => {
      for (const [snapLength, limit] of [
        [1_000_000, 1_000_000],
        [0xffff_ffff, 16_777_216],
      ] as const) {
        const header = pcapFileHeader({ littleEndian, snapLength });
        const { error } = readWhole(concat(header, words(littleEndian, 1, 1, limit + 1, limit + 1)));
        assert.match(error ?? '', new RegExp(`at most ${limit}, found ${limit + 1}$`));
        assert.equal(readWhole(concat(header, words(littleEndian, 1, 1, limit, limit))).truncated, true);
      }
    });

    it('the length of the frame check sequence is no part of the link type', () => {
      const linkType = 0x3400_0001;
      const { frames } = readWhole(concat(pcapFileHeader({ littleEndian, linkType }), words(littleEndian, 1, 1, 0, 0)));
      assert.equal(frames[0]?.linkType, 1);
    });

    it('raw IP by other names: DLT_RAW of two platforms, and NetBSD’s class of address families', () => {
      for (const [found, meant] of [
        [12, 101],
        [14, 101],
        [0x0224_0002, 228],
        [0x0224_0018, 229],
        [276, 276],
      ] as const) {
        const bytes = concat(pcapFileHeader({ littleEndian, linkType: found }), words(littleEndian, 1, 1, 0, 0));
        assert.equal(readWhole(bytes).frames[0]?.linkType, meant);
      }
    });

    it('an archaic or unknown major version is an error, a newer minor version a warning', () => {
      const archaic = readWhole(pcapFileHeader({ littleEndian, major: 1, minor: 9 }));
      assert.equal(archaic.error, 'pcap damaged at byte 4: expected version 2.0 to 2.4, or 543.0, found version 1.9');
      const newer = readWhole(concat(pcapFileHeader({ littleEndian, minor: 5 }), words(littleEndian, 1, 1, 0, 0)));
      assert.equal(newer.frames.length, 1);
      assert.deepEqual(newer.warnings, ['pcap version 2.5 is newer than 2.4 and was read as 2.4']);
    });
  });
}
