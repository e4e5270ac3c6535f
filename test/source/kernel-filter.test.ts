/** What the kernel's filter hands over of every capture of fixtures/: the records of the wanted port are those of the whole capture. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Analysis } from '../../src/analysis.ts';
import { type AddressRange, parseAddressRange } from '../../src/bytes/address.ts';
import type { Handshake } from '../../src/handshake/handshake.ts';
import { parseServerFilter, type ServerFilter } from '../../src/report/attempt-filter.ts';
import { fileSource } from '../../src/source/byte-source.ts';
import { CaptureStream } from '../../src/source/capture-stream.ts';
import { OP } from '../../src/source/live/bpf.ts';
import { kernelFilter, type WantedEndpoints } from '../../src/source/live/kernel-filter.ts';
import { BPF, packetFilter } from '../support/bpf.ts';
import { captureFiles, fixtureName } from '../support/fixture-files.ts';

const LINKTYPE_USER0 = 147;
const SNAP_LENGTH = 256;
const ALL: WantedEndpoints = { ports: [], servers: [], clients: [] };

interface Judged {
  readonly handshakes: readonly Handshake[];
  readonly packets: number;
}

/** The records of the attempts on the wanted endpoints. @param filter null: every packet comes through */
async function judge(file: string, wanted: WantedEndpoints, filter: { dropBulk: boolean } | null): Promise<Judged> {
  const handshakes: Handshake[] = [];
  const list = { verdicts: [], missing: null, limit: null, sort: null };
  const settings = { patienceSeconds: 3, maxOpen: 1 << 10, seed: 1, list, early: false, files: 1, trace: null };
  const analysis = new Analysis(settings, (handshake) => handshakes.push(handshake));
  const filters = new Map<number, ((packet: Uint8Array, onTheWire: number) => boolean) | null>();
  const stream = new CaptureStream(await fileSource(file));
  let packets = 0;
  while (await stream.fill()) {
    while (stream.next()) {
      const { frame } = stream;
      if (packets++ === 0) {
        analysis.begin(frame.seconds, { ...wanted, sinceNanos: null, untilNanos: null });
      }
      const { view, at, capturedLength, linkType } = frame;
      if (filter !== null && !filters.has(linkType)) {
        const program = kernelFilter({ ...wanted, linkType, snapLength: SNAP_LENGTH, dropBulk: filter.dropBulk });
        filters.set(linkType, program === null ? null : packetFilter(program));
      }
      const passes = filters.get(linkType) ?? null;
      const packet = new Uint8Array(view.buffer, view.byteOffset + at, capturedLength);
      // In a live capture time goes on with the host's clock, whatever the filter hides: here with a frame in which nothing can be read.
      if (passes !== null && !passes(packet, frame.originalLength)) frame.linkType = LINKTYPE_USER0;
      analysis.observe(frame, 0);
    }
  }
  analysis.finish();
  return { handshakes: handshakes.sort((a, b) => a.id - b.id), packets };
}

/** Ids count the attempts of the capture, which are fewer behind a filter. */
function withoutId({ id, ...rest }: Handshake): Omit<Handshake, 'id'> {
  return rest;
}

function portsOf(handshakes: readonly Handshake[]): number[] {
  return [...new Set(handshakes.map(({ server }) => server.port))].slice(0, 4);
}

/** What is told of an attempt: not how many segments told it. */
function told({ client, server, verdict, missingLeg, legs, diagnoses }: Handshake): unknown {
  const grades = Object.values(legs).map(({ grade }) => grade);
  return { client, server, verdict, missingLeg, grades, causes: diagnoses.map(({ cause }) => cause) };
}

/** What is said of it rests on packets under other addresses or ports, which a filter of its own leaves in the kernel. */
function restsOnOthers({ notes }: Handshake): boolean {
  return notes.includes('half-view');
}

test('the kernel copies of a packet what the snapshot length says, and not all of it', () => {
  for (const linkType of [1, 113, 276, 101]) {
    const program = kernelFilter({ ...ALL, ports: [443], linkType, snapLength: SNAP_LENGTH, dropBulk: true }) ?? [];
    const returned = program.filter(({ code }) => code === OP.RETURN).map(({ k }) => k);
    assert.deepEqual(new Set(returned), new Set([0, SNAP_LENGTH]));
  }
});

describe('the kernel filter', BPF, () => {
  test('leaves the records of a port as they are, bulk data kept; and what they tell, bulk data dropped', async () => {
    let compared = 0;
    for (const file of captureFiles()) {
      const whole = await judge(file, ALL, null);
      for (const port of portsOf(whole.handshakes)) {
        const wanted = { ...ALL, ports: [port] };
        const expected = whole.handshakes.filter(({ server }) => server.port === port);
        if (expected.some(restsOnOthers)) continue;
        const where = `${fixtureName(file)}, port ${port}`;
        const { handshakes } = await judge(file, wanted, { dropBulk: false });
        assert.deepEqual(handshakes.map(withoutId), expected.map(withoutId), where);
        const { handshakes: withoutBulk } = await judge(file, wanted, { dropBulk: true });
        assert.deepEqual(withoutBulk.map(told), expected.map(told), where);
        compared += expected.length;
      }
    }
    assert.ok(compared > 300, `${compared} records compared`);
  });

  test('takes servers and clients, of both families, as the report does', async () => {
    let compared = 0;
    for (const file of captureFiles()) {
      const [first] = (await judge(file, ALL, null)).handshakes;
      if (first === undefined) continue;
      const { client, server } = first;
      const end = server.address.includes(':')
        ? `[${server.address}]:${server.port}`
        : `${server.address}:${server.port}`;
      const wanted = {
        ports: [],
        servers: [filterOf('192.0.2.1'), filterOf(end), filterOf('2001:db8:ffff::/64')],
        clients: [rangeOf('192.0.2.0/31'), rangeOf(client.address), rangeOf('2001:db8:ffff::/64')],
      };
      const { handshakes } = await judge(file, wanted, { dropBulk: false });
      const expected = (await judge(file, wanted, null)).handshakes;
      if (expected.some(restsOnOthers)) continue;
      assert.deepEqual(handshakes.map(withoutId), expected.map(withoutId), fixtureName(file));
      compared += expected.length;
    }
    assert.ok(compared > 100, `${compared} records compared`);
  });
});

function filterOf(text: string): ServerFilter {
  const filter = parseServerFilter(text);
  assert.ok(filter !== null);
  return filter;
}

function rangeOf(text: string): AddressRange {
  const range = parseAddressRange(text);
  assert.ok(range !== null);
  return range;
}
