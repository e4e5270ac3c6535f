/** A look at the beginning of a source: is it a capture, and when was its first packet? */
import { CaptureOpener } from '../capture/detect.ts';
import { Frame, STATUS } from '../capture/frame.ts';
import { CaptureFormatError, type CaptureReader } from '../capture/reader.ts';
import type { ByteSource } from './byte-source.ts';
import { UserError } from './user-error.ts';

/** Octets of a read: enough for the headers and a packet or two. */
const PEEK_SIZE = 65_536;

export interface FirstTime {
  readonly seconds: number;
  readonly nanos: number;
}

/** True when the source begins as a capture does. Asks only sources that can be read again. @throws UserError when it can't be read */
export async function isCapture(source: ByteSource): Promise<boolean> {
  const opener = new CaptureOpener();
  try {
    for await (const chunk of source.chunks({ chunkSize: PEEK_SIZE })) {
      if (opener.push(chunk) !== null) return true;
    }
    return false;
  } catch (error) {
    if (error instanceof CaptureFormatError) return false;
    throw error;
  }
}

/**
 * The time of the first packet; null when there is none, when the source can't be read twice, or when it is no capture (which is reported
 * when it is read in earnest).
 */
export async function firstTime(source: ByteSource): Promise<FirstTime | null> {
  if (!source.isRereadable) return null;
  const opener = new CaptureOpener();
  const frame = new Frame();
  let reader: CaptureReader | null = null;
  try {
    for await (const chunk of source.chunks({ chunkSize: PEEK_SIZE })) {
      if (reader === null) reader = opener.push(chunk);
      else reader.append(chunk);
      while (reader !== null && reader.next(frame) === STATUS.FRAME) {
        if (!frame.timeless) return { seconds: frame.seconds, nanos: frame.nanos };
      }
    }
    return null;
  } catch (error) {
    if (error instanceof CaptureFormatError || error instanceof UserError) return null;
    throw error;
  }
}
