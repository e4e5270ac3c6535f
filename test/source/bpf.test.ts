/** The assembler of filter programs, and how two are put together. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Assembler, chain, decodeProgram, encodeProgram, Label, OP } from '../../src/source/live/bpf.ts';
import { BPF, packetFilter } from '../support/bpf.ts';

const PACKET = Uint8Array.of(1, 2, 3, 4);

/** Hands a packet over when its first octet is one of these. */
function firstOctetIs(...values: readonly number[]): ReturnType<Assembler['assemble']> {
  const code = new Assembler();
  const found = new Label();
  code.put(OP.LOAD_BYTE, 0);
  for (const value of values) code.when(OP.IF_EQUAL, value, found);
  code.put(OP.RETURN, 0);
  code.place(found);
  code.put(OP.RETURN, 100);
  return code.assemble();
}

describe('a filter program', BPF, () => {
  test('jumps further than an instruction can say', () => {
    const many = Array.from({ length: 1000 }, (_, i) => i + 1);
    const program = firstOctetIs(...many);
    assert.ok(program.every(({ ifTrue, ifFalse }) => ifTrue < 256 && ifFalse < 256));
    assert.equal(packetFilter(program)(PACKET, 4), true);
    assert.equal(packetFilter(program)(Uint8Array.of(0), 1), false);
  });

  test('behind another judges what that one lets through', () => {
    const passes = packetFilter(chain(firstOctetIs(1, 2), firstOctetIs(2, 3)));
    assert.deepEqual(
      [0, 1, 2, 3].map((octet) => passes(Uint8Array.of(octet), 1)),
      [false, false, true, false],
    );
  });

  test('is the same after its octets', () => {
    const program = firstOctetIs(7, 0xffff_ffff);
    assert.deepEqual(decodeProgram(encodeProgram(program)), program);
  });
});
