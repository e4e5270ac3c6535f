/** What `tripod doctor` was asked for, complete and checked. */
import { parseAddress } from '../bytes/address.ts';
import type { Target } from '../doctor/checkup.ts';
import type { GivenArguments } from './command.ts';
import type { Context } from './context.ts';
import { UsageError } from './errors.ts';
import { DOCTOR_FORMATS } from './options.ts';
import { type TextOptions, textOptions } from './resolve.ts';
import { parseChoice, parseDuration } from './values.ts';

const DEFAULT_DURATION_SECONDS = 15;
const LAST_PORT = 65_535;

export interface ResolvedDoctor extends TextOptions {
  readonly target: Target;
  readonly durationSeconds: number;
  readonly probe: boolean;
  /** Whether the kernel is asked for its drop reasons. */
  readonly trace: boolean;
  readonly watch: boolean;
  readonly keep: string | null;
  readonly format: (typeof DOCTOR_FORMATS)[number];
}

export function resolveDoctor(given: GivenArguments, context: Context): ResolvedDoctor {
  const format = parseChoice(given.value('format') ?? 'table', '--format', DOCTOR_FORMATS);
  return Object.freeze({
    target: parseTarget(given.value('target') ?? ''),
    durationSeconds: parseDuration(given.value('duration') ?? String(DEFAULT_DURATION_SECONDS), '--duration'),
    probe: given.flag('probe') ?? false,
    trace: given.flag('trace') ?? true,
    watch: given.flag('watch') ?? false,
    keep: given.value('keep'),
    format,
    ...textOptions(given, context, format === 'table'),
  });
}

/** "443", "www.example.org:443", "10.0.0.1:443", "[2001:db8::1]:443". */
export function parseTarget(text: string): Target {
  const groups = /^(?:(?:\[(?<six>[^\]]+)\]|(?<host>[^:[\]]+)):)?(?<port>\d{1,5})$/.exec(text)?.groups;
  const port = Number(groups?.['port']);
  const six = groups?.['six'];
  if (!(port >= 1 && port <= LAST_PORT) || (six !== undefined && parseAddress(six)?.family !== 6)) {
    throw new UsageError(
      `doctor takes a port such as 443, www.example.org:443, 10.0.0.1:443 or [2001:db8::1]:443, not "${text}"`,
    );
  }
  return { host: six ?? groups?.['host'] ?? null, port };
}
