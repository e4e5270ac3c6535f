/**
 * Named oddities of an attempt: data, so that reports and other programs can decide what to say of them. The ids are stable.
 */
import { MARK } from './attempts.ts';
import { type Evidence, RESET_FROM } from './evidence.ts';
import { isMoreThanMss } from './offer-changes.ts';
import { SIGN } from './traits.ts';
import { beganEarly, isOfTwoSyns } from './verdict.ts';

export interface Note {
  readonly id: string;
  readonly sentence: string;
  readonly reference: string;
  readonly applies: (e: Evidence, patienceNanos: number) => boolean;
}

/** After this much silence a server with a half-open connection would have repeated its SYN-ACK (Linux: after 1 s, and again after 3 s). */
const COOKIE_SILENCE_NANOS = 4e9;

/** Each says what a RST was taken for. */
const RESET_MARKS =
  MARK.REFUSED |
  MARK.CLIENT_RESET |
  MARK.RESET_BARE |
  MARK.RESET_OF_CONNECTION |
  MARK.RESET_WRONG_NUMBERS |
  MARK.RESET_BEFORE_ANSWER;

const marked = (mark: number) => (e: Evidence) => (e.marks & mark) !== 0;

export const NOTES: readonly Note[] = [
  {
    id: 'fast-open',
    sentence: 'The SYN carried data or asked for a Fast Open cookie.',
    reference: 'RFC 7413',
    applies: marked(MARK.FAST_OPEN),
  },
  {
    id: 'simultaneous-open',
    sentence:
      'Both sides sent a SYN: the two crossed, the first was lost on its way, or the server answered it with a SYN of its own (a split handshake). The client is the earlier sender.',
    reference: 'RFC 9293 §3.5',
    applies: marked(MARK.CROSSED),
  },
  {
    id: 'self-connect',
    sentence:
      'A socket connected to itself: client and server are one address and one port. No server listens there; the system had given the client the very port that it asked for.',
    reference: 'RFC 9293 §3.5; ip_local_port_range in ip-sysctl',
    applies: isWithItself,
  },
  {
    id: 'syn-cookie',
    sentence:
      'The server answered each SYN once and did not repeat its SYN-ACK, as a server does that keeps no half-open connection.',
    reference: 'RFC 4987 §3.6',
    applies: looksLikeCookie,
  },
  {
    id: 'port-reused',
    sentence: 'The same addresses and ports had carried another connection, or attempt, before.',
    reference: 'RFC 9293 §3.6.1',
    applies: marked(MARK.PORT_REUSED),
  },
  {
    id: 'reordered',
    sentence: 'The SYN-ACK was recorded before the SYN that it answers.',
    reference: 'several interfaces or queues in one capture',
    applies: marked(MARK.REORDERED),
  },
  {
    id: 'starts-mid-handshake',
    sentence: 'The capture began so shortly before that the SYN can have passed unrecorded.',
    reference: 'docs/record.md, "Verdicts"',
    applies: (e, patienceNanos) => e.synCount === 0 && beganEarly(e, patienceNanos),
  },
  {
    id: 'several-syn-acks',
    sentence: 'Different SYN-ACKs answered one SYN: a server that restarted, two servers on one address, or a proxy.',
    reference: 'RFC 9293 §3.10.7.4',
    applies: marked(MARK.SEVERAL_SYN_ACKS),
  },
  {
    id: 'syn-ack-wrong-number',
    sentence: 'A SYN-ACK acknowledged another number than that of the SYN.',
    reference: 'RFC 9293 §3.10.7.3',
    applies: marked(MARK.STRAY_SYN_ACK),
  },
  {
    id: 'challenge-ack',
    sentence: 'An ACK with other numbers answered the SYN: the server held an older connection on these ports.',
    reference: 'RFC 5961 §4, RFC 9293 §3.6.1',
    applies: marked(MARK.CHALLENGED),
  },
  {
    id: 'outdated-timestamp',
    sentence:
      'The server answered for an older connection on these ports, whose number the SYN is beyond, but whose latest timestamp is younger than the SYN’s: two clocks behind one address.',
    reference: 'RFC 7323 §5, RFC 6191',
    applies: (e) => (e.signs & SIGN.SYN_OUTDATED) !== 0,
  },
  {
    id: 'ack-before-syn-ack',
    sentence: 'The server acknowledged the SYN with a segment that is no SYN-ACK.',
    reference: 'RFC 9293 §3.10.7.3',
    applies: (e) => (e.marks & MARK.SERVER_ACKED) !== 0 && e.synAckCount === 0,
  },
  {
    id: 'acknowledges-unseen',
    sentence: 'The third leg acknowledges more than the server was seen to send.',
    reference: 'RFC 9293 §3.10.7.4',
    applies: (e) => (e.marks & MARK.ACK_AHEAD) !== 0 && (e.marks & MARK.ACK_EXACT) === 0,
  },
  {
    id: 'capture-loss',
    sentence: 'Segments of this attempt are missing from the capture: later ones acknowledge or need them.',
    reference: 'docs/record.md, "Legs"',
    applies: (e) => e.lossy || e.lossyMany || (!isPassedElsewhere(e) && lacksSegments(e)),
  },
  {
    id: 'reset-wrong-numbers',
    sentence: 'A RST answered the SYN without acknowledging it: clients ignore such a RST.',
    reference: 'RFC 9293 §3.10.7.3',
    applies: marked(MARK.RESET_WRONG_NUMBERS),
  },
  {
    id: 'reset-before-answer',
    sentence: 'The client sent a RST before any SYN-ACK came.',
    reference: 'RFC 9293 §3.10.5',
    applies: marked(MARK.RESET_BEFORE_ANSWER),
  },
  {
    id: 'reset-before-ack',
    sentence: 'The client answered the SYN-ACK with a RST, and acknowledged it all the same later.',
    reference: 'two stacks on one address: a scanner beside its kernel',
    applies: (e) => (e.marks & MARK.CLIENT_RESET) !== 0 && e.ackCount > 0,
  },
  {
    id: 'closed-by-reset',
    sentence: 'A RST ended the connection within moments of the handshake.',
    reference: 'RFC 9293 §3.10.7.4',
    applies: (e) => (e.marks & MARK.RESET_OF_CONNECTION) !== 0 && (e.ackCount > 0 || (e.marks & MARK.TOOK) !== 0),
  },
  {
    id: 'reset-ignored',
    sentence:
      'A RST came, and the connection went on as if it had not: its numbers did not fit, or somebody injected it.',
    reference: 'RFC 5961 §3',
    applies: (e) => e.resetFrom !== 0 && (e.marks & MARK.TOOK) !== 0 && (e.marks & RESET_MARKS) === 0,
  },
  {
    id: 'half-open-reset',
    sentence: 'The server reset its half-open connection before a third leg came.',
    reference: 'RFC 9293 §3.10.4',
    applies: (e) => (e.marks & MARK.RESET_OF_CONNECTION) !== 0 && e.ackCount === 0 && (e.marks & MARK.TOOK) === 0,
  },
  {
    id: 'icmp-later',
    sentence: 'An ICMP error quoted a later segment of the connection.',
    reference: 'RFC 792, RFC 4443, RFC 1191',
    applies: marked(MARK.ICMP_LATER),
  },
  {
    id: 'other-network',
    sentence: 'The answer came through another VLAN or tunnel than the SYN.',
    reference: 'mirror ports that tag one direction, asymmetric tunnels',
    applies: marked(MARK.OTHER_NETWORK),
  },
  {
    id: 'other-address',
    sentence: 'The SYN went to one address, and the SYN-ACK that answers it came from another.',
    reference: 'address translation that is undone on one way only',
    applies: marked(MARK.OTHER_ADDRESS),
  },
  {
    id: 'half-view',
    sentence:
      'The same handshake passed under other addresses as well, and what this attempt lacks passed under those.',
    reference: 'address translation between bridges, as on hosts of containers (net.bridge.bridge-nf-call-iptables)',
    applies: (e) =>
      (e.isAnsweredElsewhere && (e.synCount === 0 || (e.synAckCount === 0 && e.resetFrom !== RESET_FROM.SERVER))) ||
      (e.isTakenElsewhere && e.ackCount === 0),
  },
  {
    id: 'mss-changed',
    sentence:
      'The SYN or SYN-ACK had another MSS where it passed a second time, as routers before a narrower link set it.',
    reference: 'RFC 9293 §3.7.1; optionChanges of the record',
    applies: (e) => e.offerChanges.length > 0 && !e.offerChanges.some(isMoreThanMss),
  },
  {
    id: 'options-changed',
    sentence:
      'The SYN or SYN-ACK offered something else where it passed a second time: a box between the two points takes options away, or adds some.',
    reference: 'RFC 9293 §3.2, RFC 7323; optionChanges of the record',
    applies: (e) => e.offerChanges.some(isMoreThanMss),
  },
  {
    id: 'options-unasked',
    sentence:
      'The SYN-ACK offers something that the SYN, as it passed here, did not: a box on the way changes one of them, or answers for the server.',
    reference: 'RFC 7323 §2.2, RFC 2018 §2, RFC 3168 §6.1.1',
    applies: (e) => (e.signs & SIGN.OFFERS_UNASKED) !== 0,
  },
  {
    id: 'syn-ack-no-window',
    sentence:
      'The SYN-ACK offers no window, so that nothing may be sent before the server opens one: a SYN proxy on the way does that when it answers in the server’s name.',
    reference: 'RFC 4987 §3.6 and §4; nft(8), synproxy',
    applies: (e) => (e.signs & SIGN.SYN_ACK_NO_WINDOW) !== 0,
  },
  {
    id: 'window-not-opened',
    sentence: 'The SYN-ACK offers no window, and in the `--patience` behind the third leg the server opened none.',
    reference: 'RFC 9293 §3.8.6.1',
    applies: hasNoWindow,
  },
  {
    id: 'answered-from-elsewhere',
    sentence:
      'The SYN-ACK has crossed another number of routers than what the server sent next: something on the way answers SYNs in its name.',
    reference: 'RFC 791 §3.2, TTL; RFC 4987 §3.6',
    applies: (e) => (e.signs & SIGN.SERVER_FROM_ELSEWHERE) !== 0,
  },
  {
    id: 'options-cut',
    sentence: 'The snapshot length cut the options of the SYN: what they held is unknown.',
    reference: 'tcpdump -s',
    applies: marked(MARK.OPTIONS_CUT),
  },
  {
    id: 'multipath',
    sentence: 'The SYN offered Multipath TCP.',
    reference: 'RFC 8684',
    applies: marked(MARK.MULTIPATH),
  },
  {
    id: 'given-up',
    sentence: 'Too many attempts were open at a time; this one was given up before its end.',
    reference: '--max-open',
    applies: marked(MARK.GIVEN_UP),
  },
];

