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
  causes.map((cause) => ({ cause, confidence: 'possible', because }));
const likely = (cause: CauseName, because: string): Suspect => ({ cause, confidence: 'likely', because });
const proven = (cause: CauseName, because: string): Suspect => ({ cause, confidence: 'proven', because });

const everywhere = (...suspects: Suspect[]): Row => ({ server: suspects, client: suspects, between: suspects });

const AT_SERVER = 'the SYN reached this host, and nothing answered it';
const BEYOND = 'the SYN left this place, and nothing came back';
const IGNORED = 'the third leg reached this host, and the server went on as if it had not come';

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
];

const ROWS: Readonly<Record<Shape, Row>> = {
  [SHAPE.NONE]: everywhere(),
  [SHAPE.SYN_UNANSWERED]: {
    server: possible(AT_SERVER, ...SILENT_HOST),
    client: possible(BEYOND, 'upstream-drop', ...SILENT_HOST, 'nat-exhausted'),
    between: possible(BEYOND, 'upstream-drop', ...SILENT_HOST, 'nat-exhausted'),
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
  [SHAPE.CHALLENGED]: everywhere(
    likely(
      'old-connection',
      'the server answers with an ACK of other numbers, as for a connection that it still holds',
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
      'return-path-loss',
      'forward-path-loss',
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
      'return-path-loss',
      'forward-path-loss',
      'client-gave-up',
      'syn-flood',
    ),
  },
  [SHAPE.THIRD_LEG_IGNORED]: {
    server: possible(IGNORED, 'accept-queue-full', 'defer-accept', 'ack-firewalled'),
    client: possible(
      'the third leg has left, and the server goes on as if it had not come',
      'forward-path-loss',
      'accept-queue-full',
      'defer-accept',
      'ack-firewalled',
    ),
    between: possible(
      'the third leg has passed here, and the server goes on as if it had not come',
      'forward-path-loss',
      'accept-queue-full',
      'defer-accept',
      'ack-firewalled',
    ),
  },
  [SHAPE.THIRD_LEG_WITH_DATA_IGNORED]: {
    server: possible(`${IGNORED}, nor the data behind it`, 'accept-queue-full', 'ack-firewalled'),
    client: possible(
      'third leg and data have left, and the server goes on as if they had not come',
      'forward-path-loss',
      'accept-queue-full',
      'ack-firewalled',
    ),
    between: possible(
      'third leg and data have passed here, and the server goes on as if they had not come',
      'forward-path-loss',
      'accept-queue-full',
      'ack-firewalled',
    ),
  },
  [SHAPE.THIRD_LEG_WRONG]: everywhere(
    likely('sequence-rewritten', 'the numbers of the third leg do not fit those of the SYN-ACK'),
  ),
  [SHAPE.THIRD_LEG_RESET]: everywhere(
    ...possible(
      'a RST without ACK answers a valid third leg: the server kept no connection',
      'accept-queue-full',
      'sequence-rewritten',
      'firewall-reset',
    ),
  ),
  [SHAPE.CLIENT_RESET_AT_ONCE]: everywhere(
    ...possible('the client resets the SYN-ACK', 'half-open-scan', 'client-gave-up', 'asymmetric-nat'),
  ),
  [SHAPE.CLIENT_RESET_LATE]: everywhere(
    likely('client-gave-up', 'the SYN-ACK came so late that many clients have given up by then'),
    ...possible('the client resets the SYN-ACK', 'half-open-scan'),
  ),
  [SHAPE.CLIENT_RESET_WRONG_ANSWER]: everywhere(
    ...possible(
      'the client resets a SYN-ACK that acknowledges another number',
      'sequence-rewritten',
      'old-connection',
      'wrong-destination',
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
