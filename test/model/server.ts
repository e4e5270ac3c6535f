/** A server's port: what becomes of each connection that is asked for. Linux's rules where RFC 9293 leaves a choice. */
import { type Agenda, SECOND } from './agenda.ts';
import { ahead, type Packet, plus, type Role, type Sent } from './packet.ts';
import { Peer } from './peer.ts';

export interface ServerPlan {
  readonly kind: ServerKind;
  /** Pauses between SYN-ACKs, microseconds. */
  readonly ladder: readonly number[];
  readonly app: 'answers' | 'greets' | 'closes' | 'resets' | 'is silent';
  /** When the accept queue has room again, when the host is gone. */
  readonly changesAt: number;
}

/** `overflows`: the accept queue is full when the third leg comes (tcp_abort_on_overflow 0; `aborts`: 1). `is old`: it holds an older connection on these ports. `gone`: nothing answers any more. */
export type ServerKind =
  | 'listens'
  | 'closed'
  | 'dead'
  | 'overflows'
  | 'aborts'
  | 'cookies'
  | 'defers'
  | 'is old'
  | 'gone';

type State = 'none' | 'half' | 'open';

/** The connection of one pair of ports. */
export class ServerPort {
  private state: State = 'none';
  private clientIsn = 0;
  private isn = 0;
  private timer = 0;
  private repeats = 0;
  private peer: Peer | null = null;
  private attempt = 0;
  private hasOld: boolean;
  private hasGreeted = false;
  private readonly plan: ServerPlan;
  private readonly agenda: Agenda;
  private readonly isnOf: () => number;
  private readonly send: (segment: Sent, role: Role, attempt: number) => void;

  constructor(
    plan: ServerPlan,
    agenda: Agenda,
    isnOf: () => number,
    send: (segment: Sent, role: Role, attempt: number) => void,
  ) {
    this.plan = plan;
    this.agenda = agenda;
    this.isnOf = isnOf;
    this.send = send;
    this.hasOld = plan.kind === 'is old';
  }

  private get isGone(): boolean {
    return this.plan.kind === 'dead' || (this.plan.kind === 'gone' && this.agenda.now >= this.plan.changesAt);
  }

  private get isFull(): boolean {
    const overflows = this.plan.kind === 'overflows' || this.plan.kind === 'aborts';
    return overflows && this.agenda.now < this.plan.changesAt;
  }

  receive(packet: Packet): void {
    if (this.isGone) return;
    if (packet.flags.startsWith('R')) this.receiveReset(packet);
    else if (packet.flags === 'S') this.receiveSyn(packet);
    else if (packet.acknowledgment !== null) this.receiveAck(packet, packet.acknowledgment);
  }

  private emit(segment: Omit<Sent, 'from'>, role: Role, attempt = this.attempt): void {
    if (!this.isGone) this.send({ ...segment, from: 'server' }, role, attempt);
  }

  private receiveSyn(packet: Packet): void {
    if (this.plan.kind === 'closed') {
      const acknowledgment = plus(packet.sequence, 1 + packet.length);
      this.emit({ flags: 'R.', sequence: 0, length: 0, acknowledgment }, 'server-reset', packet.attempt);
      return;
    }
    if (this.hasOld) {
      const sequence = plus(packet.sequence, 1_500_000_000);
      const acknowledgment = plus(packet.sequence, -900_000_000);
      this.emit({ flags: '.', sequence, length: 0, acknowledgment }, 'challenge', packet.attempt);
      return;
    }
    if (this.state === 'none') this.begin(packet);
    else if (packet.sequence === this.clientIsn && this.state === 'half') {
      this.sendSynAck();
      // As Linux does (tcp_check_req): the timer begins anew.
      if (this.plan.kind !== 'cookies') this.startTimer();
    } else {
      const [sequence, acknowledgment] = [plus(this.isn, 1), this.peer?.due ?? plus(this.clientIsn, 1)];
      const role = packet.sequence !== this.clientIsn ? 'challenge' : 'server-open';
      this.emit({ flags: '.', sequence: this.peer?.next ?? sequence, length: 0, acknowledgment }, role, packet.attempt);
    }
  }

  private begin(packet: Packet): void {
    this.state = 'half';
    this.clientIsn = packet.sequence;
    this.attempt = packet.attempt;
    this.isn = this.isnOf();
    this.repeats = 0;
    this.sendSynAck();
    if (this.plan.kind !== 'cookies') this.startTimer();
  }

  private sendSynAck(): void {
    const acknowledgment = plus(this.clientIsn, 1);
    this.emit({ flags: 'S.', sequence: this.isn, length: 0, acknowledgment }, 'syn-ack');
  }

  private startTimer(): void {
    const timer = ++this.timer;
    const pause = this.plan.ladder[this.repeats];
    if (pause === undefined) return;
    this.agenda.add(this.agenda.now + pause, () => {
      if (timer !== this.timer || this.state !== 'half') return;
      this.repeats += 1;
      if (this.repeats >= this.plan.ladder.length) this.state = 'none';
      else {
        if (!(this.plan.kind === 'defers' && this.wasAsked && this.repeats < 3)) this.sendSynAck();
        this.startTimer();
      }
    });
  }

  /** TCP_DEFER_ACCEPT: a bare ACK came. */
  private wasAsked = false;

  private receiveAck(packet: Packet, acknowledgment: number): void {
    if (this.state === 'open' && packet.attempt === this.attempt) {
      this.peer?.receive(packet);
      this.speak();
      return;
    }
    const isValid = this.state === 'half' && acknowledgment === plus(this.isn, 1) && packet.attempt === this.attempt;
    if (!isValid) {
      this.emit(
        { flags: 'R', sequence: acknowledgment, length: 0, acknowledgment: null },
        'server-reset',
        packet.attempt,
      );
      return;
    }
    if (this.isFull) {
      if (this.plan.kind === 'overflows') return;
      this.state = 'none';
      this.emit({ flags: 'R', sequence: acknowledgment, length: 0, acknowledgment: null }, 'server-reset');
      return;
    }
    if (this.plan.kind === 'defers' && packet.length === 0 && packet.flags === '.' && this.repeats < 3) {
      this.wasAsked = true;
      return;
    }
    packet.opened = true;
    this.open(packet);
  }

  private open(packet: Packet): void {
    this.state = 'open';
    this.timer += 1;
    const peer = new Peer('server', plus(this.isn, 1), plus(this.clientIsn, 1), this.agenda, (segment) =>
      this.emit(segment, segment.flags.startsWith('R') ? 'server-reset' : 'server-open'),
    );
    this.peer = peer;
    peer.receive(packet);
    if (this.plan.app === 'closes') peer.finish();
    else if (this.plan.app === 'resets') this.agenda.add(this.agenda.now + SECOND / 10, () => peer.reset());
    else if (this.plan.app === 'greets') peer.write(80);
    this.speak();
  }

  private speak(): void {
    const { peer } = this;
    if (peer === null || peer.isOver) return;
    if (this.plan.app === 'answers' && peer.received > 0 && !this.hasGreeted) {
      this.hasGreeted = true;
      peer.write(500);
    }
    if (peer.hasFin && !this.hasFinished) {
      this.hasFinished = true;
      peer.finish();
    }
  }

  private hasFinished = false;

  private receiveReset(packet: Packet): void {
    if (this.hasOld) {
      this.hasOld = false;
      return;
    }
    if (this.state === 'half' && ahead(packet.sequence, plus(this.clientIsn, 1)) === 0) this.state = 'none';
    else if (this.state === 'open') this.peer?.stop();
  }
}
