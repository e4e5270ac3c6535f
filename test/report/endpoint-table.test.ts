import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { EndpointTable } from '../../src/report/endpoint-table.ts';

test('endpoints are numbered in the order in which they come', () => {
  const end = fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 3 }));
  fc.assert(
    fc.property(fc.array(end, { maxLength: 900 }), fc.integer(), (ends, seed) => {
      const table = new EndpointTable(seed);
      const model = new Map<string, number>();
      for (const [w0, w3, port] of ends) {
        const name = `${w0} ${w3} ${port}`;
        const found = table.find(w0, 0, 0, w3, port);
        assert.equal(found, model.get(name) ?? -1);
        if (found >= 0) continue;
        assert.equal(table.add(w0, 0, 0, w3, port), model.size);
        model.set(name, model.size);
      }
      assert.equal(table.size, model.size);
    }),
    { seed: 8, numRuns: 60 },
  );
});

test('all words of an address count, and a negative one is a word', () => {
  const table = new EndpointTable(1);
  table.add(-1, 2, 3, 4, 80);
  assert.equal(table.find(-1, 2, 3, 4, 80), 0);
  assert.equal(table.find(1, 2, 3, 4, 80), -1);
  assert.equal(table.find(-1, 0, 3, 4, 80), -1);
  assert.equal(table.find(-1, 2, 0, 4, 80), -1);
  assert.equal(table.find(-1, 2, 3, 0, 80), -1);
  assert.equal(table.find(-1, 2, 3, 4, 81), -1);
});
