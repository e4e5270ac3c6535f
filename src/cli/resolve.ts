/** From what was given to what is done: complete, frozen, without optional fields. A command sees only this. */
import { availableParallelism } from 'node:os';
import { DEFAULT_MAX_OPEN, DEFAULT_PATIENCE_SECONDS, jobsOf } from '../defaults.ts';
import { LEGS, type LegName, VERDICTS } from '../handshake/handshake.ts';
import type { AnalysisOptions } from '../pipeline.ts';
import { SORT_KEYS } from '../report/record-list.ts';
import { randomSeed } from '../source/seed.ts';
import { VERSION } from '../version.ts';
import type { GivenArguments } from './command.ts';
import type { Context } from './context.ts';
import { FORMATS, MISSING_CHOICES, SHOW_FORMATS } from './options.ts';
import { parseChoice, parseClient, parseCount, parseDuration, parseMoment, parsePorts, parseServer } from './values.ts';

/** Attempts of the table's list with --sort, when no --limit was given. */
const SORTED_ROWS = 20;
/** What a number of attempts may be at most: more than any capture has. */
const MOST_LISTED = 1e12;
/** One thread that tracks can't keep up with more than two that decode. */
const MOST_JOBS_UNASKED = 3;
const MOST_JOBS = 64;
/** Most open attempts that the tracker can be asked for (2^24: about 3 GB). */
const MOST_OPEN = 2 ** 24;
const DEFAULT_WIDTH = 80;
const MOST_WIDTH = 1000;

export interface TextOptions {
  readonly out: string | null;
  readonly colour: boolean;
  readonly width: number;
  readonly progress: boolean;
}

export interface ResolvedAnalyze extends TextOptions {
  readonly files: readonly string[];
  readonly format: (typeof FORMATS)[number];
  readonly check: boolean;
  /** For the renderer: see RenderOptions. */
  readonly limit: number | null;
  readonly individually: boolean;
  readonly analysis: AnalysisOptions;
}

export interface ResolvedShow extends TextOptions {
  readonly file: string;
  readonly id: number;
  readonly format: (typeof SHOW_FORMATS)[number];
  readonly analysis: AnalysisOptions;
}

export function resolveAnalyze(given: GivenArguments, context: Context): ResolvedAnalyze {
  const format = parseChoice(given.value('format') ?? 'table', '--format', FORMATS);
  const limitText = given.value('limit');
  const limit = limitText === null ? null : parseCount(limitText, '--limit', 0, MOST_LISTED);
  const sortText = given.value('sort');
  const sort = sortText === null ? null : parseChoice(sortText, '--sort', SORT_KEYS);
  const individually = format === 'table' && sort !== null;
  const verdicts = given.list('verdict').map((text) => parseChoice(text, '--verdict', VERDICTS));
  const missing = resolveMissing(given);
  const chosen = verdicts.length > 0 || missing !== null;
  // The table is for what went wrong, and counts the rest. In groups it has a bound of its own, and wants to count every attempt.
  const grouped = format === 'table' && !individually;
  const wanted = grouped && !chosen ? VERDICTS.filter((verdict) => verdict !== 'complete') : verdicts;
  return Object.freeze({
    files: given.list('files'),
    format,
    check: given.flag('check') ?? false,
    limit,
    individually,
    ...textOptions(given, context, format === 'table'),
    analysis: Object.freeze({
      ...judging(given),
      jobs: threads(given),
      ports: parsePorts(given.list('port'), '--port'),
      servers: given.list('server').map((text) => parseServer(text, '--server')),
      clients: given.list('client').map((text) => parseClient(text, '--client')),
      since: momentOf(given, 'since'),
      until: momentOf(given, 'until'),
      list: {
        verdicts: wanted,
        missing,
        limit: grouped ? null : individually ? (limit ?? SORTED_ROWS) : limit,
        sort,
      },
      early: format !== 'table' && (given.flag('early') ?? false),
      trace: null,
    }),
  });
}

export function resolveShow(given: GivenArguments, context: Context): ResolvedShow {
  const id = parseCount((given.value('id') ?? '').replace(/^#/, ''), 'ID', 1, MOST_LISTED);
  const format = parseChoice(given.value('format') ?? 'ladder', '--format', SHOW_FORMATS);
  return Object.freeze({
    file: given.value('file') ?? '',
    id,
    format,
    ...textOptions(given, context, format === 'ladder'),
    analysis: Object.freeze({
      ...judging(given),
      jobs: threads(given),
      ports: [],
      servers: [],
      clients: [],
      since: null,
      until: null,
      list: { verdicts: [], missing: null, limit: 0, sort: null },
      early: false,
      trace: id,
    }),
  });
}

export function judging(
  given: GivenArguments,
): Pick<AnalysisOptions, 'patienceSeconds' | 'maxOpen' | 'seed' | 'version'> {
  return {
    patienceSeconds: parseDuration(given.value('patience') ?? String(DEFAULT_PATIENCE_SECONDS), '--patience'),
    maxOpen: parseCount(given.value('max-open') ?? String(DEFAULT_MAX_OPEN), '--max-open', 1, MOST_OPEN),
    seed: randomSeed(),
    version: VERSION,
  };
}

function threads(given: GivenArguments): NonNullable<AnalysisOptions['jobs']> {
  const text = given.value('jobs');
  const unasked = Math.min(availableParallelism(), MOST_JOBS_UNASKED);
  return jobsOf(text === null ? unasked : parseCount(text, '--jobs', 1, MOST_JOBS));
}

export function resolveMissing(given: GivenArguments): readonly LegName[] | 'any' | null {
  const texts = given.list('missing');
  if (texts.length === 0) return null;
  const legs = texts.map((text) => parseChoice(text, '--missing', MISSING_CHOICES));
  return legs.includes('any') ? 'any' : LEGS.filter((leg) => legs.includes(leg));
}

function momentOf(given: GivenArguments, name: 'since' | 'until'): AnalysisOptions['since'] {
  const text = given.value(name);
  return text === null ? null : parseMoment(text, `--${name}`);
}

/** @param isText the format is for people: then a terminal counts. */
export function textOptions(given: GivenArguments, context: Context, isText: boolean): TextOptions {
  const file = given.value('out');
  const out = file === '-' ? null : file;
  const toTerminal = out === null && context.stdout.isTTY;
  const widthText = given.value('width');
  const width = widthText === null ? null : parseCount(widthText, '--width', 20, MOST_WIDTH);
  return {
    out,
    colour: isText && wantsColour(given.flag('color'), toTerminal, context.env),
    width: width ?? (toTerminal ? context.stdout.columns : null) ?? DEFAULT_WIDTH,
    // A bar would cut through records that go to the same terminal; a dumb one knows no way back on a line.
    progress: (given.flag('progress') ?? context.env['TERM'] !== 'dumb') && (isText || !toTerminal),
  };
}

/** The option, then NO_COLOR (no-color.org: any value but the empty one), then FORCE_COLOR, then whether somebody looks. */
function wantsColour(option: boolean | null, toTerminal: boolean, env: Context['env']): boolean {
  if (option !== null) return option;
  if ((env['NO_COLOR'] ?? '') !== '') return false;
  const force = env['FORCE_COLOR'];
  if (force !== undefined) return force !== '0' && force !== 'false';
  return toTerminal && env['TERM'] !== 'dumb';
}
