/**
 * A capture on all interfaces of a host with a bridge and published ports, as hosts of containers are: a packet passes several interfaces, and with address translation under several addresses.
 * Held against the same packets saved by a tcpdump beside it.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { analyze, type Handshake } from '../../src/index.ts';
import { LAB } from '../support/doctor-lab.ts';
import { LinkLab } from '../support/link-lab.ts';
import { Running } from '../support/running.ts';

const HOST = '10.79.0.2';
const CONTAINER = '10.79.0.9';
/** Of the container: a service, nobody, and a firewall that drops. Published as 8080, 8081, 8082. */
const [OPEN, CLOSED, SILENT] = [80, 81, 82] as const;

const RULES = `
table ip nat {
  chain pre { type nat hook prerouting priority dstnat
    ip daddr ${HOST} tcp dport 8080 dnat to ${CONTAINER}:${OPEN}
    ip daddr ${HOST} tcp dport 8081 dnat to ${CONTAINER}:${CLOSED}
    ip daddr ${HOST} tcp dport 8082 dnat to ${CONTAINER}:${SILENT}
  }
  chain post { type nat hook postrouting priority srcnat
    ip daddr ${CONTAINER} ct status dnat masquerade
  }
}`;
const DROP = `
table ip filter {
  chain in { type filter hook input priority 0
    tcp dport ${SILENT} drop
  }
}`;

/** The near side is the client, the far side the host: a bridge, with the client on one of its ports and the container on the other. */
class BridgeLab {
  readonly links = new LinkLab('any', 1);
  readonly container = `${this.links.far}-c`;

  constructor() {
    const { far } = this.links;
    execFileSync('ip', ['netns', 'add', this.container]);
    execFileSync('ip', [
      'link',
      'add',
      'c0',
      'netns',
      far,
      'type',
      'veth',
      'peer',
      'name',
      'v0',
      'netns',
      this.container,
    ]);
    const host = (...words: readonly string[]): string => this.links.run(far, ...words);
    host('ip', 'link', 'add', 'br0', 'type', 'bridge');
    host('ip', 'addr', 'flush', 'dev', 'v0');
    for (const port of ['v0', 'c0']) host('ip', 'link', 'set', port, 'master', 'br0', 'up');
    host('ip', 'link', 'set', 'br0', 'up');
    host('ip', 'addr', 'add', `${HOST}/24`, 'dev', 'br0');
    host('sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward');
    // As hosts of containers have it; not there when the kernel's bridges have no firewall.
    host('sh', '-c', 'echo 1 > /proc/sys/net/bridge/bridge-nf-call-iptables || true');
    host('nft', RULES);
    const inside = (...words: readonly string[]): string => this.links.run(this.container, ...words);
    inside('ip', 'addr', 'add', `${CONTAINER}/24`, 'dev', 'v0');
    inside('ip', 'link', 'set', 'v0', 'up');
    inside('nft', DROP);
  }

  async serve(): Promise<void> {
    const code = `require('net').createServer((socket) => socket.end('hello')).listen(${OPEN}, () => console.log('listening'))`;
    const server = new Running(this.links.spawn(this.container, process.execPath, '--eval', code));
    await server.says(/listening/);
  }

  close(): void {
    this.links.close();
    execFileSync('ip', ['netns', 'del', this.container]);
  }
}

function latest(text: string): Handshake[] {
  const lines = text.split('\n').filter((line) => line !== '');
  const records = lines.map((line) => JSON.parse(line) as Handshake);
  return [...new Map(records.map((record) => [record.id, record])).values()];
}

function keyed(records: readonly Handshake[]): Map<string, Handshake> {
  const name = ({ client, server }: Handshake): string =>
    `${client.address} ${client.port} > ${server.address} ${server.port}`;
  return new Map(records.map((record) => [name(record), record]));
}

describe('live on any', { ...LAB, timeout: 120_000 }, () => {
  let lab: BridgeLab;
  const folder = mkdtempSync(path.join(tmpdir(), 'tripod-any-'));
  const file = path.join(folder, 'any.pcap');
  let records: Handshake[] = [];
  let said = '';

  before(async () => {
    lab = new BridgeLab();
    await lab.serve();
    const { links } = lab;
    const ports = `${OPEN}-${SILENT},8080-8082`;
    const words = ['-i', 'any', '-y', 'LINUX_SLL2', '-s', '256', '-U', '-w', file, 'tcp'];
    const beside = new Running(links.spawn(links.far, 'tcpdump', ...words));
    await beside.says(/listening on/);
    const tripod = links.tripod('live', '-i', 'any', '--port', ports, '--all', '--no-host', '--format', 'ndjson');
    await tripod.says(/capturing on/);
    for (const [address, first] of [
      [CONTAINER, OPEN],
      [HOST, 8080],
    ] as const) {
      for (let port = first; port < first + 3; port++) links.connect(address, port);
    }
    // Longer than the patience of 3 s: the silence of the last is judged.
    await wait(4000);
    for (const one of [tripod, beside]) {
      one.child.kill('SIGINT');
      await one.ended();
    }
    records = latest(tripod.stdout);
    said = `${tripod.stderr}${[...keyed(records)].map(([key, { verdict, notes }]) => `${key} ${verdict} ${notes}`).join('\n')}`;
  });
  after(() => {
    lab.close();
    rmSync(folder, { recursive: true });
  });

  const to = (address: string, port: number): Handshake[] =>
    records.filter(({ server }) => server.address === address && server.port === port);

  test('a packet that passes three interfaces is counted once', () => {
    const [open] = to(CONTAINER, OPEN);
    assert.equal(open?.verdict, 'complete', said);
    const { syn, synAck } = open.legs;
    assert.deepEqual([syn.count, synAck.count], [1, 1], said);
    assert.equal(to(CONTAINER, CLOSED)[0]?.verdict, 'refused', said);
    const [silent] = to(CONTAINER, SILENT);
    assert.equal(silent?.verdict, 'no-syn-ack', said);
    // The client gives up after a second, with which its first repetition is due.
    assert.ok(silent.legs.syn.count <= 2, said);
  });

  test('a published port is judged by what passes under its own address', () => {
    const verdicts = [8080, 8081, 8082].map((port) => to(HOST, port).map(({ verdict }) => verdict));
    assert.deepEqual(verdicts, [['complete'], ['refused'], ['no-syn-ack']], said);
  });

  test('behind address translation nothing is called missing that passed under another address', () => {
    for (const { verdict, notes } of to(CONTAINER, OPEN)) {
      assert.equal(verdict, 'complete', said);
      assert.ok(!notes.includes('other-address') && !notes.includes('capture-loss'), said);
    }
    for (const { verdict } of to(CONTAINER, CLOSED)) assert.ok(['refused', 'undecided'].includes(verdict), said);
  });

  test('the packets that tcpdump saved beside it have the same verdicts', async () => {
    const { handshakes } = await analyze(file, { maxOpen: 1 << 12 });
    const [live, saved] = [keyed(records), keyed(handshakes)];
    assert.deepEqual([...live.keys()].sort(), [...saved.keys()].sort());
    const silent = (server: Handshake['server']): boolean => [SILENT, 8082].includes(server.port);
    for (const [key, { verdict, server, legs }] of live) {
      // tcpdump was stopped before the patience of its last packets was over.
      if (!silent(server)) assert.equal(saved.get(key)?.verdict, verdict, key);
      assert.equal(saved.get(key)?.legs.syn.count, legs.syn.count, key);
    }
  });
});
