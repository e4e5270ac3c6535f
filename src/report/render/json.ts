/**
 * `--format json`: one document (docs/record.md), written as it comes. The attempts stand before the summary because the summary is known last; one
 * attempt a line, so that the document is never held in memory and a text tool can still cut it.
 */
import { jsonText } from '../escape.ts';
import { recordText } from '../record-text.ts';
import type { Renderer, RenderOptions } from './renderer.ts';

export function jsonRenderer(options: RenderOptions): Renderer {
  let separator = '\n';
  const steps = {
    text: recordText,
    place(text: string): string {
      const placed = `${separator}    ${text}`;
      separator = ',\n';
      return placed;
    },
  };
  return {
    steps,
    begin: () => `{\n  "tool": ${jsonText({ name: 'tripod', version: options.version })},\n  "handshakes": [`,
    handshake: (handshake) => steps.place(steps.text(handshake)),
    end(report) {
      const close = separator === '\n' ? ']' : '\n  ]';
      const members = [
        `"capture": ${indented(report.capture)}`,
        `"summary": ${indented(report.summary)}`,
        `"servers": ${indented(report.servers)}`,
      ];
      return `${close},\n  ${members.join(',\n  ')}\n}\n`;
    },
  };
}

function indented(value: unknown): string {
  return jsonText(value, 2).replaceAll('\n', '\n  ');
}
