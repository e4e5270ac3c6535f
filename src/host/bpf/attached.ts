/** The BPF programmes that see packets and that no command of an older iproute2 lists: at an interface's tcx hooks (Linux 6.6 and later), and of a control group. */
import { closeSync, openSync } from 'node:fs';
import path from 'node:path';
import type { PacketProgram } from '../../diagnosis/network-facts.ts';
import { type Fact, isKnown, known, unknown } from '../../diagnosis/port-facts.ts';
import { HOST_ROOT, type HostRoot, readText } from '../proc.ts';
import { Bpf, type ProgramTarget } from './calls.ts';

/** enum bpf_attach_type (include/uapi/linux/bpf.h). */
const TCX = { 'tcx ingress': 46, 'tcx egress': 47 } as const;
const CGROUP = { 'cgroup ingress': 0, 'cgroup egress': 1 } as const;

/** Recorded facts have none that could be asked for. */
const RECORDED: readonly PacketProgram[] = [];

/** @param index of the interface, in the namespace of this process */
export async function tcxPrograms(root: HostRoot, index: number): Promise<Fact<readonly PacketProgram[]>> {
  if (root.proc !== HOST_ROOT.proc) return RECORDED;
  return programsAt({ interfaceIndex: index }, TCX);
}

/** Those of the control groups above it as well: systemd has them for IPAddressDeny= and for accounting. */
export async function cgroupPrograms(root: HostRoot, pid: number): Promise<Fact<readonly PacketProgram[]>> {
  if (root.proc !== HOST_ROOT.proc) return RECORDED;
  const group = openGroup(root, pid);
  if (!isKnown(group)) return group;
  try {
    return await programsAt({ group }, CGROUP);
  } finally {
    closeSync(group);
  }
}

async function programsAt(
  target: ProgramTarget,
  places: Readonly<Record<string, number>>,
): Promise<Fact<readonly PacketProgram[]>> {
  const bpf = await Bpf.load();
  if (!isKnown(bpf)) return bpf;
  const found: PacketProgram[] = [];
  for (const [where, type] of Object.entries(places)) {
    const ids = bpf.attached(target, type);
    if (!isKnown(ids)) return ids;
    found.push(...ids.map((id) => ({ where, id, name: bpf.programName(id) })));
  }
  return found;
}

/**
 * A descriptor of the folder of a process's group of version 2. `ip netns exec` has a /sys of its own, without control groups: then they are looked for where the process
 * itself sees them, or the first one.
 */
function openGroup(root: HostRoot, pid: number): Fact<number> {
  const groups = readText(root.proc, String(pid), 'cgroup');
  if (!isKnown(groups)) return groups;
  const group = /^0::(\/.*)$/m.exec(groups)?.[1];
  if (group === undefined) return unknown('this kernel has no control groups of version 2');
  for (const reader of ['self', String(pid), '1']) {
    const mount = /^\S+ (\S+) cgroup2 /m.exec(known(readText(root.proc, reader, 'mounts')) ?? '')?.[1];
    if (mount === undefined) continue;
    try {
      return openSync(path.join(root.proc, reader, 'root', mount, group), 'r');
    } catch {
      // It may lie where another one sees it.
    }
  }
  return unknown(`the control group ${group} can’t be opened`);
}
