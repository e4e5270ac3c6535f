/**
 * A traceroute with the SYNs of ordinary connects: each has a small TTL, and the ICMP error of the router at which it dies comes back in the socket's error queue
 * (IP_RECVERR, man 7 ip; include/uapi/linux/errqueue.h). It needs no rights, and takes the way that a real client's SYN takes.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { parseAddress } from '../bytes/address.ts';
import { type Fact, isKnown, unknown } from '../diagnosis/port-facts.ts';
import { type Libc, loadLibc } from './libc.ts';
import { plainAddress } from './proc-net-tcp.ts';

export interface TraceHop {
  readonly ttl: number;
  readonly from: string | null;
  readonly answer: 'time-exceeded' | 'unreachable' | 'connected' | 'refused' | 'silent';
  readonly icmp: { readonly type: number; readonly code: number } | null;
}

const MOST_HOPS = 30;
/** Hops that are tried at a time: a server that is reached gets no more connects than these. */
const AT_A_TIME = 3;
/** The SYN is repeated after a second: two tries for each hop. */
const PATIENCE_MILLIS = 1500;
const LOOK_MILLIS = 10;
/** Hops without an answer behind the last one that answered, after which the rest will not answer either. */
const SILENT_HOPS = 6;

/** The hops until the port answers, somebody says no, or nobody answers any more. */
export async function tcpTraceroute(address: string, port: number): Promise<Fact<readonly TraceHop[]>> {
  const libc = await loadLibc();
  if (!isKnown(libc)) return libc;
  const target = sockaddrOf(address, port);
  if (target === null) return unknown(`${address} is no address`);
  const calls = makeCalls(libc);
  const hops: TraceHop[] = [];
  for (let ttl = 1; ttl <= MOST_HOPS; ttl += AT_A_TIME) {
    const ttls = Array.from({ length: Math.min(AT_A_TIME, MOST_HOPS + 1 - ttl) }, (_, index) => ttl + index);
    const answers = await Promise.all(ttls.map((one) => probe(libc, calls, target, one)));
    hops.push(...answers);
    const end = hops.findIndex(({ answer }) => answer !== 'time-exceeded' && answer !== 'silent');
    if (end >= 0) return hops.slice(0, end + 1);
    const answered = hops.findLastIndex(({ answer }) => answer !== 'silent');
    if (hops.length - 1 - answered >= SILENT_HOPS) return hops.slice(0, answered + 2);
  }
  return hops;
}

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM = 1;
const SOCK_NONBLOCK_CLOEXEC = 0o2004000;
const IPPROTO_IP = 0;
const IP_TTL = 2;
const IP_RECVERR = 11;
const IPPROTO_IPV6 = 41;
const IPV6_UNICAST_HOPS = 16;
const IPV6_RECVERR = 25;
const SOL_SOCKET = 1;
const SO_ERROR = 4;
const EINPROGRESS = 115;
const ECONNREFUSED = 111;
const ECONNRESET = 104;
const POLLOUT = 4;
const POLLERR = 8;
const POLLHUP = 16;
const MSG_ERRQUEUE = 0x2000;
const SO_EE_ORIGIN_ICMP = 2;
const SO_EE_ORIGIN_ICMP6 = 3;

interface Sockaddr {
  readonly family: typeof AF_INET | typeof AF_INET6;
  readonly bytes: Buffer;
}

type Calls = ReturnType<typeof makeCalls>;

function makeCalls(libc: Libc) {
  return {
    socket: libc.function('int socket(int domain, int type, int protocol)'),
    setsockopt: libc.function('int setsockopt(int fd, int level, int name, const int *value, uint32_t length)'),
    getsockopt: libc.function(
      'int getsockopt(int fd, int level, int name, _Out_ int *value, _Inout_ uint32_t *length)',
    ),
    connect: libc.function('int connect(int fd, const uint8_t *address, uint32_t length)'),
    poll: libc.function('int poll(_Inout_ uint8_t *fds, unsigned long count, int timeout)'),
    recvmsg: libc.function('intptr_t recvmsg(int fd, _Inout_ uint8_t *message, int flags)'),
    close: libc.function('int close(int fd)'),
  };
}

async function probe(libc: Libc, calls: Calls, target: Sockaddr, ttl: number): Promise<TraceHop> {
  const silent: TraceHop = { ttl, from: null, answer: 'silent', icmp: null };
  const descriptor: number = calls.socket(target.family, SOCK_STREAM | SOCK_NONBLOCK_CLOEXEC, 0);
  if (descriptor < 0) return silent;
  try {
    const [level, hopLimit, receiveErrors] =
      target.family === AF_INET ? [IPPROTO_IP, IP_TTL, IP_RECVERR] : [IPPROTO_IPV6, IPV6_UNICAST_HOPS, IPV6_RECVERR];
    calls.setsockopt(descriptor, level, hopLimit, [ttl], 4);
    calls.setsockopt(descriptor, level, receiveErrors, [1], 4);
    if (calls.connect(descriptor, target.bytes, target.bytes.length) < 0 && libc.errno() !== EINPROGRESS) return silent;
    for (let waited = 0; waited < PATIENCE_MILLIS; waited += LOOK_MILLIS) {
      await wait(LOOK_MILLIS);
      const events = eventsOf(calls, descriptor);
      if ((events & (POLLERR | POLLHUP | POLLOUT)) !== 0) return answerOf(libc, calls, descriptor, ttl);
    }
    return silent;
  } finally {
    calls.close(descriptor);
  }
}

