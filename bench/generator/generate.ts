/**
 * A capture from a recipe: connections begin one after the other and go on side by side, each by its script. The same recipe and size give the same
 * bytes, on every machine; and what tripod must say of them is known, because every connection that begins is played to its end.
 */
import type { VerdictName } from '../../src/handshake/handshake.ts';
import { FLAG } from '../../src/wire/segment.ts';
import { MixedWriter } from './mixed-writer.ts';
import { Random } from './random.ts';
import type { Recipe } from './recipes.ts';
import { Schedule, type Timed } from './schedule.ts';
import { bytesOf, packetsOf, type Script, type Step } from './script.ts';
import { SegmentWriter } from './segment-writer.ts';
import { type Conversation, FULL_SEGMENT } from './tcp-writer.ts';

/** What is in a capture. */
export interface Truth {
  readonly packets: number;
  readonly bytes: number;
  readonly attempts: number;
  /** Connections going on at the same time, at most. */
  readonly mostOpen: number;
  readonly byVerdict: Partial<Record<VerdictName, number>>;
}

/** A prime, so that clients and ports of one client follow from the number of the connection without meeting again. */
const CLIENTS = 50_021;
const SERVERS = 16;
const SERVER_PORTS = [443, 8080] as const;
/** Ports that Linux gives to clients (net.ipv4.ip_local_port_range). */
const FIRST_CLIENT_PORT = 32_768;
const CLIENT_PORTS = 28_232;

/** @param size in the recipe's unit; the capture ends with the connection that reaches it. */
export function generate(recipe: Recipe, size: number, write: (bytes: Uint8Array) => void): Truth {
  const random = new Random(recipe.seed);
  const payload = Uint8Array.from({ length: FULL_SEGMENT }, () => random.below(256));
  const writer = recipe.container === 'pcap' ? new SegmentWriter(payload, write) : new MixedWriter(payload, write);
  const planned = recipe.scripts.map((script) => (recipe.unit === 'packets' ? packetsOf(script) : bytesOf(script)));
  const schedule = new Schedule<Connection>();
  const byVerdict: Truth['byVerdict'] = {};
  let attempts = 0;
  let mostOpen = 0;
  let left = size;
  let opening = 0;
  for (;;) {
    const next = schedule.first;
    if (left > 0 && (next === undefined || opening <= next.due)) {
      const chosen = choose(recipe.scripts, random, opening);
      const script = recipe.scripts[chosen] as Script;
      left -= planned[chosen] as number;
      schedule.add(new Connection(attempts, script, random, opening));
      mostOpen = Math.max(mostOpen, schedule.length);
      attempts += 1;
      byVerdict[script.verdict] = (byVerdict[script.verdict] ?? 0) + 1;
      opening += random.below(2 * recipe.pause);
    } else if (next === undefined) {
      break;
    } else {
      next.send(writer);
      if (next.isOver(random)) schedule.removeFirst();
      else schedule.settleFirst();
    }
  }
  writer.flush();
  return { packets: writer.packets, bytes: writer.bytes, attempts, mostOpen, byVerdict };
}

/** Index of a script, by their shares; the first one where the chosen one may not come yet. */
function choose(scripts: readonly Script[], random: Random, now: number): number {
  let left = random.below(1000);
  const index = scripts.findIndex(({ share }) => {
    left -= share;
    return left < 0;
  });
  return (scripts[index] as Script).notBefore > now ? 0 : index;
}

class Connection implements Timed, Conversation {
  due: number;
  readonly clientAddress: number;
  readonly serverAddress: number;
  readonly clientPort: number;
  readonly serverPort: number;
  readonly clientTtl: number;
  private readonly steps: readonly Step[];
  private at = 0;
  /** The sequence numbers that either side sends next; unsigned. */
  private clientNext: number;
  private serverNext: number;

  constructor(index: number, { steps, spoofed }: Script, random: Random, begin: number) {
    const client = index % CLIENTS;
    const turn = Math.floor(index / CLIENTS);
    if (spoofed === true) {
      // 64.0.0.0/2: neither the clients' network nor the servers'.
      this.clientAddress = 0x4000_0000 + (random.next() >>> 2);
      this.clientPort = random.between(1_024, 65_536);
    } else {
      this.clientAddress = 0x0a00_0000 + ((client * 257) & 0xff_ffff);
      this.clientPort = FIRST_CLIENT_PORT + ((turn * 7_919 + client * 31) % CLIENT_PORTS);
    }
    this.serverAddress = 0xc0a8_0001 + random.below(SERVERS);
    this.serverPort = SERVER_PORTS[random.below(SERVER_PORTS.length)] as number;
    this.clientTtl = 40 + (client % 20);
    this.clientNext = random.next();
    this.serverNext = random.next();
    this.steps = steps;
    this.due = begin;
    // A SYN that the capture does not have was sent all the same.
    if ((steps[0] as Step).fromClient === false) this.clientNext = (this.clientNext + 1) >>> 0;
  }

  send(writer: Pick<SegmentWriter, 'add'>): void {
    const { fromClient, flags, payload, again } = this.steps[this.at] as Step;
    const advance = payload + ((flags & (FLAG.SYN | FLAG.FIN)) === 0 ? 0 : 1);
    let sequence = fromClient ? this.clientNext : this.serverNext;
    if (again) sequence = (sequence - advance) >>> 0;
    else if (fromClient) this.clientNext = (sequence + advance) >>> 0;
    else this.serverNext = (sequence + advance) >>> 0;
    // RFC 9293 §3.10.7.1: a closed port's RST has sequence 0.
    if (!fromClient && (flags & FLAG.RST) !== 0) sequence = 0;
    const acknowledgment = (flags & FLAG.ACK) === 0 ? 0 : fromClient ? this.serverNext : this.clientNext;
    writer.add(this.due, this, fromClient, flags, sequence, acknowledgment, payload);
  }

  /** Moves on to the next segment; true when there is none. */
  isOver(random: Random): boolean {
    this.at += 1;
    const step = this.steps[this.at];
    if (step === undefined) return true;
    this.due += random.between(step.after[0], step.after[1]);
    return false;
  }
}
