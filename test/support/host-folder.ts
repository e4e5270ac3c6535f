/** A recorded `/proc` and `/sys`, written into a temporary folder. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after } from 'node:test';
import { unknown } from '../../src/diagnosis/port-facts.ts';
import type { HostRoot } from '../../src/host/proc.ts';

/**
 * @param files path under proc/ or sys/ -> content; a content that begins with "-> " is a symbolic link
 * @param commands line -> what the command answers; any other is not installed
 */
export function hostFolder(
  files: Readonly<Record<string, string>>,
  commands: Readonly<Record<string, string>> = {},
): HostRoot {
  const folder = mkdtempSync(path.join(tmpdir(), 'tripod-host-'));
  after(() => rmSync(folder, { recursive: true }));
  mkdirSync(path.join(folder, 'proc'));
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    if (content.startsWith('-> ')) symlinkSync(content.slice(3), file);
    else writeFileSync(file, content);
  }
  return {
    proc: path.join(folder, 'proc'),
    sys: path.join(folder, 'sys'),
    run: async (command, ...words) =>
      commands[[command, ...words].join(' ')] ?? unknown(`the command ${command} is not installed`),
  };
}
