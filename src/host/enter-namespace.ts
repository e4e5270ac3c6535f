/**
 * Enters another network namespace, of `ip netns` or of a process (a container). setns(2) changes the calling thread alone, here Node's main thread: sockets that it opens, libpcap's among
 * them, child processes, os.networkInterfaces and /proc/net (which is that of the main thread) are then the namespace's. Not so: /sys/class/net, which shows the namespace that
 * it was mounted in, and name look-ups, which run on threads of libuv.
 */
import { closeSync, openSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { type Fact, isKnown, unknown } from '../diagnosis/port-facts.ts';
import { loadLibc } from './libc.ts';

export type NamespaceName =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'pid'; readonly pid: number };

export interface EnteredNamespace {
  /** "the network namespace blue", "the network namespace of process 4711". */
  readonly description: string;
  /** It was deleted since, or its process has ended. What was opened in it goes on without an error, and nothing passes any more. */
  isGone(): boolean;
}

const CLONE_NEWNET = 0x4000_0000;
const EPERM = 1;
/** Where `ip netns` keeps them (ip-netns(8)). */
const NAMED = '/run/netns';

/** For the rest of the process's life, before it opens any socket. Unknown, with the reason as a sentence, when it can't be done. */
export async function enterNetworkNamespace(wanted: NamespaceName): Promise<Fact<EnteredNamespace>> {
  const libc = await loadLibc();
  if (!isKnown(libc)) return libc;
  const file = wanted.kind === 'name' ? path.resolve(NAMED, wanted.name) : `/proc/${wanted.pid}/ns/net`;
  const description = `the network namespace ${wanted.kind === 'name' ? wanted.name : `of process ${wanted.pid}`}`;
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch (error) {
    return unknown(cannotOpen(wanted, (error as NodeJS.ErrnoException).code));
  }
  const identity = statSync(file).ino;
  const failed = libc.function('int setns(int descriptor, int kind)')(descriptor, CLONE_NEWNET) !== 0;
  const errno = failed ? libc.errno() : 0;
  closeSync(descriptor);
  if (failed && errno === EPERM) return unknown(`entering ${description} needs root: run it with sudo`);
  if (failed) return unknown(`${file} is no network namespace (setns: errno ${errno})`);
  return {
    description,
    isGone: () => (wanted.kind === 'name' ? isReplaced(file, identity) : hasEnded(wanted.pid)),
  };
}

function cannotOpen(wanted: NamespaceName, code: string | undefined): string {
  if (code === 'EACCES') return 'another network namespace can be entered by root alone: run it with sudo';
  if (wanted.kind === 'pid') return `there is no process ${wanted.pid}`;
  const names = namedNamespaces();
  const there = names.length === 0 ? 'there are none' : `there are: ${names.join(', ')}`;
  return `there is no network namespace ${wanted.name}; ${there} (of containers: --pid, with a process of theirs)`;
}

/** Of `ip netns list`. */
function namedNamespaces(): string[] {
  try {
    return readdirSync(NAMED).sort();
  } catch {
    return [];
  }
}

function isReplaced(file: string, identity: number): boolean {
  try {
    return statSync(file).ino !== identity;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}

function hasEnded(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}
