/**
 * What is known of the attempts that are open: the owner's part of the flow table's rows. No row is an object; nothing here decides anything.
 * `Evidence` (evidence.ts) is the readable form of one row.
 *
 *   words     12 to 95 of a row: W        signed 32-bit integers; `>>> 0` makes them unsigned
 *   doubles   among them: T               nanoseconds since the capture's base (bytes/time.ts) unless said otherwise
 *
 * A row has 384 octets, six cache lines. The first holds the key, the state and the marks. An ordinary handshake needs no more than the first four (ordinary.ts):
 * what only other ones have comes behind.
 */
import { FlowTable, NO_SLOT } from '../flow/table.ts';

/** Words of a row. "End" numbers are sequence numbers one past the last octet seen. */
export const W = {
  STATE: 12,
  MARKS: 13,
  /** What the latest SYN offered (wire/tcp-options.ts `offersWord`). That of the SYN-ACK is in traits.ts; of a row that is ORDINARY, in OFFERS_BACK. */
  OFFERS: 14,
  /** Which queue the attempt waits in: waiting-room.ts. */
  QUEUE: 15,

  CLIENT_ISN: 16,
  SERVER_ISN: 17,
  CLIENT_END: 18,
  SERVER_END: 19,
  /** Two bits each: direction of the SYN and of the SYN-ACK (1 came in, 2 went out, 3 both: a copy of it went the other way), then FILL of
   * their checksums; and then FORGOTTEN and ORDINARY. */
  LINK: 20,
  /** TTLs, an octet each: client, server, of the reset; then the reset's sender: 0 none, 1 server, 2 client. */
  TTLS: 21,
  /** Client segments that would serve as third leg. */
  ACK_COUNT: 22,
  /** Chains of further packet numbers (frame-lists.ts): heads. Those of the other legs are further down. */
  ACK_FRAMES: 23,
  /** Which of the shared RECENT places is next: copies.ts. */
  RECENT_NEXT: 24,
  /** The number that the client's latest ACK acknowledged. */
  CLIENT_ACKED: 25,
  /** The latest segments that were no copies: their fingerprints, and when and where they came (`momentOf`). */
  RECENT_PRINT: 26,
  RECENT_MILLIS: 30,

  // Words 34 to 61 are doubles.

  /** The verdict that is out (its code + 1, 0 for none; and SAID_OF_NO_USE, SAID_UNHEARD), for live output, and how often it was amended. */
  PUBLISHED: 62,
  REVISION: 63,
  /** In a row that is ORDINARY, of which nothing is ever out. */
  OFFERS_BACK: 63,

  SYN_COUNT: 64,
  SYN_ACK_COUNT: 65,
  /** ACK_COUNT when the first of them came after the latest SYN-ACK: the one that served, if the server goes on. */
  ACK_SERVED: 66,
  /** Most payload octets that a SYN carried (TCP Fast Open, RFC 7413); once it is answered, those of them that the SYN-ACK took. */
  SYN_DATA: 67,
  /** Client segments with wrong numbers where the third leg was due. */
  WRONG_COUNT: 68,
  /** Data or FIN that the client sent again after its third leg. */
  AGAIN_COUNT: 69,
  /** SYN-ACKs repeated after the third leg, later than a round trip explains. */
  REPEATS_AFTER_ACK: 70,
  /** ISNs of further, different SYN-ACKs: the third leg picks the one that counted. */
  OTHER_ISN_1: 71,
  OTHER_ISN_2: 72,
  /** ICMP error: type, code, quoted leg (QUOTES), family, an octet each; 0 when there was none. */
  ICMP: 73,
  ICMP_FROM_0: 74,
  ICMP_FROM_1: 75,
  ICMP_FROM_2: 76,
  ICMP_FROM_3: 77,
  SYN_FRAMES: 78,
  SYN_ACK_FRAMES: 79,
  /** SYN-ACKs with other numbers: how many, their packets, and what the latest of them acknowledged. */
  STRAY_COUNT: 80,
  STRAY_FRAMES: 81,
  STRAY_ACKED: 82,
  /** SYN_COUNT when the latest SYN-ACK came. */
  SYNS_ANSWERED: 83,

  // Words 84 to 95 are doubles.
} as const;

/** Doubles of a row: number i lies in words 2i and 2i + 1. */
export const T = {
  /** On the capture's clock (clock.ts), not its timestamps: last packet of the handshake; how long the capture had run when the attempt began. */
  ACTIVE: 17,
  BEGAN: 18,
  SYN_FIRST: 19,
  ID: 20,
  /** First packets of the legs (frame-lists.ts: with the file's index). */
  SYN_FRAME: 21,
  SYN_ACK_FRAME: 22,
  ACK_FRAME: 23,
  SYN_ACK_FIRST: 24,
  /** On the capture's clock: the latest SYN-ACK. */
  SYN_ACK_CLOCK: 25,
  ACK_FIRST: 26,
  ACK_LAST: 27,
  /** On the capture's clock: first data of the client that nobody answered yet, or -1. */
  UNANSWERED: 28,
  RESET: 29,
  RESET_FRAME: 30,

  SYN_LAST: 42,
  SYN_ACK_LAST: 43,
  ACK_SERVED: 44,
  ICMP_FRAME: 45,
  WRONG_FIRST: 46,
  WRONG_FRAME: 47,
} as const;

/** Where the part of a row begins that an ordinary handshake leaves untouched. */
export const BEYOND_ORDINARY = W.SYN_COUNT;

export const ROW_WORDS = 96;
const ROW_DOUBLES = ROW_WORDS / 2;

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

