/** The command line on a capture that somebody forged: in this process, and, for a sample, as a process of its own. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { COLUMNS } from '../../src/report/render/csv.ts';
import { actingIn } from '../support/hostile-text.ts';
import { projectRoot } from '../support/paths.ts';
import { runCommand } from '../support/run-command.ts';
import type { Choice } from './choice.ts';

const PROGRAMME = path.join(projectRoot, 'dist/bin/tripod.js');
/** Milliseconds after which a process counts as hanging: a thousand times what an ordinary one takes on an idle machine. */
const HANGS = 120_000;

export interface CommandInput {
  readonly words: readonly string[];
  readonly capture: Uint8Array;
}

const FORMATS = ['table', 'json', 'ndjson', 'csv'] as const;
const MORE: readonly (readonly string[])[] = [
  [],
  ['--check'],
  ['--limit', '0'],
  ['--limit', '3'],
  ['--sort', 'latency'],
  ['--missing'],
  ['--verdict', 'complete,no-syn-ack'],
  ['--port', '80,443'],
  ['--server', '10.0.0.2'],
  ['--since', '+1'],
  ['--until', '+2s'],
  ['--max-open', '1'],
  ['--max-open', '3'],
  ['--patience', '0'],
  ['--early'],
  ['--width', '40'],
];

export function commandWords(choice: Choice): string[] {
  const format = choice.of(FORMATS);
  switch (choice.below(4)) {
    case 0:
      return [
        'live',
        '-',
        '--format',
        format,
        ...choice.of([[], ['--all'], ['--until-missing'], ['--count', '3'], ['--check']]),
      ];
    case 1:
      return ['show', '-', String(1 + choice.below(4)), '--format', choice.of(['ladder', 'json'])];
    default:
      return ['analyze', '-', '--format', format, ...choice.of(MORE), ...choice.of(MORE)];
  }
}

/** In this process. */
export async function putCommand({ words, capture }: CommandInput, choice: Choice): Promise<void> {
  const { code, out, errors } = await runCommand(words, piecesOf(capture, 1 + choice.below(capture.length + 1)));
  checkOutcome(words, code, out, errors);
}

/** As a process of its own. */
export function spawnCommand({ words, capture }: CommandInput): void {
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [PROGRAMME, ...words], {
    input: capture,
    encoding: 'utf8',
    env: { NO_COLOR: '1' },
    timeout: HANGS,
    maxBuffer: 1 << 28,
  });
  assert.equal(signal, null, `${words.join(' ')} ended by ${signal}`);
  checkOutcome(words, status, stdout, stderr);
}

function checkOutcome(words: readonly string[], code: number | null, out: string, errors: string): void {
  const said = `tripod ${words.join(' ')} ended with ${code}: ${errors.slice(0, 2000)}`;
  assert.ok(code === 0 || code === 2 || (code === 1 && words.includes('--check')), said);
  assert.doesNotMatch(errors, /^ {4}at /m);
  assert.equal(actingIn(out), null, said);
  assert.equal(actingIn(errors), null, said);
  if (code === 2) assert.match(errors, /^tripod: /m, said);
  if (out !== '') checkFormat(words, out);
}

function checkFormat(words: readonly string[], out: string): void {
  const format = words[words.indexOf('--format') + 1];
  if (format === 'json') JSON.parse(out);
  if (format === 'ndjson') for (const line of out.trimEnd().split('\n')) JSON.parse(line);
  if (format === 'csv') checkCsv(out);
}

/** Every row has a cell for each column, and none of them begins a formula. */
function checkCsv(text: string): void {
  for (const row of text.trimEnd().split('\n')) {
    const cells = row.match(/(?:^|,)(?:"(?:[^"]|"")*"|[^",]*)/g) ?? [];
    assert.equal(cells.length, COLUMNS.length, row);
    for (const cell of cells) assert.doesNotMatch(cell, /^,?"?[=+\-@\t\r](?![\d.]+$)/, row);
  }
}

async function* piecesOf(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
}
