/** `tripod live` on a server whose own facts prove the cause: its lines and records say so. Needs root. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { describe, test } from 'node:test';
import type { Handshake } from '../../src/index.ts';
import { LAB, Lab, SERVER } from '../support/doctor-lab.ts';
import { commandFile } from '../support/paths.ts';

const PORT = 8080;
const CONNECT = `require('node:net').connect(${PORT}, '${SERVER}').on('error', () => {}); setTimeout(() => process.exit(), 2600);`;

/** The last record of the one attempt. */
async function recordUnder(name: string, fault: (lab: Lab) => void, ...options: string[]): Promise<Handshake> {
  const lab = new Lab(name);
  try {
    fault(lab);
    lab.knowNeighbours();
    const words = ['live', '-i', lab.link, '--port', `${PORT}`, '--format', 'ndjson', ...options];
    const child = lab.spawn(lab.server, process.execPath, commandFile, ...words);
    const errors = createInterface({ input: child.stderr as NodeJS.ReadableStream })[Symbol.asyncIterator]();
    assert.match((await errors.next()).value ?? '', /capturing/);
    const client = lab.spawn(lab.client, process.execPath, '--eval', CONNECT);
    const records: Handshake[] = [];
    const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
    lines.on('line', (line) => records.push(JSON.parse(line)));
    await once(client, 'exit');
    const firstVerdict = records.length > 0 ? Promise.resolve() : once(lines, 'line');
    await firstVerdict;
    // What comes too late for the line comes with its amendment, at the latest at the end.
    child.kill('SIGINT');
    await Promise.all([once(child, 'exit'), once(lines, 'close')]);
    const last = records.filter(({ server }) => server.port === PORT).at(-1);
    assert.ok(last !== undefined);
    assert.ok(records.every((record) => record.id !== last.id || record.revision <= last.revision));
    return last;
  } finally {
    lab.close();
  }
}

function dropAll(lab: Lab): void {
  lab.onServer('nft', 'add', 'table', 'inet', 'lab');
  lab.onServer('nft', 'add', 'chain', 'inet', 'lab', 'c', '{ type filter hook input priority 0; }');
  lab.onServer('nft', 'add', 'rule', 'inet', 'lab', 'c', 'tcp', 'dport', `${PORT}`, 'counter', 'drop');
}

/** Processes that read facts for a capture that has ended. */
function helpersLeft(): number {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      // The parent of an orphan is the first process of its namespace.
      return (
        readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('facts-helper') &&
        /^PPid:\s*1$/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'))
      );
    } catch {
      return false;
    }
  }).length;
}

describe('live, with what this host knows', LAB, () => {
  test('a rule that drops: proven by the kernel’s word and by the rule’s counter, although root was given up', async () => {
    const { verdict, diagnoses } = await recordUnder('wnft', dropAll, '--user', 'nobody');
    assert.equal(verdict, 'no-syn-ack');
    const [first] = diagnoses;
    assert.equal(`${first?.cause} ${first?.confidence}`, 'local-firewall-drop proven');
    const evidence = first?.evidence.join('; ') ?? '';
    assert.match(evidence, /NETFILTER_DROP in nft_do_chain/);
    assert.match(evidence, /the rule "tcp dport 8080 counter drop" \(nft, table inet lab, chain c, handle \d+\)/);
  });

  test('the reverse path filter', async () => {
    const { diagnoses } = await recordUnder('wrpf', (lab) => {
      lab.onServer('ip', 'addr', 'del', `${SERVER}/24`, 'dev', lab.link);
      lab.onServer('ip', 'addr', 'add', `${SERVER}/32`, 'dev', lab.link);
      lab.onServer('sysctl', '-qw', 'net.ipv4.conf.all.rp_filter=1');
    });
    assert.equal(`${diagnoses[0]?.cause} ${diagnoses[0]?.confidence}`, 'reverse-path-filter proven');
    assert.match(diagnoses[0]?.evidence.join('; ') ?? '', /IP_RPFILTER/);
  });

  test('nobody asks the kernel with --no-trace, and nobody the host with --no-host', async () => {
    const untraced = await recordUnder('wntr', dropAll, '--no-trace');
    assert.doesNotMatch(JSON.stringify(untraced.diagnoses), /kfree_skb/);
    assert.match(JSON.stringify(untraced.diagnoses), /handle \d+/);
    const alone = await recordUnder('wnho', dropAll, '--no-host');
    assert.ok(!alone.diagnoses.some(({ confidence }) => confidence === 'proven'));
  });

  test('leaves no process behind', () => {
    assert.equal(helpersLeft(), 0);
  });
});
