/** `tripod analyze FILE…`: which leg of which handshake is missing. */
import type { Command } from '../command.ts';
import {
  CHECK_OPTIONS,
  ENDPOINT_OPTIONS,
  FORMAT_OPTION,
  JUDGING_OPTIONS,
  LIST_OPTIONS,
  OUTPUT_OPTIONS,
  READING_OPTIONS,
} from '../options.ts';

export const ANALYZE: Command = {
  name: 'analyze',
  usage: 'analyze <files..>',
  describe: 'Say which leg of the TCP handshakes in saved captures is missing',
  positionals: {
    files: {
      describe:
        'Captures (pcap, pcapng; also gzip, zstd or lz4), folders, globs, - for standard input; several are one capture',
      path: true,
    },
  },
  options: {
    ...ENDPOINT_OPTIONS,
    ...LIST_OPTIONS,
    ...JUDGING_OPTIONS,
    ...FORMAT_OPTION,
    ...OUTPUT_OPTIONS,
    ...READING_OPTIONS,
    ...CHECK_OPTIONS,
  },
  examples: [
    ['tripod analyze capture.pcap', 'which leg is missing, and where'],
    ['tripod analyze capture.pcap --port 443 --check', 'exit 1 when a handshake with port 443 lacks a leg'],
    ['tripod analyze ring/*.pcapng.gz --missing syn-ack', 'a rotated set, as one capture; unanswered SYNs alone'],
    ['tripod analyze capture.pcap --verdict complete --sort latency', 'the slowest handshakes'],
    ['tcpdump -i eth0 -w - tcp | tripod analyze - --format ndjson', 'one JSON record a line, as it comes'],
  ],
  async run(given, context) {
    const [{ resolveAnalyze }, { runAnalyze }] = await Promise.all([
      import('../resolve.ts'),
      import('../run-analyze.ts'),
    ]);
    return runAnalyze(resolveAnalyze(given, context), context);
  },
};
