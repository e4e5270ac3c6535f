/** A checkup as a folder that can be sent to a colleague: packets, facts, verdict. Written by `doctor`, read again by `analyze`. */
import { cp, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseCheckup, type Step, type Verdict } from '../doctor/checkup.ts';
import { jsonText } from '../report/escape.ts';
import { asUserError, codeOf } from '../source/system-error.ts';
import { UserError } from '../source/user-error.ts';
import { VERSION } from '../version.ts';
import type { CheckupResult } from './checkup-here.ts';

const DOCUMENT = 'checkup.json';
const TEXT = 'checkup.txt';

export function checkupJson(result: CheckupResult): string {
  return `${jsonText({ tool: { name: 'tripod', version: VERSION }, ...result }, 2)}\n`;
}

/** @throws UserError when something of that name is there, or the folder that it is to be in is not */
export async function assertNewFolder(folder: string): Promise<void> {
  if (await isThere(folder))
    throw new UserError(`--keep ${folder}: there is something of that name: name a new folder`);
  const parent = path.dirname(path.resolve(folder));
  if (!(await isThere(parent))) throw new UserError(`--keep ${folder}: ${parent} is not there: make it first`);
}

/**
 * Moves what a checkup left in `from` into a folder of its own, with the document and the text.
 * @param folder null: one named after port and time, here
 * @returns the folder. @throws UserError when it can't be written
 */
export async function keepCheckup(
  folder: string | null,
  from: string,
  result: CheckupResult,
  text: string,
): Promise<string> {
  const time = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  const kept = folder ?? `tripod-doctor-${result.target.port}-${time}`;
  try {
    await mkdir(kept);
    await cp(from, kept, { recursive: true });
    await writeFile(path.join(kept, DOCUMENT), checkupJson(result));
    await writeFile(path.join(kept, TEXT), text);
  } catch (error) {
    throw asUserError(error, kept);
  }
  return kept;
}

/** Octets of a document that are read: a thousand clients with all their facts need some hundred thousand. */
const LARGEST_DOCUMENT = 1 << 24;

export interface KeptCheckup {
  readonly folder: string;
  readonly steps: readonly Step[];
  readonly verdict: Verdict;
}

/**
 * What `doctor` found, kept beside the captures in these folders. Names that are no such folder are passed over.
 * @throws UserError for a document that is there and can't be read
 */
export async function readKeptCheckups(names: readonly string[]): Promise<readonly KeptCheckup[]> {
  const found: KeptCheckup[] = [];
  for (const folder of new Set(names)) {
    const file = path.join(folder, DOCUMENT);
    if (folder === '-' || !(await isThere(file))) continue;
    const checkup = parseCheckup(await readDocument(file));
    if (checkup === null) throw new UserError(`${file} is no checkup of tripod doctor: take it out of the folder`);
    found.push({ folder, ...checkup });
  }
  return found;
}

async function readDocument(file: string): Promise<string> {
  try {
    const { size } = await stat(file);
    if (size > LARGEST_DOCUMENT) throw new UserError(`${file} is too large for a checkup: take it out of the folder`);
    return await readFile(file, 'utf8');
  } catch (error) {
    throw asUserError(error, file);
  }
}

async function isThere(file: string): Promise<boolean> {
  try {
    await stat(file);
    return true;
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return false;
    throw asUserError(error, file);
  }
}
