/** Packets judged as they come, and the same packets read from a file: the same verdicts. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { analyze, type Handshake } from '../../src/index.ts';
import { LiveAnalysis } from '../../src/live.ts';
import { streamSource } from '../../src/source/byte-source.ts';
import { captureFiles, fixtureName } from '../support/fixture-files.ts';
import { LIVE_OPTIONS as OPTIONS } from '../support/live-options.ts';
import { parseScript } from '../support/script.ts';
import { encodeScript } from '../support/script-frames.ts';

const NEVER = new Promise<void>(() => {});

/** In pieces, as a pipe brings them. */
async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 1000) yield bytes.slice(at, at + 1000);
}

interface Said {
  /** The latest verdict of each attempt, and how often one was told. */
  readonly latest: ReadonlyMap<number, Handshake>;
  readonly revisions: readonly string[];
}

async function judgeLive(bytes: Uint8Array): Promise<Said> {
  const latest = new Map<number, Handshake>();
  const revisions: string[] = [];
  const verdict = (handshake: Handshake): void => {
    latest.set(handshake.id, handshake);
    revisions.push(`${handshake.id} ${handshake.revision}`);
  };
  const live = new LiveAnalysis(OPTIONS, { verdict, finished: () => {} }, NEVER);
  await live.read(streamSource(pieces(bytes)));
  live.finish();
  return { latest, revisions };
}

describe('live', () => {
  test('says of every capture of fixtures/ in the end what is said of the file, each revision once', async () => {
    for (const file of captureFiles()) {
      const bytes = readFileSync(file);
      const { handshakes } = await analyze(bytes, { maxOpen: 1 << 12 });
      const { latest, revisions } = await judgeLive(bytes);
      const said = [...latest.values()].sort((a, b) => a.id - b.id);
      assert.deepEqual(
        said.map(({ id, verdict }) => `${id} ${verdict}`),
        [...handshakes].sort((a, b) => a.id - b.id).map(({ id, verdict }) => `${id} ${verdict}`),
        fixtureName(file),
      );
      assert.equal(new Set(revisions).size, revisions.length, fixtureName(file));
    }
  });

  test('says of a handshake that completed that its server closed at once, when it does so later', async () => {
    const script = parseScript(`
      end c 10.0.0.1:40000
      end s 10.0.0.2:80
      0.000 c > s S 1000:1000(0)
      0.001 s > c S. 5000:5000(0) ack 1001
      0.002 c > s P. 1001:1006(5) ack 5001
      0.003 s > c . 5001:5001(0) ack 1006
      0.200 s > c F. 5001:5001(0) ack 1006
      0.201 c > s F. 1006:1006(0) ack 5002
      0.202 s > c . 5002:5002(0) ack 1007
    `);
    const [capture] = encodeScript(script) as [Uint8Array];
    const told: string[] = [];
    const verdict = ({ verdict, revision, diagnoses }: Handshake): void => {
      told.push([revision, verdict, ...diagnoses.map(({ cause }) => cause)].join(' '));
    };
    const live = new LiveAnalysis(OPTIONS, { verdict, finished: () => {} }, NEVER);
    await live.read(streamSource(pieces(capture)));
    assert.deepEqual(told, ['0 complete']);
    live.finish();
    assert.deepEqual(told, ['0 complete', '1 complete closed-at-once']);
  });

  test('says of answers that get lost that it is likely, once the client is known to be there', async () => {
    const repeated = 's > c S. 5000:5000(0) ack 1001\n';
    const script = parseScript(`
      end c 10.0.0.1:40000
      end d 10.0.0.1:40001
      end s 10.0.0.2:80
      0.000 c > s S 1000:1000(0)
      0.001 ${repeated}
      1.001 ${repeated}
      3.001 ${repeated}
      4.000 d > s S 3000:3000(0)
      +0.001 s > d S. 7000:7000(0) ack 3001
      +0.001 d > s P. 3001:3006(5) ack 7001
      +0.001 s > d . 7001:7001(0) ack 3006
      7.001 ${repeated}
      15.001 ${repeated}
      30 other
    `);
    const [capture] = encodeScript(script) as [Uint8Array];
    const told: string[] = [];
    const verdict = ({ id, verdict, revision, diagnoses: [first] }: Handshake): void => {
      if (id === 1) told.push(`${revision} ${verdict} ${first?.cause} ${first?.confidence}`);
    };
    const live = new LiveAnalysis(OPTIONS, { verdict, finished: () => {} }, NEVER);
    await live.read(streamSource(pieces(capture)));
    live.finish();
    assert.deepEqual(told, ['0 no-ack forward-path-loss possible', '1 no-ack forward-path-loss likely']);
  });

  test('goes on in time without packets: an unanswered SYN is told of when patience is over', async () => {
    const told: string[] = [];
    const script = parseScript('end c 10.0.0.1:40000\nend s 10.0.0.2:80\n0.000 c > s S 1000:1000(0)\n');
    const [capture] = encodeScript(script) as [Uint8Array];
    const live = new LiveAnalysis(OPTIONS, { verdict: ({ verdict }) => told.push(verdict), finished: () => {} }, NEVER);
    await live.read(streamSource(pieces(capture)));
    const began = new DataView(capture.buffer, capture.byteOffset).getUint32(24, true);
    live.advance(began + 2, 0);
    assert.deepEqual(told, []);
    live.advance(began + 5, 0);
    assert.deepEqual(told, ['no-syn-ack']);
    assert.equal(live.snapshot().report.summary.attempts, 1);
    live.finish();
    assert.deepEqual(told, ['no-syn-ack']);
  });
});
