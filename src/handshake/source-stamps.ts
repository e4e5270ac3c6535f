/**
 * Whether the SYNs of one address come in the order of their timestamps (RFC 7323 §3): behind a NAT lie several clocks, and kernels before Linux 4.12 with tcp_tw_recycle
 * held each SYN against the latest timestamp of its address, whoever sent it. A lossy index: an address whose place is taken by another begins anew.
 */
import { distance } from '../bytes/sequence.ts';
import { mix } from '../flow/hash.ts';
import type { Segment } from '../wire/segment.ts';

/** How a SYN's timestamp lies to the latest one of its address. UNKNOWN: it has none, or none was seen shortly before. */
export const STAMP_ORDER = { UNKNOWN: 0, IN_ORDER: 1, OLDER: 2 } as const;
export type StampOrder = (typeof STAMP_ORDER)[keyof typeof STAMP_ORDER];

/** Pairs of client and server address that are told apart: 192 KiB. */
const PLACES = 1 << 14;

/** TCP_PAWS_MSL and TCP_PAWS_WINDOW of include/net/tcp.h: for so long is a timestamp remembered, and by more ticks than this is another one older. */
const REMEMBERED_NANOS = 60e9;
const WINDOW_TICKS = 1;

export class SourceStamps {
  /** Of each place: what tells the pair from others that fall on it, its latest timestamp, and when that came (clock, milliseconds, modulo 2^32). */
  private readonly pairs = new Int32Array(PLACES);
  private readonly stamps = new Int32Array(PLACES);
  private readonly millis = new Int32Array(PLACES);

  /** @param syn with its options parsed @param clock the capture's clock, in nanoseconds */
  note(syn: Segment, clock: number): StampOrder {
    if (!syn.hasTimestamps) return STAMP_ORDER.UNKNOWN;
    const pair = mix(mix(syn.source3 ^ syn.source2) + syn.destination3) ^ syn.source1;
    const place = pair & (PLACES - 1);
    const now = (clock / 1e6) | 0;
    const since = (now - (this.millis[place] as number)) >>> 0;
    const isRemembered = this.pairs[place] === pair && this.millis[place] !== 0 && since * 1e6 <= REMEMBERED_NANOS;
    const ahead = distance(syn.timestampValue, this.stamps[place] as number);
    if (isRemembered && ahead < -WINDOW_TICKS) return STAMP_ORDER.OLDER;
    this.pairs[place] = pair;
    this.stamps[place] = syn.timestampValue | 0;
    this.millis[place] = now === 0 ? 1 : now;
    return isRemembered ? STAMP_ORDER.IN_ORDER : STAMP_ORDER.UNKNOWN;
  }
}
