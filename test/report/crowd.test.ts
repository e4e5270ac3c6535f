/** Of a flood the first attempts have records, and stand for the others. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Handshake } from '../../src/index.ts';
import { LiveAnalysis } from '../../src/live.ts';
import type { Together } from '../../src/report/crowd.ts';
import { createRenderer } from '../../src/report/render/index.ts';
import { streamSource } from '../../src/source/byte-source.ts';
import { LIVE_OPTIONS } from '../support/live-options.ts';
import { parseScript } from '../support/script.ts';
import { encodeScript } from '../support/script-frames.ts';

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

const NEVER = new Promise<void>(() => {});
const FLOOD = 3000;
/** A flood of SYNs within three seconds, none answered; then a refusal at the same port, and one SYN elsewhere. */
const SCRIPT = `
end c 10.1.0.1:40000
end d 10.2.0.1:40000
end s 10.0.0.2:80
end t 10.0.0.3:80
0.000 other
5.000 flood ${FLOOD} every 0.001 from 10.3.0.1:1000 to s
8.100 c > s S 1000:1000(0)
8.101 s > c R. 0:0(0) ack 1001
8.200 d > t S 1000:1000(0)
`;

interface Told {
  readonly live: LiveAnalysis;
  readonly told: readonly Handshake[];
  readonly finished: readonly Handshake[];
  readonly groups: readonly Together[];
}

async function play(together: boolean): Promise<Told> {
  const [capture] = encodeScript(parseScript(SCRIPT)) as [Uint8Array];
  const [told, finished, groups]: [Handshake[], Handshake[], Together[]] = [[], [], []];
  const sink = {
    verdict: (handshake: Handshake): unknown => told.push(handshake),
    finished: (handshake: Handshake): unknown => finished.push(handshake),
    ...(together ? { together: (group: Together): unknown => groups.push(group) } : {}),
  };
  const live = new LiveAnalysis({ ...LIVE_OPTIONS, maxOpen: 1 << 14 }, sink, NEVER);
  await live.read(streamSource(once(capture)));
  const began = new DataView(capture.buffer, capture.byteOffset).getUint32(24, true);
  for (let second = 9; second < 15; second++) live.advance(began + second, 0);
  return { live, told, finished, groups };
}

const isOfFlood = ({ verdict, server }: Handshake): boolean =>
  verdict === 'no-syn-ack' && server.address === '10.0.0.2';

describe('a flood', () => {
  test('is told of together but for its first attempts, and nothing else is', async () => {
    const { live, told, groups } = await play(true);
    live.finish();
    const alone = told.filter(isOfFlood).length;
    assert.ok(alone >= 20 && alone <= 20 * 5, `${alone}`);
    assert.ok(groups.every(({ sample }) => isOfFlood(sample)));
    assert.equal(alone + groups.reduce((sum, { attempts }) => sum + attempts, 0), FLOOD);
    assert.deepEqual(
      told.filter((handshake) => !isOfFlood(handshake)).map(({ verdict, server }) => `${verdict} ${server.address}`),
      ['refused 10.0.0.2', 'no-syn-ack 10.0.0.3'],
    );
    for (const { first, last } of groups) assert.ok(Number(first) <= Number(last));
  });

  test('is counted whole by the report, and by a look at how matters stand', async () => {
    const { live, finished } = await play(true);
    const renderer = await createRenderer('table', {
      version: 'test',
      width: 80,
      colour: false,
      limit: null,
      individually: false,
      narrowed: false,
    });
    for (const handshake of finished) renderer.handshake(handshake);
    const { report, open, together } = live.snapshot();
    const whole = /3,000 attempts from [\d,]+ clients or more/;
    assert.match(renderer.preview?.(report, open, together) ?? '', whole);
    const before = finished.length;
    const end = live.finish();
    for (const handshake of finished.slice(before)) renderer.handshake(handshake);
    for (const group of end.together) renderer.together?.(group);
    assert.match(renderer.end(end.report), whole);
    assert.equal(end.report.summary.byVerdict['no-syn-ack'], FLOOD + 1);
  });

  test('has a record for each attempt when nobody takes it together', async () => {
    const { live, told, finished } = await play(false);
    const { together } = live.finish();
    assert.deepEqual(together, []);
    assert.equal(new Set(told.filter(isOfFlood).map(({ id }) => id)).size, FLOOD);
    assert.equal(finished.filter(isOfFlood).length, FLOOD);
  });
});
