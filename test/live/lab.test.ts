/**
 * Every scenario of fixtures/lab, played live: what `tripod live` says while the packets come, held against what is said of the same packets, saved by a tcpdump beside it.
 * Time goes on for both: the file is judged as it was when the capture ended, and once more with a frame that came a little later; live must agree with one of the two.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { analyze, type Handshake } from '../../src/index.ts';
import { commandFile, fixturesFolder, projectRoot } from '../support/paths.ts';

const TOOLS = ['python3', 'ip', 'tcpdump', 'nft', 'ethtool'];
const lacking = process.getuid?.() === 0 ? TOOLS.filter((tool) => !isThere(tool)) : ['root'];
const skip = lacking.length === 0 ? false : `SKIPPED, NOT TESTED: the live lab needs ${lacking.join(', ')}`;
if (skip !== false) process.stderr.write(`${skip}\n`);

const SMALL = { maxOpen: 1 << 16 };
const LAB_FILE = path.join(fixturesFolder, 'lab/live.py');

function isThere(tool: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${tool}`]);
    return true;
  } catch {
    return false;
  }
}

/** The last word on each attempt. */
function latest(text: string): Handshake[] {
  const records = new Map<number, Handshake>();
  for (const line of text.split('\n').filter((one) => one !== '')) {
    const record = JSON.parse(line) as Handshake;
    records.set(record.id, record);
  }
  return [...records.values()];
}

function keyed(handshakes: readonly Handshake[]): Map<string, Handshake> {
  const end = ({ address, port }: Handshake['client']): string => `${address} ${port}`;
  const named = new Map<string, Handshake>();
  for (const handshake of handshakes) {
    const { client, server, isn, tunnel, vlan } = handshake;
    named.set([end(client), end(server), isn.client, isn.server, tunnel?.kind, vlan].join(', '), handshake);
  }
  return named;
}

describe('live, and the same packets saved by tcpdump', { skip }, () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'tripod-lab-'));
  after(() => rmSync(folder, { recursive: true }));
  let said = '';

  before(async () => {
    const lab = spawn('python3', [LAB_FILE, '--out', folder, '--', process.execPath, commandFile], {
      cwd: projectRoot,
      stdio: ['ignore', 'inherit', 'pipe'],
    });
    lab.stderr.on('data', (text) => {
      said += text;
    });
    await once(lab, 'close');
  });

  test('every scenario was played', () => {
    const played = new Set(readdirSync(folder));
    const wanted = readdirSync(path.join(fixturesFolder, 'kernel')).filter((name) => !name.includes('.'));
    assert.ok(wanted.length > 100);
    const missing = wanted.filter((name) => !played.has(name));
    assert.deepEqual(missing, [], said);
  });

  test('the same verdicts', async () => {
    let compared = 0;
    for (const scenario of readdirSync(folder).sort()) {
      const inside = readdirSync(path.join(folder, scenario));
      for (const records of inside.filter((name) => name.endsWith('.ndjson'))) {
        compared += await compare(path.join(folder, scenario, records.slice(0, -'.ndjson'.length)));
      }
    }
    assert.ok(compared > 500, `${compared} attempts`);
  });
});

/** Holds the records of one capture against its packets; answers how many there were. */
async function compare(stem: string): Promise<number> {
  const live = keyed(latest(readFileSync(`${stem}.ndjson`, 'utf8')));
  const [atTheEnd, later] = await Promise.all([analyzed(stem, 'before'), analyzed(stem, 'after')]);
  const { report, handshakes } = await analyze(`${stem}.live.pcapng`, SMALL);
  const kept = keyed(handshakes);
  // A machine that is busy with other things can starve the capture of time: then it has other packets than tcpdump, knows it, and may blame nobody for that.
  const hasLost = (report.capture.lost.kernel ?? 0) > 0;
  const verdicts = (handshakes: ReadonlyMap<string, Handshake>, key: string): string =>
    handshakes.get(key)?.verdict ?? 'not there';
  const problems: string[] = [];
  for (const key of new Set([...live.keys(), ...later.keys()])) {
    const told = verdicts(live, key);
    const allowed = [verdicts(atTheEnd, key), verdicts(later, key), ...(hasLost ? ['undecided', 'not there'] : [])];
    if (!allowed.includes(told)) problems.push(`${key}: live ${told}, file ${[...new Set(allowed)].join(' or ')}`);
    if (verdicts(kept, key) !== told) problems.push(`${key}: live ${told}, kept ${verdicts(kept, key)}`);
  }
  assert.deepEqual(problems, [], stem.split('/').slice(-2).join('/'));
  return live.size;
}

async function analyzed(stem: string, when: 'before' | 'after'): Promise<Map<string, Handshake>> {
  const files = [`${stem}.${when}.pcap`, `${stem}-other.${when}.pcap`].filter((file) => existsSync(file));
  return keyed((await analyze(files, SMALL)).handshakes);
}
