/** What the user, or the machine, can put right: a missing file, a missing right, a wrong option. Not a bug: exit code 2. */
export class UserError extends Error {
  override readonly name = 'UserError';
  readonly exitCode = 2;

  /** `message`: one sentence that says what is wrong, and what to do. */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
  }
}
