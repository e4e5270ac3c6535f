/** The Ethernet frames of all fixtures, whole, cut and with octets changed: for tests that hold two ways of reading them against each other. */
import { readFileSync } from 'node:fs';
import { CaptureOpener } from '../../src/capture/detect.ts';
import { Frame, STATUS } from '../../src/capture/frame.ts';
import { CaptureFormatError } from '../../src/capture/reader.ts';
import { LINK } from './decoding.ts';
import { captureFiles } from './fixture-files.ts';

interface ChangedFrame {
  /** In a buffer of their own. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Octets of them that were captured. */
  readonly captured: number;
  readonly what: string;
}

/** The same ones each time. */
export function* changedFrames(): Generator<ChangedFrame> {
  // A fixed sequence: x' = 1,664,525 x + 1,013,904,223 modulo 2^32 (Numerical Recipes).
  let chance = 1;
  const below = (bound: number): number => {
    chance = (Math.imul(chance, 1_664_525) + 1_013_904_223) >>> 0;
    return chance % bound;
  };
  for (const bytes of ethernetFrames()) {
    yield { bytes, captured: bytes.length, what: 'whole' };
    for (const length of [53, 54, 60, 74, bytes.length - 1]) {
      if (length < bytes.length && length > 0) yield { bytes, captured: length, what: `cut to ${length}` };
    }
    for (let left = 4; left > 0; left--) {
      const changed = bytes.slice();
      for (let octets = 1 + below(3); octets > 0 && changed.length > 0; octets--) {
        // The headers: that is where it matters.
        changed[below(Math.min(80, changed.length))] = below(256);
      }
      yield { bytes: changed, captured: changed.length, what: 'changed' };
    }
  }
}

function* ethernetFrames(): Generator<Uint8Array<ArrayBuffer>> {
  for (const file of captureFiles().filter((name) => /\.pcap(ng)?$/.test(name))) {
    const bytes = readFileSync(file);
    try {
      const reader = new CaptureOpener().push(new Uint8Array(bytes));
      const frame = new Frame();
      while (reader !== null && reader.next(frame) === STATUS.FRAME) {
        const end = frame.at + frame.capturedLength;
        if (frame.linkType === LINK.ETHERNET) yield new Uint8Array(frame.bytes.subarray(frame.at, end));
      }
    } catch (error) {
      if (!(error instanceof CaptureFormatError)) throw error;
    }
  }
}
