/** What the text reports call verdicts, legs and grades: words of tcpdump, Wireshark and ss users. */
import type { Grade, LegName, VerdictName } from '../../handshake/handshake.ts';

interface VerdictWords {
  readonly missing: LegName | null;
  /** Completes "attempts: …". */
  readonly phrase: string;
}

export const VERDICT_WORDS: Readonly<Record<VerdictName, VerdictWords>> = {
  complete: { missing: null, phrase: 'all three legs' },
  'no-syn': { missing: 'syn', phrase: 'a SYN-ACK without a SYN before it' },
  'no-syn-ack': { missing: 'syn-ack', phrase: 'no answer to the SYN' },
  refused: { missing: 'syn-ack', phrase: 'the SYN is answered with a RST' },
  rejected: { missing: 'syn-ack', phrase: 'the SYN is answered with an ICMP error' },
  challenged: { missing: 'syn-ack', phrase: 'the SYN is answered with an ACK of an older connection' },
  'no-ack': { missing: 'ack', phrase: 'the client never acknowledges the SYN-ACK' },
  'ack-ignored': { missing: 'ack', phrase: 'the server takes no notice of the third leg' },
  'ack-rejected': { missing: 'ack', phrase: 'the third leg does not fit, or the server resets it' },
  'client-reset': { missing: 'ack', phrase: 'the client answers the SYN-ACK with a RST' },
  undecided: { missing: null, phrase: "the capture can't tell" },
};

/** What operators call the legs. */
export const LEG_WORDS: Readonly<Record<LegName, string>> = { syn: 'SYN', 'syn-ack': 'SYN-ACK', ack: 'ACK' };

/** In the order of the handshake: key in the record, name, and how the table calls it when it was not seen. */
export const LEG_ROWS = [
  { key: 'syn', name: 'syn', label: 'SYN' },
  { key: 'synAck', name: 'syn-ack', label: 'SYN-ACK' },
  { key: 'ack', name: 'ack', label: 'ACK' },
] as const;

export const GRADE_WORDS: Readonly<Record<Grade, string>> = {
  accepted: 'accepted by the other side',
  seen: 'seen',
  ignored: 'seen, but the other side went on as if it had not come',
  inferred: 'not in the capture, but it must have been there',
  'not-seen': 'not seen',
};
