/** Interfaces that go down, vanish, come back; wrong names and filters: none hangs, none loses what was judged. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { LAB } from '../support/doctor-lab.ts';
import { LinkLab } from '../support/link-lab.ts';
import { commandFile } from '../support/paths.ts';
import { Running } from '../support/running.ts';

describe('live, when links fail', { ...LAB, timeout: 120_000 }, () => {
  let lab: LinkLab;
  before(() => {
    lab = new LinkLab('flt', 3);
  });
  after(() => lab.close());

  test('an interface that goes down is told of; up again, its packets are judged', async () => {
    const tripod = lab.tripod('live', '-i', 'v0', '--port', '81');
    await tripod.says(/capturing/);
    lab.run(lab.far, 'ip', 'link', 'set', 'v0', 'down');
    await tripod.says(/v0 went down/);
    lab.run(lab.far, 'ip', 'link', 'set', 'v0', 'up');
    await tripod.says(/v0 is up again/);
    lab.connect('10.79.0.2', 81);
    await tripod.says(/refused/);
    tripod.child.kill('SIGINT');
    assert.equal(await tripod.ended(), 0);
  });

  test('an interface that vanishes is told of; the other goes on; back, it is captured on again', async () => {
    const tripod = lab.tripod('live', '-i', 'v1', '-i', 'v2', '--port', '81');
    await tripod.says(/capturing/);
    lab.connect('10.79.1.2', 81);
    await tripod.says(/10\.79\.1\.2:81 {2}SYN-ACK missing \(refused\)/);
    lab.run(lab.far, 'ip', 'link', 'del', 'v1');
    await tripod.says(/v1: The interface disappeared; it is captured on again/);
    lab.connect('10.79.2.2', 81);
    await tripod.says(/10\.79\.2\.2:81 {2}SYN-ACK missing \(refused\)/);
    lab.addLink(1);
    await tripod.says(/v1 is back/);
    tripod.stdout = '';
    lab.connect('10.79.1.2', 81);
    await tripod.says(/10\.79\.1\.2:81 {2}SYN-ACK missing \(refused\)/);
    tripod.child.kill('SIGINT');
    assert.equal(await tripod.ended(), 0);
    assert.match(tripod.stdout, /(?<!v1: )v1: The interface disappeared/);
  });

  test('without root, but with the right to capture, it is captured on again', async () => {
    const rights = ['--reuid', '65534', '--regid', '65534', '--clear-groups'];
    const kept = ['--inh-caps', '+net_raw', '--ambient-caps', '+net_raw'];
    const words = ['setpriv', ...rights, ...kept, process.execPath, commandFile, 'live', '-i', 'v1', '--port', '81'];
    const tripod = new Running(lab.spawn(lab.far, ...words, '--no-host'));
    await tripod.says(/capturing/);
    lab.run(lab.far, 'ip', 'link', 'del', 'v1');
    await tripod.says(/v1: The interface disappeared; it is captured on again/);
    lab.addLink(1);
    await tripod.says(/v1 is back/);
    lab.connect('10.79.1.2', 81);
    await tripod.says(/10\.79\.1\.2:81 {2}SYN-ACK missing \(refused\)/);
    assert.equal(await tripod.interrupt(), 0);
  });

  test('without root, a vanished interface ends its part with a sentence, and what was judged is reported', async () => {
    const tripod = lab.tripod('live', '-i', 'v0', '-i', 'v2', '--port', '81', '--user', 'nobody');
    await tripod.says(/root was given up/);
    lab.connect('10.79.0.2', 81);
    await tripod.says(/10\.79\.0\.2:81 {2}SYN-ACK missing \(refused\)/);
    lab.run(lab.far, 'ip', 'link', 'del', 'v0');
    lab.connect('10.79.2.2', 81);
    await tripod.says(/10\.79\.2\.2:81 {2}SYN-ACK missing \(refused\)/);
    lab.run(lab.far, 'ip', 'link', 'del', 'v2');
    assert.equal(await tripod.ended(), 2);
    assert.match(
      tripod.stderr,
      /v0: The interface disappeared: what came until then is reported \(root was given up, .*--user root keeps root/,
    );
    assert.match(tripod.stderr, /v2: The interface disappeared/);
    assert.match(tripod.stdout, /10\.79\.0\.2:81[\s\S]*Self-check/);
  });
});
