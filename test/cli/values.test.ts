import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UsageError } from '../../src/cli/errors.ts';
import {
  parseChoice,
  parseClient,
  parseCount,
  parseDuration,
  parseMoment,
  parsePorts,
  parseServer,
} from '../../src/cli/values.ts';

function refuses(parse: () => unknown, sentence: RegExp): void {
  assert.throws(parse, (error) => error instanceof UsageError && sentence.test(error.message));
}

for (const [text, seconds] of [
  ['3', 3],
  ['3s', 3],
  ['0.5', 0.5],
  ['500ms', 0.5],
  ['2m', 120],
  ['1h', 3600],
  ['0', 0],
] as const) {
  test(`a patience of ${text} is ${seconds} seconds`, () => assert.equal(parseDuration(text, '--patience'), seconds));
}

for (const text of ['', '-1', '3 s', '3d', 'three', '1e3', 'NaN', 'Infinity', '3s3']) {
  test(`a patience of "${text}" is refused with examples`, () => {
    refuses(() => parseDuration(text, '--patience'), /^--patience takes a duration such as 3, 3s, 500ms/);
  });
}

for (const [text, seconds, fromStart] of [
  ['1762077600', 1_762_077_600, false],
  ['1762077600.25', 1_762_077_600.25, false],
  ['2025-11-02T10:00:00Z', 1_762_077_600, false],
  ['2025-11-02T10:00', 1_762_077_600, false],
  ['2025-11-02 10:00:00.250', 1_762_077_600.25, false],
  ['2025-11-02T11:00:00+01:00', 1_762_077_600, false],
  ['2025-11-02T11:00:00+0100', 1_762_077_600, false],
  ['2025-11-02', 1_762_041_600, false],
  ['+10', 10, true],
  ['+1.5s', 1.5, true],
  ['+2m', 120, true],
] as const) {
  test(`the time ${text} is ${seconds}${fromStart ? ' after the first packet' : ''}, in every time zone`, () => {
    assert.deepEqual(parseMoment(text, '--since'), { seconds, fromStart });
  });
}

for (const text of ['', 'yesterday', '10:00', '2025-13-01', '2025-11-02T25:00Z', '-5', '+', '+x']) {
  test(`the time "${text}" is refused with examples`, () => {
    refuses(() => parseMoment(text, '--since'), /^--since takes a time such as 2026/);
  });
}

test('ports are lists and ranges, each once, in order', () => {
  assert.deepEqual(parsePorts(['443', '80', '8000-8002', '443'], '--port'), [80, 443, 8000, 8001, 8002]);
  assert.deepEqual(parsePorts(['0', '65535'], '--port'), [0, 65_535]);
  assert.deepEqual(parsePorts([], '--port'), []);
});

for (const text of ['65536', '-1', '80-', '90-80', 'http', '1-65536', '8O']) {
  test(`the port "${text}" is refused`, () => {
    refuses(() => parsePorts([text], '--port'), /^--port takes ports from 0 to 65535/);
  });
}

test('a range of ports that would fill the report is refused', () => {
  refuses(() => parsePorts(['1-65535'], '--port'), /at most 4096 ports/);
  refuses(() => parsePorts(['1-4000', '5000-5200'], '--port'), /at most 4096 ports/);
});

for (const [text, family, prefixLength, port] of [
  ['10.0.0.1', 4, 128, null],
  ['10.0.0.0/8', 4, 104, null],
  ['10.0.0.1:443', 4, 128, 443],
  ['10.0.0.0/8:443', 4, 104, 443],
  ['2001:db8::1', 6, 128, null],
  ['2001:db8::/32', 6, 32, null],
  ['[2001:db8::1]', 6, 128, null],
  ['[2001:db8::1]:443', 6, 128, 443],
  ['[2001:db8::/32]:443', 6, 32, 443],
] as const) {
  test(`the server ${text} is of family ${family}, prefix ${prefixLength}, port ${port ?? 'any'}`, () => {
    const { range, port: parsed } = parseServer(text, '--server');
    assert.deepEqual([range.family, range.prefixLength, parsed], [family, prefixLength, port]);
  });
}

for (const text of [
  '',
  'example.org',
  '10.0.0.1:',
  '10.0.0.1:65536',
  '10.0.0.1/33',
  '2001:db8::1:443:',
  '[10.0.0.1',
  ':443',
]) {
  test(`the server "${text}" is refused with examples`, () => {
    refuses(() => parseServer(text, '--server'), /^--server takes an address such as 10\.0\.0\.1/);
  });
}

test('clients are addresses and ranges, without a port', () => {
  assert.equal(parseClient('[2001:db8::/32]', '--client').prefixLength, 32);
  refuses(() => parseClient('10.0.0.1:80', '--client'), /^--client takes an address/);
});

test('a whole number keeps its bounds', () => {
  assert.equal(parseCount('0', '--limit', 0, 10), 0);
  for (const text of ['-1', '11', '1.5', '', 'x', '1e1']) {
    refuses(() => parseCount(text, '--limit', 0, 10), /^--limit takes a whole number from 0 to 10, not "/);
  }
});

test('a choice may be in capitals, and a slip gets a suggestion', () => {
  const choices = ['table', 'json', 'ndjson'] as const;
  assert.equal(parseChoice('JSON', '--format', choices), 'json');
  refuses(() => parseChoice('tabel', '--format', choices), /not "tabel": did you mean table\?$/);
  refuses(() => parseChoice('yaml', '--format', choices), /takes table, json, ndjson, not "yaml"$/);
});
