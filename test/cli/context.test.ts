import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import type { GivenArguments } from '../../src/cli/command.ts';
import type { Context } from '../../src/cli/context.ts';
import { createProgress, progressLine } from '../../src/cli/progress.ts';
import { resolveAnalyze } from '../../src/cli/resolve.ts';
import type { Output } from '../../src/cli/write.ts';

interface World {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly env?: Context['env'];
  readonly now?: () => number;
}

function world({ isTTY = false, columns, env = {}, now = () => 0 }: World): Context & { shown(): string } {
  let shown = '';
  const screen: Output = {
    isTTY,
    columns: columns ?? null,
    write: (text) => {
      shown += text;
    },
    flush: () => undefined,
  };
  return {
    stdout: screen,
    stderr: screen,
    stdin: new PassThrough(),
    env,
    now,
    exists: () => false,
    wallClock: () => 0,
    onInterrupt: () => () => {},
    onSignal: () => () => {},
    shown() {
      const text = shown;
      shown = '';
      return text;
    },
  };
}

function given(values: Readonly<Record<string, string | boolean | readonly string[]>>): GivenArguments {
  const of = (name: string) => values[name];
  return {
    flag: (name) => (typeof of(name) === 'boolean' ? (of(name) as boolean) : null),
    value: (name) => (typeof of(name) === 'string' ? (of(name) as string) : null),
    list: (name) => (Array.isArray(of(name)) ? (of(name) as string[]) : []),
  };
}

test('the width is the option, else the terminal, else 80', () => {
  assert.equal(resolveAnalyze(given({ width: '100' }), world({ isTTY: true, columns: 120 })).width, 100);
  assert.equal(resolveAnalyze(given({}), world({ isTTY: true, columns: 120 })).width, 120);
  assert.equal(resolveAnalyze(given({}), world({})).width, 80);
  assert.equal(resolveAnalyze(given({ out: 'x' }), world({ isTTY: true, columns: 120 })).width, 80);
});

for (const [env, isTTY, wanted] of [
  [{}, true, true],
  [{}, false, false],
  [{ NO_COLOR: '1' }, true, false],
  [{ NO_COLOR: '' }, true, true],
  [{ TERM: 'dumb' }, true, false],
  [{ FORCE_COLOR: '1' }, false, true],
  [{ FORCE_COLOR: '0' }, true, false],
  [{ FORCE_COLOR: '1', NO_COLOR: '1' }, true, false],
] as const) {
  test(`${isTTY ? 'a terminal' : 'a pipe'} with ${JSON.stringify(env)} ${wanted ? 'has' : 'has no'} colour`, () => {
    assert.equal(resolveAnalyze(given({}), world({ isTTY, env })).colour, wanted);
    assert.equal(resolveAnalyze(given({ color: !wanted }), world({ isTTY, env })).colour, !wanted);
    assert.equal(resolveAnalyze(given({ color: true, format: 'json' }), world({ isTTY, env })).colour, false);
  });
}

test('the table lists what is not complete unless a filter says otherwise; the machine formats list everything', () => {
  const list = (values: Parameters<typeof given>[0]) => resolveAnalyze(given(values), world({})).analysis.list;
  assert.ok(!list({}).verdicts.includes('complete'));
  assert.ok(list({}).verdicts.includes('undecided'));
  assert.deepEqual(list({ verdict: ['complete'] }).verdicts, ['complete']);
  assert.deepEqual(list({ missing: ['ack', 'syn'] }), {
    verdicts: [],
    missing: ['syn', 'ack'],
    limit: null,
    sort: null,
  });
  assert.deepEqual(list({ format: 'json' }), { verdicts: [], missing: null, limit: null, sort: null });
  assert.deepEqual(list({ format: 'csv', missing: ['any', 'ack'], limit: '5' }), {
    verdicts: [],
    missing: 'any',
    limit: 5,
    sort: null,
  });
});

test('the table counts every attempt of a group: its limit is its own; sorted it lists 20 unless told', () => {
  const grouped = resolveAnalyze(given({ limit: '5' }), world({}));
  assert.deepEqual([grouped.limit, grouped.analysis.list.limit, grouped.individually], [5, null, false]);
  const sorted = resolveAnalyze(given({ sort: 'latency' }), world({}));
  assert.deepEqual([sorted.analysis.list.limit, sorted.individually], [20, true]);
});

test('the progress line tells share, bytes, rate and time left', () => {
  assert.equal(
    progressLine(1.2e9, 4.8e9, 10_000_000, 2),
    ' 25% [#####...............] 1.20 GB of 4.80 GB, 5,000,000 packets/s, 6 s left',
  );
  assert.equal(progressLine(1500, null, 20, 1), '1.50 kB read, 20 packets, 20 packets/s');
  assert.match(progressLine(0, 100, 0, 0), /^ {2}0% /);
});

test('a dumb terminal has no bar unless it is asked for', () => {
  const dumb = world({ isTTY: true, env: { TERM: 'dumb' } });
  assert.equal(resolveAnalyze(given({}), dumb).progress, false);
  assert.equal(resolveAnalyze(given({ progress: true }), dumb).progress, true);
  assert.equal(resolveAnalyze(given({}), world({ isTTY: true, env: { TERM: 'xterm' } })).progress, true);
});

test('the bar shows after half a second, a few times a second, and is taken away; on no terminal it never shows', () => {
  let now = 0;
  const terminal = world({ isTTY: true, columns: 60, now: () => now });
  const progress = createProgress(terminal, true);
  let drawn = 0;
  for (now = 0; now < 2000; now += 10) {
    progress.update(now, 2000, now);
    drawn += terminal.shown() === '' ? 0 : 1;
  }
  assert.ok(drawn >= 6 && drawn <= 9, String(drawn));
  progress.clear();
  assert.equal(terminal.shown(), '\r\u001b[K');
  for (const [isTTY, wanted] of [
    [false, true],
    [true, false],
  ] as const) {
    const silent = world({ isTTY, now: () => now });
    const none = createProgress(silent, wanted);
    now += 10_000;
    none.update(1, 2, 3);
    none.clear();
    assert.equal(silent.shown(), '');
  }
});
