/** What a caller of the library may get wrong, in a sentence: a bound of 0 would never let go of memory, and NaN compares with nothing. */
import { LEGS, VERDICTS } from './handshake/handshake.ts';
import { SORT_KEYS } from './report/record-list.ts';
import { UserError } from './source/user-error.ts';

const LAST_PORT = 65_535;
const MOST_OPEN = 2 ** 24;
const MOST_THREADS = 64;

/** Of AnalyzeOptions: what its type leaves to be wrong, and what a caller without types can get wrong. */
interface Given {
  readonly patienceSeconds?: number;
  readonly maxOpen?: number;
  readonly ports?: readonly number[];
  readonly since?: number;
  readonly until?: number;
  readonly verdicts?: readonly string[];
  readonly missing?: readonly string[] | 'any';
  readonly limit?: number;
  readonly sort?: string;
  readonly jobs?: number;
}

/** @throws UserError */
export function checkOptions(options: Given): void {
  const { patienceSeconds = 0, maxOpen = 1, limit = 0, jobs = 1, since = 0, until = 0, missing = [] } = options;
  checkNumber('patienceSeconds', patienceSeconds, 0, Number.MAX_SAFE_INTEGER, 'seconds');
  checkNumber('since', since, 0, Number.MAX_SAFE_INTEGER, 'epoch seconds');
  checkNumber('until', until, 0, Number.MAX_SAFE_INTEGER, 'epoch seconds');
  checkWhole('maxOpen', maxOpen, 1, MOST_OPEN);
  checkWhole('limit', limit, 0, Number.MAX_SAFE_INTEGER);
  checkWhole('jobs', jobs, 1, MOST_THREADS);
  for (const port of options.ports ?? []) checkWhole('ports', port, 0, LAST_PORT);
  for (const verdict of options.verdicts ?? []) checkChoice('verdicts', verdict, VERDICTS);
  for (const leg of missing === 'any' ? [] : missing) checkChoice('missing', leg, LEGS);
  if (options.sort !== undefined) checkChoice('sort', options.sort, SORT_KEYS);
}

function checkNumber(name: string, value: number, least: number, most: number, unit: string): void {
  if (typeof value === 'number' && value >= least && value <= most) return;
  throw new UserError(`${name} takes ${unit} from ${least} on, not ${value}`);
}

function checkWhole(name: string, value: number, least: number, most: number): void {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return;
  throw new UserError(`${name} takes whole numbers from ${least} to ${most}, not ${value}`);
}

function checkChoice(name: string, value: string, choices: readonly string[]): void {
  if (!choices.includes(value)) throw new UserError(`${name} takes ${choices.join(', ')}, not ${value}`);
}
