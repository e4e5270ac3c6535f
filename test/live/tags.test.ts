/**
 * Tagged and tunnelled packets on a real interface: the kernel takes the outermost tag off before a capture sees the packet, libpcap puts it back. Held against the same packets saved by a tcpdump
 * beside it.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { analyze, type Handshake } from '../../src/index.ts';
import { LAB } from '../support/doctor-lab.ts';
import { LinkLab } from '../support/link-lab.ts';
import { ethernet, gre, ipv4, tcpPacket, udp, vxlan } from '../support/packet-bytes.ts';
import { Running } from '../support/running.ts';

const PORT = 443;
const OUTER = { from: '192.0.2.1', to: '192.0.2.2' } as const;
const SERVICE_TAG = { id: 100, tpid: 0x88a8 } as const;

/** How a packet travels, and what the record says of it. */
const WAYS: readonly {
  name: string;
  wrap: (packet: Uint8Array) => Uint8Array;
  vlan: number | null;
  tunnel: string | null;
}[] = [
  { name: 'untagged', wrap: (packet) => ethernet(packet), vlan: null, tunnel: null },
  { name: 'a tag', wrap: (packet) => ethernet(packet, { tags: [10] }), vlan: 10, tunnel: null },
  { name: 'two tags', wrap: (packet) => ethernet(packet, { tags: [SERVICE_TAG, 7] }), vlan: 7, tunnel: null },
  { name: 'three tags', wrap: (packet) => ethernet(packet, { tags: [SERVICE_TAG, 8, 9] }), vlan: 9, tunnel: null },
  {
    name: 'VXLAN',
    wrap: (packet) =>
      ethernet(ipv4(udp(vxlan(ethernet(packet), 42), { ...OUTER, destinationPort: 4789 }), { ...OUTER, protocol: 17 })),
    vlan: null,
    tunnel: 'vxlan',
  },
  { name: 'GRE', wrap: (packet) => ethernet(ipv4(gre(packet), { ...OUTER, protocol: 47 })), vlan: null, tunnel: 'gre' },
  {
    name: 'GRE behind a tag',
    wrap: (packet) => ethernet(ipv4(gre(packet), { ...OUTER, protocol: 47 }), { tags: [11] }),
    vlan: 11,
    tunnel: 'gre',
  },
];

/** One of each family; addresses begin with them. */
function networks(number: number): string[] {
  return [`10.9.${number + 1}.`, `fd09:${number + 1}::`];
}

/** A connection that is refused, in each family; and one that nobody answers. */
function framesOf(wrap: (packet: Uint8Array) => Uint8Array, number: number): Uint8Array[] {
  return networks(number).flatMap((network) => {
    const question = { from: `${network}1`, to: `${network}2`, destinationPort: PORT, sequence: 1000 };
    const answer = { from: `${network}2`, to: `${network}1`, sourcePort: PORT, destinationPort: 40000 };
    return [
      wrap(tcpPacket(question)),
      wrap(tcpPacket({ ...answer, flags: 'R.', acknowledgment: 1001, window: 0 })),
      wrap(tcpPacket({ ...question, sourcePort: 40001 })),
    ];
  });
}

const SEND = `
import socket, sys, time
out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
out.bind(('v0', 0))
*frames, last = sys.argv[1:]
for frame in frames:
    out.send(bytes.fromhex(frame))
    time.sleep(0.002)
time.sleep(0.8)
out.send(bytes.fromhex(last))`;
/** Of another port: it tells the file that time has gone on. */
const LAST = ethernet(tcpPacket({ ...OUTER, destinationPort: 9 }));

const said = ({ client, server, verdict, vlan, tunnel }: Handshake): string =>
  `${client.address} ${client.port} > ${server.address} ${server.port} ${verdict} ${vlan} ${tunnel?.kind ?? null}`;

describe('live, packets with tags and in tunnels', { ...LAB, timeout: 120_000 }, () => {
  let lab: LinkLab;
  const folder = mkdtempSync(path.join(tmpdir(), 'tripod-tags-'));
  const file = path.join(folder, 'tags.pcap');
  let records: Handshake[] = [];

  before(async () => {
    lab = new LinkLab('tag', 1);
    const beside = new Running(lab.spawn(lab.far, 'tcpdump', '-i', 'v0', '-p', '-s', '256', '-U', '-w', file));
    await beside.says(/listening on/);
    const options = ['--port', String(PORT), '--patience', '500ms', '--no-host', '--format', 'ndjson'];
    const tripod = lab.tripod('live', '-i', 'v0', ...options);
    await tripod.says(/capturing on/);
    const frames = [...WAYS.flatMap(({ wrap }, number) => framesOf(wrap, number)), LAST];
    lab.run(lab.near, 'python3', '-c', SEND, ...frames.map((frame) => Buffer.from(frame).toString('hex')));
    await wait(1000);
    for (const one of [tripod, beside]) await one.interrupt();
    records = tripod.stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line));
  });
  after(() => {
    lab.close();
    rmSync(folder, { recursive: true });
  });

  for (const [number, { name, vlan, tunnel }] of WAYS.entries()) {
    test(`${name}: the kernel's filter hands them over, and each is told with its network`, () => {
      const own = records.filter(({ server }) => networks(number).some((network) => server.address === `${network}2`));
      const expected = networks(number).flatMap((network) => [
        `${network}1 40000 > ${network}2 ${PORT} refused ${vlan} ${tunnel}`,
        `${network}1 40001 > ${network}2 ${PORT} no-syn-ack ${vlan} ${tunnel}`,
      ]);
      assert.deepEqual(own.map(said).sort(), expected.sort());
    });
  }

  test('the packets that tcpdump saved beside it say the same', async () => {
    const { handshakes } = await analyze(file, { ports: [PORT], patienceSeconds: 0.5, maxOpen: 1 << 12 });
    assert.deepEqual(handshakes.map(said).sort(), records.map(said).sort());
  });
});
