/** What an input is put through, and what must hold of the outcome whatever the input was. */
import assert from 'node:assert/strict';
import { Analysis } from '../../src/analysis.ts';
import { CaptureOpener } from '../../src/capture/detect.ts';
import { Frame, STATUS } from '../../src/capture/frame.ts';
import { CaptureFormatError, type CaptureReader } from '../../src/capture/reader.ts';
import type { Handshake } from '../../src/handshake/handshake.ts';
import { analyze } from '../../src/index.ts';
import { Decoder } from '../../src/wire/decode.ts';
import { Segment } from '../../src/wire/segment.ts';
import { MISSING_LEGS } from '../support/missing-legs.ts';
import type { FrameSeed } from './seeds.ts';

const EVERYTHING = { ports: [], servers: [], clients: [], sinceNanos: null, untilNanos: null };

interface Manner {
  readonly early: boolean;
  readonly trace: number | null;
}

const PLAIN: Manner = { early: false, trace: null };

function newAnalysis({ early, trace }: Manner, emit: (handshake: Handshake) => void): Analysis {
  const list = { verdicts: [], missing: null, limit: null, sort: null };
  return new Analysis({ patienceSeconds: 3, maxOpen: 64, seed: 1, list, early, files: 1, trace }, emit);
}

/** A decoder and a tracker that take frame after frame, as in a capture without end. */
export class FrameTarget {
  private readonly decoder = new Decoder();
  private readonly segment = new Segment();
  private readonly frame = new Frame();
  private readonly analysis = newAnalysis(PLAIN, (handshake) => this.check(handshake));
  private records = 0;
  private seconds = 1_700_000_000;

  constructor() {
    this.analysis.begin(this.seconds, EVERYTHING);
  }

  /** The octets lie in a buffer of their own: a read beyond them throws. */
  put({ linkType, bytes }: FrameSeed): void {
    const own = bytes.slice();
    const view = new DataView(own.buffer);
    const { frame } = this;
    const stop = this.decoder.decode(view, 0, own.length, own.length, linkType, this.segment);
    if (stop === 0) assert.ok(this.segment.payloadLength >= 0 && this.segment.tcpAt + 4 <= this.segment.capturedEnd);
    frame.bytes = own;
    frame.view = view;
    frame.at = 0;
    frame.capturedLength = own.length;
    frame.originalLength = own.length;
    frame.linkType = linkType;
    frame.number += 1;
    frame.seconds = this.seconds;
    frame.nanos = (frame.number % 1000) * 1e6;
    if (frame.nanos === 0) this.seconds += 1;
    this.analysis.observe(frame, 0);
  }

  /** Of so many records a few: writing one out costs as much as ten frames. */
  private check(handshake: Handshake): void {
    this.records += 1;
    if (this.records % CHECKED_ONCE_IN === 0) checkHandshake(handshake);
  }
}

const CHECKED_ONCE_IN = 8;

/** A whole capture, given in pieces of `pieceSize` octets; answers what was said of it, as text. */
export function readCapture(bytes: Uint8Array, pieceSize: number, manner: Manner = PLAIN): string {
  const said: string[] = [];
  const analysis = newAnalysis(manner, (handshake) => {
    checkHandshake(handshake);
    said.push(JSON.stringify(handshake));
  });
  const opener = new CaptureOpener();
  const frame = new Frame();
  let reader: CaptureReader | null = null;
  try {
    for (let at = 0; at < bytes.length; at += pieceSize) {
      const piece = bytes.slice(at, at + pieceSize);
      if (reader === null) reader = opener.push(piece);
      else reader.append(piece);
      if (reader !== null) drain(reader, frame, analysis);
    }
    reader?.end();
    if (reader !== null) drain(reader, frame, analysis);
  } catch (error) {
    if (!(error instanceof CaptureFormatError)) throw error;
    said.push(error.message);
  }
  said.push(JSON.stringify([analysis.finish(), analysis.traced]));
  return said.join('\n');
}

function drain(reader: CaptureReader, frame: Frame, analysis: Analysis): void {
  while (reader.next(frame) === STATUS.FRAME) {
    if (analysis.frames === 0) analysis.begin(frame.seconds, EVERYTHING);
    analysis.observe(frame, 0);
  }
}

/** The library's whole way: decompression too. Damage is told in `failures`; nothing else may be thrown. */
export async function readByLibrary(bytes: Uint8Array): Promise<void> {
  const { handshakes } = await analyze(bytes, { maxOpen: 64 }).catch((error: unknown) => {
    if (error instanceof Error && error.name === 'UserError') return { handshakes: [] };
    throw error;
  });
  for (const handshake of handshakes) checkHandshake(handshake);
}

function checkHandshake(handshake: Handshake): void {
  const { verdict, legs, latency } = handshake;
  assert.equal(handshake.missingLeg, MISSING_LEGS[verdict]);
  for (const leg of [legs.syn, legs.synAck, legs.ack]) {
    assert.equal(leg.count === 0, leg.first === null);
    assert.ok(leg.frames.length <= leg.count);
  }
  assert.ok((latency.synToSynAck ?? 0) >= 0 && (latency.synAckToAck ?? 0) >= 0);
  assert.ok(!/NaN|undefined|Infinity/.test(JSON.stringify(handshake)), handshake.reason);
}
