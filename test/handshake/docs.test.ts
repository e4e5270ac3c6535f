import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { NOTES } from '../../src/handshake/notes.ts';
import { generatedDocs } from '../support/generated-docs.ts';
import { projectRoot } from '../support/paths.ts';

for (const [name, text] of generatedDocs()) {
  test(`docs/${name} is what src/ says`, () => {
    const file = path.join(projectRoot, 'docs', name);
    assert.equal(existsSync(file) ? readFileSync(file, 'utf8') : '', text, 'it is stale: run npm run docs');
  });
}

test('notes have ids of their own, a sentence each and a reference', () => {
  const ids = NOTES.map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length);
  for (const { id, sentence, reference } of NOTES) {
    assert.match(id, /^[a-z]+(-[a-z]+)*$/);
    assert.match(sentence, /^[A-Z].*\.$/, id);
    assert.ok(reference.length > 3, id);
  }
});
