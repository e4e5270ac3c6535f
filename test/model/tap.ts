/** The place of the capture: which of the packets that pass it are recorded, and how; written down in the notation of fixtures/README.md. */
import { Choice } from '../fuzz/choice.ts';
import { MILLISECOND, SECOND } from './agenda.ts';
import type { Packet } from './packet.ts';
import type { Direction } from './path.ts';
import type { World } from './world.ts';

export interface TapPlan {
  readonly side: 'client' | 'middle' | 'server';
  readonly begins: number;
  readonly ends: number;
  /** Packets that the capture loses, and whether it says so. */
  readonly lossPerMille: number;
  readonly tells: boolean;
  readonly direction: 'both' | Direction;
  /** Each packet is recorded twice, as on a bridge. */
  readonly copies: boolean;
  /** Two queues: what one delivers is recorded late. */
  readonly swaps: boolean;
  /** Other traffic goes on from the beginning of the capture to its end. */
  readonly keepsAlive: boolean;
}

/** A packet in the capture. */
export interface Recorded {
  readonly packet: Packet;
  /** As recorded. */
  readonly at: number;
  /** From 1, as in the file. */
  readonly frame: number;
  readonly isCopy: boolean;
}

export interface Capture {
  readonly text: string;
  readonly recorded: readonly Recorded[];
  /** Of the first and the last packet, of whatever kind; microseconds. */
  readonly first: number;
  readonly last: number;
  /** When each packet was recorded, of whatever kind, in the order of the file. */
  readonly times: readonly number[];
  /** Packets that it lost, and says so. */
  readonly losses: ReadonlySet<Packet>;
  /** Microseconds within which equal packets that have no identification are one, for all that can be told. */
  readonly copiesWithin: number;
}

/** As src/handshake/copies.ts has it of copies by one way, and a millisecond more. */
export const COPIES_WITHIN = 51 * MILLISECOND;

export interface Entry {
  readonly at: number;
  readonly packet: Packet | null;
  readonly isLost: boolean;
  readonly isCopy: boolean;
}

/** A ring that overflows loses packets of everybody: this many for each of ours. */
const LOST_OF_OTHERS = 400;

export function record(world: World): Capture {
  const entries = entriesOf(world);
  const { near, far } = world.scenario.path;
  const writer = new Writer(world, [near.hops, far.hops], false);
  const losses = writer.write(entries);
  const times = entries.filter(({ isLost }) => !isLost).map(({ at }) => at);
  return {
    text: writer.lines.join('\n'),
    recorded: writer.recorded,
    first: Math.min(...times),
    last: Math.max(...times),
    times,
    losses,
    copiesWithin: COPIES_WITHIN,
  };
}

function entriesOf(world: World): Entry[] {
  const { tap } = world.scenario;
  const choice = new Choice(world.scenario.seed ^ 0x1234567);
  const entries: Entry[] = [];
  const times = new Map<Packet, number>();
  for (const { packet, at, isDouble } of world.passes) {
    const queued = tap.swaps && packet.from === 'client' ? choice.below(300) : 0;
    // An error is recorded behind what it quotes.
    const quoted = packet.icmp === null ? 0 : (times.get(packet.icmp.quotes) ?? 0);
    const late = Math.max(queued, quoted + 1 - at);
    if (!times.has(packet)) times.set(packet, at + late);
    const isOut = at < tap.begins || at > tap.ends || !isOfDirection(packet, tap.direction);
    const isLost = isOut || choice.below(1000) < tap.lossPerMille;
    entries.push({ at: at + late, packet, isLost, isCopy: isDouble });
    if (tap.copies && !isOut)
      entries.push({ at: at + late + 1 + choice.below(200), packet, isLost: false, isCopy: true });
  }
  if (tap.keepsAlive) {
    const end = Math.min(tap.ends, 150 * SECOND);
    for (let at = tap.begins; at < end; at += SECOND / 2) entries.push(other(at));
    entries.push(other(end));
  }
  return entries.sort((a, b) => a.at - b.at);
}

function other(at: number): Entry {
  return { at, packet: null, isLost: false, isCopy: false };
}

function isOfDirection(packet: Packet, direction: TapPlan['direction']): boolean {
  return direction === 'both' || (direction === 'up') === (packet.from === 'client');
}

/** The lines of one file. */
export class Writer {
  readonly lines: string[] = [];
  readonly recorded: Recorded[] = [];
  private readonly world: World;
  private readonly isNumbered: boolean;
  private frame = 0;
  private written = 0;
  /** Of each packet the number of its first line. */
  private readonly numbers = new Map<Packet, number>();

