/** Writes a capture to standard output, that is stored nowhere, and what is in it to standard error: `node dist/bench/stream-capture.js OCTETS` */
import { writeSync } from 'node:fs';
import { generate } from './generator/generate.ts';
import { BULK } from './generator/recipes.ts';

const STDOUT = 1;

const truth = generate(BULK, Number(process.argv[2]), (bytes) => {
  for (let at = 0; at < bytes.length; ) at += writeSync(STDOUT, bytes, at);
});
process.stderr.write(JSON.stringify(truth));
