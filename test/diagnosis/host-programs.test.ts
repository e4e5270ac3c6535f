/** BPF programmes: named beside what the kernel says, suspected where counters say nothing, and what XDP drops before any capture. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, test } from 'node:test';
import type { DropEvent } from '../../src/diagnosis/drop-facts.ts';
import { lostBeforeCapture } from '../../src/diagnosis/host-programs.ts';
import type { InterfaceFacts, PacketProgram } from '../../src/diagnosis/network-facts.ts';
import { type PortFacts, unknown } from '../../src/diagnosis/port-facts.ts';
import { proveCauses } from '../../src/diagnosis/prove.ts';
import { seenIn } from '../../src/diagnosis/seen.ts';
import { analyze } from '../../src/index.ts';
import { fixturesFolder } from '../support/paths.ts';
import { HEALTHY, PROCESS } from '../support/port-facts.ts';

const XDP: PacketProgram = { where: 'xdpgeneric', id: 7, name: 'filter' };
const TCX: PacketProgram = { where: 'tcx ingress', id: 8, name: 'shaper' };
const GROUP: PacketProgram = { where: 'cgroup ingress', id: 9, name: null };

function linkWith(programs: InterfaceFacts['programs'], driver: InterfaceFacts['driver'] = {}): InterfaceFacts {
  return {
    name: 's0',
    index: 2,
    linkType: 'ether',
    kind: null,
    mac: '02:09:00:00:00:02',
    mtu: 1500,
    operState: 'up',
    isPromiscuous: false,
    master: null,
    addresses: [],
    reversePathFilter: 0,
    acceptLocal: 0,
    logMartians: 0,
    moved: {},
    driver,
    programs,
    filters: [],
  };
}

function drop(reason: string, location: string, flags = 0x02, port = HEALTHY.port): DropEvent {
  return {
    time: '1.5',
    reason,
    location,
    packet: {
      source: { address: '10.9.0.1', port: 40000 },
      destination: { address: '10.9.0.2', port },
      flags,
      sequence: 1000,
      acknowledgement: 0,
      interfaceIndex: 2,
    },
  };
}

function factsWith(drops: readonly DropEvent[], interfaces: readonly InterfaceFacts[]): PortFacts {
  return { ...HEALTHY, interfaces, drops: { from: '1', to: '2', drops, lost: 0 } };
}

describe('SYNs that come to no capture', () => {
  test('the kernel says that XDP let go of them: proven, with the programme', () => {
    for (const [reason, location] of [
      ['NOT_SPECIFIED', 'do_xdp_generic'],
      ['XDP', 'some_driver_poll'],
    ] as const) {
      const { clients, diagnosis } = lostBeforeCapture(factsWith([drop(reason, location)], [linkWith([XDP])]), true);
      assert.deepEqual(clients, ['10.9.0.1']);
      assert.equal(diagnosis?.cause, 'local-firewall-drop');
      assert.equal(diagnosis.confidence, 'proven');
      assert.match(diagnosis.evidence.join('; '), /dropped 1 SYN of 1 client to port 8080 .*xdpgeneric of s0.*id 7/);
    }
  });

  test('what is dropped after the capture, of another port, or is no SYN, is none of them', () => {
    const drops = [
      drop('NETFILTER_DROP', 'nft_do_chain'),
      drop('XDP', 'do_xdp_generic', 0x02, 22),
      drop('XDP', 'do_xdp_generic', 0x10),
      drop('XDP', 'do_xdp_generic', 0x12),
    ];
    const { clients, diagnosis } = lostBeforeCapture(factsWith(drops, [linkWith([XDP])]), false);
    assert.deepEqual([clients, diagnosis], [[], null]);
  });

  test('a programme alone accuses nobody; one whose driver counts drops while nobody comes is possible', () => {
    const quiet = lostBeforeCapture(factsWith([], [linkWith([XDP])]), false);
    assert.equal(quiet.diagnosis, null);
    assert.equal(quiet.programs.length, 1);
    const counted = [linkWith([XDP], { rx_queue_0_xdp_drops: 12 })];
    assert.equal(lostBeforeCapture(factsWith([], counted), false).diagnosis?.confidence, 'possible');
    assert.equal(lostBeforeCapture(factsWith([], counted), true).diagnosis, null, 'others come: it lets them in');
    assert.equal(lostBeforeCapture(factsWith([], [linkWith([TCX], { xdp_drop: 12 })]), false).diagnosis, null);
  });
});

const { handshakes } = await analyze(path.join(fixturesFolder, 'kernel/input_drop/server.pcap'));
const SYNS = seenIn(handshakes).unanswered.packets;

describe('SYNs without an answer', () => {
  const counters = { IpInReceives: SYNS, IpInDelivers: SYNS, TcpInSegs: SYNS };
  const facts: PortFacts = { ...HEALTHY, port: 2323, counters, drops: unknown('not asked for') };
  const causes = (given: PortFacts) => proveCauses({ diagnoses: [] }, handshakes, given);
  const firewallIn = (given: PortFacts) => causes(given).find(({ cause }) => cause === 'local-firewall-drop');

  test('TCP got them: no rule took them, unless a programme of the control group did', () => {
    assert.equal(firewallIn(facts), undefined);
    const found = firewallIn({ ...facts, processes: [{ ...PROCESS, programs: [GROUP] }] });
    assert.equal(found?.confidence, 'possible');
    assert.match(found.evidence.join('; '), /without a name \(cgroup ingress of the control group of process 70/);
  });

  test('IP never saw them: the programme before it is named', () => {
    const before = { ...facts, counters: { IpInReceives: 0, IpInDelivers: 0 }, interfaces: [linkWith([TCX])] };
    const found = firewallIn(before);
    assert.equal(found?.confidence, 'likely');
    assert.match(found.evidence.join('; '), /shaper \(tcx ingress of s0; bpftool prog show id 8\) sees these packets/);
  });

  test('the accept queue is full: a programme that is there is not suspected', () => {
    const overflow = { ...counters, TcpExtListenOverflows: SYNS, TcpExtListenDrops: SYNS };
    const full = { ...facts, counters: overflow, interfaces: [linkWith([TCX])] };
    assert.equal(causes(full)[0]?.cause, 'accept-queue-full');
    assert.equal(firewallIn(full), undefined);
  });
});
