/** From a shape to the diagnoses of one record, and from many of them to those of an endpoint. Pure. */
import type { Diagnosis, Handshake } from '../handshake/handshake.ts';
import type { VantageSide } from '../handshake/vantage.ts';
import type { AddressFigures } from './address-figures.ts';
import { CAUSES, type CauseName } from './causes.ts';
import { BY_CONFIDENCE } from './confidence.ts';
import type { EndpointShapes, ShapeCount } from './endpoint-shapes.ts';
import { SHAPE, type Shape } from './shape.ts';
import { type Suspect, suspectsOf } from './suspects.ts';
import type { TakenOffers } from './taken-offers.ts';

/** Of one attempt: the most likely first, with the packets that a reader can check. */
export function diagnosesOf(handshake: Handshake, shape: Shape, side: VantageSide): readonly Diagnosis[] {
  const suspects = suspectsOf(shape, side);
  if (suspects.length === 0) return [];
  const packets = packetsOf(handshake);
  return suspects.map(({ cause, confidence, because }) => ({
    cause,
    confidence,
    evidence: [because, ...packets],
    advice: CAUSES[cause].advice,
  }));
}

function packetsOf({ legs, reset, icmp }: Handshake): string[] {
  const packets: string[] = [];
  for (const [name, leg] of [
    ['SYN', legs.syn],
    ['SYN-ACK', legs.synAck],
    ['third leg', legs.ack],
  ] as const) {
    if (leg.count > 0)
      packets.push(
        `${name} ${leg.count === 1 ? 'once' : `${leg.count} times`}, packet ${leg.frames.slice(0, 4).join(', ')}${leg.count > 4 ? ', …' : ''}`,
      );
  }
  if (reset !== null) packets.push(`RST of the ${reset.from}, packet ${reset.frame}, TTL ${reset.ttl}`);
  if (icmp !== null)
    packets.push(`ICMP type ${icmp.type} code ${icmp.code} (${icmp.meaning}) from ${icmp.from}, packet ${icmp.frame}`);
  return packets;
}

interface Sum {
  suspect: Suspect;
  attempts: number;
  first: number;
  /** The place of the suspect among those of its shape. */
  place: number;
}

/** What is known of an endpoint beside the shapes of its attempts. */
export interface EndpointContext {
  /** Handshakes that completed. */
  readonly complete: number;
  /** Distinct client addresses. */
  readonly clients: number;
  /** Of the SYN-ACKs of the same address, from whatever port. */
  readonly host: AddressFigures;
  /** Ports on which the clients of the attempts that were reset or refused were reset or refused: a scan has many. */
  readonly portsOf: (client: number) => number;
}

/** A client that is turned away on this many ports is looking for open ones. */
const PORTS_OF_A_SCAN = 10;

/** A flood comes from many addresses, each with an attempt or two; a few clients behind a broken path are no flood. */
const CLIENTS_OF_A_FLOOD = 30;

/**
 * Of an endpoint: each cause once, with how many attempts it would explain, and since when.
 * @param moment a time of the shapes as text
 */
export function diagnosesOfEndpoint(
  shapes: EndpointShapes,
  context: EndpointContext,
  side: VantageSide,
  moment: (nanos: number) => string,
): readonly Diagnosis[] {
  const sums = new Map<CauseName, Sum>();
  const { misaddressed } = shapes;
  if (misaddressed !== null && side !== 'client') {
    const { attempts, first, answered } = misaddressed;
    const because = `these SYNs went to another MAC address than those of ${answered} attempts that were answered`;
    addTo(sums, { suspect: { cause: 'wrong-mac', confidence: 'likely', because }, attempts, first, place: 0 });
  }
  const { outdated } = shapes;
  if (outdated !== null) {
    const { attempts, first, answered } = outdated;
    const [suspect] = suspectsOf(SHAPE.SYN_OUTDATED_UNANSWERED, side);
    const because = `${suspect?.because} (${answered} in their order were)`;
    addTo(sums, {
      suspect: { cause: 'timestamps-rejected', confidence: 'likely', because },
      attempts,
      first,
      place: 0,
    });
  }
  for (const count of shapes.counts) {
    const { attempts, first } = count;
    const suspects = suspectsAmong(count, shapes, context, side);
    for (const [place, suspect] of suspects.entries()) addTo(sums, { suspect, attempts, first, place });
  }
  const sorted = [...sums.values()].sort(
    (a, b) =>
      BY_CONFIDENCE[a.suspect.confidence] - BY_CONFIDENCE[b.suspect.confidence] ||
      b.attempts - a.attempts ||
      a.place - b.place,
  );
  return sorted.map(({ suspect, attempts, first }) => ({
    cause: suspect.cause,
    confidence: suspect.confidence,
    evidence: [`${attempts === 1 ? '1 attempt' : `${attempts} attempts`}, since ${moment(first)}: ${suspect.because}`],
    advice: CAUSES[suspect.cause].advice,
  }));
}

