/** Names on the command line -> sources: files, folders, globs that no shell expanded, and `-` for standard input. */
import { constants } from 'node:fs';
import { access, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { type ByteSource, fileSource, streamSource } from './byte-source.ts';
import { isCapture } from './peek.ts';
import type { ByteStream } from './stdin.ts';
import { asUserError, codeOf } from './system-error.ts';
import { UserError } from './user-error.ts';

export interface Inputs {
  readonly sources: readonly ByteSource[];
  /** Sentences about files of folders and globs that were left out. */
  readonly warnings: readonly string[];
}

export interface InputOptions {
  /** What `-` stands for: process.stdin, or a stream of a test's. */
  readonly stdin?: (ByteStream & { readonly isTTY?: boolean }) | undefined;
}

/**
 * The sources that the names stand for, in the order of the names; a folder or a glob gives its captures in alphabetical order (merged-streams.ts
 * reads them in that of their times). A file that two names stand for comes once.
 * @throws UserError for the first name that stands for nothing
 */
export async function expandInputs(names: readonly string[], options: InputOptions = {}): Promise<Inputs> {
  if (names.length === 0)
    throw new UserError('no input: name a capture file, a folder of captures, or - for standard input');
  const sources: ByteSource[] = [];
  const warnings: string[] = [];
  const seen = new Set<string>();
  const add = (source: ByteSource): void => {
    const key = path.resolve(source.name);
    if (!seen.has(key)) sources.push(source);
    seen.add(key);
  };
  for (const name of names) {
    if (name === '-') add(standardInput(options.stdin));
    else for (const source of await expand(name, warnings)) add(source);
  }
  return { sources, warnings };
}

function standardInput(stdin: InputOptions['stdin']): ByteSource {
  if (stdin === undefined) throw new UserError('there is no standard input here: name a capture file');
  if (stdin.isTTY === true) {
    throw new UserError('standard input is a terminal: pipe a capture into it, as in tcpdump -w - | tripod analyze -');
  }
  return streamSource(stdin);
}

async function expand(name: string, warnings: string[]): Promise<readonly ByteSource[]> {
  const kind = await kindOf(name);
  if (kind === 'file') {
    await assertReadable(name);
    return [await fileSource(name)];
  }
  if (kind === 'folder') return capturesAmong(`the folder ${name}`, await filesOf(name), warnings);
  const { isDynamicPattern } = await tinyglobby();
  if (isDynamicPattern(name)) return capturesAmong(name, await matches(name), warnings);
  throw new UserError(`there is no file ${name}: ${await suggestion(name)}`);
}

async function kindOf(name: string): Promise<'file' | 'folder' | 'nothing'> {
  try {
    return (await stat(name)).isDirectory() ? 'folder' : 'file';
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG') return 'nothing';
    throw asUserError(error, name);
  }
}

async function assertReadable(name: string): Promise<void> {
  try {
    await access(name, constants.R_OK);
  } catch (error) {
    throw asUserError(error, name);
  }
}

/** The files right in a folder, hidden ones left out. */
async function filesOf(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries
      .filter((entry) => !entry.name.startsWith('.') && (entry.isFile() || entry.isSymbolicLink()))
      .map((entry) => path.join(folder, entry.name))
      .sort(byName);
  } catch (error) {
    throw asUserError(error, folder);
  }
}

/** Loaded when a name is neither file nor folder: most are. */
const tinyglobby = () => import('tinyglobby');

/** The files that a glob matches; `**` descends into folders. */
async function matches(pattern: string): Promise<string[]> {
  const { glob } = await tinyglobby();
  const found = await glob(pattern, { absolute: path.isAbsolute(pattern), expandDirectories: false, onlyFiles: true });
  if (found.length === 0) throw new UserError(`no file matches ${pattern}: check the pattern, or leave out its quotes`);
  return found.sort(byName);
}

/** part2 before part10. */
const COLLATOR = new Intl.Collator('en', { numeric: true });
function byName(left: string, right: string): number {
  return COLLATOR.compare(left, right);
}

/** The captures among files that nobody named one by one: what is no capture is left out, and named in a warning. */
async function capturesAmong(where: string, files: readonly string[], warnings: string[]): Promise<ByteSource[]> {
  const captures: ByteSource[] = [];
  const others: string[] = [];
  for (const file of files) {
    const source = await captureOrReason(file);
    if (typeof source !== 'string') captures.push(source);
    else if (source === '') others.push(path.basename(file));
    else warnings.push(`${where}: left out a file: ${source}`);
  }
  if (captures.length === 0) {
    const found = others.length === 0 ? 'no file' : `${counted(others.length)} and none is a capture`;
    throw new UserError(`${where} has ${found}: name a pcap or pcapng file, or a pattern such as ${PATTERN_EXAMPLE}`);
  }
  if (others.length > 0) {
    const named = others.slice(0, NAMED_AT_MOST).join(', ');
    const more = others.length > NAMED_AT_MOST ? `, and ${others.length - NAMED_AT_MOST} more` : '';
    warnings.push(
      `${where}: left out ${counted(others.length)} that ${others.length === 1 ? 'is' : 'are'} no capture (${named}${more})`,
    );
  }
  return captures;
}

const NAMED_AT_MOST = 5;
const PATTERN_EXAMPLE = "'captures/**/*.pcap'";

/** The source, or why it can't be read; '' when it is just no capture. */
async function captureOrReason(file: string): Promise<ByteSource | string> {
  try {
    const source = await fileSource(file);
    return source.isRereadable && (await isCapture(source)) ? source : '';
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
}

function counted(files: number): string {
  return files === 1 ? '1 file' : `${files} files`;
}

/** "did you mean …?", with the nearest names in that folder. */
async function suggestion(name: string): Promise<string> {
  const folder = path.dirname(name);
  let entries: string[];
  try {
    entries = await readdir(folder);
  } catch {
    return `there is no folder ${folder} either`;
  }
  const wanted = path.basename(name);
  const near = entries
    .map((entry) => ({ entry, distance: editDistance(wanted.toLowerCase(), entry.toLowerCase()) }))
    // The same name: a link to nothing.
    .filter(({ distance }) => distance > 0 && distance <= Math.max(2, wanted.length / 3))
    .sort((left, right) => left.distance - right.distance || byName(left.entry, right.entry))
    .slice(0, 3)
    .map(({ entry }) => path.join(folder, entry));
  if (near.length === 0) return 'check the path';
  return `did you mean ${near.join(' or ')}?`;
}

/** Levenshtein distance. */
function editDistance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, i) => i);
  for (let i = 1; i <= left.length; i++) {
    const above = row;
    row = [i];
    for (let j = 1; j <= right.length; j++) {
      const substituted = (above[j - 1] as number) + (left[i - 1] === right[j - 1] ? 0 : 1);
      row.push(Math.min(substituted, (above[j] as number) + 1, (row[j - 1] as number) + 1));
    }
  }
  return row[right.length] as number;
}
