/** Everything that is no result goes to standard error, with the programme's name in front, safe for a terminal. */
import { printable } from '../report/escape.ts';
import type { Context } from './context.ts';

export function tell(context: Context, message: string): void {
  context.stderr.write(`tripod: ${message.split('\n').map(printable).join('\n')}\n`);
  try {
    context.stderr.flush();
  } catch {
    // When nobody reads standard error either, there is no one to tell.
  }
}
