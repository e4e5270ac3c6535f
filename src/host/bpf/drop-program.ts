/**
 * The programme that runs at the tracepoint skb:kfree_skb (net/core/skbuff.c): of each packet that the kernel drops it looks at the IP and TCP headers, and puts those
 * of the wanted ports and namespace into a queue. Everything else costs the kernel a few dozen instructions a drop. Written by hand: there are sixty instructions,
 * and a compiler for them would have to be on every server.
 */
import { Assembler, type Register } from './assembler.ts';

/** Where the fields lie in this kernel, in octets. */
export interface FieldOffsets {
  /** struct sk_buff */
  readonly head: number;
  readonly networkHeader: number;
  readonly device: number;
  /** struct net_device */
  readonly interfaceIndex: number;
  readonly network: number;
  /** struct net: of `ns.inum`, the number of /proc/PID/ns/net */
  readonly inode: number;
}

/** What the queue holds of each drop. Numbers of the machine's byte order, headers as on the wire. */
export const EVENT = {
  /** CLOCK_MONOTONIC, nanoseconds, 64 bits. */
  time: 0,
  /** Address of the instruction that dropped it, 64 bits. */
  location: 8,
  /** enum skb_drop_reason. */
  reason: 16,
  /** 0: the packet belonged to no interface any more. */
  namespace: 20,
  interfaceIndex: 24,
  /** 40 octets from the IP header on. */
  ip: 32,
  /** 20 octets of the TCP header. */
  tcp: 72,
  length: 96,
} as const;

const IP_OCTETS = 40;
const TCP_OCTETS = 20;
const IPPROTO_TCP = 6;

/** enum bpf_func_id (include/uapi/linux/bpf.h). */
const HELPER = { mapLookup: 1, monotonicNanos: 5, mapPush: 87, readKernel: 113 } as const;

const FRAME: Register = 10;
/** Of the event, on the stack. */
const BASE = -EVENT.length - 32;
const SCRATCH = -8;
const SCRATCH_HEADER = -16;

/**
 * @param ports packets to or from another one are passed by; none: of every port
 * @param namespace inode of the network namespace
 * @param queue @param lost descriptors of the maps: events; how many found no room
 */
export function dropProgram(
  offsets: FieldOffsets,
  ports: readonly number[],
  namespace: number,
  queue: number,
  lost: number,
): Buffer {
  const code = new Assembler();
  const read = (to: number, octets: number, from: Register, offset: number): void => {
    code.move(1, FRAME);
    code.addImmediate(1, to);
    code.moveImmediate(2, octets);
    code.move(3, from);
    code.addImmediate(3, offset);
    code.call(HELPER.readKernel);
  };
  for (let at = BASE; at < 0; at += 8) code.clear(FRAME, at);
  // The arguments of the tracepoint: packet, location, reason.
  code.load(8, 7, 1, 0);
  code.load(8, 8, 1, 8);
  code.load(8, 9, 1, 16);
  code.store(8, FRAME, BASE + EVENT.location, 8);
  code.store(4, FRAME, BASE + EVENT.reason, 9);
  readHeaders(code, read, offsets);
  onlyPorts(code, ports);
  readNamespace(code, read, offsets, namespace);
  pushEvent(code, queue, lost);
  return code.bytes();
}

type Read = (to: number, octets: number, from: Register, offset: number) => void;

/** Leaves the programme unless it is TCP. Extension headers of IPv6 are not walked: a handshake has none. */
function readHeaders(code: Assembler, read: Read, offsets: FieldOffsets): void {
  read(SCRATCH, 8, 7, offsets.head);
  read(SCRATCH_HEADER, 2, 7, offsets.networkHeader);
  code.load(8, 8, FRAME, SCRATCH);
  code.load(2, 3, FRAME, SCRATCH_HEADER);
  code.jumpIfEqual(3, 0, 'end');
  code.jumpIfEqual(3, 0xffff, 'end');
  code.addRegister(8, 3);
  read(BASE + EVENT.ip, IP_OCTETS, 8, 0);
  code.jumpUnlessEqual(0, 0, 'end');
  code.load(1, 1, FRAME, BASE + EVENT.ip);
  code.move(2, 1);
  code.shiftRight(2, 4);
  code.jumpIfEqual(2, 4, 'four');
  code.jumpUnlessEqual(2, 6, 'end');
  code.load(1, 3, FRAME, BASE + EVENT.ip + 6);
  code.jumpUnlessEqual(3, IPPROTO_TCP, 'end');
  code.addImmediate(8, IP_OCTETS);
  code.jump('tcp');
  code.label('four');
  code.load(1, 3, FRAME, BASE + EVENT.ip + 9);
  code.jumpUnlessEqual(3, IPPROTO_TCP, 'end');
  code.and(1, 15);
  code.shiftLeft(1, 2);
  code.addRegister(8, 1);
  code.label('tcp');
  read(BASE + EVENT.tcp, TCP_OCTETS, 8, 0);
  code.jumpUnlessEqual(0, 0, 'end');
}

function onlyPorts(code: Assembler, ports: readonly number[]): void {
  if (ports.length === 0) return;
  code.load(2, 1, FRAME, BASE + EVENT.tcp);
  code.load(2, 2, FRAME, BASE + EVENT.tcp + 2);
  for (const port of ports) {
    const onWire = ((port & 0xff) << 8) | (port >> 8);
    code.jumpIfEqual(1, onWire, 'wanted');
    code.jumpIfEqual(2, onWire, 'wanted');
  }
  code.jump('end');
  code.label('wanted');
}

/** TCP takes the packet from its interface: then nobody knows the namespace, and addresses and numbers have to do. */
function readNamespace(code: Assembler, read: Read, offsets: FieldOffsets, namespace: number): void {
  code.clear(FRAME, SCRATCH);
  read(SCRATCH, 8, 7, offsets.device);
  code.load(8, 8, FRAME, SCRATCH);
  code.jumpIfEqual(8, 0, 'push');
  read(BASE + EVENT.interfaceIndex, 4, 8, offsets.interfaceIndex);
  read(SCRATCH, 8, 8, offsets.network);
  code.load(8, 8, FRAME, SCRATCH);
  read(BASE + EVENT.namespace, 4, 8, offsets.inode);
  code.load(4, 1, FRAME, BASE + EVENT.namespace);
  code.jumpUnlessEqual32(1, namespace, 'end');
  code.label('push');
}

function pushEvent(code: Assembler, queue: number, lost: number): void {
  code.call(HELPER.monotonicNanos);
  code.store(8, FRAME, BASE + EVENT.time, 0);
  code.loadMap(1, queue);
  code.move(2, FRAME);
  code.addImmediate(2, BASE);
  code.moveImmediate(3, 0);
  code.call(HELPER.mapPush);
  code.jumpIfEqual(0, 0, 'end');
  code.clear(FRAME, SCRATCH);
  code.loadMap(1, lost);
  code.move(2, FRAME);
  code.addImmediate(2, SCRATCH);
  code.call(HELPER.mapLookup);
  code.jumpIfEqual(0, 0, 'end');
  code.moveImmediate(1, 1);
  code.addAtomically(0, 0, 1);
  code.label('end');
  code.moveImmediate(0, 0);
  code.exit();
}
