/** Step 3: connects from the host itself. What each outcome means. */
import { duration, endpoint } from '../report/render/text.ts';
import { type Finding, fail, makeStep, pass, type Step, unseen, warn } from './checkup.ts';

/** A try to connect, made by tripod itself. */
export interface ConnectAttempt {
  readonly address: string;
  readonly port: number;
  readonly via: 'loopback' | 'own-address';
  /** "connected", "timeout", or the code of the system's error: "ECONNREFUSED". */
  readonly outcome: string;
  /** From the call to the outcome. */
  readonly seconds: number;
  /** What the server did with the connection soon after it was open. */
  readonly afterwards: 'open' | 'closed' | 'reset' | null;
}

/** What an error of connect() says of the way there (man 2 connect; ip(7), net/ipv4/icmp.c icmp_err_convert). */
const MEANINGS: Readonly<Record<string, string>> = {
  ECONNREFUSED:
    'refused: a RST came back (nothing listens there, or a firewall rejects with a reset), or an ICMP "port unreachable"',
  timeout: 'no answer at all: something drops the SYN or the SYN-ACK, or the accept queue is full',
  ETIMEDOUT: 'no answer at all: something drops the SYN or the SYN-ACK, or the accept queue is full',
  EHOSTUNREACH:
    'unreachable: an ICMP error says "host unreachable" or "prohibited" (a firewall), or the next hop does not answer ARP or neighbour discovery',
  ENETUNREACH: 'no route to that network, or an ICMP error says so',
  EACCES: 'prohibited: an ICMPv6 error says so, or a rule of this host forbids the connection',
  EPERM: 'a rule of this host forbids the connection (a BPF program of the control group, or SELinux)',
  EADDRNOTAVAIL: 'this host has no free local port for the connection, or not such an address',
  ECONNRESET: 'reset: a RST came after the handshake',
  EMFILE: 'this process may open no more files',
  ENOPROTOOPT: 'an ICMP "protocol unreachable" came back',
  EMSGSIZE: 'a packet is too large for the way',
};

/** An outcome in words, with the code that a programmer looks for. */
export function outcomeWords(outcome: string): string {
  if (outcome === 'connected') return 'connected';
  const meaning = MEANINGS[outcome];
  return meaning === undefined ? `failed (${outcome})` : `${meaning}${outcome === 'timeout' ? '' : ` (${outcome})`}`;
}

/** Connects of a host to itself take some tens of microseconds: a retransmitted SYN makes them last a second. */
const SLOW_SECONDS = 0.9;

/** @param bound whether a listener of the port takes connections to this address */
export function judgeConnects(
  port: number,
  attempts: readonly ConnectAttempt[],
  bound: (address: string) => boolean,
): Step {
  const findings: Finding[] = [];
  const failed = new Map<string, ConnectAttempt[]>();
  for (const attempt of attempts) {
    if (attempt.outcome === 'connected') findings.push(connectedFinding(attempt));
    else if (attempt.outcome === 'ECONNREFUSED' && !bound(attempt.address)) findings.push(notBoundFinding(attempt));
    else failed.set(attempt.outcome, [...(failed.get(attempt.outcome) ?? []), attempt]);
  }
  for (const alike of failed.values()) findings.push(failedFinding(alike));
  if (findings.length === 0) findings.push(unseen('no-connect', 'no connect was tried: this host has no address'));
  const own = attempts.find(({ via }) => via === 'own-address')?.address;
  const addresses = own === undefined ? ['127.0.0.1'] : ['127.0.0.1', own];
  return makeStep(
    'connect',
    findings,
    addresses.map((address) => `nc -vz ${address} ${port}`),
  );
}

function notBoundFinding(attempt: ConnectAttempt): Finding {
  return pass('connect-not-bound', `${whereOf(attempt)} was refused, as it has to be: nothing listens on that address`);
}

/** Attempts with the same outcome are one finding. */
function failedFinding(alike: readonly ConnectAttempt[]): Finding {
  const [first] = alike as readonly [ConnectAttempt, ...ConnectAttempt[]];
  const where = alike.map((attempt) => endpoint(attempt)).join(', ');
  const longest = Math.max(...alike.map(({ seconds }) => seconds));
  const connects = alike.length === 1 ? 'a connect' : 'connects';
  return fail(
    `connect-${first.outcome.toLowerCase()}`,
    `${connects} to ${where} failed after ${duration(longest)}: ${outcomeWords(first.outcome)}`,
    adviceOf(first),
  );
}

function whereOf(attempt: ConnectAttempt): string {
  return `a connect to ${endpoint(attempt)}${attempt.via === 'loopback' ? ' by loopback' : ''}`;
}

function connectedFinding(attempt: ConnectAttempt): Finding {
  const took = `${whereOf(attempt)} succeeded in ${duration(attempt.seconds)}`;
  switch (attempt.afterwards) {
    case 'closed':
      return warn(
        'closed-at-once',
        `${took}, and the server closed it at once`,
        'look into the log of the application: it takes connections and lets go of them (a limit of connections, a list of allowed clients)',
      );
    case 'reset':
      return warn(
        'reset-at-once',
        `${took}, and the server reset it at once`,
        'look into the log of the application, and whether tcp_abort_on_overflow is set while the accept queue is full',
      );
    default:
      if (attempt.seconds < SLOW_SECONDS) return pass('connected', took);
      return warn(
        'connect-slow',
        `${took}: a SYN or SYN-ACK was lost or dropped before that`,
        'look at the accept queue and the counters of drops (steps 2 and 4)',
      );
  }
}

function adviceOf({ outcome, port }: ConnectAttempt): string {
  if (outcome === 'ECONNREFUSED') {
    return `start the service, or find the rule that rejects: ss -ltnp 'sport = :${port}'; nft list ruleset`;
  }
  if (outcome === 'timeout') {
    return 'it never leaves this host, so no cable or router is to blame: look at the accept queue (step 2) and at the rules of the own firewall (step 6)';
  }
  return 'look at routes and at the rules of the firewall: ip route get, nft list ruleset';
}
