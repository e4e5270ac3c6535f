/**
 * The command in few files, dist/bin: one entry, and a chunk for everything that it loads only when it is asked for. Starting from the compiled modules one
 * by one takes twice as long (bench/README.md). Nothing is minified, so that the stack of a bug has the names of functions.
 * The library (dist/src) stays as tsc writes it.
 */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';

const FOLDER = 'dist/bin';
/** Native ones, and tinyglobby, which looks for its own dependency from the place where it is installed. */
const LEFT_ALONE = ['koffi', 'cap', 'tinyglobby'];

rmSync(FOLDER, { recursive: true, force: true });
const { metafile } = await build({
  // A thread or process is started from a file of its own.
  entryPoints: {
    tripod: 'dist/src/cli/main.js',
    'file-worker': 'dist/src/threads/file-worker.js',
    'stream-worker': 'dist/src/threads/stream-worker.js',
    'facts-helper': 'dist/src/host/facts-helper.js',
    'cap-process': 'dist/src/source/live/cap-process.js',
  },
  outdir: FOLDER,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  external: LEFT_ALONE,
  logLevel: 'warning',
  metafile: true,
});
writeFileSync(path.join(FOLDER, 'third-party-licenses.txt'), licencesOf(Object.keys(metafile.inputs)));

/** The packages whose code is in there want their licences beside it. */
function licencesOf(inputs) {
  const packages = new Set(inputs.flatMap((input) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1] ?? []));
  return [...packages].sort().map(licenceOf).join('\n\n');
}

function licenceOf(folder) {
  const { name, version, license } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
  return `${name} ${version} (${license})\n\n${file === undefined ? '' : readFileSync(path.join(folder, file), 'utf8')}`;
}
