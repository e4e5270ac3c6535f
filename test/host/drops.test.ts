/** The kernel's drop reasons: its description of types, the programme's instructions, and what an event says. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, test } from 'node:test';
import { isKnown } from '../../src/diagnosis/port-facts.ts';
import { Assembler } from '../../src/host/bpf/assembler.ts';
import { Btf, readBtf } from '../../src/host/bpf/btf.ts';
import { EVENT } from '../../src/host/bpf/drop-program.ts';
import { epochText } from '../../src/host/clock.ts';
import { packetOf } from '../../src/host/drops.ts';
import { KernelSymbols } from '../../src/host/kernel-symbols.ts';

const STRUCT = 4;
const UNION = 5;
const ENUM = 6;

/** Types as [name, kind, count, size, ...words behind]; names are put into the string section. */
function btfOf(types: readonly (readonly [string, number, number, number, ...(string | number)[]])[]): Buffer {
  let strings = '\0';
  const place = (name: string): number => {
    if (name === '') return 0;
    const found = strings.indexOf(`\0${name}\0`);
    if (found >= 0) return found + 1;
    strings += `${name}\0`;
    return strings.length - name.length - 1;
  };
  const words = types.flatMap(([name, kind, count, size, ...behind]) => [
    place(name),
    ((kind << 24) | count) >>> 0,
    size,
    ...behind.map((word) => (typeof word === 'string' ? place(word) : word)),
  ]);
  const bytes = Buffer.alloc(24 + words.length * 4 + strings.length);
  bytes.writeUInt16LE(0xeb9f, 0);
  bytes.writeUInt8(1, 2);
  for (const [index, word] of [24, 0, words.length * 4, words.length * 4, strings.length].entries()) {
    bytes.writeUInt32LE(word, 4 + index * 4);
  }
  for (const [index, word] of words.entries()) bytes.writeUInt32LE(word, 24 + index * 4);
  bytes.write(strings, 24 + words.length * 4, 'latin1');
  return bytes;
}

describe('the description of types', () => {
  const btf = new Btf(
    btfOf([
      ['', UNION, 2, 8, 'dev', 0, 0, 'scratch', 0, 0],
      ['sk_buff', STRUCT, 3, 24, 'next', 0, 0, '', 1, 64, 'head', 0, 128],
      ['skb_drop_reason', ENUM, 2, 4, 'SKB_DROP_REASON_NETFILTER_DROP', 12, 'SKB_DROP_REASON_IP_RPFILTER', 16],
    ]),
  );

  test('fields, also those of nameless unions within', () => {
    assert.equal(btf.offsetOf('sk_buff', 'next'), 0);
    assert.equal(btf.offsetOf('sk_buff', 'dev'), 8);
    assert.equal(btf.offsetOf('sk_buff', 'head'), 16);
    assert.equal(btf.offsetOf('sk_buff', 'tail'), null);
    assert.equal(btf.offsetOf('socket', 'head'), null);
  });

  test('names of an enumeration', () => {
    assert.equal(btf.enumeration('skb_drop_reason')?.get(16), 'SKB_DROP_REASON_IP_RPFILTER');
    assert.equal(btf.enumeration('nothing'), null);
  });

  test('what is none, or is cut, is refused', () => {
    assert.throws(() => new Btf(Buffer.from('no such thing, however long it may be')), RangeError);
    assert.throws(() => new Btf(btfOf([['a', STRUCT, 0, 0]]).subarray(0, 30)), RangeError);
    assert.ok(!isKnown(readBtf('/nowhere')));
  });
});

test('instructions, and jumps over them', () => {
  const code = new Assembler();
  code.jumpIfEqual(1, 80, 'end');
  code.load(8, 7, 1, 16);
  code.loadMap(1, 5);
  code.label('end');
  code.moveImmediate(0, 0);
  code.exit();
  assert.equal(
    code.bytes().toString('hex').match(/.{16}/g)?.join(' '),
    '1501030050000000 7917100000000000 1811000005000000 0000000000000000 b700000000000000 9500000000000000',
  );
});

