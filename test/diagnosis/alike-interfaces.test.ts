/** Which interfaces the rules of a firewall tell apart. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unlikeInterfaces } from '../../src/diagnosis/alike-interfaces.ts';
import type { Condition, RuleVerdict } from '../../src/diagnosis/firewall-facts.ts';
import { chain, field, firewall, rule } from '../support/firewall-rules.ts';

const DROP: RuleVerdict = { kind: 'drop' };
const NAMES = ['eth0', 'eth1', 'veth1', 'veth2', 'docker0'];

test('none does: one stands for all', () => {
  assert.deepEqual(unlikeInterfaces(NAMES, firewall(chain('input', [rule(DROP, field('destination-port', 80))]))), [
    'eth0',
  ]);
  assert.deepEqual(unlikeInterfaces([], firewall()), []);
});

test('by name, by the beginning of a name, in a map, in rows of several fields, and by the devices of a chain', () => {
  const told = (condition: Condition | null, devices: readonly string[] = []): readonly string[] =>
    unlikeInterfaces(NAMES, firewall(chain('input', condition === null ? [] : [rule(DROP, condition)], { devices })));
  assert.deepEqual(told(field('in-interface', 'eth1')), ['eth0', 'eth1']);
  assert.deepEqual(told(field('in-interface', 'veth*')), ['eth0', 'veth1']);
  const rows: Condition = {
    kind: 'fields',
    fields: ['source-address', 'in-interface'],
    negated: false,
    rows: [
      [
        ['10.9.0.1', '10.9.0.1'],
        ['docker0', 'docker0'],
      ],
    ],
    set: null,
    partial: false,
  };
  assert.deepEqual(told(rows), ['eth0', 'docker0']);
  assert.deepEqual(told(null, ['eth1']), ['eth0', 'eth1']);
  const map: RuleVerdict = { kind: 'map', entries: [{ condition: field('in-interface', 'veth2'), verdict: DROP }] };
  assert.deepEqual(unlikeInterfaces(NAMES, firewall(chain('input', [rule(map)]))), ['eth0', 'veth2']);
});
