/** What holds when nobody says otherwise, for the command and the library alike. */

/** Longer than the first two pauses of any stack's retransmissions (1 s, 2 s), and no longer than an operator waits. */
export const DEFAULT_PATIENCE_SECONDS = 3;

/** Attempts that are open at a time. 384 octets each: 200 MB when all are in use. */
export const DEFAULT_MAX_OPEN = 524_288;
