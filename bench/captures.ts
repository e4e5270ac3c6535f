/** The captures of the bench, in bench/captures: made when they aren't there yet, and again when their recipe has changed. */
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
  readonly recipe: string;
  readonly file: string;
  readonly truth: Truth;
  readonly sha256: string;
}

/** @param size in the recipe's unit. */
export function captureOf(recipe: Recipe, size: number, folder: string): Capture {
  const stem = path.join(folder, `${recipe.name}-v${recipe.version}-${Math.round(size)}`);
  if (!existsSync(`${stem}.json`)) make(recipe, Math.round(size), stem, folder);
  return { recipe: recipe.name, file: `${stem}.pcap`, ...JSON.parse(readFileSync(`${stem}.json`, 'utf8')) };
}

function make(recipe: Recipe, size: number, stem: string, folder: string): void {
  mkdirSync(folder, { recursive: true });
  dropOlder(recipe, folder);
  process.stderr.write(`making ${path.basename(stem)}.pcap\n`);
  const hash = createHash('sha256');
  const file = openSync(`${stem}.part`, 'w');
  const truth = generate(recipe, size, (bytes) => {
    hash.update(bytes);
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
  });
  closeSync(file);
  renameSync(`${stem}.part`, `${stem}.pcap`);
  // Last: a capture is there when its description is.
  writeFileSync(`${stem}.json`, JSON.stringify({ truth, sha256: hash.digest('hex') }));
}

function dropOlder(recipe: Recipe, folder: string): void {
  for (const name of readdirSync(folder)) {
    const isOlder = name.startsWith(`${recipe.name}-v`) && !name.startsWith(`${recipe.name}-v${recipe.version}-`);
    if (isOlder) rmSync(path.join(folder, name));
  }
}
