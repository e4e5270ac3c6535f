/** Captures that are read by threads: broken as they are, the same is said of them as without. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { analyzeInThreads } from '../support/threaded.ts';

/** Octets of a chunk: shorter than a record's header, as long as a record, as long as a small capture. */
const CHUNKS = [13, 100, 1000, 5000] as const;

export class ThreadedReading {
  private readonly folder = mkdtempSync(path.join(tmpdir(), 'tripod-fuzz-'));
  private puts = 0;

  async put(capture: Uint8Array): Promise<void> {
    const chunk = CHUNKS[this.puts % CHUNKS.length] as number;
    this.puts += 1;
    const alone = await analyzeInThreads(this.folder, [capture], 1, chunk);
    assert.deepEqual(await analyzeInThreads(this.folder, [capture], 2, chunk), alone, `chunks of ${chunk}`);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}
