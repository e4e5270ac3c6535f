/**
 * What must not change the report, or must change it in a known way. Each property is tried on the captures of fixtures/ and on random scripts, with a
 * fixed seed.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Handshake, Leg, OptionChange } from '../../src/index.ts';
import { type Analyzed, analyzeWith } from '../support/analyze-with.ts';
import { captureFiles, fixtureName } from '../support/fixture-files.ts';
import { randomScript } from '../support/random-script.ts';
import { edit, type OwnedPacket, readPackets, writePackets } from '../support/rewrite.ts';
import { parseScript } from '../support/script.ts';
import { encodeScript } from '../support/script-frames.ts';

interface Sample {
  readonly name: string;
  readonly packets: readonly OwnedPacket[];
}

/** Captures that can be taken apart and put together: of one link type, not large, without statistics of lost packets. */
const samples: readonly Sample[] = captureFiles()
  .filter((file) => /\.pcap(ng)?$/.test(file) && !file.includes('capture_loss'))
  .map((file) => ({ name: fixtureName(file), bytes: new Uint8Array(readFileSync(file)) }))
  .filter(({ bytes }) => bytes.length < 40_000)
  .map(({ name, bytes }) => ({ name, packets: readPackets(bytes) }))
  .filter(({ packets }) => packets.length > 0 && new Set(packets.map(({ linkType }) => linkType)).size === 1);

/** Of them those in which every packet can be edited. */
const editable = samples.filter(({ packets }) => packets.every((packet) => edit(packet, {}) !== null));

/** Of them those whose clock never steps back: cut in two files they keep their order. */
const ordered = samples.filter(({ packets }) =>
  packets.every((packet, i) => i === 0 || timeOf(packet) >= timeOf(packets[i - 1])),
);

function timeOf(packet: OwnedPacket | undefined): number {
  return packet === undefined ? 0 : packet.seconds + packet.nanos / 1e9;
}

const random: fc.Arbitrary<Sample> = randomScript().map(({ text, capture }) => ({
  name: text,
  packets: readPackets(capture),
}));

function either(of: readonly Sample[]): fc.Arbitrary<Sample> {
  return fc.oneof({ arbitrary: fc.constantFrom(...of), weight: 1 }, { arbitrary: random, weight: 3 });
}

const RUNS = { numRuns: 400, seed: 20_261_123 };

async function analyzed({ packets }: Sample, options: Parameters<typeof analyzeWith>[1] = {}): Promise<Analyzed> {
  return analyzeWith([writePackets(packets)], options);
}

/** Everything that a changed capture must keep: the whole record. */
function assertSame(sample: Sample, found: readonly object[], wanted: readonly object[]): void {
  assert.deepEqual(found.map(withCausesAlone), wanted.map(withCausesAlone), sample.name);
}

/** The evidence of a diagnosis is text with packet numbers and addresses, which these tests change on purpose. */
function withCausesAlone(handshake: object): object {
  const { diagnoses } = handshake as Handshake;
  return { ...handshake, diagnoses: diagnoses.map(({ cause, confidence }) => `${cause} ${confidence}`) };
}

test('there is enough to try the properties on', () => {
  assert.ok(editable.length > 200, `${editable.length} captures can be edited`);
  assert.ok(ordered.length > 200, `${ordered.length} captures are in order`);
});

test('mirrored addresses give the mirrored report', async () => {
  await fc.assert(
    fc.asyncProperty(either(editable), fc.integer(), async (sample, mask) => {
      const address = (word: number): number => word ^ mask;
      const mirrored = { ...sample, packets: sample.packets.map((packet) => edit(packet, { address }) as OwnedPacket) };
      const [before, after] = [await analyzed(sample), await analyzed(mirrored)];
      assertSame(
        sample,
        after.handshakes.map((h) => withAddresses(h, mask)),
        before.handshakes,
      );
      assert.deepEqual(after.report.summary, before.report.summary);
    }),
    RUNS,
  );
});

