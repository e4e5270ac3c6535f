/** Speed of wrong answers is worth nothing: tripod's report on a generated capture is held against what the generator knows of it. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import type { Capture } from '../captures.ts';
import type { Truth } from '../generator/generate.ts';
import { answering } from '../programs.ts';

/** @throws AssertionError */
export function checkAnswer({ file, truth, overflows }: Capture): void {
  const [node = '', ...words] = answering(file);
  checkReport(execFileSync(node, words, { encoding: 'utf8', maxBuffer: 2 ** 28 }), truth, overflows);
}

/** @param json what `tripod analyze --format json --limit 0` wrote. @throws AssertionError */
export function checkReport(json: string, truth: Truth, overflows = false): void {
  const { capture, summary } = JSON.parse(json);
  assert.equal(capture.tcpSegments, truth.packets);
  assert.equal(summary.attempts, truth.attempts);
  if (overflows) assert.equal(summary.byVerdict.complete, truth.byVerdict.complete);
  else assert.deepEqual(sorted(summary.byVerdict), sorted(truth.byVerdict));
}

function sorted(counts: Readonly<Record<string, number>>): [string, number][] {
  return Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1));
}
