/**
 * A process of its own for npm `cap`, since that may abort its process (when the interface goes down, or vanishes): it captures on one interface, and writes a pcap stream to standard output.
 * The packets are stamped here, when JavaScript sees them; what was lost before is not known.
 */
import { pcapHeader, pcapRecord } from '../../capture/write.ts';
import type { CapTask } from './cap-capture.ts';
import { dropPrivileges } from './privileges.ts';

interface CapModule {
  readonly Cap: new () => {
    open(device: string, filter: string, bufferBytes: number, packet: Buffer): string;
    setMinBytes?(octets: number): void;
    on(event: 'packet', listener: (octets: number) => void): void;
    close(): void;
  };
}

/** As cap names them, and their LINKTYPE_ numbers. */
const LINK_TYPES: Readonly<Record<string, number>> = {
  NULL: 0,
  ETHERNET: 1,
  LINKTYPE_RAW: 101,
  RAW: 101,
  LINKTYPE_LINUX_SLL: 113,
  IEEE802_11_RADIO: 127,
};
const LARGEST_PACKET = 65_535;
/** Octets that may wait for whoever reads; beyond it packets are left out, as if they had been lost before. */
const MOST_WAITING = 32 * 1024 * 1024;
const MICROS_PER_MILLI = 1000;
const EXIT_COULD_NOT = 2;

const task: CapTask = JSON.parse(process.argv[2] ?? '{}');
try {
  await capture(task);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = EXIT_COULD_NOT;
}

async function capture({ name, filter, bufferBytes, snapLength, user }: CapTask): Promise<void> {
  // A string, not a literal: the package is optional, and has no types.
  const { default: module } = (await import('cap' as string)) as { default: CapModule };
  const cap = new module.Cap();
  const packet = Buffer.alloc(LARGEST_PACKET);
  const linkName = cap.open(name, filter, bufferBytes, packet);
  const linkType = LINK_TYPES[linkName];
  if (linkType === undefined) throw new Error(`${name} has the link type ${linkName}, which cap can't capture`);
  cap.setMinBytes?.(0);
  dropPrivileges(user, process.env);
  const { stdout } = process;
  stdout.write(pcapHeader({ linkType, snapLength }));
  cap.on('packet', (octets) => {
    if (stdout.writableLength > MOST_WAITING) return;
    stdout.write(recordOf(packet.subarray(0, Math.min(octets, snapLength)), octets, linkType));
  });
  const end = (): void => {
    cap.close();
    stdout.end();
  };
  process.on('SIGTERM', end);
  // Ctrl-C reaches the whole group of a terminal; who started this one ends it.
  process.on('SIGINT', () => {});
  stdout.on('error', end);
}

function recordOf(bytes: Uint8Array, originalLength: number, linkType: number): Uint8Array {
  const micros = Math.floor((performance.timeOrigin + performance.now()) * MICROS_PER_MILLI);
  const seconds = Math.floor(micros / 1e6);
  return pcapRecord({ seconds, nanos: (micros % 1e6) * 1000, bytes, originalLength }, { linkType });
}
