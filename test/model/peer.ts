/**
 * One end of an open connection: it sends what it is given, repeats what is not acknowledged (RFC 6298), acknowledges what comes (RFC 9293 §3.10.7.4). No windows, no congestion: a handshake and
 * a few segments behind it need none.
 */
import type { Agenda } from './agenda.ts';
import { MILLISECOND } from './agenda.ts';
import { ahead, plus, type Sent, type Side, space } from './packet.ts';

/** RTO after the handshake: Linux's least (TCP_RTO_MIN), more or less a round trip. */
const TIMEOUT = 300 * MILLISECOND;
const REPETITIONS = 6;

export class Peer {
  /** Next to send, next to come, first that is not acknowledged. */
  next: number;
  due: number;
  private unacknowledged: Sent[] = [];
  private timer = 0;
  isOver = false;
  /** Octets that came in order. */
  received = 0;
  hasFin = false;
  private readonly side: Side;
  private readonly agenda: Agenda;
  private readonly send: (segment: Sent) => void;

  constructor(side: Side, next: number, due: number, agenda: Agenda, send: (segment: Sent) => void) {
    this.side = side;
    this.next = next;
    this.due = due;
    this.agenda = agenda;
    this.send = send;
  }

  get isAcknowledged(): boolean {
    return this.unacknowledged.length === 0;
  }

  write(length: number): void {
    this.queue('P.', length);
  }

  finish(): void {
    this.queue('F.', 0);
  }

  acknowledge(): void {
    this.send(this.segment('.', 0));
  }

  /** Keepalive: the octet before the next one (RFC 9293 §3.8.4). */
  probe(): void {
    if (this.isOver) return;
    this.send({ ...this.segment('.', 0), sequence: plus(this.next, -1) });
  }

  reset(): void {
    this.send({ ...this.segment('R.', 0) });
    this.stop();
  }

  stop(): void {
    this.isOver = true;
    this.unacknowledged = [];
    this.timer += 1;
  }

  /** A segment of the other side, without SYN and RST. */
  receive(segment: Sent): void {
    if (this.isOver) return;
    if (segment.acknowledgment !== null) this.takeAcknowledgment(segment.acknowledgment);
    const occupied = space(segment);
    const offset = ahead(segment.sequence, this.due);
    if (offset === 0 && occupied > 0) {
      this.due = plus(this.due, occupied);
      this.received += segment.length;
      if (segment.flags === 'F.') this.hasFin = true;
    }
    if (occupied > 0 || offset < 0) this.acknowledge();
  }

  private takeAcknowledgment(number: number): void {
    if (ahead(number, this.next) > 0) return;
    const before = this.unacknowledged.length;
    this.unacknowledged = this.unacknowledged.filter((sent) => ahead(plus(sent.sequence, space(sent)), number) > 0);
    if (this.unacknowledged.length < before) this.startTimer(0);
  }

  private segment(flags: Sent['flags'], length: number): Sent {
    return { from: this.side, flags, sequence: this.next, length, acknowledgment: this.due };
  }

  private queue(flags: Sent['flags'], length: number): void {
    if (this.isOver) return;
    const segment = this.segment(flags, length);
    this.next = plus(this.next, space(segment));
    this.unacknowledged.push(segment);
    this.send(segment);
    if (this.unacknowledged.length === 1) this.startTimer(0);
  }

  private startTimer(repetitions: number): void {
    const timer = ++this.timer;
    if (this.unacknowledged.length === 0) return;
    this.agenda.add(this.agenda.now + TIMEOUT * 2 ** repetitions, () => {
      const [first] = this.unacknowledged;
      if (timer !== this.timer || first === undefined) return;
      if (repetitions >= REPETITIONS) this.stop();
      else {
        this.send({ ...first, acknowledgment: this.due });
        this.startTimer(repetitions + 1);
      }
    });
  }
}
