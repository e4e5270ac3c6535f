/** `tripod live` as a process: what it says while a pipe is open, how it ends, what it keeps. */
import assert from 'node:assert/strict';
import { type ChildProcess, type ChildProcessByStdio, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { after, describe, test } from 'node:test';
import { analyze, type Handshake } from '../../src/index.ts';
import { LineReader } from '../support/line-reader.ts';
import { commandFile, fixturesFolder } from '../support/paths.ts';
import { parseScript } from '../support/script.ts';
import { encodeScript } from '../support/script-frames.ts';

const REFUSED = readFileSync(path.join(fixturesFolder, 'kernel/closed_port/server.pcap'));
const [ONE_SYN] = encodeScript(
  parseScript('end c 10.0.0.1:40000\nend s 10.0.0.2:80\n0.000 c > s S 1000:1000(0)\n'),
) as [Uint8Array];
/** Of a client's port 40000 + number, so many minutes later. */
function refusal(number: number): Uint8Array {
  const script = `start ${1_700_000_000 + 60 * number}\nend c 10.0.0.1:4000${number}\nend s 10.0.0.2:80
0.000 c > s S 1000:1000(0)\n0.001 s > c R. 0:0(0) ack 1001 win 0\n`;
  return encodeScript(parseScript(script))[0] as Uint8Array;
}

const folder = mkdtempSync(path.join(tmpdir(), 'tripod-saying-'));
after(() => rmSync(folder, { recursive: true }));

function live(...words: readonly string[]): ChildProcessByStdio<Writable, Readable, Readable> {
  return spawn(process.execPath, [commandFile, 'live', ...words], { stdio: ['pipe', 'pipe', 'pipe'] });
}

function all(stream: Readable): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    stream.on('data', (more) => {
      text += more;
    });
    stream.on('close', () => resolve(text));
  });
}

const stalls = process.platform === 'linux' ? {} : { skip: 'SKIPPED, NOT TESTED: needs /proc' };

/** One that has judged 5001 attempts, with more records than the pipe, which nobody reads, has room for. */
async function withStalledReader(name: string): Promise<{ child: ChildProcess; errors: LineReader; fifo: string }> {
  const fifo = path.join(folder, name);
  execFileSync('mkfifo', [fifo]);
  openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
  const writeEnd = openSync(fifo, constants.O_WRONLY);
  const words = [commandFile, 'live', '-', '--format', 'ndjson'];
  const child = spawn(process.execPath, words, { stdio: ['pipe', writeEnd, 'pipe'] });
  closeSync(writeEnd);
  const errors = new LineReader(child.stderr as Readable);
  child.stdin?.write(floodOf5000());
  await reported(child, errors, '5,001 attempts');
  return { child, errors, fifo };
}

/** Resolves when the report says so. The packets have been judged when it knows of them: it is asked for until it does. */
async function reported(child: ChildProcess, errors: LineReader, words: string): Promise<void> {
  await errors.find((line) => line.startsWith('tripod: reading'));
  const asking = setInterval(() => child.kill('SIGUSR1'), 200);
  try {
    await errors.find((line) => line.includes(words));
  } finally {
    clearInterval(asking);
  }
}

/** 5001 attempts in half a second, each of another client. */
function floodOf5000(): Uint8Array {
  const flood = 'flood 5000 every 0.0001 from 10.3.0.1:1000 to s';
  const script = `end c 10.0.0.1:40000\nend s 10.0.0.2:80\n0.000 c > s S 1000:1000(0)\n0.001 ${flood}\n`;
  return encodeScript(parseScript(script))[0] as Uint8Array;
}

const isVerdict = (line: string): boolean => line.includes(' missing (');

