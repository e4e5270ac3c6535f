/** Everything that is no result goes to standard error, with the programme's name in front, safe for a terminal. */
import { printable } from '../report/escape.ts';
import type { Context } from './context.ts';

export async function tell(context: Context, message: string): Promise<void> {
  context.stderr.write(`tripod: ${message.split('\n').map(printable).join('\n')}\n`);
  // When nobody reads standard error either, there is no one to tell.
  await context.stderr.finish().catch(() => undefined);
}