function withAddresses(handshake: Handshake, mask: number): Handshake {
  const { client, server, icmp } = handshake;
  return {
    ...handshake,
    client: { ...client, address: mirrorText(client.address, mask) },
    server: { ...server, address: mirrorText(server.address, mask) },
    icmp: icmp === null ? null : { ...icmp, from: mirrorText(icmp.from, mask) },
  };
}

/** The address whose low 32 bits are the other ones, in canonical text. */
function mirrorText(address: string, mask: number): string {
  if (!address.includes(':')) {
    const word = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0) ^ mask;
    return [24, 16, 8, 0].map((shift) => (word >>> shift) & 0xff).join('.');
  }
  const packet = edit(ipv6Packet(address), { address: (word) => word ^ mask }) as OwnedPacket;
  return textOf(packet.bytes.subarray(8, 24));
}

function ipv6Packet(address: string): OwnedPacket {
  const script = `link raw\nend c [${address}]:1\nend s [::2]:2\n0.0 c > s S 1:1(0)`;
  return readPackets(encodeScript(parseScript(script))[0] as Uint8Array)[0] as OwnedPacket;
}

/** RFC 5952 §4, written down apart from src/. */
function textOf(bytes: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, i) =>
    (((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0)).toString(16),
  );
  const runs = [...groups.join(':').matchAll(/(?:^|(?<=:))0(?::0)+(?=$|:)/g)].map((match) => match[0]);
  const longest = runs.reduce((best, run) => (run.length > best.length ? run : best), '');
  if (longest === '') return groups.join(':');
  const at = groups.join(':').search(new RegExp(`(?:^|(?<=:))${longest}(?=$|:)`));
  const text = groups.join(':');
  return `${text.slice(0, at).replace(/:$/, '')}::${text.slice(at + longest.length).replace(/^:/, '')}`;
}

test('constants added to the sequence numbers of each end change the ISNs and nothing else', async () => {
  await fc.assert(
    fc.asyncProperty(either(editable), fc.integer(), fc.integer(), async (sample, one, two) => {
      // Each end gets its own number; some are chosen so that an ISN of the scripts wraps around at once.
      const shifts = new Map<string, number>();
      const shiftOf = (end: string): number => {
        const known = shifts.get(end);
        if (known !== undefined) return known;
        const choices = [one, two, -1000, -1001, -9000, -9001, -1010];
        const shift = choices[(shifts.size + (Math.abs(one) % 7)) % choices.length] as number;
        shifts.set(end, shift);
        return shift;
      };
      let becomesZero = false;
      const sequence = (number: number, end: string, flags: number | null): number => {
        // A RST that answers a segment without ACK has sequence 0 whatever the ISNs are (RFC 9293 §3.10.7.3): 0 stays, and no other becomes 0.
        const isReset = flags !== null && (flags & 0x04) !== 0;
        if (isReset && number === 0) return 0;
        const changed = (number + shiftOf(end)) >>> 0;
        becomesZero ||= isReset && changed === 0;
        return changed;
      };
      const editor = { sequence, acknowledgment: (number: number, end: string): number => number + shiftOf(end) };
      const shifted = { ...sample, packets: sample.packets.map((packet) => edit(packet, editor) as OwnedPacket) };
      fc.pre(!becomesZero);
      const [before, after] = [await analyzed(sample), await analyzed(shifted)];
      // What passes under several pairs of addresses is known by its equal ISNs, and the ends of these pairs are shifted apart.
      fc.pre(!before.handshakes.some(({ notes }) => notes.includes('half-view')));
      const back = after.handshakes.map((handshake) => ({
        ...handshake,
        isn: {
          client: shiftedBack(handshake.isn.client, shiftOf(keyOf(handshake.client))),
          server: shiftedBack(handshake.isn.server, shiftOf(keyOf(handshake.server))),
        },
      }));
      assertSame(sample, back, before.handshakes);
      assert.equal(after.report.capture.duplicates, before.report.capture.duplicates);
      assert.equal(after.report.capture.midstream, before.report.capture.midstream);
    }),
    RUNS,
  );
});

