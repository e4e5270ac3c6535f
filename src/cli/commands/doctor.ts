/** `tripod doctor [HOST:]PORT`: the whole checklist for one port. */
import type { Command } from '../command.ts';
import { DOCTOR_OPTIONS, OUTPUT_OPTIONS } from '../options.ts';

const { out, color, width } = OUTPUT_OPTIONS;

export const DOCTOR: Command = {
  name: 'doctor',
  usage: 'doctor <target>',
  describe: 'Find out why connects to a port fail: the process, its listener, the three legs, what stands in between',
  positionals: {
    target: { describe: '[HOST:]PORT; without HOST, or with an address of this host, the port of this host' },
  },
  options: { ...DOCTOR_OPTIONS, out, color, width },
  examples: [
    ['sudo tripod doctor 443', 'the port of this host, while a colleague tries to connect'],
    ['sudo tripod doctor 443 --probe', 'the same, with connects of its own'],
    [
      'sudo tripod doctor 443 --watch',
      'until the fault shows itself; then packets, facts and verdict are kept in a folder',
    ],
    ['sudo tripod doctor www.example.org:443', 'from the client: name, route, connect, and where SYNs get lost'],
    ['tripod doctor 443 --format json', 'one JSON document'],
  ],
  async run(given, context) {
    const [{ resolveDoctor }, { runDoctor }] = await Promise.all([
      import('../resolve-doctor.ts'),
      import('../run-doctor.ts'),
    ]);
    return runDoctor(resolveDoctor(given, context), context);
  },
};
