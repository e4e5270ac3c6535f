/** One end of a connection that both ends may open (RFC 9293 §3.5, §3.10.7): it sends a SYN of its own, and answers one. A server that splits its SYN-ACK into two packets is one, too. */
import { type Agenda, MILLISECOND, SECOND } from './agenda.ts';
import { ahead, plus } from './packet.ts';

/** What an opener gives to the network. */
export interface Opening {
  readonly flags: 'S' | 'S.' | '.' | 'P.';
  readonly sequence: number;
  readonly length: number;
  /** null without the ACK flag. */
  readonly acknowledgment: number | null;
}

/** `splits`: it waits for a SYN, and answers with one of its own; `acknowledges first`: and with an ACK before that. */
export type OpenerKind = 'connects' | 'splits' | 'acknowledges first';

/** Pauses before a SYN, a SYN-ACK or data is sent again: RFC 6298 §2.1, §5.5. */
const PAUSES: readonly number[] = [1, 2, 4, 8].map((pause) => pause * SECOND);
const WORDS = 100;
/** After the connection is open. */
const SPEAKS_AFTER = 5 * MILLISECOND;

export class Opener {
  readonly isn: number;
  isOpen = false;
  private readonly kind: OpenerKind;
  private readonly speaks: boolean;
  private readonly agenda: Agenda;
  private readonly send: (segment: Opening) => void;
  private hasSyn = false;
  /** The next number of the other side; null before its SYN came. */
  private due: number | null = null;
  private isTaken = false;

  /** @param speaks it sends data when the connection is open */
  constructor(isn: number, kind: OpenerKind, speaks: boolean, agenda: Agenda, send: (segment: Opening) => void) {
    this.isn = isn;
    this.kind = kind;
    this.speaks = speaks;
    this.agenda = agenda;
    this.send = send;
  }

  connect(): void {
    if (this.hasSyn) return;
    this.hasSyn = true;
    this.repeat(
      () => this.sendSyn(),
      () => this.isOpen,
    );
  }

  receive(segment: Opening): void {
    if (segment.flags === 'S') this.receiveSyn(segment);
    else if (segment.flags === 'S.') this.receiveSynAck(segment);
    else if (this.due !== null) this.receiveLater(segment, this.due);
  }

  /** Before its own SYN, somebody who connects has nobody there: what comes is dropped without a word, as by a translating router. */
  private receiveSyn({ sequence }: Opening): void {
    if (!this.hasSyn && this.kind === 'connects') return;
    if (this.due !== null || (this.kind !== 'connects' && this.hasSyn)) {
      if (this.due !== null) this.acknowledge();
      return;
    }
    if (this.kind === 'connects') {
      this.due = plus(sequence, 1);
      this.sendSyn();
      return;
    }
    if (this.kind === 'acknowledges first') {
      this.send({ flags: '.', sequence: 0, length: 0, acknowledgment: plus(sequence, 1) });
    }
    this.connect();
  }

  private receiveSynAck({ sequence, acknowledgment }: Opening): void {
    if (!this.hasSyn || acknowledgment !== plus(this.isn, 1)) return;
    this.due ??= plus(sequence, 1);
    this.acknowledge();
    this.open();
  }

  private receiveLater({ sequence, length, acknowledgment }: Opening, due: number): void {
    if (acknowledgment === null || ahead(acknowledgment, this.isn) < 1) return;
    if (ahead(acknowledgment, this.isn) > 1) this.isTaken = true;
    this.open();
    if (length === 0) return;
    if (sequence === due) this.due = plus(due, length);
    this.acknowledge();
  }

  private open(): void {
    if (this.isOpen) return;
    this.isOpen = true;
    if (!this.speaks) return;
    const sequence = plus(this.isn, 1);
    this.agenda.add(this.agenda.now + SPEAKS_AFTER, () =>
      this.repeat(
        () => this.send({ flags: 'P.', sequence, length: WORDS, acknowledgment: this.due }),
        () => this.isTaken,
      ),
    );
  }

  /** With the ACK flag, when the other side's is there. */
  private sendSyn(): void {
    const flags = this.due === null ? 'S' : 'S.';
    this.send({ flags, sequence: this.isn, length: 0, acknowledgment: this.due });
  }

  private acknowledge(): void {
    const next = plus(this.isn, 1 + (this.isTaken ? WORDS : 0));
    this.send({ flags: '.', sequence: next, length: 0, acknowledgment: this.due });
  }

  private repeat(what: () => void, isDone: () => boolean, turn = 0): void {
    if (isDone()) return;
    what();
    const pause = PAUSES[turn];
    if (pause !== undefined) this.agenda.add(this.agenda.now + pause, () => this.repeat(what, isDone, turn + 1));
  }
}
