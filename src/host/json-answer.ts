/** What `ip`, `tc` and their like answer with -j: a list of objects of which nothing is taken for granted. */
import { type Fact, isKnown, unknown } from '../diagnosis/port-facts.ts';
import type { CommandRunner } from './command.ts';

export type Json = Readonly<Record<string, unknown>>;

export async function jsonList(
  run: CommandRunner,
  command: string,
  ...words: readonly string[]
): Promise<Fact<readonly Json[]>> {
  const text = await run(command, ...words);
  return isKnown(text) ? parseJsonList(text, `${command} ${words.join(' ')}`) : text;
}

/** @param source of the text, for the reason why it is no list */
function parseJsonList(text: string, source: string): Fact<readonly Json[]> {
  if (text.trim() === '') return [];
  try {
    const list: unknown = JSON.parse(text);
    if (Array.isArray(list)) return list.filter(isObject);
  } catch {
    // Told below.
  }
  return unknown(`what ${source} says can’t be understood`);
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function objectIn(object: Json, name: string): Json {
  const value = object[name];
  return isObject(value) ? value : {};
}

export function textIn(object: Json, name: string): string | null {
  const value = object[name];
  return typeof value === 'string' ? value : null;
}

export function numberIn(object: Json, name: string): number | null {
  const value = object[name];
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

export function listIn(object: Json, name: string): readonly Json[] {
  const value = object[name];
  return Array.isArray(value) ? value.filter(isObject) : [];
}
