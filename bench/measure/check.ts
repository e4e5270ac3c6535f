/** Speed of wrong answers is worth nothing: tripod's report on a generated capture is held against what the generator knows of it. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import type { Capture } from '../captures.ts';
import { answering } from '../programs.ts';

/** @throws AssertionError */
export function checkAnswer({ file, truth }: Capture): void {
  const [node = '', ...words] = answering(file);
  const { capture, summary } = JSON.parse(execFileSync(node, words, { encoding: 'utf8' }));
  assert.equal(capture.tcpSegments, truth.packets);
  assert.equal(summary.attempts, truth.attempts);
  assert.deepEqual(sorted(summary.byVerdict), sorted(truth.byVerdict));
}

function sorted(counts: Readonly<Record<string, number>>): [string, number][] {
  return Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1));
}
