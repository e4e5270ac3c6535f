/**
 * Step 6: what stands between the SYN in the capture and the answer on the wire: the causes that packets and host facts prove or suggest (diagnosis/prove.ts), less those
 * that the steps before have told of. Without packets, what the counters say by themselves.
 */
import { type Fact, isKnown, type PortFacts } from '../diagnosis/port-facts.ts';
import type { Diagnosis } from '../handshake/handshake.ts';
import { counted } from '../report/render/text.ts';
import { type Finding, fail, makeStep, pass, type Step, unseen, warn } from './checkup.ts';
import type { LegsFacts } from './legs.ts';

/** Told in steps 1, 2 and 4, where their facts are. */
const TOLD_BEFORE: readonly string[] = [
  'accept-queue-full',
  'file-limit',
  'syn-queue-full',
  'port-closed',
  'bound-to-another-address',
  'not-accepted-yet',
];
/** Step 5 warns of it, since the port that is here is well: whoever sends those SYNs is not. */
const WRONG_HOST = 'wrong-destination';
/** No fault of the port, nor of anything in between. */
const CLIENT_SIDE: readonly string[] = ['half-open-scan', 'syn-flood', 'capture-one-sided'];

/** Counters that name a drop by themselves. */
const NAMED: readonly { readonly counters: readonly string[]; readonly words: string; readonly advice: string }[] = [
  {
    counters: ['TcpExtIPReversePathFilter'],
    words: 'were dropped by the reverse path filter',
    advice: 'see whether the way back to a client leads over another interface: ip route get CLIENT',
  },
  {
    counters: ['IpOutNoRoutes', 'Ip6OutNoRoutes'],
    words: 'had no route',
    advice: 'see whether this host knows the way back to the client: ip route get CLIENT',
  },
  {
    counters: ['IpInAddrErrors', 'Ip6InAddrErrors'],
    words: 'were for an address that this host does not have',
    advice: 'compare with ip address: a virtual address may have moved',
  },
  {
    counters: ['TcpExtTCPMD5NotFound', 'TcpExtTCPMD5Unexpected', 'TcpExtTCPMD5Failure', 'TcpExtTCPAORequired'],
    words: 'were dropped for their TCP-MD5 or TCP-AO signature',
    advice: 'give both sides the same key',
  },
  {
    counters: ['TcpInCsumErrors'],
    words: 'had a wrong TCP checksum',
    advice: 'look for a broken offload on the way: ethtool -K IFACE tx off',
  },
];

/**
 * @param causes most likely first
 * @param isFault step 5 calls an attempt a fault: what it only warns of is no more than that here
 */
export function judgeBetween(
  facts: PortFacts,
  legs: Fact<LegsFacts>,
  causes: readonly Diagnosis[],
  isFault: boolean,
): Step {
  const commands = ['nft list ruleset', 'iptables -nvL; ip6tables -nvL', 'ip route get CLIENT; ip neigh', 'nstat -s'];
  if (!isKnown(facts.counters)) {
    return makeStep('between', [unseen('counters', `the kernel's counters: ${facts.counters.unknown}`)], commands);
  }
  if (!isKnown(legs)) {
    const without = unseen('between', 'without packets nobody knows which SYNs were lost');
    return makeStep('between', [...judgeCounters(facts.counters), without], commands);
  }
  const findings = judgeCauses(causes, isFault);
  if (findings.length === 0) findings.push(nothingNew(legs, causes));
  return makeStep('between', findings, commands);
}

function judgeCauses(causes: readonly Diagnosis[], isFault: boolean): Finding[] {
  const firm = causes.filter(({ confidence }) => confidence !== 'possible');
  if (firm.length > 0) {
    return firm
      .filter(({ cause }) => !TOLD_BEFORE.includes(cause))
      .map(({ cause, confidence, evidence, advice }) =>
        (isBad(cause, isFault) ? fail : warn)(cause, `${cause} (${confidence}): ${evidence.join('; ')}`, advice),
      );
  }
  const [first] = causes;
  if (first === undefined) return [];
  const names = causes.map(({ cause }) => cause).join(', ');
  return [
    warn('undetermined', `no fact tells which of these it is: ${names}; ${first.evidence.join('; ')}`, first.advice),
  ];
}

function isBad(cause: string, isFault: boolean): boolean {
  return (isFault && !CLIENT_SIDE.includes(cause)) || cause === WRONG_HOST;
}

function nothingNew({ missingLeg }: LegsFacts, causes: readonly Diagnosis[]): Finding {
  if (causes.length > 0) return pass('between', `nothing but what the steps before tell (${causes[0]?.cause})`);
  if (missingLeg === null) return pass('between', 'no leg was lost on this host, and none was turned away');
  return warn(
    'unexplained',
    'a leg is missing, and nothing on this host tells why',
    'watch the drops of the kernel: perf trace -e skb:kfree_skb, dropwatch; capture at the client, too',
  );
}

function judgeCounters(counters: Readonly<Record<string, number>>): Finding[] {
  return NAMED.flatMap((drop) => {
    const moved = drop.counters.filter((name) => (counters[name] ?? 0) > 0);
    const times = moved.reduce((sum, name) => sum + (counters[name] ?? 0), 0);
    if (times === 0) return [];
    return [
      warn('counters', `${counted(times, 'packet')} of this host ${drop.words} (${moved.join(', ')})`, drop.advice),
    ];
  });
}
