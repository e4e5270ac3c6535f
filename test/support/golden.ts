/** Texts that are compared with what a person has looked at. UPDATE_GOLDEN=1 writes them anew: look at the difference before you keep it. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { projectRoot } from './paths.ts';

/** @param file below test/, with its ending */
export function assertGolden(text: string, file: string): void {
  const golden = path.join(projectRoot, 'test', file);
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(golden, text);
  assert.equal(text, readFileSync(golden, 'utf8'));
}
