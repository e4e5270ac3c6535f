/**
 * What one connection says, as data: its segments in order, and the verdict that follows from them. The numbers (ISNs, addresses, acknowledgements)
 * are filled in by generate.ts.
 */
import type { VerdictName } from '../../src/handshake/handshake.ts';
import { FLAG } from '../../src/wire/segment.ts';
import { recordLength } from './segment-writer.ts';

export interface Step {
  readonly fromClient: boolean;
  readonly flags: number;
  /** Octets. */
  readonly payload: number;
  /** Microseconds after the step before: evenly spread over [from, to). */
  readonly after: readonly [from: number, to: number];
  /** The sender's last segment once more, with the same sequence number. */
  readonly again: boolean;
}

export interface Script {
  readonly verdict: VerdictName;
  /** Of a thousand connections. */
  readonly share: number;
  /** Microseconds of capture before the first of its kind. */
  readonly notBefore: number;
  readonly steps: readonly Step[];
  /** From an address and a port that never come again, as in a flood. */
  readonly spoofed?: true;
}

const SECOND = 1_000_000;
/** One way between the server, where the capture is taken, and a client. */
const ROUND_TRIP = [5_000, 60_000] as const;
const SERVER_ANSWERS = [50, 500] as const;
/** RFC 6298 §5.5: the first pause is a second, the second one twice as long; a bit of each for the timer's grain. */
const FIRST_PAUSE = [SECOND, SECOND + 20_000] as const;
const SECOND_PAUSE = [2 * SECOND, 2 * SECOND + 20_000] as const;

const { SYN, ACK, RST, FIN, PSH } = FLAG;

function client(flags: number, after: Step['after'], payload = 0): Step {
  return { fromClient: true, flags, payload, after, again: false };
}

function server(flags: number, after: Step['after'], payload = 0): Step {
  return { fromClient: false, flags, payload, after, again: false };
}

function again(step: Step, after: Step['after']): Step {
  return { ...step, after, again: true };
}

const NOW = [0, 1] as const;
const syn = client(SYN, NOW);
const synAck = server(SYN | ACK, SERVER_ANSWERS);
const HANDSHAKE = [syn, synAck, client(ACK, ROUND_TRIP)] as const;

/** A request and its answer, which comes in [0, wait) microseconds; both sides close with it. */
export function exchange(share: number, wait: number, payload: number): Script {
  return {
    verdict: 'complete',
    share,
    notBefore: 0,
    steps: [
      ...HANDSHAKE,
      client(PSH | ACK, SERVER_ANSWERS, payload),
      server(PSH | FIN | ACK, [500, wait], payload),
      client(FIN | ACK, ROUND_TRIP),
    ],
  };
}

/** What a health check does: connect, and reset. */
export function probe(share: number, wait: number): Script {
  return { verdict: 'complete', share, notBefore: 0, steps: [...HANDSHAKE, client(RST | ACK, [500, wait])] };
}

/** A request, and an answer of so many full segments, two of which are acknowledged by one segment. */
export function download(share: number, segments: number, payload: number): Script {
  const steps: Step[] = [...HANDSHAKE, client(PSH | ACK, SERVER_ANSWERS, 400)];
  for (let sent = 0; sent < segments; sent += 2) {
    steps.push(server(ACK, [200, 2_000], payload), server(ACK, [2, 20], payload), client(ACK, ROUND_TRIP));
  }
  steps.push(server(FIN | ACK, SERVER_ANSWERS), client(FIN | ACK, ROUND_TRIP), server(ACK, SERVER_ANSWERS));
  return { verdict: 'complete', share, notBefore: 0, steps };
}

/** Nobody answers: SYN, and twice more. */
export function unanswered(share: number): Script {
  return {
    verdict: 'no-syn-ack',
    share,
    notBefore: 0,
    steps: [syn, again(syn, FIRST_PAUSE), again(syn, SECOND_PAUSE)],
  };
}

/** One SYN of a flood. */
export function spoofed(share: number): Script {
  return { verdict: 'no-syn-ack', share, notBefore: 0, steps: [syn], spoofed: true };
}

export function refused(share: number): Script {
  return { verdict: 'refused', share, notBefore: 0, steps: [syn, server(RST | ACK, SERVER_ANSWERS)] };
}

/** The server repeats its SYN-ACK in vain. */
export function unacknowledged(share: number): Script {
  return {
    verdict: 'no-ack',
    share,
    notBefore: 0,
    steps: [syn, synAck, again(synAck, FIRST_PAUSE), again(synAck, SECOND_PAUSE)],
  };
}

export function resetByClient(share: number): Script {
  return { verdict: 'client-reset', share, notBefore: 0, steps: [syn, synAck, client(RST, ROUND_TRIP)] };
}

/** A SYN-ACK whose SYN took another way. Early in the capture it would be explained by the capture's start. */
export function unasked(share: number): Script {
  return { verdict: 'no-syn', share, notBefore: 5 * SECOND, steps: [synAck, again(synAck, FIRST_PAUSE)] };
}

export function packetsOf(script: Script): number {
  return script.steps.length;
}

/** Octets in the file. */
export function bytesOf(script: Script): number {
  return script.steps.reduce((sum, step) => sum + recordLength(step.flags, step.payload), 0);
}
