/**
 * libpcap, called through koffi: only what a capture needs. Packets never cross this line one by one: libpcap's own `pcap_dump` is the handler of `pcap_dispatch`, and
 * writes an ordinary pcap stream into memory (0.25 to 0.38 µs a packet, measured with libpcap 1.10; a JavaScript handler costs twice that).
 * https://www.tcpdump.org/manpages/pcap.3pcap.html
 */
import type { LibraryHandle } from 'koffi';
import { UserError } from '../user-error.ts';

/** The shared library's names: upstream's, Debian's, macOS'. */
const LIBRARY_NAMES = ['libpcap.so.1', 'libpcap.so.0.8', 'libpcap.dylib'] as const;

/** A pointer of the C side. */
export type Pointer = unknown;

type CFunction = ReturnType<LibraryHandle['func']>;
type Calls = Readonly<Record<keyof typeof PCAP_PROTOTYPES | keyof typeof C_PROTOTYPES, CFunction>>;

export interface Libpcap {
  readonly call: Calls;
  /** The address of `pcap_dump`. */
  readonly pcapDump: Pointer;
  /** `octets` of memory that the C side can keep. */
  allocate(octets: number): Pointer;
  /** The same memory as bytes. */
  view(memory: Pointer, octets: number): Uint8Array;
  free(memory: Pointer): void;
  /** Where it is, for a structure of the C side. */
  address(memory: Pointer): bigint;
}

const PCAP_PROTOTYPES = {
  pcap_create: 'void *pcap_create(const char *source, void *errbuf)',
  pcap_set_snaplen: 'int pcap_set_snaplen(void *p, int snaplen)',
  pcap_set_promisc: 'int pcap_set_promisc(void *p, int promisc)',
  pcap_set_timeout: 'int pcap_set_timeout(void *p, int milliseconds)',
  pcap_set_buffer_size: 'int pcap_set_buffer_size(void *p, int octets)',
  pcap_set_tstamp_precision: 'int pcap_set_tstamp_precision(void *p, int precision)',
  pcap_activate: 'int pcap_activate(void *p)',
  pcap_setdirection: 'int pcap_setdirection(void *p, int direction)',
  pcap_setnonblock: 'int pcap_setnonblock(void *p, int nonblock, void *errbuf)',
  pcap_get_selectable_fd: 'int pcap_get_selectable_fd(void *p)',
  pcap_datalink: 'int pcap_datalink(void *p)',
  pcap_set_datalink: 'int pcap_set_datalink(void *p, int linktype)',
  pcap_compile: 'int pcap_compile(void *p, void *program, const char *text, int optimize, uint netmask)',
  pcap_setfilter: 'int pcap_setfilter(void *p, void *program)',
  pcap_freecode: 'void pcap_freecode(void *program)',
  pcap_dispatch: 'int pcap_dispatch(void *p, int count, void *handler, void *user)',
  pcap_stats: 'int pcap_stats(void *p, void *stats)',
  pcap_lib_version: 'const char *pcap_lib_version()',
  pcap_geterr: 'const char *pcap_geterr(void *p)',
  pcap_statustostr: 'const char *pcap_statustostr(int status)',
  pcap_dump_fopen: 'void *pcap_dump_fopen(void *p, void *file)',
  pcap_dump_flush: 'int pcap_dump_flush(void *dumper)',
  pcap_dump_ftell: 'long pcap_dump_ftell(void *dumper)',
  pcap_dump_close: 'void pcap_dump_close(void *dumper)',
  pcap_close: 'void pcap_close(void *p)',
} as const;

const C_PROTOTYPES = {
  fmemopen: 'void *fmemopen(void *memory, size_t octets, const char *mode)',
  fseek: 'int fseek(void *file, long offset, int whence)',
  poll: 'int poll(void *descriptors, ulong count, int milliseconds)',
  eventfd: 'int eventfd(uint initial, int flags)',
  write: 'long write(int descriptor, const void *bytes, size_t octets)',
  read: 'long read(int descriptor, void *bytes, size_t octets)',
  close: 'int close(int descriptor)',
  socket: 'int socket(int family, int type, int protocol)',
  ioctl: 'int ioctl(int descriptor, ulong request, void *argument)',
} as const;

let loaded: Promise<Libpcap> | null = null;

/** The same object at each call. @throws UserError when libpcap or koffi is not there, with what to install */
export function loadLibpcap(): Promise<Libpcap> {
  loaded ??= load();
  return loaded;
}

async function load(): Promise<Libpcap> {
  const koffi = await importKoffi();
  const library = openLibrary((name) => koffi.load(name));
  // The programme itself has the C library's functions, whichever library that is.
  const c = koffi.load(null);
  const bound: Record<string, CFunction> = {};
  for (const [name, prototype] of Object.entries(PCAP_PROTOTYPES)) bound[name] = library.func(prototype);
  for (const [name, prototype] of Object.entries(C_PROTOTYPES)) bound[name] = c.func(prototype);
  return {
    call: bound as Calls,
    pcapDump: library.symbol('pcap_dump'),
    allocate: (octets) => koffi.alloc('uint8_t', octets),
    view: (memory, octets) => new Uint8Array(koffi.view(memory, octets)),
    free: (memory) => koffi.free(memory),
    address: (memory) => koffi.address(memory),
  };
}

async function importKoffi(): Promise<typeof import('koffi')['default']> {
  try {
    return (await import('koffi')).default;
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    throw new UserError(
      `koffi, which calls libpcap, has no build for this machine (${reason}): pipe a capture in, as in tcpdump -U -w - | tripod live -`,
    );
  }
}

function openLibrary(open: (name: string) => LibraryHandle): LibraryHandle {
  for (const name of LIBRARY_NAMES) {
    try {
      return open(name);
    } catch {
      // The next name.
    }
  }
  throw new UserError(
    'libpcap is not installed: install the package libpcap0.8 (Debian, Ubuntu) or libpcap (Fedora, Arch, Alpine), or pipe a capture in, as in tcpdump -U -w - | tripod live -',
  );
}
