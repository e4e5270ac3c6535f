/** A port of which no socket of the host knows, and that is well all the same: what shows it, and what does not. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { FirewallFacts } from '../../src/diagnosis/firewall-facts.ts';
import type { PortFacts } from '../../src/diagnosis/port-facts.ts';
import type { ClientLegs } from '../../src/doctor/legs.ts';
import { redirectionOf } from '../../src/doctor/redirect.ts';
import { HEALTHY, SOCKETS } from '../support/port-facts.ts';

const OWN = new Set(['10.9.0.254', '10.9.1.254']);

const PUBLISHED: FirewallFacts = {
  chains: [
    {
      tool: 'nft',
      family: 'ip',
      table: 'nat',
      name: 'pre',
      type: 'nat',
      hook: 'prerouting',
      priority: -100,
      policy: 'accept',
      policyCounter: null,
      devices: [],
      rules: [
        {
          handle: 4,
          text: 'tcp dport 2323 dnat to 10.9.1.2',
          conditions: [],
          verdict: { kind: 'translate', how: 'dnat', to: '10.9.1.2' },
          counter: null,
        },
      ],
    },
  ],
  rulesLeftOut: 0,
  rulesBeyondBound: 0,
  addresses: [],
  flowtables: [],
  unread: [],
};

function facts(more: Partial<PortFacts> = {}): PortFacts {
  return { ...HEALTHY, samples: [], sockets: { ...SOCKETS, listeners: [] }, ...more };
}

function client(byVerdict: ClientLegs['byVerdict'], more: Partial<ClientLegs> = {}): ClientLegs {
  const server = { address: '10.9.0.254', port: 2323 };
  const counts = { attempts: 9, insistent: 0, unfitting: 0, closedAtOnce: 0, resetOnTheWay: 0, unheard: 0 };
  return { client: '10.9.0.1', server, own: false, ...counts, byVerdict, failed: null, ...more };
}

describe('nothing listens', () => {
  const served = client({ complete: 9 });
  for (const [name, given, clients, expected] of [
    ['and others are served', facts(), [served], /^9 attempts of others were answered$/],
    ['and others get SYN-ACKs', facts(), [client({ 'no-ack': 1 })], /^1 attempt of others was answered$/],
    [
      'with a rule that hands on',
      facts({ firewall: PUBLISHED }),
      [client({ 'no-syn-ack': 9 })],
      /^a rule hands .*dnat/,
    ],
    ['others are challenged by TIME-WAITs', facts(), [client({ challenged: 9 })], null],
    ['others are refused', facts(), [client({ refused: 9 })], null],
    ['others are refused beside a rule', facts({ firewall: PUBLISHED }), [client({ refused: 9 })], null],
    ['nobody came, beside a rule', facts({ firewall: PUBLISHED }), [], /^a rule hands .*dnat/],
    ['nobody came', facts(), [], null],
    [
      'others are served at another address',
      facts(),
      [client({ complete: 9 }, { server: { address: '10.9.1.2', port: 2323 } })],
      null,
    ],
    ['this host itself is served', facts(), [client({ complete: 9 }, { own: true })], null],
  ] as const) {
    test(name, () => {
      const found = redirectionOf(given, clients, OWN);
      if (expected === null) assert.equal(found, null);
      else assert.match(found ?? '', expected);
    });
  }

  test('at some looks: the service was started anew', () => {
    const listened = { atSeconds: 1, listeners: 1, queue: 0, taken: 0, halfOpen: 0 };
    assert.equal(redirectionOf(facts({ samples: [listened] }), [served], OWN), null);
  });
  test('and something does', () => assert.equal(redirectionOf(HEALTHY, [served], OWN), null));
});
