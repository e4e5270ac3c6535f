/** Everything that is no result goes to standard error, with the programme's name in front, safe for a terminal. */
import { printable } from '../report/escape.ts';
import type { SourceSummary } from '../report/report.ts';
import type { Context } from './context.ts';

/** @param more further lines. A line feed inside of a text is shown, not sent: it may come from the name of a file. */
export function tell(context: Context, message: string, ...more: readonly string[]): void {
  context.stderr.write(`tripod: ${[message, ...more].map(printable).join('\n')}\n`);
  try {
    context.stderr.flush();
  } catch {
    // When nobody reads standard error either, there is no one to tell.
  }
}

/** Sentences of a kind that are told one by one: a set of ten thousand files that nobody may read would bury the rest. */
const TOLD_AT_MOST = 10;

/** @param rest what is said of those that are not told, after their number */
function tellEach(context: Context, messages: readonly string[], rest: string): void {
  for (const message of messages.slice(0, TOLD_AT_MOST)) tell(context, message);
  if (messages.length > TOLD_AT_MOST) tell(context, `${messages.length - TOLD_AT_MOST} more ${rest}`);
}

/** Why a source ended before its end; with its name, where there are several. */
export function tellDamage(context: Context, sources: readonly SourceSummary[]): void {
  const messages = sources.flatMap(({ name, damage }) => {
    if (damage === null) return [];
    return [sources.length === 1 || damage.includes(name) ? damage : `${name}: ${damage}`];
  });
  tellEach(context, messages, 'sources ended early, too: --format json has the damage of each');
}

export function tellWarnings(context: Context, warnings: readonly string[]): void {
  tellEach(context, warnings, 'warnings of this kind');
}
