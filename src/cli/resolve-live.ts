/** What `tripod live` was asked for, complete and checked. */
import { VERDICTS } from '../handshake/handshake.ts';
import type { AnalysisOptions } from '../pipeline.ts';
import type { GivenArguments } from './command.ts';
import type { Context } from './context.ts';
import { UsageError } from './errors.ts';
import { DIRECTIONS, FORMATS } from './options.ts';
import { judging, resolveMissing, type TextOptions, textOptions } from './resolve.ts';
import { parseChoice, parseClient, parseCount, parseDuration, parsePorts, parseServer } from './values.ts';

const MEBI = 1024 * 1024;

interface InterfaceOptions {
  readonly interfaces: readonly string[];
  /** The user's own, beside that of ports, servers and clients. */
  readonly filter: string | null;
  readonly snapLength: number;
  readonly bufferBytes: number;
  readonly promiscuous: boolean;
  readonly direction: (typeof DIRECTIONS)[number];
  readonly user: string | null;
}

export interface ResolvedLive extends TextOptions {
  readonly source:
    | { readonly kind: 'interfaces'; readonly options: InterfaceOptions }
    | { readonly kind: 'stdin' }
    | { readonly kind: 'file'; readonly path: string };
  readonly format: (typeof FORMATS)[number];
  readonly check: boolean;
  readonly durationSeconds: number | null;
  readonly packets: number | null;
  readonly untilMissing: boolean;
  readonly analysis: AnalysisOptions;
}

export function resolveLive(given: GivenArguments, context: Context): ResolvedLive {
  const format = parseChoice(given.value('format') ?? 'table', '--format', FORMATS);
  const verdicts = given.list('verdict').map((text) => parseChoice(text, '--verdict', VERDICTS));
  const missing = resolveMissing(given);
  const isChosen = verdicts.length > 0 || missing !== null || (given.flag('all') ?? false);
  const wanted = isChosen ? verdicts : VERDICTS.filter((verdict) => verdict !== 'complete');
  return Object.freeze({
    source: sourceOf(given),
    format,
    check: given.flag('check') ?? false,
    durationSeconds: optional(given, 'duration', parseDuration),
    packets: optional(given, 'count', (text, option) => parseCount(text, option, 1, 1e12)),
    untilMissing: given.flag('until-missing') ?? false,
    ...textOptions(given, context, format === 'table'),
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
      filter: given.value('filter'),
      snapLength: parseCount(given.value('snaplen') ?? '256', '--snaplen', 64, 262_144),
      bufferBytes: parseCount(given.value('buffer') ?? '8', '--buffer', 1, 2047) * MEBI,
      promiscuous: given.flag('promiscuous') ?? false,
      direction: parseChoice(given.value('direction') ?? 'inout', '--direction', DIRECTIONS),
      user: given.value('user'),
    },
  };
}

function optional<T>(given: GivenArguments, name: string, parse: (text: string, option: string) => T): T | null {
  const text = given.value(name);
  return text === null ? null : parse(text, `--${name}`);
}
