/** Facts of a port from recorded files, and from this host. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { describe, test } from 'node:test';
import { isKnown, known } from '../../src/diagnosis/port-facts.ts';
import { containerOf } from '../../src/host/cgroup.ts';
import { counterDeltas, readCounters } from '../../src/host/counters.ts';
import { lookAtHost } from '../../src/host/host-look.ts';
import { readLimits, readPressure, readSoftnet } from '../../src/host/limits.ts';
import { findForeignListeners } from '../../src/host/namespaces.ts';
import { HOST_ROOT } from '../../src/host/proc.ts';
import { readProcSockets } from '../../src/host/proc-net-tcp.ts';
import { findOwners, lookAt, processFacts } from '../../src/host/processes.ts';
import { readDiagSockets } from '../../src/host/sock-diag.ts';
import { summarizeSockets } from '../../src/host/sockets.ts';
import { watchPort } from '../../src/host/watch-port.ts';
import { hostFolder } from '../support/host-folder.ts';

const HEAD = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';
/** A listener on 0.0.0.0:8080 with two waiting, one of them of 10.9.0.1; a half-open one of 10.9.0.3; and another port. */
const TCP = `${HEAD}   0: 00000000:1F90 00000000:0000 0A 00000000:00000002 00:00000000 00000000  1000        0 4711 1 0000000000000000 100 0 0 10 0
   1: 0200090A:1F90 0100090A:9C40 01 00000000:00000005 00:00000000 00000000     0        0 0 1 0000000000000000 20 4 30 10 -1
   2: 0200090A:1F90 0300090A:9C41 03 00000000:00000000 01:00000064 00000001     0        0 0 1 0000000000000000
   3: 0200090A:0016 0100090A:1F90 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0000000000000000 20 4 30 10 -1
`;
/** [::]:8080, and an IPv4 client of it: ::ffff:10.9.0.7. */
const TCP6 = `${HEAD}   0: 00000000000000000000000000000000:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4713 1 0000000000000000 100 0 0 10 0
   1: 0000000000000000FFFF00000200090A:1F90 0000000000000000FFFF00000700090A:9C42 01 00000000:00000000 00:00000000 00000000  1000        0 4714 1 0000000000000000 100 0 0 10 0
`;
const STAT = (pid: number, name: string, ticks: number): string =>
  `${pid} (${name}) S 1 1 1 0 -1 4194304 99 0 0 0 ${ticks - 1} 1 0 0 20 0 2 0 100 1000 100`;
const RECORDED = {
  'proc/self/net/tcp': TCP,
  'proc/self/net/tcp6': TCP6,
  'proc/self/ns/net': '-> net:[1]',
  'proc/70/fd/0': '-> /dev/null',
  'proc/70/fd/5': '-> socket:[4711]',
  'proc/70/ns/net': '-> net:[1]',
  'proc/70/stat': STAT(70, 'odd) name', 50),
  'proc/70/task/70/stat': STAT(70, 'odd) name', 20),
  'proc/70/task/71/stat': STAT(71, 'worker', 30),
  'proc/70/cmdline': 'serve\u0000--port\u00008080\u0000',
  'proc/70/status': 'Name:\todd\nUid:\t1000\t1000\t1000\t1000\nVmRSS:\t    2048 kB\n',
  'proc/70/limits':
    'Limit  Soft Limit  Hard Limit  Units\nMax open files            1024                 4096                 files\n',
  'proc/70/cgroup': '0::/system.slice/serve.service\n',
  'sys/fs/cgroup/system.slice/serve.service/cpu.max': '50000 100000\n',
  'sys/fs/cgroup/system.slice/serve.service/cpu.stat': 'usage_usec 9\nnr_periods 100\nnr_throttled 40\n',
  'sys/fs/cgroup/system.slice/serve.service/memory.max': 'max\n',
  'sys/fs/cgroup/system.slice/serve.service/memory.current': '4096\n',
  'proc/90/fd/3': '-> socket:[9000]',
  'proc/90/ns/net': '-> net:[2]',
  'proc/90/comm': 'nginx\n',
  'proc/90/cgroup': `12:memory:/docker/${'ab'.repeat(32)}\n`,
  'proc/90/net/tcp': `${HEAD}   0: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000  0        0 9000 1 0000000000000000 100 0 0 10 0\n`,
};

