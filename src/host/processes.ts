/** The processes that hold a socket, and how they are: processor time of each thread, memory, open files, limits. */
import { type Fact, isKnown, known, type ProcessFacts, type ThreadFacts, unknown } from '../diagnosis/port-facts.ts';
import { cgroupPrograms } from './bpf/attached.ts';
import { type Cgroup, cgroupFacts, containerOf, readCgroup } from './cgroup.ts';
import { type HostRoot, processIds, readLink, readNames, readText } from './proc.ts';

/** Ticks of the times in /proc/PID/stat: USER_HZ, 100 on every architecture that Node runs on. */
const TICKS_PER_SECOND = 100;
/** Threads of one process that are looked at: a Java server has some hundreds. */
const MOST_THREADS = 4096;

export interface Owners {
  /** Processes that hold one of the sockets, lowest first. */
  readonly pids: readonly number[];
  /** Processes whose files could not be looked at for want of rights. */
  readonly hidden: number;
}

/** Whoever holds one of these sockets: descriptors of /proc/PID/fd name the socket's inode. The same in every namespace. */
export function findOwners(root: HostRoot, inodes: ReadonlySet<number>): Fact<Owners> {
  const pids = processIds(root);
  if (!isKnown(pids)) return pids;
  const wanted = new Set([...inodes].map((inode) => `socket:[${inode}]`));
  const owners: number[] = [];
  let hidden = 0;
  for (const pid of pids) {
    const names = readNames(root.proc, String(pid), 'fd');
    if (!isKnown(names)) {
      if (names.unknown.startsWith('no permission')) hidden += 1;
      continue;
    }
    if (names.some((name) => wanted.has(readLink(root.proc, String(pid), 'fd', name) ?? ''))) owners.push(pid);
  }
  return { pids: owners.sort((a, b) => a - b), hidden };
}

interface ThreadTimes {
  readonly ticks: number;
  /** Seconds in which it waited for a processor, ready to run. */
  readonly waitedSeconds: number;
}

/** What two looks are needed for. */
export interface ProcessLook {
  /** Of each thread. */
  readonly times: ReadonlyMap<number, ThreadTimes>;
  readonly cgroup: Fact<Cgroup>;
}

export function lookAt(root: HostRoot, pid: number): ProcessLook {
  const times = new Map<number, ThreadTimes>();
  for (const id of known(threadIds(root, pid)) ?? []) {
    const stat = known(readStat(root, pid, id));
    if (stat !== null) times.set(id, { ticks: stat.ticks, waitedSeconds: waitedSeconds(root, pid, id) });
  }
  return { times, cgroup: readCgroup(root, pid) };
}

/** @returns null when the process has gone in the meantime */
export async function processFacts(
  root: HostRoot,
  pid: number,
  before: ProcessLook | undefined,
  seconds: number,
): Promise<ProcessFacts | null> {
  const stat = known(readStat(root, pid, null));
  if (stat === null) return null;
  const folder = String(pid);
  const status = known(readText(root.proc, folder, 'status')) ?? '';
  const command = known(readText(root.proc, folder, 'cmdline')) ?? '';
  const cgroup = readCgroup(root, pid);
  const programs = await cgroupPrograms(root, pid);
  return {
    pid,
    name: stat.name,
    command: command.replaceAll('\0', ' ').trim(),
    state: stat.state,
    userId: Number(/^Uid:\s+(\d+)/m.exec(status)?.[1] ?? Number.NaN),
    threads: threadFacts(root, pid, before, seconds),
    residentBytes: Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024,
    openFiles: countOf(readNames(root.proc, folder, 'fd')),
    openFileLimit: openFileLimit(root, folder),
    cgroup: isKnown(cgroup) ? cgroupFacts(cgroup, before === undefined ? null : known(before.cgroup)) : cgroup,
    programs,
    container: isKnown(cgroup) ? containerOf(cgroup.path) : null,
  };
}

function threadFacts(
  root: HostRoot,
  pid: number,
  before: ProcessLook | undefined,
  seconds: number,
): Fact<readonly ThreadFacts[]> {
  const ids = threadIds(root, pid);
  if (!isKnown(ids)) return ids;
  if (before === undefined || seconds <= 0)
    return unknown('it was looked at only once: processor time needs two looks');
  const threads: ThreadFacts[] = [];
  for (const id of ids) {
    const stat = known(readStat(root, pid, id));
    if (stat === null) continue;
    // A thread that was not there at the first look has done all its work since.
    const earlier = before.times.get(id) ?? { ticks: 0, waitedSeconds: 0 };
    const ticks = stat.ticks - earlier.ticks;
    const waited = waitedSeconds(root, pid, id) - earlier.waitedSeconds;
    threads.push({
      id,
      name: stat.name,
      state: stat.state,
      cpuShare: ticks / TICKS_PER_SECOND / seconds,
      // The looks are not at one moment: on a crowded host some time passes from the clock to the thread.
      waitShare: Math.min(1, Math.max(0, waited) / seconds),
    });
  }
  return threads.sort((a, b) => b.cpuShare - a.cpuShare || a.id - b.id);
}

/** Documentation/scheduler/sched-stats.rst: nanoseconds on a processor, nanoseconds of waiting for one, time slices. */
function waitedSeconds(root: HostRoot, pid: number, thread: number): number {
  const text = known(readText(root.proc, String(pid), 'task', String(thread), 'schedstat'));
  return Number(text?.split(' ')[1] ?? 0) / 1e9;
}

function threadIds(root: HostRoot, pid: number): Fact<readonly number[]> {
  const names = readNames(root.proc, String(pid), 'task');
  return isKnown(names) ? names.slice(0, MOST_THREADS).map(Number) : names;
}

interface Stat {
  readonly name: string;
  readonly state: string;
  readonly ticks: number;
}

/** man 5 proc_pid_stat: the name is in parentheses and may hold blanks and parentheses itself; fields 14 and 15 are utime and stime. */
function readStat(root: HostRoot, pid: number, thread: number | null): Fact<Stat> {
  const text = readText(root.proc, String(pid), ...(thread === null ? [] : ['task', String(thread)]), 'stat');
  if (!isKnown(text)) return text;
  const nameEnd = text.lastIndexOf(')');
  const fields = text.slice(nameEnd + 2).split(' ');
  return {
    name: text.slice(text.indexOf('(') + 1, nameEnd),
    state: fields[0] ?? '?',
    ticks: Number(fields[11]) + Number(fields[12]),
  };
}

function countOf(names: Fact<readonly string[]>): Fact<number> {
  return isKnown(names) ? names.length : names;
}

function openFileLimit(root: HostRoot, folder: string): Fact<number> {
  const limits = readText(root.proc, folder, 'limits');
  if (!isKnown(limits)) return limits;
  const soft = /^Max open files\s+(\S+)/m.exec(limits)?.[1];
  return soft === undefined
    ? unknown('no limit of open files is told')
    : soft === 'unlimited'
      ? Number.MAX_SAFE_INTEGER
      : Number(soft);
}
