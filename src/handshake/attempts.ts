/**
 * What is known of the attempts that are open: columns in two typed arrays, a row a slot of the flow table. No row is an object; nothing here
 * decides anything. `Evidence` (evidence.ts) is the readable form of one row.
 *
 *   words   one row: 40 signed 32-bit integers, see W       numbers are kept as they came; `>>> 0` makes them unsigned
 *   times   one row: 18 doubles, see T                      nanoseconds since the capture's base (bytes/time.ts) unless said otherwise
 *
 * A row is 304 octets, beside 64 of the flow table.
 */

/** Columns of `words`. "End" numbers are sequence numbers one past the last octet seen. */
export const W = {
  CLIENT_ISN: 0,
  SERVER_ISN: 1,
  /** ISNs of further, different SYN-ACKs: the third leg picks the one that counted. */
  OTHER_ISN_1: 2,
  OTHER_ISN_2: 3,
  CLIENT_END: 4,
  SERVER_END: 5,
  /** Most payload octets that a SYN carried (TCP Fast Open, RFC 7413). */
  SYN_DATA: 6,
  SYN_COUNT: 7,
  SYN_ACK_COUNT: 8,
  /** Client segments that would serve as third leg. */
  ACK_COUNT: 9,
  /** ACK_COUNT when the first of them came after the latest SYN-ACK: the one that served, if the server goes on. */
  ACK_SERVED: 10,
  MARKS: 11,
  /** The number that the client's latest ACK acknowledged. */
  CLIENT_ACKED: 12,
  /** TTLs, an octet each: client, server, of the reset; then the reset's sender: 0 none, 1 server, 2 client. */
  TTLS: 13,
  /** ICMP error: type, code, quoted leg (QUOTES), family, an octet each; 0 when there was none. */
  ICMP: 14,
  ICMP_FROM_0: 15,
  ICMP_FROM_1: 16,
  ICMP_FROM_2: 17,
  ICMP_FROM_3: 18,
  /** Chains of packet numbers (frame-lists.ts), the newest first: heads. */
  SYN_FRAMES: 19,
  SYN_ACK_FRAMES: 20,
  ACK_FRAMES: 21,
  /** The last four segments that were no copies: their fingerprints, and when they came (clock, milliseconds, modulo 2^32). */
  RECENT_PRINT: 22,
  RECENT_MILLIS: 26,
  RECENT_NEXT: 30,
  /** Client segments with wrong numbers where the third leg was due. */
  WRONG_COUNT: 31,
  /** Data or FIN that the client sent again after its third leg. */
  AGAIN_COUNT: 32,
  /** SYN-ACKs repeated after the third leg, later than a round trip explains. */
  REPEATS_AFTER_ACK: 33,
  /** The verdict that is out (its code + 1, 0 for none), for live output. */
  PUBLISHED: 34,
  REVISION: 35,
  /** Two bits each: direction of the SYN and of the SYN-ACK (wire/segment.ts DIRECTION), then FILL of their checksums. */
  LINK: 36,
  /** SYN-ACKs with other numbers: how many, their packets, and what the latest of them acknowledged. */
  STRAY_COUNT: 37,
  STRAY_FRAMES: 38,
  STRAY_ACKED: 39,
} as const;
export const WORDS_PER_ROW = 40;

/** Columns of `times`. */
export const T = {
  ID: 0,
  SYN_FIRST: 1,
  SYN_LAST: 2,
  SYN_ACK_FIRST: 3,
  SYN_ACK_LAST: 4,
  ACK_FIRST: 5,
  ACK_LAST: 6,
  ACK_SERVED: 7,
  RESET: 8,
  /** Packet numbers of the reset and of the ICMP error (frame-lists.ts: with the file's index). */
  RESET_FRAME: 9,
  ICMP_FRAME: 10,
  /** On the capture's clock (clock.ts), not its timestamps: last packet of the handshake; first data of the client that nobody answered yet, or -1;
   * how long the capture had run when the attempt began; the latest SYN-ACK. */
  ACTIVE: 11,
  UNANSWERED: 12,
  BEGAN: 13,
  SYN_ACK_CLOCK: 14,
  WRONG_FIRST: 15,
  WRONG_FRAME: 16,
} as const;
export const TIMES_PER_ROW = 18;

