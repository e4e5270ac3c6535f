/** Opens one interface: activated, filtered, not blocking. */
import { UserError } from '../user-error.ts';
import type { Libpcap, Pointer } from './libpcap.ts';
import { openError } from './open-errors.ts';
import type { LiveOptions } from './options.ts';
import { setFilter } from './set-filter.ts';

const ERROR_BUFFER = 256;
const NANOSECONDS = 1;
const DIRECTIONS = { inout: 0, in: 1, out: 2 } as const;
/** DLT_LINUX_SLL2: it names the interface of each packet, and its direction. */
const SLL2 = 276;

export interface OpenInterface {
  readonly handle: Pointer;
  /** For poll(2). */
  readonly descriptor: number;
  /** LINKTYPE_ number. */
  readonly linkType: number;
}

/** @throws UserError when it can't be opened, with what to do; when the filter is wrong, with libpcap's words */
export function openInterface(pcap: Libpcap, name: string, options: LiveOptions): OpenInterface {
  const { call } = pcap;
  const errors = pcap.allocate(ERROR_BUFFER);
  const handle: Pointer = call.pcap_create(name, errors);
  if (handle === null) throw openError(name, 0, textOf(pcap.view(errors, ERROR_BUFFER)));
  call.pcap_set_snaplen(handle, options.snapLength);
  call.pcap_set_promisc(handle, options.promiscuous ? 1 : 0);
  call.pcap_set_timeout(handle, options.timeoutMillis);
  call.pcap_set_buffer_size(handle, options.bufferBytes);
  call.pcap_set_tstamp_precision(handle, NANOSECONDS);
  try {
    const status = call.pcap_activate(handle) as number;
    if (status < 0) throw openError(name, status, saidOf(pcap, handle, status));
    if (name === 'any') call.pcap_set_datalink(handle, SLL2);
    setFilter(pcap, handle, options);
    if (options.direction !== 'inout' && call.pcap_setdirection(handle, DIRECTIONS[options.direction]) !== 0) {
      throw new UserError(`${name}: one direction alone can't be captured here: ${call.pcap_geterr(handle)}`);
    }
    call.pcap_setnonblock(handle, 1, errors);
  } catch (error) {
    call.pcap_close(handle);
    throw error;
  } finally {
    pcap.free(errors);
  }
  return {
    handle,
    descriptor: call.pcap_get_selectable_fd(handle) as number,
    linkType: call.pcap_datalink(handle) as number,
  };
}

function saidOf(pcap: Libpcap, handle: Pointer, status: number): string {
  const said = pcap.call.pcap_geterr(handle) as string;
  return said === '' ? (pcap.call.pcap_statustostr(status) as string) : said;
}

function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(bytes.slice(0, end < 0 ? bytes.length : end));
}
