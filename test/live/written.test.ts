/** What `--write` and `--write-missing` keep of a capture, analyzed again: the same verdicts. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { KeptPackets } from '../../src/cli/kept-packets.ts';
import { analyze, type Handshake } from '../../src/index.ts';
import { LiveAnalysis } from '../../src/live.ts';
import { streamSource } from '../../src/source/byte-source.ts';
import { captureFiles, fixtureName } from '../support/fixture-files.ts';
import { LIVE_OPTIONS } from '../support/live-options.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'tripod-written-'));
after(() => rmSync(folder, { recursive: true }));
/** Small tables: a capture of the fixtures has few attempts, and there are hundreds of captures. */
const SMALL = { maxOpen: 1 << 12 };
const NEVER = new Promise<void>(() => {});

async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 1000) yield bytes.slice(at, at + 1000);
}

interface Kept {
  /** The records of what was kept. */
  readonly handshakes: readonly Handshake[];
  /** Ids of attempts of which it was said, for a time at least, that they lack a leg. */
  readonly toldMissing: ReadonlySet<number>;
}

/** By a clock that stands: nothing leaves for its age. */
async function keptOf(bytes: Uint8Array, missingOnly: boolean): Promise<Kept> {
  const file = path.join(folder, 'kept.pcapng');
  const files = { file, option: '--write', octets: null, seconds: null, files: null };
  const common = { heldOctets: 1 << 17, application: 'tripod test', now: () => 0, wallClock: () => 0 };
  const kept = new KeptPackets({ files, missingOnly, holdMillis: 1000, ...common });
  kept.open();
  const toldMissing = new Set<number>();
  const verdict = (handshake: Handshake): void => {
    kept.verdict(handshake);
    if (handshake.missingLeg !== null) toldMissing.add(handshake.id);
  };
  const sink = { verdict, finished: () => {}, packets: kept };
  const live = new LiveAnalysis(LIVE_OPTIONS, sink, NEVER);
  await live.read(streamSource(pieces(bytes)));
  live.finish();
  kept.close();
  assert.equal(kept.failure, null);
  return { handshakes: (await analyze(file, SMALL)).handshakes, toldMissing };
}

function said(handshakes: readonly Handshake[]): string[] {
  return handshakes
    .map(
      ({ client, server, isn, verdict }) =>
        `${client.address} ${client.port} ${server.address} ${server.port} ${isn.client} ${verdict}`,
    )
    .sort();
}

describe('kept packets', () => {
  test('--write: every capture of fixtures/ has the verdicts that it had, at the same packets', async () => {
    for (const file of captureFiles()) {
      const bytes = readFileSync(file);
      const before = (await analyze(bytes, SMALL)).handshakes;
      const { handshakes } = await keptOf(bytes, false);
      assert.deepEqual(said(handshakes), said(before), fixtureName(file));
    }
  });

  test('--write-missing: those that lack a leg have the verdicts that they had, and no others are there', async () => {
    for (const file of captureFiles()) {
      const bytes = readFileSync(file);
      const { handshakes, toldMissing } = await keptOf(bytes, true);
      const before = (await analyze(bytes, SMALL)).handshakes.filter(({ id }) => toldMissing.has(id));
      assert.deepEqual(said(handshakes), said(before), fixtureName(file));
    }
  });
});
