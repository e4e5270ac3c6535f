/** The host's own commands, for facts that they give in a form made for programmes. */
import { execFile } from 'node:child_process';
import { type Fact, unknown } from '../diagnosis/port-facts.ts';

/** Milliseconds after which a command is given up: a list of rules that holds a set of a hundred thousand addresses takes about one second. */
const PATIENCE_MILLIS = 10_000;
/** Most that is taken of an answer. */
const LONGEST_ANSWER = 1 << 26;

/** Commands at a time: a look at a host of many interfaces asks for dozens, and whoever has no processor to spare is not helped by all of them at once. */
const AT_ONCE = 4;

/** What the command writes to its standard output; unknown, with the reason, when it can't be run or fails. */
export type CommandRunner = (command: string, ...words: readonly string[]) => Promise<Fact<string>>;

/** Commands of administrators lie in /usr/sbin, which the path of an ordinary user leaves out. */
const ENVIRONMENT = { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin:/usr/bin:/bin`, LC_ALL: 'C' };

export const runOnHost: CommandRunner = (command, ...words) => runFor(PATIENCE_MILLIS, command, words);

/** Commands that are all to be done within `seconds` from now: what is not, is given up. */
export function runWithin(seconds: number): CommandRunner {
  const end = performance.now() + seconds * 1000;
  return (command, ...words) => runFor(end - performance.now(), command, words);
}

let running = 0;
const waiting: (() => void)[] = [];

async function runFor(millis: number, command: string, words: readonly string[]): Promise<Fact<string>> {
  const end = performance.now() + millis;
  if (running >= AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve));
  else running += 1;
  const left = Math.min(PATIENCE_MILLIS, end - performance.now());
  const answer = left > 0 ? await runOne(command, words, left) : unknown(lateWords(command, words, millis));
  const next = waiting.shift();
  // Its place is handed on.
  if (next === undefined) running -= 1;
  else next();
  return answer;
}

function runOne(command: string, words: readonly string[], millis: number): Promise<Fact<string>> {
  return new Promise((resolve) => {
    const options = { timeout: Math.ceil(millis), maxBuffer: LONGEST_ANSWER, env: ENVIRONMENT };
    execFile(command, words, options, (error, stdout, stderr) => {
      resolve(error === null ? stdout : unknown(reasonOf(command, words, { error, stderr, millis })));
    });
  });
}

function lateWords(command: string, words: readonly string[], millis: number): string {
  return `${command} ${words.join(' ')} did not end within ${(millis / 1000).toFixed(0)} s`;
}

interface Failure {
  readonly error: Error;
  readonly stderr: string;
  /** How long it was waited for. */
  readonly millis: number;
}

function reasonOf(command: string, words: readonly string[], { error, stderr, millis }: Failure): string {
  const { code, killed } = error as { code?: string | number; killed?: boolean };
  if (code === 'ENOENT') return `the command ${command} is not installed`;
  if (code === 'EACCES') return `no permission to run ${command}: run as root`;
  const line = stderr.trim().split('\n')[0] ?? '';
  if (/not permitted|must be root/i.test(line)) {
    return `no permission for ${command} ${words.join(' ')}: run as root`;
  }
  if (killed === true) return lateWords(command, words, millis);
  return `${command} ${words.join(' ')} failed: ${line === '' ? error.message.split('\n')[0] : line}`;
}
