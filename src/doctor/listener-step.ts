/** Step 2: the listener, its addresses, its queue. */
import {
  isKnown,
  known,
  type Listener,
  type PortFacts,
  type PortSockets,
  type QueueSample,
  secondsWithoutListener,
} from '../diagnosis/port-facts.ts';
import { counted, duration, endpoint } from '../report/render/text.ts';
import { type Finding, fail, makeStep, pass, type Step, unseen, warn } from './checkup.ts';

/** A connection that waits longer than this is one that nobody takes. */
const LONG_WAIT_SECONDS = 1;

/**
 * @param redirected what shows that something hands the port on, as a clause, where no socket has it; null when nothing does
 * @param address the one address of this host that was asked about; null for all
 */
export function judgeListener(facts: PortFacts, redirected: string | null, address: string | null): Step {
  const { sockets, port } = facts;
  const commands = [`ss -ltnp 'sport = :${port}'`, `nstat -az TcpExtListenOverflows TcpExtListenDrops`];
  if (!isKnown(sockets)) {
    return makeStep('listener', [unseen('listener', `the sockets could not be read: ${sockets.unknown}`)], commands);
  }
  const findings =
    sockets.listeners.length === 0
      ? notListening(facts, redirected)
      : [...judgeAddresses(sockets.listeners, port, address), ...judgeAbsence(facts), ...judgeQueue(facts, sockets)];
  return makeStep('listener', findings, commands);
}

function notListening({ port, elsewhere }: PortFacts, redirected: string | null): Finding[] {
  if (redirected !== null) {
    return [
      pass(
        'redirected',
        `no socket of this host listens on port ${port}, and yet ${redirected}: something redirects them (DNAT, a container's published port)`,
      ),
    ];
  }
  const none = fail(
    'not-listening',
    `nothing listens on port ${port}`,
    'start the service, or see which port it has: ss -ltnp',
  );
  const [other] = known(elsewhere) ?? [];
  if (other === undefined) return [none];
  const owner = other.owners[0];
  const container = owner === undefined || owner.container === null ? '' : `, container ${owner.container}`;
  const who =
    owner === undefined ? `some process of ${other.namespace}` : `${owner.name} (pid ${owner.pid}${container})`;
  return [
    none,
    warn(
      'listens-in-other-namespace',
      `in another network namespace ${who} listens on ${endpoint({ address: other.address, port })}`,
      `if that is the service, publish the port of its container, or look there: nsenter -t ${owner?.pid ?? other.pid} -n tripod doctor ${port}`,
    ),
  ];
}

/** The service was started anew while it was looked at. */
function judgeAbsence({ port, samples }: PortFacts): Finding[] {
  const absent = secondsWithoutListener(samples);
  if (absent === 0) return [];
  const evidence = `nothing listened on port ${port} for about ${duration(absent)} while it was looked at: the service ended, and was started anew`;
  return [warn('was-not-listening', evidence, 'see why it ended: its log, journalctl, dmesg')];
}

function judgeAddresses(listeners: readonly Listener[], port: number, asked: string | null): Finding[] {
  const where = listeners.map((listener) => endpoint({ address: listener.address, port }));
  const evidence = `listens on ${[...new Set(where)].join(', ')}`;
  if (listeners.every(({ address }) => isLoopback(address)) && !isLoopback(asked ?? '')) {
    return [
      fail(
        'bound-to-loopback',
        `the port ${evidence} alone: only this host itself can connect`,
        'let the service listen on 0.0.0.0 (and ::), or on the address that clients use',
      ),
    ];
  }
  const onlySix = listeners.every(({ family, dualStack }) => family === 6 && known(dualStack) === false);
  if (onlySix && !asked?.includes(':')) {
    return [
      fail(
        'ipv6-only',
        `the port ${evidence} for IPv6 alone: an IPv4 client is refused`,
        'let the service listen on 0.0.0.0, too, or turn its IPV6_V6ONLY off',
      ),
    ];
  }
  const some = listeners.some(({ address }) => address === '0.0.0.0' || address === '::');
  return [pass('listens', `${evidence}${some ? '' : ': connects to other addresses of this host are refused'}`)];
}

