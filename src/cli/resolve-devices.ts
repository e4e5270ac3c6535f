/** What `tripod devices` was asked for, complete and checked. */
import type { GivenArguments } from './command.ts';
import type { Context } from './context.ts';
import { type NamespaceChoice, resolveNamespace } from './namespace.ts';
import { DEVICES_FORMATS } from './options.ts';
import { type TextOptions, textOptions } from './resolve.ts';
import { parseChoice } from './values.ts';

export interface ResolvedDevices extends TextOptions {
  readonly namespace: NamespaceChoice;
  readonly format: (typeof DEVICES_FORMATS)[number];
}

export function resolveDevices(given: GivenArguments, context: Context): ResolvedDevices {
  const format = parseChoice(given.value('format') ?? 'table', '--format', DEVICES_FORMATS);
  return Object.freeze({
    namespace: resolveNamespace(given),
    format,
    ...textOptions(given, context, format === 'table'),
  });
}
