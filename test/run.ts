/**
 * Runs the compiled tests: `node dist/test/run.js [part of a path …]`. Node 20 and Node 22 read the arguments of
 * `node --test` differently (folders in one, globs in the other), so the files are named here.
 */
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';

const root = import.meta.dirname;
const wanted = process.argv.slice(2);
const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.test.js'))
  .filter((name) => (wanted.length === 0 ? !name.startsWith('corpus') : wanted.some((part) => name.includes(part))))
  .sort()
  .map((name) => path.join(root, name));
if (files.length === 0) throw new Error(`no test file matches: ${wanted.join(' ')}`);

// Live tests build hosts and measure what a kernel does in a time: one file after the other, when nothing else is at work.
const isLive = (file: string): boolean => path.relative(root, file).startsWith('live');
// `true` would leave one processor idle, of two.
await runAll(
  files.filter((file) => !isLive(file)),
  availableParallelism(),
);
await runAll(files.filter(isLive), 1);

async function runAll(some: string[], concurrency: number): Promise<void> {
  if (some.length === 0) return;
  const stream = run({ files: some, concurrency });
  stream.on('test:fail', () => {
    process.exitCode = 1;
  });
  for await (const text of stream.compose(new spec())) process.stdout.write(text);
}
