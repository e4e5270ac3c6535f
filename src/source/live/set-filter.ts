/** Gives an open handle its filter: the user's expression, compiled by libpcap, and ours behind it. */
import { UserError } from '../user-error.ts';
import { chain, decodeProgram, encodeProgram, INSTRUCTION_LENGTH, type Instruction, MOST_INSTRUCTIONS } from './bpf.ts';
import { kernelFilter } from './kernel-filter.ts';
import type { Libpcap, Pointer } from './libpcap.ts';
import type { LiveOptions } from './options.ts';

/** struct bpf_program: a count (4 octets, and 4 that pad), and the address of the instructions. */
const PROGRAM_LENGTH = 16;
const ADDRESS_AT = 8;
const OPTIMIZE = 1;
const UNKNOWN_NETMASK = 0xffff_ffff;

/** @throws UserError with libpcap's words when the expression is wrong, or the kernel does not take it */
export function setFilter(pcap: Libpcap, handle: Pointer, options: LiveOptions): void {
  const theirs = options.filter === '' ? [] : compile(pcap, handle, options.filter);
  const ours = ourFilter(pcap, handle, options);
  const program = theirs.length > 0 && ours.length > 0 ? chain(theirs, ours) : [...theirs, ...ours];
  if (program.length === 0) return;
  // A bound of the kernel; what is left out here is left out again later.
  install(pcap, handle, program.length > MOST_INSTRUCTIONS ? theirs : program);
}

function ourFilter(pcap: Libpcap, handle: Pointer, { endpoints, snapLength }: LiveOptions): readonly Instruction[] {
  if (endpoints === null) return [];
  const linkType = pcap.call.pcap_datalink(handle) as number;
  const { ports, servers, clients } = endpoints;
  return (
    kernelFilter({ ports, servers, clients, linkType, snapLength, dropBulk: true }) ??
    kernelFilter({ ports: [], servers: [], clients: [], linkType, snapLength, dropBulk: true }) ??
    []
  );
}

function compile(pcap: Libpcap, handle: Pointer, expression: string): Instruction[] {
  const { call } = pcap;
  const memory = pcap.allocate(PROGRAM_LENGTH);
  if (call.pcap_compile(handle, memory, expression, OPTIMIZE, UNKNOWN_NETMASK) !== 0) {
    pcap.free(memory);
    const words = call.pcap_geterr(handle);
    throw new UserError(
      `the filter "${expression}" is wrong: ${words}${placeOf(pcap, handle, expression)} (see man pcap-filter)`,
    );
  }
  const view = dataView(pcap.view(memory, PROGRAM_LENGTH));
  const count = view.getUint32(0, true);
  const instructions = pcap.view(view.getBigUint64(ADDRESS_AT, true), count * INSTRUCTION_LENGTH);
  const program = decodeProgram(instructions);
  call.pcap_freecode(memory);
  pcap.free(memory);
  return program;
}

/** Words of an expression that are tried, each with all before it. */
const WORDS_TRIED = 100;

/** libpcap does not say where: the longest beginning that it can read does. Empty when it reads none. */
function placeOf(pcap: Libpcap, handle: Pointer, expression: string): string {
  const words = expression.trim().split(/\s+/);
  for (let count = Math.min(words.length - 1, WORDS_TRIED); count > 0; count -= 1) {
    const beginning = words.slice(0, count).join(' ');
    if (isRight(pcap, handle, beginning)) {
      return `, at "${words.slice(count).join(' ')}" behind "${beginning}"`;
    }
  }
  return '';
}

function isRight({ call, allocate, free }: Libpcap, handle: Pointer, expression: string): boolean {
  const memory = allocate(PROGRAM_LENGTH);
  const isRead = call.pcap_compile(handle, memory, expression, OPTIMIZE, UNKNOWN_NETMASK) === 0;
  if (isRead) call.pcap_freecode(memory);
  free(memory);
  return isRead;
}

function install(pcap: Libpcap, handle: Pointer, program: readonly Instruction[]): void {
  const { call } = pcap;
  const bytes = encodeProgram(program);
  const instructions = pcap.allocate(bytes.length);
  pcap.view(instructions, bytes.length).set(bytes);
  const memory = pcap.allocate(PROGRAM_LENGTH);
  const view = dataView(pcap.view(memory, PROGRAM_LENGTH));
  view.setUint32(0, program.length, true);
  view.setBigUint64(ADDRESS_AT, pcap.address(instructions), true);
  const isSet = call.pcap_setfilter(handle, memory) === 0;
  // libpcap has copied them.
  pcap.free(instructions);
  pcap.free(memory);
  if (!isSet) throw new UserError(`the kernel does not take the filter: ${call.pcap_geterr(handle)}`);
}

function dataView(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
