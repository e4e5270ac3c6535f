import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FrameLists, fileOf, numberOf, packFrame } from '../../src/handshake/frame-lists.ts';

test('a packet number keeps its file', () => {
  for (const [file, number] of [
    [0, 1],
    [3, 7],
    [131_000, 68_000_000_000],
  ] as const) {
    const packed = packFrame(file, number);
    assert.deepEqual([fileOf(packed), numberOf(packed)], [file, number]);
    assert.ok(Number.isSafeInteger(packed));
  }
});

test('a chain is read oldest first', () => {
  const lists = new FrameLists();
  let chain = 0;
  for (let i = 1; i <= 5; i++) chain = lists.push(chain, i, i * 10);
  assert.deepEqual(
    lists.read(chain),
    [1, 2, 3, 4, 5].map((frame) => ({ frame, time: frame * 10 })),
  );
  assert.deepEqual(lists.read(0), []);
});

test('chains do not mix, and what is released is used again', () => {
  const lists = new FrameLists();
  const chains = new Map<number, { head: number; frames: number[] }>();
  let state = 1;
  const next = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  for (let step = 0; step < 20_000; step++) {
    const key = next(300);
    const chain = chains.get(key) ?? { head: 0, frames: [] };
    if (chain.frames.length > next(20)) {
      assert.deepEqual(
        lists.read(chain.head).map(({ frame }) => frame),
        chain.frames,
      );
      lists.release(chain.head);
      chains.delete(key);
    } else {
      chain.head = lists.push(chain.head, step, step);
      chain.frames.push(step);
      chains.set(key, chain);
    }
  }
  for (const { head, frames } of chains.values())
    assert.deepEqual(
      lists.read(head).map(({ frame }) => frame),
      frames,
    );
  for (const { head } of chains.values()) lists.release(head);
  const highest = Math.max(...Array.from({ length: 3000 }, () => lists.push(0, 1, 1)));
  assert.ok(highest < 6000, `3000 nodes take up to number ${highest}: released ones were not used again`);
});
