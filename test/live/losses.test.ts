/** A handshake that goes on while the kernel has no room for its packets: nobody may be blamed for the packets that the capture lost. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { analyze, type Handshake } from '../../src/index.ts';
import { LAB, Lab, SERVER } from '../support/doctor-lab.ts';
import { LineReader } from '../support/line-reader.ts';
import { commandFile } from '../support/paths.ts';

const SERVE = `require('node:net').createServer((socket) => socket.on('error', () => {})).listen(8080, '0.0.0.0', () => console.log('listening'))`;
const CONNECT = `const socket = require('node:net').connect(8080, '${SERVER}', () => console.log('connected')); setTimeout(() => {}, 1e6)`;
/** SYNs from ever other ports to one where nobody listens; each is answered with a RST: more than 1 MiB of the kernel's ring holds. */
const FLOOD = `const net = require('node:net'); let left = 6000; const one = () => { if (left-- <= 0) return; net.connect(9, '${SERVER}').on('error', one); };
for (let i = 0; i < 100; i++) one(); process.on('exit', () => console.log('done'))`;

const folder = mkdtempSync(path.join(tmpdir(), 'tripod-losses-'));
after(() => rmSync(folder, { recursive: true }));

describe('packets that the kernel dropped', LAB, () => {
  test('make the handshake undecided whose packets they may have been, live and in the file that was kept', async () => {
    const lab = new Lab('loss');
    try {
      await lab.serve(SERVE);
      lab.onServer('nft', 'add', 'table', 'inet', 'lab');
      lab.onServer('nft', 'add', 'chain', 'inet', 'lab', 'c', '{ type filter hook input priority 0; }');
      lab.onServer('nft', 'add', 'rule', 'inet', 'lab', 'c', 'tcp dport 8080 drop');
      const file = path.join(folder, 'kept.pcapng');
      const words = ['live', '-i', lab.link, '--buffer', '1', '--format', 'ndjson', '--write', file];
      const live = lab.spawn(lab.server, process.execPath, commandFile, ...words);
      const records = new LineReader(live.stdout);
      const exit = once(live, 'close');
      await once(live.stderr as NodeJS.ReadableStream, 'data');
      const client = lab.spawn(lab.client, process.execPath, '--eval', CONNECT);
      const connected = once(client.stdout as NodeJS.ReadableStream, 'data');
      // Its first SYN gets no answer: the firewall drops it.
      await wait(500);
      live.kill('SIGSTOP');
      const flood = lab.spawn(lab.client, process.execPath, '--eval', FLOOD);
      await once(flood, 'close');
      lab.onServer('nft', 'delete', 'table', 'inet', 'lab');
      await connected;
      live.kill('SIGCONT');
      const record = await records.find((line) => (JSON.parse(line) as Handshake).server.port === 8080);
      const { verdict, missingLeg, notes, reason } = JSON.parse(record) as Handshake;
      assert.deepEqual({ verdict, missingLeg }, { verdict: 'undecided', missingLeg: null }, reason);
      assert.match(reason, /lost by the capture/);
      assert.ok(notes.includes('capture-loss'));
      live.kill('SIGINT');
      await exit;
      for (const line of records.all()) {
        const { server, missingLeg: missing } = JSON.parse(line) as Handshake;
        assert.ok(server.port !== 8080 || missing === null, line);
      }
      const { report, handshakes } = await analyze(file);
      assert.ok((report.capture.lost.kernel ?? 0) > 0);
      const kept = handshakes.filter(({ server }) => server.port === 8080);
      assert.deepEqual(
        kept.map((handshake) => handshake.verdict),
        ['undecided'],
      );
    } finally {
      lab.close();
    }
  });
});