function shiftedBack(isn: number | null, shift: number): number | null {
  return isn === null ? null : (isn - shift) >>> 0;
}

/** As rewrite.ts calls the end. */
function keyOf({ address, port }: { readonly address: string; readonly port: number }): string {
  const bytes = address.includes(':')
    ? ipv6Packet(address).bytes.subarray(20, 24)
    : Uint8Array.from(address.split('.'), Number);
  return `${new DataView(bytes.slice().buffer).getUint32(0)}:${port}`;
}

test('a constant added to all times changes the times and nothing else', async () => {
  await fc.assert(
    fc.asyncProperty(
      either(samples),
      fc.integer({ min: -1_600_000_000, max: 2_000_000_000 }),
      async (sample, seconds) => {
        fc.pre(sample.packets.every((packet) => packet.seconds + seconds >= 0 && packet.seconds + seconds < 2 ** 32));
        const later = {
          ...sample,
          packets: sample.packets.map((packet) => ({ ...packet, seconds: packet.seconds + seconds })),
        };
        const [before, after] = [await analyzed(sample), await analyzed(later)];
        assertSame(
          sample,
          after.handshakes.map((h) => withTimes(h, -seconds)),
          before.handshakes,
        );
        assert.deepEqual(after.report.summary, before.report.summary);
      },
    ),
    RUNS,
  );
});

function withTimes(handshake: Handshake, seconds: number): Handshake {
  const moved = <T extends string | null>(time: T): T =>
    time === null ? time : (time.replace(/^-?\d+/, (whole) => String(Number(whole) + seconds)) as T);
  const leg = (of: Leg): Leg => ({
    ...of,
    first: moved(of.first),
    last: moved(of.last),
    ...(of.times === undefined ? {} : { times: of.times.map((time) => moved(time)) }),
  });
  const { legs, reset } = handshake;
  return {
    ...handshake,
    legs: { syn: leg(legs.syn), synAck: leg(legs.synAck), ack: leg(legs.ack) },
    reset: reset === null ? null : { ...reset, time: moved(reset.time) },
  };
}

test('each frame twice gives the same verdicts, counts and latencies, and the copies are counted', async () => {
  // A packet far ahead in time is disbelieved until a second one confirms it: there the copy does.
  const steady = samples.filter(({ name }) => !name.includes('clock_far_ahead'));
  await fc.assert(
    fc.asyncProperty(either(steady), async (sample) => {
      const doubled = { ...sample, packets: sample.packets.flatMap((packet) => [packet, packet]) };
      const [before, after] = [await analyzed(sample), await analyzed(doubled)];
      assertSame(
        sample,
        after.handshakes.map((h) => withFrames(h, (frame) => (frame + 1) / 2)),
        before.handshakes,
      );
      assert.equal(after.report.capture.midstream, before.report.capture.midstream);
      const legs = before.handshakes.flatMap((h) => [h.legs.syn.count, h.legs.synAck.count]);
      const transmissions = legs.reduce((sum, count) => sum + count, 0);
      assert.ok(after.report.capture.duplicates >= transmissions + before.report.capture.duplicates);
    }),
    RUNS,
  );
});

function withFrames(handshake: Handshake, map: (frame: number, file: number) => number): Handshake {
  const leg = ({ files, ...of }: Leg): Leg => ({
    ...of,
    frames: of.frames.map((frame, i) => map(frame, files?.[i] ?? 0)),
  });
  const { legs, reset, icmp, optionChanges } = handshake;
  return {
    ...handshake,
    legs: { syn: leg(legs.syn), synAck: leg(legs.synAck), ack: leg(legs.ack) },
    reset: reset === null ? null : { ...reset, frame: map(reset.frame, 0) },
    icmp: icmp === null ? null : { ...icmp, frame: map(icmp.frame, 0) },
    ...(optionChanges === undefined ? {} : { optionChanges: optionChanges.map(changeWithFrames(map)) }),
  };
}

