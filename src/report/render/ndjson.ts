/** `--format ndjson`: one record of an attempt a line, and nothing else, so that every line can be read alike. */
import { recordText } from '../record-text.ts';
import type { Renderer } from './renderer.ts';

export function ndjsonRenderer(): Renderer {
  const steps = { text: recordText, place: (text: string) => `${text}\n` };
  return {
    steps,
    begin: () => '',
    handshake: (handshake) => steps.place(steps.text(handshake)),
    end: () => '',
  };
}
