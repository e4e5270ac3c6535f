/**
 * Connections of two SYNs: both ends connect and their SYNs cross, or the first one is lost on its way; a server answers with a SYN of its own; a socket connects to itself.
 * What is said of them is held against what happened, where the capture lost nothing.
 */
import type { Handshake } from '../../src/index.ts';
import { Choice } from '../fuzz/choice.ts';
import { analyzeWith } from '../support/analyze-with.ts';
import { parseScript } from '../support/script.ts';
import { encodeScript } from '../support/script-frames.ts';
import { Agenda, MILLISECOND, SECOND } from './agenda.ts';
import { Opener, type OpenerKind, type Opening } from './opener.ts';
import type { Fault } from './oracle.ts';
import { plus } from './packet.ts';

const START = 5 * SECOND;
const END = 90 * SECOND;

interface Passed {
  readonly at: number;
  readonly from: number;
  readonly segment: Opening;
}

interface TwoSyns {
  readonly openers: readonly Opener[];
  /** What passed the place of the capture, in the order of time. */
  readonly passed: readonly Passed[];
  /** From there to each end and back, at most, microseconds. */
  readonly roundTrips: readonly number[];
}

export async function faultsOfTwoSyns(seed: number): Promise<readonly Fault[]> {
  const what = simulateTwoSyns(seed);
  const text = scriptOf(what);
  const { handshakes } = await analyzeWith(encodeScript(parseScript(text)), { maxOpen: 1000 });
  return faultsOf(what, handshakes).map((fault) => ({ rule: `two SYNs: ${fault}`, what: text }));
}

function simulateTwoSyns(seed: number): TwoSyns {
  const choice = new Choice(Math.imul(seed, 0x2c1b3c6d) ^ 0x25e75);
  const agenda = new Agenda();
  const passed: Passed[] = [];
  const isAlone = choice.once(6);
  const losesPerMille = isAlone ? 0 : choice.of([0, 0, 150, 400]);
  const delays = [0, 1].map(() => (isAlone ? 5 : choice.of([50, 2000, 30_000, 90_000])));
  const openers: Opener[] = [];
  const cross = (then: () => void, side: number): void => {
    const delay = delays[side] as number;
    const after = delay + choice.below(1 + Math.floor(delay / 10));
    if (choice.below(1000) >= losesPerMille) agenda.add(agenda.now + after, then);
  };
  const kinds: readonly OpenerKind[] = [
    'connects',
    choice.of<OpenerKind>(['connects', 'connects', 'splits', 'acknowledges first']),
  ];
  for (const [from, kind] of (isAlone ? kinds.slice(0, 1) : kinds).entries()) {
    const to = isAlone ? 0 : 1 - from;
    const send = (segment: Opening): void =>
      cross(() => {
        passed.push({ at: agenda.now, from, segment });
        cross(() => openers[to]?.receive(segment), to);
      }, from);
    openers.push(new Opener(choice.below(2 ** 30) * 4, kind, choice.once(2), agenda, send));
  }
  agenda.add(START, () => openers[0]?.connect());
  const later = choice.of([0, 20, 300, 1500]) * MILLISECOND + choice.below(50 * MILLISECOND);
  if (kinds[1] === 'connects') agenda.add(START + later, () => openers[1]?.connect());
  agenda.run(END);
  return { openers, passed, roundTrips: delays.map((delay) => 2.2 * delay) };
}

function scriptOf({ openers, passed }: TwoSyns): string {
  const isAlone = openers.length === 1;
  const lines = passed.map(({ at, from, segment: { flags, sequence, length, acknowledgment } }) => {
    const ack = acknowledgment === null ? '' : ` ack ${acknowledgment}`;
    const numbers = `${sequence}:${plus(sequence, length)}(${length})`;
    return `${(at / SECOND).toFixed(6)} e${from} > e${isAlone ? 0 : 1 - from} ${flags} ${numbers}${ack}`;
  });
  const ends = ['end e0 10.1.0.1:40000', 'end e1 10.2.0.1:50000'];
  return ['title Two SYNs', ...ends, '0.0 other', ...lines, `${END / SECOND}.0 other`].join('\n');
}

/** The words of what is wrong. */
function faultsOf(what: TwoSyns, handshakes: readonly Handshake[]): string[] {
  const { openers, passed } = what;
  const first = passed.find(({ segment }) => segment.flags === 'S');
  // A SYN of which the capture has nothing belongs to no attempt that it could tell of.
  if (first === undefined) return [];
  const [record, ...others] = handshakes;
  // A SYN-ACK that comes again when all seemed to be over is told of apart.
  const isWrong = others.some(({ legs, missingLeg }) => legs.syn.count > 0 || missingLeg !== null);
  if (record === undefined || isWrong) return [`${handshakes.length} records, not 1`];
  if (openers.length === 1) return faultsOfOne(openers[0] as Opener, record);
  const client = openers[first.from] as Opener;
  const server = openers[1 - first.from] as Opener;
  const faults: string[] = [];
  if (record.isn.client !== client.isn) faults.push('the client is the sender of the first SYN');
  if (record.notes.includes('capture-loss')) faults.push('nothing was lost by the capture');
  const { verdict } = record;
  const proofs = passed.filter(
    ({ from, segment }) =>
      from !== first.from && (segment.length > 0 || segment.acknowledgment === plus(client.isn, 101)),
  );
  if (proofs.length > 0 && verdict !== 'complete') faults.push(`the server went on: it is complete, not ${verdict}`);
  // By the words of the contract a server ignores what it does not answer.
  const right = isDataRepeated(what, first.from) ? ['complete', 'ack-ignored'] : ['complete'];
  if (client.isOpen && server.isOpen && !right.includes(verdict))
    faults.push(`both are open: it is ${right.join(' or ')}, not ${verdict}`);
  const third = passed.find(
    ({ from, segment }) => from === first.from && segment.acknowledgment === plus(server.isn, 1),
  );
  if (third !== undefined && ['no-syn-ack', 'no-ack', 'no-syn'].includes(verdict))
    faults.push(`${verdict}, and the third leg is there`);
  if (verdict === 'complete' && !server.isOpen && asksAgain(what, third, 1 - first.from))
    faults.push('the server asks again and again');
  return faults;
}

function isDataRepeated({ passed }: TwoSyns, client: number): boolean {
  return passed.filter(({ from, segment }) => from === client && segment.length > 0).length > 1;
}

/** Three times, later than what it sent before it could have the third leg. */
function asksAgain({ passed, roundTrips }: TwoSyns, third: Passed | undefined, server: number): boolean {
  if (third === undefined) return true;
  const since = third.at + (roundTrips[server] as number) + 50 * MILLISECOND;
  return (
    passed.filter(({ at, from, segment }) => from === server && segment.flags.startsWith('S') && at > since).length > 2
  );
}

function faultsOfOne(opener: Opener, record: Handshake): string[] {
  const { verdict, notes, legs } = record;
  const isRight = opener.isOpen && verdict === 'complete' && legs.syn.count === 1 && legs.synAck.count === 1;
  const isNoted = notes.includes('self-connect') && !notes.includes('capture-loss');
  return isRight && isNoted ? [] : [`a socket that connects to itself: ${verdict}, ${notes}`];
}
