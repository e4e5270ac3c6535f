/**
 * docs/corpus.md as data: under each heading of the third level, which is the name of an explanation, the rows of its table are the disagreements that it
 * explains. A row is written as finding.ts writes it.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { projectRoot } from '../support/paths.ts';

export interface Explanation {
  readonly name: string;
  readonly rows: readonly string[];
}

export const explanationsFile = 'docs/corpus.md';

export function readExplanations(): Explanation[] {
  return parseExplanations(readFileSync(path.join(projectRoot, explanationsFile), 'utf8'));
}

export function parseExplanations(text: string): Explanation[] {
  const sections = text.split(/^### /m).slice(1);
  return sections.map((section) => {
    const lines = section.split('\n');
    const end = lines.findIndex((line) => line.startsWith('## '));
    const table = lines.slice(0, end === -1 ? undefined : end).filter((line) => line.startsWith('| '));
    return { name: lines[0]?.trim() ?? '', rows: table.filter((row) => !HEAD.test(row)) };
  });
}

/** The figures under "Agreement", as they are written there. */
export function readAgreement(): string[] {
  const text = readFileSync(path.join(projectRoot, explanationsFile), 'utf8');
  return text
    .split('\n')
    .filter((line) => /^- \w+ .*: \d+ compared/.test(line))
    .map((line) => line.slice(2));
}

/** The two lines above a table's rows. */
const HEAD = /^\| (?:capture \||-+)/;
