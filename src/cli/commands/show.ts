/** `tripod show FILE ID`: one attempt as a ladder. */
import type { Command } from '../command.ts';
import { JUDGING_OPTIONS, OUTPUT_OPTIONS, READING_OPTIONS, SHOW_FORMAT_OPTION } from '../options.ts';

export const SHOW: Command = {
  name: 'show',
  usage: 'show <file> <id>',
  describe: 'Draw one attempt as a ladder: arrows, times, flags, numbers',
  positionals: {
    file: { describe: 'The capture; a folder or a glob is one capture', path: true },
    id: { describe: 'Number of the attempt, as analyze shows it (#12, or 12)' },
  },
  options: { ...JUDGING_OPTIONS, ...SHOW_FORMAT_OPTION, ...OUTPUT_OPTIONS, ...READING_OPTIONS },
  examples: [
    ['tripod show capture.pcap 12', 'attempt #12, as a ladder'],
    ['tripod show capture.pcap 12 --format json', 'its record and its segments'],
  ],
  async run(given, context) {
    const [{ resolveShow }, { runShow }] = await Promise.all([import('../resolve.ts'), import('../run-show.ts')]);
    return runShow(resolveShow(given, context), context);
  },
};