describe('a pipe that stays open', { concurrency: 3, timeout: 60_000 }, () => {
  test('says a verdict that rests on a packet while it is open; Ctrl-C ends it with the report', async () => {
    const child = live('-');
    const lines = new LineReader(child.stdout);
    const exit = once(child, 'close');
    child.stdin.write(REFUSED);
    assert.match(
      await lines.find(isVerdict),
      /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z #1 10\.9\.0\.1:\d+ > 10\.9\.0\.2:2323 {2}SYN-ACK missing \(refused\): A RST answers the SYN/,
    );
    child.kill('SIGINT');
    assert.deepEqual(await exit, [0, null]);
    assert.match(lines.all().join('\n'), /Did the port receive a SYN\?.*Self-check/s);
  });

  test('without a packet no time goes on, and that is said', async () => {
    const child = live('-', '--patience', '100ms');
    const out = new LineReader(child.stdout);
    const errors = new LineReader(child.stderr);
    child.stdin.write(ONE_SYN);
    assert.match(
      await errors.find((line) => line.includes('waits')),
      /^tripod: a handshake waits for an answer, and nothing has come for \d+ s: .*--clock system/,
    );
    assert.deepEqual(out.all(), []);
    child.kill('SIGTERM');
    await once(child, 'close');
    assert.equal(out.all().filter(isVerdict).length, 0);
  });

  test('with --clock system its silence counts', async () => {
    const child = live('-', '--patience', '100ms', '--clock', 'system', '--until-missing', '--check');
    const out = new LineReader(child.stdout);
    const exit = once(child, 'close');
    child.stdin.write(ONE_SYN);
    assert.match(await out.find(isVerdict), /SYN-ACK missing \(no-syn-ack\): One SYN, and no answer of any kind/);
    assert.deepEqual(await exit, [1, null]);
    assert.match(out.all().join(' ').replace(/\s+/g, ' '), /time went on by the clock of this host \(--clock system\)/);
  });

  test('SIGUSR1 shows how matters stand beside a document that stays whole', async () => {
    const child = live('-', '--format', 'json');
    const errors = new LineReader(child.stderr);
    const document = all(child.stdout);
    child.stdin.write(REFUSED);
    await reported(child, errors, '3 attempts');
    child.stdin.end();
    const { summary, handshakes } = JSON.parse(await document);
    assert.equal(summary.byMissingLeg['syn-ack'], 3);
    assert.equal(handshakes.length, 3);
  });

  test('a reader that has gone ends it quietly', async () => {
    const child = live('-');
    const errors = all(child.stderr);
    const exit = once(child, 'close');
    child.stdout.destroy();
    child.stdin.on('error', () => {});
    child.stdin.write(REFUSED);
    assert.deepEqual(await exit, [0, null]);
    assert.match(await errors, /^tripod: reading standard input[^\n]*\n$/);
  });

  for (const signal of ['SIGTERM', 'SIGHUP'] as const) {
    test(`${signal} ends it with the report`, async () => {
      const child = live('-');
      const lines = new LineReader(child.stdout);
      const exit = once(child, 'close');
      child.stdin.write(REFUSED);
      await lines.find(isVerdict);
      child.kill(signal);
      assert.deepEqual(await exit, [0, null]);
      assert.match(lines.all().join('\n'), /Self-check/);
    });
  }

  test('a second Ctrl-C leaves at once, whatever waits to be written', async () => {
    const child = live('-', '--format', 'json');
    const errors = new LineReader(child.stderr);
    const exit = once(child, 'exit');
    child.stdin.write(floodOf5000());
    await reported(child, errors, '5,001 attempts');
    // Nobody reads the document, which is larger than a pipe: the end waits.
    child.kill('SIGINT');
    const again = setInterval(() => child.kill('SIGINT'), 200);
    assert.deepEqual(await exit, [null, 'SIGINT']);
    clearInterval(again);
    child.stdout.destroy();
  });

  test(
    'a reader that stalls: packets are judged on, Ctrl-C ends the reading, and whoever reads again gets all of it',
    stalls,
    async () => {
      const { child, fifo } = await withStalledReader('resumed');
      const exit = once(child, 'close');
      child.kill('SIGINT');
      const records = await all(spawn('cat', [fifo], { stdio: ['ignore', 'pipe', 'ignore'] }).stdout);
      assert.deepEqual(await exit, [0, null]);
      const ids = records
        .trimEnd()
        .split('\n')
        .map((line) => (JSON.parse(line) as Handshake).id);
      assert.equal(new Set(ids).size, 5001);
    },
  );

  test('a reader that stalls for good: SIGTERM ends it all the same', stalls, async () => {
    const { child, errors } = await withStalledReader('stalled');
    const exit = once(child, 'close');
    child.kill('SIGTERM');
    assert.deepEqual(await exit, [2, null]);
    assert.ok(
      errors.all().includes('tripod: nobody reads the output: the rest of it was left'),
      errors.all().join('\n'),
    );
  });

  test('--count reads no packet more', async () => {
    const child = live('-', '--count', '2', '--format', 'json');
    const document = all(child.stdout);
    child.stdin.on('error', () => {});
    child.stdin.write(REFUSED);
    assert.equal(JSON.parse(await document).capture.sources[0].packets, 2);
  });
});

