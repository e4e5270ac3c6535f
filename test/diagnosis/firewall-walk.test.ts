/** What a firewall does with a packet, from its rules alone. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Condition, FirewallChain, RuleVerdict } from '../../src/diagnosis/firewall-facts.ts';
import { HOOKS_IN, HOOKS_OUT, matchConditions, walkFirewall } from '../../src/diagnosis/firewall-walk.ts';
import { chain, field, firewall, rule, SYN } from '../support/firewall-rules.ts';

const DROP: RuleVerdict = { kind: 'drop' };
const ACCEPT: RuleVerdict = { kind: 'accept' };
const LIMIT: Condition = { kind: 'limit', text: 'limit rate 5/second' };
const walk = (...chains: FirewallChain[]): string => walkFirewall(firewall(...chains), SYN, HOOKS_IN).outcome;

describe('a walk', () => {
  test('ends at the first rule that matches and has a verdict', () => {
    const rules = [
      rule(DROP, field('destination-port', 443)),
      rule({ kind: 'continue' }),
      rule(ACCEPT, field('destination-port', 80)),
      rule(DROP),
    ];
    assert.equal(walk(chain('input', rules)), 'accept');
    assert.equal(walk(chain('input', rules.slice(3))), 'drop');
  });

  test('ends at the policy where no rule takes the packet', () => {
    const result = walkFirewall(firewall(chain('input', [], { policy: 'drop' })), SYN, HOOKS_IN);
    assert.ok(result.outcome === 'drop' && result.by.rule === null);
  });

  test('is unknown from the first rule on of which nobody knows whether it matches, if that rule decides anything', () => {
    assert.equal(walk(chain('input', [rule(ACCEPT, LIMIT), rule(DROP)])), 'unknown');
    assert.equal(walk(chain('input', [rule({ kind: 'continue' }, LIMIT), rule(DROP)])), 'drop');
    assert.equal(walk(chain('input', [rule(DROP, LIMIT, field('destination-port', 443)), rule(ACCEPT)])), 'accept');
  });

  test('an accept ends its own chain alone; a chain behind it still may drop', () => {
    assert.equal(walk(chain('input', [rule(ACCEPT)]), chain('input', [rule(DROP)], { priority: 10 })), 'drop');
  });

  test('follows jumps and goes on behind them; a goto does not come back', () => {
    const sub = chain('sub', [rule(DROP, field('destination-port', 443))]);
    assert.equal(walk(chain('input', [rule({ kind: 'jump', chain: 'sub' }), rule(DROP)]), sub), 'drop');
    assert.equal(walk(chain('input', [rule({ kind: 'goto', chain: 'sub' }), rule(DROP)]), sub), 'accept');
    assert.equal(walk(chain('input', [rule({ kind: 'jump', chain: 'gone' })])), 'unknown');
  });

  test('a jump in a circle ends, as unknown', () => {
    const circle = chain('input', [rule({ kind: 'jump', chain: 'input' })]);
    assert.equal(walk(circle), 'unknown');
  });

  test('a verdict map: the entry that holds', () => {
    const entries = [
      { condition: field('destination-port', 80), verdict: DROP },
      { condition: field('destination-port', 443), verdict: ACCEPT },
    ];
    assert.equal(walk(chain('input', [rule({ kind: 'map', entries })])), 'drop');
    assert.equal(walk(chain('input', [rule({ kind: 'map', entries: entries.slice(1) })])), 'accept');
  });

  test('chains of the other family, of other hooks, and of a bridge are passed by', () => {
    assert.equal(walk(chain('input', [rule(DROP)], { family: 'ip6' })), 'accept');
    assert.equal(walk(chain('output', [rule(DROP)])), 'accept');
    assert.equal(walk(chain('input', [rule(DROP)], { family: 'bridge' })), 'accept');
    assert.equal(walkFirewall(firewall(chain('output', [rule(DROP)])), SYN, HOOKS_OUT).outcome, 'drop');
  });

  test('at the interface: the chain of that device', () => {
    const ingress = { family: 'netdev', hook: 'ingress' } as const;
    assert.equal(walk(chain('i', [rule(DROP)], { ...ingress, devices: ['eth0'] })), 'drop');
    assert.equal(walk(chain('i', [rule(DROP)], { ...ingress, devices: ['eth1'] })), 'accept');
  });

  test('never says accept where a part of the firewall was not read or not kept', () => {
    for (const gap of [{ unread: ['nftables: no permission'] }, { rulesBeyondBound: 1 }]) {
      const facts = { ...firewall(), ...gap };
      assert.equal(walkFirewall(facts, SYN, HOOKS_IN).outcome, 'unknown');
    }
  });

  test('translation of addresses is for the first packet of a connection', () => {
    const nat = chain('input', [rule({ kind: 'translate', how: 'dnat', to: '10.0.0.1' })], { type: 'nat' });
    assert.equal(walk(nat), 'translate');
    assert.equal(walkFirewall(firewall(nat), { ...SYN, state: 'established' }, HOOKS_IN).outcome, 'accept');
  });
});

describe('conditions', () => {
  const answer = (...conditions: Condition[]): string => matchConditions(conditions, SYN);

  test('addresses by range, interfaces by name or beginning, ports by number', () => {
    const range: Condition = {
      kind: 'field',
      field: 'source-address',
      negated: false,
      values: [['10.9.0.0', '10.9.0.255']],
      set: null,
      partial: false,
    };
    assert.equal(answer(range), 'yes');
    assert.equal(answer({ ...range, negated: true }), 'no');
    assert.equal(answer(field('source-address', '10.9.0.2')), 'no');
    assert.equal(answer(field('in-interface', 'eth*')), 'yes');
    assert.equal(answer(field('in-interface', 'wlan*')), 'no');
  });

  test('what the packet does not tell is unknown, negated or not', () => {
    const packet = { ...SYN, source: null };
    const condition = field('source-address', '10.9.0.1');
    assert.equal(matchConditions([condition], packet), 'unknown');
    assert.equal(matchConditions([{ ...condition, negated: true } as Condition], packet), 'unknown');
  });

  test('several fields at once hold in one row or not at all', () => {
    const rows = [
      [['10.9.0.1', '10.9.0.1'] as const, [443, 443] as const],
      [['10.9.0.7', '10.9.0.7'] as const, [80, 80] as const],
    ];
    const pair: Condition = {
      kind: 'fields',
      fields: ['source-address', 'destination-port'],
      negated: false,
      rows,
      set: null,
      partial: false,
    };
    assert.equal(answer(pair), 'no');
    assert.equal(
      answer({
        ...pair,
        rows: [
          [
            ['10.9.0.1', '10.9.0.1'],
            [80, 80],
          ],
        ],
      }),
      'yes',
    );
  });

  test('a set that was cut to some addresses knows of these alone', () => {
    const cut = { ...field('source-address', '10.0.0.1'), partial: true } as Condition;
    assert.equal(matchConditions([cut], SYN), 'unknown');
    assert.equal(matchConditions([cut], SYN, ['10.9.0.1']), 'no');
  });

  test('flags under a mask', () => {
    const syn: Condition = { kind: 'tcp-flags', mask: 0x17, value: 2, negated: false };
    assert.equal(answer(syn), 'yes');
    assert.equal(matchConditions([syn], { ...SYN, flags: 0x12 }), 'no');
    assert.equal(matchConditions([syn], { ...SYN, flags: null }), 'unknown');
  });
});
