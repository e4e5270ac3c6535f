/**
 * The kernel's own drop reasons, joined to the attempts whose packets they are: by addresses, ports and sequence numbers, so that each drop is that very packet's. What it
 * says of a packet needs no counting: it was so. Drops that belong to no attempt are passed by.
 */
import type { Handshake } from '../handshake/handshake.ts';
import type { CauseName } from './causes.ts';
import type { DropEvent } from './drop-facts.ts';
import { counted, type Ruling } from './host-case.ts';
import { isKnown, type PortFacts } from './port-facts.ts';
import { type Trouble, troubleOf } from './seen.ts';

const SYN = 0x02;
const RST = 0x04;
const ACK = 0x10;

/** The drops of one attempt's packets on this host. */
interface DropsOfAttempt {
  readonly syn: readonly DropEvent[];
  readonly synAck: readonly DropEvent[];
  readonly ack: readonly DropEvent[];
}

type Leg = keyof DropsOfAttempt;

/** Reasons (include/net/dropreason-core.h) by the leg that was dropped; the rest says nothing of the cause, or what counters say as well. */
const CAUSE_OF: Readonly<Record<Leg, Readonly<Record<string, CauseName>>>> = {
  syn: {
    NETFILTER_DROP: 'local-firewall-drop',
    TC_INGRESS: 'local-firewall-drop',
    XDP: 'local-firewall-drop',
    SECURITY_HOOK: 'local-firewall-drop',
    SOCKET_FILTER: 'local-firewall-drop',
    IP_RPFILTER: 'reverse-path-filter',
    IP_INADDRERRORS: 'wrong-destination',
    OTHERHOST: 'wrong-mac',
    TCP_CSUM: 'bad-checksum',
    IP_CSUM: 'bad-checksum',
    SKB_CSUM: 'bad-checksum',
    TCP_MD5NOTFOUND: 'signature-rejected',
    TCP_MD5UNEXPECTED: 'signature-rejected',
    TCP_MD5FAILURE: 'signature-rejected',
    TCP_AUTH_HDR: 'signature-rejected',
    TCP_AONOTFOUND: 'signature-rejected',
    TCP_AOUNEXPECTED: 'signature-rejected',
    TCP_AOKEYNOTFOUND: 'signature-rejected',
    TCP_AOFAILURE: 'signature-rejected',
    TCP_LISTEN_OVERFLOW: 'accept-queue-full',
    TCP_RFC7323_TW_PAWS: 'old-connection',
  },
  synAck: {
    NETFILTER_DROP: 'egress-drop',
    TC_EGRESS: 'egress-drop',
    BPF_CGROUP_EGRESS: 'egress-drop',
    QDISC_DROP: 'egress-drop',
    NEIGH_FAILED: 'neighbour-unresolved',
    NEIGH_CREATEFAIL: 'neighbour-unresolved',
    NEIGH_QUEUEFULL: 'neighbour-unresolved',
    NEIGH_DEAD: 'neighbour-unresolved',
    IP_OUTNOROUTES: 'no-return-route',
  },
  ack: {
    NETFILTER_DROP: 'ack-firewalled',
    TC_INGRESS: 'ack-firewalled',
    SECURITY_HOOK: 'ack-firewalled',
    TCP_LISTEN_OVERFLOW: 'accept-queue-full',
    TCP_RFC7323_TSECR: 'timestamps-rejected',
    TCP_RFC7323_PAWS: 'timestamps-rejected',
    TCP_RFC7323_PAWS_ACK: 'timestamps-rejected',
    TCP_OVERWINDOW: 'sequence-rewritten',
    TCP_INVALID_SEQUENCE: 'sequence-rewritten',
    TCP_CSUM: 'bad-checksum',
  },
};

/** Legs whose loss can be behind a trouble, the first of which the kernel dropped one is it. */
const LEGS_OF: Readonly<Partial<Record<Trouble, readonly Leg[]>>> = {
  unanswered: ['syn', 'synAck'],
  refused: ['syn'],
  rejected: ['syn'],
  challenged: ['syn'],
  // It was in the capture where it came in: a host that forwards it drops it after that.
  unacknowledged: ['synAck', 'ack'],
  ignored: ['ack'],
  'rejected-third': ['ack'],
};

const LEG_WORDS: Readonly<Record<Leg, string>> = { syn: 'SYN', synAck: 'SYN-ACK', ack: 'third leg' };

/** Drops by the way of the packet: "10.9.0.1 40000 10.9.0.2 80". */
export class DropIndex {
  private readonly byWay = new Map<string, DropEvent[]>();

  constructor({ drops }: PortFacts) {
    for (const drop of isKnown(drops) ? drops.drops : []) {
      const { source, destination } = drop.packet;
      const way = wayOf(source, destination);
      const others = this.byWay.get(way);
      if (others === undefined) this.byWay.set(way, [drop]);
      else others.push(drop);
    }
  }

  of({ client, server, isn }: Handshake): DropsOfAttempt {
    const toServer = this.byWay.get(wayOf(client, server)) ?? [];
    const toClient = this.byWay.get(wayOf(server, client)) ?? [];
    const next = isn.client === null ? null : (isn.client + 1) >>> 0;
    return {
      syn: toServer.filter(({ packet }) => (packet.flags & (SYN | ACK)) === SYN && packet.sequence === isn.client),
      synAck: toClient.filter(
        ({ packet }) => (packet.flags & (SYN | ACK)) === (SYN | ACK) && packet.acknowledgement === next,
      ),
      ack: toServer.filter(
        ({ packet }) => (packet.flags & (SYN | ACK | RST)) === ACK && next !== null && packet.sequence === next,
      ),
    };
  }

