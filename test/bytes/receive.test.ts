import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Receive } from '../../src/bytes/receive.ts';

describe('Receive', () => {
  it('hands out what lies in a chunk in place, and assembles only what straddles two', () => {
    const input = new Receive();
    const first = Uint8Array.of(1, 2, 3, 4, 5);
    input.append(first);
    assert.equal(input.gather(4), true);
    assert.equal(input.bytes.buffer, first.buffer);
    input.at += 4;
    assert.equal(input.gather(4), false);
    const second = Uint8Array.of(6, 7, 8, 9);
    input.append(second);
    assert.equal(input.gather(4), true);
    assert.notEqual(input.bytes.buffer, second.buffer);
    assert.deepEqual([...input.bytes.subarray(input.at, input.at + 4)], [5, 6, 7, 8]);
    assert.equal(input.base + input.at, 4);
    input.at += 4;
    assert.equal(input.gather(1), true);
    assert.equal(input.bytes.buffer, second.buffer);
    assert.equal(input.base + input.at, 8);
  });

  it('a chunk may be overwritten once gather has answered false', () => {
    const input = new Receive();
    const chunk = Uint8Array.of(1, 2, 3);
    input.append(chunk);
    assert.equal(input.gather(6), false);
    chunk.fill(9);
    input.append(Uint8Array.of(4, 5, 6));
    assert.equal(input.gather(6), true);
    assert.deepEqual([...input.bytes.subarray(input.at, input.at + 6)], [1, 2, 3, 4, 5, 6]);
  });

  it('a chunk that is not used up is not replaced', () => {
    const input = new Receive();
    input.append(Uint8Array.of(1));
    assert.throws(() => input.append(Uint8Array.of(2)), /not used up/);
  });

  it('a Buffer is read as the bytes that it shows, not as the memory behind it', () => {
    const input = new Receive();
    input.append(Buffer.from('..abcd').subarray(2));
    assert.equal(input.gather(4), true);
    assert.equal(input.view.getUint32(input.at), 0x61626364);
  });

  it('any records, cut anywhere, gathered or skipped: the same bytes at the same offsets', () => {
    const records = fc.array(fc.record({ length: fc.nat(40), skipped: fc.boolean() }), { maxLength: 30 });
    fc.assert(
      fc.property(records, fc.array(fc.nat(25), { minLength: 1, maxLength: 20 }), (wanted, sizes) => {
        const total = wanted.reduce((sum, { length }) => sum + length, 0);
        const stream = Uint8Array.from({ length: total }, (_, i) => i & 0xff);
        const input = new Receive();
        let given = 0;
        let cut = 0;
        const more = () => {
          assert.ok(given < total, 'asked for more than there is');
          const size = (sizes[cut++ % sizes.length] as number) + 1;
          input.append(stream.slice(given, given + size));
          given = Math.min(total, given + size);
        };
        let offset = 0;
        for (const { length, skipped } of wanted) {
          if (skipped) {
            for (let left = input.skip(length); left > 0; left = input.skip(left)) more();
          } else {
            while (!input.gather(length)) more();
            assert.equal(input.base + input.at, offset);
            assert.deepEqual(input.bytes.slice(input.at, input.at + length), stream.slice(offset, offset + length));
            if (length > 0) assert.equal(input.view.getUint8(input.at), stream[offset]);
            input.at += length;
          }
          offset += length;
        }
      }),
    );
  });
});
