/** What package.json promises. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { VERSION } from '../src/version.ts';
import { commandFile, projectRoot } from './support/paths.ts';

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

test('the library is built from a file that exists', () => {
  const target = (manifest.exports['.'] as Record<string, string>)['default'] ?? '';
  assert.notEqual(read(target.replace(/^(\.\/)?dist\//, '').replace(/\.js$/, '.ts')), '');
});

test('the command is the bundle: a shell can start it, and it needs no package to say its version', () => {
  assert.deepEqual(manifest.bin, { tripod: path.relative(projectRoot, commandFile) });
  const folder = mkdtempSync(path.join(tmpdir(), 'tripod-package-'));
  try {
    cpSync(path.dirname(commandFile), path.join(folder, 'bin'), { recursive: true });
    writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
    const command = path.join(folder, 'bin', path.basename(commandFile));
    assert.equal(execFileSync(command, ['--version'], { encoding: 'utf8' }).trim(), VERSION);
    const capture = path.join(projectRoot, 'fixtures/kernel/accept_queue_full/server.pcap');
    assert.match(execFileSync(command, [capture], { encoding: 'utf8' }), /the SYN-ACK is missing in 2 of 4 attempts/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('the licences of the packages whose code is in the bundle are beside it', () => {
  const text = read('dist/bin/third-party-licenses.txt');
  for (const name of ['yargs', 'table', 'picocolors', 'fzstd']) assert.match(text, new RegExp(`^${name} \\d`, 'm'));
  assert.match(text, /Redistribution and use in source and binary forms/);
});

test('tests, fixtures and benchmarks are not shipped', () => {
  for (const entry of manifest.files) assert.doesNotMatch(entry, /^(dist|test|fixtures|bench|dist\/(?!src|bin).*)\/?$/);
});
