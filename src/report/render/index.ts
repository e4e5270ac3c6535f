/** The output formats by name. Each is loaded when it is asked for: nobody who wants JSON waits for the libraries that draw tables. */
import type { Renderer, RenderOptions } from './renderer.ts';

const LOADERS = {
  table: async () => (await import('./table.ts')).tableRenderer,
  json: async () => (await import('./json.ts')).jsonRenderer,
  ndjson: async () => (await import('./ndjson.ts')).ndjsonRenderer,
  csv: async () => (await import('./csv.ts')).csvRenderer,
} as const satisfies Record<string, () => Promise<(options: RenderOptions) => Renderer>>;

export async function createRenderer(format: keyof typeof LOADERS, options: RenderOptions): Promise<Renderer> {
  const create = await LOADERS[format]();
  return create(options);
}
