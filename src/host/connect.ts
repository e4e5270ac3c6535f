/** Connects of tripod's own: to the port, from this host, timed. */
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';

export interface ConnectOutcome {
  /** "connected", "timeout", or the code of the system's error. */
  readonly outcome: string;
  /** From the call to the outcome, less the time for which this process got no processor: that is no fault of the port. */
  readonly seconds: number;
  /** What the server did with the connection within `AFTERWARDS_MILLIS`; "open" as well when it said something before it closed. */
  readonly afterwards: 'open' | 'closed' | 'reset' | null;
  readonly localPort: number | null;
}

/** Long enough for an application that turns a client away to do so. */
const AFTERWARDS_MILLIS = 200;

/** Between two timers the event loop looks at its sockets. */
const LAST_CHANCE_MILLIS = 10;

/** Connects, waits a moment, and hangs up. Sends nothing. */
export async function tryConnect(address: string, port: number, timeoutSeconds: number): Promise<ConnectOutcome> {
  const begun = performance.now();
  const lateness = watchLateness();
  const seconds = (): number => Math.max(0, performance.now() - begun - lateness.millis()) / 1000;
  const socket = connect({ host: address, port, noDelay: true });
  const giveUp = new AbortController();
  let localPort: number | null = null;
  try {
    const outcome = await Promise.race([
      new Promise<string>((resolve) => {
        socket.once('connect', () => {
          // A reset that follows at once takes it away.
          localPort = socket.localPort ?? null;
          resolve('connected');
        });
        socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'error'));
      }),
      timeoutAfter(timeoutSeconds, giveUp.signal),
    ]);
    const took = seconds();
    localPort ??= socket.localPort ?? null;
    if (outcome !== 'connected') return { outcome, seconds: took, afterwards: null, localPort };
    const afterwards = await Promise.race([
      new Promise<'open' | 'closed' | 'reset'>((resolve) => {
        socket.once('data', () => resolve('open'));
        socket.once('end', () => resolve('closed'));
        socket.once('error', () => resolve('reset'));
      }),
      wait(AFTERWARDS_MILLIS, 'open' as const, { signal: giveUp.signal }),
    ]);
    return { outcome, seconds: took, afterwards, localPort };
  } finally {
    giveUp.abort();
    lateness.stop();
    socket.on('error', () => undefined);
    socket.destroy();
  }
}

const LATENESS_MILLIS = 50;

/** How late timers were by now, in all. */
function watchLateness(): { millis(): number; stop(): void } {
  let late = 0;
  let due = performance.now() + LATENESS_MILLIS;
  const look = (): void => {
    const now = performance.now();
    late += Math.max(0, now - due);
    due = now + LATENESS_MILLIS;
  };
  const timer = setInterval(look, LATENESS_MILLIS);
  return {
    millis() {
      // What is overdue now has not been counted yet.
      return late + Math.max(0, performance.now() - due);
    },
    stop: () => clearInterval(timer),
  };
}

/** On a host without processor time to spare, the timer and the answer may both be due: the answer counts. */
async function timeoutAfter(seconds: number, signal: AbortSignal): Promise<string> {
  await wait(seconds * 1000, undefined, { signal });
  await wait(LAST_CHANCE_MILLIS, undefined, { signal });
  return 'timeout';
}

export interface OwnAddress {
  readonly address: string;
  readonly family: 4 | 6;
  readonly interface: string;
  readonly loopback: boolean;
}

/** Addresses of this host; link-local ones of IPv6 left out, which need a zone to connect to. */
export function ownAddresses(): OwnAddress[] {
  return Object.entries(networkInterfaces()).flatMap(([name, addresses]) =>
    (addresses ?? [])
      .filter(({ address }) => !/^fe[89ab]/i.test(address))
      .map(({ address, family, internal }) => ({
        address,
        family: family === 'IPv6' ? (6 as const) : (4 as const),
        interface: name,
        loopback: internal,
      })),
  );
}
