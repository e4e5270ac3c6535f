/** Scripts at random: packets that a handshake may meet, in any order, with any gaps. A failing property prints the script. */
import fc from 'fast-check';
import { parseScript } from './script.ts';
import { encodeScript } from './script-frames.ts';

/** Each is plausible on its own; nothing says that they make sense together. */
const PACKETS = [
  'c > s S 1000:1000(0) <mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7>',
  'c > s S 1000:1010(10) <FO 0102030405060708>',
  'c > s S 70000:70000(0)',
  's > c S. 9000:9000(0) ack 1001',
  's > c S. 9000:9000(0) ack 1011',
  's > c S. 80000:80000(0) ack 1001',
  's > c S. 9000:9000(0) ack 4242',
  'c > s . 1001:1001(0) ack 9001',
  'c > s P. 1001:1011(10) ack 9001',
  'c > s . 1001:1001(0) ack 9500',
  'c > s . 1001:1001(0) ack 8000',
  'c > s F. 1001:1001(0) ack 9001',
  's > c . 9001:9001(0) ack 1001',
  's > c P. 9001:9021(20) ack 1001',
  's > c . 9001:9001(0) ack 1011',
  's > c F. 9001:9001(0) ack 1011',
  's > c . 500000:500000(0) ack 777',
  's > c R. 0:0(0) ack 1001',
  's > c R 9001:9001(0)',
  's > c R. 9001:9001(0) ack 1001',
  'c > s R 1001:1001(0)',
  'c > s R 4242:4242(0)',
  's > c S 9000:9000(0)',
  'other',
] as const;

/** Milliseconds: within a round trip, across the limits for copies, retransmission timers, patience. */
const GAPS = [0, 1, 20, 60, 150, 250, 1000, 2900, 3100] as const;

/** What a script may be of: two connections of one client, so that ports interleave. */
const CLIENTS = ['c', 'c', 'c', 'd'] as const;

export interface RandomScript {
  readonly text: string;
  readonly capture: Uint8Array;
}

/**
 * On `any` of a host that translates addresses: the server has two, and so has one of the clients. Each packet is equal wherever it passes, so one at another place, under other addresses or not, may be
 * the same, on its way through the host.
 */
const PACKETS_ON_ANY = [
  'c > s S 1000:1000(0) id 7',
  'c > s S 1000:1000(0) id 7',
  'c > t S 1000:1000(0) id 7',
  'm > s S 1000:1000(0) id 7',
  'm > t S 1000:1000(0) id 7',
  'c > s S 1000:1000(0) <mss 1400> id 7',
  'm > s S 1000:1000(0) <mss 1400> id 7',
  'c > s S 1000:1000(0) <mss 1460,nop,nop,TS val 1 ecr 0> id 7',
  'c > t S 1000:1000(0) <mss 1460,nop,nop,TS val 1 ecr 0> id 7',
  'c > s S 1000:1000(0) id 0',
  'm > s S 1000:1000(0) id 0',
  'c > s S 1000:1000(0) <FO 0102030405060708> id 7',
  'd > s S 1000:1000(0) id 7',
  'c > s S 70000:70000(0) id 8',
  's > c S. 9000:9000(0) ack 1001 id 0',
  't > c S. 9000:9000(0) ack 1001 id 0',
  's > m S. 9000:9000(0) ack 1001 id 0',
  't > m S. 9000:9000(0) ack 1001 id 0',
  's > d S. 9000:9000(0) ack 1001 id 0',
  'c > s . 1001:1001(0) ack 9001 id 9',
  'm > s . 1001:1001(0) ack 9001 id 9',
  's > c P. 9001:9021(20) ack 1001 id 10',
  's > m R. 0:0(0) ack 1001 id 0',
  't > c R. 0:0(0) ack 1001 id 0',
] as const;

const PLACES = [' on 1 direction in', ' on 1 direction out', ' on 2 direction in', ' on 2 direction out'] as const;

/** As `randomScript`, on `any`. */
export function randomScriptOnAny(maxPackets: number): fc.Arbitrary<RandomScript> {
  const ends = ['end c 10.0.0.1:40000', 'end m 10.0.0.9:61000', 'end d 10.0.0.3:40000'];
  const header = ['link sll2', ...ends, 'end s 10.0.0.2:80', 'end t 10.0.0.8:8080'];
  const step = fc.tuple(fc.constantFrom(...PACKETS_ON_ANY), fc.constantFrom(...GAPS), fc.constantFrom(...PLACES));
  return fc.array(step, { minLength: 1, maxLength: maxPackets }).map((steps) => {
    const lines = steps.map(([packet, gap, place]) => `+${(gap / 1000).toFixed(3)} ${packet}${place}`);
    return encoded([...header, ...lines]);
  });
}

/** @param networks of the packets: what a script says of each */
export function randomScript(maxPackets = 14, networks: readonly string[] = ['']): fc.Arbitrary<RandomScript> {
  const step = fc.tuple(
    fc.constantFrom(...PACKETS),
    fc.constantFrom(...GAPS),
    fc.constantFrom(...CLIENTS),
    fc.constantFrom(...networks),
  );
  return fc.array(step, { minLength: 1, maxLength: maxPackets }).map((steps) => {
    const lines = steps.map(([packet, gap, client, network]) => {
      const named = packet.replace(/\bc\b(?= >)|(?<=> )c\b/, client);
      return `+${(gap / 1000).toFixed(3)} ${named}${packet === 'other' ? '' : network}`;
    });
    return encoded(['end c 10.0.0.1:40000', 'end d 10.0.0.3:40000', 'end s 10.0.0.2:80', ...lines]);
  });
}

function encoded(lines: readonly string[]): RandomScript {
  const text = [...lines, ''].join('\n');
  const [capture] = encodeScript(parseScript(text));
  return { text, capture: capture as Uint8Array };
}
