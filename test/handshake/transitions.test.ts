import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { EVENT, EVENT_NAMES } from '../../src/handshake/event.ts';
import { ACTION, ACTION_NAMES, ROWS, STATE, STATE_NAMES, transition } from '../../src/handshake/transitions.ts';
import { analyzeWith } from '../support/analyze-with.ts';
import { captureFiles } from '../support/fixture-files.ts';

function stateName(state: number): string {
  return STATE_NAMES[state] ?? `state ${state}`;
}

function eventName(event: number): string {
  return EVENT_NAMES[event] ?? `event ${event}`;
}

/** "state event" -> the row that names the pair. */
const rowOf = new Map(ROWS.flatMap((row) => row[0].map((state) => [`${state} ${row[1]}`, row] as const)));

describe('every state with every event', () => {
  for (const state of Object.values(STATE)) {
    test(stateName(state), () => {
      for (const event of Object.values(EVENT)) {
        const step = transition(state, event);
        const row = rowOf.get(`${state} ${event}`);
        const [, , action, to] = row ?? [null, null, ACTION.NOTHING, 'same' as const];
        const next = to === 'same' ? state : to;
        const pair = `${stateName(state)} + ${eventName(event)}`;
        assert.equal(ACTION_NAMES[step >> 8], ACTION_NAMES[action], `action of ${pair}`);
        assert.equal(stateName(step & 0xff), stateName(next), `state after ${pair}`);
      }
    });
  }
});

describe('the rows', () => {
  test('name no pair twice', () => {
    const pairs = ROWS.flatMap(([from, event]) => from.map((state) => `${stateName(state)} + ${eventName(event)}`));
    assert.deepEqual(
      pairs.filter((pair, i) => pairs.indexOf(pair) !== i),
      [],
    );
  });

  test('say why', () => {
    for (const [, event, , , because] of ROWS) assert.ok(because.length > 5, eventName(event));
  });

  test('numbers of states, events and actions are dense: they index tables', () => {
    for (const numbers of [STATE, EVENT, ACTION]) {
      assert.deepEqual(
        Object.values(numbers),
        Object.values(numbers).map((_, i) => i),
      );
    }
  });

  test('an event that says nothing changes nothing, wherever it comes', () => {
    for (const state of Object.values(STATE)) assert.equal(transition(state, EVENT.OTHER), state);
  });

  test('no state but the first two is without a way in, and none but the last without a way out', () => {
    const reached = new Set(ROWS.flatMap(([, , , to]) => (to === 'same' ? [] : [to])));
    const left = new Set(ROWS.flatMap(([from, , , to]) => (to === 'same' ? [] : from.filter((state) => state !== to))));
    const begins: readonly number[] = [STATE.SYN_SEEN, STATE.SYN_ACK_ALONE];
    for (const state of Object.values(STATE)) {
      assert.ok(begins.includes(state) || reached.has(state), `${stateName(state)} is never reached`);
      assert.ok(state === STATE.CLOSED || left.has(state), `${stateName(state)} is never left`);
    }
  });
});

/** Pairs that are in the table because an observer may meet them, and that no capture of fixtures/ shows. */
const UNSHOWN: readonly string[] = [];

test('every row is shown by a capture', async () => {
  const shown = new Set<string>();
  for (const file of captureFiles().filter((name) => /\.pcap(ng)?$/.test(name))) {
    const bytes = new Uint8Array(readFileSync(file));
    for (let id = 1; id <= MOST_ATTEMPTS; id++) {
      const { segments } = await analyzeWith([bytes], { trace: id });
      if (segments.length === 0) break;
      let state: number = segments[0]?.event === 'syn-ack' ? STATE.SYN_ACK_ALONE : STATE.SYN_SEEN;
      for (const { event } of segments.slice(1)) {
        const number = EVENT_NAMES.indexOf(event);
        if (number < 0) continue;
        shown.add(`${stateName(state)} + ${event}`);
        state = transition(state, number) & 0xff;
      }
    }
  }
  const missing = ROWS.filter(([, , action]) => action !== ACTION.BEGIN_ANOTHER)
    .map(([from, event]) => from.map((state) => `${stateName(state)} + ${eventName(event)}`))
    .filter((pairs) => !pairs.some((pair) => shown.has(pair)))
    .map((pairs) => pairs.join(', '));
  assert.deepEqual(missing, UNSHOWN);
});

/** Attempts of one capture that are looked at. */
const MOST_ATTEMPTS = 8;
