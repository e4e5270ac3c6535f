import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CHECKSUM, tcpChecksum } from '../../src/wire/checksum.ts';
import { type Decoded, decodeFrame, LINK } from '../support/decoding.ts';
import * as p from '../support/packet-bytes.ts';

const CLIENT = '10.0.0.1';
const NEXT_HOP = '10.0.0.9';
const LAST = '10.0.0.2';
const LOOSE = 131;
const STRICT = 137;

/** A SYN to the next hop whose TCP checksum is over `summedFor`. */
function syn(options: Uint8Array, summedFor: string): Decoded {
  const header = p.tcp({ from: CLIENT, to: summedFor, sourcePort: 40000, destinationPort: 80, flags: 'S' });
  return decodeFrame(p.ipv4(header, { from: CLIENT, to: NEXT_HOP, options }), LINK.IPV4);
}

/** RFC 791 §3.1: kind, length, pointer, addresses. */
function route(kind: number, pointer: number, ...addresses: readonly string[]): Uint8Array {
  const bytes = p.concat(p.u8(kind, 3 + 4 * addresses.length, pointer), ...addresses.map(p.addressBytes));
  return p.concat(bytes, p.fill((4 - (bytes.length % 4)) % 4));
}

test('the destination of a source-routed packet is the last address of the route, over which the checksum is too', () => {
  for (const kind of [LOOSE, STRICT]) {
    const { ends, segment } = syn(route(kind, 4, '10.0.0.7', LAST), LAST);
    assert.equal(ends, `${CLIENT}:40000 > ${LAST}:80`);
    assert.equal(tcpChecksum(segment), CHECKSUM.GOOD);
  }
});

test('a route with one address to go still counts, one that is exhausted does not', () => {
  assert.equal(syn(route(LOOSE, 8, '10.0.0.7', LAST), LAST).ends, `${CLIENT}:40000 > ${LAST}:80`);
  assert.equal(syn(route(LOOSE, 12, '10.0.0.7', '10.0.0.8'), NEXT_HOP).ends, `${CLIENT}:40000 > ${NEXT_HOP}:80`);
});

test('a source route behind no-operations and other options is found, one behind the end of options is not', () => {
  const routerAlert = p.u8(148, 4, 0, 0);
  const loose = route(LOOSE, 4, LAST);
  assert.match(syn(p.concat(p.u8(1, 1, 1, 1), routerAlert, loose), LAST).ends, /10\.0\.0\.2:80$/);
  assert.match(syn(p.concat(p.u8(0, 0, 0, 0), loose), NEXT_HOP).ends, /10\.0\.0\.9:80$/);
});

test('options of impossible lengths change nothing and the segment behind them is read', () => {
  const cases = ['83000400', '83010400', '83020400', '83050400', '83ff0400', '94000000', '0101ff83', '01010183'];
  for (const options of cases) assert.match(syn(p.hex(options), NEXT_HOP).ends, /10\.0\.0\.9:80$/, options);
});
