/** The built command in a process of its own: words, streams and exit codes. */
import assert from 'node:assert/strict';
import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { commandFile, fixturesFolder } from '../support/paths.ts';

const REFUSED = path.join(fixturesFolder, 'kernel/closed_port/server.pcap');
const FINE = path.join(fixturesFolder, 'kernel/normal_v4/server.pcap');
const folder = mkdtempSync(path.join(tmpdir(), 'tripod-cli-'));
after(() => rmSync(folder, { recursive: true }));

function tripod(
  words: readonly string[],
  options: { env?: Record<string, string>; input?: Uint8Array } = {},
): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, [commandFile, ...words], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], ...options.env },
    ...(options.input === undefined ? {} : { input: options.input }),
  });
}

test('--help names the commands, and every command has examples', () => {
  const { stdout, status, stderr } = tripod(['--help']);
  assert.equal(status, 0);
  assert.equal(stderr, '');
  for (const command of ['analyze', 'show', 'completion']) {
    assert.match(stdout, new RegExp(`tripod ${command}`));
    const help = tripod([command, '--help']);
    assert.equal(help.status, 0);
    assert.match(help.stdout, /Examples:\n {2}.*tripod/);
  }
});

test('--version is the version of the package', () => {
  const { version } = JSON.parse(readFileSync(path.join(fixturesFolder, '../package.json'), 'utf8'));
  assert.equal(tripod(['--version']).stdout, `${version}\n`);
});

