import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { descriptorOutput, fileOutput } from '../../src/cli/write.ts';
import { UserError } from '../../src/source/user-error.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'tripod-write-'));
after(() => rmSync(folder, { recursive: true }));
const NO_TERMINAL = { isTTY: false, columns: null };

test('text is gathered, and whole after the flush, whatever its characters', () => {
  const file = path.join(folder, 'gathered');
  const descriptor = openSync(file, 'w');
  const output = descriptorOutput(descriptor, NO_TERMINAL);
  const text = 'µ–🐟'.repeat(50_000);
  output.write(text);
  output.write('end');
  output.flush();
  closeSync(descriptor);
  assert.equal(readFileSync(file, 'utf8'), `${text}end`);
});

test('a slow reader holds the writer back: nothing is queued in memory', async () => {
  const module = path.join(import.meta.dirname, '../../src/cli/write.js');
  const script = `
    import { descriptorOutput } from ${JSON.stringify(module)};
    const output = descriptorOutput(1, { isTTY: false, columns: null });
    const line = 'x'.repeat(999) + '\\n';
    for (let count = 0; count < 200_000; count += 1) output.write(line);
    output.flush();
    process.stderr.write(String(process.resourceUsage().maxRSS));
  `;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let kilobytes = '';
  child.stderr.on('data', (text) => {
    kilobytes += text;
  });
  let read = 0;
  for await (const chunk of child.stdout) read += chunk.length;
  assert.equal(read, 200_000_000);
  // 200 MB passed; Node itself needs some 50 MB.
  assert.ok(Number(kilobytes) > 0 && Number(kilobytes) < 150_000, `${kilobytes} kB`);
});

test('a file appears when it is kept, and stays as it was when it is discarded', async () => {
  const file = path.join(folder, 'result');
  writeFileSync(file, 'older');
  const dropped = await fileOutput(file);
  dropped.write('half');
  dropped.flush();
  assert.equal(readFileSync(file, 'utf8'), 'older');
  dropped.discard();
  assert.equal(readFileSync(file, 'utf8'), 'older');
  const kept = await fileOutput(file);
  kept.write('newer');
  kept.keep();
  assert.equal(readFileSync(file, 'utf8'), 'newer');
  assert.ok(!readdirSync(folder).some((name) => name.endsWith('.part')));
});

test('a symbolic link stays one: its target is written', async () => {
  const target = path.join(folder, 'target');
  const link = path.join(folder, 'link');
  writeFileSync(target, 'older');
  symlinkSync(target, link);
  const output = await fileOutput(link);
  output.write('newer');
  output.keep();
  assert.equal(readFileSync(target, 'utf8'), 'newer');
});

test('what can not be written says why in a sentence', async () => {
  await assert.rejects(fileOutput(folder), (error) => error instanceof UserError && /is a folder/.test(error.message));
  await assert.rejects(
    fileOutput(path.join(folder, 'no/such/file')),
    (error) => error instanceof UserError && /its folder is not there/.test(error.message),
  );
});
