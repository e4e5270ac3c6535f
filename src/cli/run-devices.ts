/** What `tripod devices` does. */
import { printable } from '../report/escape.ts';
import { type GridColumn, grid } from '../report/render/grid.ts';
import { type InterfaceState, listInterfaces, mayCapture } from '../source/live/interfaces.ts';
import { type Libpcap, loadLibpcap } from '../source/live/libpcap.ts';
import { howToGetTheRight } from '../source/live/open-errors.ts';
import { UserError } from '../source/user-error.ts';
import type { Context } from './context.ts';
import { withDestination } from './destination.ts';
import { EXIT } from './errors.ts';
import { enterNamespace } from './namespace.ts';
import type { ResolvedDevices } from './resolve-devices.ts';

interface DeviceList {
  /** "libpcap version 1.10.3 …"; null when it can't be called. */
  readonly engine: string | null;
  /** Whether this process may; null when that can't be told. */
  readonly mayCapture: boolean | null;
  /** What stands in the way, and what would give the right; null when nothing does. */
  readonly obstacle: string | null;
  readonly devices: readonly InterfaceState[];
}

export async function runDevices(options: ResolvedDevices, context: Context): Promise<number> {
  await enterNamespace(options.namespace);
  const list = await listDevices();
  return withDestination(options.out, [], context, async (output) => {
    output.write(options.format === 'json' ? `${JSON.stringify(list, null, 2)}\n` : textOf(list, options.width));
    return EXIT.DONE;
  });
}

async function listDevices(): Promise<DeviceList> {
  let pcap: Libpcap;
  try {
    pcap = await loadLibpcap();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { engine: null, mayCapture: null, obstacle: error.message, devices: listInterfaces(null) };
  }
  const may = mayCapture(pcap);
  return {
    engine: pcap.call.pcap_lib_version() as string,
    mayCapture: may,
    obstacle: may === false ? `no right to capture: ${howToGetTheRight()}` : null,
    devices: listInterfaces(pcap),
  };
}

const COLUMNS: readonly GridColumn[] = [
  { title: 'interface' },
  { title: 'state' },
  { title: 'link type' },
  { title: 'capture' },
  { title: 'addresses' },
];

function textOf({ engine, mayCapture: may, obstacle, devices }: DeviceList, width: number): string {
  const rows = devices.map((device) => [
    printable(device.name),
    stateOf(device),
    device.linkType ?? '?',
    captureOf(may, device.isUp),
    device.addresses.map(printable).join('\n'),
  ]);
  const all = ['any', '', 'LINUX_SLL2', captureOf(may, true), 'all of them'];
  const lines = [...grid(COLUMNS, [...rows, all], width), '', ...(engine === null ? [] : [printable(engine)])];
  if (obstacle !== null) lines.push(printable(obstacle));
  return `${lines.join('\n')}\n`;
}

function stateOf({ isUp, isRunning }: InterfaceState): string {
  if (isUp === null) return '?';
  if (!isUp) return 'down';
  return isRunning === false ? 'up, no carrier' : 'up';
}

function captureOf(may: boolean | null, isUp: boolean | null): string {
  if (may === null) return '?';
  if (!may) return 'no right';
  return isUp === false ? 'not while down' : 'yes';
}