describe('recorded files', () => {
  const root = hostFolder(RECORDED);

  test('sockets of the port: addresses of both families, states, who waits, half-open handshakes by client', () => {
    const sockets = readProcSockets(root, 'self', 8080);
    assert.ok(isKnown(sockets));
    assert.deepEqual(
      sockets.map(({ state, local, remote }) => `${state} ${local} ${remote}`),
      [
        'LISTEN 0.0.0.0 0.0.0.0',
        'ESTAB 10.9.0.2 10.9.0.1',
        'SYN-RECV 10.9.0.2 10.9.0.3',
        'LISTEN :: ::',
        'ESTAB 10.9.0.2 10.9.0.7',
      ],
    );
    const summary = summarizeSockets(sockets);
    assert.deepEqual(summary.states, { LISTEN: 2, ESTAB: 2, 'SYN-RECV': 1 });
    assert.deepEqual(summary.synReceivedByPeer, [{ address: '10.9.0.3', count: 1 }]);
    assert.equal(summary.waitingForAccept, 1);
    assert.equal(summary.listeners[0]?.queue, 2);
    assert.equal(known(summary.listeners[0]?.backlog ?? 0), null, '/proc has no limits: unknown, not 0');
  });

  test('the owner by its descriptor, and how it is: threads, files, limits, control group', async () => {
    const owners = findOwners(root, new Set([4711]));
    assert.deepEqual(owners, { pids: [70], hidden: 0 });
    const before = lookAt(hostFolder({ ...RECORDED, 'proc/70/task/71/stat': STAT(71, 'worker', 10) }), 70);
    const facts = await processFacts(root, 70, before, 0.2);
    assert.equal(facts?.name, 'odd) name');
    assert.equal(facts?.command, 'serve --port 8080');
    assert.equal(facts?.userId, 1000);
    assert.equal(facts?.residentBytes, 2048 * 1024);
    assert.equal(facts?.openFiles, 2);
    assert.equal(facts?.openFileLimit, 1024);
    assert.deepEqual(facts?.threads, [
      { id: 71, name: 'worker', state: 'S', cpuShare: 1, waitShare: 0 },
      { id: 70, name: 'odd) name', state: 'S', cpuShare: 0, waitShare: 0 },
    ]);
    const cgroup = facts?.cgroup;
    assert.ok(cgroup !== undefined && isKnown(cgroup));
    assert.equal(cgroup.cpuLimit, 0.5);
    assert.equal(cgroup.memoryLimitBytes, null);
    assert.equal(cgroup.cpuPeriodsThrottled, 0);
    assert.ok(!isKnown(cgroup.tasks), 'a file that is not there is unknown');
  });

  test('a listener in another namespace, with the container', () => {
    assert.deepEqual(findForeignListeners(root, 80), [
      {
        pid: 90,
        namespace: 'net:[2]',
        address: '0.0.0.0',
        owners: [{ pid: 90, name: 'nginx', container: 'abababababab' }],
      },
    ]);
    assert.deepEqual(findForeignListeners(root, 8080), []);
  });

  test('what is not there is unknown, each fact by itself, and nothing throws', async () => {
    const nothing = hostFolder({});
    const watch = await watchPort(80, { root: nothing });
    const facts = await watch.facts();
    watch.stop();
    for (const fact of [facts.sockets, facts.counters, facts.softnet, facts.pressure.cpu, facts.limits.somaxconn]) {
      assert.match(JSON.stringify(fact), /^\{"unknown":".* is not there"\}$/);
    }
  });
});

test('counters under the names of nstat; gauges and what did not move are left out', () => {
  const files = (overflows: number, established: number) => ({
    'proc/self/net/netstat': `TcpExt: SyncookiesSent ListenOverflows\nTcpExt: 0 ${overflows}\n`,
    'proc/self/net/snmp': `Tcp: CurrEstab InSegs\nTcp: ${established} 10\n`,
    'proc/self/net/snmp6': `Ip6InReceives                   \t${overflows}\n`,
  });
  const before = readCounters(hostFolder(files(1, 5)));
  const after = readCounters(hostFolder(files(4, 9)));
  assert.ok(isKnown(before) && isKnown(after));
  assert.deepEqual(counterDeltas(before, after), { TcpExtListenOverflows: 3, Ip6InReceives: 3 });
});

test('limits, pressure, softnet', () => {
  const root = hostFolder({
    'proc/sys/net/core/somaxconn': '4096\n',
    'proc/sys/net/netfilter/nf_conntrack_count': '9\n',
    'proc/sys/net/netfilter/nf_conntrack_max': '10\n',
    'proc/sys/net/ipv4/tcp_max_tw_buckets': '131072\n',
    'proc/sys/net/ipv4/tcp_mem': '10\t20\t30\n',
    'proc/sys/net/ipv4/ip_local_port_range': '32768\t60999\n',
    'proc/sys/fs/file-nr': '100\t0\t200\n',
    'proc/self/net/sockstat': 'sockets: used 1\nTCP: inuse 5 orphan 0 tw 3 alloc 7 mem 4\n',
    'proc/self/net/softnet_stat': '0000000a 00000001 00000002 0\n0000000b 0000000f 00000000 0\n',
    'proc/pressure/cpu': 'some avg10=12.50 avg60=1.00 avg300=0.00 total=1\n',
  });
  const limits = readLimits(root);
  assert.equal(limits.somaxconn, 4096);
  assert.deepEqual(limits.conntrack, { used: 9, limit: 10 });
  assert.deepEqual(limits.timeWait, { used: 3, limit: 131_072 });
  assert.deepEqual(limits.files, { used: 100, limit: 200 });
  assert.deepEqual(limits.tcpMemory, { used: 4, limit: 30 });
  assert.deepEqual(limits.localPorts, [32_768, 60_999]);
  assert.deepEqual(readSoftnet(root), { dropped: 16, squeezed: 2 });
  assert.equal(readPressure(root).cpu, 0.125);
  assert.ok(!isKnown(readPressure(root).io));
});

