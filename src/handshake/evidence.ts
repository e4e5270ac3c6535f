import { MARK } from './attempts.ts';
import { NO_CHANGES, type OfferChange } from './offer-changes.ts';
import { fitsTtl } from './ttl.ts';

/**
 * One attempt as it was seen, in words: the readable form of a row of attempts.ts, and all that the verdict rests on.
 *
 * BORROWED: the tracker fills one Evidence for each attempt that it hands out. Times are nanoseconds since the capture's base; NaN when there is none.
 */
export class Evidence {
  id = 0;
  /** The verdict that is out for this attempt (with early output), or -1; and how often it was amended. */
  published = -1;
  /** With it was said that the connection was of no use: the server closed at once, or what it said first got lost. */
  isSaidOfNoUse = false;
  /** With it was said that the client is there, and its answers get lost. */
  isSaidUnheard = false;
  revision = 0;
  /** Its client was counted when it began (`TrackerSink.begun`). */
  isClientMet = false;
  /** Address words and ports, as in wire/segment.ts. */
  client0 = 0;
  client1 = 0;
  client2 = 0;
  client3 = 0;
  clientPort = 0;
  server0 = 0;
  server1 = 0;
  server2 = 0;
  server3 = 0;
  serverPort = 0;
  network = 0;

  clientIsn = 0;
  serverIsn = 0;
  synCount = 0;
  synAckCount = 0;
  /** Segments that would serve as third leg; and how many of them came up to the one that served, if one did. */
  ackCount = 0;
  ackServedCount = 0;
  wrongCount = 0;
  /** SYN-ACKs that acknowledge another number. */
  strayCount = 0;
  againCount = 0;
  repeatsAfterAck = 0;
  synFirst = 0;
  synLast = 0;
  synAckFirst = 0;
  synAckLast = 0;
  ackFirst = 0;
  ackLast = 0;
  ackServed = 0;
  wrongFirst = 0;
  resetTime = 0;
  /** RESET_FROM. */
  resetFrom = 0;
  resetTtl = 0;
  serverTtl = 0;
  clientTtl = 0;
  /** One side's segments were met behind different numbers of routers. */
  isOfSeveralPoints = false;
  /** QUOTES; 0 when no ICMP error came. */
  icmpQuotes = 0;
  icmpType = 0;
  icmpCode = 0;
  icmpFamily = 0;
  icmpFrom0 = 0;
  icmpFrom1 = 0;
  icmpFrom2 = 0;
  icmpFrom3 = 0;
  marks = 0;
  /** Direction of the first SYN and of the latest SYN-ACK, as in attempts.ts W.LINK; what their checksums were, where they were looked at (a sample). */
  synDirection = 0;
  synAckDirection = 0;
  synFilled = false;
  synUnfilled = false;
  synAckFilled = false;
  synAckUnfilled = false;
  /** Looks of single packets, all 0 for an ordinary handshake: traits.ts has what each is. */
  signs = 0;
  synStamp = 0;
  synMac = 0;
  againOctets = 0;
  /** The server sent its first segment, a large one, again and again. */
  isAnswerLost = false;
  /** What the latest SYN offered: `offersWord` (wire/tcp-options.ts). */
  offers = 0;
  /** Copies of SYN and SYN-ACK that offered something else. */
  offerChanges: readonly OfferChange[] = NO_CHANGES;
  /** The server was the first to end the connection, at once and without a word; the client ended it without having got a word. */
  closedAtOnce = false;
  leftUnheard = false;
  /** IP_ID of the first SYN-ACK. */
  synAckId = 0;
  /** STAMP_ORDER (source-stamps.ts): the first SYN's timestamp beside the latest one of its address. */
  stampOrder = 0;
  /** The ports carried a connection before of which nothing but that is known any more. */
  afterForgotten = false;
  /** The same handshake passed under other addresses as well (translations.ts), and was answered there; has its third leg there. */
  isAnsweredElsewhere = false;
  isTakenElsewhere = false;
  /** The server answers others, as their third legs show, and the capture has no packet of it (heard-servers.ts). */
  isServerUnheard = false;
  /** Packet numbers with the file's index: see frame-lists.ts. The first packet of each leg, then chains of the further ones (of the stray SYN-ACKs: of all). */
  synFrame = 0;
  synAckFrame = 0;
  ackFrame = 0;
  synChain = 0;
  synAckChain = 0;
  ackChain = 0;
  strayChain = 0;
  resetFrame = 0;
  icmpFrame = 0;
  wrongFrame = 0;

  /** On the capture's clock: how long the capture went on after the attempt's last packet; how long the client's data has been unanswered
   * (0 when it is not); how long the capture had run when the attempt began; from the latest SYN-ACK, or SYN of the server, to the end of what was seen. */
  followedNanos = 0;
  unansweredNanos = 0;
  beganNanos = 0;
  sinceSynAckNanos = 0;
  /** The capture says that it lost packets between the attempt's last packet and `patience` later. */
  lossy = false;
  /** It says that it lost packets by the hundred a second between the first transmission of the latest leg and `patience` after the last. */
  lossyMany = false;
  /** It says that it lost packets in the `patience` before the first SYN-ACK. */
  lossyBefore = false;
  /** It says that it lost packets between the first SYN-ACK and the first segment of wrong numbers. */
  lossyBeforeWrong = false;
  /** Of an attempt whose SYN-ACK was repeated: how long after their first SYN-ACK third legs of its client have come, repeated SYNs between; 0 when none did. */
  thirdLegTakesNanos = 0;
  /** Another attempt began on the ports later. */
  isFollowed = false;
}

/** Of a complete handshake: the server closed at once, what it said first got lost, or somebody on the way reset it. */
export function isOfNoUse(e: Evidence): boolean {
  return e.closedAtOnce || e.isAnswerLost || isResetByStranger(e);
}

/** A RST ended the connection, and has crossed another number of routers than the other packets of the side in whose name it came. */
export function isResetByStranger(e: Evidence): boolean {
  if ((e.marks & MARK.RESET_OF_CONNECTION) === 0 || e.resetFrom === RESET_FROM.NONE) return false;
  return !fitsReset(e);
}

/** Whether the RST has crossed as many routers as the other packets of the side in whose name it came; where that tells nothing, too. */
export function fitsReset(e: Evidence): boolean {
  return e.isOfSeveralPoints || fitsTtl(e.resetTtl, e.resetFrom === RESET_FROM.SERVER ? e.serverTtl : e.clientTtl);
}

/** Payload octets that a narrow link may stop: the least MTU that IPv4 hosts count on is 576, and what people put between is seldom narrower than 1280. */
export const LARGE_OCTETS = 1000;

/** The identification of an IPv4 packet: 0 is what Linux writes into SYN-ACKs and RSTs. NONE: IPv6, or no packet. */
export const IP_ID = { NONE: 0, ZERO: 1, OTHER: 2 } as const;

/** @param ipId as in wire/segment.ts */
export function ipIdKind(ipId: number): number {
  if (ipId < 0) return IP_ID.NONE;
  return ipId === 0 ? IP_ID.ZERO : IP_ID.OTHER;
}

export const RESET_FROM = { NONE: 0, SERVER: 1, CLIENT: 2 } as const;

/**
 * What is repeated sooner than this was repeated by an impatient sender, and the answer to it may still be under way: RFC 6298 §2.1 has a sender wait for one second before any round trip was
 * measured, since longer ones are rare. A tenth of it is left to coarse timers and to the delays of recording (docs/decisions/0009-repeated-too-soon.md).
 */
export const ROUND_TRIP_NANOS = 900e6;
