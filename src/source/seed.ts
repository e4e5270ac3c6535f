import { randomBytes } from 'node:crypto';

/** A seed for the hash tables that nobody who crafts a capture can know. */
export function randomSeed(): number {
  return randomBytes(4).readInt32LE();
}