for (const [words, sentence] of [
  [[], /^tripod: name a capture file, or a command\nSee: tripod --help\n$/],
  [['analise', 'x'], /^tripod: unknown command analise: did you mean analyze\?\n/],
  [
    ['analyze', REFUSED, '--patiance', '3'],
    /^tripod: unknown option --patiance: did you mean --patience\?\nSee: tripod analyze --help\n$/,
  ],
  [
    ['analyze', REFUSED, '--patience', 'long'],
    /^tripod: --patience takes a duration such as .*, not "long"\nSee: tripod analyze --help\n$/,
  ],
  [['analyze', REFUSED, '--format', 'tabel'], /did you mean table\?/],
  [['analyze'], /^tripod: an argument is missing: tripod analyze <files\.\.>\n/],
  [['show', REFUSED], /^tripod: an argument is missing: tripod show <file> <id>\n/],
  [['show', REFUSED, '99'], /^tripod: there is no attempt #99 in .*: it has #1 to #3\n$/],
  [['analyze', 'no-such-file.pcap'], /^tripod: there is no file no-such-file\.pcap/],
  [
    ['analyze', REFUSED, '--out', '/no/such/folder/x'],
    /^tripod: \/no\/such\/folder\/x can't be written: its folder is not there\n$/,
  ],
  [['analyze', REFUSED, '--out', REFUSED], /is one of the captures that are read: name another file\n$/],
  [['analyze', REFUSED, '--port'], /^tripod: --port needs a value after it\nSee: tripod analyze --help\n$/],
  [['analyze', REFUSED, '--format'], /^tripod: --format needs a value after it: table, json, ndjson, csv\n/],
  [['live', '-i'], /^tripod: -i needs a value after it\nSee: tripod live --help\n$/],
  [['analyze', REFUSED, '--port', ''], /^tripod: --port takes ports from 0 to 65535, .*, not ""\n/],
  [['analyze', '--', '--port'], /^tripod: there is no file --port: check the path\n$/],
  [['completion', 'fish'], /takes bash, zsh, not "fish"/],
] as const) {
  test(`"${words.map((word) => path.basename(word)).join(' ')}" can't be done: exit 2, a sentence on standard error, nothing on standard output`, () => {
    const { status, stdout, stderr } = tripod(words);
    assert.match(stderr, sentence);
    assert.equal(stdout, '');
    assert.equal(status, 2);
  });
}

test('--check exits with 1 when a leg is missing, and with 0 when none is; without it the exit code is 0', () => {
  assert.equal(tripod(['analyze', REFUSED]).status, 0);
  assert.equal(tripod(['analyze', REFUSED, '--check']).status, 1);
  assert.equal(tripod(['analyze', FINE, '--check']).status, 0);
});

test('--check exits with 1 when a port that was asked for saw no SYN', () => {
  assert.equal(tripod(['analyze', FINE, '--port', '9999', '--check']).status, 1);
});

test('a capture alone is analyzed, by name and from standard input', () => {
  const named = tripod([REFUSED, '--format', 'csv']);
  const piped = tripod(['-', '--format', 'csv'], { input: readFileSync(REFUSED) });
  assert.equal(named.status, 0);
  assert.equal(named.stdout.split('\n').length, 5);
  assert.equal(piped.stdout, named.stdout);
});

test('after -- every word is a file, whatever it begins with', () => {
  const file = path.join(folder, '-dash.pcap');
  copyFileSync(REFUSED, file);
  const spawned = (words: readonly string[]) =>
    spawnSync(process.execPath, [commandFile, ...words], { encoding: 'utf8', cwd: folder });
  const wanted = tripod([REFUSED, '--format', 'csv']).stdout;
  assert.equal(spawned(['analyze', '--format', 'csv', '--', '-dash.pcap']).stdout, wanted);
  assert.equal(spawned(['--format', 'csv', '--', '-dash.pcap']).stdout, wanted);
  assert.match(spawned(['show', '--', '-dash.pcap', '1']).stdout, /^Attempt #1/);
  rmSync(file);
});

test('every format of a real capture can be read again', () => {
  const document = JSON.parse(tripod([REFUSED, '--format', 'json']).stdout);
  assert.equal(document.handshakes.length, 3);
  assert.equal(document.servers[0].missingLeg, 'syn-ack');
  const lines = tripod([REFUSED, '--format', 'ndjson']).stdout.trimEnd().split('\n');
  assert.deepEqual(
    lines.map((line) => JSON.parse(line)),
    document.handshakes,
  );
});

test('a piped table has no colour; FORCE_COLOR brings it, NO_COLOR and --no-color take it away', () => {
  const plain = tripod([REFUSED]).stdout;
  assert.ok(!plain.includes('\u001b'));
  assert.ok(tripod([REFUSED], { env: { FORCE_COLOR: '1' } }).stdout.includes('\u001b['));
  assert.equal(tripod([REFUSED], { env: { FORCE_COLOR: '1', NO_COLOR: '1' } }).stdout, plain);
  assert.equal(tripod([REFUSED, '--no-color'], { env: { FORCE_COLOR: '1' } }).stdout, plain);
  assert.ok(tripod([REFUSED, '--color'], { env: { NO_COLOR: '1' } }).stdout.includes('\u001b['));
});

test('--out writes the whole result to the file, over an older one, and leaves nothing beside it', () => {
  const file = path.join(folder, 'result.json');
  writeFileSync(file, 'older');
  const { status, stdout } = tripod([REFUSED, '--format', 'json', '--out', file]);
  assert.equal(status, 0);
  assert.equal(stdout, '');
  assert.equal(readFileSync(file, 'utf8'), tripod([REFUSED, '--format', 'json']).stdout);
  assert.deepEqual(readdirSync(folder), ['result.json']);
});

test('a damaged capture gives what came before the damage, the offset on standard error, and exit 2', () => {
  const bytes = readFileSync(REFUSED);
  const damaged = Buffer.concat([bytes, Buffer.alloc(16, 0xff)]);
  const { status, stdout, stderr } = tripod(['-', '--format', 'ndjson', '--check'], { input: damaged });
  assert.equal(stdout.trimEnd().split('\n').length, 3);
  assert.match(stderr, new RegExp(`byte ${bytes.length}`));
  assert.equal(status, 2);
});

test('a reader that goes away after the first line is no error', async () => {
  const many = path.join(fixturesFolder, 'kernel/concurrent_50/client.pcap');
  const files = Array.from({ length: 1 }, () => many);
  const child = spawn(process.execPath, [commandFile, ...files, '--format', 'ndjson'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let told = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    told += text;
  });
  // The pipe is closed before the programme has written anything.
  child.stdout.destroy();
  const status = await new Promise((resolve) => child.on('close', resolve));
  assert.equal(told, '');
  assert.equal(status, 0);
});

/** The first record of a capture (an ARP request) again and again, at least `octets` of them. */
function fillerAfter(file: string, octets: number): Buffer {
  const bytes = readFileSync(file);
  const record = bytes.subarray(24, 24 + 16 + bytes.readUInt32LE(24 + 8));
  return Buffer.concat(Array.from({ length: Math.ceil(octets / record.length) }, () => record));
}

for (const out of [null, 'interrupted.json']) {
  test(`Ctrl-C ends the reading of a pipe that goes on, and what came is reported${out === null ? '' : ' into a file'}`, async () => {
    const file = out === null ? null : path.join(folder, out);
    const words = ['-', '--format', 'json', ...(file === null ? [] : ['--out', file])];
    const child = spawn(process.execPath, [commandFile, ...words], { stdio: ['pipe', 'pipe', 'pipe'] });
    let printed = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
    });
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
    // More than a pipe holds: when it is all handed over, the capture at its beginning was read. The pipe stays open.
    child.stdin.write(Buffer.concat([readFileSync(REFUSED), fillerAfter(REFUSED, 4_000_000)]), () =>
      child.kill('SIGINT'),
    );
    assert.equal(await ended, 0);
    const document = JSON.parse(file === null ? printed : readFileSync(file, 'utf8'));
    assert.equal(document.summary.byVerdict.refused, 3);
    assert.deepEqual(document.capture.warnings, ['reading was stopped before the end']);
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.endsWith('.part')),
      [],
    );
  });
}

