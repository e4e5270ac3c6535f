/** One attempt to connect, by a host that follows RFC 9293 and its own timers. */
import type { Agenda } from './agenda.ts';
import { ahead, plus, type Role, type Sent } from './packet.ts';
import { Peer } from './peer.ts';

export interface ClientPlan {
  /** Pauses between SYNs, microseconds; after the last the attempt has failed. */
  readonly ladder: readonly number[];
  /** The application gives up after so long, and the host forgets the attempt. */
  readonly patience: number | null;
  /** Octets in the SYN (RFC 7413). */
  readonly synData: number;
  /** A scanner: nobody waits for the SYN-ACK, and the host answers it with a RST. */
  readonly scans: boolean;
  /** The first ACK goes with the data. */
  readonly piggybacks: boolean;
  readonly app: ClientApp;
  /** A RST in answer to the SYN does not end the attempt: Windows tries twice more. */
  readonly triesOn: boolean;
}

export type ClientApp = 'speaks' | 'speaks late' | 'listens' | 'is idle' | 'closes' | 'resets' | 'probes';

export class Client {
  readonly isn: number;
  peer: Peer | null = null;
  isOver = false;
  /** Octets of the SYN that the SYN-ACK acknowledged. */
  private sent = 0;
  private readonly plan: ClientPlan;
  private readonly agenda: Agenda;
  private readonly send: (segment: Sent, role: Role) => void;

  constructor(isn: number, plan: ClientPlan, agenda: Agenda, send: (segment: Sent, role: Role) => void) {
    this.isn = isn;
    this.plan = plan;
    this.agenda = agenda;
    this.send = send;
  }

  connect(): void {
    this.sendSyn();
    if (this.plan.patience !== null) {
      this.agenda.add(this.agenda.now + this.plan.patience, () => {
        if (this.peer === null) this.isOver = true;
      });
    }
  }

  get givesUpEarly(): boolean {
    return this.plan.patience !== null && this.plan.patience < (this.plan.ladder[0] ?? 0);
  }

  /** The host forgets the attempt, and the port is free for another. */
  abandon(): void {
    this.isOver = true;
    this.peer?.stop();
  }

  receive(segment: Sent): void {
    if (segment.flags.startsWith('R')) this.receiveReset(segment);
    else if (segment.flags === 'S.') this.receiveSynAck(segment);
    else if (this.peer !== null) this.peer.receive(segment);
    else if (segment.acknowledgment !== null) this.refuse(segment.acknowledgment);
    this.goOn();
  }

  private sendSyn(): void {
    const length = this.sent === 0 ? this.plan.synData : 0;
    const pause = this.plan.ladder[this.sent];
    this.sent += 1;
    this.send({ from: 'client', flags: 'S', sequence: this.isn, length, acknowledgment: null }, 'syn');
    this.agenda.add(this.agenda.now + (pause ?? 0), () => {
      if (this.isOver || this.peer !== null || pause === undefined) return;
      if (this.sent < this.plan.ladder.length) this.sendSyn();
      else this.isOver = true;
    });
  }

  private receiveSynAck(segment: Sent): void {
    const acknowledged = ahead(segment.acknowledgment ?? 0, plus(this.isn, 1));
    if (this.peer !== null) {
      // RFC 9293 §3.10.7.4: what is old is answered with an ACK.
      if (!this.peer.isOver) this.peer.acknowledge();
      else this.refuse(segment.acknowledgment ?? 0);
      return;
    }
    if (this.isOver || this.plan.scans || acknowledged < 0 || acknowledged > this.plan.synData) {
      this.refuse(segment.acknowledgment ?? 0);
      if (this.plan.scans) this.isOver = true;
      return;
    }
    const next = plus(this.isn, 1 + acknowledged);
    this.peer = new Peer('client', next, plus(segment.sequence, 1), this.agenda, (sent) =>
      this.send(sent, sent.flags.startsWith('R') ? 'client-reset' : 'third'),
    );
    this.open(this.peer);
  }

  /** RFC 9293 §3.10.7.1 and .3. */
  private refuse(acknowledgment: number): void {
    const segment: Sent = { from: 'client', flags: 'R', sequence: acknowledgment, length: 0, acknowledgment: null };
    this.send(segment, 'client-reset');
  }

  private receiveReset(segment: Sent): void {
    if (this.peer !== null) {
      if (segment.sequence === this.peer.due) this.peer.stop();
      return;
    }
    const isAnswer = segment.acknowledgment !== null && ahead(segment.acknowledgment, this.isn) > 0;
    if (isAnswer && !this.plan.triesOn) this.isOver = true;
  }

  private open(peer: Peer): void {
    const { app, piggybacks } = this.plan;
    if (!(piggybacks && app === 'speaks')) peer.acknowledge();
    const soon = this.agenda.now;
    if (app === 'speaks') peer.write(120);
    else if (app === 'speaks late') this.agenda.add(soon + 1_700_000, () => peer.write(120));
    else if (app === 'closes') peer.finish();
    else if (app === 'resets') this.agenda.add(soon + 30_000, () => peer.reset());
    else if (app === 'probes') for (const after of [4, 8]) this.agenda.add(soon + after * 1e6, () => peer.probe());
  }

  /** The client ends the connection when it has its answer. */
  private goOn(): void {
    const { peer } = this;
    if (peer === null || peer.isOver || this.hasFinished) return;
    const hasAnswer = peer.received > 0 && this.plan.app !== 'is idle' && this.plan.app !== 'probes';
    if (!hasAnswer && !peer.hasFin) return;
    this.hasFinished = true;
    peer.finish();
  }

  private hasFinished = false;
}
