/** From a shape to the diagnoses of one record, and from many of them to those of an endpoint. Pure. */
import type { Diagnosis, Handshake } from '../handshake/handshake.ts';
import type { VantageSide } from '../handshake/vantage.ts';
import { CAUSES, type CauseName } from './causes.ts';
import { SHAPE, SHAPES, type Shape } from './shape.ts';
import { type Suspect, suspectsOf } from './suspects.ts';

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

/** What is counted of an endpoint: attempts of each shape, and when the first began (nanoseconds since the base). */
export class ShapeCounts {
  counts = new Float64Array(SHAPES);
  firsts = new Float64Array(SHAPES);

  copy(): ShapeCounts {
    const copy = new ShapeCounts();
    copy.counts = this.counts.slice();
    copy.firsts = this.firsts.slice();
    return copy;
  }

  add(shape: Shape, began: number): void {
    if (this.counts[shape] === 0 || began < (this.firsts[shape] as number)) this.firsts[shape] = began;
    this.counts[shape] = (this.counts[shape] as number) + 1;
  }
}

const ORDER: Readonly<Record<Diagnosis['confidence'], number>> = { proven: 0, likely: 1, possible: 2 };

interface Sum {
  suspect: Suspect;
  attempts: number;
  first: number;
  /** The place of the suspect among those of its shape. */
  place: number;
}

/**
 * Of an endpoint: each cause once, with how many attempts it would explain, and since when.
 * @param complete handshakes of the same endpoint that completed: a port that answers some and not others is one whose queue is full sooner than one behind a wall
 * @param moment a time of ShapeCounts as text
 */
export function diagnosesOfEndpoint(
  shapes: ShapeCounts,
  complete: number,
  side: VantageSide,
  moment: (nanos: number) => string,
): readonly Diagnosis[] {
  const sums = new Map<CauseName, Sum>();
  for (const [shape, attempts] of shapes.counts.entries()) {
    if (attempts === 0) continue;
    const first = shapes.firsts[shape] as number;
    for (const [place, suspect] of suspectsOf(shape as Shape, side).entries()) {
      const isFavoured = complete > 0 && shape === SHAPE.SYN_UNANSWERED && suspect.cause === 'accept-queue-full';
      addTo(sums, isFavoured ? favoured(suspect, attempts, first, complete) : { suspect, attempts, first, place });
    }
  }
  const sorted = [...sums.values()].sort(
    (a, b) => ORDER[a.suspect.confidence] - ORDER[b.suspect.confidence] || b.attempts - a.attempts || a.place - b.place,
  );
  return sorted.map(({ suspect, attempts, first }) => ({
    cause: suspect.cause,
    confidence: suspect.confidence,
    evidence: [`${attempts === 1 ? '1 attempt' : `${attempts} attempts`}, since ${moment(first)}: ${suspect.because}`],
    advice: CAUSES[suspect.cause].advice,
  }));
}

function favoured(suspect: Suspect, attempts: number, first: number, complete: number): Sum {
  const because = `${suspect.because}, while ${complete} other${complete === 1 ? '' : 's'} to the same port completed`;
  return { suspect: { ...suspect, because }, attempts, first, place: -1 };
}

function addTo(sums: Map<CauseName, Sum>, more: Sum): void {
  const sum = sums.get(more.suspect.cause);
  if (sum === undefined) {
    sums.set(more.suspect.cause, more);
    return;
  }
  if (ORDER[more.suspect.confidence] < ORDER[sum.suspect.confidence]) {
    sum.suspect = more.suspect;
    sum.place = more.place;
  }
  sum.attempts += more.attempts;
  sum.first = Math.min(sum.first, more.first);
}
