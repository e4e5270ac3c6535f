/** The programmes that capture side by side: the same buffer and the same octets of each packet. */
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

const BUFFER_MEBI = 8;
const SNAP_LENGTH = 256;

function tripod(name: string, ...more: readonly string[]): CaptureProgram {
  return {
    name,
    start: (wire, port) =>
      wire.capture(process.execPath, [
        commandFile,
        ...['live', '-i', 'w', '--port', String(port), '--format', 'json', '--verdict', 'complete'],
        ...['--buffer', String(BUFFER_MEBI), '--snaplen', String(SNAP_LENGTH), ...more],
      ]),
    ready: /capturing on/,
    received: ({ stdout }) => JSON.parse(stdout).capture.tcpSegments,
  };
}

export const TRIPOD_LIVE = tripod('tripod live');
/** Without the process that asks the host for facts. */
const TRIPOD_ALONE = tripod('  --no-host', '--no-host');

/** npm cap, in a process of its own. */
const TRIPOD_WITH_CAP = tripod('  --engine cap', '--no-host', '--engine', 'cap');

export const TCPDUMP: CaptureProgram = {
  name: 'tcpdump -w',
  start: (wire, port) =>
    wire.capture('tcpdump', [
      ...['-i', 'w', '-p', '-n', '-B', String(BUFFER_MEBI * 1024), '-s', String(SNAP_LENGTH)],
      ...['-w', '/dev/null', 'tcp', 'port', String(port)],
    ]),
  ready: /listening on/,
  received: ({ stderr }) => Number(/(\d+) packets? captured/.exec(stderr)?.[1] ?? Number.NaN),
};

/** @param hasCap whether npm cap was built */
export function programs(hasCap: boolean): readonly CaptureProgram[] {
  return [TCPDUMP, TRIPOD_LIVE, TRIPOD_ALONE, ...(hasCap ? [TRIPOD_WITH_CAP] : [])];
}
