/** The output formats by name. */
import { csvRenderer } from './csv.ts';
import { jsonRenderer } from './json.ts';
import { ndjsonRenderer } from './ndjson.ts';
import type { Renderer, RenderOptions } from './renderer.ts';
import { tableRenderer } from './table.ts';

export const RENDERERS = {
  table: tableRenderer,
  json: jsonRenderer,
  ndjson: ndjsonRenderer,
  csv: csvRenderer,
} as const satisfies Record<string, (options: RenderOptions) => Renderer>;
