/** Opens the interfaces that a command was given. */
import { type LiveCapture, openLive } from '../source/live/live-capture.ts';
import { NoSuchInterface } from '../source/live/open-errors.ts';
import type { LiveOptions } from '../source/live/options.ts';
import { UserError } from '../source/user-error.ts';
import { nearest } from './suggest.ts';

/** A name that is nearly right is told. @throws UserError when one can't be opened, with what to do */
export async function openCaptures(options: LiveOptions): Promise<readonly LiveCapture[]> {
  try {
    return await openLive(options);
  } catch (error) {
    const meant = error instanceof NoSuchInterface ? nearest(error.interface, error.names) : null;
    if (meant === null) throw error;
    throw new UserError(`${(error as Error).message}: did you mean ${meant}?`);
  }
}
