/** Step 5: the three legs, as the packets of this host show them, client by client. */

import type { BeforeCapture } from '../diagnosis/host-programs.ts';
import type { AddressGroup } from '../diagnosis/network-facts.ts';
import type { Fact } from '../diagnosis/port-facts.ts';
import { isKnown } from '../diagnosis/port-facts.ts';
import type { VerdictName } from '../handshake/handshake.ts';
import { counted, duration, endpoint } from '../report/render/text.ts';
import { VERDICT_WORDS } from '../report/render/words.ts';
import {
  type Finding,
  fail,
  makeStep,
  NOBODY_TRIED,
  PACKETS_UNSEEN,
  pass,
  type Step,
  type Target,
  unseen,
  warn,
} from './checkup.ts';
import type { ClientLegs, LegsFacts } from './legs.ts';

/** Clients with trouble that are told one by one. */
const CLIENTS_TOLD = 8;

/** So many clients that each send a SYN or two and are never heard of again are none. */
const FLOOD_CLIENTS = 30;

/** What the server's side lacked: a fault whatever else works. */
const SERVER_SIDE: readonly VerdictName[] = ['no-syn-ack', 'refused', 'rejected', 'ack-ignored', 'ack-rejected'];

/**
 * Whether an attempt of this client shows a fault. Who sends one SYN and is never heard of again, or resets the answer at once, is a scanner or a forged address as
 * often as a client with trouble: where others are served, that is no fault of the port.
 */
function isFault(verdict: VerdictName, client: ClientLegs, isServing: boolean): boolean {
  const { byVerdict, insistent, unfitting, failed } = client;
  if (SERVER_SIDE.includes(verdict)) return true;
  const isServed = (byVerdict.complete ?? 0) > 0;
  switch (verdict) {
    case 'challenged':
      return insistent > 0 || !isServed;
    case 'no-ack':
      if (isLostOnTheWay(client)) return true;
      return !isServed && (insistent > 0 || !isServing);
    case 'client-reset':
      return !isServed && (unfitting > 0 || failed?.diagnoses[0]?.cause !== 'half-open-scan');
    default:
      return false;
  }
}

/** A client that is there, and whose answers get lost again and again: no chance of a lossy path, though other attempts of it are served. */
function isLostOnTheWay({ unheard, attempts }: ClientLegs): boolean {
  return unheard >= LEAST_LOST && unheard >= SHARE_LOST * attempts;
}

/** Attempts that lose their third leg, in number and as a share, before it is no chance. */
const LEAST_LOST = 3;
const SHARE_LOST = 0.1;

/**
 * @param own addresses of this host
 * @param before what the host says of SYNs that no capture can have seen
 */
export function judgeLegs(
  { port }: Target,
  legs: Fact<LegsFacts>,
  own: AddressGroup,
  before: BeforeCapture = NOTHING_BEFORE,
): Step {
  const commands = [`tcpdump -ni any 'tcp port ${port} or icmp or icmp6 or arp'`, `tripod live -i any --port ${port}`];
  if (!isKnown(legs))
    return makeStep('legs', [unseen(PACKETS_UNSEEN, `packets could not be looked at: ${legs.unknown}`)], commands);
  const findings: Finding[] = [];
  const { lost, seconds, warnings } = legs;
  const failing = legs.clients.filter(({ failed }) => failed !== null);
  // Of tripod's own connects, which step 3 has told of, one speaks for all.
  const troubled = [...failing.filter(({ own }) => !own), ...failing.filter(({ own }) => own).slice(0, 1)];
  const isServing = legs.clients.some((client) => !client.own && (client.byVerdict.complete ?? 0) > 0);
  const isFlood =
    failing.filter(({ insistent, byVerdict }) => insistent === 0 && byVerdict['no-ack']).length >= FLOOD_CLIENTS;
  for (const client of troubled.slice(0, CLIENTS_TOLD)) findings.push(judgeClient(client, own, isServing || isFlood));
  if (troubled.length > CLIENTS_TOLD) {
    findings.push(
      warn(
        'more-clients',
        `and ${counted(troubled.length - CLIENTS_TOLD, 'more client')} with failed attempts`,
        `all of them: tripod live -i any --port ${port}`,
      ),
    );
  }
  findings.push(
    ...judgeClosed(legs.clients),
    ...judgeReset(legs.clients),
    ...judgeBefore(before),
    ...told(legs.clients, before, seconds, port),
  );
  if (lost > 0) findings.push(unseen('packets-lost', `${counted(lost, 'packet')} were lost by the capture itself`));
  for (const warning of warnings) findings.push(unseen('packets', warning));
  return makeStep('legs', findings, commands);
}