function changeWithFrames(map: (frame: number, file: number) => number): (change: OptionChange) => OptionChange {
  return ({ files, ...change }) => {
    const [first, again] = change.frames;
    return { ...change, frames: [map(first, files?.[0] ?? 0), map(again, files?.[1] ?? 0)] };
  };
}

test('a capture cut in two files is one capture', async () => {
  await fc.assert(
    fc.asyncProperty(either(ordered), fc.nat(), async (sample, place) => {
      const at = place % (sample.packets.length + 1);
      const linkType = sample.packets[0]?.linkType ?? 1;
      const [head, tail] = [sample.packets.slice(0, at), sample.packets.slice(at)];
      const whole = await analyzed(sample);
      const cut = await analyzeWith([writePackets(head, linkType), writePackets(tail, linkType)]);
      const joined = cut.handshakes.map((h) => withFrames(h, (frame, file) => frame + (file === 1 ? at : 0)));
      // A reset and an ICMP error name their packet without the file.
      assertSame(sample, joined.map(withoutLoneFrames), whole.handshakes.map(withoutLoneFrames));
      assert.deepEqual(cut.report.summary, whole.report.summary);
      assert.equal(cut.report.capture.duplicates, whole.report.capture.duplicates);
    }),
    RUNS,
  );
});

function withoutLoneFrames(handshake: Handshake): Handshake {
  const { reset, icmp } = handshake;
  return {
    ...handshake,
    reset: reset === null ? null : { ...reset, frame: 0 },
    icmp: icmp === null ? null : { ...icmp, frame: 0 },
  };
}

test('the seed of the hashes changes nothing', async () => {
  await fc.assert(
    fc.asyncProperty(either(samples), fc.integer(), async (sample, seed) => {
      assert.deepEqual(await analyzed(sample, { seed }), await analyzed(sample, { seed: 0 }), sample.name);
    }),
    RUNS,
  );
});

const UNRELATED = `end a 192.0.2.1:1000
end b 192.0.2.2:2000
0.000 other
0.000 a > b S 1:1(0)
0.000 b > a S. 1:1(0) ack 2
0.000 a > b . ack 2
0.000 a > b P. (10) ack 2
0.000 other
`;

test('unrelated traffic before the capture moves the packet numbers and changes nothing', async () => {
  const unrelated = new Map<number, readonly OwnedPacket[]>();
  for (const [link, number] of [
    ['ethernet', 1],
    ['sll', 113],
    ['sll2', 276],
    ['raw', 101],
    ['null', 0],
  ] as const) {
    unrelated.set(number, readPackets(encodeScript(parseScript(`link ${link}\n${UNRELATED}`))[0] as Uint8Array));
  }
  await fc.assert(
    fc.asyncProperty(either(editable), async (sample) => {
      const [first] = sample.packets as [OwnedPacket];
      const before = (unrelated.get(first.linkType) ?? []).map(({ bytes, originalLength, linkType }) => ({
        bytes,
        originalLength,
        linkType,
        seconds: first.seconds,
        nanos: first.nanos,
      }));
      const [alone, behind] = [
        await analyzed(sample),
        await analyzed({ ...sample, packets: [...before, ...sample.packets] }),
      ];
      const own = behind.handshakes.filter(({ client }) => !client.address.startsWith('192.0.2.'));
      const moved = own.map((h) => ({ ...withFrames(h, (frame) => frame - before.length), id: h.id - 1 }));
      assertSame(sample, moved, alone.handshakes);
      assert.equal(behind.report.capture.midstream, alone.report.capture.midstream);
    }),
    RUNS,
  );
});
