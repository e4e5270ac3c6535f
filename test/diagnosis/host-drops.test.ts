/** The kernel's drop reasons and the firewall's rules, joined to attempts of real captures (fixtures/kernel): what is that very packet's, and what is another's. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, test } from 'node:test';
import type { DropEvent } from '../../src/diagnosis/drop-facts.ts';
import type { Condition, FirewallFacts, RuleVerdict } from '../../src/diagnosis/firewall-facts.ts';
import { type PortFacts, unknown } from '../../src/diagnosis/port-facts.ts';
import { proveCauses } from '../../src/diagnosis/prove.ts';
import { analyze, type Handshake } from '../../src/index.ts';
import { chain, field, firewall, rule } from '../support/firewall-rules.ts';
import { fixturesFolder } from '../support/paths.ts';
import { HEALTHY } from '../support/port-facts.ts';

const PORT = 2323;
const NO_COUNTERS = unknown('nobody read them');

async function recordsOf(scenario: string): Promise<readonly Handshake[]> {
  const { handshakes } = await analyze(path.join(fixturesFolder, 'kernel', scenario, 'server.pcap'));
  return handshakes.filter(({ server }) => server.port === PORT);
}

function said(records: readonly Handshake[], facts: Partial<PortFacts>): string[] {
  const causes = proveCauses({ diagnoses: [] }, records, { ...HEALTHY, port: PORT, counters: NO_COUNTERS, ...facts });
  return causes.map(({ cause, confidence }) => `${cause} ${confidence}`);
}

type LegName = 'syn' | 'synAck' | 'ack';

/** The drop of one packet of the attempt. */
function drop({ client, server, isn }: Handshake, leg: LegName, reason: string): DropEvent {
  const next = ((isn.client ?? 0) + 1) >>> 0;
  const isAnswer = leg === 'synAck';
  return {
    time: '1700000000.000000001',
    reason,
    location: 'somewhere',
    packet: {
      source: isAnswer ? server : client,
      destination: isAnswer ? client : server,
      flags: { syn: 0x02, synAck: 0x12, ack: 0x10 }[leg],
      sequence: leg === 'syn' ? (isn.client ?? 0) : next,
      acknowledgement: isAnswer ? next : 0,
      interfaceIndex: 2,
    },
  };
}

function drops(events: readonly DropEvent[]): Partial<PortFacts> {
  return { drops: { from: '1', to: '2', drops: events, lost: 0 } };
}

/** One drop for each transmission of the SYN. */
function everySyn(records: readonly Handshake[], reason: string): DropEvent[] {
  return records.flatMap((record) => new Array<DropEvent>(record.legs.syn.count).fill(drop(record, 'syn', reason)));
}

