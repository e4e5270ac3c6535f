/** Nothing that somebody wrote into a capture, a name or a kept checkup reaches the terminal, a cell or a JSON reader as anything but text. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { block, enhancedPacket, interfaceDescription, pcapHeader, sectionHeader } from '../../src/capture/write.ts';
import { jsonText } from '../../src/report/escape.ts';
import { concat, words } from '../support/capture-bytes.ts';
import { actingIn, HOSTILE_TEXTS } from '../support/hostile-text.ts';
import { ethernet, tcpPacket } from '../support/packet-bytes.ts';
import { type CommandOutcome, runCommand } from '../support/run-command.ts';

const FORMATS = ['table', 'json', 'ndjson', 'csv'] as const;
let folder = '';

before(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'tripod-hostile-'));
});
after(() => rmSync(folder, { recursive: true }));

/** A SYN that nobody answers, in a capture where every text says this; `damaged` at its end. */
function captureSaying(text: string, damaged: boolean): Uint8Array {
  const bytes = ethernet(tcpPacket({ from: '10.0.0.1', to: '10.0.0.2' }));
  const packet = (seconds: number) => enhancedPacket({ seconds, nanos: 0, bytes }, { comments: [text] });
  return concat(
    sectionHeader({ application: text, comment: text }),
    interfaceDescription({ linkType: 1, name: text }),
    interfaceDescription({ linkType: 9999, name: text }),
    packet(1_700_000_000),
    packet(1_700_000_010),
    block(10, true, new TextEncoder().encode(text.padEnd(80, ' ')).subarray(0, 80)),
    damaged ? words(true, 6, 13) : new Uint8Array(0),
  );
}

function assertSafe(outcome: CommandOutcome, codes: readonly number[]): void {
  const { code, out, errors } = outcome;
  assert.ok(codes.includes(code), errors);
  assert.equal(actingIn(out), null);
  assert.equal(actingIn(errors), null);
  for (const line of errors.trimEnd().split('\n')) assert.match(line, /^($|tripod: |See: tripod )/);
}

/** A file system takes any octet but these. */
function fileNameOf(text: string): string {
  return `${text.replaceAll('\0', '').replaceAll('/', '|')}.pcapng`;
}

describe('texts of a capture, and its name', () => {
  for (const [index, text] of HOSTILE_TEXTS.entries()) {
    test(jsonText(text), async () => {
      const place = path.join(folder, String(index));
      mkdirSync(place);
      const whole = path.join(place, fileNameOf(text));
      const damaged = path.join(place, `damaged ${fileNameOf(text)}`);
      writeFileSync(whole, captureSaying(text, false));
      writeFileSync(damaged, captureSaying(text, true));
      writeFileSync(path.join(place, `note ${fileNameOf(text)}`), text);
      for (const format of FORMATS) {
        const both = await runCommand(['analyze', whole, damaged, '--format', format]);
        assertSafe(both, [2]);
        if (format === 'json') assert.equal(JSON.parse(both.out).capture.sources[0].name, whole);
        if (format === 'csv') assertCells(both.out);
        assertSafe(await runCommand(['analyze', place, '--format', format]), [2]);
      }
      for (const format of ['ladder', 'json']) {
        assertSafe(await runCommand(['show', whole, '1', '--format', format]), [0]);
        assertSafe(await runCommand(['show', damaged, '1', '--format', format]), [2]);
      }
      assertSafe(await runCommand(['analyze', `${whole}x`]), [2]);
      assertSafe(await runCommand(['analyze', whole, '--format', text]), [2]);
      assertSafe(await runCommand(['analyze', whole, '--port', text]), [2]);
      assertSafe(await runCommand(['analyze', whole, '--out', path.join(place, 'no folder', text)]), [2]);
      assertSafe(await runCommand([text, whole]), [2]);
    });
  }
});

/** Cells as RFC 4180 has them; none begins a formula. */
function assertCells(text: string): void {
  const [head = '', ...rows] = text.trimEnd().split('\n');
  for (const row of rows) {
    const cells = row.match(/(?:^|,)(?:"(?:[^"]|"")*"|[^",]*)/g) ?? [];
    assert.equal(cells.length, head.split(',').length);
    for (const cell of cells) assert.doesNotMatch(cell, /^,?"?[=+\-@\t\r]/);
  }
}

test('what is no capture is named with the text that it begins with', async () => {
  for (const [index, text] of HOSTILE_TEXTS.entries()) {
    const file = path.join(folder, `begins-${index}`);
    writeFileSync(file, text);
    assertSafe(await runCommand(['analyze', file]), [2]);
  }
});

test('a checkup that somebody kept', async () => {
  for (const [index, text] of HOSTILE_TEXTS.entries()) {
    const place = path.join(folder, `kept-${index}`);
    mkdirSync(place);
    writeFileSync(path.join(place, 'packets.pcap'), pcapHeader({ linkType: 1 }));
    const finding = { id: text, status: 'fail', evidence: text, advice: text };
    const cause = { cause: text, confidence: text, evidence: [text], advice: text };
    const step = { name: 'legs', question: text, status: 'fail', findings: [finding], commands: [text] };
    const verdict = {
      status: 'fault',
      missingLeg: 'ack',
      sentence: text,
      findings: [text],
      causes: [cause],
      advice: [text],
      notSeen: [text],
    };
    writeFileSync(path.join(place, 'checkup.json'), JSON.stringify({ steps: [step], verdict }));
    for (const format of FORMATS) assertSafe(await runCommand(['analyze', place, '--format', format]), [0]);
  }
});

test('ten thousand sources that fail are told in ten sentences and a number', async () => {
  const files = Array.from({ length: 40 }, (_, i) => path.join(folder, `cut-${i}.pcap`));
  for (const file of files) writeFileSync(file, concat(pcapHeader({ linkType: 1 }), words(true, 1, 1, 0xffff_ffff, 1)));
  const { code, errors } = await runCommand(['analyze', ...files]);
  assert.equal(code, 2);
  const lines = errors.trimEnd().split('\n');
  assert.equal(lines.length, 11);
  assert.match(lines[0] ?? '', /^tripod: .*cut-0\.pcap: pcap damaged at byte 24: /);
  assert.equal(lines[10], 'tripod: 30 more sources ended early, too: --format json has the damage of each');
});
