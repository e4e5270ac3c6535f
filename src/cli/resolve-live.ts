/** What `tripod live` was asked for, complete and checked. */
import { VERDICTS } from '../handshake/handshake.ts';
import type { AnalysisOptions } from '../pipeline.ts';
import type { Rotation } from './capture-files.ts';
import type { GivenArguments } from './command.ts';
import type { Context } from './context.ts';
import { UsageError } from './errors.ts';
import { type NamespaceChoice, resolveNamespace } from './namespace.ts';
import { CLOCKS, DIRECTIONS, ENGINES, FORMATS } from './options.ts';
import { judging, resolveMissing, type TextOptions, textOptions } from './resolve.ts';
import { parseChoice, parseClient, parseCount, parseDuration, parseOctets, parsePorts, parseServer } from './values.ts';

const MEBI = 1024 * 1024;
/** Octets: Ethernet, IPv4 and the TCP header up to its flags. */
const LEAST_SNAPLEN = 48;
/** More files than a folder should have. */
const MOST_FILES = 100_000;

interface InterfaceOptions {
  readonly interfaces: readonly string[];
  /** The user's own, beside that of ports, servers and clients. */
  readonly filter: string;
  readonly snapLength: number;
  readonly bufferBytes: number;
  readonly promiscuous: boolean;
  readonly timeoutMillis: number;
  readonly direction: (typeof DIRECTIONS)[number];
  readonly engine: (typeof ENGINES)[number] | null;
  readonly namespace: NamespaceChoice;
}

export interface ResolvedLive extends Omit<TextOptions, 'progress'> {
  readonly source:
    | { readonly kind: 'interfaces'; readonly options: InterfaceOptions }
    | { readonly kind: 'stdin' }
    | { readonly kind: 'file'; readonly path: string };
  readonly format: (typeof FORMATS)[number];
  readonly check: boolean;
  readonly durationSeconds: number | null;
  readonly packets: number | null;
  readonly untilMissing: boolean;
  /** Who to become once the capture is open. */
  readonly user: string | null;
  /** Whether this host's facts are read beside its packets, and whether the kernel is asked for its drop reasons. */
  readonly host: boolean;
  readonly trace: boolean;
  /** Columns of a verdict's line, as asked for; null: those of the terminal, or unbroken lines. */
  readonly lineWidth: number | null;
  /** A line on the terminal that says how matters stand. */
  readonly showStatus: boolean;
  /** What time goes on with while nothing comes, for what does not come from this host. */
  readonly clock: (typeof CLOCKS)[number];
  readonly write: string | null;
  readonly writeMissing: string | null;
  readonly rotation: Rotation;
  readonly analysis: AnalysisOptions;
}

export function resolveLive(given: GivenArguments, context: Context): ResolvedLive {
  const format = parseChoice(given.value('format') ?? 'table', '--format', FORMATS);
  const verdicts = given.list('verdict').map((text) => parseChoice(text, '--verdict', VERDICTS));
  const missing = resolveMissing(given);
  const isChosen = verdicts.length > 0 || missing !== null || (given.flag('all') ?? false);
  const wanted = isChosen ? verdicts : VERDICTS.filter((verdict) => verdict !== 'complete');
  const text = textOptions(given, context, format === 'table');
  const write = given.value('write');
  const writeMissing = given.value('write-missing');
  return Object.freeze({
    source: sourceOf(given),
    format,
    check: given.flag('check') ?? false,
    durationSeconds: optional(given, 'duration', parseDuration),
    packets: optional(given, 'count', (text, option) => parseCount(text, option, 1, 1e12)),
    untilMissing: given.flag('until-missing') ?? false,
    out: text.out,
    colour: text.colour,
    width: text.width,
    lineWidth: given.value('width') === null ? null : text.width,
    // Through a pipe (`| tee`) lines come to the same terminal from somebody else, at any time: the status would stand between them.
    showStatus: given.flag('progress') ?? (text.progress && (context.stdout.isTTY || text.out !== null)),
    clock: parseChoice(given.value('clock') ?? 'packets', '--clock', CLOCKS),
    user: given.value('user'),
    host: given.flag('host') ?? true,
    trace: given.flag('trace') ?? true,
    write: captureName(write, '--write'),
    writeMissing: captureName(writeMissing, '--write-missing'),
    rotation: rotationOf(given, write ?? writeMissing),
    analysis: Object.freeze({
      ...judging(given),
      ports: parsePorts(given.list('port'), '--port'),
      servers: given.list('server').map((text) => parseServer(text, '--server')),
      clients: given.list('client').map((text) => parseClient(text, '--client')),
      since: null,
      until: null,
      list: { verdicts: wanted, missing, limit: null, sort: null },
      early: true,
      trace: null,
    }),
  });
}

function sourceOf(given: GivenArguments): ResolvedLive['source'] {
  const source = given.value('source');
  const file = given.value('follow');
  const interfaces = given.list('interface');
  if (source !== null && source !== '-') {
    throw new UsageError(
      `live takes - (standard input), not "${source}": --follow ${source} reads a growing file, -i ${source} an interface`,
    );
  }
  if (Number(source !== null) + Number(file !== null) + Number(interfaces.length > 0) > 1) {
    throw new UsageError('live takes one of -, --follow FILE and -i INTERFACE');
  }
  if (source !== null) return { kind: 'stdin' };
  if (file !== null) return { kind: 'file', path: file };
  return {
    kind: 'interfaces',
    options: {
      interfaces: interfaces.length === 0 ? ['any'] : interfaces,
      filter: given.value('filter') ?? '',
      snapLength: parseCount(given.value('snaplen') ?? '256', '--snaplen', LEAST_SNAPLEN, 262_144),
      bufferBytes: parseCount(given.value('buffer') ?? '32', '--buffer', 1, 2047) * MEBI,
      promiscuous: given.flag('promiscuous') ?? false,
      timeoutMillis: parseCount(given.value('timeout') ?? '10', '--timeout', 1, 10_000),
      direction: parseChoice(given.value('direction') ?? 'inout', '--direction', DIRECTIONS),
      engine: optional(given, 'engine', (text, option) => parseChoice(text, option, ENGINES)),
      namespace: resolveNamespace(given),
    },
  };
}

function captureName(file: string | null, option: string): string | null {
  if (file === '-') throw new UsageError(`${option} takes the name of a file: results go to standard output`);
  return file;
}

function rotationOf(given: GivenArguments, file: string | null): Rotation {
  const octets = optional(given, 'rotate-size', parseOctets);
  const seconds = optional(given, 'rotate-seconds', parseDuration);
  const files = optional(given, 'rotate-files', (text, option) => parseCount(text, option, 1, MOST_FILES));
  if (file === null && (octets ?? seconds ?? files) !== null) {
    throw new UsageError('--rotate-size, --rotate-seconds and --rotate-files say how --write writes: name its file');
  }
  if (files !== null && octets === null && seconds === null) {
    throw new UsageError(
      '--rotate-files says how many files stay: say with --rotate-size or --rotate-seconds when a new one begins',
    );
  }
  if (seconds === 0) throw new UsageError('--rotate-seconds takes more than 0');
  return { octets, seconds, files };
}

function optional<T>(given: GivenArguments, name: string, parse: (text: string, option: string) => T): T | null {
  const text = given.value(name);
  return text === null ? null : parse(text, `--${name}`);
}
