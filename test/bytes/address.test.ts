import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatAddress, parseAddress, parseAddressRange, rangeContains } from '../../src/bytes/address.ts';

/** Text forms and the canonical one (RFC 5952 §4, §5). */
const FORMS: readonly (readonly [string, string])[] = [
  ['10.0.0.1', '10.0.0.1'],
  ['255.255.255.255', '255.255.255.255'],
  ['0.0.0.0', '0.0.0.0'],
  ['::', '::'],
  ['::1', '::1'],
  ['1::', '1::'],
  ['2001:DB8::0001', '2001:db8::1'],
  ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
  ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['0:0:1:0:0:0:0:0', '0:0:1::'],
  ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
  ['::ffff:1.2.3.4', '::ffff:1.2.3.4'],
  ['::ffff:102:304', '::ffff:1.2.3.4'],
  ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
  ['fe80::', 'fe80::'],
];

test('an address is written in its canonical form, whatever form it was read in', () => {
  for (const [text, canonical] of FORMS) {
    const address = parseAddress(text);
    assert.ok(address, text);
    assert.equal(formatAddress(...address.words, address.family), canonical, text);
  }
});

test('signed words, as DataView yields them, are written like unsigned ones', () => {
  assert.equal(formatAddress(0, 0, 0xffff, -1, 4), '255.255.255.255');
  assert.equal(formatAddress(-1, 0, 0, -1, 6), 'ffff:ffff::ffff:ffff');
});

test('an IPv4 address and the mapped IPv6 address differ in family alone', () => {
  assert.deepEqual(parseAddress('1.2.3.4'), { words: [0, 0, 0xffff, 0x01020304], family: 4 });
  assert.deepEqual(parseAddress('::ffff:1.2.3.4'), { words: [0, 0, 0xffff, 0x01020304], family: 6 });
});

test('what is no address is refused', () => {
  const refused = ['', '1', '1.2.3', '1.2.3.4.5', '1.2.3.256', '01.2.3.4', '1.2.3.4 ', '-1.2.3.4', '1.2.3.4/8', 'host'];
  refused.push(
    ':',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '12345::',
    'fe80::1%eth0',
    '::g',
    '1:2:3:4:5:6:7:8::',
  );
  refused.push('::1.2.3.4:5', '1.2.3.4::', '[::1]', '1:', ':1');
  for (const text of refused) assert.equal(parseAddress(text), null, text);
});

test('any address survives a round trip, and node agrees that it is one', () => {
  const word = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffffffff }), fc.constant(0xffff));
  fc.assert(
    fc.property(word, word, word, word, (w0, w1, w2, w3) => {
      const text = formatAddress(w0, w1, w2, w3, 6);
      assert.equal(isIP(text), 6, text);
      assert.deepEqual(parseAddress(text), { words: [w0, w1, w2, w3], family: 6 });
      const quad = formatAddress(0, 0, 0xffff, w3, 4);
      assert.equal(isIP(quad), 4, quad);
      assert.deepEqual(parseAddress(quad), { words: [0, 0, 0xffff, w3], family: 4 });
    }),
  );
});

test('an address is read when and only when node reads it', () => {
  const text = fc.oneof(
    fc.ipV4(),
    fc.ipV6(),
    fc.string({ unit: fc.constantFrom('0', '1', 'f', ':', '.', '/'), maxLength: 24 }),
  );
  fc.assert(
    fc.property(text, (candidate) => assert.equal(parseAddress(candidate)?.family ?? 0, isIP(candidate), candidate)),
  );
});

function contains(range: string, address: string): boolean {
  const parsedRange = parseAddressRange(range);
  const parsed = parseAddress(address);
  assert.ok(parsedRange && parsed);
  return rangeContains(parsedRange, ...parsed.words);
}

test('a range holds the addresses that share its prefix', () => {
  assert.ok(contains('10.0.0.0/8', '10.255.0.1'));
  assert.ok(!contains('10.0.0.0/8', '11.0.0.0'));
  assert.ok(contains('10.1.2.3/8', '10.9.9.9'), 'bits below the prefix do not count');
  assert.ok(contains('192.168.1.1', '192.168.1.1'));
  assert.ok(!contains('192.168.1.1', '192.168.1.2'));
  assert.ok(contains('0.0.0.0/0', '255.1.2.3'));
  assert.ok(!contains('0.0.0.0/0', '2001:db8::1'));
  assert.ok(contains('2001:db8::/32', '2001:db8:ffff::1'));
  assert.ok(!contains('2001:db8::/32', '2001:db9::1'));
  assert.ok(contains('2001:db8::/65', '2001:db8:0:0:7fff::'));
  assert.ok(!contains('2001:db8::/65', '2001:db8:0:0:8000::'));
  assert.ok(contains('::/0', '1.2.3.4'), 'everything lies in ::/0');
  assert.deepEqual(parseAddressRange('10.1.2.3/8'), {
    words: [0, 0, 0xffff, 0x0a000000],
    prefixLength: 104,
    family: 4,
  });
});

test('what is no range is refused', () => {
  for (const text of [
    '10.0.0.0/33',
    '::/129',
    '10.0.0.0/',
    '/8',
    '10.0.0.0/08',
    '10.0.0.0/8/8',
    '10/8',
    '10.0.0.0/-1',
    '10.0.0.0/a',
  ]) {
    assert.equal(parseAddressRange(text), null, text);
  }
});
