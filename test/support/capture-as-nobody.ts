/** Opens a capture on loopback, gives root up, captures, and says what is left of its rights: a programme for test/live/capture.test.ts. */
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { analyze } from '../../src/index.ts';
import { openLive } from '../../src/source/live/live-capture.ts';
import { LIVE_DEFAULTS } from '../../src/source/live/options.ts';
import { dropPrivileges } from '../../src/source/live/privileges.ts';

const [capture] = await openLive({ ...LIVE_DEFAULTS, interfaces: ['lo'] });
if (capture === undefined) throw new Error('nothing was opened');
dropPrivileges('nobody', {});
const analyzed = analyze(capture.chunks());
await once(connect(9, '127.0.0.1'), 'error').catch(() => {});
await wait(100);
capture.stop();
const { report } = await analyzed;
const statuses = readdirSync('/proc/self/task').map((task) => readFileSync(`/proc/self/task/${task}/status`, 'utf8'));
const root = statuses.filter((status) => /^Uid:\s.*\b0\b/m.test(status)).length;
const capable = statuses.filter((status) => !/^CapEff:\s0+$/m.test(status)).length;
process.stdout.write(`packets: ${report.capture.tcpSegments}; still root: ${root}; capabilities: ${capable}\n`);