/** A bit of W.LINK: the ports carried a connection before of which nothing but that is known any more. */
export const FORGOTTEN = 1 << 8;

/** A bit of W.LINK: the attempt has a row in traits.ts. */
export const TRAITED = 1 << 10;

/** Bits of W.LINK: the server was the first to end the connection, within a second and without a word; the client ended it without having got a word. */
export const CLOSED_AT_ONCE = 1 << 11;
export const LEFT_UNHEARD = 1 << 12;

/** A bit of W.LINK: the SYN of a row that is ORDINARY has a timestamp. */
export const STAMPED = 1 << 15;

/** Two bits of W.LINK from here on: STAMP_ORDER of the first SYN (source-stamps.ts). */
export const STAMP_SHIFT = 13;

/** W.STATE of a slot that is free: nothing else of its row tells. */
export const FREE = -1;

/** A bit of W.LINK: another attempt began on the ports later. What does not fit this one exactly is of that one, though that may have left already. */
export const FOLLOWED = 1 << 22;

/** Bits of W.LINK (translations.ts): the same handshake has other attempts under other addresses; one of them was answered; one of them has its third leg. */
export const TWIN = 1 << 18;
export const ANSWERED_ELSEWHERE = 1 << 19;
export const TAKEN_ELSEWHERE = 1 << 20;

/** A bit of W.LINK: a copy of the SYN or SYN-ACK offered something else (offer-changes.ts). */
export const OFFERS_CHANGED = 1 << 21;

/** A bit of W.LINK: the server has sent a large segment first (LARGE_OCTETS). */
export const LARGE_SENT = 1 << 23;

/** A bit of W.LINK: the SYN carried data, and the SYN-ACK acknowledged none of it: the server has not taken up Fast Open (RFC 7413 §4.2.2). */
export const DATA_REFUSED = 1 << 24;

/** A bit of W.LINK: segments of one side's handshake, or copies of one, have crossed different numbers of routers: the capture is of several points, or the path changes, and a TTL that differs tells nothing. */
export const SEVERAL_POINTS = 1 << 25;

/** A bit of W.PUBLISHED: with the verdict it was said that the connection was of no use: the server closed at once, or what it said first got lost. */
export const SAID_OF_NO_USE = 1 << 8;

/** A bit of W.PUBLISHED: with the verdict it was said that the client is there, and its answers get lost. */
export const SAID_UNHEARD = 1 << 9;
/** The others: the code of the verdict + 1. */
export const SAID_VERDICT = 0xff;

/** A bit of W.LINK: only ordinary.ts has written the row, and what it has not written is not there (`OrdinaryPath.complete`). */
export const ORDINARY = 1 << 9;

/** Two bits of W.LINK from here on: IP_ID (evidence.ts) of the first SYN-ACK. */
export const SYN_ACK_ID_SHIFT = 16;

/** How a checksum was found; 0 when it was not looked at, or could not be. */
export const FILL = { FILLED: 1, UNFILLED: 2 } as const;

export const QUOTES = { SYN: 1, SYN_ACK: 2, LATER: 3 } as const;

export class Attempts extends FlowTable {
  /** @param seed and maxSlots: see FlowTable. */
  constructor(seed: number, maxSlots: number) {
    super(seed, ROW_WORDS, maxSlots);
  }

  /** Makes the owner's part of a row new. */
  reset(slot: number): void {
    const { doubles } = this;
    // Faster than TypedArray.fill, which leaves the compiled code for so short a stretch.
    for (let i = slot * ROW_DOUBLES + W.STATE / 2; i < (slot + 1) * ROW_DOUBLES; i++) doubles[i] = 0;
  }

  /** The two cache lines by which a packet is classified; the others of an ordinary handshake are written, and nobody waits for that. */
  override touch(slot: number): number {
    if (slot < NO_SLOT) return super.touch(slot);
    const { words } = this;
    const row = slot * ROW_WORDS;
    return (words[row + W.STATE] as number) ^ (words[row + W.CLIENT_ISN] as number);
  }

  /** All four that an ordinary handshake has. */
  touchWhole(slot: number): number {
    if (slot < NO_SLOT) return super.touch(slot);
    const { words } = this;
    const row = slot * ROW_WORDS;
    return this.touch(slot) ^ (words[row + 2 * T.ACTIVE] as number) ^ (words[row + 2 * T.SYN_ACK_FIRST] as number);
  }

  word(slot: number, column: number): number {
    return this.words[slot * ROW_WORDS + column] as number;
  }

  setWord(slot: number, column: number, value: number): void {
    this.words[slot * ROW_WORDS + column] = value;
  }

  count(slot: number, column: number): void {
    const at = slot * ROW_WORDS + column;
    this.words[at] = (this.words[at] as number) + 1;
  }

  time(slot: number, column: number): number {
    return this.doubles[slot * ROW_DOUBLES + column] as number;
  }

  setTime(slot: number, column: number, value: number): void {
    this.doubles[slot * ROW_DOUBLES + column] = value;
  }

  has(slot: number, mark: number): boolean {
    return ((this.words[slot * ROW_WORDS + W.MARKS] as number) & mark) !== 0;
  }

  mark(slot: number, mark: number): void {
    const at = slot * ROW_WORDS + W.MARKS;
    this.words[at] = (this.words[at] as number) | mark;
  }

  unmark(slot: number, mark: number): void {
    const at = slot * ROW_WORDS + W.MARKS;
    this.words[at] = (this.words[at] as number) & ~mark;
  }
}
