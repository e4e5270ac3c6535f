/** Step 1: the process that owns the listener. */
import { isKnown, known, type PortFacts, type ProcessFacts, type ThreadFacts } from '../diagnosis/port-facts.ts';
import { counted, octets } from '../report/render/text.ts';
import { type Finding, fail, makeStep, pass, type Step, unseen, warn } from './checkup.ts';
import { acceptQueueStuck } from './listener-step.ts';

/** Share of one processor from which a thread has no time for anything else; ticks of 10 ms are counted, so it is never quite 1. */
const BUSY = 0.95;
/** The same where the accept queue is not emptied: other processes may take processor time, too. */
const BUSY_WHILE_STUCK = 0.5;
/** A share that is worth a word. */
const LITTLE = 0.05;
/** Part of a limit from which it is near. */
const NEAR = 0.9;
/** Part of its scheduling periods in which a control group was held back. */
const THROTTLED = 0.25;
/** Share of time in which some task had to wait (PSI, over ten seconds). */
const CPU_PRESSURE = 0.8;
const MEMORY_PRESSURE = 0.1;

export function judgeProcess(facts: PortFacts): Step {
  const { processes } = facts;
  const findings: Finding[] = [];
  if (!isKnown(processes)) findings.push(unseen('process', `the process could not be looked at: ${processes.unknown}`));
  else if (processes.length === 0) findings.push(noProcess(facts));
  else for (const owner of processes) findings.push(...judgeOne(owner, facts));
  findings.push(...judgeStrain(facts));
  const pids = (known(processes) ?? []).map(({ pid }) => pid);
  return makeStep('process', findings, [
    `ss -ltnp 'sport = :${facts.port}'`,
    ...pids
      .slice(0, 1)
      .flatMap((pid) => [`top -H -b -n 1 -p ${pid}`, `ls /proc/${pid}/fd | wc -l; grep files /proc/${pid}/limits`]),
  ]);
}

function noProcess({ sockets, elsewhere, port }: PortFacts): Finding {
  const listens = isKnown(sockets) && sockets.listeners.length > 0;
  if (listens)
    return unseen(
      'process',
      'no process was found that holds the listener: it may be hidden from this container, or the kernel listens itself',
    );
  const others = known(elsewhere) ?? [];
  if (others.length > 0)
    return unseen('process', `no process of this network namespace listens on port ${port} (step 2)`);
  return unseen('process', `no process listens on port ${port}, so there is none to look at`);
}

function judgeOne(owner: ProcessFacts, facts: PortFacts): Finding[] {
  return [
    ...judgeState(owner),
    ...judgeThreads(owner, facts),
    ...judgeFiles(owner),
    ...judgeCgroup(owner),
    summary(owner),
  ];
}

function nameOf({ name, pid, container }: ProcessFacts): string {
  return `${name} (pid ${pid}${container === null ? '' : `, container ${container}`})`;
}

function summary(owner: ProcessFacts): Finding {
  const threads = known(owner.threads);
  const busiest = threads?.[0];
  const parts = [
    threads === null ? 'threads unknown' : counted(threads.length, 'thread'),
    ...(busiest === undefined ? [] : [`the busiest uses ${percent(busiest.cpuShare)} of a processor`]),
    `${octets(owner.residentBytes)} of memory`,
    isKnown(owner.openFiles) && isKnown(owner.openFileLimit)
      ? `${owner.openFiles} open files of ${owner.openFileLimit === Number.MAX_SAFE_INTEGER ? 'any number' : owner.openFileLimit}`
      : 'open files unknown',
  ];
  return pass('process', `${nameOf(owner)}: ${parts.join(', ')}`);
}

function judgeState(owner: ProcessFacts): Finding[] {
  const { pid, state } = owner;
  if (state === 'T' || state === 't') {
    return [
      fail(
        'process-stopped',
        `${nameOf(owner)} is stopped (state ${state}): it takes no connection`,
        state === 't' ? 'a debugger holds it: let it go on there' : `let it go on: kill -CONT ${pid}`,
      ),
    ];
  }
  const threads = known(owner.threads) ?? [];
  if (threads.length > 0 && threads.every((thread) => thread.state === 'D')) {
    return [
      warn(
        'process-blocked',
        `every thread of ${nameOf(owner)} waits for a disk or a file system (state D)`,
        `see on what it waits: cat /proc/${pid}/stack, and look at the disk or the network file system`,
      ),
    ];
  }
  return [];
}

function judgeThreads(owner: ProcessFacts, facts: PortFacts): Finding[] {
  const isStuck = acceptQueueStuck(facts);
  const limit = isStuck ? BUSY_WHILE_STUCK : BUSY;
  // Where processors are scarce, a thread that never rests waits for them most of the time; and so does one that has little to do, as long as it keeps up.
  const busy = (known(owner.threads) ?? []).filter(({ cpuShare, waitShare }) =>
    isStuck ? cpuShare >= LITTLE && cpuShare + waitShare >= limit : cpuShare >= limit,
  );
  const [first] = busy;
  if (first === undefined) return [];
  const evidence = `thread ${first.id} (${first.name}) of ${nameOf(owner)} uses ${percent(first.cpuShare)} of a processor${waitWords(first)}${busy.length > 1 ? `, and ${counted(busy.length - 1, 'other thread')} as much` : ''}`;
  const advice = `see what it does: perf top -t ${first.id}, or the profiler of its language`;
  if (!isStuck) return [warn('thread-busy', evidence, advice)];
  return [fail('thread-busy', `${evidence}, and the accept queue is not emptied meanwhile`, advice)];
}

