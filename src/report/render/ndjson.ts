/** `--format ndjson`: one record of an attempt a line, and nothing else, so that every line can be read alike. */
import { jsonText } from '../escape.ts';
import type { Renderer } from './renderer.ts';

export function ndjsonRenderer(): Renderer {
  return {
    begin: () => '',
    handshake: (handshake) => `${jsonText(handshake)}\n`,
    end: () => '',
  };
}
