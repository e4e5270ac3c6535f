/**
 * Connections that worked, were silent for a while, and get no answer to what is said then: what a firewall, NAT or balancer leaves behind that forgets idle connections
 * (RFC 5382 §5). No packet of a capture tells, since nothing but repeated data is on the wire; the kernel's list of sockets does. A peer that went away without a word looks
 * alike, so that this is asked only of peers with which new connections succeed. Pure.
 */
import { TIMEOUTS } from '../diagnosis/host-sending.ts';
import { type Fact, known, type SendingFacts, type StuckConnection } from '../diagnosis/port-facts.ts';
import { counted, duration } from '../report/render/text.ts';
import { type Finding, warn } from './checkup.ts';

/** Seconds without an ACK before the data: nobody forgets a connection sooner, and a path that loses packets gives most of its losses no such silence before. */
const SILENT_SECONDS = 3;

/** Acknowledged on a connection of no more than its SYN (tcpi_bytes_acked counts it). */
const SYN_OCTETS = 1;

/** @param reached addresses with which new connections succeed */
export function judgeAfterSilence(sending: Fact<SendingFacts>, reached: ReadonlySet<string>, whose: string): Finding[] {
  const forgotten = (known(sending)?.stuck ?? []).filter((one) => reached.has(one.client) && isForgotten(one));
  if (forgotten.length === 0) return [];
  const gaps = forgotten.map(gapOf);
  const times = Math.max(...forgotten.map(({ timeouts }) => timeouts));
  const longest = Math.max(...forgotten.map(({ sentSeconds }) => sentSeconds));
  const silence = `${duration(Math.min(...gaps))} or more`;
  const peers = [...new Set(forgotten.map(({ client }) => client))];
  const evidence = `ss -tino: ${counted(forgotten.length, 'connection')} ${whose} ${peers.slice(0, PEERS_TOLD).join(', ')} had worked, and what is sent on ${forgotten.length === 1 ? 'it' : 'them'} after a silence of ${silence} is not acknowledged: repeated up to ${times} times in ${duration(longest)}, while new connections succeed`;
  const advice =
    'a firewall, NAT or balancer on the way may forget connections that are idle for longer than that: let keep-alives come sooner (SO_KEEPALIVE, net.ipv4.tcp_keepalive_time), or lengthen its idle timeout; a peer that went away, or began anew behind a firewall that drops its RST, looks alike';
  return [warn('unanswered-after-silence', evidence, advice)];
}

const PEERS_TOLD = 8;

function isForgotten(connection: StuckConnection): boolean {
  const { timeouts, ackedOctets, sackedSegments } = connection;
  return (
    timeouts >= TIMEOUTS && ackedOctets > SYN_OCTETS && sackedSegments === 0 && gapOf(connection) >= SILENT_SECONDS
  );
}

/** Seconds between the last ACK and the first time that what is in flight was sent. */
function gapOf({ silentSeconds, sentSeconds }: StuckConnection): number {
  return silentSeconds - sentSeconds;
}
