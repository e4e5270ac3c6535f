/** Capturing with libpcap, on this host's loopback: needs the right to capture. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import path from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { analyze } from '../../src/index.ts';
import { openLive } from '../../src/source/live/live-capture.ts';
import { LIVE_DEFAULTS } from '../../src/source/live/options.ts';

const isRoot = process.getuid?.() === 0;
if (!isRoot) process.stderr.write('SKIPPED: live capture is tested as root alone; run the tests with sudo\n');

describe('live capture on loopback', { skip: isRoot ? false : 'needs root' }, () => {
  test('a handshake and a refusal are seen as they are in a file, with nanoseconds, and counted once', async () => {
    const server = createServer((socket) => socket.end()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const [capture] = await openLive({
      ...LIVE_DEFAULTS,
      interfaces: ['lo'],
      filter: `tcp port ${port} or tcp port 9`,
    });
    assert.ok(capture !== undefined);
    const analyzed = analyze(capture.chunks());
    await once(connect(port, '127.0.0.1').resume(), 'close');
    await once(connect(9, '127.0.0.1'), 'error').catch(() => {});
    await wait(100);
    capture.stop();
    const { report, handshakes, failures } = await analyzed;
    server.close();
    assert.deepEqual(failures, []);
    assert.deepEqual(report.summary.byVerdict, { complete: 1, refused: 1 });
    assert.match(handshakes[0]?.legs.syn.first ?? '', /^\d+\.\d{9}$/);
    assert.equal(capture.statistics()?.droppedByKernel, 0);
  });

  test('no such interface, a wrong filter, and no right are one sentence each', async () => {
    const open = (interfaces: string[], filter = ''): Promise<unknown> =>
      openLive({ ...LIVE_DEFAULTS, interfaces, filter });
    await assert.rejects(open(['nosuch0']), {
      name: 'UserError',
      message: /^there is no interface nosuch0 here; there are: .*lo/,
    });
    await assert.rejects(open(['lo'], 'tcp port 99999'), {
      name: 'UserError',
      message:
        /^the filter "tcp port 99999" is wrong: illegal port number.*, at "port 99999" behind "tcp" \(see man pcap-filter\)$/,
    });
  });

  test('root is given up in every thread, and the capture goes on', async () => {
    // In a process of its own: what it gives up can't be had back.
    const script = path.join(import.meta.dirname, '../support/capture-as-nobody.js');
    const { stdout: said } = await promisify(execFile)(process.execPath, [script], { timeout: 20_000 });
    assert.match(said, /^packets: [1-9]\d*; still root: 0; capabilities: 0\n$/);
  });
});
