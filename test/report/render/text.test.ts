import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  count,
  duration,
  listed,
  octets,
  secondsBetween,
  unbroken,
  visibleLength,
  wrap,
} from '../../../src/report/render/text.ts';

test('durations have three digits and a unit', () => {
  const table = [
    [0, '0'],
    [3.5e-8, '35 ns'],
    [0.000_021, '21 µs'],
    [0.001_25, '1.25 ms'],
    [3.0712, '3.07 s'],
    [-0.5, '-500 ms'],
    [725, '12 m 5 s'],
    [10_921, '3 h 2 m'],
    [187_200, '2 d 4 h'],
    [1_472_000_000, '17,037 d'],
  ] as const;
  for (const [seconds, want] of table) assert.equal(duration(seconds), want);
});

test('differences of times lose no digit to the size of the epoch', () => {
  assert.ok(Math.abs(secondsBetween('1793613601.123456789', '1793613601.123456790') - 1e-9) < 1e-15);
  assert.equal(secondsBetween('-0.250000', '0.250000'), 0.5);
  assert.equal(secondsBetween('5', '7'), 2);
});

test('no line is longer than the width, and no character is lost', () => {
  const path = `/${'folder/'.repeat(20)}capture.pcap`;
  const lines = wrap(`the file ${path} is here`, 40, '  file  ');
  for (const line of lines) assert.ok(visibleLength(line) <= 40, line);
  assert.equal(lines.join('').replaceAll(' ', ''), `filethefile${path}ishere`);
});

test('colour takes no room, and unbroken words stay together', () => {
  assert.deepEqual(wrap('\u001b[31maaaa\u001b[39m bbbb cccc dddd', 18), ['\u001b[31maaaa\u001b[39m bbbb cccc', 'dddd']);
  assert.deepEqual(wrap(`seq 1 (100), ${unbroken('ack 2 (200)')}`, 20), ['seq 1 (100),', 'ack 2 (200)']);
});

test('numbers are grouped, octets scaled, long lists cut with their rest named', () => {
  assert.deepEqual([count(0), count(1234), count(1_234_567)], ['0', '1,234', '1,234,567']);
  assert.deepEqual([octets(999), octets(1500), octets(2.5e9)], ['999 B', '1.50 kB', '2.50 GB']);
  assert.equal(listed([1, 2, 3], 2000, 2), '1, 2, and 1,998 more');
});
