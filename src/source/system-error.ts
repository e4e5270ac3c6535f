/** The system's errors in the user's words. */
import { UserError } from './user-error.ts';

/** A UserError for a failed system call on `path`, with what to do; any other error as it is, but with the name in front when it is a UserError of a stream. */
export function asUserError(error: unknown, path: string): unknown {
  if (error instanceof UserError) {
    return error.message.includes(path) ? error : new UserError(`${path}: ${error.message}`, { cause: error });
  }
  const code = codeOf(error);
  if (code === null) return error;
  return new UserError(`${sentence(code, path)} (${code})`, { cause: error });
}

/** The code of a failed system call, or null when the error is something else. */
export function codeOf(error: unknown): string | null {
  if (!(error instanceof Error) || !('syscall' in error) || !('code' in error)) return null;
  return typeof error.code === 'string' ? error.code : null;
}

function sentence(code: string, path: string): string {
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return `there is no file ${path}: check the path`;
    case 'EACCES':
    case 'EPERM':
      return `no permission to read ${path}: run as its owner, or have it made readable`;
    case 'ELOOP':
      return `${path} is a symbolic link that leads back to itself: name the file`;
    case 'EISDIR':
      return `${path} is a folder: name a capture file`;
    case 'ENXIO':
      return `${path} is a socket or a device without driver: name a capture file`;
    case 'EMFILE':
    case 'ENFILE':
      return `too many files are open to read ${path}: raise ulimit -n`;
    case 'EIO':
      return `the disk could not read ${path}: copy what can be saved, and read the copy`;
    default:
      return `${path} could not be read: check that it is a file on a healthy disk`;
  }
}
