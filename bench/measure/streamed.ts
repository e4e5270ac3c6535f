/** A capture larger than one wants to store: made while it is read, through a pipe. */
import { spawn } from 'node:child_process';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { Truth } from '../generator/generate.ts';
import { answering } from '../programs.ts';
import { checkReport } from './check.ts';
import { markHighWater } from './run-process.ts';

export interface Streamed {
  readonly packets: number;
  readonly bytes: number;
  readonly seconds: number;
  /** Of tripod, without the generator. */
  readonly peakBytes: number;
}

const POLL_MILLISECONDS = 50;
const GENERATOR = path.join(import.meta.dirname, '..', 'stream-capture.js');

/** @throws AssertionError when the answer is wrong */
export async function streamed(bytes: number): Promise<Streamed> {
  const [node = '', ...words] = answering('-');
  const began = performance.now();
  const generator = spawn(node, [GENERATOR, String(bytes)], { stdio: ['ignore', 'pipe', 'pipe'] });
  const tripod = spawn(node, words, { stdio: [generator.stdout, 'pipe', 'inherit'] });
  const marks = new Map<number, number>();
  const poll = setInterval(() => markHighWater(tripod.pid ?? 0, marks), POLL_MILLISECONDS);
  // Only tripod holds the reading end: when it dies, the generator ends too.
  generator.stdout.destroy();
  try {
    const [answer, told] = await Promise.all([text(tripod.stdout as Readable), text(generator.stderr)]);
    const seconds = (performance.now() - began) / 1000;
    const truth = JSON.parse(told) as Truth;
    checkReport(answer, truth);
    return { packets: truth.packets, bytes: truth.bytes, seconds, peakBytes: Math.max(...marks.values()) };
  } finally {
    clearInterval(poll);
  }
}
