/**
 * THE table: [state, event] -> [action, next state]. Two rules:
 *
 *   1. Everything that changes the state of an attempt is in this file.
 *   2. This file does not know how a segment was found, nor which of the two ends is "us".
 *
 * A state says what was SEEN, never what a host is believed to be in. It is not the verdict: that is a function of the finished record
 * (verdict.ts). A pair that no row names is "nothing changes": an observer meets every pair.
 *
 * The rows are data: `docs/states.md` is drawn from them, and a test fails when it is stale.
 */
import { EVENT, EVENT_NAMES, type Event } from './event.ts';

export const STATE = {
  /** A SYN, no answer. */
  SYN_SEEN: 0,
  /** A SYN, and a RST as its answer. */
  REFUSED: 1,
  /** A SYN, and an ICMP error that quotes it. */
  REJECTED: 2,
  /** A SYN, and an answer with other numbers. */
  CHALLENGED: 3,
  /** Two SYNs that crossed. */
  CROSSED: 4,
  /** A SYN-ACK whose SYN was not seen. */
  SYN_ACK_ALONE: 5,
  /** SYN and SYN-ACK. */
  SYN_ACK_SEEN: 6,
  /** In the third leg's place, a client segment with wrong numbers. */
  THIRD_WRONG: 7,
  /** The client answered the SYN-ACK with a RST. */
  CLIENT_RESET: 8,
  /** The third leg; nothing shows yet that the server took it. */
  THIRD_SEEN: 9,
  /** The server answered the third leg with a RST of no connection. */
  THIRD_RESET: 10,
  /** The third leg, and then a RST as of a connection that was open; nothing shows that the server took either. */
  THIRD_ENDED: 11,
  /** The server went on, and no third leg was seen: it may have been recorded late. */
  AHEAD: 12,
  /** The server showed that it took the third leg. */
  OPEN: 13,
  /** Both FINs, or a RST, of a connection that was open. */
  CLOSED: 14,
} as const;
export type State = (typeof STATE)[keyof typeof STATE];
export const STATE_NAMES: readonly string[] = Object.keys(STATE).map((name) => name.toLowerCase().replaceAll('_', '-'));

/** What the tracker writes down: one function each in tracker.ts. */
export const ACTION = {
  NOTHING: 0,
  ADD_SYN: 1,
  ADD_SYN_ACK: 2,
  ADD_THIRD_LEG: 3,
  ADD_WRONG: 4,
  ADD_AGAIN: 5,
  NOTE_CROSSING: 6,
  NOTE_TOOK: 7,
  NOTE_SERVER_ACK: 8,
  NOTE_CHALLENGE: 9,
  NOTE_STRAY_SYN_ACK: 10,
  NOTE_REFUSAL: 11,
  NOTE_CLIENT_RESET: 12,
  NOTE_GIVING_UP: 13,
  NOTE_BARE_RESET: 14,
  NOTE_RESET: 15,
  NOTE_STRAY_RESET: 16,
  NOTE_ICMP: 17,
  NOTE_FIN: 18,
  /** Another attempt begins on the same ports; this one is judged as it stands. */
  BEGIN_ANOTHER: 19,
  NOTE_CROSSING_AGAIN: 20,
} as const;
export type Action = (typeof ACTION)[keyof typeof ACTION];
export const ACTION_NAMES: readonly string[] = Object.keys(ACTION).map((name) =>
  name.toLowerCase().replaceAll('_', '-'),
);

/** Why a row is as it is: a section of the specification, or the capture that taught it. */
export type Row = readonly [from: readonly State[], event: Event, action: Action, to: State | 'same', because: string];

const { SYN_SEEN, REFUSED, REJECTED, CHALLENGED, CROSSED, SYN_ACK_ALONE, SYN_ACK_SEEN } = STATE;
const { THIRD_WRONG, CLIENT_RESET, THIRD_SEEN, THIRD_RESET, THIRD_ENDED, AHEAD, OPEN, CLOSED } = STATE;

/** No SYN-ACK yet: a RST, an ICMP error or a challenge ACK does not end the attempt, since clients go on after each of them. */
const UNANSWERED: readonly State[] = [SYN_SEEN, REFUSED, REJECTED, CHALLENGED];
/** The SYN-ACK is there, the third leg is due. */
const ANSWERED: readonly State[] = [SYN_ACK_ALONE, SYN_ACK_SEEN, THIRD_WRONG, CLIENT_RESET];
const THIRD: readonly State[] = [THIRD_SEEN, THIRD_RESET];
const SETTLED: readonly State[] = [OPEN, CLOSED];
const ALL: readonly State[] = [...UNANSWERED, CROSSED, ...ANSWERED, ...THIRD, THIRD_ENDED, AHEAD, ...SETTLED];

