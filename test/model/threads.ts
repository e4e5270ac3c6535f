/** A capture that threads read, in chunks so short that packets lie across their ends: what is said of it is what one thread says. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Choice } from '../fuzz/choice.ts';
import { analyzeInThreads, type Outcome } from '../support/threaded.ts';
import type { Fault } from './oracle.ts';

const CHUNK_LENGTHS: readonly number[] = [64, 200, 1000, 4096];

/** @param files one capture, of which all or none are pcapng */
export async function faultsOfThreads(seed: number, files: readonly Uint8Array[]): Promise<readonly Fault[]> {
  const choice = new Choice(seed ^ 0x7a4ead);
  const [threads, length] = [1 + choice.below(2), choice.of(CHUNK_LENGTHS)];
  const folder = mkdtempSync(path.join(tmpdir(), 'tripod-model-'));
  try {
    const alone = await analyzeInThreads(folder, files, 1, length);
    const together = await analyzeInThreads(folder, files, 1 + threads, length);
    return differences(alone, together).map((what) => ({
      rule: 'threads say what one thread says',
      what: `${1 + threads} threads, chunks of ${length}: ${what}`,
    }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function differences(alone: Outcome, together: Outcome): string[] {
  const lines = ({ report, handshakes, failures }: Outcome): string[] =>
    [...handshakes, ...failures, report].map((one) => JSON.stringify(one));
  const [expected, found] = [lines(alone), lines(together)];
  if (expected.length !== found.length) return [`${found.length - 1} records, not ${expected.length - 1}`];
  return expected.flatMap((line, index) => (line === found[index] ? [] : [`${found[index]}, not ${line}`]));
}
