/**
 * Runs tripod over captures in workers, so that a capture that never ends, or that ends the whole thread, is a finding about that capture and not the end of the
 * run.
 */
import { once } from 'node:events';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { AnalyzeResult } from '../../src/index.ts';
import { capturesFolder } from './oracles.ts';

/** What tripod says of a capture; `null` stands for an end that it must never come to, with `crash` as the words for it. */
export interface Reading {
  readonly result: SentResult | null;
  readonly crash: string | null;
  readonly millis: number;
}

/** As AnalyzeResult; errors lose their class between threads, so their names come along. */
export type SentResult = Pick<AnalyzeResult, 'report' | 'handshakes'> & {
  readonly failures: readonly { readonly name: string; readonly message: string }[];
};

/** The largest capture takes about 0.3 s on one core: this is for machines that do much else. */
const LIMIT_MILLIS = 30_000;
const WORKERS = 2;

export async function readAll(files: readonly string[]): Promise<Map<string, Reading>> {
  const readings = new Map<string, Reading>();
  const waiting = [...files].reverse();
  await Promise.all(Array.from({ length: WORKERS }, () => readInTurn(waiting, readings)));
  return readings;
}

async function readInTurn(waiting: string[], readings: Map<string, Reading>): Promise<void> {
  let worker = startWorker();
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    const began = performance.now();
    const answer = await ask(worker, path.join(capturesFolder, file));
    readings.set(file, { ...answer, millis: performance.now() - began });
    if (answer.crash === null) continue;
    await worker.terminate();
    worker = startWorker();
  }
  await worker.terminate();
}

function startWorker(): Worker {
  return new Worker(new URL('./reading-worker.js', import.meta.url));
}

async function ask(worker: Worker, file: string): Promise<Omit<Reading, 'millis'>> {
  const heard = new AbortController();
  const { signal } = heard;
  try {
    return await Promise.race([
      once(worker, 'message', { signal }).then(([answer]) => answer as Omit<Reading, 'millis'>),
      once(worker, 'exit', { signal }).then(([code]) => ({ result: null, crash: `the worker ended with ${code}` })),
      setTimeout(LIMIT_MILLIS, { result: null, crash: `no end within ${LIMIT_MILLIS / 1000} s` }, { signal }),
      new Promise<never>(() => worker.postMessage(file)),
    ]);
  } catch (error) {
    return { result: null, crash: String(error) };
  } finally {
    heard.abort();
  }
}
