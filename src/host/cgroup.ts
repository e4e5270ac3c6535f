/** The control group of a process: what it may use, and how often it was held back. Versions 1 and 2 (Documentation/admin-guide/cgroup-v1, cgroup-v2.rst). */
import { type CgroupFacts, type Fact, isKnown, known, unknown } from '../diagnosis/port-facts.ts';
import { type HostRoot, readNumber, readNumbers, readText } from './proc.ts';

/** One look at it. */
export interface Cgroup {
  readonly path: string;
  readonly version: 1 | 2;
  readonly cpuLimit: Fact<number | null>;
  readonly periods: Fact<number>;
  readonly throttled: Fact<number>;
  readonly memory: Fact<number>;
  readonly memoryLimit: Fact<number | null>;
  readonly kills: Fact<number>;
  readonly tasks: Fact<number>;
  readonly taskLimit: Fact<number | null>;
}

/** A limit of memory in version 1 that is none: the largest number of whole pages. */
const NO_LIMIT = 2 ** 62;

export function readCgroup(root: HostRoot, pid: number): Fact<Cgroup> {
  const text = readText(root.proc, String(pid), 'cgroup');
  if (!isKnown(text)) return text;
  // "0::/path" is version 2; "4:memory:/path" version 1.
  const lines = text.split('\n').map((line) => /^\d+:(?<controllers>[^:]*):(?<path>.*)$/.exec(line)?.groups);
  const path = (controller: string): string | null =>
    lines.find((line) => line?.['controllers']?.split(',').includes(controller))?.['path'] ?? null;
  const memory = path('memory');
  if (memory !== null) return readVersion1(root, { memory, cpu: path('cpu') ?? memory, pids: path('pids') ?? memory });
  const unified = path('');
  return unified === null ? unknown('no control group is told') : readVersion2(root, unified);
}

function readVersion2(root: HostRoot, path: string): Cgroup {
  const folder = [root.sys, 'fs/cgroup', path];
  const cpu = readText(...folder, 'cpu.max');
  return {
    path,
    version: 2,
    cpuLimit: isKnown(cpu) ? quota(cpu.trim().split(' ')) : withoutController(cpu, path),
    periods: field(readText(...folder, 'cpu.stat'), 'nr_periods'),
    throttled: field(readText(...folder, 'cpu.stat'), 'nr_throttled'),
    memory: readNumber(...folder, 'memory.current'),
    memoryLimit: limit(readText(...folder, 'memory.max'), path),
    kills: field(readText(...folder, 'memory.events'), 'oom_kill'),
    tasks: readNumber(...folder, 'pids.current'),
    taskLimit: limit(readText(...folder, 'pids.max'), path),
  };
}

function readVersion1(root: HostRoot, paths: Readonly<Record<'memory' | 'cpu' | 'pids', string>>): Cgroup {
  const mount = [root.sys, 'fs/cgroup'];
  const cpu = [...mount, 'cpu', paths.cpu];
  const memory = [...mount, 'memory', paths.memory];
  const share = readNumber(...cpu, 'cpu.cfs_quota_us');
  const period = known(readNumbers(...cpu, 'cpu.cfs_period_us'))?.[0] ?? Number.NaN;
  const bytes = readNumber(...memory, 'memory.limit_in_bytes');
  return {
    path: paths.memory,
    version: 1,
    cpuLimit: isKnown(share) ? (share < 0 ? null : share / period) : share,
    periods: field(readText(...cpu, 'cpu.stat'), 'nr_periods'),
    throttled: field(readText(...cpu, 'cpu.stat'), 'nr_throttled'),
    memory: readNumber(...memory, 'memory.usage_in_bytes'),
    memoryLimit: isKnown(bytes) ? (bytes > NO_LIMIT ? null : bytes) : bytes,
    kills: field(readText(...memory, 'memory.oom_control'), 'oom_kill'),
    tasks: readNumber(...mount, 'pids', paths.pids, 'pids.current'),
    taskLimit: limit(readText(...mount, 'pids', paths.pids, 'pids.max'), paths.pids),
  };
}

/** "max 100000": none; "50000 100000": half a processor. */
function quota([share = 'max', period = '100000']: readonly string[]): number | null {
  return share === 'max' ? null : Number(share) / Number(period);
}

function limit(text: Fact<string>, path: string): Fact<number | null> {
  if (!isKnown(text)) return withoutController(text, path);
  return text.trim() === 'max' ? null : Number(text);
}

/** The root group has no limits and therefore no files of them. */
function withoutController(reason: Fact<never>, path: string): Fact<null> {
  return path === '/' ? null : reason;
}

function field(text: Fact<string>, name: string): Fact<number> {
  if (!isKnown(text)) return text;
  const value = new RegExp(`^${name} (\\d+)`, 'm').exec(text)?.[1];
  return value === undefined ? unknown(`the kernel does not tell ${name}`) : Number(value);
}

export function cgroupFacts(now: Cgroup, before: Cgroup | null): CgroupFacts {
  return {
    path: now.path,
    version: now.version,
    cpuLimit: now.cpuLimit,
    cpuPeriods: moved(now.periods, before?.periods),
    cpuPeriodsThrottled: moved(now.throttled, before?.throttled),
    memoryBytes: now.memory,
    memoryLimitBytes: now.memoryLimit,
    outOfMemoryKills: moved(now.kills, before?.kills),
    tasks: now.tasks,
    taskLimit: now.taskLimit,
  };
}

function moved(now: Fact<number>, before: Fact<number> | undefined): Fact<number> {
  if (before === undefined) return unknown('it was looked at only once');
  if (!isKnown(now)) return now;
  return isKnown(before) ? now - before : before;
}

/** Docker, containerd, CRI-O, podman and systemd-nspawn put the container's name into the path; Kubernetes has the pod's in front of it. */
export function containerOf(path: string): string | null {
  const hash = /(?:^|[/:-])(?<id>[0-9a-f]{64})(?:\.scope)?(?:$|\/)/.exec(path)?.groups?.['id'];
  if (hash !== undefined) return hash.slice(0, 12);
  return (
    /machine-(?<name>[^/]+)\.scope|\/lxc(?:\.payload)?[./](?<lxc>[^/]+)/.exec(path)?.slice(1).find(Boolean) ?? null
  );
}
