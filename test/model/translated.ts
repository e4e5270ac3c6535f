/** A capture on `any` of a host on the way that translates addresses: each packet passes with one pair of addresses on one interface, and with another on the next; the capture may lose either. */
import type { Handshake } from '../../src/index.ts';
import { Choice } from '../fuzz/choice.ts';
import { SECOND } from './agenda.ts';
import { type Capture, COPIES_WITHIN, type Entry, type Recorded, Writer } from './tap.ts';
import type { World } from './world.ts';

/** What is added to the port of the end that is translated: the server's, as of a published port, in odd cases, the client's in even ones. */
const TRANSLATED = 10_000;

/** What the translation takes, microseconds. */
const WITHIN_THE_HOST = 30;

const GOES_ON = 150 * SECOND;

interface Line {
  readonly at: number;
  readonly text: string;
}

export interface Translated {
  readonly text: string;
  readonly capture: Capture;
}

/** The notation, and what is in the capture under either pair of addresses; null where the host would be an end of the way, or would have to translate the quotation of an ICMP error. */
export function recordTranslated(world: World): Translated | null {
  const { seed, tap } = world.scenario;
  if (tap.side !== 'middle' || world.passes.some(({ packet }) => packet.icmp !== null)) return null;
  const choice = new Choice(seed ^ 0x0a7a7);
  const losesPerMille = choice.of([0, 0, 50, 300]);
  const isLost = (): boolean => choice.below(1000) < losesPerMille;
  const views = [0, 1].map((view) => {
    const entries = world.passes
      .filter(({ isDouble }) => !isDouble)
      .map(({ packet, at }): Entry => {
        const isSecond = (packet.from === 'client') === (view === 1);
        // Without the SYN of either nobody could tell that the two belong together.
        const isKept = packet.role === 'syn' || !isLost();
        return { at: at + (isSecond ? WITHIN_THE_HOST : 0), packet, isLost: !isKept, isCopy: false };
      });
    return entries.filter((entry) => !entry.isLost);
  });
  const lines = views.flatMap((entries, view) => linesOf(plain(world), entries, view));
  for (let at = 0; at <= GOES_ON; at += 5 * SECOND) lines.push({ at, text: `${(at / SECOND).toFixed(6)} other` });
  const header = ['link sll2', ...endsOf(world)];
  const text = [...header, ...lines.sort((a, b) => a.at - b.at).map((line) => line.text)].join('\n');
  return { text, capture: captureOf(views.flat().sort((a, b) => a.at - b.at)) };
}

/** IPv4, since IPv6 is seldom translated; and nothing said of losses. */
function plain(world: World): World {
  const { dress, tap } = world.scenario;
  const scenario = { ...world.scenario, dress: { ...dress, isIpv6: false }, tap: { ...tap, tells: false } };
  return { ...world, scenario };
}

function endsOf({ scenario }: World): string[] {
  const isOfServer = scenario.seed % 2 === 1;
  return scenario.flows.flatMap((_, flow) => {
    const [client, server] = [`10.1.0.${flow + 1}:${40_000 + flow}`, `10.2.0.1:${80 + flow}`];
    const second = isOfServer
      ? [client, `10.3.0.1:${80 + flow + TRANSLATED}`]
      : [`10.4.0.1:${40_000 + flow + TRANSLATED}`, server];
    return [
      `end c${flow} ${client}`,
      `end s${flow} ${server}`,
      `end u${flow} ${second[0]}`,
      `end v${flow} ${second[1]}`,
    ];
  });
}

/** The records of each view, as if nothing had been translated. */
export function viewsOf(handshakes: readonly Handshake[]): readonly (readonly Handshake[])[] {
  const isSecond = ({ client, server }: Handshake): boolean =>
    client.port >= 40_000 + TRANSLATED || server.port >= TRANSLATED;
  const back = (one: Handshake): Handshake =>
    one.client.port < 40_000 + TRANSLATED
      ? one
      : { ...one, client: { ...one.client, port: one.client.port - TRANSLATED } };
  return [handshakes.filter((one) => !isSecond(one)), handshakes.filter(isSecond).map(back)];
}

function linesOf(world: World, entries: readonly Entry[], view: number): Line[] {
  const writer = new Writer(world, [1, 1], true);
  const begin = writer.lines.length;
  writer.write(entries);
  return writer.lines.slice(begin).map((line, index) => {
    const { at, packet } = entries[index] as Entry;
    const direction = (packet?.from === 'client') === (view === 0) ? 'in' : 'out';
    const text = view === 0 ? line : line.replaceAll(/\bc(\d)\b/g, 'u$1').replaceAll(/\bs(\d)\b/g, 'v$1');
    return { at, text: `${text} on ${view + 1} direction ${direction}` };
  });
}

function captureOf(entries: readonly Entry[]): Capture {
  const recorded = entries.flatMap(({ at, packet }, index): Recorded[] =>
    packet === null ? [] : [{ packet, at, frame: index + 1, isCopy: false }],
  );
  return {
    text: '',
    recorded,
    first: 0,
    last: GOES_ON,
    times: entries.map(({ at }) => at),
    losses: new Set(),
    copiesWithin: COPIES_WITHIN,
  };
}
