/** Other network namespaces, the list of interfaces, and rights: on real namespaces. */
import assert from 'node:assert/strict';
import { execFileSync, type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { LAB } from '../support/doctor-lab.ts';
import { LinkLab } from '../support/link-lab.ts';
import { commandFile } from '../support/paths.ts';
import { Running } from '../support/running.ts';

/** The command outside of the lab's namespaces. */
function start(...words: readonly string[]): Running {
  return new Running(spawn(process.execPath, [commandFile, ...words], { stdio: ['ignore', 'pipe', 'pipe'] }));
}

/** As somebody who may do nothing. */
function runAsNobody(...words: readonly string[]): SpawnSyncReturns<string> {
  const nobody = ['--reuid', '65534', '--regid', '65534', '--clear-groups'];
  return spawnSync('setpriv', [...nobody, process.execPath, commandFile, ...words], { encoding: 'utf8' });
}

describe('live in another network namespace', { ...LAB, timeout: 120_000 }, () => {
  let lab: LinkLab;
  before(() => {
    lab = new LinkLab('nsp', 1);
  });
  after(() => lab.close());

  test('of a process: its interfaces; when the process ends, so does the capture', async () => {
    const inside = lab.spawn(lab.near, 'sleep', '100');
    const [pid] = execFileSync('ip', ['netns', 'pids', lab.near], { encoding: 'utf8' }).trim().split('\n');
    const devices = start('devices', '--pid', String(pid), '--format', 'json');
    await devices.ended();
    assert.deepEqual(
      JSON.parse(devices.stdout).devices.map(({ name }: { name: string }) => name),
      ['lo', 'v0'],
    );
    const tripod = start('live', '--pid', String(pid), '-i', 'v0', '--port', '81');
    await tripod.says(/capturing on v0/);
    inside.kill('SIGKILL');
    assert.equal(await tripod.ended(), 2);
    assert.match(tripod.stderr, /the network namespace of process \d+ is gone/);
  });

  test('of ip netns: its packets are judged, also after root was given up; deleted, it ends with a sentence', async () => {
    const tripod = start('live', '--netns', lab.far, '-i', 'v0', '--port', '81', '--user', 'nobody');
    await tripod.says(/root was given up/);
    lab.connect('10.79.0.2', 81);
    await tripod.says(/10\.79\.0\.2:81 {2}SYN-ACK missing \(refused\)/);
    execFileSync('ip', ['netns', 'del', lab.far]);
    assert.equal(await tripod.ended(), 2);
    assert.match(
      tripod.stderr,
      new RegExp(`the network namespace ${lab.far} is gone: what came until then is reported`),
    );
    assert.match(tripod.stdout, /Self-check/);
  });

  test('that is not there, or may not be entered: a sentence each', () => {
    const missing = spawnSync(process.execPath, [commandFile, 'live', '--netns', 'no-such'], { encoding: 'utf8' });
    assert.match(missing.stderr, /^tripod: there is no network namespace no-such; there are?/);
    assert.equal(missing.status, 2);
    const refused = runAsNobody('live', '--pid', '1');
    assert.match(refused.stderr, /can be entered by root alone: run it with sudo/);
    assert.equal(refused.status, 2);
  });
});

describe('the right to capture', LAB, () => {
  test('lacking, it is told with the command that gives it', () => {
    const { stderr, status } = runAsNobody('live', '-i', 'lo', '--port', '81');
    const node = process.execPath.replaceAll('.', '\\.');
    assert.match(stderr, new RegExp(`no right to capture on lo: .*sudo ${node} .*tripod\\.js live -i lo --port 81`));
    assert.match(stderr, new RegExp(`sudo setcap cap_net_raw=ep ${node}`));
    assert.equal(status, 2);
  });

  test('lacking, it is told as well to who runs at a low priority', () => {
    const nobody = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups', process.execPath, commandFile];
    const words = ['-n', '10', ...nobody, 'live', '-i', 'lo', '--port', '81'];
    const { stderr, status } = spawnSync('nice', words, { encoding: 'utf8' });
    assert.match(stderr, /no right to capture on lo/);
    assert.equal(status, 2);
  });

  test('is told by devices, with interfaces, states, link types and addresses', () => {
    const mine = spawnSync(process.execPath, [commandFile, 'devices'], { encoding: 'utf8' });
    assert.match(mine.stdout, /^lo +up +EN10MB +yes +127\.0\.0\.1$/m);
    assert.match(mine.stdout, /^any +LINUX_SLL2 +yes/m);
    const theirs = runAsNobody('devices', '--format', 'json');
    const { mayCapture, obstacle, devices } = JSON.parse(theirs.stdout);
    assert.equal(mayCapture, false);
    assert.match(obstacle, /no right to capture: run it as root/);
    assert.equal(devices[0].name, 'lo');
  });

  test('a name that is nearly right is told', () => {
    const { stderr, status } = spawnSync(process.execPath, [commandFile, 'live', '-i', 'l0'], { encoding: 'utf8' });
    assert.match(stderr, /there is no interface l0 here; there are: .*did you mean lo\?/);
    assert.equal(status, 2);
  });
});
