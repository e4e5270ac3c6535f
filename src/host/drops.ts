/**
 * The kernel's own word on the packets of some ports that it drops: a BPF programme at the tracepoint skb:kfree_skb, which sees the packet itself. Nothing of it is left
 * when this process ends, however it ends: the kernel takes the programme away with the last descriptor.
 */
import { formatAddress } from '../bytes/address.ts';
import { DROPS_KEPT, type DropEvent, type DropFacts, type DroppedPacket } from '../diagnosis/drop-facts.ts';
import { type Fact, isKnown, unknown } from '../diagnosis/port-facts.ts';
import { type Btf, readBtf } from './bpf/btf.ts';
import { Bpf, type BpfMap, MAP } from './bpf/calls.ts';
import { dropProgram, EVENT, type FieldOffsets } from './bpf/drop-program.ts';
import { epochText, monotonicToEpochNanos } from './clock.ts';
import { KernelSymbols } from './kernel-symbols.ts';
import { type Libc, loadLibc } from './libc.ts';
import { readLink } from './proc.ts';

/** Events that the kernel keeps until they are fetched: 8,000 drops a second of the wanted ports use a tenth of it. */
const QUEUE_ENTRIES = 8192;
const FETCH_MILLIS = 100;
/** Events that are fetched each time. A call for each costs some 4 µs: of a flood that is dropped, what does not fit is for the kernel to count. */
const FETCHED_AT_ONCE = 800;
const NUMBER_LENGTH = 8;
/** Ports that are told apart in the kernel; of more than these every packet is taken. */
const MOST_PORTS = 32;

export interface DropWatch {
  /** What came until now, of one port. */
  facts(port: number): DropFacts;
  stop(): void;
}

/** Begins to watch packets from and to these ports, or of every port when none is named, in the namespace of this process. Unknown, with the reason, where the kernel has no such tracepoint or one may not. */
export async function watchDrops(ports: readonly number[]): Promise<Fact<DropWatch>> {
  const bpf = await Bpf.load();
  if (!isKnown(bpf)) return bpf;
  const libc = await loadLibc();
  if (!isKnown(libc)) return libc;
  const btf = readBtf();
  if (!isKnown(btf)) return btf;
  const offsets = offsetsIn(btf);
  if (!isKnown(offsets)) return offsets;
  const reasons = btf.enumeration('skb_drop_reason');
  if (reasons === null) return unknown('this kernel gives no reasons for drops (Linux 5.17 and later do)');
  const attached = attach(bpf, offsets, ports.length > MOST_PORTS ? [] : ports);
  return isKnown(attached) ? new Watch(bpf, libc, attached, reasons) : attached;
}

function offsetsIn(btf: Btf): Fact<FieldOffsets> {
  const offsets = {
    head: btf.offsetOf('sk_buff', 'head'),
    networkHeader: btf.offsetOf('sk_buff', 'network_header'),
    device: btf.offsetOf('sk_buff', 'dev'),
    interfaceIndex: btf.offsetOf('net_device', 'ifindex'),
    network: btf.offsetOf('net_device', 'nd_net'),
    inode: sum(btf.offsetOf('net', 'ns'), btf.offsetOf('ns_common', 'inum')),
  };
  const missing = Object.entries(offsets).find(([, offset]) => offset === null);
  if (missing !== undefined) return unknown(`this kernel’s packets have no field that tripod knows as ${missing[0]}`);
  return offsets as FieldOffsets;
}

function sum(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : a + b;
}

interface Attached {
  readonly queue: BpfMap;
  readonly lost: BpfMap;
  readonly descriptors: readonly number[];
}

function attach(bpf: Bpf, offsets: FieldOffsets, ports: readonly number[]): Fact<Attached> {
  const namespace = /\[(\d+)\]/.exec(readLink('/proc/self/ns/net') ?? '')?.[1];
  if (namespace === undefined) return unknown('/proc/self/ns/net can’t be read');
  const descriptors: number[] = [];
  const keep = (descriptor: Fact<number>): Fact<number> => {
    if (isKnown(descriptor)) descriptors.push(descriptor);
    else for (const each of descriptors) bpf.close(each);
    return descriptor;
  };
  const queue = keep(bpf.createMap(MAP.queue, 0, EVENT.length, QUEUE_ENTRIES));
  if (!isKnown(queue)) return queue;
  const lost = keep(bpf.createMap(MAP.array, 4, NUMBER_LENGTH, 1));
  if (!isKnown(lost)) return lost;
  const program = keep(bpf.loadProgram(dropProgram(offsets, ports, Number(namespace), queue, lost)));
  if (!isKnown(program)) return program;
  const link = keep(bpf.attach('kfree_skb', program));
  if (!isKnown(link)) return link;
  return {
    queue: { descriptor: queue, valueLength: EVENT.length },
    lost: { descriptor: lost, valueLength: NUMBER_LENGTH },
    descriptors,
  };
}