describe('an event', () => {
  const eventOf = (ip: string, tcp: string, index: number): Buffer => {
    const bytes = Buffer.alloc(EVENT.length);
    bytes.writeUInt32LE(index, EVENT.interfaceIndex);
    bytes.write(ip.replaceAll(' ', ''), EVENT.ip, 'hex');
    bytes.write(tcp.replaceAll(' ', ''), EVENT.tcp, 'hex');
    return bytes;
  };
  const SYN = '9c40 0050 000003e8 00000000 a002 faf0 0000 0000';

  test('of IPv4', () => {
    const packet = packetOf(eventOf('4500003c 00004000 40060000 0a090001 0a090002', SYN, 2));
    assert.deepEqual(packet, {
      source: { address: '10.9.0.1', port: 40_000 },
      destination: { address: '10.9.0.2', port: 80 },
      flags: 2,
      sequence: 1000,
      acknowledgement: 0,
      interfaceIndex: 2,
    });
  });

  test('of IPv6, of a packet that has left its interface', () => {
    const ip = `60000000 00280640 fd${'00'.repeat(14)}01 fd${'00'.repeat(14)}02`;
    const packet = packetOf(eventOf(ip, SYN, 0));
    assert.equal(packet.source.address, 'fd00::1');
    assert.equal(packet.destination.address, 'fd00::2');
    assert.equal(packet.interfaceIndex, null);
  });

  test('its time has nine digits', () => {
    assert.equal(epochText(1_700_000_000_000_000_042n), '1700000000.000000042');
  });
});

const HERE = existsSync('/sys/kernel/btf/vmlinux')
  ? {}
  : { skip: 'SKIPPED, NOT TESTED: this kernel does not describe its types' };

test('the fields that the programme needs are in this kernel’s own description', HERE, () => {
  const btf = readBtf();
  assert.ok(isKnown(btf));
  for (const [structure, field] of [
    ['sk_buff', 'head'],
    ['sk_buff', 'network_header'],
    ['sk_buff', 'dev'],
    ['net_device', 'ifindex'],
    ['net_device', 'nd_net'],
    ['ns_common', 'inum'],
  ] as const) {
    assert.notEqual(btf.offsetOf(structure, field), null, `${structure}.${field}`);
  }
});

describe('the names of the kernel’s functions', () => {
  const TEXT = [
    '0000000000000000 A fixed_percpu_data',
    'ffffffff81000000 T _text',
    'ffffffff81000040 D some_data',
    'ffffffff81fffff0 t ip_rcv_finish_core.isra.0',
    'ffffffff82000000 T tcp_v4_rcv',
    'ffffffffc0a02000 t nft_do_chain\t[nf_tables]',
    'ffffffffc0a01000 t nft_module_init\t[nf_tables]',
  ];

  /** Handed out in pieces of so many octets. */
  function symbolsOf(lines: readonly string[], piece = 1 << 16): { symbols: KernelSymbols; opened: () => number } {
    const text = Buffer.from(lines.map((line) => `${line}\n`).join(''));
    let opened = 0;
    const symbols = new KernelSymbols(() => {
      opened += 1;
      let at = 0;
      return {
        read(buffer) {
          const length = text.copy(buffer, 0, at, at + piece);
          at += length;
          return length;
        },
        close: () => undefined,
      };
    });
    return { symbols, opened: () => opened };
  }

  function namesOf(lines: readonly string[], ...addresses: readonly bigint[]): string[] {
    const answers = [1 << 16, 7, 64].map((piece) => {
      const names = symbolsOf(lines, piece).symbols.namesOf(addresses);
      return addresses.map((address) => names.get(address) ?? 'none');
    });
    assert.deepEqual(answers[1], answers[0]);
    assert.deepEqual(answers[2], answers[0]);
    return answers[0] ?? [];
  }

  test('the nearest function that begins at or below each address, in whatever order the lines are', () => {
    const addresses = [0xffffffffc0a02345n, 0xffffffff82000000n, 0xffffffff81ffffffn, 0xffffffff81000050n];
    const names = ['nft_do_chain', 'tcp_v4_rcv', 'ip_rcv_finish_core.isra.0', '_text'];
    assert.deepEqual(namesOf(TEXT, ...addresses), names);
    assert.deepEqual(namesOf([...TEXT].reverse(), ...addresses), names);
  });

  test('the address itself where no name may be read, or none fits', () => {
    const hidden = TEXT.map((line) => line.replace(/^\S+/, '0000000000000000'));
    assert.deepEqual(namesOf(hidden, 0xffffffff82000000n), ['0xffffffff82000000']);
    assert.deepEqual(namesOf([], 0xffffffff82000000n), ['0xffffffff82000000']);
    assert.deepEqual(namesOf(TEXT, 0xffffffff80000000n), ['0xffffffff80000000']);
  });

  test('the text is read once for the same addresses', () => {
    const { symbols, opened } = symbolsOf(TEXT);
    for (let times = 0; times < 3; times += 1) symbols.namesOf([0xffffffff82000001n, 0xffffffff82000002n]);
    assert.equal(opened(), 1);
    assert.equal(symbols.namesOf([0xffffffff82000003n]).get(0xffffffff82000003n), 'tcp_v4_rcv');
    assert.equal(opened(), 2);
  });
});
