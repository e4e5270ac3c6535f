/**
 * The kernel's own list of sockets: netlink, NETLINK_SOCK_DIAG (include/uapi/linux/inet_diag.h; man 7 sock_diag). It is what `ss` reads. Unlike /proc/net/tcp it has
 * the limit of a listener's queue and filters by port in the kernel; it needs no rights.
 */
import { type Fact, isKnown, SOCKET_STATES, unknown } from '../diagnosis/port-facts.ts';
import { type Libc, loadLibc } from './libc.ts';
import { plainAddress } from './proc-net-tcp.ts';
import type { Sending, Socket } from './socket.ts';

const AF_INET = 2;
const AF_INET6 = 10;
const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
const NETLINK_SOCK_DIAG = 4;
const SOCK_DIAG_BY_FAMILY = 20;
const NLM_F_REQUEST_DUMP = 0x301;
const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const IPPROTO_TCP = 6;
const ALL_STATES = 0xfff;
const INET_DIAG_INFO = 2;
const INET_DIAG_SKV6ONLY = 11;
/** struct nlmsghdr; struct inet_diag_req_v2; struct inet_diag_msg. */
const HEADER = 16;
const REQUEST = 56;
const MESSAGE = 72;
/** Its attributes: struct rtattr, length and kind. */
const ATTRIBUTE = 4;
/** `idiag_timer` in struct inet_diag_msg: the retransmission timer, or that of a loss probe (net/ipv4/inet_diag.c). */
const TIMER = 2;
const TIMER_RETRANSMITS = 1;
/** `idiag_wqueue`: octets that are not acknowledged, sent or not. */
const WRITE_QUEUE = 60;
/** struct tcp_info: `tcpi_retransmits` and so on. Kernels since 4.6 have all of these. */
const INFO = {
  retransmits: 2,
  backoff: 4,
  rtoMicros: 8,
  sendMss: 16,
  unacked: 24,
  sacked: 28,
  lastDataSentMillis: 44,
  lastAckReceivedMillis: 56,
  pathMtu: 60,
  bytesAcked: 120,
  notSentBytes: 144,
  dataSegmentsOut: 156,
  length: 160,
} as const;
/** The kernel fills at most 32 KiB at a time. */
const BUFFER = 1 << 16;
const TCP_NEW_SYN_RECV = 12;
const SYN_RECV = 3;

/** Which port of a socket is asked for: offsets in struct inet_diag_req_v2 (`idiag_sport`, `idiag_dport`). */
const PORT_AT = { local: 8, remote: 10 } as const;
type PortSide = keyof typeof PORT_AT;

/** Sockets with this local port (or remote one), in the namespace of this process. */
export async function readDiagSockets(port: number, side: PortSide = 'local'): Promise<Fact<readonly Socket[]>> {
  const libc = await loadLibc();
  if (!isKnown(libc)) return libc;
  const four = dump(libc, AF_INET, port, side);
  if (!isKnown(four)) return four;
  const six = dump(libc, AF_INET6, port, side);
  return isKnown(six) ? [...four, ...six] : four;
}

function dump(libc: Libc, family: number, port: number, side: PortSide): Fact<readonly Socket[]> {
  const calls = callsOf(libc);
  const descriptor: number = calls.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
  if (descriptor < 0) return unknown(`no netlink socket (errno ${libc.errno()})`);
  try {
    const request = dumpRequest(family, port, side);
    if (calls.send(descriptor, request, request.length, 0) < 0) {
      return unknown(`the kernel does not list sockets (errno ${libc.errno()})`);
    }
    const sockets: Socket[] = [];
    const buffer = Buffer.alloc(BUFFER);
    for (;;) {
      const length = Number(calls.recv(descriptor, buffer, buffer.length, 0));
      if (length <= 0) return unknown(`the kernel's list of sockets broke off (errno ${libc.errno()})`);
      const end = parseDump(buffer.subarray(0, length), sockets);
      if (end === null) continue;
      return end === 0 ? sockets : unknown(`the kernel does not list sockets (errno ${-end})`);
    }
  } finally {
    calls.close(descriptor);
  }
}

let calls: ReturnType<typeof makeCalls> | null = null;

function callsOf(libc: Libc): ReturnType<typeof makeCalls> {
  calls ??= makeCalls(libc);
  return calls;
}

function makeCalls(libc: Libc) {
  return {
    socket: libc.function('int socket(int domain, int type, int protocol)'),
    send: libc.function('intptr_t send(int fd, const uint8_t *bytes, size_t length, int flags)'),
    recv: libc.function('intptr_t recv(int fd, _Out_ uint8_t *bytes, size_t length, int flags)'),
    close: libc.function('int close(int fd)'),
  };
}

/** Netlink speaks the machine's byte order, which is little-endian on all that koffi has builds for; ports are in network order. */
function dumpRequest(family: number, port: number, side: PortSide): Buffer {
  const request = Buffer.alloc(HEADER + REQUEST);
  request.writeUInt32LE(request.length, 0);
  request.writeUInt16LE(SOCK_DIAG_BY_FAMILY, 4);
  request.writeUInt16LE(NLM_F_REQUEST_DUMP, 6);
  request.writeUInt32LE(1, 8);
  request[HEADER] = family;
  request[HEADER + 1] = IPPROTO_TCP;
  request[HEADER + 2] = 1 << (INET_DIAG_INFO - 1);
  request.writeUInt32LE(ALL_STATES, HEADER + 4);
  request.writeUInt16BE(port, HEADER + PORT_AT[side]);
  return request;
}

