/**
 * The captures of the bench. A further one (a flood, tunnels, pcapng) is a further entry here; `version` goes up with every change of what comes out,
 * here or in the files that make it, so that captures of an older recipe are made again.
 */
import {
  download,
  exchange,
  probe,
  refused,
  resetByClient,
  type Script,
  unacknowledged,
  unanswered,
  unasked,
} from './script.ts';
import { FULL_SEGMENT } from './segment-writer.ts';

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
}

/** Of an answer that keeps its client waiting: 19 s on average. */
const LONG_WAIT = 38_000_000;

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
  scripts: [
    exchange(450, LONG_WAIT, 6),
    probe(450, LONG_WAIT),
    unanswered(20),
    refused(20),
    unacknowledged(20),
    resetByClient(20),
    unasked(20),
  ],
};

/** Full-size segments, an acknowledgement for every second one: 40 KB a connection, 1 % with a missing leg. */
export const BULK: Recipe = {
  name: 'bulk',
  version: 1,
  seed: 0xb01c,
  unit: 'bytes',
  pause: 1_000,
  scripts: [download(990, 26, FULL_SEGMENT), unanswered(5), unacknowledged(5)],
};
