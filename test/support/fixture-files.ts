/** What lies under fixtures/: captures, scripts, and the names of what belongs to them. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fixturesFolder } from './paths.ts';
import { parseScript, type Script } from './script.ts';
import { encodeScript } from './script-frames.ts';

/** Every capture under fixtures/, compressed ones too: absolute paths in the order of their names. */
export function captureFiles(): string[] {
  return filesBelow(fixturesFolder).filter((file) => /\.(pcap|pcapng)(\.(gz|zst|lz4))?$/.test(file));
}

/** "…/normal_v4/server.pcap" -> "kernel/normal_v4/server.pcap". */
export function fixtureName(file: string): string {
  return path.relative(fixturesFolder, file);
}

export function expectedFileOf(capture: string): string {
  return `${capture}.expected.json`;
}

export interface WrittenScript {
  /** Without folder and ending. */
  readonly name: string;
  readonly file: string;
  readonly script: Script;
}

export function writtenScripts(): WrittenScript[] {
  return filesBelow(path.join(fixturesFolder, 'written'))
    .filter((file) => file.endsWith('.script'))
    .map((file) => ({ name: path.basename(file, '.script'), file, script: readScript(file) }));
}

function readScript(file: string): Script {
  try {
    return parseScript(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new Error(`${fixtureName(file)}, ${String(error)}`);
  }
}

/** The captures that a script stands for, with their octets. A script with a seam makes a set, numbered from 0. */
export function capturesOf({ file, script }: WrittenScript): { readonly file: string; readonly bytes: Uint8Array }[] {
  const pieces = encodeScript(script);
  const stem = file.slice(0, -'.script'.length);
  return pieces.map((bytes, index) => ({
    file: `${stem}${pieces.length > 1 ? `-${index}` : ''}.${script.header.format}`,
    bytes,
  }));
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => path.join(folder, name))
    .sort();
}
