/** The C library, for what Node has no call for: netlink sockets, and a socket's error queue. */
import type { LibraryHandle } from 'koffi';
import { type Fact, unknown } from '../diagnosis/port-facts.ts';

export interface Libc {
  /** A function of the C library, by its prototype in C. */
  function(prototype: string): ReturnType<LibraryHandle['func']>;
  /** What the last call left in `errno`. */
  errno(): number;
  /** Memory whose address a structure can hold. */
  memory(length: number): NativeMemory;
}

interface NativeMemory {
  readonly address: bigint;
  readonly bytes: ArrayBuffer;
  free(): void;
}

let loaded: Fact<Libc> | null = null;

/** The same object at each call. Unknown where koffi has no build for this machine, or the system is not Linux. */
export async function loadLibc(): Promise<Fact<Libc>> {
  loaded ??= await load();
  return loaded;
}

async function load(): Promise<Fact<Libc>> {
  if (process.platform !== 'linux')
    return unknown(`only Linux is asked for its sockets, and this is ${process.platform}`);
  try {
    const { default: koffi } = await import('koffi');
    // The programme itself has the C library's functions, whichever library that is.
    const library: LibraryHandle = koffi.load(null);
    return {
      function: (prototype) => library.func(prototype),
      errno: () => koffi.errno(),
      memory(length) {
        const pointer = koffi.alloc('uint8_t', length);
        return {
          address: koffi.address(pointer),
          bytes: koffi.view(pointer, length),
          free: () => koffi.free(pointer),
        };
      },
    };
  } catch (error) {
    return unknown(`the C library can't be called: ${error instanceof Error ? error.message : String(error)}`);
  }
}
