/** The second engine, npm `cap`, in a process of its own: what it sees, what it says that it does not know, and its sudden end. */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { after, before, describe, test } from 'node:test';
import { capFilter } from '../../src/source/live/cap-capture.ts';
import { LAB } from '../support/doctor-lab.ts';
import { LinkLab } from '../support/link-lab.ts';
import { commandFile } from '../support/paths.ts';
import { Running } from '../support/running.ts';

const CAP =
  'skip' in LAB || isCapThere() ? LAB : { skip: 'SKIPPED, NOT TESTED: npm cap was not built (g++, libpcap-dev)' };

function isCapThere(): boolean {
  try {
    createRequire(import.meta.url)('cap');
    return true;
  } catch {
    return false;
  }
}

describe('live with the engine cap', { ...CAP, timeout: 120_000 }, () => {
  let lab: LinkLab;
  before(() => {
    lab = new LinkLab('cap', 1);
  });
  after(() => lab.close());

  test('captures by itself where koffi can’t be loaded, and says what would be better', async () => {
    const hook = `export async function resolve(name, context, next) {
      if (name === 'koffi') throw new Error('no build of koffi');
      return next(name, context);
    }`;
    const url = (code: string): string => `data:text/javascript,${encodeURIComponent(code)}`;
    const loader = url(`import { register } from 'node:module'; register(${JSON.stringify(url(hook))});`);
    const words = ['--import', loader, commandFile, 'live', '-i', 'v0', '--port', '81', '--no-host'];
    const tripod = new Running(lab.spawn(lab.far, process.execPath, ...words));
    await tripod.says(/koffi, which calls libpcap, has no build .*; until then the engine cap captures/);
    await tripod.says(/capturing on v0/);
    lab.connect('10.79.0.2', 81);
    await tripod.says(/10\.79\.0\.2:81 {2}SYN-ACK missing \(refused\)/);
    assert.equal(await tripod.interrupt(), 0, tripod.stderr);
  });

  test('tells a refused connection, and that losses and small latencies are unknown', async () => {
    const tripod = lab.tripod('live', '--engine', 'cap', '-i', 'v0', '--port', '81', '--format', 'json');
    await tripod.says(/capturing on v0/);
    lab.connect('10.79.0.2', 81);
    lab.connect('fd79:0::2', 81);
    await new Promise((resolve) => setTimeout(resolve, 2000));
    tripod.child.kill('SIGINT');
    assert.equal(await tripod.ended(), 0, tripod.stderr);
    const { capture, summary } = JSON.parse(tripod.stdout);
    assert.equal(summary.byVerdict.refused, 2);
    assert.deepEqual(capture.lost, { kernel: null, interface: null });
    assert.match(JSON.stringify(capture.sources[0].warnings), /captured with cap, which has neither timestamps/);
  });

  test('ends with a sentence when cap aborts: its interface goes down', async () => {
    const tripod = lab.tripod('live', '--engine', 'cap', '-i', 'v0', '--port', '81');
    await tripod.says(/capturing on v0/);
    lab.connect('10.79.0.2', 81);
    await tripod.says(/SYN-ACK missing \(refused\)/);
    lab.run(lab.far, 'ip', 'link', 'set', 'v0', 'down');
    assert.equal(await tripod.ended(), 2);
    assert.match(tripod.stderr, /v0: the engine cap ended by SIGABRT.*: what came until then is reported/);
    assert.match(tripod.stdout, /Self-check/);
  });

  test('no such interface: a sentence', async () => {
    const tripod = lab.tripod('live', '--engine', 'cap', '-i', 'nosuch', '--port', '81');
    assert.equal(await tripod.ended(), 2);
    assert.match(tripod.stderr, /^tripod: nosuch can't be captured on with cap: .*(nosuch|device)/im);
  });
});

describe('the filter of the engine cap', () => {
  test('keeps the ports, and whatever may tell of them', () => {
    assert.equal(capFilter('host 10.0.0.1', null), 'host 10.0.0.1');
    const filter = capFilter('host 10.0.0.1', { ports: [80, 443], servers: [], clients: [] });
    assert.match(filter, /^\(host 10\.0\.0\.1\) and \(tcp port 80 or tcp port 443 or not \(tcp or udp\) or /);
  });
});
