import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Frame, STATUS } from '../../src/capture/frame.ts';
import { PcapngReader } from '../../src/capture/pcapng.ts';
import {
  block,
  enhancedPacket,
  interfaceDescription,
  interfaceStatistics,
  option,
  sectionHeader,
} from '../../src/capture/write.ts';
import { concat, obsoletePacketBody, payload, readWhole, words } from '../support/capture-bytes.ts';
import { readEveryCut, readEveryWay } from '../support/every-split.ts';

const PACKET = { seconds: 1_700_000_000, nanos: 123_456_789, bytes: payload(61) };

for (const [littleEndian, order] of [
  [true, 'little-endian'],
  [false, 'big-endian'],
] as const) {
  const section = sectionHeader({ littleEndian });
  const ethernet = interfaceDescription({ littleEndian, linkType: 1 });
  const packet = enhancedPacket(PACKET, { littleEndian });
  const packetBlock = (body: Uint8Array) => block(6, littleEndian, body);

  describe(`pcapng, ${order}`, () => {
    it('enhanced packets: frames, times, lengths, options', () => {
      const bytes = concat(
        sectionHeader({ littleEndian, application: 'a program', comment: 'why' }),
        interfaceDescription({ littleEndian, linkType: 1, name: 'eth0', snapLength: 96, resolution: 9 }),
        interfaceDescription({ littleEndian, linkType: 276, name: 'any' }),
        enhancedPacket(PACKET, { littleEndian, resolution: 9, direction: 1, comments: ['first', 'second'] }),
        enhancedPacket({ ...PACKET, originalLength: 1514 }, { littleEndian, interfaceNumber: 1, direction: 2 }),
        enhancedPacket(PACKET, { littleEndian, interfaceNumber: 1, direction: (4 << 2) | 1 }),
      );
      const { frames, error, truncated, interfaces, application, warnings } = readEveryWay(bytes);
      assert.deepEqual([error, truncated, application, warnings], [null, false, 'a program', []]);
      const unknown = { received: null, lostByKernel: null, lostByInterface: null };
      assert.deepEqual(interfaces, [
        { linkType: 1, snapLength: 96, digits: 9, name: 'eth0', ...unknown },
        { linkType: 276, snapLength: 0, digits: 6, name: 'any', ...unknown },
      ]);
      assert.deepEqual(
        frames.map((frame) => [
          frame.number,
          frame.nanos,
          frame.digits,
          frame.linkType,
          frame.interfaceIndex,
          frame.originalLength,
          frame.direction,
        ]),
        [
          [1, 123_456_789, 9, 1, 0, 61, 1],
          [2, 123_456_000, 6, 276, 1, 1514, 2],
          [3, 123_456_000, 6, 276, 1, 61, 3],
        ],
      );
      for (const frame of frames) assert.equal(frame.bytes, Buffer.from(PACKET.bytes).toString('hex'));
    });

    it('cut at every byte: the frames before it, and truncated inside a block', () => {
      const pieces = [section, ethernet, packet, block(0x1234, littleEndian, payload(8)), packet];
      const ends = new Set<number>();
      let end = 0;
      for (const piece of pieces) {
        end += piece.length;
        ends.add(end);
      }
      readEveryCut(concat(...pieces), ends);
    });

    it('the simple packet block has no time, and is cut to the snapshot length', () => {
      const simple = (original: number, data: Uint8Array) =>
        block(3, littleEndian, concat(words(littleEndian, original), data));
      const { frames } = readEveryWay(
        concat(
          section,
          interfaceDescription({ littleEndian, linkType: 1, snapLength: 10 }),
          packet,
          simple(100, payload(12)),
          simple(6, payload(8)),
        ),
      );
      assert.deepEqual(
        frames.map((frame) => [frame.timeless, frame.seconds, frame.bytes.length / 2, frame.originalLength]),
        [
          [false, 1_700_000_000, 61, 61],
          [true, 1_700_000_000, 10, 100],
          [true, 1_700_000_000, 6, 6],
        ],
      );
    });

    it('the obsolete packet block counts the packets lost before it', () => {
      const obsolete = (drops: number, ticks: bigint) =>
        block(2, littleEndian, obsoletePacketBody(littleEndian, 0, drops, ticks, payload(5)), [
          option(2, words(littleEndian, 2), littleEndian),
        ]);
      const { frames, losses, interfaces } = readEveryWay(
        concat(section, ethernet, obsolete(0, 5_000_000n), obsolete(3, 7_000_001n), obsolete(0xffff, 8_000_000n)),
      );
      assert.deepEqual(
        frames.map((frame) => [frame.seconds, frame.nanos, frame.direction, frame.bytes.length / 2]),
        [
          [5, 0, 2, 5],
          [7, 1000, 2, 5],
          [8, 0, 2, 5],
        ],
      );
      const interval = { interfaceIndex: 0, fromSeconds: 5, fromNanos: 0, toSeconds: 7, toNanos: 1000, packets: 3 };
      assert.deepEqual(losses, [interval]);
      assert.equal((interfaces[0] as { lostByKernel: number }).lostByKernel, 3);
    });

    it('interface statistics give losses with the time in which they happened', () => {
      const statistics = (seconds: number, droppedByInterface: number, droppedBySystem: number) =>
        interfaceStatistics({
          littleEndian,
          seconds,
          nanos: 0,
          received: 50 * seconds,
          droppedByInterface,
          droppedBySystem,
        });
      const at = (seconds: number) => enhancedPacket({ seconds, nanos: 0, bytes: payload(4) }, { littleEndian });
      const { losses, interfaces } = readEveryWay(
        concat(section, ethernet, at(10), at(11), statistics(20, 2, 1), statistics(30, 2, 1), statistics(40, 7, 1)),
      );
      assert.deepEqual(losses, [
        { interfaceIndex: 0, fromSeconds: 10, fromNanos: 0, toSeconds: 20, toNanos: 0, packets: 3 },
        { interfaceIndex: 0, fromSeconds: 30, fromNanos: 0, toSeconds: 40, toNanos: 0, packets: 5 },
      ]);
      const [{ received, lostByInterface, lostByKernel }] = interfaces as [Record<string, number>];
      assert.deepEqual([received, lostByInterface, lostByKernel], [2000, 7, 1]);
    });

    it('every statistics block with more losses: intervals are bounded, no loss is forgotten', () => {
      const pieces = [section, ethernet];
      for (let i = 1; i <= 5000; i++) {
        pieces.push(interfaceStatistics({ littleEndian, seconds: i, nanos: 0, droppedBySystem: i }));
      }
      const losses = readWhole(concat(...pieces)).losses as { packets: number; toSeconds: number }[];
      assert.equal(losses.length, 4096);
      assert.equal(
        losses.reduce((sum, loss) => sum + loss.packets, 0),
        5000,
      );
      assert.equal(losses.at(-1)?.toSeconds, 5000);
    });

    it('unknown blocks are skipped; those that Wireshark numbers count', () => {
      const unknown = [4, 10, 0x8000_0001, 0xdead_beef].map((type) => block(type, littleEndian, payload(40)));
      const numbered = [9, 0xbad, 0x4000_0bad].map((type) => block(type, littleEndian, payload(40)));
      const { frames, error } = readEveryWay(
        concat(section, ...unknown, ethernet, packet, ...numbered, packet, ...unknown),
      );
      assert.equal(error, null);
      assert.deepEqual(
        frames.map((frame) => frame.number),
        [1, 5],
      );
    });

    it('malformed options do no harm and are warned of once', () => {
      const bad = concat(words(littleEndian, 0), words(littleEndian, 0xffff_ffff));
      const idb = block(
        1,
        littleEndian,
        concat(
          words(littleEndian, littleEndian ? 1 : 0x1_0000),
          words(littleEndian, 0xffff_ffff),
          words(littleEndian, 0xffff_ffff),
        ),
      );
      const epb = packetBlock(concat(words(littleEndian, 0, 0, 0, 4, 4), payload(4), bad.subarray(4)));
      const { frames, warnings, error } = readEveryWay(concat(section, idb, epb, epb, packet));
      assert.equal(error, null);
      assert.equal(frames.length, 3);
      assert.deepEqual(warnings, [
        'malformed options of an interface description block',
        'malformed options of a packet block',
      ]);
    });

    it('control characters of names are made harmless', () => {
      const { application } = readWhole(
        concat(sectionHeader({ littleEndian, application: 'x\u001b[2Jy\n' }), ethernet),
      );
      assert.equal(application, 'x\ufffd[2Jy\ufffd');
    });

    describe('damage is told with its place', () => {
      const start = section.length + ethernet.length;
      const forged: [string, Uint8Array, RegExp][] = [
        [
          'a length that is no multiple of 4',
          words(littleEndian, 6, 33, 0),
          /byte \d+: expected an enhanced packet block with a length that is a multiple of 4, found 33$/,
        ],
        ['a length of 0', words(littleEndian, 6, 0, 0), /an enhanced packet block of at least 32 bytes, found 0$/],
        ['a length of 8', words(littleEndian, 0x99, 8, 8), /a block of type 0x00000099 of at least 12 bytes, found 8$/],
        [
          'a packet block beyond the bound',
          words(littleEndian, 6, 0x7fff_fffc, 0),
          /at most 16908288 bytes, found 2147483644$/,
        ],
        [
          'another length at the end',
          concat(packet.subarray(0, -4), words(littleEndian, 4)),
          /the block's length \d+ again at its end, found 4$/,
        ],
        [
          'another length at the end of a skipped block',
          words(littleEndian, 0x99, 16, 0, 20),
          /the block's length 16 again at its end, found 20$/,
        ],
        [
          'an unknown interface',
          packetBlock(words(littleEndian, 7, 0, 0, 0, 0)),
          /an interface number below 1, .*, found 7$/,
        ],
        [
          'more captured than the block holds',
          packetBlock(words(littleEndian, 0, 0, 0, 5, 5, 0)),
          /a captured length of at most 4, the room in its block, found 5$/,
        ],
        [
          'a captured length of 4 GiB',
          packetBlock(words(littleEndian, 0, 0, 0, 0xffff_ffff, 5, 0)),
          /at most 4, the room in its block, found 4294967295$/,
        ],
        [
          'a section of another version',
          block(0x0a0d0d0a, littleEndian, concat(words(littleEndian, 0x1a2b3c4d, littleEndian ? 2 : 0x2_0000, 0, 0))),
          /a section of version 1.0 or 1.2, found version 2.0$/,
        ],
        [
          'a section without byte order',
          concat(words(littleEndian, 0x0a0d0d0a, 28, 1, 1, 0, 0, 28)),
          /the byte-order magic 0x1a2b3c4d in a section header, found 0x/,
        ],
      ];
      for (const [name, bytes, message] of forged) {
        it(name, () => {
          const { error, frames } = readEveryWay(concat(section, ethernet, packet, bytes, packet));
          assert.match(error ?? 'no error', message);
          assert.match(error ?? '', new RegExp(`^pcapng damaged at byte ${start + packet.length}: `));
          assert.equal(frames.length, 1, 'what came before is handed out');
        });
      }

      it('a packet before any interface', () => {
        assert.match(readEveryWay(concat(section, packet)).error ?? '', /interface number below 0, .*, found 0$/);
      });
    });
  });
}

