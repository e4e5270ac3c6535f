/**
 * The captures of the bench. A further one is a further entry here; `version` goes up with every change of what comes out,
 * here or in the files that make it, so that captures of an older recipe are made again.
 */
import {
  download,
  exchange,
  probe,
  refused,
  resetByClient,
  type Script,
  spoofed,
  unacknowledged,
  unanswered,
  unasked,
} from './script.ts';
import { FULL_SEGMENT } from './tcp-writer.ts';

export interface Recipe {
  readonly name: string;
  readonly version: number;
  readonly seed: number;
  /** What the size of a capture counts. */
  readonly unit: 'packets' | 'bytes';
  /** Microseconds from one new connection to the next, on average. */
  readonly pause: number;
  /** Shares add up to 1,000. */
  readonly scripts: readonly Script[];
  readonly container: 'pcap' | 'pcapng';
  /** More attempts than tripod follows at a time: then only what is complete has a verdict that is known beforehand. */
  readonly overflows?: true;
}

/** Of an answer that keeps its client waiting: 19 s on average. */
const LONG_WAIT = 38_000_000;

/** Connections of few and short packets, 10 % of them with a missing leg. */
const SHORT_ONES: readonly Script[] = [
  exchange(450, LONG_WAIT, 6),
  probe(450, LONG_WAIT),
  unanswered(20),
  refused(20),
  unacknowledged(20),
  resetByClient(20),
  unasked(20),
];

/**
 * Packets of 60 octets. 700 connections a second, 10 % with a missing leg: of the others 12 thousand are open at a time, of the failed ones 8
 * thousand are still to be remembered, since clients repeat a SYN for two minutes. 4.8 packets a connection.
 */
export const SMALL: Recipe = {
  name: 'small',
  version: 1,
  seed: 0x5a11,
  unit: 'packets',
  pause: 1_428,
  scripts: SHORT_ONES,
  container: 'pcap',
};

/** Full-size segments, an acknowledgement for every second one: 40 KB a connection, 1 % with a missing leg. */
export const BULK: Recipe = {
  name: 'bulk',
  version: 1,
  seed: 0xb01c,
  unit: 'bytes',
  pause: 1_000,
  scripts: [download(990, 26, FULL_SEGMENT), unanswered(5), unacknowledged(5)],
  container: 'pcap',
};

/** 100,000 connections a second, of which one in a hundred is a good one, that goes on for a second; the others are SYNs from anywhere. */
export const FLOOD: Recipe = {
  name: 'flood',
  version: 1,
  seed: 0xf100d,
  unit: 'packets',
  pause: 10,
  scripts: [exchange(10, 2_000_000, 6), spoofed(990)],
  container: 'pcap',
  overflows: true,
};

/** As small, in a pcapng with three interfaces, IPv6, VLAN tags one and two deep, microseconds and nanoseconds. */
export const MIXED: Recipe = { ...SMALL, name: 'mixed', version: 1, seed: 0x313d, container: 'pcapng' };

/** As small, with so many connections going on at a time, once it has lasted 38 seconds. */
export function openAtATime(connections: number): Recipe {
  const averageWait = LONG_WAIT / 2;
  return { ...SMALL, name: `open${connections}`, version: 1, pause: Math.round((0.9 * averageWait) / connections) };
}
