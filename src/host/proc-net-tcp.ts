/**
 * `/proc/PID/net/tcp` and `tcp6`: the sockets of the namespace of a process, readable without entering it, and by everybody. They have no limit of a listener's
 * queue (net/ipv4/tcp_ipv4.c, get_tcp4_sock: of a listener `rx_queue` is the number of connections that wait, `tx_queue` nothing).
 */
import { formatAddress } from '../bytes/address.ts';
import { type Fact, isKnown, known, SOCKET_STATES, unknown } from '../diagnosis/port-facts.ts';
import { type HostRoot, readText } from './proc.ts';
import type { Socket } from './socket.ts';

/** Sockets with this local port. */
export function readProcSockets(root: HostRoot, process: string, port: number): Fact<readonly Socket[]> {
  const four = readText(root.proc, process, 'net/tcp');
  if (!isKnown(four)) return four;
  // A kernel without IPv6 has none.
  const six = known(readText(root.proc, process, 'net/tcp6')) ?? '';
  return [...parseSockets(four, 4, port), ...parseSockets(six, 6, port)];
}

/** Ports are four hexadecimal digits, the state is two: numbers of include/net/tcp_states.h. */
const LINE =
  /^\s*\d+: (?<local>[0-9A-F]+):(?<port>[0-9A-F]{4}) (?<remote>[0-9A-F]+):(?<remotePort>[0-9A-F]{4}) (?<state>[0-9A-F]{2}) [0-9A-F]+:(?<queue>[0-9A-F]+) \S+ \S+ +\d+ +\d+ (?<inode>\d+)/;

function parseSockets(text: string, family: 4 | 6, port: number): Socket[] {
  const hexPort = port.toString(16).toUpperCase().padStart(4, '0');
  const sockets: Socket[] = [];
  for (const line of text.split('\n')) {
    if (!line.includes(`:${hexPort} `)) continue;
    const fields = LINE.exec(line)?.groups;
    if (fields === undefined || fields['port'] !== hexPort) continue;
    // TCP_NEW_SYN_RECV is written as TCP_SYN_RECV.
    const state = SOCKET_STATES[Number.parseInt(fields['state'] ?? '', 16) - 1];
    if (state === undefined) continue;
    sockets.push({
      state,
      family,
      local: addressOf(fields['local'] ?? '', family),
      remote: addressOf(fields['remote'] ?? '', family),
      remotePort: Number.parseInt(fields['remotePort'] ?? '', 16),
      inode: Number(fields['inode']),
      queue: Number.parseInt(fields['queue'] ?? '', 16),
      backlog: unknown('/proc/net/tcp has no limits of queues'),
      v6Only: unknown('/proc/net/tcp6 does not say whether a listener takes IPv4, too'),
      interfaceIndex: unknown('/proc/net/tcp does not say it'),
      silentMillis: unknown('/proc/net/tcp has no times'),
      sending: unknown('/proc/net/tcp does not say what of the data is acknowledged'),
    });
  }
  return sockets;
}

/** Words are written in the byte order of the machine: little-endian on all that Node runs on but s390x. */
function addressOf(hex: string, family: 4 | 6): string {
  const words = (hex.match(/.{8}/g) ?? []).map((word) => {
    const bytes = word.match(/../g) ?? [];
    return Number.parseInt(bytes.reverse().join(''), 16);
  });
  if (family === 4) return formatAddress(0, 0, 0xffff, words[0] ?? 0, 4);
  return plainAddress(words);
}

/** An IPv4 client of a dual-stack listener is written as the IPv4 address that it is. */
export function plainAddress(words: readonly number[]): string {
  const [w0 = 0, w1 = 0, w2 = 0, w3 = 0] = words;
  const isMapped = w0 === 0 && w1 === 0 && w2 === 0xffff;
  return formatAddress(w0, w1, w2, w3, isMapped ? 4 : 6);
}
