/** Each row of the lab, on a real kernel: what `tripod doctor` must say of a fault, and that it says nothing of a port that is well. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { wrongIn } from '../support/lab-answer.ts';
import { LAB_ROWS } from '../support/lab-rows.ts';
import { AT_ONCE, lackingFor, runRowTwice } from '../support/lab-run.ts';

const COMMANDS: readonly (readonly string[])[] = [
  ['ip', '-V'],
  ['nft', '--version'],
  ['iptables', '-V'],
  ['ethtool', '--version'],
  ['python3', '-V'],
];

function lacking(): string[] {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return ['root on Linux'];
  return COMMANDS.flatMap(([command = '', ...words]) => {
    try {
      execFileSync(command, words, { stdio: 'ignore' });
      return [];
    } catch {
      return [command];
    }
  });
}

const missing = lacking();
if (missing.length > 0) process.stderr.write(`SKIPPED, NOT TESTED: the lab needs ${missing.join(', ')}\n`);
const LAB = missing.length === 0 ? {} : { skip: `SKIPPED, NOT TESTED: needs ${missing.join(', ')}` };

test('rows of the lab have names of their own', () => {
  assert.equal(new Set(LAB_ROWS.map(({ name }) => name)).size, LAB_ROWS.length);
});

describe('the lab', { ...LAB, concurrency: AT_ONCE }, () => {
  for (const [number, row] of LAB_ROWS.entries()) {
    test(`${row.row} ${row.name}: ${row.what}`, async (context) => {
      const lacks = lackingFor(row);
      if (lacks !== null) {
        process.stderr.write(`SKIPPED, NOT TESTED: ${row.name} needs ${lacks}\n`);
        return context.skip(`SKIPPED, NOT TESTED: needs ${lacks}`);
      }
      const { checkup } = await runRowTwice(row, number, (line) => process.stderr.write(`${line}\n`));
      const findings = checkup.steps.flatMap((step) => step.findings.map(({ id, evidence }) => `${id}: ${evidence}`));
      assert.deepEqual(wrongIn(row, checkup), [], findings.join('\n'));
    });
  }
});
