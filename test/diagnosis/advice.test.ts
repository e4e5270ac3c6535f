import assert from 'node:assert/strict';
import { test } from 'node:test';
import { namedAdvice } from '../../src/diagnosis/advice.ts';
import { CAUSES } from '../../src/diagnosis/causes.ts';

const ALL = { client: '10.9.0.1', server: '2001:db8::2', port: 443 };

test('what is known takes the place of its word, however often it stands there', () => {
  assert.equal(
    namedAdvice('ss -tan | grep CLIENT; ip route get CLIENT from SERVER; ss -ltn sport = :PORT', ALL),
    'ss -tan | grep 10.9.0.1; ip route get 10.9.0.1 from 2001:db8::2; ss -ltn sport = :443',
  );
});

test('what is not known stays a word', () => {
  assert.equal(namedAdvice('ip neigh show CLIENT; :PORT', { port: 443 }), 'ip neigh show CLIENT; :443');
});

test('no advice of the catalogue keeps a word that is known', () => {
  for (const { advice } of Object.values(CAUSES)) assert.doesNotMatch(namedAdvice(advice, ALL), /CLIENT|SERVER|PORT/);
});