describe('the kernel’s word on the very packets', () => {
  for (const [reason, cause] of [
    ['NETFILTER_DROP', 'local-firewall-drop'],
    ['IP_RPFILTER', 'reverse-path-filter'],
    ['IP_INADDRERRORS', 'wrong-destination'],
    ['OTHERHOST', 'wrong-mac'],
    ['TCP_CSUM', 'bad-checksum'],
    ['TCP_MD5NOTFOUND', 'signature-rejected'],
    ['TCP_AONOTFOUND', 'signature-rejected'],
    ['SECURITY_HOOK', 'local-firewall-drop'],
    ['TC_INGRESS', 'local-firewall-drop'],
  ] as const) {
    test(`${reason} of every SYN proves ${cause}, and nothing else is left`, async () => {
      const records = await recordsOf('input_drop');
      assert.deepEqual(said(records, drops(everySyn(records, reason))), [`${cause} proven`]);
    });
  }

  test('a SYN-ACK that never left: by a rule, or for want of a neighbour', async () => {
    const [records] = [await recordsOf('output_drop')];
    const events = (reason: string) => records.map((record) => drop(record, 'synAck', reason));
    assert.equal(said(records, drops(events('NETFILTER_DROP')))[0], 'egress-drop proven');
    assert.equal(said(records, drops(events('NEIGH_FAILED')))[0], 'neighbour-unresolved proven');
  });

  test('a SYN-ACK that this host forwards, and drops on its way: it was seen where it came in', async () => {
    const records = (await recordsOf('syn_ack_lost')).filter(({ verdict }) => verdict === 'no-ack');
    assert.ok(records.length > 0);
    const events = records.map((record) => drop(record, 'synAck', 'NETFILTER_DROP'));
    assert.equal(said(records, drops(events))[0], 'egress-drop proven');
  });

  test('a third leg that the queue had no room for, or that a rule took', async () => {
    const records = (await recordsOf('accept_queue_fills')).filter(({ verdict }) => verdict === 'ack-ignored');
    assert.ok(records.length > 0);
    const events = (reason: string) => records.map((record) => drop(record, 'ack', reason));
    assert.equal(said(records, drops(events('TCP_LISTEN_OVERFLOW')))[0], 'accept-queue-full proven');
    assert.equal(said(records, drops(events('NETFILTER_DROP')))[0], 'ack-firewalled proven');
  });

  test('a RST that a rule sent: the SYN was dropped, so the kernel did not refuse it', async () => {
    const records = await recordsOf('input_reject_reset');
    assert.equal(said(records, drops(everySyn(records, 'NETFILTER_DROP')))[0], 'firewall-reset proven');
  });

  test('a SYN that TIME-WAIT kept out: by its timestamp alone where its number is a new one', async () => {
    const records = (await recordsOf('time_wait_old_syn')).filter(({ verdict }) => verdict === 'challenged');
    assert.ok(records.length > 0);
    const saidWith = (notes: readonly string[]): string[] =>
      said(
        records.map((record) => ({ ...record, notes: [...record.notes, ...notes] })),
        drops(everySyn(records, 'TCP_RFC7323_TW_PAWS')),
      );
    assert.deepEqual(saidWith([]), ['old-connection proven']);
    assert.equal(saidWith(['outdated-timestamp'])[0], 'timestamps-rejected proven');
  });

  test('a closed port: NO_SOCKET is no firewall', async () => {
    const records = await recordsOf('closed_port');
    assert.ok(
      !said(records, drops(everySyn(records, 'NO_SOCKET'))).some((words) => words.includes('firewall-reset proven')),
    );
  });

  test('another attempt’s drop, of the same client and port, proves nothing', async () => {
    const records = await recordsOf('input_drop');
    const others = everySyn(records, 'NETFILTER_DROP').map((event) => ({
      ...event,
      packet: { ...event.packet, sequence: (event.packet.sequence + 1) >>> 0 },
    }));
    assert.deepEqual(said(records, drops(others)), said(records, drops([])));
  });

  test('a reason that names no cause leaves everything open', async () => {
    const records = await recordsOf('input_drop');
    assert.deepEqual(said(records, drops(everySyn(records, 'NOT_SPECIFIED'))), said(records, drops([])));
  });

  test('of some SYNs alone: proven for these, and the other causes stay', async () => {
    const records = await recordsOf('input_drop');
    const [first] = everySyn(records, 'NETFILTER_DROP');
    assert.ok(first !== undefined && (records[0]?.legs.syn.count ?? 0) > 1);
    const causes = said(records, drops([first]));
    assert.equal(causes[0], 'local-firewall-drop proven');
    assert.ok(causes.length > 1, causes.join(', '));
  });

  test('a copy for another machine is no wrong MAC where the packet itself was taken, and lost otherwise', async () => {
    const records = await recordsOf('reverse_path_filter');
    const syns = records.reduce((sum, { legs }) => sum + legs.syn.count, 0);
    const counters = { IpInReceives: syns, TcpExtIPReversePathFilter: syns };
    assert.deepEqual(said(records, { counters, ...drops(everySyn(records, 'OTHERHOST')) }), [
      'reverse-path-filter proven',
    ]);
  });

  test('drops of handshakes that completed are nobody’s fault', async () => {
    const records = await recordsOf('normal_v4');
    assert.deepEqual(said(records, drops(everySyn(records, 'NETFILTER_DROP'))), []);
  });
});

describe('the rule behind it', () => {
  const port = field('destination-port', PORT);
  const limit: Condition = { kind: 'limit', text: 'ct count over 10' };
  const counting = (moved: number | null, verdict: RuleVerdict, ...conditions: Condition[]): FirewallFacts => {
    const counter = moved === null ? null : { moved, total: moved };
    return firewall(chain('input', [{ ...rule(verdict, ...conditions), handle: 7, text: 'the rule', counter }]));
  };
  const about = async (moved: number | null, ...conditions: Condition[]): Promise<string | undefined> => {
    const records = await recordsOf('input_drop');
    const facts = { firewall: counting(moved, { kind: 'drop' }, ...conditions) };
    return said(records, facts).find((words) => words.startsWith('local-firewall-drop'));
  };

  test('that takes each of the SYNs and has counted them proves it', async () => {
    const records = await recordsOf('input_drop');
    const syns = records.reduce((sum, { legs }) => sum + legs.syn.count, 0);
    assert.equal(await about(syns, port), 'local-firewall-drop proven');
    assert.equal(await about(syns, port, limit), 'local-firewall-drop proven', 'the number fits');
  });

  test('without a counter makes it likely', async () => {
    assert.equal(await about(null, port), 'local-firewall-drop likely');
  });

  test('that has counted nothing, or depends on more than the packet and has counted another number, proves nothing', async () => {
    assert.notEqual(await about(0, port), 'local-firewall-drop proven');
    assert.notEqual(await about(0, port), 'local-firewall-drop likely');
    assert.notEqual(await about(500, port, limit), 'local-firewall-drop proven');
    assert.notEqual(await about(null, port, limit), 'local-firewall-drop likely');
  });

  test('a reset or an ICMP error: the rule that sends just that', async () => {
    const refused = await recordsOf('input_reject_reset');
    const facts = (how: string) => ({
      firewall: counting(refused.length, { kind: 'reject', with: how } as const, port),
    });
    assert.equal(said(refused, facts('tcp reset'))[0], 'firewall-reset proven');
    assert.ok(!said(refused, facts('icmpx port-unreachable')).includes('firewall-reset proven'));
  });
});
