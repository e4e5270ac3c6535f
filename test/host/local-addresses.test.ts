/** Which addresses the kernel takes packets for, by what `ip` answered in a namespace with each kind of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unknown } from '../../src/diagnosis/port-facts.ts';
import { localAddresses } from '../../src/host/local-addresses.ts';
import { HOST_ROOT } from '../../src/host/proc.ts';

const FOUR = `[{"type":"local","dst":"10.7.0.0/24","dev":"lo","scope":"host","flags":[]},
{"type":"local","dst":"10.9.0.2","dev":"s0","protocol":"kernel","scope":"host","prefsrc":"10.9.0.2","flags":[]},
{"type":"broadcast","dst":"10.9.0.255","dev":"s0","protocol":"kernel","scope":"link","prefsrc":"10.9.0.2","flags":[]},
{"type":"local","dst":"127.0.0.0/8","dev":"lo","protocol":"kernel","scope":"host","prefsrc":"127.0.0.1","flags":[]}]`;
const SIX = `[{"type":"local","dst":"::1","dev":"lo","protocol":"kernel","metric":0,"flags":[],"pref":"medium"},
{"type":"local","dst":"fe80::c45b:95ff:fe0d:776d","dev":"s0","protocol":"kernel","metric":0,"flags":[],"pref":"medium"},
{"type":"multicast","dst":"ff00::/8","dev":"s0","protocol":"kernel","metric":256,"flags":[],"pref":"medium"}]`;

const answering = (four: string, six: string) =>
  localAddresses({ ...HOST_ROOT, run: async (_, __, family) => (family === '-4' ? four : six) });

test('single ones, link-local ones, and whole networks; no broadcast and no multicast', async () => {
  const own = await answering(FOUR, SIX);
  for (const address of ['10.9.0.2', '10.7.0.5', '127.0.0.53', '::1', 'fe80::c45b:95ff:fe0d:776d']) {
    assert.ok(own.has(address), address);
  }
  for (const address of ['10.9.0.255', '10.7.1.5', '10.9.0.1', 'fe80::1', 'ff02::1', 'a name']) {
    assert.ok(!own.has(address), address);
  }
});

test('where the table can’t be read, those of this host’s interfaces', async () => {
  const own = await localAddresses({ ...HOST_ROOT, run: async () => unknown('the command ip is not installed') });
  assert.ok(own.has('127.0.0.1'));
  assert.ok(!own.has('192.0.2.1'));
});
