/** Reading `/proc` and `/sys`, or a recorded copy of them. What can't be read is unknown, with the reason. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import path from 'node:path';
import { type Fact, isKnown, type Unknown, unknown } from '../diagnosis/port-facts.ts';
import { type CommandRunner, runOnHost, runWithin } from './command.ts';

/** Where the host's facts lie: "/proc", "/sys" and its commands, or folders and answers that were recorded. */
export interface HostRoot {
  readonly proc: string;
  readonly sys: string;
  readonly run: CommandRunner;
}

export const HOST_ROOT: HostRoot = { proc: '/proc', sys: '/sys', run: runOnHost };

/** The same host, whose commands are all to be done within `seconds` from now. Answers that were recorded are there at once. */
export function within(root: HostRoot, seconds: number): HostRoot {
  return root.run === runOnHost ? { ...root, run: runWithin(seconds) } : root;
}

export function readText(...parts: readonly string[]): Fact<string> {
  const file = path.join(...parts);
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    return unreadable(file, error);
  }
}

/** One number that stands alone in its file. */
export function readNumber(...parts: readonly string[]): Fact<number> {
  const text = readText(...parts);
  if (!isKnown(text)) return text;
  const value = Number(text.trim());
  return text.trim() !== '' && Number.isFinite(value) ? value : unknown(`${path.join(...parts)} holds no number`);
}

/** The numbers of a file, whatever blanks are between them. */
export function readNumbers(...parts: readonly string[]): Fact<readonly number[]> {
  const text = readText(...parts);
  return isKnown(text) ? text.trim().split(/\s+/).map(Number) : text;
}

export function readNames(...parts: readonly string[]): Fact<readonly string[]> {
  const folder = path.join(...parts);
  try {
    return readdirSync(folder);
  } catch (error) {
    return unreadable(folder, error);
  }
}

/** What a symbolic link says; null when it can't be read. */
export function readLink(...parts: readonly string[]): string | null {
  try {
    return readlinkSync(path.join(...parts));
  } catch {
    return null;
  }
}

/** Identifiers of all processes. */
export function processIds(root: HostRoot): Fact<readonly number[]> {
  const names = readNames(root.proc);
  return isKnown(names) ? names.filter((name) => /^\d+$/.test(name)).map(Number) : names;
}

function unreadable(file: string, error: unknown): Unknown {
  const code = (error as NodeJS.ErrnoException).code;
  switch (code) {
    case 'ENOENT':
    case 'ESRCH':
      return unknown(`${file} is not there`);
    case 'EACCES':
    case 'EPERM':
      return unknown(`no permission to read ${file}: run as root`);
    default:
      return unknown(`${file} can't be read (${code ?? 'unknown error'})`);
  }
}
