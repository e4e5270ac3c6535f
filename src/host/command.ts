/** The host's own commands, for facts that they give in a form made for programmes. */
import { execFile } from 'node:child_process';
import { type Fact, unknown } from '../diagnosis/port-facts.ts';

/** Milliseconds after which a command is given up: a list of rules that holds a set of a hundred thousand addresses takes about one second. */
const PATIENCE_MILLIS = 10_000;
/** Most that is taken of an answer. */
const LONGEST_ANSWER = 1 << 26;

/** What the command writes to its standard output; unknown, with the reason, when it can't be run or fails. */
export type CommandRunner = (command: string, ...words: readonly string[]) => Promise<Fact<string>>;

/** Commands of administrators lie in /usr/sbin, which the path of an ordinary user leaves out. */
const ENVIRONMENT = { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin:/usr/bin:/bin`, LC_ALL: 'C' };

export const runOnHost: CommandRunner = (command, ...words) =>
  new Promise((resolve) => {
    const options = { timeout: PATIENCE_MILLIS, maxBuffer: LONGEST_ANSWER, env: ENVIRONMENT };
    execFile(command, words, options, (error, stdout, stderr) => {
      resolve(error === null ? stdout : unknown(reasonOf(command, words, error, stderr)));
    });
  });

function reasonOf(command: string, words: readonly string[], error: Error, stderr: string): string {
  const { code, killed } = error as { code?: string | number; killed?: boolean };
  if (code === 'ENOENT') return `the command ${command} is not installed`;
  if (code === 'EACCES') return `no permission to run ${command}: run as root`;
  const line = stderr.trim().split('\n')[0] ?? '';
  if (/not permitted|must be root/i.test(line)) {
    return `no permission for ${command} ${words.join(' ')}: run as root`;
  }
  if (killed === true) return `${command} ${words.join(' ')} did not end within ${PATIENCE_MILLIS / 1000} s`;
  return `${command} ${words.join(' ')} failed: ${line === '' ? error.message.split('\n')[0] : line}`;
}
