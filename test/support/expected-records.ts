/** The records of a capture as they are kept beside it: all of them, in a form that changes only when an answer changes. */
import path from 'node:path';
import { type AnalyzeResult, analyze, type Handshake, type Report } from '../../src/index.ts';

export interface ExpectedRecords {
  readonly capture: Report['capture'];
  readonly summary: Report['summary'];
  readonly servers: Report['servers'];
  readonly handshakes: readonly Handshake[];
  readonly failures: readonly string[];
}

export async function recordsOf(input: Parameters<typeof analyze>[0], name: string): Promise<ExpectedRecords> {
  return stable(await analyze(input), name);
}

/** The version is left out, the source is called by its base name, and what JSON can't hold is gone. */
function stable({ report, handshakes, failures }: AnalyzeResult, name: string): ExpectedRecords {
  const { capture, summary, servers } = report;
  const sources = capture.sources.map((source) => ({ ...source, name: path.basename(name) }));
  const messages = failures.map(({ message }) => message);
  return JSON.parse(
    JSON.stringify({ capture: { ...capture, sources }, summary, servers, handshakes, failures: messages }),
  );
}

/** One line for each source, server and attempt: a change of the records then reads as a change of lines. */
export function asText({ capture, summary, servers, handshakes, failures }: ExpectedRecords): string {
  const { sources, ...figures } = capture;
  return `${[
    '{',
    `"sources": ${asLines(sources)},`,
    `"capture": ${JSON.stringify(figures)},`,
    `"summary": ${JSON.stringify(summary)},`,
    `"servers": ${asLines(servers)},`,
    `"handshakes": ${asLines(handshakes)},`,
    `"failures": ${asLines(failures)}`,
    '}',
  ].join('\n')}\n`;
}

export function fromText(text: string): ExpectedRecords {
  const { sources, capture, ...rest } = JSON.parse(text);
  return { capture: { sources, ...capture }, ...rest };
}

function asLines(items: readonly unknown[]): string {
  return items.length === 0 ? '[]' : `[\n${items.map((item) => JSON.stringify(item)).join(',\n')}\n]`;
}
