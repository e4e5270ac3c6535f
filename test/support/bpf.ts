/** Runs a filter program over packets as the kernel would, with libpcap's own interpreter. */
import koffi from 'koffi';
import { encodeProgram, type Instruction } from '../../src/source/live/bpf.ts';

type Interpreter = (program: Uint8Array, packet: Uint8Array, onTheWire: number, captured: number) => number;

const interpret = loadInterpreter();

/** For `describe`. */
export const BPF = interpret === null ? { skip: 'SKIPPED, NOT TESTED: needs libpcap (Debian: libpcap0.8)' } : {};

/** Whether the program hands a packet over. @param onTheWire octets, of which the packet has the first ones */
export function packetFilter(program: readonly Instruction[]): (packet: Uint8Array, onTheWire: number) => boolean {
  const encoded = encodeProgram(program);
  return (packet, onTheWire) => {
    if (interpret === null) throw new Error('libpcap is not there');
    return interpret(encoded, packet, onTheWire, packet.length) !== 0;
  };
}

function loadInterpreter(): Interpreter | null {
  for (const name of ['libpcap.so.1', 'libpcap.so.0.8', 'libpcap.dylib']) {
    try {
      const library = koffi.load(name);
      return library.func('uint bpf_filter(uint8_t *program, uint8_t *packet, uint wire, uint captured)');
    } catch {
      // The next name.
    }
  }
  return null;
}
