/** The network between a client and a server, in two halves: near (client to the place of the capture) and far (from there to the server). */
import type { Choice } from '../fuzz/choice.ts';
import { type Agenda, MILLISECOND } from './agenda.ts';
import { type Packet, plus, type Role, type Sent, space } from './packet.ts';

export interface HalfPlan {
  /** Microseconds, one way. */
  readonly delay: number;
  readonly jitter: number;
  /** Of a thousand packets. */
  readonly lossPerMille: number;
  readonly doublesPerMille: number;
  readonly hops: number;
}

export type HalfName = 'near' | 'far';
export type Direction = 'up' | 'down';

/** A firewall, a broken route, an outage: what it does to packets that it matches. `poses`: as if the other side had sent a RST. */
export interface Filter {
  readonly half: HalfName;
  readonly direction: Direction;
  readonly what: 'syn' | 'syn-ack' | 'third' | 'data' | 'all';
  readonly from: number;
  readonly until: number;
  readonly how: 'drops' | 'poses' | 'says';
}

export interface PathPlan {
  readonly near: HalfPlan;
  readonly far: HalfPlan;
  readonly filters: readonly Filter[];
}

export interface Pass {
  readonly packet: Packet;
  readonly at: number;
  /** Doubled by the network. */
  readonly isDouble: boolean;
}

export class Path {
  readonly passes: Pass[] = [];
  readonly packets: Packet[] = [];
  private readonly plan: PathPlan;
  private readonly agenda: Agenda;
  private readonly choice: Choice;
  private readonly deliver: (packet: Packet) => void;

  constructor(plan: PathPlan, agenda: Agenda, choice: Choice, deliver: (packet: Packet) => void) {
    this.plan = plan;
    this.agenda = agenda;
    this.choice = choice;
    this.deliver = deliver;
  }

  send(segment: Sent, role: Role, attempt: number): void {
    const packet = this.make(segment, role, attempt, null, null);
    const [first, second]: readonly HalfName[] = segment.from === 'client' ? ['near', 'far'] : ['far', 'near'];
    this.cross(packet, first as HalfName, false, (isDouble) => this.pass(packet, second as HalfName, isDouble));
  }

  private make(segment: Sent, role: Role, attempt: number, hops: number | null, icmp: Packet['icmp']): Packet {
    const number = this.packets.length + 1;
    const fates = { passedAt: null, arrivedAt: null, opened: false };
    const packet: Packet = { ...segment, number, attempt, role, sentAt: this.agenda.now, hops, icmp, ...fates };
    this.packets.push(packet);
    return packet;
  }

  private pass(packet: Packet, half: HalfName, isDouble: boolean): void {
    this.passes.push({ packet, at: this.agenda.now, isDouble });
    if (packet.passedAt === null) packet.passedAt = this.agenda.now;
    this.cross(packet, half, isDouble, () => this.arrive(packet));
  }

  private arrive(packet: Packet): void {
    if (packet.arrivedAt === null) packet.arrivedAt = this.agenda.now;
    this.deliver(packet);
  }

  private cross(packet: Packet, half: HalfName, isDouble: boolean, then: (isDouble: boolean) => void): void {
    const filter = this.plan.filters.find((one) => this.matches(one, packet, half));
    if (filter !== undefined) {
      if (filter.how !== 'drops') this.answer(filter, packet);
      return;
    }
    const { delay, jitter, lossPerMille, doublesPerMille } = this.plan[half];
    if (this.choice.below(1000) < lossPerMille) return;
    const after = this.agenda.now + delay + (jitter === 0 ? 0 : this.choice.below(jitter));
    this.agenda.add(after, () => then(isDouble));
    if (doublesPerMille > 0 && this.choice.below(1000) < doublesPerMille) {
      this.agenda.add(after + 1 + this.choice.below(10 * MILLISECOND), () => then(true));
    }
  }

  private matches(filter: Filter, packet: Packet, half: HalfName): boolean {
    const direction: Direction = packet.from === 'client' ? 'up' : 'down';
    if (filter.half !== half || filter.direction !== direction) return false;
    if (this.agenda.now < filter.from || this.agenda.now >= filter.until) return false;
    if (packet.role === 'injected-reset' || packet.icmp !== null) return false;
    switch (filter.what) {
      case 'syn':
        return packet.flags === 'S';
      case 'syn-ack':
        return packet.flags === 'S.';
      case 'third':
        return packet.role === 'third';
      case 'data':
        return packet.length > 0 && packet.flags !== 'S';
      default:
        return true;
    }
  }

  /** The firewall's answer goes back to the sender; past the place of the capture, if the packet had passed it. */
  private answer(filter: Filter, packet: Packet): void {
    const isBehindTap = (packet.from === 'client') === (filter.half === 'far');
    const from = packet.from === 'client' ? 'server' : 'client';
    const half = this.plan[filter.half];
    const hops = Math.floor(half.hops / 2);
    const reply: Sent = { ...resetOf(packet), from };
    const icmp = filter.how === 'says' ? { quotes: packet } : null;
    const made = this.make(reply, icmp === null ? 'injected-reset' : 'icmp', packet.attempt, hops, icmp);
    const back: HalfName = filter.half === 'far' ? 'near' : 'far';
    this.agenda.add(this.agenda.now + Math.floor(half.delay / 2), () => {
      if (isBehindTap) this.pass(made, back, false);
      else this.arrive(made);
    });
  }
}

/** RFC 9293 §3.10.7.1: the RST of a closed port. */
function resetOf(packet: Sent): Omit<Sent, 'from'> {
  if (packet.acknowledgment !== null) {
    return { flags: 'R', sequence: packet.acknowledgment, length: 0, acknowledgment: null };
  }
  return { flags: 'R.', sequence: 0, length: 0, acknowledgment: plus(packet.sequence, space(packet)) };
}
