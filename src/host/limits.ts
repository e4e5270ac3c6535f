/** Limits and strains of the host that a port's connections run into. */
import {
  type Fact,
  isKnown,
  type PortLimits,
  type Pressure,
  type Softnet,
  type Usage,
  unknown,
} from '../diagnosis/port-facts.ts';
import { type HostRoot, readNumber, readNumbers, readText } from './proc.ts';

export function readLimits(root: HostRoot): PortLimits {
  const sysctl = (name: string): Fact<number> => readNumber(root.proc, 'sys', name);
  const sockstat = readText(root.proc, 'self/net/sockstat');
  const memory = readNumbers(root.proc, 'sys/net/ipv4/tcp_mem');
  const files = readNumbers(root.proc, 'sys/fs/file-nr');
  const ports = readNumbers(root.proc, 'sys/net/ipv4/ip_local_port_range');
  return {
    somaxconn: sysctl('net/core/somaxconn'),
    maxSynBacklog: sysctl('net/ipv4/tcp_max_syn_backlog'),
    synCookies: sysctl('net/ipv4/tcp_syncookies'),
    abortOnOverflow: sysctl('net/ipv4/tcp_abort_on_overflow'),
    conntrack: usage(
      orAbsent(sysctl('net/netfilter/nf_conntrack_count')),
      orAbsent(sysctl('net/netfilter/nf_conntrack_max')),
    ),
    timeWait: usage(tcpField(sockstat, 'tw'), sysctl('net/ipv4/tcp_max_tw_buckets')),
    orphans: usage(tcpField(sockstat, 'orphan'), sysctl('net/ipv4/tcp_max_orphans')),
    files: isKnown(files) ? { used: files[0] ?? 0, limit: files[2] ?? 0 } : files,
    tcpMemory: usage(tcpField(sockstat, 'mem'), isKnown(memory) ? (memory[2] ?? unknown('tcp_mem is cut')) : memory),
    localPorts: isKnown(ports) ? [ports[0] ?? 0, ports[1] ?? 0] : ports,
  };
}

/** Without the module no connection is tracked. */
function orAbsent(fact: Fact<number>): Fact<number> {
  return isKnown(fact) || !fact.unknown.endsWith('is not there') ? fact : unknown('connections are not tracked here');
}

function usage(used: Fact<number>, limit: Fact<number>): Fact<Usage> {
  if (!isKnown(used)) return used;
  return isKnown(limit) ? { used, limit } : limit;
}

/** "TCP: inuse 5 orphan 0 tw 3 alloc 7 mem 1" */
function tcpField(sockstat: Fact<string>, name: string): Fact<number> {
  if (!isKnown(sockstat)) return sockstat;
  const value = new RegExp(`^TCP: .*\\b${name} (\\d+)`, 'm').exec(sockstat)?.[1];
  return value === undefined ? unknown(`/proc/net/sockstat does not tell ${name}`) : Number(value);
}

export function readPressure(root: HostRoot): Pressure {
  const share = (name: string): Fact<number> => {
    const text = readText(root.proc, 'pressure', name);
    if (!isKnown(text)) return text;
    const percent = /^some avg10=(\S+)/m.exec(text)?.[1];
    return percent === undefined ? unknown(`/proc/pressure/${name} can't be understood`) : Number(percent) / 100;
  };
  return { cpu: share('cpu'), memory: share('memory'), io: share('io') };
}

/** One line a processor, hexadecimal: packets, dropped, squeezed (net/core/net-procfs.c). */
export function readSoftnet(root: HostRoot): Fact<Softnet> {
  const text = readText(root.proc, 'self/net/softnet_stat');
  if (!isKnown(text)) return text;
  const rows = text
    .trim()
    .split('\n')
    .map((line) => line.split(/\s+/).map((word) => Number.parseInt(word, 16)));
  const sum = (column: number): number => rows.reduce((total, row) => total + (row[column] ?? 0), 0);
  return { dropped: sum(1), squeezed: sum(2) };
}
