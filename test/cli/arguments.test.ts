import assert from 'node:assert/strict';
import { test } from 'node:test';
import { writeOut } from '../../src/cli/arguments.ts';
import { COMMANDS } from '../../src/cli/commands/index.ts';
import { editDistance, nearest } from '../../src/cli/suggest.ts';

const FILES = ['capture', 'show'];

for (const [given, want] of [
  ['capture.pcap', 'analyze capture.pcap'],
  ['capture', 'analyze capture'],
  ['-', 'analyze -'],
  ['ring/*.pcap', 'analyze ring/*.pcap'],
  ['--port 443 capture.pcap', 'analyze --port 443 capture.pcap'],
  ['--check capture.pcap', 'analyze --check capture.pcap'],
  ['--patience 5 analyze capture.pcap', 'analyze --patience 5 capture.pcap'],
  ['analyze capture.pcap', 'analyze capture.pcap'],
  ['show a.pcap 1', 'show a.pcap 1'],
  ['--help', '--help'],
  ['--version', '--version'],
  ['analise', 'analise'],
  ['', ''],
  ['analyze --missing a.pcap', 'analyze --missing=any a.pcap'],
  ['analyze a.pcap --missing', 'analyze a.pcap --missing=any'],
  ['analyze --missing syn-ack,ack a.pcap', 'analyze --missing syn-ack,ack a.pcap'],
  ['analyze --missing=syn a.pcap', 'analyze --missing=syn a.pcap'],
  ['analyze --missing --check a.pcap', 'analyze --missing=any --check a.pcap'],
  ['analyze -- --missing', 'analyze -- --missing'],
  ['--missing a.pcap', 'analyze --missing=any a.pcap'],
] as const) {
  test(`"tripod ${given}" means "tripod ${want}"`, () => {
    const words = given === '' ? [] : given.split(' ');
    assert.equal(writeOut(words, COMMANDS, (path) => FILES.includes(path)).join(' '), want);
  });
}

test('the nearest word is suggested for a slip, and none for something else', () => {
  const words = ['patience', 'port', 'format', 'verdict'];
  assert.equal(nearest('patiance', words), 'patience');
  assert.equal(nearest('prot', words), 'port');
  assert.equal(nearest('pat', words), 'patience');
  assert.equal(nearest('verdicts', words), 'verdict');
  assert.equal(nearest('xyz', words), null);
  assert.equal(editDistance('ab', 'ba'), 1);
});
