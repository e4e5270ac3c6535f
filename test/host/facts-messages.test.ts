/** The process with rights takes questions from one that reads packets: nothing but what a question may hold gets through. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { questionOf } from '../../src/host/facts-messages.ts';

const CLIENT = { client: '10.9.0.1', server: '10.9.0.2', interface: 'eth0' };

test('questions', () => {
  assert.deepEqual(questionOf({ kind: 'watch', ports: [80], trace: true, more: 1 }), {
    kind: 'watch',
    ports: [80],
    trace: true,
  });
  assert.deepEqual(questionOf({ kind: 'facts', id: 7, port: 80, clients: [CLIENT], isQuick: false }), {
    kind: 'facts',
    id: 7,
    port: 80,
    clients: [CLIENT],
    isQuick: false,
  });
});

test('anything else is none', () => {
  for (const message of [
    null,
    7,
    'watch',
    {},
    { kind: 'run', command: 'id' },
    { kind: 'watch', ports: ['80'] },
    { kind: 'watch', ports: [70_000] },
    { kind: 'facts', id: 'x', port: 80, clients: [] },
    { kind: 'facts', id: 1, port: 80.5, clients: [] },
    { kind: 'facts', id: 1, port: 80, clients: 'all' },
  ]) {
    assert.equal(questionOf(message), null, JSON.stringify(message));
  }
});

test('clients that are no addresses, and names that no interface has, are left out', () => {
  const clients = [
    CLIENT,
    { ...CLIENT, client: '--help' },
    { ...CLIENT, server: '10.9.0.2; id' },
    { ...CLIENT, interface: '../x' },
    { ...CLIENT, interface: 'a name with blanks' },
    null,
  ];
  const question = questionOf({ kind: 'facts', id: 1, port: 80, clients });
  assert.deepEqual(question?.kind === 'facts' && question.clients, [CLIENT]);
});
