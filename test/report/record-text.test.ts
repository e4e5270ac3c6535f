/** The text of a record is what JSON makes of it, made safe: the same octets, whatever is in it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Handshake } from '../../src/handshake/handshake.ts';
import { jsonText } from '../../src/report/escape.ts';
import { recordText } from '../../src/report/record-text.ts';
import { fromText } from '../support/expected-records.ts';
import { captureFiles, expectedFileOf } from '../support/fixture-files.ts';
import { completeOne, leg, unanswered } from '../support/report-samples.ts';

function assertSame(record: Handshake): void {
  assert.equal(recordText(record), jsonText(record));
}

/** Sentences as nobody writes them: quotes, controls, what turns the line round, halves of characters. */
const anySentence = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom('a', '"', '\\', '\n', '\u001b', '\u202e', '\ud800', 'µ', '…', '’', '\u007f') }),
);

const anyNumber = fc.oneof(fc.nat(), fc.double({ noNaN: true, noDefaultInfinity: true, min: 0 }));

const anyLeg = fc.tuple(fc.array(fc.nat(), { maxLength: 4 }), fc.boolean()).map(([frames, severalFiles]) =>
  frames.length === 0
    ? { grade: 'not-seen' as const, count: 0, first: null, last: null, frames }
    : {
        ...leg(
          frames.map((frame) => `${frame}.000001`),
          frames,
        ),
        ...(severalFiles ? { files: frames.map((frame) => frame % 3) } : {}),
      },
);

const anyRecord = fc
  .record({
    reason: anySentence,
    legs: fc.record({ syn: anyLeg, synAck: anyLeg, ack: anyLeg }),
    latency: fc.record({ synToSynAck: fc.option(anyNumber), synAckToAck: fc.option(anyNumber) }),
    tunnel: fc.option(fc.constant({ kind: 'vxlan', outer: ['10.0.0.1', '10.0.0.2'] as const, id: 7 })),
    vlans: fc.uniqueArray(fc.nat(4094), { maxLength: 3 }),
    notes: fc.subarray(['port-reused', 'reordered', 'multipath']),
    diagnoses: fc.array(
      fc.record({
        cause: fc.constantFrom('file-limit', 'path-mtu'),
        confidence: fc.constantFrom('possible', 'likely'),
        evidence: fc.array(anySentence, { maxLength: 3 }),
        advice: anySentence,
      }),
      { maxLength: 3 },
    ),
  })
  .map(({ vlans, notes, diagnoses, ...fields }) => {
    const { notes: _notes, diagnoses: _diagnoses, vlan: _vlan, ...rest } = unanswered(1, fields);
    const stacked = vlans.length > 1 ? { vlans } : {};
    // Members stand in the order in which record.ts makes them.
    return { ...rest, vlan: vlans.at(-1) ?? null, ...stacked, notes, diagnoses } as Handshake;
  });

describe('the text of a record', () => {
  test('is the same for every record of fixtures/', () => {
    let records = 0;
    for (const file of captureFiles().map(expectedFileOf)) {
      for (const record of fromText(readFileSync(file, 'utf8')).handshakes) {
        assertSame(record);
        records += 1;
      }
    }
    assert.ok(records > 1000, String(records));
  });

  test('is the same whatever a record holds', () => {
    assertSame(completeOne(1));
    const reset = { from: 'server', time: '1.5', frame: 3, ttl: 64, suspect: 'middlebox' } as const;
    const icmp = { from: 'fe80::1', type: 3, code: 1, meaning: '"\u001b[31m', frame: 9, quotes: 'syn' } as const;
    for (const suspect of [null, 'middlebox'] as const)
      assertSame(unanswered(2, { reset: { ...reset, suspect }, icmp }));
    fc.assert(fc.property(anyRecord, assertSame), { seed: 3, numRuns: 2000 });
  });
});