/** @param isServing others are served, or nobody but a crowd like this one came */
function judgeClient(client: ClientLegs, own: AddressGroup, isServing: boolean): Finding {
  const { byVerdict, attempts, failed, server } = client;
  const [verdict, times] = mostOf(byVerdict);
  const evidence = `${client.own ? 'this host itself' : client.client} to ${endpoint(server)}: ${words(verdict)} in ${times} of ${counted(attempts, 'attempt')}; attempt #${failed?.id}: ${failed?.reason}`;
  const advice = isTranslated(client) ? TRANSLATED : adviceOf(verdict, client);
  if (!own.has(server.address) && !isTranslated(client)) {
    return warn(
      'not-our-address',
      `${evidence} ${server.address} is no address of this host`,
      'give this host the address, or send the SYNs to the host that has it (routing, virtual address, ARP)',
    );
  }
  return (isFault(verdict, client, isServing) ? fail : warn)(`leg-${verdict}`, evidence, advice);
}

const TRANSLATED =
  'the answer came from another address than was asked, and the client does not know it: look at what translates addresses on this host (step 6)';

/** What it asked for is no address of this host, and the answer came from one that is: the host took the SYN. */
function isTranslated({ failed }: ClientLegs): boolean {
  return (
    failed?.diagnoses.some(({ cause, confidence }) => cause === 'asymmetric-nat' && confidence !== 'possible') === true
  );
}

/** The failing verdict that came most often. */
function mostOf(byVerdict: ClientLegs['byVerdict']): [VerdictName, number] {
  const failing = Object.entries(byVerdict).filter(([verdict]) => verdict !== 'complete' && verdict !== 'undecided');
  const [most] = failing.sort(([, a], [, b]) => b - a);
  return (most ?? ['undecided', 0]) as [VerdictName, number];
}

function words(verdict: VerdictName): string {
  return `${verdict} (${VERDICT_WORDS[verdict].phrase})`;
}

function adviceOf(verdict: VerdictName, { client, server }: ClientLegs): string {
  switch (verdict) {
    case 'no-syn-ack':
      return 'the SYN reached this host, and no answer left it: the host itself dropped it (steps 2, 4 and 6)';
    case 'refused':
      return 'this host, or a firewall on it, refuses: steps 2 and 6';
    case 'rejected':
      return 'a firewall or router says no with an ICMP error: its sender is the one to ask';
    case 'no-ack':
      return `the SYN-ACK left, and nothing came back: it is lost on the way to ${client}, or the client does not answer: capture there, too`;
    case 'ack-ignored':
      return 'the third leg came, and the host did not take it: the accept queue is full, or TCP_DEFER_ACCEPT waits for data (step 2)';
    case 'ack-rejected':
      return 'the numbers of the third leg are wrong: something on the way rewrites them';
    case 'client-reset':
      return `${client} answers the SYN-ACK with a reset: it no longer waits, or does not know of it (a scanner, a short timeout, asymmetric NAT)`;
    case 'challenged':
      return `the host holds an old connection on these ports: ss -tan 'sport = :${server.port}' | grep ${client}`;
    default:
      return 'look at the packets: tripod live --all';
  }
}

/** Connections that ended at once, all but the last: whoever comes can hardly have been served by chance. */
const CLOSED_BEFORE_LAST = 5;