function isWithItself(e: Evidence): boolean {
  const isSameAddress =
    e.client0 === e.server0 && e.client1 === e.server1 && e.client2 === e.server2 && e.client3 === e.server3;
  return isSameAddress && e.clientPort === e.serverPort;
}

/** Whatever the server sends next says what window it has, and one that is there answers a client that asks for it (RFC 9293 §3.8.6.1). */
function hasNoWindow(e: Evidence, patienceNanos: number): boolean {
  if ((e.signs & SIGN.SYN_ACK_NO_WINDOW) === 0 || e.ackCount === 0 || e.synAckCount === 0) return false;
  if ((e.marks & (MARK.TOOK | MARK.SERVER_SPOKE | MARK.RESET_OF_CONNECTION | MARK.RESET_BARE)) !== 0) return false;
  return e.sinceSynAckNanos >= patienceNanos && !e.lossy && !e.lossyMany;
}

function isPassedElsewhere(e: Evidence): boolean {
  return e.isAnsweredElsewhere || e.isTakenElsewhere;
}

function lacksSegments(e: Evidence): boolean {
  const lacksAck = (e.marks & MARK.TOOK) !== 0 && e.ackCount === 0;
  const lacksSynAck = e.synAckCount === 0 && e.ackCount > 0 && e.synCount > 0 && !isOfTwoSyns(e);
  // An acknowledgement of octets that were never sent looks like loss, until the server says that it knows of none.
  const isAhead = (e.marks & MARK.CAPTURE_LOSS) !== 0 && (e.marks & MARK.RESET_BARE) === 0;
  return isAhead || lacksAck || lacksSynAck;
}

function looksLikeCookie(e: Evidence): boolean {
  if (e.synAckCount === 0 || e.ackCount > 0 || e.synCount === 0 || (e.marks & (MARK.TOOK | MARK.CROSSED)) !== 0) {
    return false;
  }
  const ended = (e.marks & (MARK.CLIENT_RESET | MARK.RESET_OF_CONNECTION)) !== 0;
  return !ended && e.synAckCount <= e.synCount && e.sinceSynAckNanos >= COOKIE_SILENCE_NANOS;
}

export function notesOf(e: Evidence, patienceNanos: number): string[] {
  const ids: string[] = [];
  for (const note of NOTES) if (note.applies(e, patienceNanos)) ids.push(note.id);
  return ids;
}
