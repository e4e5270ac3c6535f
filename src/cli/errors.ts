/** What the exit code says, and how an error is told. */
import { UserError } from '../source/user-error.ts';

export const EXIT = {
  DONE: 0,
  /** Only with --check: a leg is missing. */
  LEG_MISSING: 1,
  /** `doctor` found a fault. */
  FAULT_FOUND: 1,
  /** Wrong usage, a file that can't be read, a damaged capture. */
  COULD_NOT: 2,
  /** A bug of this programme (sysexits.h EX_SOFTWARE). */
  BUG: 70,
} as const;

/** The command line itself is wrong: what is told ends with where to read more. */
export class UsageError extends UserError {}

/** Whoever read the output has stopped reading (`| head`): there is nobody left to tell, and nothing went wrong. */
export class BrokenPipe extends Error {
  override readonly name = 'BrokenPipe';
}