/** Handshakes that complete, and connections of no use: a fault where no client has another one. A server may have its reasons to send some away. */
function judgeClosed(clients: readonly ClientLegs[]): Finding[] {
  const others = clients.filter(({ own }) => !own);
  const closed = others.reduce((sum, { closedAtOnce }) => sum + closedAtOnce, 0);
  const complete = others.reduce((sum, { byVerdict }) => sum + (byVerdict.complete ?? 0), 0);
  if (closed === 0) return [];
  const evidence = `${closed} of ${counted(complete, 'connection')} ended at once: within a second of the third leg, and without a word, the server closed or reset ${closed === 1 ? 'it' : 'them'}`;
  const advice =
    'look into the log of the application: it takes connections and lets go of them (a limit of connections, a list of allowed clients, a worker that dies)';
  return [(areAll(closed, complete) ? fail : warn)('leg-closed-at-once', evidence, advice)];
}

/** The last one may not be over yet. */
function areAll(ended: number, complete: number): boolean {
  return ended === complete || (ended >= CLOSED_BEFORE_LAST && ended === complete - 1);
}

/** Connections that neither side ended: a fault where no client has another one. Among many clients it is the way of some. */
function judgeReset(clients: readonly ClientLegs[]): Finding[] {
  const others = clients.filter(({ own }) => !own);
  const struck = others.filter(({ resetOnTheWay }) => resetOnTheWay > 0);
  const reset = struck.reduce((sum, { resetOnTheWay }) => sum + resetOnTheWay, 0);
  const complete = others.reduce((sum, { byVerdict }) => sum + (byVerdict.complete ?? 0), 0);
  if (reset === 0) return [];
  const evidence = `${reset} of ${counted(complete, 'connection')}, of ${named(struck.map(({ client }) => client))}, ended by a RST that has crossed another number of routers than the other packets of the side in whose name it came: something on the way sent it`;
  const advice =
    'find what inspects connections between here and those clients (a firewall, an intrusion prevention system, a proxy), and why it refuses what they say; a capture at the client shows whether it sent the RST';
  return [(areAll(reset, complete) ? fail : warn)('leg-reset-on-the-way', evidence, advice)];
}

const NOTHING_BEFORE: BeforeCapture = { clients: [], programs: [], diagnosis: null };

/** SYNs that came to this host, and to no capture on it. */
function judgeBefore({ clients, diagnosis }: BeforeCapture): Finding[] {
  if (diagnosis?.confidence !== 'proven') return [];
  const advice = 'an XDP programme of this host drops them (step 6): ip -d link, bpftool net';
  return [fail('leg-no-syn', `no SYN of ${named(clients)} came as far as a capture: ${diagnosis.evidence[0]}`, advice)];
}

function named(clients: readonly string[]): string {
  const further = clients.length - CLIENTS_TOLD;
  return `${clients.slice(0, CLIENTS_TOLD).join(', ')}${further > 0 ? ` and ${counted(further, 'more client')}` : ''}`;
}

function told(clients: readonly ClientLegs[], before: BeforeCapture, seconds: number, port: number): Finding[] {
  const others = clients.filter(({ own }) => !own);
  const complete = clients.reduce((sum, { byVerdict }) => sum + (byVerdict.complete ?? 0), 0);
  const attempts = clients.reduce((sum, client) => sum + client.attempts, 0);
  const undecided = clients.reduce((sum, { byVerdict }) => sum + (byVerdict.undecided ?? 0), 0);
  const findings: Finding[] = [];
  if (others.length === 0 && before.clients.length === 0) {
    const alsoHere = before.programs.map((program) => `, or dropped by ${program}, which comes before any capture`);
    const evidence = `no SYN from another host came to port ${port} in ${duration(seconds)}: if somebody did try, it was lost before this host${alsoHere.join('')}`;
    findings.push(unseen(NOBODY_TRIED, evidence));
  }
  if (attempts > 0) {
    const rest = undecided > 0 ? `, ${undecided} not decided when it ended` : '';
    findings.push(
      pass(
        'attempts',
        `${complete} of ${counted(attempts, 'attempt')} of ${counted(clients.length, 'client')} complete in ${duration(seconds)}${rest}`,
      ),
    );
  }
  return findings;
}