function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1';
}

function judgeQueue(facts: PortFacts, sockets: PortSockets): Finding[] {
  const { listeners, longestWaitSeconds } = sockets;
  const findings: Finding[] = [];
  const full = listeners.filter(isFull);
  const waiting = listeners.reduce((sum, { queue }) => sum + queue, 0);
  const wait = known(longestWaitSeconds);
  const waitWords = wait === null ? '' : `; the one that waits longest has waited for ${duration(wait)} at least`;
  const overflows = known(facts.counters)?.['TcpExtListenOverflows'] ?? 0;
  const stuck = acceptQueueStuck(facts);
  const [first] = full;
  if (first !== undefined) {
    const { queue, backlog } = first;
    const words = `the accept queue is full: ${queue} connections wait, the limit is ${known(backlog)}${waitWords}`;
    const dropped =
      overflows > 0
        ? `; ${counted(overflows, 'SYN or ACK', 'SYNs and ACKs')} of this host were dropped for a full queue while it was watched`
        : '';
    const make = stuck || overflows > 0 ? fail : warn;
    findings.push(
      make(
        'accept-queue-full',
        `${words}${dropped}${stuck ? ', and nobody empties it' : ''}`,
        stuck
          ? 'the application does not call accept(): find out what it waits for (step 1: processor, open files, a stopped process), then restart it'
          : 'the application takes connections too slowly: more workers, or a larger backlog in listen() and net.core.somaxconn',
      ),
    );
  } else if (stuck) {
    findings.push(
      fail(
        'accept-queue-stuck',
        `${counted(waiting, 'connection')} wait in the accept queue, and none was taken in ${duration(facts.seconds)}${waitWords}`,
        'the application does not call accept(): find out what it waits for (step 1), then restart it',
      ),
    );
  } else if (overflows > 0) {
    findings.push(
      warn(
        'accept-queue-overflowed',
        `an accept queue of this host was full at times while it was watched: ListenOverflows moved by ${overflows} (the counter does not say of which port)`,
        'a larger backlog in listen() and net.core.somaxconn, or more workers',
      ),
    );
  }
  findings.push(
    pass(
      'accept-queue',
      `${waiting} waiting, limit ${[...new Set(listeners.map(({ backlog }) => known(backlog) ?? 'unknown'))].join(', ')}${emptiedWords(facts)}`,
    ),
  );
  return findings;
}

/** The kernel calls it full when more wait than the backlog (include/net/sock.h, sk_acceptq_is_full). */
function isFull({ queue, backlog }: Listener): boolean {
  return isKnown(backlog) && queue > backlog;
}

/** Connections wait, none has been taken for a while, and one of them has waited as long. */
export function acceptQueueStuck(facts: PortFacts): boolean {
  const { samples, sockets, seconds } = facts;
  if (samples.length < 2 || samples.at(-1)?.queue === 0 || !isKnown(sockets)) return false;
  if (seconds - (lastEmptiedSeconds(facts) ?? 0) < LONG_WAIT_SECONDS) return false;
  const wait = sockets.longestWaitSeconds;
  return !isKnown(wait) || (wait ?? 0) >= LONG_WAIT_SECONDS;
}

/** The last look that shows the queue empty, or shorter, or others in it; null when no look does. */
function lastEmptiedSeconds({ samples }: PortFacts): number | null {
  const shorter = ({ queue, taken }: QueueSample, index: number): boolean =>
    queue === 0 || taken > 0 || queue < (samples[index - 1]?.queue ?? 0);
  return samples.findLast(shorter)?.atSeconds ?? null;
}

function emptiedWords(facts: PortFacts): string {
  const { samples, seconds } = facts;
  if (samples.every(({ queue }) => queue === 0)) return `; empty at all ${samples.length} looks`;
  const at = lastEmptiedSeconds(facts);
  if (at === null) return `; not emptied in ${duration(seconds)}`;
  return samples.at(-1)?.queue === 0 ? '; emptied' : `; last emptied ${duration(Math.max(0, seconds - at))} ago`;
}
