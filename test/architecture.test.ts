/** The house rules that can be read off the source: who may import whom, and who may touch the world. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { projectRoot } from './support/paths.ts';

/** From each room the rooms that it may know. A file right under src/ is a room of its own. */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  bytes: [],
  capture: ['bytes'],
  wire: ['bytes'],
  flow: ['wire'],
  handshake: ['bytes', 'wire', 'flow'],
  diagnosis: ['bytes', 'handshake'],
  // `flow` for its hashes and sets alone.
  report: ['bytes', 'flow', 'handshake', 'diagnosis'],
  // The words of the text reports, and the page that they are laid out on.
  doctor: ['handshake', 'diagnosis', 'report'],
  source: ['bytes', 'capture'],
  // `flow` for its hashes alone.
  threads: ['capture', 'wire', 'flow', 'source'],
  // `diagnosis` for the types of the facts alone.
  host: ['bytes', 'diagnosis'],
  'analysis.ts': ['bytes', 'capture', 'wire', 'handshake', 'diagnosis', 'report'],
  'pipeline.ts': ['bytes', 'capture', 'handshake', 'report', 'source', 'threads', 'analysis.ts', 'defaults.ts'],
  'live.ts': ['capture', 'handshake', 'report', 'source', 'analysis.ts', 'pipeline.ts'],
  'defaults.ts': [],
  'version.ts': [],
  'checked-options.ts': ['handshake', 'report', 'source'],
  'index.ts': [
    'bytes',
    'capture',
    'handshake',
    'report',
    'source',
    'pipeline.ts',
    'checked-options.ts',
    'defaults.ts',
    'version.ts',
  ],
  cli: [
    'bytes',
    'capture',
    'handshake',
    'diagnosis',
    'doctor',
    'report',
    'source',
    'host',
    'pipeline.ts',
    'live.ts',
    'defaults.ts',
    'version.ts',
  ],
};

/** Where the world begins: files, pipes, the clock, the terminal. */
const EDGES: readonly string[] = ['source', 'threads', 'host', 'cli'];

