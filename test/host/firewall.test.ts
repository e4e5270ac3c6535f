/** Rules of nft and iptables, from recorded outputs: what each asks, what it does, and which can touch a port. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import type { FirewallChain, FirewallRule } from '../../src/diagnosis/firewall-facts.ts';
import {
  type FirewallPacket,
  HOOKS_IN,
  HOOKS_OUT,
  matchConditions,
  walkFirewall,
} from '../../src/diagnosis/firewall-walk.ts';
import { isKnown } from '../../src/diagnosis/port-facts.ts';
import { firewallFacts, lookAtFirewall } from '../../src/host/firewall.ts';
import { parseIptablesSave } from '../../src/host/iptables.ts';
import { parseNft } from '../../src/host/nft.ts';
import { prefixRange } from '../../src/host/nft-condition.ts';
import { SYN as LOCAL_SYN } from '../support/firewall-rules.ts';
import { hostFolder } from '../support/host-folder.ts';
import { projectRoot } from '../support/paths.ts';

const recorded = (name: string): string => readFileSync(path.join(projectRoot, 'test/host/recorded', name), 'utf8');
const RULESET = recorded('ruleset.json');
const RULESET_TEXT = recorded('ruleset.txt');
const NFT = { 'nft -j list ruleset': RULESET, 'nft -a list ruleset': RULESET_TEXT };

const SYN: FirewallPacket = { ...LOCAL_SYN, source: '203.0.113.9' };

function ruleOf(handle: number): FirewallRule {
  const ruleset = parseNft(RULESET, RULESET_TEXT);
  assert.ok(isKnown(ruleset));
  const input = ruleset.chains.find(({ name }) => name === 'input');
  const found = input?.rules.find((rule) => rule.handle === handle);
  assert.ok(found !== undefined);
  return found;
}

describe('nft', () => {
  test('chains with their hooks, priorities, policies and devices', () => {
    const ruleset = parseNft(RULESET, RULESET_TEXT);
    assert.ok(isKnown(ruleset));
    assert.deepEqual(
      ruleset.chains.map(({ family, table, name, type, hook, priority, policy, devices, rules }) =>
        [family, table, name, type, hook, priority, policy, ...devices, rules.length].join(' '),
      ),
      [
        'inet f input filter input 0 drop 24',
        'inet f sub filter    1',
        'inet f out filter output 0 accept 1',
        'inet f fw filter forward 0 accept 0',
        'netdev nd ing filter ingress 0 accept lo 1',
        'ip nat pre nat prerouting -100 accept 2',
        'ip nat post nat postrouting 100 accept 1',
        'ip raw pre filter prerouting -300 accept 1',
        'bridge b f filter forward 0 accept 1',
      ],
    );
  });

  test('the text of a rule is nft’s own, without its counts', () => {
    assert.equal(ruleOf(17).text, 'tcp dport { 22, 8080, 9000-9100 } counter reject with tcp reset');
    assert.equal(ruleOf(14).text, 'ip saddr @bad tcp dport @ports counter name "cnt" drop');
  });

  test('verdicts', () => {
    assert.deepEqual(ruleOf(17).verdict, { kind: 'reject', with: 'tcp reset' });
    assert.deepEqual(ruleOf(22).verdict, { kind: 'reject', with: 'icmpx admin-prohibited' });
    assert.deepEqual(ruleOf(23).verdict, { kind: 'jump', chain: 'sub' });
    assert.deepEqual(ruleOf(38).verdict, { kind: 'continue' });
  });

  test('sets, named and not, ranges, prefixes, several fields, flags', () => {
    const [family, source, protocol, port] = ruleOf(14).conditions;
    assert.ok(family?.kind === 'field' && family.field === 'family');
    assert.ok(source?.kind === 'field' && source.set === 'bad');
    assert.deepEqual(source.values, [
      ['10.1.1.1', '10.1.1.1'],
      ['10.2.0.1', '10.2.0.9'],
      ['10.9.0.0', '10.9.0.255'],
    ]);
    assert.ok(protocol?.kind === 'field' && protocol.values[0]?.[0] === 'tcp');
    assert.ok(port?.kind === 'field' && port.values.length === 2);
    assert.ok(
      ruleOf(15).conditions.some((each) => each.kind === 'tcp-flags' && each.mask === 0x17 && each.value === 2),
    );
    assert.ok(ruleOf(15).conditions.some(({ kind }) => kind === 'limit'));
    const pair = ruleOf(21).conditions.find((each) => each.kind === 'fields');
    assert.deepEqual(pair?.kind === 'fields' && pair.rows, [
      [
        ['10.9.0.1', '10.9.0.1'],
        [80, 80],
      ],
    ]);
  });

  test('what has no counterpart may hold or not', () => {
    for (const handle of [24, 28, 33, 35, 36]) {
      assert.ok(
        ruleOf(handle).conditions.some(({ kind }) => kind === 'other'),
        ruleOf(handle).text,
      );
    }
  });

  test('what asks for another protocol never holds for TCP', () => {
    const rule = {
      family: 'inet',
      table: 't',
      chain: 'c',
      handle: 1,
      expr: [
        { match: { op: '==', left: { payload: { protocol: 'icmpv6', field: 'type' } }, right: { range: [1, 255] } } },
        { accept: null },
      ],
    };
    const ruleset = parseNft(
      JSON.stringify({
        nftables: [{ chain: { family: 'inet', table: 't', name: 'c', hook: 'input', policy: 'drop' } }, { rule }],
      }),
      '',
    );
    assert.ok(isKnown(ruleset));
    const [found] = ruleset.chains[0]?.rules ?? [];
    assert.equal(matchConditions(found?.conditions ?? [], SYN), 'no');
  });

  test('a counter is read inline or by its name; a rule without one says so', () => {
    assert.deepEqual(ruleOf(14).counter, { moved: 0, total: 0 });
    assert.deepEqual(ruleOf(17).counter, { moved: 0, total: 0 });
    assert.equal(ruleOf(18).counter, null);
  });

  test('prefixes of both families; nonsense is none', () => {
    assert.deepEqual(prefixRange('10.9.3.1', 20), ['10.9.0.0', '10.9.15.255']);
    assert.deepEqual(prefixRange('0.0.0.0', 0), ['0.0.0.0', '255.255.255.255']);
    assert.deepEqual(prefixRange('fe80::', 10), ['fe80::', 'febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff']);
    assert.equal(prefixRange('10.9.3', 20), null);
    assert.equal(prefixRange('10.9.3.1', 33), null);
  });

  test('anything else than JSON is unknown', () => {
    for (const text of ['{', '[]', '7', 'null', '{"nftables":{}}']) assert.ok(!isKnown(parseNft(text, '')), text);
  });
});

const IPTABLES = `# Generated by iptables-save
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 81 -j REDIRECT --to-ports 80
COMMIT
*filter
:INPUT DROP [7:420]
:f2b - [0:0]
[0:0] -A INPUT -i lo -j ACCEPT
[9:540] -A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
[3:180] -A INPUT -s 10.9.0.0/255.255.0.0 ! -d 10.9.0.3/32 -p tcp -m multiport --dports 80,8000:8010 -m comment --comment "a \\"quoted\\" word -j" -j f2b
[0:0] -A INPUT -p tcp -m tcp --dport 80 -m connlimit --connlimit-above 3 --connlimit-mask 32 --connlimit-saddr -j REJECT --reject-with tcp-reset
[0:0] -A INPUT -p tcp -m tcp --dport 80 --tcp-flags FIN,SYN,RST,ACK SYN -m set --match-set bad src -j DROP
[0:0] -A INPUT -i eth+ -p udp -m udp --dport 80 -j DROP
[2:120] -A f2b -s 10.9.0.1/32 -j REJECT --reject-with icmp-port-unreachable
[1:60] -A f2b -j RETURN
COMMIT
`;

describe('iptables-save', () => {
  const chains = parseIptablesSave(IPTABLES, 'iptables-legacy');
  const input = chains.find(({ table, name }) => table === 'filter' && name === 'INPUT') as FirewallChain;

  test('chains, policies and what fell through to them', () => {
    assert.deepEqual(
      chains.map(({ table, name, type, hook, priority, policy }) =>
        [table, name, type, hook, priority, policy].join(' '),
      ),
      [
        'nat PREROUTING nat prerouting -100 accept',
        'nat INPUT nat input 100 accept',
        'filter INPUT filter input 0 drop',
        'filter f2b filter   ',
      ],
    );
    assert.deepEqual(input.policyCounter, { moved: 0, total: 7 });
  });

  test('conditions and verdicts of each rule', () => {
    const [, , jump, limited, set, udp] = input.rules;
    assert.deepEqual(
      jump?.conditions.map((each) =>
        each.kind === 'field' ? `${each.negated ? '!' : ''}${each.field} ${each.values.join(' ')}` : each.kind,
      ),
      [
        'source-address 10.9.0.0,10.9.255.255',
        '!destination-address 10.9.0.3,10.9.0.3',
        'protocol tcp,tcp',
        'destination-port 80,80 8000,8010',
      ],
    );
    assert.deepEqual(jump?.verdict, { kind: 'jump', chain: 'f2b' });
    assert.equal(jump?.counter?.total, 3);
    assert.ok(limited?.conditions.some(({ kind }) => kind === 'limit'));
    assert.deepEqual(limited?.verdict, { kind: 'reject', with: 'tcp reset' });
    assert.ok(set?.conditions.some(({ kind }) => kind === 'tcp-flags'));
    assert.ok(set?.conditions.some((each) => each.kind === 'other' && each.text === 'set --match-set bad src'));
    assert.ok(udp?.conditions.some((each) => each.kind === 'field' && each.values[0]?.[0] === 'eth*'));
  });

  test('a walk through it', async () => {
    const root = hostFolder(
      { 'proc/self/net/ip_tables_names': 'filter\nnat\n' },
      { 'iptables-legacy-save -c': IPTABLES, 'nft -j list ruleset': '{"nftables":[]}', 'nft -a list ruleset': '' },
    );
    const look = await lookAtFirewall(root);
    const facts = firewallFacts(look, look, 80, []);
    assert.ok(isKnown(facts));
    assert.deepEqual(facts.unread, []);
    const rejected = walkFirewall(facts, { ...SYN, source: '10.9.0.1' }, HOOKS_IN);
    assert.ok(rejected.outcome === 'reject' && rejected.with === 'icmp-port-unreachable');
    // Behind f2b's RETURN comes a limit of connections: nobody knows.
    assert.equal(walkFirewall(facts, { ...SYN, source: '10.9.0.7' }, HOOKS_IN).outcome, 'unknown');
    assert.equal(walkFirewall(facts, { ...SYN, inInterface: 'lo' }, HOOKS_IN).outcome, 'accept');
    assert.equal(facts.rulesLeftOut, 2, 'port 81, and UDP');
  });
});

describe('a port’s rules', () => {
  test('what moved between two looks; a counter that was cleared counts from there', async () => {
    const counted = (packets: number): string => RULESET.replaceAll('"packets": 0', `"packets": ${packets}`);
    const at = (packets: number) => lookAtFirewall(hostFolder({}, { ...NFT, 'nft -j list ruleset': counted(packets) }));
    const [five, nine] = [await at(5), await at(9)];
    const up = firewallFacts(five, nine, 80, []);
    assert.ok(isKnown(up));
    const output = up.chains.find(({ name }) => name === 'out');
    assert.deepEqual(output?.rules[0]?.counter, { moved: 4, total: 9 });
    const cleared = firewallFacts(nine, five, 80, []);
    assert.ok(isKnown(cleared));
    assert.deepEqual(cleared.chains.find(({ name }) => name === 'out')?.rules[0]?.counter, { moved: 5, total: 5 });
  });

  test('rules of other ports and protocols are left out; the rest is in the order that a packet meets it', async () => {
    const look = await lookAtFirewall(hostFolder({}, NFT));
    const facts = firewallFacts(look, look, 443, ['203.0.113.9']);
    assert.ok(isKnown(facts));
    const input = facts.chains.find(({ name }) => name === 'input')?.rules.map(({ text }) => text) ?? [];
    assert.ok(!input.some((text) => /dport (80|2000|12|99)\b/.test(text)), input.join('\n'));
    assert.equal(facts.chains[0]?.hook, 'ingress');
    assert.equal(facts.chains.at(-1)?.hook, null);
  });

  test('in and out: the drop of the SYN-ACK by its source port', async () => {
    const look = await lookAtFirewall(hostFolder({}, NFT));
    const facts = firewallFacts(look, look, 80, []);
    assert.ok(isKnown(facts));
    const answer: FirewallPacket = {
      ...SYN,
      source: SYN.destination,
      destination: SYN.source,
      sourcePort: 80,
      destinationPort: 40_000,
      flags: 0x12,
      inInterface: null,
      outInterface: 'eth0',
      state: 'established',
    };
    const result = walkFirewall(facts, answer, HOOKS_OUT);
    assert.ok(result.outcome === 'drop' && result.by.rule?.handle === 40);
    const arrived = walkFirewall(facts, SYN, HOOKS_IN);
    assert.equal(arrived.outcome, 'translate');
  });

  test('a large set is cut to the addresses that were asked about', async () => {
    const elements = Array.from({ length: 1000 }, (_, index) => `"10.3.${index >> 8}.${index & 255}"`);
    const large = RULESET.replace('"10.1.1.1",', `${elements.join(',')},"10.1.1.1",`);
    const look = await lookAtFirewall(hostFolder({}, { ...NFT, 'nft -j list ruleset': large }));
    const facts = firewallFacts(look, look, 80, ['10.3.0.7']);
    assert.ok(isKnown(facts));
    const rule = facts.chains.flatMap(({ rules }) => rules).find(({ handle }) => handle === 14);
    const source = rule?.conditions.find((each) => each.kind === 'field' && each.field === 'source-address');
    assert.ok(source?.kind === 'field' && source.partial);
    assert.deepEqual(source.values, [['10.3.0.7', '10.3.0.7']]);
  });

  test('iptables on top of nf_tables: where nft does not know a module, iptables-save does', async () => {
    const ruleset = JSON.parse(RULESET) as { nftables: { rule?: { table: string; expr: unknown[] } }[] };
    const nat = ruleset.nftables.find(({ rule }) => rule?.table === 'nat');
    nat?.rule?.expr.unshift({ xt: { type: 'match', name: 'connlimit' } });
    const module = JSON.stringify(ruleset);
    const root = hostFolder({}, { ...NFT, 'nft -j list ruleset': module, 'iptables-nft-save -c': IPTABLES });
    const look = await lookAtFirewall(root);
    assert.ok(isKnown(look));
    const tools = look.chains.filter(({ table }) => table === 'nat').map(({ tool }) => tool);
    assert.deepEqual([...new Set(tools)], ['iptables']);
    assert.ok(!look.chains.some(({ tool, table }) => tool === 'iptables' && table === 'filter'), 'nft knows the rest');
  });

  test('without nft and without iptables nothing is known, and the reason is told', async () => {
    assert.deepEqual(await lookAtFirewall(hostFolder({})), { unknown: 'nftables: the command nft is not installed' });
  });
});

describe('forms that no nft and no iptables has written yet', () => {
  const strange = [
    { match: null },
    { match: {} },
    { match: { op: '==', left: { payload: null }, right: 80 } },
    { match: { op: '==', left: { meta: null }, right: 80 } },
    { match: { op: '==', left: { payload: { protocol: 'ip', field: 'saddr' } }, right: { prefix: null } } },
    { vmap: null },
    { vmap: { key: { meta: { key: 'l4proto' } }, data: { set: [['tcp', null]] } } },
    { set: null },
    { 'later kind': 7 },
  ];

  test('nft: they are kept as text, or say nothing, and never throw', () => {
    for (const expression of strange) {
      const place = { family: 'inet', table: 'f', name: 'c' };
      const nftables = [
        { chain: { ...place, hook: 'later', type: 'filter' } },
        { rule: { family: 'inet', table: 'f', chain: 'c', handle: 3, expr: [expression] } },
      ];
      const read = parseNft(JSON.stringify({ nftables }), '');
      assert.ok(isKnown(read), JSON.stringify(expression));
      assert.equal(read.chains[0]?.hook, null);
      const look = { chains: read.chains, flowtables: [], unread: [] };
      assert.ok(isKnown(firewallFacts(look, look, 80, [])));
    }
  });

  test('iptables: chains and flags of names that every object of the language has', () => {
    const saved =
      '*constructor\n:constructor - [0:0]\n[1:60] -A constructor -p tcp --tcp-flags toString valueOf -j DROP\n';
    const [chain] = parseIptablesSave(saved, 'iptables');
    assert.equal(chain?.hook, null);
    assert.equal(chain.rules.length, 1);
  });
});
