/** Sets of files that are begun anew by time while packets come: each is whole, and together they are the capture. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { analyze, type Handshake } from '../../src/index.ts';
import { LAB } from '../support/doctor-lab.ts';
import { LinkLab } from '../support/link-lab.ts';

const ROUNDS = 8;

describe('live, with files that are begun anew', { ...LAB, timeout: 120_000 }, () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'tripod-rotation-'));
  let lab: LinkLab;
  before(() => {
    lab = new LinkLab('rot', 1);
  });
  after(() => {
    lab.close();
    rmSync(folder, { recursive: true });
  });

  const setOf = (name: string): string[] =>
    readdirSync(folder)
      .filter((file) => file.startsWith(name))
      .sort()
      .map((file) => path.join(folder, file));

  test('--rotate-seconds: no packet is lost between two files, of --write and --write-missing', async () => {
    const served = lab.spawn(lab.far, process.execPath, '--eval', SERVE);
    await new Promise((resolve) => served.stdout?.once('data', resolve));
    const files = ['--write', path.join(folder, 'all.pcapng'), '--write-missing', path.join(folder, 'bad.pcapng')];
    const words = ['live', '-i', 'v0', '--port', '80,81', '--no-host', '--all', '--format', 'json', ...files];
    const tripod = lab.tripod(...words, '--rotate-seconds', '1');
    await tripod.says(/capturing/);
    for (let round = 0; round < ROUNDS; round++) {
      for (const port of [80, 81]) lab.connect('10.79.0.2', port);
      await new Promise((resolve) => setTimeout(resolve, 400));
    }
    assert.equal(await tripod.interrupt(), 0, tripod.stderr);
    const told = JSON.parse(tripod.stdout);
    assert.equal(told.handshakes.length, 2 * ROUNDS);
    const all = setOf('all_');
    assert.ok(all.length >= 3, all.join());
    assert.deepEqual(said((await analyze(all)).handshakes), said(told.handshakes));
    const packets = await Promise.all(
      all.map(async (file) => (await analyze(file)).report.capture.sources[0]?.packets),
    );
    assert.equal(
      packets.reduce((sum: number, more) => sum + (more ?? 0), 0),
      told.capture.sources[0].packets,
    );
    const lacking = told.handshakes.filter(({ missingLeg }: Handshake) => missingLeg !== null);
    assert.equal(lacking.length, ROUNDS);
    assert.deepEqual(said((await analyze(setOf('bad_'))).handshakes), said(lacking));
  });
});

const SERVE = `require('net').createServer((socket) => socket.on('error', () => {}).end()).listen(80, () => console.log('listening'))`;

function said(handshakes: readonly Handshake[]): string[] {
  const lines = handshakes.map(({ client, server, verdict, legs }) => {
    const times = Object.values(legs).map(({ grade, count, first }) => `${grade} ${count} ${first}`);
    return `${client.port} ${server.port} ${verdict} ${times.join(' ')}`;
  });
  return lines.sort();
}