test('show draws the attempt, and gives it as JSON', () => {
  const ladder = tripod(['show', REFUSED, '#2']).stdout;
  assert.match(ladder, /^Attempt #2 /);
  assert.match(ladder, /\|-+ SYN -+>\|/);
  assert.match(ladder, /\|<-+ RST, ACK -+\|/);
  const { handshake, segments } = JSON.parse(tripod(['show', REFUSED, '2', '--format', 'json']).stdout);
  assert.equal(handshake.id, 2);
  assert.equal(segments.length, 2);
});

test('the completion scripts are shell that their shell can read', () => {
  const { stdout, status } = tripod(['completion', 'bash']);
  assert.equal(status, 0);
  const checked = spawnSync('bash', ['-n'], { input: stdout, encoding: 'utf8' });
  if (checked.error === undefined) assert.deepEqual([checked.status, checked.stderr], [0, '']);
  assert.match(tripod(['completion', 'zsh']).stdout, /^#compdef tripod\n/);
});

test('bash completes commands, options and their words', (t) => {
  const script = tripod(['completion', 'bash']).stdout;
  const complete = (...words: string[]): string[] => {
    const asked = `${script}\nCOMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')})\nCOMP_CWORD=$((\${#COMP_WORDS[@]}-1))\n_tripod 2>/dev/null\nprintf '%s\\n' "\${COMPREPLY[@]}"`;
    return spawnSync('bash', ['--norc'], { input: asked, encoding: 'utf8' }).stdout?.trim().split('\n') ?? [];
  };
  if (spawnSync('bash', ['-c', 'true']).error !== undefined) return t.skip('no bash here');
  assert.deepEqual(complete('tripod', 'an'), ['analyze']);
  assert.deepEqual(complete('tripod', 'analyze', 'a.pcap', '--pat'), ['--patience']);
  assert.deepEqual(complete('tripod', 'a.pcap', '--form'), ['--format']);
  assert.deepEqual(complete('tripod', 'analyze', '--format', 'nd'), ['ndjson']);
});

test('the self-check says where a capture is damaged, and not that it is complete', () => {
  const bytes = readFileSync(path.join(fixturesFolder, 'kernel/concurrent_50/client.pcap'));
  // Headers of records in the middle, forged.
  bytes.fill(0xff, 3000, 3400);
  const { stdout, status } = tripod(['analyze', '-'], { input: bytes });
  assert.equal(status, 2);
  assert.match(stdout, /ends\s+standard input: pcap damaged at byte \d+: expected/);
  assert.doesNotMatch(stdout, /ends\s+complete/);
});

test('--out /dev/stdout writes into a pipe', (t) => {
  if (!existsSync('/dev/stdout')) return t.skip('no /dev/stdout here');
  const words = ['analyze', REFUSED, '--format', 'json', '--out', '/dev/stdout'];
  const command = [process.execPath, commandFile, ...words].map((word) => `'${word}'`).join(' ');
  const { stdout, stderr } = spawnSync('sh', ['-c', `${command} | cat`], { encoding: 'utf8' });
  assert.equal(stderr, '');
  assert.equal(JSON.parse(stdout).summary.byVerdict.refused, 3);
});
