/** Facts of a port in a namespace of its own, from the real kernel and its own tools: firewall, way back, interfaces. Needs root. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { describe, test } from 'node:test';
import { type FirewallPacket, walkFirewall } from '../../src/diagnosis/firewall-walk.ts';
import { isKnown, type PortFacts } from '../../src/diagnosis/port-facts.ts';
import { CLIENT, LAB, Lab, SERVER } from '../support/doctor-lab.ts';

const PORT = 8080;
const PRINTER = new URL('../support/print-port-facts.js', import.meta.url).pathname;
/** Three SYNs, each of a connect of its own. */
const TRYING = `const net = require('node:net');
let tries = 0;
const timer = setInterval(() => {
  net.connect(${PORT}, '${SERVER}').on('error', () => {});
  if (++tries === 3) clearInterval(timer);
}, 100);
setTimeout(() => process.exit(), 800);`;

const SYN: FirewallPacket = {
  family: 4,
  source: CLIENT,
  destination: SERVER,
  sourcePort: 40_000,
  destinationPort: PORT,
  flags: 2,
  inInterface: 'eth0',
  outInterface: null,
  state: 'new',
};

/** The facts over a second in which a client tries three times. */
async function factsUnder(name: string, fault: (lab: Lab) => void): Promise<PortFacts> {
  const lab = new Lab(name);
  try {
    fault(lab);
    const child = lab.spawn(
      lab.server,
      process.execPath,
      PRINTER,
      String(PORT),
      '1',
      `${CLIENT},${SERVER},${lab.link}`,
    );
    const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
    await lines.next();
    const client = lab.spawn(lab.client, process.execPath, '--eval', TRYING);
    await once(client, 'exit');
    return JSON.parse((await lines.next()).value ?? '');
  } finally {
    lab.close();
  }
}

describe('facts of the real kernel', LAB, () => {
  test('nft: the rule that drops, its handle, how often its counter moved, and the walk to it', async () => {
    const facts = await factsUnder('fnft', (lab) => {
      lab.onServer('nft', 'add', 'table', 'inet', 'lab');
      lab.onServer('nft', 'add', 'chain', 'inet', 'lab', 'c', '{ type filter hook input priority 0; }');
      lab.onServer('nft', 'add', 'set', 'inet', 'lab', 'bad', '{ type ipv4_addr; elements = { 10.77.0.1 } }');
      lab.onServer('nft', 'add', 'rule', 'inet', 'lab', 'c', 'tcp', 'dport', '22', 'drop');
      lab.onServer(
        'nft',
        'add',
        'rule',
        'inet',
        'lab',
        'c',
        'ip',
        'saddr',
        '@bad',
        'tcp',
        'dport',
        `${PORT}`,
        'counter',
        'drop',
      );
    });
    assert.ok(isKnown(facts.firewall));
    assert.deepEqual(facts.firewall.unread, []);
    const result = walkFirewall(facts.firewall, SYN, ['prerouting', 'input']);
    assert.ok(result.outcome === 'drop');
    assert.equal(result.by.rule?.counter?.moved, 3);
    assert.equal(result.by.rule?.text, `ip saddr @bad tcp dport ${PORT} counter drop`);
    assert.ok(result.by.rule.handle > 0);
    assert.equal(facts.firewall.rulesLeftOut, 1, 'the rule of port 22');
  });

  test('the kernel’s word on each SYN that the rule dropped', async () => {
    const facts = await factsUnder('fdrop', (lab) => {
      lab.onServer('nft', 'add', 'table', 'inet', 'lab');
      lab.onServer('nft', 'add', 'chain', 'inet', 'lab', 'c', '{ type filter hook input priority 0; }');
      lab.onServer('nft', 'add', 'rule', 'inet', 'lab', 'c', 'tcp', 'dport', `${PORT}`, 'drop');
    });
    assert.ok(isKnown(facts.drops), JSON.stringify(facts.drops));
    assert.equal(facts.drops.lost, 0);
    assert.deepEqual(
      facts.drops.drops.map(({ reason, location, packet }) =>
        [reason, location, packet.source.address, packet.destination.port, packet.flags].join(' '),
      ),
      new Array(3).fill(`NETFILTER_DROP nft_do_chain ${CLIENT} ${PORT} 2`),
    );
  });

  test('iptables, over nf_tables and of the old kind: what its modules ask for', async () => {
    for (const [name, tool] of [
      ['fipn', 'iptables-nft'],
      ['fipl', 'iptables-legacy'],
    ] as const) {
      const facts = await factsUnder(name, (lab) => {
        lab.onServer(
          tool,
          '-A',
          'INPUT',
          '-p',
          'tcp',
          '-m',
          'multiport',
          '--dports',
          `80,${PORT}`,
          '-m',
          'state',
          '--state',
          'NEW',
          '-j',
          'DROP',
        );
      });
      assert.ok(isKnown(facts.firewall));
      const result = walkFirewall(facts.firewall, SYN, ['prerouting', 'input']);
      assert.ok(result.outcome === 'drop', `${tool}: ${JSON.stringify(facts.firewall)}`);
      assert.equal(result.by.rule?.counter?.moved, 3, tool);
    }
  });

  test('no way back, and the reverse path filter that keeps a client out', async () => {
    const facts = await factsUnder('froute', (lab) => {
      lab.onServer('ip', 'addr', 'del', `${SERVER}/24`, 'dev', lab.link);
      lab.onServer('ip', 'addr', 'add', `${SERVER}/32`, 'dev', lab.link);
      lab.onServer('sysctl', '-qw', 'net.ipv4.conf.all.rp_filter=1');
      lab.knowNeighbours();
    });
    const [way] = facts.ways;
    assert.ok(way !== undefined && isKnown(way.route));
    assert.equal(way.route.type, 'none');
    assert.equal(way.admitted, false);
    assert.ok(isKnown(facts.interfaces));
    assert.equal(facts.interfaces.find(({ linkType }) => linkType === 'ether')?.reversePathFilter, 1);
    assert.equal(isKnown(facts.counters) && facts.counters['TcpExtIPReversePathFilter'], 3);
  });

  test('a healthy way: route, neighbour, addresses, settings, connection tracking', async () => {
    const facts = await factsUnder('fok', (lab) => lab.knowNeighbours());
    const [way] = facts.ways;
    assert.ok(way !== undefined && isKnown(way.route) && isKnown(way.neighbour));
    assert.equal(way.route.type, 'unicast');
    assert.equal(way.admitted, true);
    assert.match(way.neighbour.state ?? '', /^(REACHABLE|STALE|DELAY|PROBE)$/);
    assert.ok(isKnown(facts.interfaces));
    const link = facts.interfaces.find(({ linkType }) => linkType === 'ether');
    assert.ok(link?.addresses.some(({ address }) => address === SERVER));
    assert.equal(link?.operState, 'up');
    assert.equal(facts.settings['net.ipv4.tcp_timestamps'], '1');
    assert.ok(isKnown(facts.conntrack) || facts.conntrack.unknown === 'connections are not tracked here');
  });
});
