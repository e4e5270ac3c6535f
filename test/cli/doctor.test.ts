/** The built `tripod doctor` on this host: faults that need no rights. */
import assert from 'node:assert/strict';
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { parseTarget } from '../../src/cli/resolve-doctor.ts';
import type { Step, Verdict } from '../../src/doctor/checkup.ts';
import { commandFile } from '../support/paths.ts';

const LINUX =
  process.platform === 'linux' ? {} : { skip: 'SKIPPED, NOT TESTED: doctor reads the facts of Linux alone' };

const ROOT = process.getuid?.() === 0 ? {} : { skip: 'SKIPPED, NOT TESTED: capturing needs root' };
const folder = mkdtempSync(path.join(tmpdir(), 'tripod-doctor-test-'));
after(() => rmSync(folder, { recursive: true }));

interface Document {
  readonly steps: readonly Step[];
  readonly verdict: Verdict;
}

async function doctor(words: readonly string[]): Promise<Ended> {
  return ended(start(['doctor', ...words]));
}

interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

function start(words: readonly string[], cwd?: string, temporary?: string): ChildProcessWithoutNullStreams {
  const env = { PATH: process.env['PATH'], ...(temporary === undefined ? {} : { TMPDIR: temporary }) };
  return spawn(process.execPath, [commandFile, ...words], { cwd, env });
}

async function ended(child: ChildProcessWithoutNullStreams): Promise<Ended> {
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (text) => {
    stdout += text;
  });
  child.stderr.on('data', (text) => {
    stderr += text;
  });
  const [status] = await once(child, 'close');
  return { status, stdout, stderr };
}

async function listening(host: string): Promise<{ port: number; close(): void }> {
  const server = createServer((socket) => socket.resume().on('error', () => undefined)).listen(0, host);
  await once(server, 'listening');
  return { port: (server.address() as { port: number }).port, close: () => server.close() };
}

test('targets', () => {
  assert.deepEqual(parseTarget('443'), { host: null, port: 443 });
  assert.deepEqual(parseTarget('www.example.org:443'), { host: 'www.example.org', port: 443 });
  assert.deepEqual(parseTarget('10.0.0.1:80'), { host: '10.0.0.1', port: 80 });
  assert.deepEqual(parseTarget('[2001:db8::1]:80'), { host: '2001:db8::1', port: 80 });
  for (const wrong of ['', 'http', '0', '65536', '10.0.0.1', '2001:db8::1', '[x]:80', 'a:b:80', ':80']) {
    assert.throws(() => parseTarget(wrong), /doctor takes a port such as 443/, wrong);
  }
});

test('a target that is none: exit 2 and a sentence', async () => {
  const { status, stdout, stderr } = await doctor(['http']);
  assert.equal(status, 2);
  assert.equal(stdout, '');
  assert.match(stderr, /^tripod: doctor takes a port such as 443/);
});

