/**
 * Containers from parts, well-formed or forged, and readers driven in every way of cutting the bytes: for tests of the capture room.
 * Well-formed files come from src/capture/write.ts; what that can't write (old versions, obsolete blocks, wrong lengths) is built here.
 */
import { CaptureOpener } from '../../src/capture/detect.ts';
import { Frame, STATUS } from '../../src/capture/frame.ts';
import type { CaptureReader } from '../../src/capture/reader.ts';

export function concat(...pieces: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

/** `length` octets that differ from packet to packet. */
export function payload(length: number, seed = 0): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 7 + seed * 31) & 0xff);
}

export function words(littleEndian: boolean, ...values: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(values.length * 4));
  values.forEach((value, i) => {
    view.setUint32(i * 4, value, littleEndian);
  });
  return new Uint8Array(view.buffer);
}

export function halves(littleEndian: boolean, ...values: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(values.length * 2));
  values.forEach((value, i) => {
    view.setUint16(i * 2, value, littleEndian);
  });
  return new Uint8Array(view.buffer);
}

export interface PcapFileHeader {
  readonly littleEndian?: boolean;
  readonly magic?: number;
  readonly major?: number;
  readonly minor?: number;
  readonly snapLength?: number;
  readonly linkType?: number;
}

/** A pcap file header with any magic, version and link type word. */
export function pcapFileHeader(header: PcapFileHeader = {}): Uint8Array {
  const { littleEndian = true, magic = 0xa1b2c3d4, major = 2, minor = 4, snapLength = 65_535, linkType = 1 } = header;
  return concat(
    words(littleEndian, magic),
    halves(littleEndian, major, minor),
    words(littleEndian, 0, 0, snapLength, linkType),
  );
}

/** An obsolete packet block (type 2) without its block frame: interface, drops, ticks, lengths, data. */
export function obsoletePacketBody(
  littleEndian: boolean,
  interfaceNumber: number,
  drops: number,
  ticks: bigint,
  data: Uint8Array,
): Uint8Array {
  return concat(
    halves(littleEndian, interfaceNumber, drops),
    words(littleEndian, Number(ticks >> 32n), Number(ticks & 0xffff_ffffn), data.length, data.length),
    data,
    new Uint8Array(-data.length & 3),
  );
}

/** A frame copied out of its reader. */
export interface OwnedFrame {
  readonly number: number;
  readonly seconds: number;
  readonly nanos: number;
  readonly digits: number;
  readonly linkType: number;
  readonly interfaceIndex: number;
  readonly direction: number;
  readonly timeless: boolean;
  readonly originalLength: number;
  readonly bytes: string;
}

export interface Reading {
  readonly frames: readonly OwnedFrame[];
  readonly truncated: boolean;
  readonly error: string | null;
  readonly warnings: readonly string[];
  readonly interfaces: readonly object[];
  readonly losses: readonly object[];
  readonly application: string | null;
}

/** Reads the pieces one after the other. Each piece is given in a buffer that is overwritten as soon as the reader may no longer look at it. */
export function readPieces(pieces: Iterable<Uint8Array>): Reading {
  const frames: OwnedFrame[] = [];
  const frame = new Frame();
  const opener = new CaptureOpener();
  let reader: CaptureReader | null = null;
  let error: string | null = null;
  try {
    for (const piece of pieces) {
      const lent = new Uint8Array(piece);
      if (reader === null) reader = opener.push(lent);
      else reader.append(lent);
      if (reader !== null) drain(reader, frame, frames);
      lent.fill(0xee);
    }
    if (reader === null) return opener.end(null);
    reader.end();
    drain(reader, frame, frames);
  } catch (thrown) {
    if (!(thrown instanceof Error) || thrown.name !== 'CaptureFormatError') throw thrown;
    error = thrown.message;
  }
  return {
    frames,
    truncated: reader?.truncated ?? false,
    error,
    warnings: reader?.warnings ?? [],
    interfaces: (reader?.interfaces ?? []).map((entry) => ({ ...entry })),
    losses: reader?.losses ?? [],
    application: reader?.application ?? null,
  };
}

export function readWhole(bytes: Uint8Array): Reading {
  return readPieces([bytes]);
}

export function* byteByByte(bytes: Uint8Array): Iterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at++) yield bytes.subarray(at, at + 1);
}

function drain(reader: CaptureReader, frame: Frame, frames: OwnedFrame[]): void {
  while (reader.next(frame) === STATUS.FRAME) {
    const { at, capturedLength, bytes, view, ...rest } = frame;
    if (view.byteLength !== bytes.length) throw new Error('view and bytes do not cover the same memory');
    frames.push({ ...rest, bytes: Buffer.from(bytes.subarray(at, at + capturedLength)).toString('hex') });
  }
}
