/**
 * tripod against what other tools say of 1,182 captures that nobody of this project made. Every disagreement must be in docs/corpus.md, with who is right and why; and what is there must
 * still occur. `npm run test:corpus` runs this; it is no part of `npm test`.
 */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { compareArkime } from './compare-arkime.ts';
import { compareContainer } from './compare-containers.ts';
import { compareStreams } from './compare-streams.ts';
import { compareSuricata } from './compare-suricata.ts';
import { compareZeek } from './compare-zeek.ts';
import { explanationsFile, readAgreement, readExplanations } from './explained.ts';
import { asRow, Ledger, type OracleName } from './finding.ts';
import { readOracles } from './oracles.ts';
import { type Reading, readAll, type SentResult } from './reading.ts';

const ORACLES: readonly OracleName[] = ['tshark', 'zeek', 'arkime', 'suricata'];

describe('the captures of other projects', () => {
  let readings: Map<string, Reading>;
  const ledger = new Ledger();

  before(async () => {
    const oracles = readOracles();
    readings = await readAll(oracles.tshark.map(({ file }) => file));
    const results = new Map<string, SentResult>();
    for (const [file, { result }] of readings) if (result !== null) results.set(file, result);
    for (const oracle of oracles.tshark) {
      const ours = results.get(oracle.file);
      if (ours === undefined) continue;
      compareContainer(ledger, oracle, ours);
      compareStreams(ledger, oracle, ours);
    }
    compareZeek(ledger, oracles.zeek, results);
    compareArkime(ledger, oracles.arkime, results);
    compareSuricata(ledger, oracles.suricata, results);
  });

  test('each is read to its end in time and without an exception', () => {
    const crashes = [...readings].filter(([, { crash }]) => crash !== null);
    assert.deepEqual(
      crashes.map(([file, { crash }]) => `${file}: ${crash}`),
      [],
    );
    assert.ok(readings.size >= 1182, `only ${readings.size} captures`);
  });

  test('what can not be read to its end is called damaged, at an offset, with what was expected and found', () => {
    for (const [file, { result }] of readings) {
      for (const { name, message } of result?.failures ?? []) {
        assert.equal(name, 'CaptureFormatError', file);
        assert.match(message, /^pcap(?:ng)? damaged at byte \d+: expected .+, found .+/, file);
      }
    }
  });

  for (const oracle of ORACLES) {
    test(`${oracle}: every disagreement is explained by name`, (t) => {
      for (const line of ledger.lines(oracle)) t.diagnostic(line);
      const explained = new Set(readExplanations().flatMap(({ rows }) => rows));
      const unexplained = ledger.disagreements
        .filter((disagreement) => disagreement.oracle === oracle)
        .map(asRow)
        .filter((row) => !explained.has(row));
      assert.deepEqual(unexplained, [], `not in ${explanationsFile}`);
    });
  }

  test('every explained disagreement still occurs', () => {
    const rows = new Set(ledger.disagreements.map(asRow));
    for (const { name, rows: explained } of readExplanations()) {
      const gone = explained.filter((row) => !rows.has(row));
      assert.deepEqual(gone, [], `${explanationsFile}, "${name}": no longer so`);
      assert.ok(explained.length > 0, `${explanationsFile}, "${name}" explains nothing`);
    }
  });

  test('the figures of agreement are those of the document', () => {
    assert.deepEqual(
      ORACLES.flatMap((oracle) => ledger.lines(oracle)),
      readAgreement(),
    );
  });

  test('no disagreement is explained twice', () => {
    const rows = readExplanations().flatMap(({ rows: explained }) => explained);
    assert.deepEqual(
      rows.filter((row, index) => rows.indexOf(row) !== index),
      [],
    );
  });
});