  /** What the kernel said of the attempts' packets, by trouble. */
  rulings(records: readonly Handshake[]): Readonly<Partial<Record<Trouble, readonly Ruling[]>>> {
    const sums = new Map<Trouble, Map<CauseName, Sum>>();
    for (const record of records) {
      const trouble = troubleOf(record.verdict);
      const found = trouble === null ? null : reasonFor(trouble, record, this.of(record));
      if (trouble === null || found === null) continue;
      const causes = sums.get(trouble) ?? new Map<CauseName, Sum>();
      sums.set(trouble, causes);
      const sum = causes.get(found.cause) ?? { explains: 0, drops: new Map<string, DropCount>() };
      causes.set(found.cause, sum);
      sum.explains += found.explains;
      const { leg, reason, location } = found;
      const key = `${leg} ${reason} ${location}`;
      const times = (sum.drops.get(key)?.times ?? 0) + found.times;
      sum.drops.set(key, { leg, reason, location, times });
    }
    return Object.fromEntries([...sums].map(([trouble, causes]) => [trouble, [...causes].map(rulingOf)]));
  }
}

interface DropCount {
  readonly leg: Leg;
  readonly reason: string;
  readonly location: string;
  readonly times: number;
}

interface Sum {
  explains: number;
  readonly drops: Map<string, DropCount>;
}

interface Reason extends DropCount {
  readonly cause: CauseName;
  /** In the measure of the trouble: packets where they are counted, attempts elsewhere. */
  readonly explains: number;
}

function reasonFor(trouble: Trouble, record: Handshake, drops: DropsOfAttempt): Reason | null {
  for (const leg of LEGS_OF[trouble] ?? []) {
    const [first] = drops[leg].filter(({ reason }) => CAUSE_OF[leg][reason] !== undefined);
    if (first === undefined) continue;
    const same = drops[leg].filter(({ reason }) => reason === first.reason);
    const cause = causeIn(trouble, record, CAUSE_OF[leg][first.reason] as CauseName);
    if (cause === null) continue;
    const { count } = record.legs.syn;
    // Of a SYN-ACK that never leaves, one is made for each SYN and more by the timer: the SYNs are what it explains.
    const explains = trouble !== 'unanswered' ? 1 : leg === 'syn' ? Math.min(count, same.length) : count;
    return { cause, leg, reason: first.reason, location: first.location, times: same.length, explains };
  }
  return null;
}

/** A rule that answers for the host drops the SYN as well: what it sent says which cause it is. */
function causeIn(trouble: Trouble, { server, icmp, notes }: Handshake, cause: CauseName): CauseName | null {
  if (trouble === 'refused') return cause === 'local-firewall-drop' ? 'firewall-reset' : null;
  if (trouble === 'rejected') {
    return cause === 'local-firewall-drop' && icmp?.from === server.address ? 'rejected-by-hop' : null;
  }
  if (trouble === 'challenged') {
    // A SYN of a new number is kept out by nothing but its timestamp.
    if (cause === 'old-connection' && notes.includes('outdated-timestamp')) return 'timestamps-rejected';
    return cause === 'old-connection' ? cause : null;
  }
  return cause;
}

function rulingOf([cause, { explains, drops }]: [CauseName, Sum]): Ruling {
  const evidence = [...drops.values()].map(
    ({ leg, reason, location, times }) =>
      `the kernel dropped ${counted(times, LEG_WORDS[leg])} of these very attempts: ${reason} in ${location} (tracepoint skb:kfree_skb)`,
  );
  return { cause, confidence: 'proven', evidence, explains };
}

function wayOf(from: Handshake['client'], to: Handshake['client']): string {
  return `${from.address} ${from.port} ${to.address} ${to.port}`;
}

/** SYNs without an answer of which the kernel has said why it dropped them, or their SYN-ACK. */
export function spokenSyns({ unanswered = [] }: Readonly<Partial<Record<Trouble, readonly Ruling[]>>>): number {
  return unanswered.reduce((sum, { cause, explains }) => sum + (cause === 'wrong-mac' ? 0 : explains), 0);
}

/** The kernel's word before what counters suggest: a cause that it proves for every packet leaves the others out. */
export function mergeRulings(
  byKernel: readonly Ruling[],
  others: readonly Ruling[],
  packets: number,
): readonly Ruling[] {
  if (byKernel.length === 0) return others;
  // A bridge or a promiscuous interface lets go of copies of a packet that came to its own address all the same: where something else is proven, it was a copy.
  const isCopy = ({ cause }: Ruling): boolean =>
    cause === 'wrong-mac' && others.some(({ cause: other, confidence }) => other !== cause && confidence === 'proven');
  if (byKernel.some(isCopy)) {
    return mergeRulings(
      byKernel.filter((ruling) => !isCopy(ruling)),
      others,
      packets,
    );
  }
  const isSettled = byKernel.reduce((sum, { explains }) => sum + explains, 0) >= packets;
  const merged = byKernel.map((ruling) => {
    const other = others.find(({ cause }) => cause === ruling.cause);
    return other === undefined ? ruling : { ...ruling, evidence: [...ruling.evidence, ...other.evidence] };
  });
  for (const other of others) {
    if (byKernel.some(({ cause }) => cause === other.cause)) continue;
    const isClosed = isSettled && other.confidence !== 'proven';
    merged.push(isClosed ? { ...other, confidence: 'excluded', evidence: [], explains: 0 } : other);
  }
  return merged;
}
