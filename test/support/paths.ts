import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** The folder that holds this project's package.json, from wherever the compiled tests lie. */
export const projectRoot = findRoot(import.meta.dirname);

/** The command as it is shipped: what `npm run build` made of src/cli. */
export const commandFile = path.join(projectRoot, 'dist', 'bin', 'tripod.js');

/** The captures and their expected records. */
export const fixturesFolder = path.join(projectRoot, 'fixtures');

function findRoot(start: string): string {
  for (let folder = start; ; folder = path.dirname(folder)) {
    const manifest = path.join(folder, 'package.json');
    if (existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).name === 'tcp-tripod') return folder;
    if (folder === path.dirname(folder)) throw new Error(`no package.json of tcp-tripod above ${start}`);
  }
}
