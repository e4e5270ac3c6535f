/** `--netns NAME` and `--pid PID`: which network namespace a command works in. */
import { isKnown } from '../diagnosis/port-facts.ts';
import { type EnteredNamespace, enterNetworkNamespace, type NamespaceName } from '../host/enter-namespace.ts';
import { UserError } from '../source/user-error.ts';
import type { GivenArguments } from './command.ts';
import { UsageError } from './errors.ts';
import { parseCount } from './values.ts';

/** null: the one that the command was called in. */
export type NamespaceChoice = NamespaceName | null;

const LARGEST_PID = 4_194_304;

export function resolveNamespace(given: GivenArguments): NamespaceChoice {
  const name = given.value('netns');
  const pid = given.value('pid');
  if (name !== null && pid !== null) throw new UsageError('--netns and --pid name a network namespace both: give one');
  if (name !== null) return { kind: 'name', name };
  return pid === null ? null : { kind: 'pid', pid: parseCount(pid, '--pid', 1, LARGEST_PID) };
}

/** Before any socket is opened. @throws UserError when there is no such namespace, or no right to enter it */
export async function enterNamespace(choice: NamespaceChoice): Promise<EnteredNamespace | null> {
  if (choice === null) return null;
  const entered = await enterNetworkNamespace(choice);
  if (!isKnown(entered)) throw new UserError(entered.unknown);
  return entered;
}
