/**
 * Runs the compiled tests: `node dist/test/run.js [part of a path …]`. Node 20 and Node 22 read the arguments of
 * `node --test` differently (folders in one, globs in the other), so the files are named here.
 */
import { readdirSync } from 'node:fs';
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

const stream = run({ files, concurrency: true });
stream.on('test:fail', () => {
  process.exitCode = 1;
});
stream.compose(new spec()).pipe(process.stdout);
