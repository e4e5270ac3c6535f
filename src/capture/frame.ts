/**
 * One packet as a container holds it: where its bytes lie, when it was captured, on what kind of link.
 *
 * BORROWED. A reader fills the same Frame again and again; its bytes are valid until the reader's next call.
 * Copy what you want to keep.
 */
export class Frame {
  /** The chunk that holds the packet, and a view over the same memory. Offsets below count in both. */
  bytes: Uint8Array = EMPTY;
  view: DataView = EMPTY_VIEW;
  /** First byte of the packet in `bytes`. */
  at = 0;
  /** Bytes that were captured (the snapshot length may have cut the packet). */
  capturedLength = 0;
  /** Bytes that were on the wire. Never less than `capturedLength`: a reader raises a forged smaller value to it. */
  originalLength = 0;
  /** LINKTYPE_ number (https://www.tcpdump.org/linktypes.html). */
  linkType = 0;
  /** Time of capture: whole seconds since 1970 (an integer, may be negative), and nanoseconds in [0, 1e9).
   * `nanos` has a fraction only where the file counts finer than nanoseconds. */
  seconds = 0;
  nanos = 0;
  /** Decimal digits of a second that the file's clock has: 6 for microseconds, 9 for nanoseconds. */
  digits = 6;
  /** Index of the capture interface in the reader's `interfaces` (always 0 in a pcap). */
  interfaceIndex = 0;
  /** Packet number in the file, from 1, as Wireshark counts. */
  number = 0;
  /** Direction that the container itself states (pcapng epb_flags): see DIRECTION. */
  direction = 0;
  /** True when the packet has no time of its own (a pcapng Simple Packet Block): `seconds` repeats the last time seen. */
  timeless = false;
}

const EMPTY = new Uint8Array(0);
const EMPTY_VIEW = new DataView(EMPTY.buffer);

/** What a reader's `next` answers. The numbers are dense: they index tables. */
export const STATUS = {
  /** `frame` holds the next packet. */
  FRAME: 0,
  /** The bytes given so far are used up: append more, or end. */
  NEED_MORE: 1,
  /** The end was told and everything was read; `truncated` says whether it came inside a record. */
  END: 2,
} as const;
export type Status = (typeof STATUS)[keyof typeof STATUS];
