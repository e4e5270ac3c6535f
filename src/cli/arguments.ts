/** The command line before it is parsed: what people type without thinking, written out. Pure. */
import type { Command } from './command.ts';

/** These are understood without a command. */
const GLOBAL = ['--help', '-h', '--version', '-v'];

/**
 * - `tripod capture.pcap` and `tripod --port 443 capture.pcap` mean `tripod analyze …`.
 * - an option whose value may be left out (`--missing`) gets its value when the word after it is none: `--missing capture.pcap`.
 */
export function writeOut(
  words: readonly string[],
  commands: readonly Command[],
  exists: (path: string) => boolean,
): string[] {
  const named = withCommand(words, commands, exists);
  const command = commands.find(({ name }) => name === named[0]);
  return command === undefined ? named : withImpliedValues(named, command);
}

function withCommand(
  words: readonly string[],
  commands: readonly Command[],
  exists: (path: string) => boolean,
): string[] {
  const [first] = words;
  const standard = commands[0];
  if (first === undefined || standard === undefined || commands.some(({ name }) => name === first)) return [...words];
  if (first.startsWith('-') && first !== '-') {
    if (GLOBAL.includes(first)) return [...words];
    const end = words.indexOf('--');
    const options = end < 0 ? words : words.slice(0, end);
    const command = options.find((word) => commands.some(({ name }) => name === word));
    if (command === undefined || exists(command)) return [standard.name, ...words];
    // Options before the command: the command goes to the front.
    const at = words.indexOf(command);
    return [command, ...words.slice(0, at), ...words.slice(at + 1)];
  }
  return first === '-' || /[./*?[\\]/.test(first) || exists(first) ? [standard.name, ...words] : [...words];
}

function withImpliedValues(words: readonly string[], command: Command): string[] {
  const result: string[] = [];
  for (const [index, word] of words.entries()) {
    if (word === '--') return [...result, ...words.slice(index)];
    const option = word.startsWith('--') ? command.options[word.slice(2)] : undefined;
    if (option?.implied === undefined || isValue(words[index + 1], option.choices ?? [])) result.push(word);
    else result.push(`${word}=${option.implied}`);
  }
  return result;
}

function isValue(word: string | undefined, choices: readonly string[]): boolean {
  return word?.split(',').every((part) => choices.includes(part)) ?? false;
}
