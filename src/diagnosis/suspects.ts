/**
 * Which causes come into question for a shape, by where the capture was taken: the most likely first. Causes that leave the same packets behind stand side by side as
 * `possible`, each with the command that settles it: the packets can't tell them apart, and a guess would send somebody to the wrong machine.
 */
import type { Diagnosis } from '../handshake/handshake.ts';
import type { VantageSide } from '../handshake/vantage.ts';
import type { CauseName } from './causes.ts';
import { SHAPE, type Shape } from './shape.ts';

export interface Suspect {
  readonly cause: CauseName;
  readonly confidence: Diagnosis['confidence'];
  /** What of the packets speaks for it, as a clause. */
  readonly because: string;
}

type Place = 'server' | 'client' | 'between';
type Row = Readonly<Record<Place, readonly Suspect[]>>;

const possible = (because: string, ...causes: CauseName[]): Suspect[] =>
  [...new Set(causes)].map((cause) => ({ cause, confidence: 'possible', because }));
const likely = (cause: CauseName, because: string): Suspect => ({ cause, confidence: 'likely', because });
const proven = (cause: CauseName, because: string): Suspect => ({ cause, confidence: 'proven', because });

const everywhere = (...suspects: Suspect[]): Row => ({ server: suspects, client: suspects, between: suspects });

const AT_SERVER = 'the SYN reached this host, and nothing answered it';
const BEYOND = 'the SYN left this place, and nothing came back';
const OFFERED = 'each SYN offered Fast Open, ECN or Multipath TCP, and nothing came back';
const OUTDATED =
  'SYNs whose timestamp is older than the latest one of their address go unanswered, and others of it are answered: several clocks behind one address, as with NAT';
const HOLDS_OLDER = 'the server answers with an ACK of other numbers, as for a connection that it still holds';
const IGNORED = 'the third leg reached this host, and the server went on as if it had not come';

const IGNORED_BEYOND = 'the third leg has passed here, and the server goes on as if it had not come';
const DATA_IGNORED_BEYOND = 'third leg and data have passed here, and the server goes on as if they had not come';
/** What makes a server ignore a third leg, or never see it; and what spoils it on the way from here. */
const IGNORING_HOST: readonly CauseName[] = [
  'forward-path-loss',
  'accept-queue-full',
  'defer-accept',
  'ack-firewalled',
];
const ON_THE_WAY: readonly CauseName[] = ['sequence-rewritten', 'timestamps-rejected'];
const isNotDeferred = (cause: CauseName): boolean => cause !== 'defer-accept';
const UNHEARD = 'third leg and data have passed here, and the server neither answers nor repeats its SYN-ACK';
const DEFERRED =
  'the server repeats its SYN-ACK later than one that has no third leg: it had it, and waited for data on purpose';
const GONE =
  'the client does not repeat its SYN after the SYN-ACK, as one does that did not get it: its ACK is lost, or it is gone';

const UNHEARD_ANSWERS =
  'the client does not repeat its SYN, and no SYN-ACK that was repeated to it got an ACK or a RST, one of which a host that is there sends: handshakes that it began later complete';

/** What makes a host that got a SYN send nothing. On the wire they are one and the same. */
const SILENT_HOST: readonly CauseName[] = [
  'local-firewall-drop',
  'accept-queue-full',
  'reverse-path-filter',
  'no-return-route',
  'neighbour-unresolved',
  'syn-queue-full',
  'egress-drop',
  'answers-by-another-interface',
  'wrong-destination',
  'wrong-mac',
  'signature-rejected',
];

