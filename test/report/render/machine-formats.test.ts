import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Handshake } from '../../../src/handshake/handshake.ts';
import { COLUMNS, csvRenderer } from '../../../src/report/render/csv.ts';
import { jsonRenderer } from '../../../src/report/render/json.ts';
import { ndjsonRenderer } from '../../../src/report/render/ndjson.ts';
import { completeOne, HEALTHY, report, unanswered } from '../../support/report-samples.ts';

const OPTIONS = { version: '1.2.3', width: 80, colour: false, limit: null, individually: false, narrowed: false };

const RENDERERS = { json: jsonRenderer, ndjson: ndjsonRenderer, csv: csvRenderer } as const;

function render(format: keyof typeof RENDERERS, handshakes: readonly Handshake[]): string {
  const renderer = RENDERERS[format](OPTIONS);
  const parts = [renderer.begin(), ...handshakes.map((handshake) => renderer.handshake(handshake))];
  return parts.join('') + renderer.end(report([HEALTHY]));
}

for (const count of [0, 1, 300]) {
  const handshakes = Array.from({ length: count }, (_, index) => unanswered(index + 1));

  test(`json of ${count} attempts is one document with all members of the record`, () => {
    const text = render('json', handshakes);
    const document = JSON.parse(text);
    assert.deepEqual(document.tool, { name: 'tripod', version: '1.2.3' });
    assert.deepEqual(document.handshakes, JSON.parse(JSON.stringify(handshakes)));
    const { capture, summary, servers } = report([HEALTHY]);
    assert.deepEqual([document.capture, document.summary, document.servers], [capture, summary, servers]);
    assert.ok(text.endsWith('}\n'));
  });

  test(`ndjson of ${count} attempts is one record a line, and nothing else`, () => {
    const lines = render('ndjson', handshakes).split('\n');
    assert.equal(lines.pop(), '');
    assert.deepEqual(
      lines.map((line) => JSON.parse(line).id),
      handshakes.map(({ id }) => id),
    );
  });

  test(`csv of ${count} attempts is a header and a row for each`, () => {
    const lines = render('csv', handshakes).split('\n');
    assert.equal(lines.pop(), '');
    assert.equal(lines.length, 1 + count);
    assert.equal(lines[0], COLUMNS.map(({ name }) => name).join(','));
    for (const line of lines.slice(1)) assert.match(line, /^\d+,0,10\.9\.0\.1,/);
  });
}

test('a machine format hands each attempt out as it comes', () => {
  for (const format of ['json', 'ndjson', 'csv'] as const) {
    assert.match(RENDERERS[format](OPTIONS).handshake(completeOne(7)), /7/);
  }
});

test('csv fields are those of the record: numbers bare, unknown ones empty, a reason with commas quoted', () => {
  const [header = '', row = ''] = render('csv', [unanswered(5)]).split('\n');
  const cells = row.match(/("([^"]|"")*"|[^,]*)(,|$)/g)?.map((cell) => cell.replace(/,$/, '')) ?? [];
  const record = Object.fromEntries(header.split(',').map((name, index) => [name, cells[index]]));
  assert.equal(record['id'], '5');
  assert.equal(record['server_port'], '2323');
  assert.equal(record['server_isn'], '');
  assert.equal(record['syn_first'], '1793613601.000000');
  assert.equal(record['syn_frames'], '1 2 3');
  assert.equal(record['reason'], '"3 SYNs over 3.06 s, and no answer of any kind."');
});

test('a formula that a capture smuggles into a text field is no formula in csv', () => {
  const icmp = { from: '=cmd()', type: 3, code: 1, meaning: '@evil', frame: 9, quotes: 'syn' } as const;
  const row = render('csv', [unanswered(1, { icmp, reason: '-1+1' })]);
  for (const safe of [",'=cmd(),", ",'@evil,", ",'-1+1,"]) assert.ok(row.includes(safe), safe);
});
