/** The programmes that capture side by side: the same buffer and the same octets of each packet, those that `tripod live` takes by itself. */
import { LIVE_DEFAULTS } from '../../src/source/live/options.ts';
import { commandFile } from '../../test/support/paths.ts';
import type { Running } from '../../test/support/running.ts';
import type { Wire } from './wire.ts';

export interface CaptureProgram {
  readonly name: string;
  start(wire: Wire, port: number): Running;
  /** It says so on standard error when it captures. */
  readonly ready: RegExp;
  /** Packets that it has received, from what it has said. */
  received(capturing: Running): number;
}

const KIBI = 1024;

/** @param link interface */
function tripod(name: string, link: string, ...more: readonly string[]): CaptureProgram {
  return {
    name,
    start: (wire, port) =>
      wire.capture(process.execPath, [
        commandFile,
        ...['live', '-i', link, '--port', String(port), '--format', 'json', '--verdict', 'complete'],
        ...more,
      ]),
    ready: /capturing on/,
    received: ({ stdout }) => JSON.parse(stdout).capture.tcpSegments,
  };
}

export const TRIPOD_LIVE = tripod('tripod live', 'w');
/** Without the process that asks the host for facts. */
const TRIPOD_ALONE = tripod('  --no-host', 'w', '--no-host');
/** The same on all interfaces, as most people capture: each packet says where it passed. */
const TRIPOD_ON_ANY = tripod('  ... -i any', 'any', '--no-host');

/** npm cap, in a process of its own. */
const TRIPOD_WITH_CAP = tripod('  --engine cap', 'w', '--no-host', '--engine', 'cap');

export const TCPDUMP: CaptureProgram = {
  name: 'tcpdump -w',
  start: (wire, port) =>
    wire.capture('tcpdump', [
      ...[
        '-i',
        'w',
        '-p',
        '-n',
        '-B',
        String(LIVE_DEFAULTS.bufferBytes / KIBI),
        '-s',
        String(LIVE_DEFAULTS.snapLength),
      ],
      ...['-w', '/dev/null', 'tcp', 'port', String(port)],
    ]),
  ready: /listening on/,
  received: ({ stderr }) => Number(/(\d+) packets? captured/.exec(stderr)?.[1] ?? Number.NaN),
};

/** @param hasCap whether npm cap was built */
export function programs(hasCap: boolean): readonly CaptureProgram[] {
  return [TCPDUMP, TRIPOD_LIVE, TRIPOD_ALONE, TRIPOD_ON_ANY, ...(hasCap ? [TRIPOD_WITH_CAP] : [])];
}