  /**
   * @param hops from the clients, and from the servers, to the place of the capture
   * @param isNumbered each packet has an IP identification of its own, which it keeps at another place; Linux writes 0 into SYN-ACKs and RSTs
   */
  constructor(world: World, hops: readonly [number, number], isNumbered: boolean) {
    this.world = world;
    this.isNumbered = isNumbered && !world.scenario.dress.isIpv6;
    const { tap, flows, seed, dress } = world.scenario;
    this.lines.push(`title Model, seed ${seed}`);
    if (tap.tells) this.lines.push('format pcapng');
    for (const index of flows.keys()) {
      const [client, server] = dress.isIpv6
        ? [`[2001:db8:1::${index + 1}]`, '[2001:db8:2::1]']
        : [`10.1.0.${index + 1}`, '10.2.0.1'];
      this.lines.push(`end c${index} ${client}:${40_000 + index} ttl ${64 - hops[0]}`);
      this.lines.push(`end s${index} ${server}:${80 + index} ttl ${64 - hops[1]}`);
    }
  }

  write(entries: readonly Entry[]): Set<Packet> {
    const { tap } = this.world.scenario;
    const losses = new Set<Packet>();
    let told = 0;
    let dropped = 0;
    for (const entry of entries) {
      if (tap.tells && entry.at >= told + SECOND && entry.at >= tap.begins && entry.at <= tap.ends) {
        told = entry.at;
        this.lines.push(`${seconds(entry.at)} statistics on 0 received 100000 dropped ${dropped}`);
      }
      const isOfCapture = entry.at >= tap.begins && entry.at <= tap.ends;
      if (entry.isLost && isOfCapture && entry.packet !== null && isOfDirection(entry.packet, tap.direction)) {
        dropped += LOST_OF_OTHERS;
        if (tap.tells) losses.add(entry.packet);
      }
      this.writeEntry(entry);
    }
    if (tap.tells) {
      const end = Math.max(...entries.filter(({ isLost }) => !isLost).map(({ at }) => at), 0);
      this.lines.push(`${seconds(end + MILLISECOND)} statistics on 0 received 100000 dropped ${dropped}`);
    }
    return losses;
  }

  private writeEntry({ at, packet, isLost, isCopy }: Entry): void {
    this.written += 1;
    if (!isLost) this.frame += 1;
    if (packet === null) {
      this.lines.push(`${seconds(at)} other`);
      return;
    }
    const before = this.numbers.get(packet);
    const lost = isLost ? ' lost' : '';
    if (before === undefined) this.numbers.set(packet, this.written);
    if (before !== undefined) this.lines.push(`${seconds(at)} copy ${before}${lost}`);
    else this.lines.push(`${seconds(at)} ${this.line(packet)}${lost}`);
    if (isLost) return;
    const isFirst = !this.recorded.some((one) => one.packet === packet);
    this.recorded.push({ packet, at, frame: this.frame, isCopy: isCopy && !isFirst });
  }

  private line(packet: Packet): string {
    const flow = (this.world.attempts[packet.attempt] as { flow: number }).flow;
    const [from, to] = packet.from === 'client' ? [`c${flow}`, `s${flow}`] : [`s${flow}`, `c${flow}`];
    const { icmp } = packet;
    const { isIpv6, vlan, isCut } = this.world.scenario.dress;
    const tag = vlan === null ? '' : ` vlan ${vlan}`;
    if (icmp !== null) {
      const error = isIpv6 ? '2001:db8:9::9' : '10.9.0.9';
      return `${error} > ${to} icmp ${prohibited(isIpv6)} quoting ${this.numbers.get(icmp.quotes) ?? 1}${tag}`;
    }
    const { flags, sequence, length, acknowledgment, hops } = packet;
    const ack = acknowledgment === null ? '' : ` ack ${acknowledgment}`;
    const options = flags.startsWith('S') ? ' <mss 1460>' : '';
    const headers = 14 + (vlan === null ? 0 : 4) + (isIpv6 ? 40 : 20) + 20;
    const cut = isCut ? ` cut ${headers}` : '';
    const hasNone = flags === 'S.' || flags.startsWith('R');
    const id = this.isNumbered ? ` id ${hasNone ? 0 : packet.number & 0xffff}` : '';
    const ttl = hops === null ? '' : ` ttl ${64 - hops}`;
    return `${from} > ${to} ${flags} ${sequence}:${(sequence + length) >>> 0}(${length})${ack}${options}${ttl}${id}${tag}${cut}`;
  }
}

/** "Administratively prohibited": RFC 1812 §5.2.7.1, RFC 4443 §3.1. */
function prohibited(isIpv6: boolean): string {
  return isIpv6 ? '1/1' : '3/13';
}

function seconds(micros: number): string {
  return (micros / SECOND).toFixed(6);
}
