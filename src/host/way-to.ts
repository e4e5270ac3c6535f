/** The way to an address: the route that the kernel takes, and the neighbour that is its next hop. By `ip`, whose JSON is made for programmes. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type Fact, isKnown, known, unknown } from '../diagnosis/port-facts.ts';

const run = promisify(execFile);
const PATIENCE_MILLIS = 3000;

export interface Way {
  readonly interface: string;
  readonly source: string | null;
  readonly gateway: string | null;
  readonly type: string;
  readonly neighbour: string | null;
}

export async function wayTo(address: string): Promise<Fact<Way>> {
  const routes = await ip('route', 'get', address);
  if (!isKnown(routes)) return routes;
  const route = routes[0] ?? {};
  const gateway = textOf(route['gateway']) ?? viaOf(route['via']);
  const device = textOf(route['dev']) ?? '?';
  const neighbours = known(await ip('neigh', 'show', gateway ?? address, 'dev', device)) ?? [];
  const states = neighbours[0]?.['state'];
  return {
    interface: device,
    source: textOf(route['prefsrc']),
    gateway,
    type: textOf(route['type']) ?? 'unicast',
    neighbour: Array.isArray(states) ? textOf(states[0]) : null,
  };
}

async function ip(...words: readonly string[]): Promise<Fact<readonly Readonly<Record<string, unknown>>[]>> {
  try {
    const { stdout } = await run('ip', ['-j', ...words], { timeout: PATIENCE_MILLIS });
    return stdout.trim() === '' ? [] : JSON.parse(stdout);
  } catch (error) {
    const { code, stderr } = error as { code?: string | number; stderr?: string };
    if (code === 'ENOENT') return unknown('the command ip is not installed (package iproute2)');
    return unknown(`ip ${words.join(' ')}: ${stderr?.trim().replace(/^RTNETLINK answers: /, '') ?? String(error)}`);
  }
}

/** A gateway of the other family. */
function viaOf(via: unknown): string | null {
  return typeof via === 'object' && via !== null ? textOf((via as Record<string, unknown>)['host']) : null;
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
