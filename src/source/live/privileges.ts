/** Giving up root once everything that needs it is open: packets are parsed without it. */
import { readFileSync } from 'node:fs';
import { UserError } from '../user-error.ts';

interface Identity {
  readonly name: string;
  readonly user: number;
  readonly group: number;
}

/**
 * Makes the process, all its threads, a user without rights: the one that is named, else the one who called sudo. What is open stays open; root can't be had back.
 * Answers the user's name, or null when nothing was given up (not root, or nobody to become).
 * @throws UserError when there is no such user
 */
export function dropPrivileges(
  wanted: string | null,
  env: Readonly<Record<string, string | undefined>>,
): string | null {
  if (process.geteuid?.() !== 0) return null;
  const identity = wanted === null ? callerOfSudo(env) : namedUser(wanted);
  if (identity === null || identity.user === 0) return null;
  process.setgroups?.([]);
  process.setgid?.(identity.group);
  process.setuid?.(identity.user);
  return identity.name;
}

function callerOfSudo(env: Readonly<Record<string, string | undefined>>): Identity | null {
  const { SUDO_UID: user, SUDO_GID: group, SUDO_USER: name } = env;
  if (user === undefined || group === undefined || !/^\d+$/.test(user) || !/^\d+$/.test(group)) return null;
  return { name: name ?? user, user: Number(user), group: Number(group) };
}

/** By name or number, from /etc/passwd (passwd(5)): name, password, user, group, … */
function namedUser(wanted: string): Identity {
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
  for (const line of lines) {
    const [name = '', , user, group] = line.split(':');
    if (name !== '' && (name === wanted || user === wanted)) return { name, user: Number(user), group: Number(group) };
  }
  throw new UserError(`there is no user ${wanted} on this host: name one of /etc/passwd with --user`);
}
