import assert from 'node:assert/strict';
import { test } from 'node:test';
import { csvText, jsonText, printable } from '../../src/report/escape.ts';

test('what would steer a terminal is shown, not sent', () => {
  assert.equal(printable('a\u001b[31mb\r\n\u0007'), 'a\\x1b[31mb\\x0d\\x0a\\x07');
  assert.equal(printable('\u009b2J'), '\\x9b2J');
  assert.equal(printable('evil\u202egpj.exe'), 'evil\\u{202e}gpj.exe');
  assert.equal(printable('tag\u{e0041}'), 'tag\\u{e0041}');
  assert.equal(printable('lone \ud800'), 'lone \\u{d800}');
});

test('ordinary text of any language stays as it is', () => {
  assert.equal(printable('Mitschnitt für Zürich – 捕获 🐟.pcap'), 'Mitschnitt für Zürich – 捕获 🐟.pcap');
});

test('JSON keeps the value and sends nothing that steers a terminal', () => {
  const value = { name: 'a\u001b\u009b\u202e\u007f\u{e0041}\n"' };
  const text = jsonText(value, 2);
  assert.deepEqual(JSON.parse(text), value);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
  assert.doesNotMatch(text, /[\u001b\u009b\u202e\u007f]/u);
  assert.equal(text.split('\n').length, 3);
});

for (const [text, want] of [
  ['=1+1', "'=1+1"],
  ['+1', "'+1"],
  ['-1', "'-1"],
  ['@SUM(A1)', "'@SUM(A1)"],
  ['\t=1', "'\\x09=1"],
  ['\r=1', "'\\x0d=1"],
  ['=HYPERLINK("x","y")', '"\'=HYPERLINK(""x"",""y"")"'],
  ['plain', 'plain'],
  ['a,b', '"a,b"'],
  ['say "no"', '"say ""no"""'],
  [' led', '" led"'],
  ['a\nb', 'a\\x0ab'],
] as const) {
  test(`CSV text ${JSON.stringify(text)} is written ${want}`, () => {
    assert.equal(csvText(text), want);
  });
}
