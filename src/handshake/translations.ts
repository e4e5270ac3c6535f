/**
 * Address translation inside the host that captures: on `any` one handshake passes under several pairs of addresses, before and after it (a published port of a container, a NodePort). Each
 * pair is an attempt, and is told as such.
 *
 * Where bridges hand their packets to the firewall (net.bridge.bridge-nf-call-iptables, which hosts of containers set) some of these attempts show a part alone: a SYN passes a bridge
 * when its destination is translated and its source not yet, and the answer passes there with both translated back, or the other way round. What such an attempt lacks has
 * passed under other addresses: it must not be called missing. So attempts are twins when the SYN of one is the SYN of the other, met at another place of the host with one end
 * changed; what one of them has the others need not have.
 */
import { NO_SLOT } from '../flow/table.ts';
import type { Segment } from '../wire/segment.ts';
import { ANSWERED_ELSEWHERE, type Attempts, FREE, MARK, TAKEN_ELSEWHERE, TWIN, W } from './attempts.ts';
import { isSynElsewhere } from './copies.ts';
import { RecentSyns } from './recent-syns.ts';

export class Translations {
  private readonly attempts: Attempts;
  /** By the client's end, and by the server's. */
  private readonly ofClients: RecentSyns;
  private readonly ofServers = new RecentSyns();
  /** The slots of twins: one set for all that belong together. */
  private readonly twins = new Map<number, Set<number>>();
  /** An attempt without SYN-ACK -> the one with a SYN-ACK alone that answers it from another address; and back. */
  private readonly answers = new Map<number, number>();
  private readonly asked = new Map<number, number>();

  constructor(attempts: Attempts, recentSyns: RecentSyns) {
    this.attempts = attempts;
    this.ofClients = recentSyns;
  }

  /**
   * A new attempt with its SYN, before others are told of it; answers with an attempt that has the same SYN, or NO_SLOT. Only where the place is known: scanners send one SYN to many addresses.
   * @param clock the capture's, nanoseconds
   */
  begin(slot: number, syn: Segment, clock: number): number {
    if (syn.interfaceIndex < 0) return NO_SLOT;
    const { source3, sourcePort, destination3, destinationPort, sequence } = syn;
    const ofClient = this.join(slot, this.ofClients.recall(source3, sourcePort, sequence), syn, clock);
    const ofServer = this.join(slot, this.ofServers.recall(destination3, destinationPort, sequence), syn, clock);
    this.ofServers.remember(slot, destination3, destinationPort, sequence);
    return ofClient === NO_SLOT ? ofServer : ofClient;
  }

  /** The attempt that may have sent the SYN, by its client's end, or by its server's: a slot, a lone SYN's among them, that need not be one; or NO_SLOT. */
  candidate({ source3, sourcePort, destination3, destinationPort, sequence }: Segment, byServer: boolean): number {
    return byServer
      ? this.ofServers.recall(destination3, destinationPort, sequence)
      : this.ofClients.recall(source3, sourcePort, sequence);
  }

  /** A lone SYN (lone-syns.ts), which is nobody's twin. */
  beginLone(slot: number, { destination3, destinationPort, sequence }: Segment): void {
    this.ofServers.remember(slot, destination3, destinationPort, sequence);
  }

  /** It has another slot now. @param address and port of its server */
  rename(before: number, slot: number, address: number, port: number, isn: number): void {
    this.ofServers.rename(before, slot, address, port, isn);
  }

  /** Whether the SYN, of another flow, is that of the attempt, met at another place of the host with one end changed. @param clock the capture's, nanoseconds */
  isTwin(slot: number, syn: Segment, clock: number): boolean {
    const { attempts } = this;
    if (!this.isOpen(slot) || attempts.word(slot, W.CLIENT_ISN) !== (syn.sequence | 0)) return false;
    // A slot that another attempt has taken since has any addresses.
    const side = serverSide(attempts, slot);
    const clientPort = attempts.port(slot, 1 - side);
    const isSameClient = clientPort === syn.sourcePort && attempts.word(slot, 4 * (1 - side) + 3) === syn.source3;
    const isSameServer =
      attempts.port(slot, side) === syn.destinationPort && attempts.word(slot, 4 * side + 3) === syn.destination3;
    return isSameClient !== isSameServer && isSynElsewhere(attempts, slot, syn, clientPort, clock);
  }

  /** A new attempt with a SYN-ACK alone: whether it is that of another client's attempt with the same numbers. */
  beginWithSynAck(slot: number, synAck: Segment): boolean {
    if (synAck.interfaceIndex < 0) return false;
    const { attempts } = this;
    const isn = (synAck.acknowledgment - 1) | 0;
    const other = this.ofServers.recall(synAck.source3, synAck.sourcePort, isn);
    if (!this.isOpen(other) || other === slot || attempts.word(other, W.CLIENT_ISN) !== isn) return false;
    const side = serverSide(attempts, other);
    const isSame =
      this.hasSameAnswer(other, synAck.sequence) &&
      attempts.port(other, side) === synAck.sourcePort &&
      attempts.word(other, 4 * side + 3) === synAck.source3;
    if (!isSame) return false;
    this.unite(slot, other);
    this.mark(slot, ANSWERED_ELSEWHERE);
    return true;
  }