/** Bits of W.MARKS: what was seen, phrased as that. */
export const MARK = {
  /** The client is side 1 of the slot. */
  CLIENT_IS_SIDE_1: 1 << 0,
  FAST_OPEN: 1 << 1,
  CROSSED: 1 << 2,
  PORT_REUSED: 1 << 3,
  REORDERED: 1 << 4,
  /** The server showed that it took the third leg. */
  TOOK: 1 << 5,
  REFUSED: 1 << 6,
  CHALLENGED: 1 << 7,
  /** A server segment without SYN acknowledges the SYN. */
  SERVER_ACKED: 1 << 8,
  CLIENT_RESET: 1 << 9,
  /** A RST without ACK, with the number that the third leg acknowledged. */
  RESET_BARE: 1 << 10,
  RESET_OF_CONNECTION: 1 << 11,
  /** The third leg acknowledges more than the server was seen to send. */
  ACK_AHEAD: 1 << 12,
  SYN_AFTER_SYN_ACK: 1 << 13,
  CAPTURE_LOSS: 1 << 14,
  OPTIONS_CUT: 1 << 15,
  STRAY_SYN_ACK: 1 << 16,
  RESET_WRONG_NUMBERS: 1 << 17,
  CLIENT_FIN: 1 << 18,
  SERVER_FIN: 1 << 19,
  ICMP_LATER: 1 << 20,
  OTHER_NETWORK: 1 << 21,
  SEVERAL_SYN_ACKS: 1 << 22,
  GIVEN_UP: 1 << 23,
  /** The server said something after the third leg that proves nothing. */
  SERVER_SPOKE: 1 << 24,
  MULTIPATH: 1 << 25,
  SERVER_ISN_KNOWN: 1 << 26,
  SERVER_TTL_KNOWN: 1 << 27,
  CLIENT_TTL_KNOWN: 1 << 28,
  RESET_BEFORE_ANSWER: 1 << 29,
  /** A third leg was seen whose numbers fit. */
  ACK_EXACT: 1 << 30,
  /** The SYN-ACK came from another address than the SYN went to: set on the attempt of either address. */
  OTHER_ADDRESS: 1 << 31,
} as const;

/** How a checksum was found; 0 when it was not looked at, or could not be. */
export const FILL = { FILLED: 1, UNFILLED: 2 } as const;

export const QUOTES = { SYN: 1, SYN_ACK: 2, LATER: 3 } as const;

export class Attempts {
  words = new Int32Array(0);
  times = new Float64Array(0);

  /** Room for `slots` rows; what is there stays. */
  reserve(slots: number): void {
    if (this.words.length >= slots * WORDS_PER_ROW) return;
    const words = new Int32Array(slots * WORDS_PER_ROW);
    words.set(this.words);
    this.words = words;
    const times = new Float64Array(slots * TIMES_PER_ROW);
    times.set(this.times);
    this.times = times;
  }

  reset(slot: number): void {
    this.words.fill(0, slot * WORDS_PER_ROW, (slot + 1) * WORDS_PER_ROW);
    this.times.fill(0, slot * TIMES_PER_ROW, (slot + 1) * TIMES_PER_ROW);
  }

  word(slot: number, column: number): number {
    return this.words[slot * WORDS_PER_ROW + column] as number;
  }

  setWord(slot: number, column: number, value: number): void {
    this.words[slot * WORDS_PER_ROW + column] = value;
  }

  count(slot: number, column: number): void {
    const at = slot * WORDS_PER_ROW + column;
    this.words[at] = (this.words[at] as number) + 1;
  }

  time(slot: number, column: number): number {
    return this.times[slot * TIMES_PER_ROW + column] as number;
  }

  setTime(slot: number, column: number, value: number): void {
    this.times[slot * TIMES_PER_ROW + column] = value;
  }

  has(slot: number, mark: number): boolean {
    return ((this.words[slot * WORDS_PER_ROW + W.MARKS] as number) & mark) !== 0;
  }

  mark(slot: number, mark: number): void {
    const at = slot * WORDS_PER_ROW + W.MARKS;
    this.words[at] = (this.words[at] as number) | mark;
  }

  unmark(slot: number, mark: number): void {
    const at = slot * WORDS_PER_ROW + W.MARKS;
    this.words[at] = (this.words[at] as number) & ~mark;
  }
}
