/** What package.json promises. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { VERSION } from '../src/version.ts';
import { projectRoot } from './support/paths.ts';

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly type: string;
  readonly engines: { readonly node: string };
  readonly bin: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  readonly files: readonly string[];
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

const manifest = JSON.parse(read('package.json')) as Manifest;

function read(name: string): string {
  return readFileSync(path.join(projectRoot, name), 'utf8');
}

test('the version is the one that the reports carry', () => {
  assert.equal(VERSION, manifest.version);
});

test('the lock file is of this version, and of these dependencies', () => {
  const { version, packages } = JSON.parse(read('package-lock.json'));
  assert.equal(version, manifest.version);
  assert.deepEqual(packages[''].dependencies, manifest.dependencies);
  assert.deepEqual(packages[''].devDependencies, manifest.devDependencies);
});

test('types come first among the conditions of an export: TypeScript takes the first that fits', () => {
  for (const [name, target] of Object.entries(manifest.exports)) {
    if (typeof target !== 'string') assert.deepEqual(Object.keys(target), ['types', 'default'], name);
  }
  assert.equal(manifest.exports['./package.json'], './package.json');
  assert.equal(manifest.type, 'module');
});

test('it wants the versions of Node that its command line does', () => {
  const yargs = JSON.parse(read('node_modules/yargs/package.json')) as Manifest;
  assert.equal(manifest.engines.node.replaceAll(' ', ''), yargs.engines.node.replaceAll(' ', ''));
});

test('every version is exact', () => {
  for (const [name, version] of Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })) {
    assert.match(version, /^\d+\.\d+\.\d+$/, name);
  }
});

test('every dependency has its sentence in the README', () => {
  const readme = read('README.md');
  for (const name of Object.keys({ ...manifest.dependencies, ...manifest.devDependencies })) {
    assert.ok(readme.includes(`\`${name}\``), `${name}: what is it for?`);
  }
});

test('the command and the library are built from files that exist', () => {
  assert.deepEqual(Object.keys(manifest.bin), ['tripod']);
  for (const target of [manifest.bin['tripod'], (manifest.exports['.'] as Record<string, string>)['default']]) {
    const source = (target ?? '').replace(/^(\.\/)?dist\//, '').replace(/\.js$/, '.ts');
    assert.notEqual(read(source), '');
  }
  assert.match(read('src/cli/main.ts'), /^#!\/usr\/bin\/env node\n/);
});

test('tests, fixtures and benchmarks are not shipped', () => {
  for (const entry of manifest.files) assert.doesNotMatch(entry, /^(dist|test|fixtures|bench|dist\/(?!src).*)\/?$/);
});
