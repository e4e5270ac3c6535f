/**
 * Packets of one port into a file, by the host's own tcpdump, while a checkup looks at the port. (`tripod live` judges packets as they come and has an engine of
 * its own; a checkup judges them at its end, and a file is what it can keep.)
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

/** Octets of each packet: link, IPv6 and TCP headers with all options, inside of a tunnel, too. */
const SNAP_LENGTH = 256;
/** Milliseconds for tcpdump to begin, or to say why it does not; and to end. */
const PATIENCE_MILLIS = 5000;
/** Milliseconds in which packets come from the kernel to tcpdump: at its end it lets go of those that it has not read. */
const SETTLE_MILLIS = 200;

export interface PacketRecording {
  readonly file: string;
  /** Ends it; all packets until now are in the file. */
  stop(): Promise<RecordingEnd>;
}

interface RecordingEnd {
  /** Packets that the kernel dropped because they were not taken in time; null when tcpdump did not say. */
  readonly dropped: number | null;
}

/** Keeps what the proof needs: ICMP errors, ARP and neighbour discovery beside the port's own packets. */
export function portFilter(port: number): string {
  return `tcp port ${port} or icmp or icmp6 or arp`;
}

/** @returns the recording, or why there is none, as a clause */
export async function recordPackets(file: string, filter: string): Promise<PacketRecording | string> {
  const descriptor = openSync(file, 'wx');
  // Written to its standard output: as root tcpdump becomes another user, who may not make files here.
  const child = spawn(
    'tcpdump',
    ['-i', 'any', '-n', '--immediate-mode', '-U', '-s', String(SNAP_LENGTH), '-w', '-', filter],
    {
      stdio: ['ignore', descriptor, 'pipe'],
    },
  );
  closeSync(descriptor);
  const said = new Sayings(child);
  const begun = await Promise.race([said.until(/listening on/), wait(PATIENCE_MILLIS, false)]);
  if (begun) return { file, stop: () => stop(child, said) };
  child.kill('SIGKILL');
  return refusal(said);
}

async function stop(child: ChildProcess, said: Sayings): Promise<RecordingEnd> {
  if (child.exitCode === null && child.signalCode === null) {
    await wait(SETTLE_MILLIS);
    child.kill('SIGINT');
    await Promise.race([once(child, 'close'), wait(PATIENCE_MILLIS, null, { ref: false })]);
  }
  const dropped = /(\d+) packets? dropped by kernel/.exec(said.text)?.[1];
  return { dropped: dropped === undefined ? null : Number(dropped) };
}

function refusal({ text, error }: Sayings): string {
  if (error === 'ENOENT') return 'tcpdump is not installed: install the package tcpdump';
  if (/permission|not permitted/i.test(text)) return 'no right to capture packets: run as root (sudo)';
  const last = text
    .trim()
    .split('\n')
    .at(-1)
    ?.replace(/^tcpdump: /, '');
  return `tcpdump did not begin: ${last === undefined || last === '' ? (error ?? 'it said nothing') : last}`;
}

/** What a child says on its standard error. */
class Sayings {
  text = '';
  error: string | null = null;
  private readonly child: ChildProcess;

  constructor(child: ChildProcess) {
    this.child = child;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.text += text;
    });
    child.once('error', (error: NodeJS.ErrnoException) => {
      this.error = error.code ?? error.message;
    });
  }

  /** True when it said it; false when it ended first. */
  until(words: RegExp): Promise<boolean> {
    return new Promise((resolve) => {
      this.child.stderr?.on('data', () => {
        if (words.test(this.text)) resolve(true);
      });
      this.child.once('close', () => resolve(false));
      this.child.once('error', () => resolve(false));
    });
  }
}
