/** `tripod devices`: what can be captured on, and by whom. */
import type { Command } from '../command.ts';
import { DEVICES_OPTIONS, NAMESPACE_OPTIONS, OUTPUT_OPTIONS } from '../options.ts';

const { out, color, width } = OUTPUT_OPTIONS;

export const DEVICES: Command = {
  name: 'devices',
  usage: 'devices',
  describe: 'List the interfaces of this host, and say whether you may capture on them',
  positionals: {},
  options: { ...NAMESPACE_OPTIONS, ...DEVICES_OPTIONS, out, color, width },
  examples: [
    ['tripod devices', 'interfaces, states, addresses; whether this user may capture'],
    ['sudo tripod devices --pid 4711', 'those of the container in which this process runs'],
  ],
  async run(given, context) {
    const [{ resolveDevices }, { runDevices }] = await Promise.all([
      import('../resolve-devices.ts'),
      import('../run-devices.ts'),
    ]);
    return runDevices(resolveDevices(given, context), context);
  },
};