describe('pcapng sections', () => {
  it('the byte order may change, interfaces begin anew, numbers go on', () => {
    const pieces = [true, false, true].flatMap((littleEndian, i) => [
      sectionHeader({ littleEndian, application: `writer ${i}` }),
      interfaceDescription({ littleEndian, linkType: [1, 113, 1][i] as number }),
      enhancedPacket({ seconds: i, nanos: 0, bytes: payload(9, i) }, { littleEndian }),
    ]);
    const { frames, interfaces, application, error } = readEveryWay(concat(...pieces));
    assert.equal(error, null);
    assert.equal(application, 'writer 0');
    assert.equal(interfaces.length, 2, 'the same interface described again is the same');
    assert.deepEqual(
      frames.map((frame) => [frame.number, frame.seconds, frame.linkType, frame.interfaceIndex]),
      [
        [1, 0, 1, 0],
        [2, 1, 113, 1],
        [3, 2, 1, 0],
      ],
    );
  });

  it('statistics of the same interface in two sections add up', () => {
    const part = concat(
      sectionHeader(),
      interfaceDescription({ linkType: 1 }),
      interfaceStatistics({ seconds: 1, nanos: 0, droppedBySystem: 4 }),
    );
    const { interfaces } = readWhole(concat(part, part));
    assert.deepEqual(
      interfaces.map((entry) => (entry as { lostByKernel: number }).lostByKernel),
      [8],
    );
  });

  it('more interfaces than the bound are an error', () => {
    const pieces = [sectionHeader()];
    const description = interfaceDescription({ linkType: 1 });
    for (let i = 0; i <= 65_536; i++) pieces.push(description);
    assert.match(readWhole(concat(...pieces)).error ?? '', /expected at most 65536 interfaces, found one more/);
  });

  it('an unknown block of almost 4 GiB streams past without being held', () => {
    const reader = new PcapngReader();
    const frame = new Frame();
    const length = 0xffff_fff0;
    reader.append(concat(sectionHeader(), words(true, 0x99, length)));
    assert.equal(reader.next(frame), STATUS.NEED_MORE);
    const chunk = new Uint8Array(16 * 1024 * 1024);
    const before = process.memoryUsage().arrayBuffers;
    let left = length - 12;
    while (left > 0) {
      const piece = chunk.subarray(0, Math.min(left, chunk.length));
      reader.append(piece);
      assert.equal(reader.next(frame), STATUS.NEED_MORE);
      left -= piece.length;
    }
    assert.ok(process.memoryUsage().arrayBuffers - before < 1024 * 1024);
    reader.append(concat(words(true, length), interfaceDescription({ linkType: 1 }), enhancedPacket(PACKET)));
    assert.equal(reader.next(frame), STATUS.FRAME);
    reader.end();
    assert.equal(reader.next(frame), STATUS.END);
    assert.equal(reader.truncated, false);
  });
});