/** The suspects of the attempts of one shape, as the whole endpoint makes them more or less likely. */
function suspectsAmong(
  count: ShapeCount,
  shapes: EndpointShapes,
  context: EndpointContext,
  side: VantageSide,
): readonly Suspect[] {
  const { shape } = count;
  switch (shape) {
    case SHAPE.REFUSED:
    case SHAPE.REFUSED_UNFILLED:
    case SHAPE.REFUSED_WITH_WINDOW:
    case SHAPE.REFUSED_WITH_BAD_CHECKSUM:
      return suspectsOf(shapes.refusalBeside(context.host, shape), side);
    case SHAPE.SYN_UNANSWERED:
    case SHAPE.SYN_WITH_OFFERS_UNANSWERED:
      return context.complete > 0 ? besideCompleted(count, context, side) : suspectsOf(shape, side);
    case SHAPE.THIRD_LEG_IGNORED:
    case SHAPE.THIRD_LEG_WITH_DATA_IGNORED:
      return context.complete > 0
        ? ignoredBesideTaken(suspectsOf(shape, side), context.complete)
        : suspectsOf(shape, side);
    case SHAPE.SYN_ACK_INTO_SILENCE:
    case SHAPE.SYN_ACK_HEARD_OR_CLIENT_GONE:
      return beforeSilence(count, context, side);
    case SHAPE.CLIENT_RESET_AT_ONCE: {
      const ports = context.portsOf(count.client);
      if (count.several || ports < PORTS_OF_A_SCAN) return suspectsOf(shape, side);
      const because = `the client resets the SYN-ACK, and was turned away on ${ports} ports`;
      return [{ cause: 'half-open-scan', confidence: 'likely', because }];
    }
    case SHAPE.ANSWERED_WITHOUT_OFFERS:
      return answeredWithoutOffers(count, shapes.takenOffers, side);
    default:
      return suspectsOf(shape, side);
  }
}

/** What strikes one client and no other: a rule that names it, its network, its address. */
const OF_ONE_CLIENT: readonly CauseName[] = [
  'local-firewall-drop',
  'upstream-drop',
  'reverse-path-filter',
  'no-return-route',
  'neighbour-unresolved',
];

/** SYNs without an answer on a port that completed others: it is alive. Of one client among several it is that client; otherwise the port has no room for all. */
function besideCompleted(
  { shape, several }: ShapeCount,
  { complete, clients }: EndpointContext,
  side: VantageSide,
): readonly Suspect[] {
  const suspects = suspectsOf(shape, side);
  const isOneOfMany = !several && clients > 1;
  const favoured: readonly CauseName[] = isOneOfMany ? OF_ONE_CLIENT : ['accept-queue-full', 'syn-queue-full'];
  const others = `${complete} other${complete === 1 ? '' : 's'} to the same port completed`;
  const also = isOneOfMany ? `this was one client of ${clients}, and ${others}` : `while ${others}`;
  const first = suspects
    .filter(({ cause }) => favoured.includes(cause))
    .map((suspect) => ({ ...suspect, because: `${suspect.because}, ${isOneOfMany ? 'and ' : ''}${also}` }))
    .sort((a, b) => favoured.indexOf(a.cause) - favoured.indexOf(b.cause));
  // The address is the server's: others got through to it.
  const rest = suspects.filter(({ cause }) => !favoured.includes(cause) && cause !== 'wrong-destination');
  return [...first, ...rest];
}

/** Third legs that were ignored while others were taken: the queue had room for some. */
function ignoredBesideTaken(suspects: readonly Suspect[], complete: number): readonly Suspect[] {
  const because = `third legs were ignored, while ${complete} other${complete === 1 ? ' was' : 's were'} taken`;
  return [
    { cause: 'accept-queue-full', confidence: 'possible', because },
    ...suspects.filter(({ cause }) => cause !== 'accept-queue-full'),
  ];
}

/** SYN-ACKs that nobody acknowledged: a flood has many sources, one client alone is none. */
function beforeSilence(
  { shape, attempts, several }: ShapeCount,
  { clients }: EndpointContext,
  side: VantageSide,
): readonly Suspect[] {
  const suspects = suspectsOf(shape, side);
  const others = suspects.filter(({ cause }) => cause !== 'syn-flood');
  if (!several && attempts < CLIENTS_OF_A_FLOOD) return others;
  if (clients < CLIENTS_OF_A_FLOOD || attempts < CLIENTS_OF_A_FLOOD || attempts > 2 * clients) return suspects;
  const because = `${attempts} attempts of about as many clients, none of which acknowledges the SYN-ACK`;
  return [{ cause: 'syn-flood', confidence: 'likely', because }, ...others];
}

/** Where as many SYNs that offered as much were answered, the others were lost by chance. */
function answeredWithoutOffers(
  { shape, attempts }: ShapeCount,
  offers: TakenOffers,
  side: VantageSide,
): readonly Suspect[] {
  const taken = offers.likeThoseLost;
  if (taken >= attempts) return [];
  const isAlways = taken === 0 && attempts > 1 && !offers.mayBeAnOutage;
  return suspectsOf(shape, side).map((suspect) => (isAlways ? { ...suspect, confidence: 'likely' } : suspect));
}

function addTo(sums: Map<CauseName, Sum>, more: Sum): void {
  const sum = sums.get(more.suspect.cause);
  if (sum === undefined) {
    sums.set(more.suspect.cause, more);
    return;
  }
  if (BY_CONFIDENCE[more.suspect.confidence] < BY_CONFIDENCE[sum.suspect.confidence]) {
    sum.suspect = more.suspect;
    sum.place = more.place;
  }
  sum.attempts += more.attempts;
  sum.first = Math.min(sum.first, more.first);
}
