/** What the packets of the port say, client by client: folded from the records of the attempts. */
import type { AddressGroup } from '../diagnosis/network-facts.ts';
import { type Endpoint, type Handshake, LEGS, type LegName, type VerdictName } from '../handshake/handshake.ts';

export interface ClientLegs {
  readonly client: string;
  readonly server: Endpoint;
  /** It is this host itself. */
  readonly own: boolean;
  readonly attempts: number;
  readonly byVerdict: Readonly<Partial<Record<VerdictName, number>>>;
  /** Failed attempts in which it repeated its SYN: somebody who wants in. */
  readonly insistent: number;
  /** Attempts in which it reset each SYN-ACK and went on repeating its SYN: it wants in, and to its connection those answers do not belong. */
  readonly unfitting: number;
  /** Complete handshakes behind which the server ended the connection at once, without a word. */
  readonly closedAtOnce: number;
  /** Complete handshakes behind which somebody on the way reset the connection, in the name of either side. */
  readonly resetOnTheWay: number;
  /** Attempts that lack the third leg, likely because what this client answers gets lost. */
  readonly unheard: number;
  /** Of its last failed attempt, of those that an ICMP error answers if there are any; null when none failed. */
  readonly failed: Pick<Handshake, 'id' | 'verdict' | 'missingLeg' | 'reason' | 'icmp' | 'reset' | 'diagnoses'> | null;
}

/** What is known of the packets when no more come. */
export interface PacketsEnd {
  /** Seconds of packets. */
  readonly seconds: number;
  /** Packets that the capture lost. */
  readonly lost: number;
  /** What went wrong with the packets, or the keeping of them. */
  readonly warnings: readonly string[];
}

export interface LegsFacts extends PacketsEnd {
  /** Attempts to the port on this host. */
  readonly clients: readonly ClientLegs[];
  /** Clients beyond `MOST_CLIENTS`, which are not kept one by one. */
  readonly furtherAttempts: number;
  /** The leg that most failed attempts lack. */
  readonly missingLeg: LegName | null;
  /** Records of failed attempts, the first `MOST_TOLD`. */
  readonly records: readonly Handshake[];
}

const MOST_CLIENTS = 1000;
/** Counters are held against what is kept: a busy port has this many failed attempts in a minute, and two kilobytes each are no burden. */
const MOST_RECORDS = 5000;
/** Of these, in the document. */
const MOST_TOLD = 100;

/** A scanner repeats its SYN once or not at all, whatever came of it. */
const SYNS_UNFIT = 3;

type Growing = { -readonly [K in keyof ClientLegs]: ClientLegs[K] } & {
  byVerdict: Partial<Record<VerdictName, number>>;
};

/** Takes the records of a capture as they come. */
export class LegsFold {
  private readonly own: AddressGroup;
  private readonly clients = new Map<string, Growing>();
  private readonly failed: Handshake[] = [];
  private readonly others: Handshake[] = [];
  private readonly ownRefused: Handshake[] = [];
  private readonly halves: Handshake[] = [];
  private readonly lacking = new Map<LegName, number>();
  private furtherAttempts = 0;

  /** @param own addresses of this host */
  constructor(own: AddressGroup) {
    this.own = own;
  }

  add(record: Handshake): void {
    const { client, server } = record;
    // A SYN-ACK without its SYN, which went to another address: the attempt to that one tells of it.
    if (record.verdict === 'no-syn' && record.notes.includes('other-address')) {
      if (this.halves.length < MOST_RECORDS) this.halves.push(record);
      return;
    }
    // The port may be a remote one as well: what this host asks of others is not this port's trouble.
    const isOwn = this.own.has(client.address);
    if (isOwn && !this.own.has(server.address)) return;
    if (isOwn && record.verdict === 'refused') {
      if (this.ownRefused.length < MOST_TOLD) this.ownRefused.push(record);
      return;
    }
    this.count(record, isOwn);
  }