/** struct pollfd: descriptor, asked events, events. */
function eventsOf(calls: Calls, descriptor: number): number {
  const fds = Buffer.alloc(8);
  fds.writeInt32LE(descriptor, 0);
  fds.writeInt16LE(POLLOUT, 4);
  return calls.poll(fds, 1, 0) > 0 ? fds.readInt16LE(6) : 0;
}

function answerOf(libc: Libc, calls: Calls, descriptor: number, ttl: number): TraceHop {
  const error = readErrorQueue(libc, calls, descriptor);
  if (error !== null) {
    const exceeded = error.origin === SO_EE_ORIGIN_ICMP ? error.type === 11 : error.type === 3;
    return {
      ttl,
      from: error.from,
      answer: exceeded ? 'time-exceeded' : 'unreachable',
      icmp: { type: error.type, code: error.code },
    };
  }
  const value = [0];
  calls.getsockopt(descriptor, SOL_SOCKET, SO_ERROR, value, [4]);
  return { ttl, from: null, answer: answerBy(value[0] ?? 0), icmp: null };
}

/** @param error errno of the connect. A connection that was reset was open before (a RST in the SYN-ACK's place is ECONNREFUSED). */
function answerBy(error: number): TraceHop['answer'] {
  if (error === 0 || error === ECONNRESET) return 'connected';
  return error === ECONNREFUSED ? 'refused' : 'silent';
}

interface QueuedError {
  readonly origin: number;
  readonly type: number;
  readonly code: number;
  readonly from: string | null;
}

const CONTROL_LENGTH = 512;
/** struct msghdr on a 64-bit machine. */
const MESSAGE_LENGTH = 56;
/** struct cmsghdr, and struct sock_extended_err behind it. */
const CONTROL_HEADER = 16;
const EXTENDED_ERROR = 16;

function readErrorQueue(libc: Libc, calls: Calls, descriptor: number): QueuedError | null {
  const memory = libc.memory(CONTROL_LENGTH);
  try {
    const message = Buffer.alloc(MESSAGE_LENGTH);
    message.writeBigUInt64LE(memory.address, 32);
    message.writeBigUInt64LE(BigInt(CONTROL_LENGTH), 40);
    if (Number(calls.recvmsg(descriptor, message, MSG_ERRQUEUE)) < 0) return null;
    return parseControl(Buffer.from(memory.bytes).subarray(0, Number(message.readBigUInt64LE(40))));
  } finally {
    memory.free();
  }
}

/** The ICMP error among the control messages. */
function parseControl(control: Buffer): QueuedError | null {
  for (let at = 0; at + CONTROL_HEADER + EXTENDED_ERROR <= control.length; ) {
    const length = Number(control.readBigUInt64LE(at));
    const level = control.readInt32LE(at + 8);
    const type = control.readInt32LE(at + 12);
    if (length < CONTROL_HEADER) return null;
    const isError = (level === IPPROTO_IP && type === IP_RECVERR) || (level === IPPROTO_IPV6 && type === IPV6_RECVERR);
    if (isError) return parseExtendedError(control.subarray(at + CONTROL_HEADER, at + length));
    at += (length + 7) & ~7;
  }
  return null;
}

/** struct sock_extended_err: errno, origin, type, code, pad, info, data; then the sender's address. */
function parseExtendedError(error: Buffer): QueuedError | null {
  const origin = error[4] ?? 0;
  if (origin !== SO_EE_ORIGIN_ICMP && origin !== SO_EE_ORIGIN_ICMP6) return null;
  return { origin, type: error[5] ?? 0, code: error[6] ?? 0, from: senderOf(error.subarray(EXTENDED_ERROR)) };
}

function senderOf(sockaddr: Buffer): string | null {
  if (sockaddr.length < 8) return null;
  const family = sockaddr.readUInt16LE(0);
  if (family === AF_INET) return plainAddress([0, 0, 0xffff, sockaddr.readUInt32BE(4)]);
  if (family !== AF_INET6 || sockaddr.length < 24) return null;
  return plainAddress([8, 12, 16, 20].map((at) => sockaddr.readUInt32BE(at)));
}

function sockaddrOf(text: string, port: number): Sockaddr | null {
  const address = parseAddress(text);
  if (address === null) return null;
  if (address.family === 4) {
    const bytes = Buffer.alloc(16);
    bytes.writeUInt16LE(AF_INET, 0);
    bytes.writeUInt16BE(port, 2);
    bytes.writeUInt32BE(address.words[3], 4);
    return { family: AF_INET, bytes };
  }
  const bytes = Buffer.alloc(28);
  bytes.writeUInt16LE(AF_INET6, 0);
  bytes.writeUInt16BE(port, 2);
  for (const [index, word] of address.words.entries()) bytes.writeUInt32BE(word, 8 + index * 4);
  return { family: AF_INET6, bytes };
}