describe('on this host', LINUX, () => {
  test('a healthy port under load: no finding in steps 1 to 4, exit 0', async () => {
    const server = await listening('0.0.0.0');
    let working = true;
    const clients = async (): Promise<void> => {
      while (working) {
        const socket = connect(server.port, '127.0.0.1');
        await once(socket, 'connect');
        socket.destroy();
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    };
    const load = clients();
    const { status, stdout } = await doctor([String(server.port), '--duration', '1s', '--format', 'json']);
    working = false;
    await load;
    server.close();
    const document = JSON.parse(stdout) as Document;
    // Other tests take processors: what is said of the whole host does not count here.
    const troubles = document.steps
      .flatMap(({ findings }) => findings)
      .filter(({ id, status }) => status !== 'pass' && status !== 'unknown' && id !== 'cpu-pressure');
    assert.deepEqual(troubles, []);
    // Without rights nobody looks at the packets, and nobody knows whether others get through.
    const isRoot = process.getuid?.() === 0;
    assert.equal(document.verdict.status, isRoot ? 'healthy' : 'unclear');
    assert.equal(status, isRoot ? 0 : 2);
  });

  test('a closed port: said in text, exit 1', async () => {
    const server = await listening('127.0.0.1');
    server.close();
    const { status, stdout } = await doctor([String(server.port), '--duration', '1s']);
    assert.equal(status, 1);
    assert.match(stdout, /^1\. Is the process well\?/);
    assert.match(
      stdout,
      /\n2\. Does it listen, and take its connections\? {2}fail\n {3}fail {4}nothing listens on port/,
    );
    assert.match(stdout, /by hand: ss -ltnp/);
    assert.match(stdout, /\nVerdict: fault\. port \d+: (?:the SYN-ACK is missing: )?nothing\s+listens on port\s+\d+\n/);
  });

  test('bound to loopback alone: a fault for everybody else, none when 127.0.0.1 is what was asked for', async () => {
    const server = await listening('127.0.0.1');
    const all = JSON.parse((await doctor([String(server.port), '--duration', '1s', '--format', 'json'])).stdout);
    assert.deepEqual(all.verdict.findings, ['bound-to-loopback']);
    const one = await doctor([`127.0.0.1:${server.port}`, '--duration', '1s', '--format', 'json']);
    server.close();
    assert.deepEqual(JSON.parse(one.stdout).verdict.findings, []);
    assert.equal(one.status, 0);
  });

  test('a server that is stopped with a full queue: the stopped process comes first', async () => {
    const code = `require('node:net').createServer().listen({ port: 0, host: '0.0.0.0', backlog: 1 }, function () {
      process.stdout.write(String(this.address().port));
    })`;
    const server = spawn(process.execPath, ['--eval', code]);
    try {
      const port = Number(String((await once(server.stdout, 'data'))[0]));
      server.kill('SIGSTOP');
      const clients = [1, 2].map(() => connect(port, '127.0.0.1').on('error', () => undefined));
      await Promise.all(clients.map((client) => once(client, 'connect')));
      const { status, stdout } = await doctor([String(port), '--duration', '1s', '--format', 'json']);
      for (const client of clients) client.destroy();
      const { verdict } = JSON.parse(stdout) as Document;
      assert.equal(status, 1);
      assert.deepEqual(verdict.findings.slice(0, 3), ['process-stopped', 'accept-queue-full', 'connect-timeout']);
    } finally {
      server.kill('SIGKILL');
    }
  });

  test('--keep: packets, facts and verdict in a folder, and analyze says the verdict again', ROOT, async () => {
    const server = await listening('127.0.0.1');
    server.close();
    const kept = path.join(folder, 'kept');
    const { stderr } = await doctor([String(server.port), '--duration', '1s', '--keep', kept]);
    assert.match(stderr, /packets, facts and verdict are kept in /);
    assert.deepEqual(readdirSync(kept), ['checkup.json', 'checkup.txt', 'packets.pcap']);
    const analyzed = await ended(start(['analyze', kept]));
    assert.equal(analyzed.status, 0);
    assert.match(analyzed.stdout, /the SYN-ACK is missing in/);
    assert.match(analyzed.stdout, /What tripod doctor found on the host/);
    assert.match(analyzed.stdout, /Verdict: fault\. port \d+: the SYN-ACK is missing: nothing\s+listens/);
    const again = await doctor([String(server.port), '--keep', kept]);
    assert.equal(again.status, 2);
    assert.match(again.stderr, /there is something of that name: name a new folder/);
    writeFileSync(path.join(kept, 'checkup.json'), '{"steps":[],"verdict":{"status":"fault"}}');
    const forged = await ended(start(['analyze', kept]));
    assert.equal(forged.status, 2);
    assert.match(forged.stderr, /checkup\.json is no checkup of tripod doctor/);
  });

  test('--watch: looks again until the fault shows itself, and keeps it', ROOT, async () => {
    const cwd = mkdtempSync(path.join(folder, 'watch-'));
    const server = await listening('0.0.0.0');
    const child = start(['doctor', String(server.port), '--duration', '1s', '--watch'], cwd);
    const end = ended(child);
    child.stderr.once('data', () => server.close());
    const { status, stdout, stderr } = await end;
    assert.equal(status, 1);
    // Other tests take processors, of which this host is warned.
    assert.match(stderr, /round 1: port \d+: no fault found on this host(?:, with one warning)?; .*; looking again/);
    assert.match(stdout, /Verdict: fault\. .*nothing\s+listens/);
    const [kept] = readdirSync(cwd);
    assert.match(kept ?? '', /^tripod-doctor-\d+-\d{8}T\d{6}Z$/);
  });

  test(
    '--watch: the place where it is to be kept is gone: the packets are left where they are, and it says where',
    ROOT,
    async () => {
      const place = mkdtempSync(path.join(folder, 'gone-'));
      const server = await listening('0.0.0.0');
      const words = ['doctor', String(server.port), '--duration', '1s', '--watch', '--keep', path.join(place, 'kept')];
      const child = start(words, folder);
      const end = ended(child);
      child.stderr.once('data', () => {
        rmSync(place, { recursive: true });
        server.close();
      });
      const { status, stdout, stderr } = await end;
      assert.equal(status, 2);
      assert.match(stdout, /Verdict: fault\./, 'told all the same');
      assert.match(stderr, /there is no file .*kept: check the path/);
      const left = /the packets are left in (\S+)/.exec(stderr)?.[1] ?? '';
      assert.ok(readdirSync(left).includes('packets.pcap'), stderr);
      rmSync(left, { recursive: true });
    },
  );

  test('SIGTERM and SIGHUP end it with the verdict so far, and nothing is left behind', ROOT, async () => {
    const server = await listening('0.0.0.0');
    for (const signal of ['SIGTERM', 'SIGHUP'] as const) {
      const temporary = mkdtempSync(path.join(folder, 'ended-'));
      const child = start(['doctor', String(server.port), '--duration', '1h'], folder, temporary);
      const end = ended(child);
      await once(child.stderr, 'data');
      assert.equal(readdirSync(temporary).length, 1);
      child.kill(signal);
      const { status, stdout } = await end;
      assert.equal(status, 0, signal);
      assert.match(stdout, /Verdict: healthy/);
      assert.deepEqual(readdirSync(temporary), []);
    }
    server.close();
  });

  test('--keep in a folder that is not there: said at once', async () => {
    const { status, stderr } = await doctor(['443', '--watch', '--keep', path.join(folder, 'no/such/place')]);
    assert.equal(status, 2);
    assert.match(stderr, /no\/such is not there: make it first/);
  });
});
