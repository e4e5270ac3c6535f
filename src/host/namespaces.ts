/** The same port in other network namespaces: of a container, or one made with `ip netns`. */
import { type Fact, type ForeignListener, isKnown, known } from '../diagnosis/port-facts.ts';
import { containerOf, readCgroup } from './cgroup.ts';
import { type HostRoot, processIds, readLink, readText } from './proc.ts';
import { readProcSockets } from './proc-net-tcp.ts';
import { findOwners } from './processes.ts';

/** Who listens on the port in a namespace that is not this process's, as far as processes of it may be looked at. */
export function findForeignListeners(root: HostRoot, port: number): Fact<readonly ForeignListener[]> {
  const members = namespaceMembers(root);
  if (!isKnown(members)) return members;
  const found: ForeignListener[] = [];
  for (const [namespace, pid] of members) {
    const sockets = known(readProcSockets(root, String(pid), port)) ?? [];
    for (const { state, local, inode } of sockets) {
      if (state !== 'LISTEN') continue;
      const pids = known(findOwners(root, new Set([inode])))?.pids ?? [];
      found.push({ pid, namespace, address: local, owners: pids.map((owner) => describe(root, owner)) });
    }
  }
  return found;
}

/** Of every other namespace one process. */
function namespaceMembers(root: HostRoot): Fact<ReadonlyMap<string, number>> {
  const pids = processIds(root);
  if (!isKnown(pids)) return pids;
  const own = readLink(root.proc, 'self/ns/net');
  const members = new Map<string, number>();
  for (const pid of pids) {
    const namespace = readLink(root.proc, String(pid), 'ns/net');
    if (namespace !== null && namespace !== own && !members.has(namespace)) members.set(namespace, pid);
  }
  return members;
}

function describe(root: HostRoot, pid: number): ForeignListener['owners'][number] {
  const cgroup = known(readCgroup(root, pid));
  return {
    pid,
    name: (known(readText(root.proc, String(pid), 'comm')) ?? '?').trim(),
    container: cgroup === null ? null : containerOf(cgroup.path),
  };
}