class Watch implements DropWatch {
  private readonly bpf: Bpf;
  private readonly libc: Libc;
  private readonly attached: Attached;
  private readonly reasons: ReadonlyMap<number, string>;
  private readonly symbols = new KernelSymbols();
  /** As the kernel gave them: most are never asked for. */
  private readonly events: Buffer[] = [];
  private readonly from: string;
  private readonly timer: ReturnType<typeof setInterval>;
  private beyond = 0;

  constructor(bpf: Bpf, libc: Libc, attached: Attached, reasons: ReadonlyMap<number, string>) {
    this.bpf = bpf;
    this.libc = libc;
    this.attached = attached;
    this.reasons = reasons;
    this.from = this.now();
    this.timer = setInterval(() => this.fetch(FETCHED_AT_ONCE), FETCH_MILLIS);
    this.timer.unref();
  }

  facts(port: number): DropFacts {
    this.fetch(QUEUE_ENTRIES);
    const touches = (event: Buffer): boolean =>
      event.readUInt16BE(EVENT.tcp) === port || event.readUInt16BE(EVENT.tcp + 2) === port;
    return {
      from: this.from,
      to: this.now(),
      drops: this.dropsOf(this.events.filter(touches)),
      lost: this.beyond + this.bpf.readNumber(this.attached.lost),
    };
  }

  stop(): void {
    clearInterval(this.timer);
    for (const descriptor of this.attached.descriptors) this.bpf.close(descriptor);
  }

  private now(): string {
    return epochText(BigInt(Date.now()) * 1_000_000n);
  }

  private fetch(most: number): void {
    for (const event of this.bpf.pop(this.attached.queue, most)) {
      if (this.events.length >= DROPS_KEPT) {
        this.events.shift();
        this.beyond += 1;
      }
      this.events.push(event);
    }
  }

  /** Names are looked up when somebody wants to know: it takes a while. */
  private dropsOf(events: readonly Buffer[]): DropEvent[] {
    const toEpoch = monotonicToEpochNanos(this.libc);
    const address = (event: Buffer): bigint => event.readBigUInt64LE(EVENT.location);
    const names = this.symbols.namesOf(events.map(address));
    return events.map((event) => {
      const number = event.readUInt32LE(EVENT.reason);
      return {
        time: epochText(event.readBigUInt64LE(EVENT.time) + toEpoch),
        reason: this.reasons.get(number)?.replace(/^SKB_(DROP_REASON_)?/, '') ?? `reason ${number}`,
        location: names.get(address(event)) ?? '?',
        packet: packetOf(event),
      };
    });
  }
}

/** Exported for tests. @param bytes as EVENT lays them out */
export function packetOf(bytes: Buffer): DroppedPacket {
  const ip = bytes.subarray(EVENT.ip, EVENT.tcp);
  const tcp = bytes.subarray(EVENT.tcp);
  const isFour = (ip[0] ?? 0) >> 4 === 4;
  const address = (at: number): string => {
    const word = (index: number): number => ip.readUInt32BE(at + index * 4);
    return isFour ? formatAddress(0, 0, 0xffff, word(0), 4) : formatAddress(word(0), word(1), word(2), word(3), 6);
  };
  const index = bytes.readUInt32LE(EVENT.interfaceIndex);
  return {
    source: { address: address(isFour ? 12 : 8), port: tcp.readUInt16BE(0) },
    destination: { address: address(isFour ? 16 : 24), port: tcp.readUInt16BE(2) },
    flags: tcp[13] ?? 0,
    sequence: tcp.readUInt32BE(4),
    acknowledgement: tcp.readUInt32BE(8),
    interfaceIndex: index === 0 ? null : index,
  };
}
