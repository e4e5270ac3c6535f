/**
 * Which container is this? Told by the first bytes alone. What is no capture is named, because "not a capture" helps nobody who
 * downloaded a login page.
 */
import { PcapReader, pcapVariant } from './pcap.ts';
import { PcapngReader } from './pcapng.ts';
import { BLOCK, BYTE_ORDER_MAGIC } from './pcapng-blocks.ts';
import { CaptureFormatError, type CaptureReader } from './reader.ts';

/**
 * Collects the first bytes until the reader is known.
 *
 *     const reader = opener.push(chunk);   // null: more is needed; else the reader, which has been given all bytes so far
 *     opener.end();                        // the input ended before that: throws the reason
 */
export class CaptureOpener {
  /** Copies of the chunks so far: at most `ENOUGH` octets. */
  #first = new Uint8Array(0);

  /** BORROWED: after a reader was returned, the chunk belongs to it until its `next` answers NEED_MORE.
   * @throws CaptureFormatError when these bytes are no capture. */
  push(chunk: Uint8Array): CaptureReader | null {
    const bytes = this.#first.length === 0 ? chunk : joined(this.#first, chunk);
    const reader = readerFor(bytes);
    if (reader !== null) {
      reader.append(bytes);
      return reader;
    }
    if (bytes.length >= ENOUGH) throw notACapture(bytes);
    // Not slice(): a Buffer has one of its own, that shares its memory.
    this.#first = new Uint8Array(bytes);
    return null;
  }

  /** The input ended and was no capture. @param cut what it came in, where that ended before its end ("zstd") @throws CaptureFormatError always */
  end(cut: string | null): never {
    throw cut === null
      ? notACapture(this.#first)
      : new CaptureFormatError(null, 0, EXPECTED, cutStream(cut, this.#first));
  }
}

const EXPECTED = 'a pcap or pcapng file';

/** Octets after which it is decided. */
const ENOUGH = 64;

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(first.length + second.length);
  bytes.set(first);
  bytes.set(second, first.length);
  return bytes;
}

/** The reader for a container that begins like this; null when it is none, or can't be told yet. */
function readerFor(bytes: Uint8Array): CaptureReader | null {
  if (bytes.length < 4) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = view.getUint32(0);
  if (pcapVariant(magic) !== undefined || pcapVariant(view.getUint32(0, true)) !== undefined) return new PcapReader();
  if (magic !== BLOCK.SECTION_HEADER || bytes.length < 12) return null;
  const isSection = view.getUint32(8) === BYTE_ORDER_MAGIC || view.getUint32(8, true) === BYTE_ORDER_MAGIC;
  return isSection ? new PcapngReader() : null;
}

function notACapture(bytes: Uint8Array): CaptureFormatError {
  return new CaptureFormatError(null, 0, EXPECTED, describe(bytes));
}

function cutStream(compression: string, bytes: Uint8Array): string {
  const given =
    bytes.length === 0 ? 'nothing' : `${bytes.length === 1 ? 'the first byte' : `the first ${bytes.length} bytes`}`;
  return `only the beginning of a ${compression} stream, which is cut: it gives ${given} of the capture`;
}

/** What else it could be, as the end of "found …". */
function describe(bytes: Uint8Array): string {
  if (bytes.length === 0) return 'nothing: it is empty';
  for (const [name, ...patterns] of KNOWN) {
    if (patterns.some((pattern) => startsWith(bytes, pattern))) return name;
  }
  if (bytes.length < 4) return `only ${bytes.length === 1 ? '1 byte' : `${bytes.length} bytes`}`;
  if (bytes.length < ENOUGH && startsWith(bytes, '\n\r\r\n')) return `the first ${bytes.length} bytes of a pcapng file`;
  const text = textOf(bytes);
  if (text === null) return `a file that begins with the bytes ${hex(bytes.subarray(0, 8))}`;
  const start = text.trimStart().toLowerCase();
  if (start.startsWith('<!doctype html') || start.startsWith('<html')) return 'an HTML page';
  if (start.startsWith('<')) return 'an XML file';
  if (start.startsWith('{') || start.startsWith('[')) return 'a JSON file';
  return `a text file that begins with "${text.trim().split(/\r?\n/, 1)[0]?.slice(0, 40)}"`;
}

const EDITCAP = '(editcap -F pcapng FILE NEW makes a pcapng of it)';

/** Names by first bytes (a character is an octet). */
const KNOWN: readonly (readonly [string, ...string[]])[] = [
  ['a gzip stream', '\x1f\x8b'],
  ['a zstd stream', '\x28\xb5\x2f\xfd'],
  ['an lz4 stream', '\x04\x22\x4d\x18', '\x02\x21\x4c\x18'],
  ['a bzip2 stream (unpack it: bzip2 -dc FILE | tripod analyze -)', 'BZh'],
  ['an xz stream (unpack it: xz -dc FILE | tripod analyze -)', '\xfd7zXZ\0'],
  ['a zip archive (unpack it: unzip -p FILE | tripod analyze -)', 'PK\x03\x04', 'PK\x05\x06'],
  ['a 7z archive', '7z\xbc\xaf\x27\x1c'],
  [`a snoop file ${EDITCAP}`, 'snoop\0'],
  ['a Bluetooth btsnoop file', 'btsnoop\0'],
  [`an AIX iptrace file ${EDITCAP}`, 'iptrace '],
  [`a Microsoft Network Monitor file ${EDITCAP}`, 'GMBU', 'RTSS'],
  [`a Sniffer file ${EDITCAP}`, 'TRSNIFF data'],
  [`a NetXRay file ${EDITCAP}`, 'XCP\0', 'VL\0\0'],
  ['a pcapng file that a text-mode transfer has damaged', '\n\r\n', '\r\n\r\r\n', '\n\n\n'],
  [
    'a pcap file in a variant that no reader is known for',
    '\xa1\xb2\x34\xcd',
    '\xcd\x34\xb2\xa1',
    '\xa1\x2b\x3c\x4d',
    '\x4d\x3c\x2b\xa1',
  ],
  ['a Git LFS pointer in place of the file', 'version https://git-lfs'],
  ['a PDF document', '%PDF'],
  ['a program', '\x7fELF', 'MZ'],
  ['a PNG image', '\x89PNG'],
];

function startsWith(bytes: Uint8Array, pattern: string): boolean {
  if (bytes.length < pattern.length) return false;
  for (let i = 0; i < pattern.length; i++) {
    if (bytes[i] !== pattern.charCodeAt(i)) return false;
  }
  return true;
}

/** The first bytes as text, or null when they are not. */
function textOf(bytes: Uint8Array): string | null {
  const start = bytes.subarray(0, ENOUGH);
  for (const byte of start) {
    if (byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d) return null;
    if (byte === 0x7f) return null;
  }
  const text = new TextDecoder().decode(start).replace(/\ufffd{1,3}$/, '');
  return text.includes('\ufffd') ? null : text;
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
}
