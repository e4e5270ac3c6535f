/** Texts as somebody writes them into a capture, a file's name or a process's name to reach whoever reads the report; and what may not come out. */

export const HOSTILE_TEXTS = [
  '\u001b[2J\u001b[31mred\u001b]0;title\u0007',
  '\u001bP$q"p\u001b\\\u009b2J\u0090\u009c',
  'evil\u202egpj.exe\u2066\u2069\u200f\u061c',
  'line\nfeed\rreturn\u2028separator\u2029\u0085',
  '=HYPERLINK("http://x/?"&A1,"y")',
  "@SUM(1)*cmd|' /C calc'!A0",
  '+1-1|\t=2',
  '</script><script>alert(1)</script><!--',
  '"><img src=x onerror=alert(1)>&amp;',
  'nul\u0000del\u007fbell\u0007back\u0008',
  'tag\u{e0041}zero\u200bwidth\ufeff',
  '%s%n`id`$(id)',
  '__proto__',
  'constructor',
] as const;

/**
 * What acts on a terminal or turns its text around: C0 but the line feed, DEL, C1, directional marks, embeddings, overrides and isolates, line and paragraph
 * separators. Written down here once more, so that a mistake in src/report/escape.ts shows itself.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
const ACTING = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u;

/** What of `text` would act, with its surroundings; null when nothing does. */
export function actingIn(text: string): string | null {
  const found = ACTING.exec(text);
  if (found === null) return null;
  return JSON.stringify(text.slice(Math.max(0, found.index - 40), found.index + 40));
}
