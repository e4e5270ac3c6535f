/** The captures of the bench, in bench/captures: made when they aren't there yet, and again when their recipe has changed. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { generate, type Truth } from './generator/generate.ts';
import type { Recipe } from './generator/recipes.ts';

export interface Capture {
  /** Name of the recipe, or of the compression of it. */
  readonly name: string;
  readonly file: string;
  readonly truth: Truth;
  readonly sha256: string;
  /** See Recipe. */
  readonly overflows: boolean;
}

/** @param size in the recipe's unit. */
export function captureOf(recipe: Recipe, size: number, folder: string): Capture {
  const stem = path.join(folder, `${recipe.name}-v${recipe.version}-${Math.round(size)}`);
  if (!existsSync(`${stem}.json`)) make(recipe, Math.round(size), stem, folder);
  const known = JSON.parse(readFileSync(`${stem}.json`, 'utf8')) as Pick<Capture, 'truth' | 'sha256'>;
  return { name: recipe.name, file: `${stem}.${recipe.container}`, overflows: recipe.overflows === true, ...known };
}

/** The program that compresses a capture, and how the name of its files ends. */
const COMPRESSORS = { gz: ['gzip', '-6'], zst: ['zstd', '-q', '-3'] } as const;

/** The same capture, compressed as people do; null where that program is missing. */
export function compressed(capture: Capture, ending: keyof typeof COMPRESSORS): Capture | null {
  const file = `${capture.file}.${ending}`;
  if (!existsSync(file)) {
    process.stderr.write(`making ${path.basename(file)}\n`);
    const [program, ...options] = COMPRESSORS[ending];
    const output = openSync(`${file}.part`, 'w');
    const { status } = spawnSync(program, [...options, '-c', capture.file], { stdio: ['ignore', output, 'inherit'] });
    closeSync(output);
    if (status !== 0) return null;
    renameSync(`${file}.part`, file);
  }
  return { ...capture, name: ending, file };
}

function make(recipe: Recipe, size: number, stem: string, folder: string): void {
  mkdirSync(folder, { recursive: true });
  dropOlder(recipe, folder);
  process.stderr.write(`making ${path.basename(stem)}.${recipe.container}\n`);
  const hash = createHash('sha256');
  const file = openSync(`${stem}.part`, 'w');
  const truth = generate(recipe, size, (bytes) => {
    hash.update(bytes);
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
  });
  closeSync(file);
  renameSync(`${stem}.part`, `${stem}.${recipe.container}`);
  // Last: a capture is there when its description is.
  writeFileSync(`${stem}.json`, JSON.stringify({ truth, sha256: hash.digest('hex') }));
}

function dropOlder(recipe: Recipe, folder: string): void {
  for (const name of readdirSync(folder)) {
    const isOlder = name.startsWith(`${recipe.name}-v`) && !name.startsWith(`${recipe.name}-v${recipe.version}-`);
    if (isOlder) rmSync(path.join(folder, name));
  }
}
