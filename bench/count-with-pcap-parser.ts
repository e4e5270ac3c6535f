/** A peer: reads a capture with npm pcap-parser and counts its packets. `node dist/bench/count-with-pcap-parser.js FILE` */
import { createRequire } from 'node:module';

interface Parser {
  on(event: 'packet' | 'end', listener: () => void): void;
  on(event: 'error', listener: (error: Error) => void): void;
}

const { parse } = createRequire(import.meta.url)('pcap-parser') as { parse(file: string): Parser };
const parser = parse(process.argv[2] ?? '');
let packets = 0;
parser.on('packet', () => {
  packets += 1;
});
parser.on('error', (error) => {
  throw error;
});
parser.on('end', () => {
  process.stdout.write(`${packets}\n`);
});