const ROWS: Readonly<Record<Shape, Row>> = {
  [SHAPE.NONE]: everywhere(),
  [SHAPE.SYN_UNANSWERED]: {
    server: possible(AT_SERVER, ...SILENT_HOST),
    client: possible(BEYOND, 'upstream-drop', ...SILENT_HOST, 'nat-exhausted'),
    between: possible(BEYOND, 'upstream-drop', ...SILENT_HOST, 'nat-exhausted'),
  },
  [SHAPE.SYN_FOR_ANOTHER_HOST]: {
    server: [
      likely('wrong-mac', 'the link layer says that the SYN was for another host'),
      ...possible(AT_SERVER, ...SILENT_HOST.filter((cause) => cause !== 'wrong-mac')),
    ],
    client: possible(BEYOND, 'wrong-mac', 'upstream-drop', ...SILENT_HOST, 'nat-exhausted'),
    between: possible(
      'the link layer says that the SYN was for another host, as it does on a mirror port',
      'wrong-mac',
      'upstream-drop',
      ...SILENT_HOST,
      'nat-exhausted',
    ),
  },
  [SHAPE.SYN_WITH_BAD_CHECKSUM]: {
    server: [
      likely('bad-checksum', 'the SYN came in with a wrong TCP checksum'),
      ...possible(AT_SERVER, ...SILENT_HOST),
    ],
    client: possible(BEYOND, 'upstream-drop', ...SILENT_HOST, 'nat-exhausted'),
    between: possible(
      'the TCP checksum of the SYN is wrong, which hosts that leave it to the card may do on their own packets',
      'bad-checksum',
      'upstream-drop',
      ...SILENT_HOST,
      'nat-exhausted',
    ),
  },
  [SHAPE.SYN_IN_BAD_DATAGRAM]: {
    server: [
      likely('tunnel-checksum', 'the UDP datagram of the tunnel that the SYN came in has a wrong checksum'),
      ...possible(AT_SERVER, ...SILENT_HOST),
    ],
    client: possible(
      'the UDP datagram of the tunnel that the SYN left in has a wrong checksum, as a host’s own may have before the card fills it in',
      'tunnel-checksum',
      'upstream-drop',
      ...SILENT_HOST,
    ),
    between: [
      likely('tunnel-checksum', 'the UDP datagram of the tunnel that the SYN is in has a wrong checksum'),
      ...possible(BEYOND, 'upstream-drop', ...SILENT_HOST, 'nat-exhausted'),
    ],
  },
  [SHAPE.SYN_WITH_OFFERS_UNANSWERED]: {
    server: possible(AT_SERVER, ...SILENT_HOST),
    client: possible(OFFERED, 'upstream-drop', ...SILENT_HOST, 'syn-options-filtered', 'nat-exhausted'),
    between: possible(OFFERED, 'upstream-drop', ...SILENT_HOST, 'syn-options-filtered', 'nat-exhausted'),
  },
  [SHAPE.SYN_SIGNED_UNANSWERED]: {
    server: possible(
      'the SYN carries a TCP-MD5 or TCP-AO signature, and nothing answered it',
      'signature-rejected',
      ...SILENT_HOST,
    ),
    client: possible(
      'the SYN carries a TCP-MD5 or TCP-AO signature, and nothing came back',
      'signature-rejected',
      'upstream-drop',
      ...SILENT_HOST,
    ),
    between: possible(
      'the SYN carries a TCP-MD5 or TCP-AO signature, and nothing came back',
      'signature-rejected',
      'upstream-drop',
      ...SILENT_HOST,
    ),
  },
  [SHAPE.SYN_OUTDATED_UNANSWERED]: {
    server: [likely('timestamps-rejected', OUTDATED), ...possible(AT_SERVER, ...SILENT_HOST)],
    client: [likely('timestamps-rejected', OUTDATED), ...possible(BEYOND, 'upstream-drop', ...SILENT_HOST)],
    between: [likely('timestamps-rejected', OUTDATED), ...possible(BEYOND, 'upstream-drop', ...SILENT_HOST)],
  },
  [SHAPE.SYN_ANSWERED_ELSEWHERE]: everywhere(
    likely('asymmetric-nat', 'a SYN-ACK with this SYN’s number came from another address'),
  ),
  [SHAPE.REFUSED]: everywhere(
    likely('port-closed', 'a RST answers the SYN'),
    ...possible('a RST answers the SYN', 'bound-to-another-address', 'firewall-reset'),
  ),
  [SHAPE.REFUSED_BY_STRANGER]: everywhere(
    likely('firewall-reset', 'the RST has crossed another number of routers than the server’s other packets'),
    ...possible('a RST answers the SYN', 'port-closed'),
  ),
  [SHAPE.REFUSED_TOO_SOON]: everywhere(
    likely('firewall-reset', 'the RST came in less than half of the shortest round trip to the same address'),
    ...possible('a RST answers the SYN', 'port-closed'),
  ),
  [SHAPE.REFUSED_BY_ANOTHER_STACK]: everywhere(
    ...possible(
      'the RST has an IP identification, and no SYN-ACK of the same address has one: another machine may have written it',
      'firewall-reset',
    ),
    ...possible('a RST answers the SYN', 'port-closed', 'bound-to-another-address'),
  ),
  [SHAPE.REFUSED_WITH_WINDOW]: everywhere(
    ...possible('a RST answers the SYN', 'port-closed'),
    ...possible(
      'the RST offers a window: most hosts that refuse a SYN send 0, boxes on the way (and small devices) often something else',
      'firewall-reset',
    ),
    ...possible('a RST answers the SYN', 'bound-to-another-address'),
  ),
  [SHAPE.REFUSED_WITH_BAD_CHECKSUM]: everywhere(
    ...possible(
      'the RST has a wrong checksum, and the SYN that it answers a right one: no host sends such a RST, and clients pass it by',
      'firewall-reset',
    ),
    ...possible('a RST answers the SYN', 'port-closed', 'bound-to-another-address'),
  ),
  [SHAPE.REFUSED_WITH_ECHO]: everywhere(
    likely(
      'firewall-reset',
      'the RST has the IP identification of the SYN that it answers: a box made it out of that SYN',
    ),
    ...possible('a RST answers the SYN', 'port-closed'),
  ),
  [SHAPE.REFUSED_UNFILLED]: everywhere(
    ...possible(
      'the RST left with its checksum unfilled: a Linux kernel fills in that of its own refusals, and its firewall leaves it to the card',
      'firewall-reset',
    ),
    ...possible('a RST answers the SYN', 'port-closed', 'bound-to-another-address'),
  ),
  [SHAPE.REJECTED_PROHIBITED]: everywhere(proven('rejected-by-hop', 'the ICMP error says that a rule forbids it')),
  [SHAPE.REJECTED_PORT]: everywhere(
    proven(
      'rejected-by-hop',
      'an ICMP port or protocol unreachable answers a TCP SYN: hosts send a RST, only rules send this',
    ),
  ),
  [SHAPE.REJECTED_UNREACHABLE]: everywhere(
    proven('host-unreachable', 'the ICMP error says that the network or host can’t be reached'),
  ),
  [SHAPE.REJECTED_OTHERWISE]: everywhere(
    ...possible('an ICMP error quotes the SYN', 'wrong-destination', 'host-unreachable'),
  ),
  [SHAPE.CHALLENGED]: everywhere(likely('old-connection', HOLDS_OLDER)),
  [SHAPE.CHALLENGED_FOR_STAMP]: everywhere(
    likely('old-connection', HOLDS_OLDER),
    ...possible(
      'the number of the SYN lies beyond that connection, and its timestamp before the latest that the server had: in TIME-WAIT that alone keeps it out',
      'timestamps-rejected',
    ),
  ),
  [SHAPE.ANSWERED_WRONGLY]: everywhere(
    ...possible(
      'the SYN-ACK acknowledges another number than this SYN’s',
      'sequence-rewritten',
      'old-connection',
      'wrong-destination',
    ),
  ),
  [SHAPE.SYN_ACK_NOT_HEARD]: {
    server: [likely('return-path-loss', 'the client repeats its SYN after the SYN-ACK has left')],
    client: possible(
      'the client repeats its SYN although the SYN-ACK has come: something on the client takes it',
      'local-firewall-drop',
    ),
    between: [likely('return-path-loss', 'the client repeats its SYN after the SYN-ACK has passed here')],
  },
  [SHAPE.SYN_ACK_REJECTED]: everywhere(
    likely('rejected-by-hop', 'an ICMP error quotes the SYN-ACK: it was rejected on its way back'),
  ),
  [SHAPE.SYN_ACK_INTO_SILENCE]: {
    server: possible(
      'after the SYN-ACK the client is silent',
      'forward-path-loss',
      'return-path-loss',
      'client-gave-up',
      'syn-flood',
    ),
    client: possible(
      'the SYN-ACK has come, and the client does not answer it',
      'client-gave-up',
      'local-firewall-drop',
    ),
    between: possible(
      'after the SYN-ACK the client is silent',
      'forward-path-loss',
      'return-path-loss',
      'client-gave-up',
      'syn-flood',
    ),
  },
  [SHAPE.SYN_ACK_HEARD_OR_CLIENT_GONE]: {
    server: possible(GONE, 'forward-path-loss', 'client-gave-up', 'syn-flood'),
    client: possible(
      'the SYN-ACK has come, and the client neither answers it nor repeats its SYN',
      'client-gave-up',
      'local-firewall-drop',
    ),
    between: possible(GONE, 'forward-path-loss', 'client-gave-up', 'syn-flood'),
  },
  [SHAPE.SYN_ACK_HEARD_BY_LIVE_CLIENT]: {
    server: [likely('forward-path-loss', UNHEARD_ANSWERS), ...possible(GONE, 'client-gave-up')],
    client: possible(
      'the SYN-ACK has come, and the client neither answers it nor repeats its SYN',
      'client-gave-up',
      'local-firewall-drop',
    ),
    between: [likely('forward-path-loss', UNHEARD_ANSWERS), ...possible(GONE, 'client-gave-up')],
  },
  [SHAPE.THIRD_LEG_IGNORED]: {
    server: possible(IGNORED, 'accept-queue-full', 'defer-accept', 'ack-firewalled'),
    client: possible(IGNORED_BEYOND, ...IGNORING_HOST, ...ON_THE_WAY),
    between: possible(IGNORED_BEYOND, ...IGNORING_HOST, ...ON_THE_WAY),
  },
  [SHAPE.THIRD_LEG_WITH_DATA_IGNORED]: {
    server: possible(`${IGNORED}, nor the data behind it`, 'accept-queue-full', 'ack-firewalled'),
    client: possible(DATA_IGNORED_BEYOND, ...IGNORING_HOST.filter(isNotDeferred), ...ON_THE_WAY),
    between: possible(DATA_IGNORED_BEYOND, ...IGNORING_HOST.filter(isNotDeferred), ...ON_THE_WAY),
  },
  [SHAPE.THIRD_LEG_AND_SILENCE]: {
    server: possible(
      'third leg and data reached this host, and it neither answers nor repeats its SYN-ACK, as a server does that answered with a SYN cookie',
      'accept-queue-full',
      'ack-firewalled',
    ),
    client: possible(UNHEARD, 'accept-queue-full', 'forward-path-loss', 'ack-firewalled'),
    between: possible(UNHEARD, 'accept-queue-full', 'forward-path-loss', 'ack-firewalled'),
  },
  [SHAPE.LARGE_DATA_AND_SILENCE]: {
    server: possible(
      'third leg and large segments reached this host, and it neither answers nor repeats its SYN-ACK',
      'accept-queue-full',
      'ack-firewalled',
    ),
    client: possible(UNHEARD, 'path-mtu', 'accept-queue-full', 'forward-path-loss', 'ack-firewalled'),
    between: possible(UNHEARD, 'path-mtu', 'accept-queue-full', 'forward-path-loss', 'ack-firewalled'),
  },
  [SHAPE.THIRD_LEG_DEFERRED]: {
    server: [
      likely('defer-accept', DEFERRED),
      ...possible('the third leg was ignored, and came without data', 'accept-queue-full', 'ack-firewalled'),
    ],
    client: [
      likely('defer-accept', DEFERRED),
      ...possible('the third leg was ignored', 'forward-path-loss', 'accept-queue-full', 'ack-firewalled'),
    ],
    between: [
      likely('defer-accept', DEFERRED),
      ...possible('the third leg was ignored', 'forward-path-loss', 'accept-queue-full', 'ack-firewalled'),
    ],
  },
  [SHAPE.THIRD_LEG_WITH_BAD_STAMP]: everywhere(
    likely(
      'timestamps-rejected',
      'the third leg echoes a timestamp that no SYN-ACK carried, or its own is older than that of the SYN',
    ),
  ),
  [SHAPE.THIRD_LEG_WITH_BAD_CHECKSUM]: {
    server: [
      likely('bad-checksum', 'the third leg came in with a wrong TCP checksum'),
      ...possible(IGNORED, 'accept-queue-full', 'defer-accept', 'ack-firewalled'),
    ],
    client: possible(IGNORED_BEYOND, 'forward-path-loss', 'accept-queue-full', 'defer-accept', 'ack-firewalled'),
    between: possible(
      IGNORED_BEYOND,
      'bad-checksum',
      'forward-path-loss',
      'accept-queue-full',
      'defer-accept',
      'ack-firewalled',
    ),
  },
  [SHAPE.THIRD_LEG_WRONG]: everywhere(
    likely('sequence-rewritten', 'the numbers of the third leg do not fit those of the SYN-ACK'),
  ),
  [SHAPE.THIRD_LEG_OF_ANOTHER_ANSWER]: everywhere(
    ...possible(
      'the numbers of the third leg do not fit those of the SYN-ACK; but the SYN was repeated, and the capture has no answer to each: the client may acknowledge one that is not in it',
      'sequence-rewritten',
    ),
  ),
  [SHAPE.THIRD_LEG_RESET]: everywhere(
    ...possible(
      'a RST without ACK answers a valid third leg: the server kept no connection',
      'accept-queue-full',
      'sequence-rewritten',
      'firewall-reset',
    ),
  ),
  [SHAPE.TWO_SERVERS]: everywhere(
    likely(
      'sequence-rewritten',
      'different SYN-ACKs answer the only SYN, and a RST follows the ACK that acknowledges one of them: two servers answer (an address that two hosts have, a balancer)',
    ),
    ...possible('different SYN-ACKs answer one SYN: it came to more than the wanted server', 'wrong-destination'),
  ),
  [SHAPE.CLIENT_RESET_AT_ONCE]: everywhere(
    ...possible('the client resets the SYN-ACK', 'half-open-scan', 'client-gave-up', 'asymmetric-nat'),
  ),
  [SHAPE.CLIENT_RESET_ON_PURPOSE]: everywhere(
    likely(
      'half-open-scan',
      'the RST acknowledges the SYN-ACK: the client knows of its connection, and ends it at once, as health checks of load balancers do',
    ),
    ...possible('the client resets the SYN-ACK', 'client-gave-up'),
  ),
  [SHAPE.CLIENT_RESET_BY_ANOTHER_STACK]: everywhere(
    likely(
      'half-open-scan',
      'the RST has another TTL than the SYN: a scanner makes its SYNs itself, and its kernel resets what it knows nothing of',
    ),
    ...possible('the client resets the SYN-ACK', 'asymmetric-nat'),
  ),
  [SHAPE.CLIENT_RESET_AND_TRIES_ON]: everywhere(
    ...possible(
      'a RST answers the SYN-ACK and the client goes on repeating its SYN: to its connection the SYN-ACK does not belong, or a firewall refuses it in the client’s name',
      'asymmetric-nat',
      'firewall-reset',
      'sequence-rewritten',
    ),
  ),
  [SHAPE.CLIENT_RESET_LATE]: everywhere(
    likely('client-gave-up', 'SYN-ACK and RST came so late that many clients have given up by then'),
    ...possible('the client resets the SYN-ACK', 'half-open-scan'),
  ),
  [SHAPE.CLIENT_RESET_WRONG_ANSWER]: everywhere(
    ...possible(
      'the client resets a SYN-ACK that acknowledges another number, where it was sent or where it came',
      'sequence-rewritten',
      'old-connection',
      'wrong-destination',
    ),
  ),
  [SHAPE.CLOSED_AT_ONCE]: everywhere(
    likely('closed-at-once', 'the server ends the connection within a second of the third leg, without a word'),
  ),
  [SHAPE.CLOSED_BY_STRANGER]: everywhere(
    likely(
      'firewall-reset',
      'a RST ends the connection at once, and has crossed another number of routers than the server’s other packets',
    ),
    ...possible('a RST ends the connection within a second of the third leg', 'closed-at-once'),
  ),
  [SHAPE.CLOSED_TOO_SOON]: everywhere(
    likely(
      'firewall-reset',
      'a RST ends the connection in less than half of the shortest round trip to the server: it can’t be its answer',
    ),
    ...possible('a RST ends the connection within a second of the third leg', 'closed-at-once'),
  ),
  [SHAPE.RESET_IN_SERVERS_NAME]: everywhere(
    likely(
      'firewall-reset',
      'a RST in the server’s name ends a connection on which it has spoken, and has crossed another number of routers than the server’s other packets',
    ),
  ),
  [SHAPE.RESET_IN_CLIENTS_NAME]: everywhere(
    likely(
      'firewall-reset',
      'a RST in the client’s name ends the connection, and has crossed another number of routers than the client’s other packets',
    ),
  ),
  [SHAPE.LEFT_UNHEARD]: everywhere(
    ...possible(
      'the client ended the connection without having got a word; the server’s kernel took that, and its application has not closed since',
      'not-accepted-yet',
    ),
  ),
  [SHAPE.LARGE_DATA_LOST]: {
    server: possible('the client sends a large segment again and again, and small ones were taken', 'path-mtu'),
    client: [likely('path-mtu', 'the client sends a large segment again and again, and small ones are answered')],
    between: [likely('path-mtu', 'the client sends a large segment again and again, and small ones are answered')],
  },
  [SHAPE.LARGE_ANSWER_LOST]: everywhere(
    ...possible(
      'the server sends its first segment, a large one, again and again for more than a second, as one that gets no acknowledgement',
      'path-mtu',
      'return-path-loss',
    ),
  ),
  [SHAPE.ANSWERED_WITHOUT_OFFERS]: everywhere(
    ...possible(
      'the first SYN offered Fast Open, ECN or Multipath TCP and was not answered; a later one without it was',
      'syn-options-filtered',
    ),
  ),
  [SHAPE.NO_SYN]: everywhere(
    likely('capture-one-sided', 'a SYN-ACK answers a SYN that is not in the capture'),
    ...possible('a SYN-ACK answers a SYN that is not in the capture', 'asymmetric-nat'),
  ),
  [SHAPE.NO_SYN_ELSEWHERE]: everywhere(likely('asymmetric-nat', 'it answers a SYN that went to another address')),
};

export function suspectsOf(shape: Shape, side: VantageSide): readonly Suspect[] {
  return ROWS[shape][placeOf(side)];
}

/** On loopback everything happens on this host: what the server's side can tell, can be told. */
function placeOf(side: VantageSide): Place {
  if (side === 'server' || side === 'loopback') return 'server';
  return side === 'client' ? 'client' : 'between';
}
