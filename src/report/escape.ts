/**
 * Text that comes from a capture or from a file's name, made safe for where it is printed. A packet's sender must not be able to move the
 * cursor of the analyst's terminal, turn the reading direction of a line, or plant a formula in a spreadsheet.
 */

/**
 * What a terminal acts upon, or shows as nothing: C0 and C1 controls, DEL, line and paragraph separators, directional marks, overrides and isolates
 * (Unicode UAX #9), zero-width characters, interlinear annotation, tag characters, lone surrogates.
 */
const UNSAFE =
  /[\p{Cc}\p{Cs}\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;

/** One line of text for a terminal: what is unsafe appears as `\x1b` or `\u{202e}`. */
export function printable(text: string): string {
  return text.replace(UNSAFE, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
  });
}

/** JSON text of a value; what is unsafe inside of its strings is written as an escape of JSON, so that the value stays the same. */
export function jsonText(value: unknown, indent = 0): string {
  const text = JSON.stringify(value, null, indent);
  return text.replace(UNSAFE, (character) => (character === '\n' ? character : escapeUnits(character)));
}

/** UTF-16 code units, as JSON escapes them (RFC 8259 §7). */
function escapeUnits(character: string): string {
  let escaped = '';
  for (let index = 0; index < character.length; index += 1) {
    escaped += `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`;
  }
  return escaped;
}

/** What a spreadsheet takes for the beginning of a formula (OWASP, "CSV Injection"). */
const FORMULA = /^[=+\-@\t\r]/;

/** A text field of a CSV line: a formula gets an apostrophe in front, quotes as in RFC 4180 §2. */
export function csvText(text: string): string {
  const safe = printable(FORMULA.test(text) ? `'${text}` : text);
  return /[",]/.test(safe) || safe !== safe.trim() ? `"${safe.replaceAll('"', '""')}"` : safe;
}