  private count(record: Handshake, isOwn: boolean): void {
    const { client, server, verdict } = record;
    const legs = this.legsOf(client.address, server, isOwn);
    if (legs === null) return;
    legs.attempts += 1;
    legs.byVerdict[verdict] = (legs.byVerdict[verdict] ?? 0) + 1;
    this.keep(record);
    if (verdict === 'complete' && isClosedAtOnce(record)) legs.closedAtOnce += 1;
    if (verdict === 'complete' && isResetOnTheWay(record)) legs.resetOnTheWay += 1;
    if (verdict === 'no-ack' && isUnheard(record)) legs.unheard += 1;
    if (verdict === 'complete' || verdict === 'undecided') return;
    if (record.legs.syn.count > 1) legs.insistent += 1;
    if (isUnfitting(record)) legs.unfitting += 1;
    // One that says who turned it away tells more than a later one: routers and hosts send few ICMP errors a second.
    if (legs.failed === null || legs.failed.icmp === null || record.icmp !== null) legs.failed = record;
    const { missingLeg } = record;
    if (missingLeg !== null) this.lacking.set(missingLeg, (this.lacking.get(missingLeg) ?? 0) + 1);
  }

  private keep(record: Handshake): void {
    const kept = record.missingLeg === null ? this.others : this.failed;
    if (kept.length < MOST_RECORDS) kept.push(record);
  }

  /** The clients so far; those of this host itself that were refused come with `facts`. */
  get seen(): readonly ClientLegs[] {
    return [...this.clients.values()];
  }

  /** Failed attempts, answers to those from another address, then those that completed or are undecided: of each kind the first `MOST_RECORDS`. */
  get records(): readonly Handshake[] {
    return [...this.failed, ...this.halves, ...this.others];
  }

  private legsOf(client: string, server: Endpoint, own: boolean): Growing | null {
    const key = `${client} ${server.address}`;
    const found = this.clients.get(key);
    if (found !== undefined) return found;
    if (this.clients.size >= MOST_CLIENTS) {
      this.furtherAttempts += 1;
      return null;
    }
    const legs: Growing = {
      client,
      server,
      own,
      attempts: 0,
      byVerdict: {},
      insistent: 0,
      unfitting: 0,
      closedAtOnce: 0,
      resetOnTheWay: 0,
      unheard: 0,
      failed: null,
    };
    this.clients.set(key, legs);
    return legs;
  }

  private missingLeg(): LegName | null {
    const lacking = LEGS.map((leg) => this.lacking.get(leg) ?? 0);
    const most = Math.max(...lacking);
    return most === 0 ? null : (LEGS[lacking.indexOf(most)] ?? null);
  }

  /** At the end of the packets, once. @param takes whether something listens on this address: step 3 has tried others, too, and told of them */
  facts({ seconds, lost, warnings }: PacketsEnd, takes: (address: string) => boolean): LegsFacts {
    for (const record of this.ownRefused) if (takes(record.server.address)) this.count(record, true);
    return {
      seconds,
      clients: [...this.clients.values()],
      furtherAttempts: this.furtherAttempts,
      lost,
      warnings,
      missingLeg: this.missingLeg(),
      records: this.failed.slice(0, MOST_TOLD),
    };
  }
}

function isUnheard({ diagnoses: [first] }: Handshake): boolean {
  return first?.cause === 'forward-path-loss' && first.confidence !== 'possible';
}

function isUnfitting({ verdict, legs, diagnoses: [first] }: Handshake): boolean {
  return verdict === 'client-reset' && legs.syn.count >= SYNS_UNFIT && first?.cause !== 'half-open-scan';
}

function isResetOnTheWay({ diagnoses: [first] }: Handshake): boolean {
  return first?.cause === 'firewall-reset' && first.confidence !== 'possible';
}

function isClosedAtOnce({ diagnoses }: Handshake): boolean {
  return diagnoses.some(({ cause }) => cause === 'closed-at-once');
}