/** Exported for tests. Adds the sockets of one answer. 0 when the list is at its end, a negative errno when it failed, null when more comes. */
export function parseDump(bytes: Buffer, sockets: Socket[]): number | null {
  for (let at = 0; at + HEADER <= bytes.length; ) {
    const length = bytes.readUInt32LE(at);
    const type = bytes.readUInt16LE(at + 4);
    if (length < HEADER || at + length > bytes.length) return null;
    if (type === NLMSG_DONE) return 0;
    if (type === NLMSG_ERROR) return bytes.readInt32LE(at + HEADER);
    if (type === SOCK_DIAG_BY_FAMILY && length >= HEADER + MESSAGE) {
      const socket = socketOf(bytes.subarray(at + HEADER, at + length));
      if (socket !== null) sockets.push(socket);
    }
    at += (length + 3) & ~3;
  }
  return null;
}

function socketOf(message: Buffer): Socket | null {
  const family = message[0] === AF_INET ? 4 : 6;
  const number = message[1] ?? 0;
  const state = SOCKET_STATES[(number === TCP_NEW_SYN_RECV ? SYN_RECV : number) - 1];
  if (state === undefined) return null;
  const isListener = state === 'LISTEN';
  const info = attributeIn(message, INET_DIAG_INFO);
  const infoLength = lengthOf(message, info);
  const v6Only = attributeIn(message, INET_DIAG_SKV6ONLY);
  return {
    state,
    family,
    local: addressOf(message, 8, family),
    remote: addressOf(message, 24, family),
    remotePort: message.readUInt16BE(6),
    inode: message.readUInt32LE(68),
    queue: message.readUInt32LE(56),
    backlog: isListener ? message.readUInt32LE(WRITE_QUEUE) : NO_BACKLOG,
    v6Only: v6Only === 0 ? (family === 6 ? unknown('the kernel does not say it') : true) : message[v6Only] === 1,
    interfaceIndex: message.readUInt32LE(40),
    silentMillis:
      infoLength < INFO.lastAckReceivedMillis + 4
        ? unknown('the kernel does not say it')
        : message.readUInt32LE(info + INFO.lastAckReceivedMillis),
    sending: isListener ? NO_DATA : infoLength < INFO.length ? DATA_UNKNOWN : sendingOf(message, info),
  };
}

const NO_BACKLOG = unknown('only a listener has one');
const NO_DATA = unknown('a listener sends no data');
const DATA_UNKNOWN = unknown('the kernel does not say what of the data is acknowledged');

/** @param info where struct tcp_info is */
function sendingOf(message: Buffer, info: number): Sending {
  const isTimed = message[TIMER] === TIMER_RETRANSMITS;
  const ackedHigh = message.readUInt32LE(info + INFO.bytesAcked + 4);
  return {
    timeouts: isTimed ? (message[info + INFO.retransmits] ?? 0) : 0,
    timerMillis: message.readUInt32LE(info + INFO.rtoMicros) / 1000,
    doublings: message[info + INFO.backoff] ?? 0,
    sinceSentMillis: message.readUInt32LE(info + INFO.lastDataSentMillis),
    segments: message.readUInt32LE(info + INFO.unacked),
    octets: Math.max(0, message.readUInt32LE(WRITE_QUEUE) - message.readUInt32LE(info + INFO.notSentBytes)),
    sackedSegments: message.readUInt32LE(info + INFO.sacked),
    ackedOctets: ackedHigh * 2 ** 32 + message.readUInt32LE(info + INFO.bytesAcked),
    segmentsSent: message.readUInt32LE(info + INFO.dataSegmentsOut),
    segmentOctets: message.readUInt32LE(info + INFO.sendMss),
    pathMtu: message.readUInt32LE(info + INFO.pathMtu),
  };
}

/** Where the value of an attribute is (struct rtattr); 0 when there is none. There are tens of thousands of sockets: nothing is made of what nobody asks for. */
function attributeIn(message: Buffer, kind: number): number {
  for (let at = MESSAGE; at + ATTRIBUTE <= message.length; ) {
    const length = message.readUInt16LE(at);
    if (length < ATTRIBUTE || at + length > message.length) break;
    if (message.readUInt16LE(at + 2) === kind) return at + ATTRIBUTE;
    at += (length + 3) & ~3;
  }
  return 0;
}

/** Octets of a value; of an attribute that is not there none. */
function lengthOf(message: Buffer, value: number): number {
  return value === 0 ? 0 : message.readUInt16LE(value - ATTRIBUTE) - ATTRIBUTE;
}

function addressOf(message: Buffer, at: number, family: 4 | 6): string {
  if (family === 4) return plainAddress([0, 0, 0xffff, message.readUInt32BE(at)]);
  return plainAddress([0, 4, 8, 12].map((offset) => message.readUInt32BE(at + offset)));
}
