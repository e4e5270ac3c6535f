/** The packets of one port while a checkup looks at it: captured on all interfaces, judged as they come, kept in a file. */
import { DEFAULT_MAX_OPEN, DEFAULT_PATIENCE_SECONDS } from '../defaults.ts';
import type { PacketsEnd } from '../doctor/legs.ts';
import type { Handshake } from '../handshake/handshake.ts';
import { LiveAnalysis } from '../live.ts';
import type { AnalysisOptions } from '../pipeline.ts';
import { KeptSource } from '../source/kept-source.ts';
import { type LiveCapture, openLive } from '../source/live/live-capture.ts';
import { LIVE_DEFAULTS } from '../source/live/options.ts';
import { randomSeed } from '../source/seed.ts';
import { UserError } from '../source/user-error.ts';
import { VERSION } from '../version.ts';

/** Octets of packets that are kept: about a million of them; a week of watching needs no more, since each round begins anew. */
const MOST_KEPT_BYTES = 256 * 1024 * 1024;
const TICK_MILLIS = 200;
/** Packets are read this soon after their time: the kernel hands them over every `TIMEOUT_MILLIS`. */
const READ_AFTER_MILLIS = 250;
/**
 * A block of the kernel's ring is used up at each handing over, however few packets are in it: with both, whoever gets no processor for three seconds has lost nothing.
 * (Measured: with 10 ms and half the ring, a twentieth of a processor lost 195 packets in ten seconds.)
 */
const TIMEOUT_MILLIS = 50;
const RING_BYTES = 16 * 1024 * 1024;

/**
 * Begins at once.
 * @param take the record of each attempt, when nothing amends it any more
 * @returns the watch; or why there is none, as a clause
 */
export async function watchPackets(
  file: string,
  port: number,
  take: (record: Handshake) => void,
): Promise<PacketWatch | string> {
  try {
    const endpoints = { ports: [port], servers: [], clients: [] };
    const waits = { timeoutMillis: TIMEOUT_MILLIS, bufferBytes: RING_BYTES };
    const [capture] = await openLive({ ...LIVE_DEFAULTS, ...waits, interfaces: ['any'], endpoints });
    return new PacketWatch(capture as LiveCapture, new KeptSource(capture as LiveCapture, file, MOST_KEPT_BYTES), {
      port,
      take,
    });
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
}

export class PacketWatch {
  private readonly capture: LiveCapture;
  private readonly kept: KeptSource;
  private readonly live: LiveAnalysis;
  private readonly begun = performance.now();
  private readonly reading: Promise<void>;
  private readonly ticks: ReturnType<typeof setInterval>;
  private lossesKnownUntil = Date.now();
  private ended: PacketsEnd | null = null;

  constructor(
    capture: LiveCapture,
    kept: KeptSource,
    { port, take }: { port: number; take: (record: Handshake) => void },
  ) {
    this.capture = capture;
    this.kept = kept;
    // The stream ends by itself, with what the ring still has, when the capture is stopped.
    const never = new Promise<void>(() => {});
    this.live = new LiveAnalysis(analysisOf(port), { verdict: () => {}, finished: take }, never);
    this.reading = this.live.read(kept);
    this.ticks = setInterval(() => this.tick(), TICK_MILLIS);
  }

  /** Ends it, and judges what is open as it stands. The same answer at each call. */
  async stop(): Promise<PacketsEnd> {
    if (this.ended !== null) return this.ended;
    clearInterval(this.ticks);
    this.capture.stop();
    await this.reading;
    this.tick();
    const { failures, report } = this.live.finish();
    const { kernel, interface: byInterface } = report.capture.lost;
    const notKept = this.kept.notKept === null ? [] : [this.kept.notKept];
    this.ended = {
      seconds: (performance.now() - this.begun) / 1000,
      lost: (kernel ?? 0) + (byInterface ?? 0),
      warnings: [...failures.map(({ message }) => message), ...notKept],
    };
    return this.ended;
  }

  /** No packet is under way that is older than this: what has not come until then is late. */
  private tick(): void {
    const now = Date.now();
    const statistics = this.capture.statistics();
    const [from, to] = [this.lossesKnownUntil / 1000, now / 1000];
    // Where the engine does not count, some may be lost at any time.
    if (statistics === null) this.live.noteGap(from, to, 0);
    else {
      const { droppedByKernel, droppedByInterface } = statistics;
      this.live.noteLosses({ kernel: droppedByKernel, interface: droppedByInterface }, from, to);
    }
    this.lossesKnownUntil = now;
    const read = Math.min(now, this.capture.readUntil) - READ_AFTER_MILLIS;
    this.live.advance(Math.floor(read / 1000), (read % 1000) * 1e6);
  }
}

function analysisOf(port: number): AnalysisOptions {
  return {
    patienceSeconds: DEFAULT_PATIENCE_SECONDS,
    maxOpen: DEFAULT_MAX_OPEN,
    seed: randomSeed(),
    ports: [port],
    servers: [],
    clients: [],
    since: null,
    until: null,
    list: { verdicts: [], missing: null, limit: null, sort: null },
    early: true,
    trace: null,
    version: VERSION,
  };
}
