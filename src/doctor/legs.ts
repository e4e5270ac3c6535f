/** What the packets of the port say, client by client: folded from the records of the attempts. */
import {
  type Diagnosis,
  type Endpoint,
  type Handshake,
  LEGS,
  type LegName,
  type VerdictName,
} from '../handshake/handshake.ts';

export interface ClientLegs {
  readonly client: string;
  readonly server: Endpoint;
  /** It is this host itself. */
  readonly own: boolean;
  readonly attempts: number;
  readonly byVerdict: Readonly<Partial<Record<VerdictName, number>>>;
  /** SYNs of attempts that got no answer, retransmissions included. */
  readonly unansweredSyns: number;
  /** Of its last failed attempt; null when none failed. */
  readonly failed: Pick<Handshake, 'id' | 'verdict' | 'missingLeg' | 'reason' | 'icmp' | 'reset'> | null;
}

export interface LegsFacts {
  /** Seconds of packets. */
  readonly seconds: number;
  /** Attempts to the port on this host. */
  readonly clients: readonly ClientLegs[];
  /** Clients beyond `MOST_CLIENTS`, which are not kept one by one. */
  readonly furtherAttempts: number;
  /** Packets that the capture lost; null when it can't tell. */
  readonly lost: number | null;
  /** The leg that most failed attempts lack. */
  readonly missingLeg: LegName | null;
  readonly diagnoses: readonly Diagnosis[];
  /** Records of failed attempts, the first `MOST_RECORDS`. */
  readonly records: readonly Handshake[];
}

const MOST_CLIENTS = 1000;
const MOST_RECORDS = 100;

type Growing = { -readonly [K in keyof ClientLegs]: ClientLegs[K] } & {
  byVerdict: Partial<Record<VerdictName, number>>;
};

/** Takes the records of a capture as they come. */
export class LegsFold {
  private readonly own: ReadonlySet<string>;
  private readonly takes: (address: string) => boolean;
  private readonly clients = new Map<string, Growing>();
  private readonly records: Handshake[] = [];
  private readonly lacking = new Map<LegName, number>();
  private furtherAttempts = 0;

  /**
   * @param own addresses of this host
   * @param takes whether something listens on this address
   */
  constructor(own: ReadonlySet<string>, takes: (address: string) => boolean) {
    this.own = own;
    this.takes = takes;
  }

  add(record: Handshake): void {
    const { client, server, verdict } = record;
    // The port may be a remote one as well: what this host asks of others is not this port's trouble.
    const isOwn = this.own.has(client.address);
    if (isOwn && !this.own.has(server.address)) return;
    // Step 3 has tried addresses on which nothing listens, and told of them.
    if (isOwn && verdict === 'refused' && !this.takes(server.address)) return;
    const legs = this.legsOf(client.address, server, isOwn);
    if (legs === null) return;
    legs.attempts += 1;
    legs.byVerdict[verdict] = (legs.byVerdict[verdict] ?? 0) + 1;
    if (verdict === 'no-syn-ack') legs.unansweredSyns += record.legs.syn.count;
    if (verdict === 'complete' || verdict === 'undecided') return;
    legs.failed = record;
    const { missingLeg } = record;
    if (missingLeg !== null) this.lacking.set(missingLeg, (this.lacking.get(missingLeg) ?? 0) + 1);
    if (this.records.length < MOST_RECORDS) this.records.push(record);
  }

  private legsOf(client: string, server: Endpoint, own: boolean): Growing | null {
    const key = `${client} ${server.address}`;
    const found = this.clients.get(key);
    if (found !== undefined) return found;
    if (this.clients.size >= MOST_CLIENTS) {
      this.furtherAttempts += 1;
      return null;
    }
    const legs: Growing = { client, server, own, attempts: 0, byVerdict: {}, unansweredSyns: 0, failed: null };
    this.clients.set(key, legs);
    return legs;
  }

  private missingLeg(): LegName | null {
    const lacking = LEGS.map((leg) => this.lacking.get(leg) ?? 0);
    const most = Math.max(...lacking);
    return most === 0 ? null : (LEGS[lacking.indexOf(most)] ?? null);
  }

  facts(seconds: number, lost: number | null, diagnoses: readonly Diagnosis[]): LegsFacts {
    return {
      seconds,
      clients: [...this.clients.values()],
      furtherAttempts: this.furtherAttempts,
      lost,
      missingLeg: this.missingLeg(),
      diagnoses,
      records: this.records,
    };
  }
}