  /** The SYN-ACK of `slot` answers the SYN of `asked`, which went to another address: whether `asked` has that SYN-ACK as well. It may come yet: see `note`. */
  joinAnswer(slot: number, asked: number, synAck: Segment): boolean {
    if (!this.isOpen(asked)) return false;
    if (this.hasSameAnswer(asked, synAck.sequence)) {
      this.unite(slot, asked);
      this.mark(slot, ANSWERED_ELSEWHERE);
      return true;
    }
    this.answers.set(asked, slot);
    this.asked.set(slot, asked);
    for (const one of [slot, asked]) this.mark(one, TWIN);
    return false;
  }

  /** One of twins was answered, or has its third leg. */
  note(slot: number, isAnswer: boolean): void {
    if (isAnswer) this.settleAnswer(slot);
    const hasThirdLeg = this.attempts.word(slot, W.ACK_COUNT) > 0 || this.attempts.has(slot, MARK.TOOK);
    if (!isAnswer && !hasThirdLeg) return;
    for (const twin of this.twins.get(slot) ?? []) {
      if (twin === slot) continue;
      if (isAnswer) this.mark(twin, ANSWERED_ELSEWHERE);
      if (hasThirdLeg) this.mark(twin, TAKEN_ELSEWHERE);
    }
  }

  /** The slot is free again. */
  leave(slot: number): void {
    this.twins.get(slot)?.delete(slot);
    this.twins.delete(slot);
    this.forgetAnswer(slot);
    this.forgetAnswer(this.asked.get(slot) ?? slot);
  }

  private forgetAnswer(asked: number): void {
    const slot = this.answers.get(asked);
    if (slot === undefined) return;
    this.answers.delete(asked);
    this.asked.delete(slot);
  }

  /** The answer from another address was this one, before its address was translated back. */
  private settleAnswer(slot: number): void {
    const other = this.answers.get(slot);
    if (other === undefined || !this.hasSameAnswer(slot, this.attempts.word(other, W.SERVER_ISN))) return;
    this.forgetAnswer(slot);
    if (this.attempts.word(other, W.CLIENT_ISN) !== this.attempts.word(slot, W.CLIENT_ISN)) return;
    this.attempts.unmark(slot, MARK.OTHER_ADDRESS);
    this.attempts.unmark(other, MARK.OTHER_ADDRESS);
    this.unite(other, slot);
    this.mark(other, ANSWERED_ELSEWHERE);
  }

  /** (A lone SYN has no answer, and is nobody's twin: it gets a row before it is one.) */
  private isOpen(slot: number): boolean {
    return slot > NO_SLOT && this.attempts.word(slot, W.STATE) !== FREE;
  }

  private hasSameAnswer(slot: number, serverIsn: number): boolean {
    return this.attempts.has(slot, MARK.SERVER_ISN_KNOWN) && this.attempts.word(slot, W.SERVER_ISN) === (serverIsn | 0);
  }

  /** Answers with the other where it is a twin, else with NO_SLOT. */
  private join(slot: number, other: number, syn: Segment, clock: number): number {
    if (other === slot || !this.isTwin(other, syn, clock)) return NO_SLOT;
    this.unite(slot, other);
    return other;
  }

  private unite(slot: number, other: number): void {
    const all = this.twins.get(other) ?? new Set([other]);
    for (const one of [slot, ...(this.twins.get(slot) ?? [])]) all.add(one);
    for (const one of all) {
      this.twins.set(one, all);
      this.mark(one, TWIN);
    }
    // The answer to one of them may have been recorded before the SYN of another: several queues.
    this.tellAll(all, W.SYN_ACK_COUNT, ANSWERED_ELSEWHERE);
    this.tellAll(all, W.ACK_COUNT, TAKEN_ELSEWHERE);
  }

  /** Marks those of which another one has counted something in a column. */
  private tellAll(all: ReadonlySet<number>, column: number, bit: number): void {
    const having = [...all].filter((one) => this.attempts.word(one, column) > 0);
    if (having.length === 0) return;
    for (const one of all) if (having.length > 1 || one !== having[0]) this.mark(one, bit);
  }

  private mark(slot: number, bit: number): void {
    this.attempts.setWord(slot, W.LINK, this.attempts.word(slot, W.LINK) | bit);
  }
}

function serverSide(attempts: Attempts, slot: number): 0 | 1 {
  return attempts.has(slot, MARK.CLIENT_IS_SIDE_1) ? 0 : 1;
}