describe('what is kept', { timeout: 60_000 }, () => {
  test('verdicts stand beside their packets, and the file has the same', async () => {
    const file = path.join(folder, 'kept.pcapng');
    const child = live('-', '--write', file, '--format', 'ndjson');
    const records = all(child.stdout);
    child.stdin.end(REFUSED);
    const told = (await records)
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Handshake);
    const { handshakes } = await analyze(file);
    const said = (list: readonly Handshake[]): string[] =>
      list.map(({ id, verdict, reset }) => `${id} ${verdict} ${reset?.frame}`);
    assert.deepEqual(said(handshakes), said(told));
    const text = readFileSync(file, 'latin1');
    assert.equal(
      text.match(/tripod: 10\.9\.0\.1:\d+ > 10\.9\.0\.2:2323, begun [^:]*:\d\d:[\d.]+Z: SYN-ACK missing \(refused\)/g)
        ?.length,
      3,
    );
  });

  test('a file that is followed, replaced, and cut and begun anew: all of it is kept', async () => {
    const followed = path.join(folder, 'followed.pcap');
    const kept = path.join(folder, 'followed.pcapng');
    writeFileSync(followed, refusal(1));
    const child = live('--follow', followed, '--write', kept);
    const errors = new LineReader(child.stderr);
    const lines = new LineReader(child.stdout);
    const told = (port: number): Promise<string> => lines.find((line) => line.includes(`10.0.0.1:4000${port} `));
    await told(1);
    writeFileSync(`${followed}.new`, refusal(2));
    renameSync(`${followed}.new`, followed);
    await errors.find((line) => line.includes('is a new file: reading it'));
    await told(2);
    truncateSync(followed, 0);
    await errors.find((line) => line.includes('was cut: reading on from its new beginning'));
    writeFileSync(followed, refusal(3));
    await told(3);
    const exit = once(child, 'close');
    child.kill('SIGINT');
    assert.deepEqual(await exit, [0, null]);
    const { handshakes } = await analyze(kept);
    assert.deepEqual(
      handshakes.map(({ client, verdict }) => `${client.port} ${verdict}`),
      ['40001 refused', '40002 refused', '40003 refused'],
    );
  });

  test('a followed file that is cut and has grown again between two looks: nothing is called missing that may have been cut off', async () => {
    const followed = path.join(folder, 'regrown.pcap');
    writeFileSync(followed, ONE_SYN);
    const child = live('--follow', followed, '--format', 'json');
    const document = all(child.stdout);
    const errors = new LineReader(child.stderr);
    await reported(child, errors, '1 attempt');
    writeFileSync(followed, Buffer.concat([refusal(4), refusal(5).subarray(24)]));
    await errors.find((line) => line.includes('was cut: reading on from its new beginning'));
    await reported(child, errors, '3 attempts');
    child.kill('SIGINT');
    const { handshakes } = JSON.parse(await document) as { handshakes: readonly Handshake[] };
    assert.deepEqual(
      handshakes.map(({ client, verdict }) => `${client.port} ${verdict}`),
      ['40000 undecided', '40004 refused', '40005 refused'],
    );
    assert.match(handshakes[0]?.reason ?? '', /lost/);
  });

  test('a set is one capture', async () => {
    const many = Array.from(
      { length: 200 },
      (_, i) =>
        `${(i * 0.01).toFixed(3)} c > s S ${1000 + i}:${1000 + i}(0)\n${(i * 0.01 + 0.001).toFixed(3)} s > c R. 0:0(0) ack ${1001 + i}\n`,
    );
    const [capture] = encodeScript(parseScript(`end c 10.0.0.1:40000\nend s 10.0.0.2:80\n${many.join('')}`));
    const child = live('-', '--write', path.join(folder, 'ring.pcapng'), '--rotate-size', '5kB', '--format', 'ndjson');
    const records = all(child.stdout);
    // In pieces, as a pipe brings them: a file is closed between two writes.
    const bytes = capture as Uint8Array;
    for (let at = 0; at < bytes.length; at += 2000) {
      child.stdin.write(bytes.slice(at, at + 2000));
    }
    child.stdin.end();
    const told = (await records).trimEnd().split('\n').length;
    const files = readdirSync(folder).filter((name) => /^ring_\d{5}_\d{14}\.pcapng$/.test(name));
    assert.ok(files.length >= 1);
    const { handshakes } = await analyze(files.map((name) => path.join(folder, name)));
    assert.equal(handshakes.length, told);
  });

  const isRoot = process.getuid?.() === 0 && process.platform === 'linux';
  const mounts = isRoot ? {} : { skip: 'SKIPPED, NOT TESTED: a small disk needs root and mount namespaces' };
  test('a full disk is said once, the analysis goes on, and what is there can be read', mounts, async () => {
    const copy = path.join(folder, 'copy.pcapng');
    const capture = path.join(folder, 'large.pcap');
    const frames = Array.from(
      { length: 3000 },
      (_, i) => `${(i * 0.001).toFixed(3)} c > s S ${1000 + i}:${1000 + i}(0)\n`,
    );
    const [bytes] = encodeScript(parseScript(`end c 10.0.0.1:40000\nend s 10.0.0.2:80\n${frames.join('')}`));
    writeFileSync(capture, bytes as Uint8Array);
    const command = `mount -t tmpfs -o size=64k none /mnt && "$1" "$2" live - --write /mnt/x.pcapng --format json < "$3"; echo "exit $?" >&2; cp /mnt/x.pcapng "$4"`;
    const words = ['-m', 'sh', '-c', command, 'sh', process.execPath, commandFile, capture, copy];
    const child = spawn('unshare', words, { stdio: ['ignore', 'pipe', 'pipe'] });
    const [document, errors] = await Promise.all([all(child.stdout), all(child.stderr)]);
    assert.equal(JSON.parse(document).summary.attempts, 3000);
    assert.equal(
      errors.match(/the disk is full \(ENOSPC\): --write writes no more, and the analysis goes on/g)?.length,
      1,
      errors,
    );
    assert.match(errors, /exit 2\n/);
    const { report } = await analyze(copy);
    assert.equal(report.capture.sources[0]?.truncated, false);
  });
});

test('options that contradict each other are one sentence each', () => {
  for (const [words, sentence] of [
    [['-', '--rotate-size', '10'], /name its file/],
    [['-', '--write', 'x', '--rotate-files', '3'], /say with --rotate-size or --rotate-seconds/],
    [['-', '--write', '-'], /--write takes the name of a file/],
    [['-', '--write', '/no/such/folder/x'], /its folder is not there/],
    [['-', '--clock', 'wall'], /--clock takes packets, system/],
  ] as const) {
    assert.throws(
      () =>
        execFileSync(process.execPath, [commandFile, 'live', ...words], { input: '', stdio: 'pipe', encoding: 'utf8' }),
      (error: { status: number; stderr: string }) => error.status === 2 && sentence.test(error.stderr),
      words.join(' '),
    );
  }
});