test('a container by the path of its control group', () => {
  const id = 'c0ffee'.repeat(11).slice(0, 64);
  for (const path of [
    `/docker/${id}`,
    `/system.slice/docker-${id}.scope`,
    `/kubepods.slice/kubepods-pod1.slice/cri-containerd-${id}.scope`,
    `/machine.slice/libpod-${id}.scope/container`,
  ]) {
    assert.equal(containerOf(path), id.slice(0, 12), path);
  }
  assert.equal(containerOf('/lxc/web'), 'web');
  assert.equal(containerOf('/system.slice/nginx.service'), null);
});

const LINUX = process.platform === 'linux' ? {} : { skip: 'SKIPPED, NOT TESTED: these facts are read on Linux alone' };

describe('this host', LINUX, () => {
  test('netlink and /proc tell the same sockets', async () => {
    const server = createServer().listen(0, '::');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const client = connect(port, '127.0.0.1');
    await Promise.all([once(client, 'connect'), once(server, 'connection')]);
    const words = (sockets: Awaited<ReturnType<typeof readDiagSockets>>): string[] => {
      assert.ok(isKnown(sockets), JSON.stringify(sockets));
      return sockets.map(({ state, local, remote, inode }) => `${state} ${local} ${remote} ${inode}`).sort();
    };
    const netlink = await readDiagSockets(port);
    assert.deepEqual(words(netlink), words(readProcSockets(HOST_ROOT, 'self', port)));
    assert.ok(isKnown(netlink));
    const listener = summarizeSockets(netlink).listeners[0];
    assert.equal(listener?.dualStack, true);
    assert.equal(listener?.backlog, 511, 'what Node asks listen() for');
    client.destroy();
    server.close();
  });

  test('a queue is looked at in the time that the facts count from, and none that it was full in before', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    let look = await lookAtHost(HOST_ROOT, true);
    const watch = await watchPort((server.address() as AddressInfo).port, { before: () => look, keptSeconds: 60 });
    const earlier = (await watch.facts([], true)).samples.length;
    await new Promise((resolve) => setTimeout(resolve, 20));
    look = await lookAtHost(HOST_ROOT, true);
    const facts = await watch.facts([], true);
    watch.stop();
    server.close();
    assert.ok(earlier >= 1);
    assert.ok(
      facts.samples.every(({ atSeconds }) => atSeconds >= 0.02),
      'the last ones alone',
    );
    assert.ok(watch.fromMillis >= look.atMillis);
  });

  test('a server that is busy with itself: a full queue that is not emptied, and a thread at 100 %', async () => {
    const code = `require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, function () {
      process.stdout.write(String(this.address().port));
      setTimeout(() => { for (;;); }, 100);
    })`;
    const server = spawn(process.execPath, ['--eval', code]);
    try {
      const port = Number(String((await once(server.stdout, 'data'))[0]));
      await new Promise((resolve) => setTimeout(resolve, 200));
      const clients = [1, 2, 3].map(() => connect(port, '127.0.0.1').on('error', () => undefined));
      await once(clients[0] as (typeof clients)[0], 'connect');
      const watch = await watchPort(port);
      // The third SYN is repeated after a second.
      await new Promise((resolve) => setTimeout(resolve, 1500));
      const facts = await watch.facts();
      watch.stop();
      for (const client of clients) client.destroy();
      assert.ok(isKnown(facts.sockets) && isKnown(facts.processes));
      assert.equal(facts.sockets.listeners[0]?.queue, 2);
      assert.equal(facts.sockets.waitingForAccept, 2);
      assert.ok((known(facts.sockets.longestWaitSeconds) ?? 0) >= 0.9);
      assert.ok(facts.samples.length >= 3 && facts.samples.every(({ queue, taken }) => queue === 2 && taken === 0));
      const [owner] = facts.processes;
      assert.equal(owner?.pid, server.pid);
      // How much of a processor it got depends on what else runs here; that no other thread of it got any does not.
      const [busiest, ...others] = known(owner?.threads ?? []) ?? [];
      const rest = others.reduce((sum, { cpuShare }) => sum + cpuShare, 0);
      assert.ok((busiest?.cpuShare ?? 0) > 4 * rest, `one thread is busy: ${JSON.stringify([busiest, ...others])}`);
      assert.ok(Number(known(facts.counters)?.['TcpExtListenOverflows']) >= 1);
    } finally {
      server.kill('SIGKILL');
    }
  });
});
