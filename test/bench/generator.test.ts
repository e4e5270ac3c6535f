import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { generate, type Truth } from '../../bench/generator/generate.ts';
import { BULK, FLOOD, MIXED, openAtATime, type Recipe, SMALL } from '../../bench/generator/recipes.ts';
import { CaptureOpener } from '../../src/capture/detect.ts';
import { Frame, STATUS } from '../../src/capture/frame.ts';
import { analyze } from '../../src/index.ts';
import { CHECKSUM, tcpChecksum } from '../../src/wire/checksum.ts';
import { Decoder } from '../../src/wire/decode.ts';
import { Segment } from '../../src/wire/segment.ts';
import { concat } from '../support/capture-bytes.ts';

/** Sizes in the recipe's unit, and the SHA-256 of the file: a change of the bytes needs a new version of the recipe, and then a new hash here. */
const TINY = [
  {
    recipe: SMALL,
    size: 20_000,
    version: 1,
    sha256: '4558d7414ab916bff15981cf114255cd403cd7eeea4f4a60cea4ef73070fb366',
  },
  {
    recipe: BULK,
    size: 2_000_000,
    version: 1,
    sha256: '726bf2530869a3208384a47ac1db8cd3a3e1d0707753ffbea057f1ad3cfc0b99',
  },
  {
    recipe: FLOOD,
    size: 20_000,
    version: 1,
    sha256: '210fd3f316e095f0a9bf7be6b1475ceb95e676f3ec77d5535be307f599728dfe',
  },
  {
    recipe: MIXED,
    size: 20_000,
    version: 1,
    sha256: '46effb7c6469ed20da89e7f682dab8e5072cfead7d1da63b0b1db9bc37ee6721',
  },
] as const;

describe('captures of the bench', () => {
  for (const { recipe, size, version, sha256 } of TINY) {
    it(`${recipe.name}: the same bytes every time`, () => {
      const { bytes } = make(recipe, size);
      assert.equal(recipe.version, version);
      assert.equal(createHash('sha256').update(bytes).digest('hex'), sha256);
    });

    it(`${recipe.name}: is as large as asked for, to the end of its last connection`, () => {
      const { bytes, truth } = make(recipe, size);
      const made = recipe.unit === 'packets' ? truth.packets : truth.bytes;
      assert.equal(truth.bytes, bytes.length);
      assert.ok(made >= size && made < size * 1.05, `${made} of ${size}`);
    });

    it(`${recipe.name}: tripod judges every attempt as the generator means it`, async () => {
      const { bytes, truth } = make(recipe, size);
      const { report } = await analyze(bytes, { limit: 0 });
      assert.equal(report.capture.tcpSegments, truth.packets);
      assert.equal(report.capture.midstream, 0);
      assert.equal(report.capture.duplicates, 0);
      assert.equal(report.summary.attempts, truth.attempts);
      if (recipe.overflows) assert.equal(report.summary.byVerdict.complete, truth.byVerdict.complete);
      else assert.deepEqual({ ...report.summary.byVerdict }, truth.byVerdict);
    });

    it(`${recipe.name}: every checksum is right`, () => {
      const { bytes, truth } = make(recipe, size);
      assert.equal(rightChecksums(bytes), truth.packets);
    });
  }

  it('small: of a hundred attempts ten lack a leg, in every way', () => {
    const { truth } = make(SMALL, 60_000);
    const { complete = 0, ...missing } = truth.byVerdict;
    assert.ok(Math.abs(complete / truth.attempts - 0.9) < 0.02);
    assert.deepEqual(Object.keys(missing).sort(), ['client-reset', 'no-ack', 'no-syn', 'no-syn-ack', 'refused']);
  });

  it('mixed: three interfaces, IPv4 and IPv6, nanoseconds', async () => {
    const { report, handshakes } = await analyze(make(MIXED, 20_000).bytes);
    assert.equal(report.capture.sources[0]?.format, 'pcapng');
    const isIpv6 = handshakes.map(({ server }) => server.address.includes(':'));
    assert.ok(isIpv6.includes(true) && isIpv6.includes(false));
    assert.match(report.capture.sources[0]?.first ?? '', /\.\d{9}/);
  });

  it('open at a time: so many connections go on side by side', () => {
    const { truth } = make(openAtATime(2_000), 60_000);
    assert.ok(Math.abs(truth.mostOpen / 2_000 - 1) < 0.1, String(truth.mostOpen));
  });
});

function make(recipe: Recipe, size: number): { bytes: Uint8Array; truth: Truth } {
  const pieces: Uint8Array[] = [];
  const truth = generate(recipe, size, (bytes) => pieces.push(bytes.slice()));
  return { bytes: concat(...pieces), truth };
}

/** How many packets have one. */
function rightChecksums(bytes: Uint8Array): number {
  const reader = new CaptureOpener().push(bytes);
  const decoder = new Decoder();
  const frame = new Frame();
  const segment = new Segment();
  let right = 0;
  while (reader?.next(frame) === STATUS.FRAME) {
    decoder.decode(frame.view, frame.at, frame.capturedLength, frame.originalLength, frame.linkType, segment);
    if (tcpChecksum(segment) === CHECKSUM.GOOD) right += 1;
  }
  return right;
}