/** Every package that is imported, and the only files that may. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  yargs: ['cli/yargs-adapter.ts'],
  table: ['report/render/grid.ts'],
  picocolors: ['report/render/text.ts'],
  tinyglobby: ['source/open.ts'],
  fzstd: ['source/zstd-expand.ts'],
  cap: ['source/live/cap-process.ts'],
  koffi: ['host/libc.ts', 'source/live/libpcap.ts'],
};

const sourceFolder = path.join(projectRoot, 'src');

interface SourceFile {
  readonly name: string;
  readonly room: string;
  readonly text: string;
  readonly imports: readonly string[];
}

const files: readonly SourceFile[] = readdirSync(sourceFolder, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .sort()
  .map((name) => {
    const text = readFileSync(path.join(sourceFolder, name), 'utf8');
    return { name, room: roomOf(name), text, imports: importsOf(text) };
  });

function roomOf(name: string): string {
  return name.split(path.sep)[0] as string;
}

/** What `import … from`, `export … from`, a bare import and `import()` name. */
function importsOf(text: string): string[] {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
  const found = code.matchAll(/(?:^|[\s;}])(?:from|import)\s*\(?\s*(['"])([\w@:./-]+)\1/g);
  return [...found].map((match) => match[2] as string);
}

/** Comments and the text of literals taken out: what is left is code. */
function codeOf(text: string): string {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/g, "''")
    .replace(/\/\/.*$/gm, '');
}

function targetOf(file: SourceFile, specifier: string): string {
  return path.normalize(path.join(path.dirname(file.name), specifier));
}

function isRelative(specifier: string): boolean {
  return specifier.startsWith('.');
}

describe('the reading of imports', () => {
  test('sees every kind', () => {
    const text = `import a from './a.ts';
import { type B,
  c } from './b.ts';
export type { D } from './d.ts';
export * from "./e.ts";
import './f.ts';
const g = await import('./g.ts');
// import h from './h.ts';
/* import i from './i.ts'; */`;
    assert.deepEqual(importsOf(text), ['./a.ts', './b.ts', './d.ts', './e.ts', './f.ts', './g.ts']);
  });

  test('finds the files', () => {
    assert.ok(files.length > 50);
    assert.ok(files.flatMap(({ imports }) => imports).length > 200);
  });
});

describe('arrows between the rooms', () => {
  for (const file of files) {
    test(file.name, () => {
      const allowed = ARROWS[file.room];
      assert.ok(allowed !== undefined, `${file.room} is no room: add it to the list, with what it may know`);
      const bad = file.imports
        .filter(isRelative)
        .map((specifier) => targetOf(file, specifier))
        .filter((target) => roomOf(target) !== file.room && !allowed.includes(roomOf(target)));
      assert.deepEqual(bad, [], `${file.room} may know ${allowed.join(', ') || 'nobody'}`);
    });
  }

  test('no two rooms know each other, even over others', () => {
    const beyond = (room: string, seen: ReadonlySet<string>): string[] =>
      (ARROWS[room] ?? []).flatMap((next) => (seen.has(next) ? [next] : beyond(next, new Set([...seen, next]))));
    for (const room of Object.keys(ARROWS)) assert.deepEqual(beyond(room, new Set([room])), [], room);
  });

  test('an arrow that is allowed, between rooms that exist, is drawn', () => {
    const rooms = new Set(files.map(({ room }) => room));
    const drawn = new Set(
      files.flatMap((file) =>
        file.imports.filter(isRelative).map((to) => `${file.room} -> ${roomOf(targetOf(file, to))}`),
      ),
    );
    const undrawn = Object.entries(ARROWS)
      .flatMap(([from, to]) => to.map((target) => [from, target] as const))
      .filter(([from, to]) => rooms.has(from) && rooms.has(to) && !drawn.has(`${from} -> ${to}`))
      .map(([from, to]) => `${from} -> ${to}`);
    assert.deepEqual(undrawn, RESERVED);
  });

  test('imports name files that exist, with their ending', () => {
    const names = new Set(files.map(({ name }) => name));
    for (const file of files) {
      for (const specifier of file.imports.filter(isRelative)) {
        assert.ok(names.has(targetOf(file, specifier)), `${file.name} imports ${specifier}`);
      }
    }
  });

  test('no file needs itself, over whatever others', () => {
    const valueImports = new Map(files.map((file) => [file.name, valueTargets(file)]));
    const done = new Set<string>();
    const visit = (name: string, way: readonly string[]): void => {
      assert.ok(!way.includes(name), `a circle: ${[...way.slice(way.indexOf(name)), name].join(' -> ')}`);
      if (done.has(name)) return;
      for (const next of valueImports.get(name) ?? []) visit(next, [...way, name]);
      done.add(name);
    };
    for (const { name } of files) visit(name, []);
  });
});

/** Arrows that rooms have a right to and do not use today. */
const RESERVED: readonly string[] = [];

/** `import type` is gone after compilation. */
function valueTargets(file: SourceFile): string[] {
  return importsOf(file.text.replace(/^(import|export) type [^;]*;/gm, ''))
    .filter(isRelative)
    .map((specifier) => targetOf(file, specifier));
}

describe('the world', () => {
  test('only the edges import from Node', () => {
    const bad = files.filter(
      ({ room, imports }) => !EDGES.includes(room) && imports.some((name) => name.startsWith('node:')),
    );
    assert.deepEqual(
      bad.map(({ name }) => name),
      [],
    );
  });

  test('packages are imported where the list says, and nowhere else', () => {
    const found: Record<string, string[]> = {};
    for (const { name, imports } of files) {
      for (const specifier of new Set(imports)) {
        if (isRelative(specifier) || specifier.startsWith('node:')) continue;
        found[specifier] = [...(found[specifier] ?? []), name.replaceAll(path.sep, '/')];
      }
    }
    assert.deepEqual(found, PACKAGES);
  });

  test('nobody else has a clock, chance, a console, or the process', () => {
    const world =
      /\b(process|console|performance|crypto|fetch|setTimeout|setInterval|setImmediate)\b\s*[.(]|\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b/;
    const bad = files.filter(({ room, text }) => !EDGES.includes(room) && world.test(codeOf(text)));
    assert.deepEqual(
      bad.map(({ name }) => name),
      [],
    );
  });

  test('nobody at all uses chance but the seed of the hashes', () => {
    const bad = files.filter(({ text }) => /Math\.random|randomBytes|randomInt|getRandomValues/.test(codeOf(text)));
    assert.deepEqual(
      bad.map(({ name }) => name.replaceAll(path.sep, '/')),
      ['source/seed.ts'],
    );
  });
});
