/** Captures one port as `tripod live` does, and says at Ctrl-C how many packets came: `bulk-capture.js INTERFACE PORT dropped|whole`, without or with the server's bulk data. */

import { LiveAnalysis } from '../../src/live.ts';
import { openLive } from '../../src/source/live/live-capture.ts';
import { LIVE_DEFAULTS } from '../../src/source/live/options.ts';
import { LIVE_OPTIONS } from '../../test/support/live-options.ts';

const [link = '', port = '', mode = ''] = process.argv.slice(2);
const endpoints = { ports: [Number(port)], servers: [], clients: [] };
const captures = await openLive({
  ...LIVE_DEFAULTS,
  interfaces: [link],
  endpoints: mode === 'dropped' ? endpoints : null,
  filter: mode === 'dropped' ? '' : `tcp port ${port}`,
});
const live = new LiveAnalysis(LIVE_OPTIONS, { verdict: () => {}, finished: () => {} }, new Promise(() => {}));
process.on('SIGINT', () => {
  for (const capture of captures) capture.stop();
});
process.stderr.write('capturing\n');
await Promise.all(captures.map((capture) => live.read(capture)));
const lost = captures.reduce((sum, capture) => sum + (capture.statistics()?.droppedByKernel ?? 0), 0);
process.stdout.write(`${JSON.stringify({ packets: live.packets, lost })}\n`);
