/** The lines of a live capture, as verdicts are told and amended. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import type { Context } from '../../src/cli/context.ts';
import { LiveTeller } from '../../src/cli/live-teller.ts';
import type { ResolvedLive } from '../../src/cli/resolve-live.ts';
import type { Output } from '../../src/cli/write.ts';
import { analyze, type Handshake } from '../../src/index.ts';
import type { Renderer } from '../../src/report/render/renderer.ts';
import { fixturesFolder } from '../support/paths.ts';

const RENDERER = { begin: () => '', handshake: () => '', end: () => '' } as unknown as Renderer;
const OPTIONS = { format: 'table', lineWidth: null, colour: false, showStatus: false } as unknown as ResolvedLive;

function screen(): { readonly output: Output; readonly lines: () => string[] } {
  let text = '';
  const write = (more: string): void => {
    text += more;
  };
  const lines = (): string[] => text.trimEnd().split('\n');
  return { output: { isTTY: false, columns: null, write, flush: () => undefined }, lines };
}

async function refused(): Promise<Handshake> {
  const { handshakes } = await analyze(path.join(fixturesFolder, 'kernel/closed_port/server.pcap'));
  const [record] = handshakes;
  assert.ok(record?.diagnoses[0]?.cause === 'port-closed');
  return record;
}

function proven(record: Handshake, cause: Handshake['diagnoses'][number]['cause']): Handshake {
  const diagnoses = [{ cause, confidence: 'proven', evidence: ['the host says so'], advice: 'look there' }] as const;
  return { ...record, revision: 1, diagnoses };
}

test('each attempt has a line, each cause at an endpoint one of its own, once', async () => {
  const { output, lines } = screen();
  const teller = new LiveTeller(OPTIONS, { stderr: output } as Context, output, RENDERER, RENDERER);
  const record = await refused();
  teller.verdict(record);
  teller.verdict({ ...record, id: 2 });
  assert.equal(lines().length, 3);
  assert.match(lines()[0] ?? '', /#1 .*refused.* (?:Likely|Possibly): port-closed\.$/);
  assert.match(lines()[1] ?? '', /^10\.9\.0\.2:2323 {2}port-closed \((?:likely|possible)\): .* Next: /);
  assert.match(lines()[2] ?? '', / #2 /);
});

test('that the host proves what the lines have said is one line for all of them; another cause is an amendment', async () => {
  const { output, lines } = screen();
  const teller = new LiveTeller(OPTIONS, { stderr: output } as Context, output, RENDERER, RENDERER);
  const record = await refused();
  for (const id of [1, 2]) teller.verdict({ ...record, id });
  for (const id of [1, 2]) teller.verdict({ ...proven(record, 'port-closed'), id });
  assert.deepEqual(lines().slice(3), ['10.9.0.2:2323  port-closed (proven): the host says so. Next: look there']);
  teller.verdict(proven(record, 'firewall-reset'));
  assert.match(lines()[4] ?? '', / #1 .*amended: .*Proven: firewall-reset\.$/);
  assert.match(lines()[5] ?? '', /^10\.9\.0\.2:2323 {2}firewall-reset \(proven\)/);
});