export const ROWS: readonly Row[] = [
  // The SYN.
  [[...UNANSWERED, CROSSED], EVENT.SYN, ACTION.ADD_SYN, 'same', 'same four-tuple and ISN: a retransmission'],
  [[SYN_ACK_ALONE], EVENT.SYN, ACTION.ADD_SYN, SYN_ACK_SEEN, 'recorded out of order: several interfaces or queues'],
  [
    [SYN_ACK_SEEN, THIRD_WRONG, CLIENT_RESET, ...THIRD, THIRD_ENDED, AHEAD, ...SETTLED],
    EVENT.SYN,
    ACTION.ADD_SYN,
    'same',
    'the client did not get the SYN-ACK, or its SYN was under way',
  ],
  [ALL, EVENT.SYN_NEW, ACTION.BEGIN_ANOTHER, 'same', 'a SYN with a new ISN is a new attempt'],
  [[SYN_SEEN], EVENT.SYN_CROSSING, ACTION.NOTE_CROSSING, CROSSED, 'RFC 9293 §3.5, figure 8'],
  [
    [...THIRD, THIRD_ENDED],
    EVENT.SYN_CROSSING,
    ACTION.NOTE_CROSSING_AGAIN,
    'same',
    'the server did not get the SYN-ACK that the client sent for it',
  ],

  // The SYN-ACK.
  [[...UNANSWERED, CROSSED], EVENT.SYN_ACK, ACTION.ADD_SYN_ACK, SYN_ACK_SEEN, 'acknowledges the ISN'],
  [ANSWERED, EVENT.SYN_ACK, ACTION.ADD_SYN_ACK, 'same', 'repeated; or different, and then all are kept'],
  [
    [...THIRD, THIRD_ENDED, AHEAD, ...SETTLED],
    EVENT.SYN_ACK,
    ACTION.ADD_SYN_ACK,
    'same',
    'recorded behind what follows from it',
  ],
  [[...THIRD, THIRD_ENDED, ...SETTLED], EVENT.SYN_ACK_LATE, ACTION.ADD_SYN_ACK, 'same', 'repeated after the third leg'],
  [
    UNANSWERED,
    EVENT.SYN_ACK_STRAY,
    ACTION.NOTE_STRAY_SYN_ACK,
    CHALLENGED,
    'an answer with other numbers: a second server, or an older attempt',
  ],
  [[SYN_ACK_ALONE], EVENT.SYN_ACK_STRAY, ACTION.BEGIN_ANOTHER, 'same', 'answers another SYN that was not seen'],
  [[SYN_ACK_SEEN, THIRD_WRONG], EVENT.SYN_ACK_STRAY, ACTION.NOTE_STRAY_SYN_ACK, 'same', 'two servers answer'],

  // The third leg.
  [
    [...UNANSWERED, CROSSED, ...ANSWERED],
    EVENT.THIRD_LEG,
    ACTION.ADD_THIRD_LEG,
    THIRD_SEEN,
    'without a SYN-ACK in the capture it infers one',
  ],
  [[AHEAD], EVENT.THIRD_LEG, ACTION.ADD_THIRD_LEG, OPEN, 'recorded after what the server sent on it'],
  [
    [...THIRD, THIRD_ENDED],
    EVENT.THIRD_LEG,
    ACTION.ADD_THIRD_LEG,
    'same',
    'each would serve, up to the first that does',
  ],
  [THIRD, EVENT.CLIENT_AGAIN, ACTION.ADD_AGAIN, 'same', 'the client has no answer'],
  [[SYN_ACK_ALONE, SYN_ACK_SEEN], EVENT.THIRD_LEG_WRONG, ACTION.ADD_WRONG, THIRD_WRONG, 'wrong numbers'],
  [[THIRD_WRONG], EVENT.THIRD_LEG_WRONG, ACTION.ADD_WRONG, 'same', 'wrong numbers again'],

  // What the server shows of the third leg.
  [
    [...UNANSWERED, CROSSED, ...ANSWERED, AHEAD],
    EVENT.SERVER_TOOK_EARLY,
    ACTION.NOTE_TOOK,
    AHEAD,
    'data or FIN, but the third leg may be recorded behind it: several interfaces or queues',
  ],
  [
    [...UNANSWERED, CROSSED, ...ANSWERED, ...THIRD, THIRD_ENDED, AHEAD],
    EVENT.SERVER_TOOK,
    ACTION.NOTE_TOOK,
    OPEN,
    'impossible without the third leg: data, FIN, or an acknowledgment beyond the ISN',
  ],
  [
    [...UNANSWERED, CROSSED, ...ANSWERED, ...THIRD, THIRD_ENDED, AHEAD],
    EVENT.SERVER_TOOK_LAST,
    ACTION.NOTE_TOOK,
    CLOSED,
    'the same, and both sides are done',
  ],
  [
    [...UNANSWERED, CROSSED, ...ANSWERED, ...THIRD],
    EVENT.SERVER_ACK,
    ACTION.NOTE_SERVER_ACK,
    'same',
    'a server in SYN-RECEIVED sends such an ACK too: no proof',
  ],
  [UNANSWERED, EVENT.CHALLENGE, ACTION.NOTE_CHALLENGE, CHALLENGED, 'RFC 5961 §4; TIME-WAIT (RFC 9293 §3.6.1)'],

  // Resets.
  [[...UNANSWERED, CROSSED], EVENT.SERVER_RST_ANSWER, ACTION.NOTE_REFUSAL, REFUSED, 'a RST answers the SYN'],
  [
    [...UNANSWERED, ...THIRD],
    EVENT.SERVER_RST_STRAY,
    ACTION.NOTE_STRAY_RESET,
    'same',
    'numbers that answer neither this SYN nor this third leg',
  ],
  [ANSWERED, EVENT.SERVER_RST, ACTION.NOTE_RESET, 'same', 'the server gives its half-open connection up'],
  [[THIRD_WRONG], EVENT.SERVER_RST_BARE, ACTION.NOTE_BARE_RESET, 'same', 'RFC 9293 §3.10.7.4: unacceptable ACK'],
  [THIRD, EVENT.SERVER_RST_BARE, ACTION.NOTE_BARE_RESET, THIRD_RESET, 'no connection was there to reset'],
  [THIRD, EVENT.SERVER_RST, ACTION.NOTE_RESET, THIRD_ENDED, 'a RST with ACK comes from a connection that was open'],
  [[AHEAD, OPEN], EVENT.SERVER_RST, ACTION.NOTE_RESET, CLOSED, 'closed at once, by the server'],
  [[OPEN], EVENT.SERVER_RST_BARE, ACTION.NOTE_RESET, CLOSED, 'closed at once, by the server'],
  [
    [...UNANSWERED, CROSSED],
    EVENT.CLIENT_RST,
    ACTION.NOTE_GIVING_UP,
    'same',
    'the client gave up, or answers a challenge',
  ],
  [
    [SYN_ACK_ALONE, SYN_ACK_SEEN, THIRD_WRONG],
    EVENT.CLIENT_RST,
    ACTION.NOTE_CLIENT_RESET,
    CLIENT_RESET,
    'the client refuses the SYN-ACK',
  ],
  [THIRD, EVENT.CLIENT_RST, ACTION.NOTE_RESET, THIRD_ENDED, 'closed by the client, or by somebody who poses as it'],
  [[AHEAD, OPEN], EVENT.CLIENT_RST, ACTION.NOTE_RESET, CLOSED, 'closed by the client'],

  // ICMP errors.
  [UNANSWERED, EVENT.ICMP_SYN, ACTION.NOTE_ICMP, REJECTED, 'quotes the SYN'],
  [[CROSSED, ...ANSWERED, ...THIRD], EVENT.ICMP_SYN, ACTION.NOTE_ICMP, 'same', 'late, or about one of several SYNs'],
  [[CROSSED, ...ANSWERED, ...THIRD], EVENT.ICMP_SYN_ACK, ACTION.NOTE_ICMP, 'same', 'rejected on the way back'],
  [[...ANSWERED, ...THIRD], EVENT.ICMP_LATER, ACTION.NOTE_ICMP, 'same', 'path MTU and the like'],

  // The end.
  [[OPEN], EVENT.FIN, ACTION.NOTE_FIN, 'same', 'one side is done'],
  [[OPEN], EVENT.FIN_LAST, ACTION.NOTE_FIN, CLOSED, 'both sides are done'],
];

/** action << 8 | next state, at state * events + event. */
const TABLE = compile(ROWS);

function compile(rows: readonly Row[]): Uint16Array {
  const table = new Uint16Array(STATE_NAMES.length * EVENT_NAMES.length);
  for (const state of Object.values(STATE)) {
    for (const event of Object.values(EVENT)) table[state * EVENT_NAMES.length + event] = state;
  }
  for (const [from, event, action, to] of rows) {
    for (const state of from) {
      const at = state * EVENT_NAMES.length + event;
      if (table[at] !== state)
        throw new Error(`two rows for ${STATE_NAMES[state] ?? '?'} and ${EVENT_NAMES[event] ?? '?'}`);
      table[at] = (action << 8) | (to === 'same' ? state : to);
    }
  }
  return table;
}

export function transition(state: number, event: number): number {
  return TABLE[state * EVENT_NAMES.length + event] as number;
}
