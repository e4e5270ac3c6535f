/**
 * BPF programmes that see a port's packets: XDP before any capture does, tc and tcx around IP, those of the service's control group last. What one of them does can't be
 * read off it; that it is there is told beside what the kernel and its counters say, and where a SYN never came to the capture.
 */
import type { Diagnosis } from '../handshake/handshake.ts';
import { CAUSES } from './causes.ts';
import { counted, type HostCase, type Ruling } from './host-case.ts';
import { known, type PortFacts } from './port-facts.ts';

const SYN = 0x02;
const ACK = 0x10;
/** Programmes that are named. */
const MOST_NAMED = 4;
/** Functions of the kernel that let go of what an XDP programme drops: do_xdp_generic, veth_xdp_rcv_skb. */
const XDP_FUNCTION = /xdp/i;
/** Counters of drivers: "rx_xdp_drop", "rx_queue_0_xdp_drops". */
const XDP_COUNTER = /xdp.*drop/i;

/** SYNs without an answer: a programme on the way in, or out, may have dropped them. */
export function rulingsOfPrograms({ facts, seen }: HostCase): Ruling[] {
  if (seen.unanswered.attempts === 0) return [];
  const judge = (cause: Ruling['cause'], side: string): Ruling[] => {
    const programs = programsOf(facts, (where) => where.endsWith(side));
    if (programs.length === 0) return [];
    const evidence = [`${programs.join(', ')} sees these packets, and may drop them`];
    return [{ cause, confidence: 'possible', evidence, explains: 0 }];
  };
  return [...judge('local-firewall-drop', 'ingress'), ...judge('egress-drop', 'egress')];
}

/** One of a control group sees a SYN when IP has handed it to TCP: no counter of IP misses it. */
export function hasProgramAtSocket(facts: PortFacts): boolean {
  return programsOf(facts, (where) => where === 'cgroup ingress').length > 0;
}

/** What the host says of SYNs that no capture on it can have seen. */
export interface BeforeCapture {
  /** Clients whose SYNs the kernel dropped there, as it says itself. */
  readonly clients: readonly string[];
  /** XDP programmes of this host, in words. */
  readonly programs: readonly string[];
  readonly diagnosis: Diagnosis | null;
}

/** @param hasClients SYNs of other hosts came to the capture: then nothing is suspected that the kernel does not say */
export function lostBeforeCapture(facts: PortFacts, hasClients: boolean): BeforeCapture {
  const programs = programsOf(facts, (where) => where.startsWith('xdp'));
  const events = (known(facts.drops)?.drops ?? []).filter(
    ({ reason, location, packet }) =>
      packet.destination.port === facts.port &&
      (packet.flags & (SYN | ACK)) === SYN &&
      (reason === 'XDP' || XDP_FUNCTION.test(location)),
  );
  const clients = [...new Set(events.map(({ packet }) => packet.source.address))];
  const [first] = events;
  if (first !== undefined) {
    const evidence = `the kernel dropped ${counted(events.length, 'SYN')} of ${counted(clients.length, 'client')} to port ${facts.port} before any capture could see them: ${first.reason} in ${first.location} (tracepoint skb:kfree_skb)`;
    return { clients, programs, diagnosis: diagnosisOf('proven', [evidence, ...programs]) };
  }
  const counters = xdpCounters(facts);
  if (hasClients || programs.length === 0 || counters.length === 0) return { clients, programs, diagnosis: null };
  return { clients, programs, diagnosis: diagnosisOf('possible', [...programs, ...counters]) };
}

function diagnosisOf(confidence: Diagnosis['confidence'], evidence: readonly string[]): Diagnosis {
  return { cause: 'local-firewall-drop', confidence, evidence, advice: CAUSES['local-firewall-drop'].advice };
}

/** What drivers counted as dropped by XDP: of whatever port. */
function xdpCounters({ interfaces }: PortFacts): string[] {
  return (known(interfaces) ?? []).flatMap(({ name, driver }) =>
    Object.entries(known(driver) ?? {})
      .filter(([counter]) => XDP_COUNTER.test(counter))
      .map(([counter, moved]) => `ethtool -S ${name}: ${counter} +${moved}`),
  );
}

/** "the BPF programme lab_drop (tcx ingress of s0; bpftool prog show id 7)" */
function programsOf({ interfaces, processes }: PortFacts, isWanted: (where: string) => boolean): string[] {
  const placed = [
    ...(known(interfaces) ?? []).map(({ name, programs }) => ({ of: name, programs })),
    ...(known(processes) ?? []).map(({ pid, programs }) => ({ of: `the control group of process ${pid}`, programs })),
  ];
  const words = placed.flatMap(({ of, programs }) =>
    (known(programs) ?? [])
      .filter(({ where }) => isWanted(where))
      .map(
        ({ where, id, name }) =>
          `the BPF programme ${name ?? 'without a name'} (${where} of ${of}; bpftool prog show id ${id ?? '?'})`,
      ),
  );
  return [...new Set(words)].slice(0, MOST_NAMED);
}