function waitWords({ waitShare }: ThreadFacts): string {
  return waitShare < LITTLE ? '' : `, and waits for one ${percent(waitShare)} of the time`;
}

function judgeFiles(owner: ProcessFacts): Finding[] {
  const { openFiles, openFileLimit } = owner;
  if (!isKnown(openFiles)) return [unseen('open-files', `open files of ${nameOf(owner)}: ${openFiles.unknown}`)];
  if (!isKnown(openFileLimit))
    return [unseen('open-files', `open files of ${nameOf(owner)}: ${openFileLimit.unknown}`)];
  const evidence = `${nameOf(owner)} has ${openFiles} files and sockets open, and may have ${openFileLimit}`;
  const advice =
    'raise LimitNOFILE= of the service (or ulimit -n), and see whether it forgets to close: ls -l /proc/PID/fd'.replace(
      'PID',
      String(owner.pid),
    );
  if (openFiles >= openFileLimit) {
    return [
      fail('open-files-exhausted', `${evidence}: accept() fails with EMFILE, and the accept queue fills`, advice),
    ];
  }
  return openFiles >= openFileLimit * NEAR ? [warn('open-files-near', evidence, advice)] : [];
}

function judgeCgroup(owner: ProcessFacts): Finding[] {
  const cgroup = known(owner.cgroup);
  if (cgroup === null) return [];
  const findings: Finding[] = [];
  const periods = known(cgroup.cpuPeriods) ?? 0;
  const throttled = known(cgroup.cpuPeriodsThrottled) ?? 0;
  if (periods > 0 && throttled / periods >= THROTTLED) {
    findings.push(
      warn(
        'cpu-throttled',
        `the control group of ${nameOf(owner)} was held back in ${throttled} of ${periods} periods: it may use ${known(cgroup.cpuLimit) ?? '?'} processors`,
        'raise its limit of processor time (CPUQuota=, limits.cpu)',
      ),
    );
  }
  const limit = known(cgroup.memoryLimitBytes);
  const used = known(cgroup.memoryBytes) ?? 0;
  if (limit !== null && used >= limit * NEAR) {
    findings.push(
      warn(
        'memory-near-limit',
        `the control group of ${nameOf(owner)} uses ${octets(used)} of the ${octets(limit)} of memory that it may have`,
        'raise its limit of memory (MemoryMax=, limits.memory), or find what takes it',
      ),
    );
  }
  const kills = known(cgroup.outOfMemoryKills) ?? 0;
  if (kills > 0) {
    findings.push(
      fail(
        'out-of-memory',
        `${counted(kills, 'process', 'processes')} of the control group of ${nameOf(owner)} ${kills === 1 ? 'was' : 'were'} killed for want of memory while it was watched`,
        'raise its limit of memory (MemoryMax=, limits.memory): journalctl -k | grep -i oom',
      ),
    );
  }
  const tasks = known(cgroup.tasks) ?? 0;
  const taskLimit = known(cgroup.taskLimit);
  if (taskLimit !== null && tasks >= taskLimit) {
    findings.push(
      warn(
        'tasks-exhausted',
        `the control group of ${nameOf(owner)} has ${tasks} tasks, and may have ${taskLimit}: it can start no thread or process`,
        'raise TasksMax= (pids.max)',
      ),
    );
  }
  return findings;
}

/** The host as a whole. */
function judgeStrain({ pressure, softnet }: PortFacts): Finding[] {
  const findings: Finding[] = [];
  const cpu = known(pressure.cpu) ?? 0;
  const memory = known(pressure.memory) ?? 0;
  if (cpu >= CPU_PRESSURE) {
    findings.push(
      warn(
        'cpu-pressure',
        `in the last ten seconds some task had to wait for a processor ${percent(cpu)} of the time`,
        'see who takes the processors: top',
      ),
    );
  }
  if (memory >= MEMORY_PRESSURE) {
    findings.push(
      warn(
        'memory-pressure',
        `in the last ten seconds some task had to wait for memory ${percent(memory)} of the time`,
        'see who takes the memory: top -o %MEM; vmstat 1',
      ),
    );
  }
  const dropped = known(softnet)?.dropped ?? 0;
  if (dropped > 0) {
    findings.push(
      warn(
        'softnet-dropped',
        `${counted(dropped, 'packet')} were dropped before the network code saw them, because a processor's backlog was full`,
        'raise net.core.netdev_max_backlog, and spread the interrupts of the card over processors (RPS)',
      ),
    );
  }
  return findings;
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
