/** From a list of sockets to what it says of the port. Pure but for `readSockets`. */
import {
  type Fact,
  isKnown,
  known,
  type Listener,
  PEERS_KEPT,
  type PortSockets,
  type SocketState,
  unknown,
} from '../diagnosis/port-facts.ts';
import { HOST_ROOT, type HostRoot } from './proc.ts';
import { readProcSockets } from './proc-net-tcp.ts';
import { readDiagSockets } from './sock-diag.ts';
import type { Socket } from './socket.ts';

/** Of the kernel by netlink; where that can't be had, or the facts are recorded ones, from /proc/net/tcp. */
export async function readSockets(root: HostRoot, port: number): Promise<Fact<readonly Socket[]>> {
  if (root.proc === HOST_ROOT.proc) {
    const sockets = await readDiagSockets(port);
    if (isKnown(sockets)) return sockets;
  }
  return readProcSockets(root, 'self', port);
}

export function summarizeSockets(sockets: readonly Socket[]): PortSockets {
  const states: Partial<Record<SocketState, number>> = {};
  const peers = new Map<string, number>();
  for (const { state, remote } of sockets) {
    states[state] = (states[state] ?? 0) + 1;
    if (state === 'SYN-RECV') peers.set(remote, (peers.get(remote) ?? 0) + 1);
  }
  const waiting = sockets.filter(isWaiting);
  return {
    listeners: sockets.filter(({ state }) => state === 'LISTEN').map(listenerOf),
    states,
    synReceivedByPeer: [...peers]
      .map(([address, count]) => ({ address, count }))
      .sort((a, b) => b.count - a.count || (a.address < b.address ? -1 : 1))
      .slice(0, PEERS_KEPT),
    synReceivedPeers: peers.size,
    waitingForAccept: waiting.length,
    longestWaitSeconds: longestWait(waiting),
  };
}

/** The handshake is complete, and the application has not taken the connection: only accept() gives it an inode (net/socket.c). */
export function isWaiting({ state, inode }: Socket): boolean {
  return inode === 0 && (state === 'ESTAB' || state === 'CLOSE-WAIT');
}

function listenerOf(socket: Socket): Listener {
  const { local, family, v6Only, interfaceIndex, inode, queue, backlog } = socket;
  const dualStack = family === 4 ? false : isKnown(v6Only) ? !v6Only : v6Only;
  return { address: local, family, dualStack, interfaceIndex, inode, queue, backlog };
}

/** The last ACK of a connection came at or after its third leg: since then it has waited at least. */
function longestWait(waiting: readonly Socket[]): Fact<number | null> {
  if (waiting.length === 0) return null;
  const silences = waiting.map(({ silentMillis }) => known(silentMillis)).filter((millis) => millis !== null);
  if (silences.length === 0) return unknown('/proc/net/tcp has no times');
  return Math.max(...silences) / 1000;
}
