/** Interfaces, routes, neighbours, connection tracking and settings from recorded answers. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isKnown } from '../../src/diagnosis/port-facts.ts';
import { conntrackFacts, lookAtConntrack } from '../../src/host/conntrack.ts';
import { interfaceFacts, lookAtInterfaces } from '../../src/host/interfaces.ts';
import { returnWays } from '../../src/host/return-ways.ts';
import { readSettings } from '../../src/host/settings.ts';
import { hostFolder } from '../support/host-folder.ts';

const eth0 = (dropped: number): string =>
  JSON.stringify([
    {
      ifindex: 2,
      ifname: 'eth0',
      flags: ['BROADCAST', 'PROMISC', 'UP'],
      mtu: 1500,
      operstate: 'UP',
      link_type: 'ether',
      address: '02:00:00:00:00:01',
      master: 'br0',
      linkinfo: { info_kind: 'veth' },
      xdp: {
        mode: 2,
        prog: { id: 7, name: 'guard', tag: 'ab' },
        attached: [{ mode: 2, prog: { id: 7, name: 'guard' } }],
      },
      addr_info: [
        { family: 'inet', local: '10.9.0.2', prefixlen: 24 },
        { family: 'inet6', local: 'fd00::2', prefixlen: 64, tentative: true, dadfailed: true },
      ],
      stats64: { rx: { bytes: 900, packets: 9, dropped, missed_errors: 1 }, tx: { packets: 4, dropped: 0 } },
    },
  ]);
const QDISCS = JSON.stringify([
  { kind: 'fq_codel', dev: 'eth0', root: true, drops: 5 },
  { kind: 'clsact', dev: 'eth0', drops: 0 },
]);
const filters = (drops: number): string =>
  JSON.stringify([
    { protocol: 'ip', pref: 1, kind: 'u32', chain: 0 },
    {
      protocol: 'ip',
      pref: 1,
      kind: 'u32',
      options: {
        fh: '800::800',
        actions: [{ kind: 'gact', control_action: { type: 'drop' }, stats: { packets: drops, drops } }],
      },
    },
    { protocol: 'all', pref: 2, kind: 'bpf', options: { bpf_name: 'guard', direct_action: true } },
  ]);
const CONF = {
  'proc/sys/net/ipv4/conf/all/rp_filter': '0\n',
  'proc/sys/net/ipv4/conf/eth0/rp_filter': '1\n',
  'proc/sys/net/ipv4/conf/eth0/accept_local': '0\n',
  'proc/sys/net/ipv4/conf/all/log_martians': '1\n',
  'proc/sys/net/ipv4/conf/eth0/log_martians': '0\n',
};

function host(dropped: number, byFilter: number, more: Readonly<Record<string, string>> = {}) {
  return hostFolder(CONF, {
    'ip -j -s -s -d addr': eth0(dropped),
    'tc -j -s qdisc show': QDISCS,
    'tc -j -s filter show dev eth0 ingress': filters(byFilter),
    'tc -j -s filter show dev eth0 egress': '[]',
    'ethtool -S eth0': `NIC statistics:\n     rx_queue_0_drops: ${dropped}\n     peer_ifindex: 2\n`,
    ...more,
  });
}

describe('interfaces', () => {
  test('state, addresses, the filter in effect, what moved, programmes and filters', async () => {
    const facts = interfaceFacts(await lookAtInterfaces(host(3, 1)), await lookAtInterfaces(host(10, 5)));
    assert.ok(isKnown(facts));
    const [link] = facts;
    assert.ok(link !== undefined);
    assert.equal(link.operState, 'up');
    assert.equal(link.isPromiscuous, true);
    assert.deepEqual(
      link.addresses.map(({ address, state }) => `${address} ${state}`),
      ['10.9.0.2 permanent', 'fd00::2 dadfailed'],
    );
    assert.equal(link.reversePathFilter, 1, 'the greater one of all and eth0');
    assert.equal(link.logMartians, 1);
    assert.deepEqual(link.moved, { rx_dropped: 7 });
    assert.deepEqual(link.driver, { rx_queue_0_drops: 7 });
    assert.deepEqual(link.programs, [{ where: 'xdpgeneric', id: 7, name: 'guard' }]);
    assert.ok(isKnown(link.filters));
    assert.deepEqual(
      link.filters.map(({ direction, kind, canDrop, dropped }) => ({ direction, kind, canDrop, dropped })),
      [
        { direction: 'ingress', kind: 'u32', canDrop: true, dropped: 4 },
        { direction: 'ingress', kind: 'bpf', canDrop: true, dropped: null },
      ],
    );
  });

  test('without tc the filters are unknown, and the rest is told', async () => {
    const root = hostFolder(CONF, { 'ip -j -s -s -d addr': eth0(0) });
    const facts = interfaceFacts(await lookAtInterfaces(root), await lookAtInterfaces(root));
    assert.ok(isKnown(facts));
    assert.deepEqual(facts[0]?.filters, { unknown: 'the command tc is not installed' });
    assert.equal(facts[0]?.mac, '02:00:00:00:00:01');
  });

  test('without ip nothing is known; an answer that is no list is unknown', async () => {
    assert.ok(!isKnown(await lookAtInterfaces(hostFolder({}))));
    for (const answer of ['{}', '[', 'null', '<html>']) {
      assert.ok(!isKnown(await lookAtInterfaces(hostFolder({}, { 'ip -j -s -s -d addr': answer }))), answer);
    }
    assert.ok(isKnown(await lookAtInterfaces(hostFolder({}, { 'ip -j -s -s -d addr': '[null, 7, {}]' }))));
  });
});

describe('the way back', () => {
  const seen = { client: '10.50.0.1', server: '10.9.0.2', interface: 'eth0' };
  const LOOKUP = 'ip -j route get 10.50.0.1 from 10.9.0.2';
  const ADMISSION = 'ip -j route get 10.9.0.2 from 10.50.0.1 iif eth0';
  const wayOf = async (answers: Readonly<Record<string, string>>) => {
    const root = host(0, 0, answers);
    const look = await lookAtInterfaces(root);
    const [way] = await returnWays(root, [seen], interfaceFacts(look, look));
    assert.ok(way !== undefined);
    return way;
  };

  test('route, next hop and its neighbour', async () => {
    const way = await wayOf({
      [LOOKUP]: '[{"dst":"10.50.0.1","gateway":"10.9.0.254","dev":"eth0","prefsrc":"10.9.0.2"}]',
      'ip -j neigh show 10.9.0.254 dev eth0': '[{"dst":"10.9.0.254","state":["FAILED"]}]',
      [ADMISSION]: '[{"type":"local","dst":"10.9.0.2"}]',
    });
    assert.ok(isKnown(way.route) && isKnown(way.neighbour));
    assert.equal(way.route.gateway, '10.9.0.254');
    assert.equal(way.route.type, 'unicast');
    assert.equal(way.neighbour.state, 'FAILED');
    assert.equal(way.admitted, true);
  });

  test('where no command answers, each fact is unknown', async () => {
    const way = await wayOf({});
    assert.ok(!isKnown(way.route) && !isKnown(way.neighbour) && !isKnown(way.admitted));
  });
});

test('connection tracking: what moved, of all processors; without the module nothing is tracked', () => {
  const at = (drops: string) =>
    hostFolder({
      'proc/self/net/stat/nf_conntrack': `entries  clashres found new invalid ignore delete chainlength insert insert_failed drop early_drop icmp_error  expect_new expect_create expect_delete search_restart
00000009  00000000 00000000 00000000 00000001 00000000 00000000 00000000 00000000 00000000 ${drops} 00000000 00000000  00000000 00000000 00000000 00000000
00000009  00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000002 0000000a 00000000 00000000  00000000 00000000 00000000 00000000
`,
      'proc/sys/net/netfilter/nf_conntrack_count': '9\n',
      'proc/sys/net/netfilter/nf_conntrack_max': '10\n',
    });
  const facts = conntrackFacts(at('0'), lookAtConntrack(at('00000001')), lookAtConntrack(at('00000011')));
  assert.deepEqual(facts, {
    count: 9,
    max: 10,
    drop: 16,
    earlyDrop: 0,
    insertFailed: 0,
    invalid: 0,
    clashResolved: 0,
  });
  const none = hostFolder({});
  assert.deepEqual(conntrackFacts(none, lookAtConntrack(none), lookAtConntrack(none)), {
    unknown: 'connections are not tracked here',
  });
});

test('settings: those that this kernel has', () => {
  const settings = readSettings(
    hostFolder({
      'proc/sys/net/ipv4/tcp_syncookies': '1\n',
      'proc/sys/net/ipv4/ip_local_port_range': '32768\t60999\n',
    }),
  );
  assert.deepEqual(settings, {
    'net.ipv4.tcp_syncookies': '1',
    'net.ipv4.ip_local_port_range': '32768 60999',
  });
});
